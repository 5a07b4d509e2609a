"""The blocks that a Kubo daemon holds, over its RPC by `ipfshttpclient`; calls block, as those of a disk do."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, TypeVar

from cinepeer.content.dagpb import MAX_BLOCK_BYTES
from cinepeer.errors import BadInput, CinepeerError, LimitReached, Refused, Unreachable
from cinepeer.records.cid import CODECS, Cid

_MISSING = ("not found", "could not find", "found no block", "not available", "not pinned")

Answer = TypeVar("Answer")


def _nothing_denied(_: Cid) -> bool:
    return False


class KuboBlocks:
    """Implements `ports.BlockSource`. Blocks are read offline: what the daemon does not hold is not searched for.

    A block under an id that `denied` names is neither taken, nor given, nor said to be held, as in a store on disk.
    """

    def __init__(
        self, addr: str, timeout_s: float, denied: Callable[[Cid], bool] | None, cap_bytes: int | None = None
    ) -> None:
        """`addr` is the RPC's multiaddr; raises `BadInput` for no such address. `cap_bytes` is of its repository."""
        import ipfshttpclient

        self.cap_bytes = cap_bytes
        self.quarantined = 0
        self._addr = addr
        self._denied = denied or _nothing_denied
        self._errors = ipfshttpclient.exceptions
        try:
            # Not `connect()`: it refuses every version of Kubo from 0.8 on.
            self.client: Any = ipfshttpclient.Client(addr, timeout=timeout_s)
        except (self._errors.AddressError, ValueError) as error:
            raise BadInput(f"found the address {addr!r}, expected the form /ip4/127.0.0.1/tcp/5001/http") from error

    def ask(self, call: Callable[[], Answer]) -> Answer:
        """Runs a call of the client; its errors become ours."""
        try:
            return call()
        except self._errors.ErrorResponse as error:
            raise _refusal(str(error)) from error
        except self._errors.Error as error:
            raise Unreachable(
                f"found no answer from the IPFS daemon at {self._addr} ({error}), expected one"
            ) from error

    def meet(self) -> None:
        """Raises `Unreachable` when the daemon does not answer."""
        self.ask(self.client.version)

    def get(self, cid: Cid) -> bytes | None:
        """The block, checked, or None when it is denied or the daemon does not hold it."""
        return None if self._denied(cid) else self.get_denied(cid)

    def get_denied(self, cid: Cid) -> bytes | None:
        """As `get`, for denied ones too: only to see what a denied DAG consists of."""
        try:
            block: bytes = self.ask(lambda: self.client.block.get(str(cid), offline=True))
        except Refused as error:
            if error.reason == "missing-block":
                return None
            raise
        if not cid.matches(block):
            raise Refused("wrong-block", f"found other bytes from the IPFS daemon, expected the block {cid}")
        return block

    def put(self, cid: Cid, block: bytes) -> None:
        """Has the daemon keep a block whose hash the caller has checked.

        Raises `LimitReached` (the cap, or its disk), `Refused` (`denied`, `too-large`, `wrong-block`).
        """
        if self._denied(cid):
            raise Refused("denied", f"found {cid} on this node's deny list, expected a block that is not")
        if len(block) > MAX_BLOCK_BYTES:
            raise Refused("too-large", f"found a block of {len(block)} bytes, expected at most {MAX_BLOCK_BYTES}")
        opts = {"cid-codec": CODECS[cid.codec], "mhtype": "sha2-256"}
        put = self.ask(lambda: self.client.block.put(io.BytesIO(block), opts=opts))
        if put["Key"] != str(cid):
            raise Refused("wrong-block", f"found {put['Key']} from the IPFS daemon, expected {cid}")

    def has(self, cid: Cid) -> bool:
        """Whether the daemon holds the block and it is not denied."""
        if self._denied(cid):
            return False
        try:
            self.ask(lambda: self.client.block.stat(str(cid), offline=True))
        except Refused as error:
            if error.reason == "missing-block":
                return False
            raise
        return True

    def is_denied(self, cid: Cid) -> bool:
        """Whether the owner denied this id."""
        return self._denied(cid)

    def stored_bytes(self) -> int:
        """Bytes of the daemon's repository."""
        return int(self.ask(self.client.repo.stat)["RepoSize"])

    def check_room(self, size_bytes: int) -> None:
        """Raises `LimitReached` when so many more bytes are above the cap."""
        if self.cap_bytes is not None and (stored := self.stored_bytes()) + size_bytes > self.cap_bytes:
            raise LimitReached(
                f"found {stored:,} bytes in the IPFS daemon's repository and {size_bytes:,} more to keep, "
                f"expected at most the cap of {self.cap_bytes:,} bytes"
            )

    def close(self) -> None:
        """Closes the client's connections; harmless the second time."""
        self.client.close()


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
