"""A path below a folder, plain or sharded: which blocks lead to it, and what it ends at."""

from __future__ import annotations

from collections import deque

from cinepeer.content.hamt import is_shard, parse_shard
from cinepeer.content.unixfs import Get, entry, held, split_path
from cinepeer.errors import Refused
from cinepeer.records.cid import Cid


class Way:
    """The way to `path` under a root. Feed it the block `needed` until that is None; then `cid` is what is there.

    The block of `cid` itself is not asked for. A sharded folder takes as many blocks as the name's hash needs.
    """

    __slots__ = ("_depth", "_names", "cid")

    def __init__(self, root: Cid, path: str) -> None:
        """Raises `Refused` (`bad-path`) for a path that no folder has."""
        self.cid = root
        self._names = deque(split_path(path))
        self._depth = 0

    @property
    def needed(self) -> Cid | None:
        """The block to feed next, or None at the end."""
        return self.cid if self._names else None

    @property
    def left(self) -> int:
        """How many names of the path are still to be found."""
        return len(self._names)

    def feed(self, block: bytes) -> None:
        """Takes the needed block, checked against its id; raises `Refused` (`no-entry`, `not-a-folder`, `bad-node`)."""
        name = self._names[0]
        if not is_shard(self.cid, block):
            self.cid = entry(self.cid, block, name)
            self._step()
            return
        found = parse_shard(block).lookup(name, self._depth)
        if found is None:
            raise Refused("no-entry", f"found no {name!r} in the folder {self.cid}, expected it there")
        self.cid, is_entry = found
        self._depth += 1
        if is_entry:
            self._step()

    def _step(self) -> None:
        self._names.popleft()
        self._depth = 0


def follow(root: Cid, path: str, get: Get) -> Cid:
    """The id at `path` under a folder, sharded or not; raises `Refused` as `Way`, and `missing-block`."""
    way = Way(root, path)
    while (cid := way.needed) is not None:
        way.feed(held(cid, get))
    return way.cid
