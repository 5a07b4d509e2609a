"""A Kubo daemon as IPFS backend, over its RPC by `ipfshttpclient`, which is synchronous: calls run in threads."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from cinepeer.content.cidv0 import parse_any
from cinepeer.content.unixfs import CHUNK_BYTES, file_size
from cinepeer.errors import BadInput, CinepeerError, LimitReached, Refused, Unreachable
from cinepeer.records.cid import CODECS, Cid

TIMEOUT_S = 120.0
READ_BYTES = 1 << 20

# The client always sends raw-leaves, false by default, so that both must be said; Kubo's other defaults may be changed
# by its configuration.
_PROFILE = {"cid_version": 1, "raw_leaves": True, "chunker": f"size-{CHUNK_BYTES}", "pin": True}
_MISSING = ("not found", "could not find", "found no block", "not available", "not pinned")

Answer = TypeVar("Answer")


class KuboIpfs:
    """Implements `ports.IpfsBackend`. Blocks are read offline: what the daemon does not hold is not searched for."""

    def __init__(self, addr: str, timeout_s: float = TIMEOUT_S) -> None:
        """`addr` is the RPC's multiaddr (`/ip4/127.0.0.1/tcp/5001/http`); raises `BadInput` for no such address."""
        import ipfshttpclient

        self._errors = ipfshttpclient.exceptions
        self._addr = addr
        try:
            # Not `connect()`: it refuses every version of Kubo from 0.8 on.
            self._client: Any = ipfshttpclient.Client(addr, timeout=timeout_s)
        except (self._errors.AddressError, ValueError) as error:
            raise BadInput(f"found the address {addr!r}, expected the form /ip4/127.0.0.1/tcp/5001/http") from error

    async def _ask(self, call: Callable[[], Answer]) -> Answer:
        return await asyncio.to_thread(self._in_words, call)

    def _in_words(self, call: Callable[[], Answer]) -> Answer:
        """Runs a call; its errors become ours."""
        try:
            return call()
        except self._errors.ErrorResponse as error:
            raise _refusal(str(error)) from error
        except self._errors.Error as error:
            raise Unreachable(
                f"found no answer from the IPFS daemon at {self._addr} ({error}), expected one"
            ) from error

    async def add_file(self, path: Path) -> Cid:
        """Imports one file with the pinned profile and pins it; raises `BadInput` when there is none."""
        if not path.is_file():
            raise BadInput(f"found no file at {path}, expected one")
        return Cid.parse((await self._ask(lambda: self._client.add(str(path), **_PROFILE)))["Hash"])

    async def add_folder(self, path: Path) -> Cid:
        """Imports a folder with the pinned profile and pins it; raises `BadInput` for a link or device in it."""
        _check_folder(path)
        added = await self._ask(
            lambda: self._client.add(str(path), recursive=True, period_special=False, pattern="**", **_PROFILE)
        )
        return Cid.parse(next(line["Hash"] for line in reversed(added) if line["Name"] == path.resolve().name))

    async def get_block(self, cid: Cid) -> bytes | None:
        """One block, checked, or None when the daemon does not hold it."""
        try:
            block: bytes = await self._ask(lambda: self._client.block.get(str(cid), offline=True))
        except Refused as error:
            if error.reason == "missing-block":
                return None
            raise
        if not cid.matches(block):
            raise Refused("wrong-block", f"found other bytes from the IPFS daemon, expected the block {cid}")
        return block

    async def put_block(self, cid: Cid, block: bytes) -> None:
        """Keeps one checked block."""
        if not cid.matches(block):
            raise Refused("wrong-block", f"found {len(block)} other bytes, expected the block {cid}")
        opts = {"cid-codec": CODECS[cid.codec], "mhtype": "sha2-256"}
        put = await self._ask(lambda: self._client.block.put(io.BytesIO(block), opts=opts))
        if put["Key"] != str(cid):
            raise Refused("wrong-block", f"found {put['Key']} from the IPFS daemon, expected {cid}")

    async def has(self, cids: Iterable[Cid]) -> set[Cid]:
        """Which of `cids` the daemon holds."""
        return {cid for cid in cids if await self._has(cid)}

    async def _has(self, cid: Cid) -> bool:
        try:
            await self._ask(lambda: self._client.block.stat(str(cid), offline=True))
        except Refused as error:
            if error.reason == "missing-block":
                return False
            raise
        return True

    async def cat(self, cid: Cid, offset: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """The bytes of a file or a range of it, a piece at a time; raises `Refused` (`missing-block`, `not-a-file`)."""
        if offset < 0 or (length is not None and length < 0):
            raise BadInput(f"found the offset {offset} and the length {length}, expected none below 0")
        block = await self.get_block(cid)
        if block is None:
            raise Refused("missing-block", f"found no block {cid}, expected it to be held")
        size = file_size(cid, block)
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
        await self._ask(lambda: self._client.pin.add(str(cid), offline=True))

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
        return int((await self._ask(lambda: self._client.repo.stat()))["RepoSize"])

    async def gc(self) -> list[Cid]:
        """Deletes what is under no pin; returns the ids."""
        return [parse_any(line["Key"]["/"]) for line in await self._ask(lambda: self._client.repo.gc())]

    def close(self) -> None:
        """Closes the client's connections."""
        self._client.close()


def _refusal(message: str) -> CinepeerError:
    """Our error for what a daemon says, which has no error codes."""
    lower = message.lower()
    if any(text in lower for text in _MISSING):
        return Refused("missing-block", f"the IPFS daemon says: {message}")
    if "no space left" in lower or "under the cap" in lower or "expected at most the cap" in lower:
        return LimitReached(f"the IPFS daemon says: {message}")
    return Refused(
        "not-a-file" if "is a directory" in lower or "be a folder" in lower else "daemon",
        f"the IPFS daemon says: {message}",
    )


def _check_folder(path: Path) -> None:
    """The client skips links and what it cannot read without a word."""
    if not path.is_dir():
        raise BadInput(f"found no folder at {path}, expected one")
    for child in path.rglob("*"):
        if child.is_symlink() or not (child.is_dir() or child.is_file()):
            raise BadInput(f"found {child} to be neither file nor folder, expected files and folders alone")
