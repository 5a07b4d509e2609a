"""What the application needs from outside, where more than one implementation exists."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from cinepeer.errors import LimitReached
from cinepeer.records.cid import Cid


class BlockSource(Protocol):
    """Blocks by id, on a disk of this machine. Calls block; they are short and safe from any thread."""

    def get(self, cid: Cid) -> bytes | None:
        """The block, checked against its id on every read, or None when it is not held."""

    def put(self, cid: Cid, block: bytes) -> None:
        """Keeps a block whose hash the caller has checked; raises `LimitReached` when the cap or the disk is full."""

    def has(self, cid: Cid) -> bool:
        """Whether the block is held, without reading it."""


class NoBlocks:
    """Holds nothing and takes nothing: for a node that only asks."""

    def get(self, _cid: Cid) -> bytes | None:
        """Never a block."""
        return None

    def put(self, cid: Cid, _block: bytes) -> None:
        """Refuses every block."""
        raise LimitReached(f"found the block {cid}, expected none: this node keeps no blocks")

    def has(self, _cid: Cid) -> bool:
        """Never held."""
        return False


class IpfsBackend(Protocol):
    """An IPFS node as far as Cinepeer needs one: the embedded store, or a Kubo over its RPC."""

    async def add_file(self, path: Path) -> Cid:
        """Imports one file with the pinned profile (CIDv1, raw leaves, 256 KiB, 174 links) and pins it."""

    async def add_folder(self, path: Path) -> Cid:
        """Imports a folder as a UnixFS directory with the pinned profile and pins it."""

    async def get_block(self, cid: Cid) -> bytes | None:
        """One block, or None when it is not held here."""

    async def put_block(self, cid: Cid, block: bytes) -> None:
        """Keeps one checked block."""

    async def has(self, cids: Iterable[Cid]) -> set[Cid]:
        """Which of `cids` are held here."""

    def cat(self, cid: Cid, offset: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """The bytes of a file, or of a part of it, in order; reads only the leaves that the part touches."""

    async def pin(self, cid: Cid) -> None:
        """Keeps the whole DAG under `cid`; raises `Refused` (`missing-block`) when a block of it is not held."""

    async def unpin(self, cid: Cid) -> None:
        """Lets the DAG go at the next collection."""

    async def pins(self) -> set[Cid]:
        """The roots that are pinned."""

    async def gc(self) -> Sequence[Cid]:
        """Removes every block that no pin holds; raises `BadInput` while an import or a pin is under way."""

    async def stored_bytes(self) -> int:
        """Bytes of all blocks held."""
