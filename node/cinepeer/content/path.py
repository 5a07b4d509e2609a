"""A path below a folder, plain or sharded, or below a DAG-CBOR node: which blocks lead to it, what it ends at."""

from __future__ import annotations

from collections import deque

from cinepeer.content.hamt import is_shard, parse_shard
from cinepeer.content.unixfs import Get, entry, held, split_path
from cinepeer.errors import Refused
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.dagcbor import Value, decode


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
        if self.cid.codec == DAG_CBOR:
            self._through(decode(block))
            return
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

    def _through(self, value: Value) -> None:
        """Goes down the maps and lists of a node to its next link; the path has to lead to one."""
        while self._names and not isinstance(value, Cid):
            name = self._names.popleft()
            if isinstance(value, dict) and name in value:
                value = value[name]
            elif isinstance(value, list) and name.isascii() and name.isdecimal() and int(name[:9]) < len(value):
                value = value[int(name[:9])]
            else:
                raise Refused("no-entry", f"found no {name!r} in the node {self.cid}, expected it there")
        if not isinstance(value, Cid):
            raise Refused("no-entry", f"found a path to a value within {self.cid}, expected one to a link")
        self.cid = value

    def _step(self) -> None:
        self._names.popleft()
        self._depth = 0


def follow(root: Cid, path: str, get: Get) -> Cid:
    """The id at `path` under a folder, sharded or not; raises `Refused` as `Way`, and `missing-block`."""
    way = Way(root, path)
    while (cid := way.needed) is not None:
        way.feed(held(cid, get))
    return way.cid
