"""Blocks in files: sharded by their id, whole or absent after a power cut, checked on every read, under a cap."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from cinepeer.adapters.ipfs.durable import CAN_SYNC_TOGETHER, in_words, sync_file, sync_files, write_new
from cinepeer.content.dagpb import MAX_BLOCK_BYTES
from cinepeer.errors import CinepeerError, LimitReached, Refused
from cinepeer.records.cid import Cid

log = logging.getLogger("cinepeer.blocks")

MAX_QUARANTINED = 64

_LOCKS = 64
_IN_FLIGHT = 16
_WRITERS = 2
_INCOMING, _QUARANTINE, _TOTAL = "incoming", "quarantine", "total"
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_SHARDS = frozenset(a + b for a in _LETTERS for b in _LETTERS)


def _nothing_denied(_: Cid) -> bool:
    return False


class BlockStore:
    """`path/XY/CID`, XY being the two letters before the last of the id. Safe from any thread; calls block.

    A block under an id that `denied` names is neither taken, nor given, nor said to be held.
    """

    def __init__(
        self, path: Path, *, cap_bytes: int | None = None, denied: Callable[[Cid], bool] = _nothing_denied
    ) -> None:
        """Opens or makes the store; `cap_bytes` bounds the bytes of all blocks (None: only the disk does)."""
        self.path = path
        self.cap_bytes = cap_bytes
        self.quarantined = 0
        self._denied = denied
        self._lock = threading.Lock()
        self._shard_locks = [threading.Lock() for _ in range(_LOCKS)]
        self._numbers = itertools.count()
        self._is_doubtful = self._is_noted = False
        self._unsynced: list[Path] = []
        with in_words(path):
            for name in (_INCOMING, _QUARANTINE):
                (path / name).mkdir(parents=True, exist_ok=True)
            for stale in (path / _INCOMING).iterdir():
                stale.unlink()
            self._total = self._kept_total()

    def _kept_total(self) -> int:
        """The total that the last orderly close left; without one (a crash) every file is counted."""
        note = self.path / _TOTAL
        try:
            text = note.read_text()
            note.unlink()
        except FileNotFoundError:
            text = ""
        if text.endswith("\n") and text[:-1].isdecimal():
            return int(text)
        return sum(entry.stat().st_size for entry in self._files())

    def close(self) -> None:
        """Notes the total, so that the next start need not count; a change after it takes the note back."""
        with self._lock:
            if not self._is_doubtful:
                with contextlib.suppress(OSError):  # without the note the next start counts
                    (self.path / _TOTAL).write_text(f"{self._total}\n")
                    self._is_noted = True

    def _change(self, size_bytes: int) -> None:
        """Counts a change of the total; called with the lock held."""
        self._total += size_bytes
        if self._is_noted:
            self._is_noted = False
            (self.path / _TOTAL).unlink(missing_ok=True)

    def get(self, cid: Cid) -> bytes | None:
        """The block, checked against its id, or None when it is not held, is denied, or was found corrupt."""
        return None if self._denied(cid) else self.get_denied(cid)

    def get_denied(self, cid: Cid) -> bytes | None:
        """As `get`, for denied ones too: only to see what a denied DAG consists of."""
        path = self._path(cid)
        with in_words(path):
            try:
                block = path.read_bytes()
            except FileNotFoundError:
                return None
        if cid.matches(block):
            return block
        self._put_aside(cid, path)
        return None

    def _put_aside(self, cid: Cid, path: Path) -> None:
        """Moves a file that is not its block out of the way, so that the block can be fetched again."""
        with self._shard_lock(cid):
            try:
                found = path.read_bytes()
                if cid.matches(found):
                    return
                kept = self.path / _QUARANTINE
                if len(list(kept.iterdir())) < MAX_QUARANTINED:
                    path.replace(kept / path.name)
                else:
                    path.unlink()
            except FileNotFoundError:
                return
        with self._lock:
            self._change(-len(found))
            self.quarantined += 1
            self._is_doubtful = True  # the file may have had another size than the block that was counted
        log.warning("blocks.corrupt cid=%s bytes=%d", cid, len(found))

    def put(self, cid: Cid, block: bytes) -> None:
        """Keeps a block whose hash the caller has checked: it survives the process, and from `flush` on a power cut.

        Raises `LimitReached` (cap or disk full) or `Refused` (`denied`, `too-large`) with nothing changed.
        """
        self._keep(cid, block, is_bulk=True)  # whoever wanted it has it in memory

    def put_durably(self, cid: Cid, block: bytes) -> None:
        """As `put`, on the disk when it returns."""
        if self._keep(cid, block):
            with in_words(self.path):
                sync_file(self._path(cid))

    def flush(self) -> None:
        """Waits until every block that was put is on the disk."""
        with self._lock:
            files, self._unsynced = self._unsynced, []
        with in_words(self.path):
            sync_files(self.path, files)

    def _keep(self, cid: Cid, block: bytes, *, is_bulk: bool = False) -> bool:
        """Writes the file under its final name; False when it was there."""
        if self._denied(cid):
            raise Refused("denied", f"found {cid} on this node's deny list, expected a block that is not")
        if len(block) > MAX_BLOCK_BYTES:
            raise Refused("too-large", f"found a block of {len(block)} bytes, expected at most {MAX_BLOCK_BYTES}")
        path = self._path(cid)
        with self._shard_lock(cid):
            if path.exists():
                return False
            self._reserve(len(block))
            fresh = self.path / _INCOMING / str(next(self._numbers))
            try:
                with in_words(path):
                    write_new(fresh, block, is_bulk=is_bulk)
                    try:
                        fresh.rename(path)
                    except FileNotFoundError:  # the first block of its shard
                        path.parent.mkdir(exist_ok=True)
                        fresh.rename(path)
            except CinepeerError:
                self._reserve(-len(block))
                with contextlib.suppress(OSError):
                    fresh.unlink()
                raise
        if not CAN_SYNC_TOGETHER:
            with self._lock:
                self._unsynced.append(path)
        return True

    def _reserve(self, size_bytes: int) -> None:
        with self._lock:
            total = self._total + size_bytes
            if self.cap_bytes is not None and size_bytes > 0 and total > self.cap_bytes:
                raise LimitReached(
                    f"found {self._total:,} bytes of blocks stored and {size_bytes:,} more to keep, "
                    f"expected at most the cap of {self.cap_bytes:,} bytes"
                )
            self._change(size_bytes)

    def has(self, cid: Cid) -> bool:
        """Whether the block is held and not denied, without reading it."""
        return not self._denied(cid) and self._path(cid).exists()

    def is_denied(self, cid: Cid) -> bool:
        """Whether the owner denied this id."""
        return self._denied(cid)

    def delete(self, cid: Cid) -> int:
        """Forgets a block, denied or not; returns the bytes that this freed."""
        path = self._path(cid)
        with self._shard_lock(cid):
            try:
                size = path.stat().st_size
                path.unlink()
            except FileNotFoundError:
                return 0
        with self._lock:
            self._change(-size)
        return size

    def stored_bytes(self) -> int:
        """Bytes of all blocks held."""
        return self._total

    def room_bytes(self) -> int | None:
        """Bytes left under the cap; None without one."""
        return None if self.cap_bytes is None else max(0, self.cap_bytes - self._total)

    def __iter__(self) -> Iterator[Cid]:
        """The ids of all files, denied ones too, in no order."""
        for entry in self._files():
            with contextlib.suppress(Refused):  # not a file of ours
                yield Cid.parse(entry.name)

    def batch(self) -> Batch:
        """Takes many blocks fast; all of them are on disk when its `with` ends, none of them when it fails."""
        return Batch(self)

    def _files(self) -> Iterator[os.DirEntry[str]]:
        for shard in os.scandir(self.path):
            if shard.name in _SHARDS:
                yield from os.scandir(shard)

    def _path(self, cid: Cid) -> Path:
        name = str(cid)
        return self.path / name[-3:-1] / name

    def _shard_lock(self, cid: Cid) -> threading.Lock:
        return self._shard_locks[cid[-1] % _LOCKS]


class Batch:
    """One import: blocks are written by two threads while the next are hashed, and brought to the disk at the end."""

    def __init__(self, store: BlockStore) -> None:
        self._store = store
        self._writer = ThreadPoolExecutor(_WRITERS, thread_name_prefix="blocks")
        self._slots = threading.Semaphore(_IN_FLIGHT)
        self._fresh: list[Cid] = []
        self._failed: BaseException | None = None

    def put(self, cid: Cid, block: bytes) -> None:
        """Takes a block; an error of an earlier one is raised here or at the end."""
        if self._failed is not None:
            raise self._failed
        self._slots.acquire()
        self._writer.submit(self._keep, cid, block).add_done_callback(self._done)

    def _keep(self, cid: Cid, block: bytes) -> None:
        if self._failed is None and self._store._keep(cid, block, is_bulk=True):
            self._fresh.append(cid)

    def _done(self, future: Future[None]) -> None:
        self._slots.release()
        if self._failed is None:
            self._failed = future.exception()

    def __enter__(self) -> Batch:
        return self

    def __exit__(self, sort: type[BaseException] | None, *_: object) -> None:
        self._writer.shutdown(wait=True)
        if sort is None and self._failed is None:
            self._store.flush()
            return
        for cid in self._fresh:
            self._store.delete(cid)
        if sort is None and self._failed is not None:
            raise self._failed
