"""Blocks in files: sharded by their id, whole or absent after a power cut, checked on every read, under a cap."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import FileIO
from pathlib import Path
from queue import SimpleQueue
from typing import cast

from cinepeer.adapters.ipfs.disk import Disk
from cinepeer.adapters.ipfs.disks import Disks
from cinepeer.adapters.ipfs.durable import Pages, in_words
from cinepeer.content.dagpb import MAX_BLOCK_BYTES
from cinepeer.content.unixfs import CHUNK_BYTES
from cinepeer.errors import CinepeerError, LimitReached, Refused
from cinepeer.records.cid import Cid

log = logging.getLogger("cinepeer.blocks")

_LOCKS = 64
_IN_FLIGHT = 16
_WRITERS = 2


Reserve = Callable[[Disk, int], bool]


def _nothing_denied(_: Cid) -> bool:
    return False


class BlockStore:
    """`path/XY/CID`, XY being the two letters before the last of the id. Safe from any thread; calls block.

    A block under an id that `denied` names is neither taken, nor given, nor said to be held. With `others`, blocks go
    to those disks while they have room, and under `path` when none has; what is on a disk that is away is not held.
    """

    def __init__(
        self,
        path: Path,
        *,
        cap_bytes: int | None = None,
        denied: Callable[[Cid], bool] = _nothing_denied,
        others: Sequence[Disk] = (),
    ) -> None:
        """Opens or makes the store; `cap_bytes` bounds the bytes of all blocks (None: only the disks do)."""
        self.path = path
        self.cap_bytes = cap_bytes
        self.quarantined = 0
        self.disks = Disks(path, others)
        self._denied = denied
        self._lock = threading.Lock()
        self._shard_locks = [threading.Lock() for _ in range(_LOCKS)]

    def close(self) -> None:
        """Notes the totals, so that the next start need not count; a change after it takes the note back."""
        for disk in self.disks.all:
            disk.close()

    def get(self, cid: Cid) -> bytes | None:
        """The block, checked against its id, or None when it is not held, is denied, or was found corrupt."""
        return None if self._denied(cid) else self.get_denied(cid)

    def get_denied(self, cid: Cid) -> bytes | None:
        """As `get`, for denied ones too: only to see what a denied DAG consists of."""
        name = str(cid)
        for disk in self.disks.there():
            with self.disks.in_words(disk):
                block = disk.read(name)
                if block is None:
                    continue
                if cid.matches(block):
                    return block
                self._put_aside(cid, disk)
        return None

    def _put_aside(self, cid: Cid, disk: Disk) -> None:
        """Moves a file that is not its block out of the way, so that the block can be fetched again."""
        name = str(cid)
        with self._shard_lock(cid):
            found = disk.read(name)
            if found is None or cid.matches(found):
                return
            disk.put_aside(name)
        with self._lock:
            self.quarantined += 1
        log.warning("blocks.corrupt cid=%s bytes=%d", cid, len(found))

    def put(self, cid: Cid, block: bytes) -> None:
        """Keeps a block whose hash the caller has checked: it survives the process, and from `flush` on a power cut.

        Raises `LimitReached` (cap or disk full) or `Refused` (`denied`, `too-large`) with nothing changed.
        """
        self._keep(cid, block, is_bulk=True)  # whoever wanted it has it in memory

    def put_durably(self, cid: Cid, block: bytes) -> None:
        """As `put`, on the disk when it returns."""
        disk = self._keep(cid, block)
        if disk is not None:
            with in_words(disk.path):
                disk.sync_one(str(cid))

    def flush(self) -> None:
        """Waits until every block that was put is on the disk."""
        for disk in self.disks.there():
            with in_words(disk.path):
                disk.sync()

    def _keep(self, cid: Cid, block: bytes | memoryview, *, is_bulk: bool = False) -> Disk | None:
        """Writes the file under its final name; where, or None when it was there."""
        if self._denied(cid):
            raise Refused("denied", f"found {cid} on this node's deny list, expected a block that is not")
        if len(block) > MAX_BLOCK_BYTES:
            raise Refused("too-large", f"found a block of {len(block)} bytes, expected at most {MAX_BLOCK_BYTES}")
        name = str(cid)
        with self._shard_lock(cid):
            if any(disk.has(name) for disk in self.disks.there()):
                return None
            return self._write(name, block, self.disks.by_choice(), self._reserve, is_bulk=is_bulk)

    def _write(
        self, name: str, block: bytes | memoryview, disks: Iterable[Disk], reserve: Reserve, *, is_bulk: bool
    ) -> Disk:
        """Writes to the first of `disks` that has room and is there."""
        problem: CinepeerError | None = None
        for disk in disks:
            if not reserve(disk, len(block)):
                continue
            try:
                with in_words(disk.path):
                    disk.write(name, block, is_bulk=is_bulk)
            except CinepeerError as error:
                disk.reserve(-len(block))
                problem = error
                if not isinstance(error, LimitReached) and not self.disks.is_lost(disk):
                    raise
                continue
            self.disks.current = disk
            return disk
        raise problem or LimitReached(f"found no disk with room for {len(block):,} bytes, expected one under its cap")

    def _reserve(self, disk: Disk, size_bytes: int) -> bool:
        with self._lock:
            total = self.stored_bytes()
            if self.cap_bytes is not None and total + size_bytes > self.cap_bytes:
                raise LimitReached(
                    f"found {total:,} bytes of blocks stored and {size_bytes:,} more to keep, "
                    f"expected at most the cap of {self.cap_bytes:,} bytes"
                )
            return disk.reserve(size_bytes)

    def has(self, cid: Cid) -> bool:
        """Whether the block is held and not denied, without reading it."""
        name = str(cid)
        return not self._denied(cid) and any(disk.has(name) for disk in self.disks.there())

    def is_denied(self, cid: Cid) -> bool:
        """Whether the owner denied this id."""
        return self._denied(cid)

    def delete(self, cid: Cid) -> int:
        """Forgets a block, denied or not; returns the bytes that this freed."""
        name = str(cid)
        with self._shard_lock(cid):
            return sum(disk.delete(name) for disk in self.disks.there())

    def stored_bytes(self) -> int:
        """Bytes of all blocks held."""
        return sum(disk.stored_bytes for disk in self.disks.all)

    def room_bytes(self) -> int | None:
        """Bytes left under the cap; None without one."""
        return None if self.cap_bytes is None else max(0, self.cap_bytes - self.stored_bytes())

    def __iter__(self) -> Iterator[Cid]:
        """The ids of all files, denied ones too, in no order; one that lies on two disks comes twice."""
        for disk in self.disks.there():
            for entry in disk.files():
                with contextlib.suppress(Refused):  # not a file of ours
                    yield Cid.parse(entry.name)

    def batch(self) -> Batch:
        """Takes many blocks fast; all of them are on disk when its `with` ends, none of them when it fails."""
        return Batch(self)

    def empty(self, path: Path, step: Callable[[], None] = lambda: None) -> int:
        """Moves every block from the disk at `path` to the others, and uses it no more; how many. `step` at each.

        Raises `BadInput` where there is no such disk, `LimitReached` when they have no room: what was moved stays
        there, and every block is still held.
        """
        leaving, moved = self.disks.named(path), 0
        leaving.cap_bytes = 0  # nothing more goes there
        try:
            for entry in list(leaving.files()):
                with contextlib.suppress(Refused):  # not a file of ours
                    moved += self._copy(Cid.parse(entry.name), leaving)
                step()
        finally:
            self.flush()
            for name in [entry.name for entry in leaving.files() if self._is_elsewhere(entry.name, leaving)]:
                leaving.delete(name)
        if not any(True for _ in leaving.files()):
            self.disks.forget(leaving)
        return moved

    def _copy(self, cid: Cid, leaving: Disk) -> bool:
        """Writes a block of one disk to another; True when it is there."""
        name = str(cid)
        block = leaving.read(name)
        if block is None or not cid.matches(block):
            return False
        with self._shard_lock(cid):
            if not self._is_elsewhere(name, leaving):
                with_room = [disk for disk in self.disks.by_choice() if disk is not leaving]
                # The cap of all blocks has room for it: the other copy goes.
                self._write(name, block, with_room, Disk.reserve, is_bulk=True)
        return True

    def _is_elsewhere(self, name: str, leaving: Disk) -> bool:
        return any(disk.has(name) for disk in self.disks.there() if disk is not leaving)

    def _shard_lock(self, cid: Cid) -> threading.Lock:
        return self._shard_locks[cid[-1] % _LOCKS]


class Batch:
    """One import: blocks are written by two threads while the next are hashed, and brought to the disk at the end."""

    def __init__(self, store: BlockStore) -> None:
        self._store = store
        self._queue: SimpleQueue[tuple[Cid, bytes] | None] = SimpleQueue()
        self._slots = threading.Semaphore(_IN_FLIGHT)
        self._fresh: list[Cid] = []
        self._failed: BaseException | None = None
        self._pages = Pages(CHUNK_BYTES)
        self._writers = [threading.Thread(target=self._write_all, name=f"blocks-{n}") for n in range(_WRITERS)]

    def put(self, cid: Cid, block: bytes) -> None:
        """Takes a block; an error of an earlier one is raised here or at the end."""
        if self._failed is not None:
            raise self._failed
        self._slots.acquire()
        self._queue.put((cid, block))

    def chunks(self, file: FileIO) -> Iterator[bytes]:
        """The rest of `file` in pieces of a leaf, each to be put before the next is asked for.

        They are views of memory that is used again once the block is written: whoever keeps one copies it.
        """
        while size := file.readinto(page := self._pages.take()):
            if size == len(page):
                yield cast(bytes, page)
            else:
                yield bytes(page[:size])
                self._pages.give(page)

    def _write_all(self) -> None:
        while (taken := self._queue.get()) is not None:
            cid, block = taken
            try:
                if self._failed is None and self._store._keep(cid, block, is_bulk=True):
                    self._fresh.append(cid)
            except BaseException as error:  # noqa: BLE001  of a thread: it is raised where the blocks come from
                self._failed = self._failed or error
            finally:
                if isinstance(block, memoryview):
                    self._pages.give(block)
                self._slots.release()

    def __enter__(self) -> Batch:
        for writer in self._writers:
            writer.start()
        return self

    def __exit__(self, sort: type[BaseException] | None, *_: object) -> None:
        for _writer in self._writers:
            self._queue.put(None)
        for writer in self._writers:
            writer.join()
        if sort is None and self._failed is None:
            self._store.flush()
            return
        for cid in self._fresh:
            self._store.delete(cid)
        if sort is None and self._failed is not None:
            raise self._failed
