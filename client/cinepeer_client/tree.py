"""The files under a version's root, read through their ids: no byte that was not checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cinepeer.content import unixfs
from cinepeer.content.cipher import is_sealed_path, unseal
from cinepeer.errors import Refused
from cinepeer.records.cid import RAW, Cid
from cinepeer_client.fetch import Nodes

MAX_BLOCKS = 4_000_000
_BUNCH = 64


class Tree:
    """A folder by its root's id. Folders that were read once are remembered; files are not."""

    def __init__(self, nodes: Nodes, root: Cid, key: bytes | None = None) -> None:
        """`key`: the content key (32 bytes) of a sealed version, whose files are opened once they are verified."""
        self.root = root
        self._key = key
        self._nodes = nodes
        self._folders: dict[Cid, bytes] = {}

    def file(self, path: str, max_bytes: int) -> bytes:
        """A file's bytes; raises `Refused` where there is none such, it is too long, or the key does not open it."""
        cid = unixfs.resolve(self.root, path, self._folder)
        content = bytearray()
        for piece in unixfs.cat(cid, self._nodes.block):
            content += piece
            if len(content) > max_bytes:
                raise Refused("too-long", f"found {path} longer than {max_bytes} bytes, expected at most that")
        if self._key is not None and is_sealed_path(path):
            return unseal(self._key, path, bytes(content))
        return bytes(content)

    def _folder(self, cid: Cid) -> bytes:
        if cid not in self._folders:
            self._folders[cid] = self._nodes.block(cid)
        return self._folders[cid]


def walk(nodes: Nodes, root: Cid) -> Iterator[tuple[int, int]]:
    """Reads every block under `root` once, checked; yields (blocks, bytes) so far, after each bunch."""
    level: Sequence[Cid] = [root]
    seen, size_bytes, done = {root}, 0, 0
    while level:
        following: list[Cid] = []
        for start in range(0, len(level), _BUNCH):
            bunch = level[start : start + _BUNCH]
            for cid, block in zip(bunch, nodes.many(bunch), strict=True):
                done, size_bytes = done + 1, size_bytes + len(block)
                for child in () if cid.codec == RAW else unixfs.links(cid, block):
                    if child not in seen:
                        seen.add(child)
                        following.append(child)
            if len(seen) > MAX_BLOCKS:
                raise Refused("too-many-blocks", f"found more than {MAX_BLOCKS} blocks under {root}, expected a film")
            yield done, size_bytes
        level = following
