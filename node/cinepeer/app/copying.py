"""Moving between IPFS backends: every pinned DAG is copied whole, checked block by block, and pinned there."""

from __future__ import annotations

from dataclasses import dataclass

from cinepeer.content.unixfs import links
from cinepeer.errors import Refused
from cinepeer.ports import IpfsBackend
from cinepeer.records.cid import RAW, Cid

BATCH = 64  # blocks that are asked for at once


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy did: pins that both ends have now, blocks that were carried over and their bytes."""

    pins: int
    blocks: int
    bytes: int


async def copy_pins(source: IpfsBackend, target: IpfsBackend) -> Copied:
    """Copies all pins of `source` to `target`; nothing is taken from either end, and it may be done again.

    Raises `Refused` (`missing-block`) where the source has a pin whose blocks it does not hold: what was copied stays.
    """
    blocks = size_bytes = 0
    roots = sorted(await source.pins())
    standing = await target.pins()
    for root in roots:
        carried, carried_bytes = await _copy(root, source, target)
        blocks, size_bytes = blocks + carried, size_bytes + carried_bytes
        if root not in standing:
            await target.pin(root)
    return Copied(len(roots), blocks, size_bytes)


async def _copy(root: Cid, source: IpfsBackend, target: IpfsBackend) -> tuple[int, int]:
    """Carries the blocks of a DAG that the target lacks; their number and bytes."""
    waiting, seen, blocks, size_bytes = [root], {root}, 0, 0
    while waiting:
        batch, waiting = waiting[-BATCH:], waiting[:-BATCH]
        there = await target.has(batch)
        for cid in batch:
            # What links to others is read though it is there: the target may hold only a part of what is below.
            if cid in there and cid.codec == RAW:
                continue
            block = await source.get_block(cid)
            if block is None:
                raise Refused(
                    "missing-block", f"found no block {cid} of the pin {root}, expected all of its blocks held"
                )
            if cid not in there:
                await target.put_block(cid, block)
                blocks, size_bytes = blocks + 1, size_bytes + len(block)
            for child in () if cid.codec == RAW else links(cid, block):
                if child not in seen:
                    seen.add(child)
                    waiting.append(child)
    return blocks, size_bytes
