"""`dag/import` and `dag/export` of the Kubo RPC: whole DAGs as CAR files, block by block."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from cinepeer.content.car import read, write
from cinepeer.content.unixfs import Put, links
from cinepeer.errors import BadInput
from cinepeer.faces.http.multipart import Part
from cinepeer.records.cid import Cid

MAX_ROOTS = 1024


@dataclass(slots=True)
class Import:
    """What came of the CARs of one request."""

    roots: dict[Cid, None] = field(default_factory=dict)
    blocks: int = 0
    bytes: int = 0

    def take(self, parts: Iterable[Part], put: Put) -> list[Cid]:
        """Puts every block of every part, each checked; raises `Refused` at the first wrong byte."""
        for part in parts:
            roots, blocks = read(part.data)
            self.roots.update(dict.fromkeys(roots))
            if len(self.roots) > MAX_ROOTS:
                raise BadInput(f"found more than {MAX_ROOTS} roots, expected at most that")
            for cid, block, _ in blocks:
                put(cid, block)
                self.blocks += 1
                self.bytes += len(block)
        return []


async def export(root: Cid, block: bytes, get: Callable[[Cid], Awaitable[bytes]]) -> AsyncIterator[bytes]:
    """The CAR of a whole DAG, each block once, depth first."""
    for piece in write([root], [(root, block)]):
        yield piece
    seen, waiting = {root}, list(reversed(links(root, block)))
    while waiting:
        cid = waiting.pop()
        if cid not in seen:
            seen.add(cid)
            data = await get(cid)
            yield list(write([cid], [(cid, data)]))[1]
            waiting.extend(reversed(links(cid, data)))
