"""A Kubo daemon as IPFS backend, over its RPC by `ipfshttpclient`, which is synchronous: calls run in threads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import TypeVar

from cinepeer.adapters.ipfs.kubo_blocks import KuboBlocks
from cinepeer.content.cidv0 import parse_any
from cinepeer.content.unixfs import CHUNK_BYTES, file_size, links
from cinepeer.errors import BadInput, Refused
from cinepeer.records.cid import RAW, Cid

TIMEOUT_S = 120.0
READ_BYTES = 1 << 20

# The client always sends raw-leaves, false by default, so that both must be said; Kubo's other defaults may be changed
# by its configuration.
_PROFILE = {"cid_version": 1, "raw_leaves": True, "chunker": f"size-{CHUNK_BYTES}", "pin": True}

Answer = TypeVar("Answer")


class KuboIpfs:
    """Implements `ports.IpfsBackend`. Blocks are read offline: what the daemon does not hold is not searched for."""

    def __init__(
        self,
        addr: str,
        timeout_s: float = TIMEOUT_S,
        *,
        denied: Callable[[Cid], bool] | None = None,
        cap_bytes: int | None = None,
    ) -> None:
        """`addr` is the RPC's multiaddr (`/ip4/127.0.0.1/tcp/5001/http`); raises `BadInput` for no such address."""
        self.blocks = KuboBlocks(addr, timeout_s, denied, cap_bytes)
        self._client = self.blocks.client

    async def _ask(self, call: Callable[[], Answer]) -> Answer:
        return await asyncio.to_thread(self.blocks.ask, call)

    async def add_file(self, path: Path) -> Cid:
        """Imports one file with the pinned profile and pins it; raises `BadInput` (none there) or `LimitReached`."""
        if not path.is_file():
            raise BadInput(f"found no file at {path}, expected one")
        await asyncio.to_thread(self.blocks.check_room, path.stat().st_size)
        return Cid.parse((await self._ask(lambda: self._client.add(str(path), **_PROFILE)))["Hash"])

    async def add_folder(self, path: Path) -> Cid:
        """Imports a folder with the pinned profile and pins it; raises `BadInput` for a link or device in it."""
        size = await asyncio.to_thread(_check_folder, path)
        await asyncio.to_thread(self.blocks.check_room, size)
        added = await self._ask(
            lambda: self._client.add(str(path), recursive=True, period_special=False, pattern="**", **_PROFILE)
        )
        return Cid.parse(next(line["Hash"] for line in reversed(added) if line["Name"] == path.resolve().name))

    async def get_block(self, cid: Cid) -> bytes | None:
        """One block, checked, or None when the daemon does not hold it."""
        return await asyncio.to_thread(self.blocks.get, cid)

    async def put_block(self, cid: Cid, block: bytes) -> None:
        """Keeps one checked block."""
        if not cid.matches(block):
            raise Refused("wrong-block", f"found {len(block)} other bytes, expected the block {cid}")
        await asyncio.to_thread(self.blocks.put, cid, block)

    async def has(self, cids: Iterable[Cid]) -> set[Cid]:
        """Which of `cids` the daemon holds."""
        asked = list(cids)
        return await asyncio.to_thread(lambda: {cid for cid in asked if self.blocks.has(cid)})

    async def cat(self, cid: Cid, offset: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """The bytes of a file or a range of it, a piece at a time; raises `Refused` (`missing-block`, `not-a-file`)."""
        if offset < 0 or (length is not None and length < 0):
            raise BadInput(f"found the offset {offset} and the length {length}, expected none below 0")
        block = await self.get_block(cid)
        if block is None:
            raise Refused("missing-block", f"found no block {cid}, expected it to be held")
        size = file_size(cid, block)
        await asyncio.to_thread(self._check_denied, cid)
        stop = size if length is None else min(size, offset + length)
        while offset < stop:
            opts = {"offset": offset, "length": min(READ_BYTES, stop - offset)}
            piece = await self._ask(lambda opts=opts: self._client.cat(str(cid), opts=opts, offline=True))
            if len(piece) != opts["length"]:
                raise Refused("bad-node", f"found {len(piece)} bytes from the IPFS daemon, expected {opts['length']}")
            offset += len(piece)
            yield piece

    async def pin(self, cid: Cid) -> None:
        """Keeps the whole DAG; raises `Refused` (`missing-block`) when the daemon does not hold all of it."""
        await asyncio.to_thread(self._check_denied, cid)
        await self._ask(lambda: self._client.pin.add(str(cid), offline=True))

    def _check_denied(self, root: Cid) -> None:
        """Raises `Refused` (`denied`) when a block of a DAG is; leaves are named without being read."""
        waiting, seen = [root], {root}
        while waiting:
            cid = waiting.pop()
            if self.blocks.is_denied(cid):
                raise Refused("denied", f"found {cid} on this node's deny list, expected a DAG without denied blocks")
            block = None if cid.codec == RAW else self.blocks.get(cid)
            fresh = [] if block is None else [child for child in links(cid, block) if child not in seen]
            seen.update(fresh)
            waiting.extend(fresh)

    async def unpin(self, cid: Cid) -> None:
        """Lets the DAG go at the daemon's next collection; harmless when it is not pinned."""
        try:
            await self._ask(lambda: self._client.pin.rm(str(cid)))
        except Refused as error:
            if error.reason != "missing-block":
                raise

    async def pins(self) -> set[Cid]:
        """The roots that are pinned."""
        keys = (await self._ask(lambda: self._client.pin.ls(type="recursive")))["Keys"]
        return {parse_any(text) for text in keys}

    async def stored_bytes(self) -> int:
        """Bytes of the daemon's repository."""
        return await asyncio.to_thread(self.blocks.stored_bytes)

    async def gc(self) -> list[Cid]:
        """Deletes what is under no pin; returns the ids. A Kubo keeps blocks by hash: all are said to be raw."""
        return [parse_any(line["Key"]["/"]) for line in await self._ask(lambda: self._client.repo.gc())]

    def close(self) -> None:
        """Closes the client's connections."""
        self.blocks.close()


def _check_folder(path: Path) -> int:
    """The bytes of a folder's files. Links and what cannot be read are refused, for the client skips them silently."""
    if not path.is_dir():
        raise BadInput(f"found no folder at {path}, expected one")
    for child in path.rglob("*"):
        if child.is_symlink() or not (child.is_dir() or child.is_file()):
            raise BadInput(f"found {child} to be neither file nor folder, expected files and folders alone")
    return sum(child.stat().st_size for child in path.rglob("*") if child.is_file())
