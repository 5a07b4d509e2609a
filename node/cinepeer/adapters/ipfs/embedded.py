"""The embedded IPFS: a block store of this machine with pins, and imports in the pinned profile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from cinepeer.adapters.ipfs.blockstore import Batch, BlockStore
from cinepeer.adapters.ipfs.durable import in_words
from cinepeer.adapters.ipfs.pins import Pins
from cinepeer.content.unixfs import CHUNK_BYTES, Cat, Node, Put, directory, held, import_file, links
from cinepeer.errors import BadInput, LimitReached, Refused
from cinepeer.records.cid import RAW, Cid

PIECE_BYTES = 1 << 20  # of a file, read by one call in a thread
DELETERS = 8


class EmbeddedIpfs:
    """Implements `ports.IpfsBackend`. Nothing is acknowledged before it is on the disk."""

    def __init__(self, blocks: BlockStore, pins_path: Path) -> None:
        self.blocks = blocks
        self._pins = Pins(pins_path)
        # While blocks come whose pin does not stand yet, nothing is collected.
        self._arrivals = 0
        self._turn = threading.Lock()

    async def add_file(self, path: Path) -> Cid:
        """Imports one file and pins it; raises `BadInput` or `LimitReached` with nothing changed."""
        return await asyncio.to_thread(self._add, path, _import_path_file)

    async def add_folder(self, path: Path) -> Cid:
        """Imports a folder and pins it; raises `BadInput` (a link or device in it) or `LimitReached`."""
        return await asyncio.to_thread(self._add, path, _import_path_folder)

    def _add(self, path: Path, imported: Callable[[Path, Batch], Node]) -> Cid:
        with in_words(path):
            self._check_room(path)
            (root,) = self._take(lambda batch: [imported(path, batch).cid])
        return root

    def take(self, build: Callable[[Put], Sequence[Cid]], *, pins: bool = True) -> Sequence[Cid]:
        """Lets `build` put blocks and name roots, which are pinned unless `pins` is false; blocks the thread.

        All is on the disk when it returns; when `build` raises, nothing of it stays.
        """
        return self._take(lambda batch: build(batch.put), pins=pins)

    def _take(self, build: Callable[[Batch], Sequence[Cid]], *, pins: bool = True) -> Sequence[Cid]:
        with self.arriving():
            with self.blocks.batch() as batch:
                roots = build(batch)
            for root in roots if pins else ():
                self._pins.add(root)
        return roots

    @contextmanager
    def arriving(self) -> Iterator[None]:
        """While it lasts nothing is collected: blocks come, and their pin does not stand yet."""
        with self._turn:
            self._arrivals += 1
        try:
            yield
        finally:
            with self._turn:
                self._arrivals -= 1

    def _check_room(self, path: Path) -> None:
        """Refuses what can never fit before anything is written; what fits or not is seen block by block."""
        cap = self.blocks.cap_bytes
        if cap is None:
            return
        files = path.rglob("*") if path.is_dir() else [path]
        size = sum(file.stat().st_size for file in files if file.is_file())
        if size > cap:
            raise LimitReached(f"found {size:,} bytes to import, expected at most the cap of {cap:,} bytes")

    async def get_block(self, cid: Cid) -> bytes | None:
        """One block, checked, or None when it is not held here."""
        return await asyncio.to_thread(self.blocks.get, cid)

    async def put_block(self, cid: Cid, block: bytes) -> None:
        """Keeps one checked block; raises `LimitReached`, or `Refused` (`denied`, `too-large`, `wrong-block`)."""
        if not cid.matches(block):
            raise Refused("wrong-block", f"found {len(block)} other bytes, expected the block {cid}")
        await asyncio.to_thread(self.blocks.put_durably, cid, block)

    async def has(self, cids: Iterable[Cid]) -> set[Cid]:
        """Which of `cids` are held here."""
        asked = list(cids)
        return await asyncio.to_thread(lambda: {cid for cid in asked if self.blocks.has(cid)})

    async def cat(self, cid: Cid, offset: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """The bytes of a file or a range of it; raises `Refused` as `unixfs.cat`, `missing-block` at a hole."""
        reading = Cat(cid, offset, length)
        size = CHUNK_BYTES  # the first piece is small: a player waits for it
        coming = asyncio.create_task(asyncio.to_thread(self._read_on, reading, size))
        try:
            while pieces := await coming:
                size = PIECE_BYTES
                # The next is read and hashed while these are on their way to the reader.
                coming = asyncio.create_task(asyncio.to_thread(self._read_on, reading, size))
                for piece in pieces:
                    yield piece
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)

    def _read_on(self, reading: Cat, size: int) -> list[bytes]:
        """The next pieces of a file, together at least `size` bytes unless it ends; empty at its end."""
        pieces: list[bytes] = []
        while size > 0 and (needed := reading.needed) is not None:
            if data := reading.feed(held(needed, self.blocks.get)):
                pieces.append(data)
                size -= len(data)
        return pieces

    async def pin(self, cid: Cid) -> None:
        """Keeps the whole DAG; raises `Refused` (`missing-block`, `denied`, or for a node that does not parse)."""
        await asyncio.to_thread(self._pin, cid)

    def _pin(self, root: Cid) -> None:
        with self.arriving():
            for cid in _walk(root, self.blocks):
                if self.blocks.is_denied(cid):
                    raise Refused(
                        "denied", f"found {cid} on this node's deny list, expected a DAG without denied blocks"
                    )
                if not self.blocks.has(cid):
                    raise Refused("missing-block", f"found no block {cid}, expected every block of {root}")
            self.blocks.flush()
            self._pins.add(root)

    async def unpin(self, cid: Cid) -> None:
        """Lets the DAG go at the next collection; harmless when it is not pinned."""
        await asyncio.to_thread(self._pins.remove, cid)

    async def pins(self) -> set[Cid]:
        """The roots that are pinned."""
        return await asyncio.to_thread(self._pins.all)

    async def stored_bytes(self) -> int:
        """Bytes of all blocks held."""
        return self.blocks.stored_bytes()

    async def gc(self) -> list[Cid]:
        """Deletes every block that is under no pin; returns their ids. Raises `BadInput` while an import runs."""
        return await asyncio.to_thread(self._gc)

    def _gc(self) -> list[Cid]:
        with self._turn:
            if self._arrivals:
                raise BadInput(f"found {self._arrivals} imports running, expected none: collect when they are done")
            list(self.blocks.disks.there())  # looks whether they are
            if away := self.blocks.disks.away:
                # What a film's parts name is not known while they are away: the rest of it would be taken for waste.
                raise BadInput(f"found the disk {away[0]} away, expected every disk: collect when it is back")
            kept: set[Cid] = set()
            for root in self._pins.all():
                for _ in _walk(root, self.blocks, kept):
                    pass
            gone = [cid for cid in self.blocks if cid not in kept]
            # A disk that is told of every freed block answers each deletion late, but many at once.
            with ThreadPoolExecutor(DELETERS, thread_name_prefix="collect") as threads:
                return [cid for cid, size in zip(gone, threads.map(self.blocks.delete, gone), strict=True) if size]

    def close(self) -> None:
        """Closes pins and blocks; nothing may be asked after it."""
        self._pins.close()
        self.blocks.close()


def _walk(root: Cid, blocks: BlockStore, seen: set[Cid] | None = None) -> Iterator[Cid]:
    """The ids under `root` that are not in `seen`, as far as they are held; leaves are named without being read."""
    seen = set() if seen is None else seen
    waiting = [root]
    while waiting:
        cid = waiting.pop()
        if cid in seen:
            continue
        seen.add(cid)
        # A denied node is still known by its links, so that a collection does not tear a pinned DAG apart. It is read
        # before it is named: a corrupt one is gone from then on.
        block = None if cid.codec == RAW else blocks.get_denied(cid)
        yield cid
        if block is not None:
            waiting.extend(links(cid, block))


def _import_path_file(path: Path, batch: Batch) -> Node:
    if not path.is_file():
        raise BadInput(f"found no file at {path}, expected one")
    with path.open("rb", buffering=0) as file:
        return import_file(batch.chunks(file), batch.put)


def _import_path_folder(path: Path, batch: Batch) -> Node:
    if not path.is_dir():
        raise BadInput(f"found no folder at {path}, expected one")
    entries: list[tuple[str, Node]] = []
    for child in sorted(path.iterdir()):
        if child.is_symlink():
            raise BadInput(f"found the link {child}, expected files and folders alone")
        if child.is_dir():
            entries.append((child.name, _import_path_folder(child, batch)))
        elif child.is_file():
            entries.append((child.name, _import_path_file(child, batch)))
        else:
            raise BadInput(f"found {child} to be neither file nor folder, expected one of them")
    return directory(entries, batch.put)
