"""One folder of block files on one disk: sharded, written whole or not at all, counted, and known by a mark.

A disk that is not mounted leaves an empty folder behind: it is not one that lost its blocks, and must not be filled.
Files of blocks are named by text: a `Path` for each would be a tenth of an import's work.
"""

# ruff: noqa: PTH104, PTH108, PTH123

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from cinepeer.adapters.ipfs.durable import CAN_SYNC_TOGETHER, sync_file, sync_files, write_new

MAX_QUARANTINED = 64
LOOK_AGAIN_S = 5.0

_INCOMING, _QUARANTINE, _TOTAL, _MARK = "incoming", "quarantine", "total", "disk"
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_SHARDS = frozenset(a + b for a in _LETTERS for b in _LETTERS)


class Disk:
    """`path/XY/NAME`, XY being the two letters before the last of the name. Safe from any thread; calls block.

    Raises `OSError` as the system does; what is not there is None, False or 0.
    """

    def __init__(self, path: Path, cap_bytes: int | None = None) -> None:
        """`cap_bytes` bounds the bytes of its blocks (None: nothing of its own does). `open` makes it usable."""
        self.path = path
        self.cap_bytes = cap_bytes
        self.is_away = True
        self._root = str(path)
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._total = 0
        self._is_doubtful = self._is_noted = False
        self._unsynced: list[Path] = []
        self._looked_s = 0.0

    def open(self) -> None:
        """Makes the folders, clears what a crash left half written, and counts."""
        for name in (_INCOMING, _QUARANTINE):
            (self.path / name).mkdir(parents=True, exist_ok=True)
        for stale in (self.path / _INCOMING).iterdir():
            stale.unlink()
        self._total = self._kept_total()
        self.is_away = False

    @property
    def mark(self) -> str | None:
        """The word by which this disk is known again; None where there is none, as before it was first used."""
        try:
            return (self.path / _MARK).read_text().strip() or None
        except OSError:
            return None

    def put_mark(self, word: str) -> None:
        """Marks the disk, for good."""
        self.path.mkdir(parents=True, exist_ok=True)
        path = self.path / _MARK
        if not path.exists():
            write_new(path, f"{word}\n".encode())
            sync_file(path)

    def take_mark(self) -> None:
        """Takes the mark and what else is no block away, as far as nothing is left there."""
        for name in (_MARK, _TOTAL):
            (self.path / name).unlink(missing_ok=True)

    def is_due(self) -> bool:
        """Whether it is time to look again whether the disk is there; true at most every few seconds."""
        now_s = time.monotonic()
        if now_s - self._looked_s < LOOK_AGAIN_S:
            return False
        self._looked_s = now_s
        return True

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
        return sum(entry.stat().st_size for entry in self.files())

    def close(self) -> None:
        """Notes the total, so that the next start need not count; a change after it takes the note back."""
        with self._lock:
            if not (self._is_doubtful or self.is_away):
                with contextlib.suppress(OSError):  # without the note the next start counts
                    (self.path / _TOTAL).write_text(f"{self._total}\n")
                    self._is_noted = True

    @property
    def stored_bytes(self) -> int:
        """Bytes of the blocks on it; 0 while it is away."""
        return 0 if self.is_away else self._total

    def room_bytes(self) -> int:
        """Bytes that still fit: under its cap, and on the file system; 0 while it is away."""
        try:
            found = os.statvfs(self._root)
        except OSError:
            return 0
        free = found.f_bavail * found.f_frsize
        return 0 if self.is_away else free if self.cap_bytes is None else min(free, self.cap_bytes - self._total)

    def reserve(self, size_bytes: int) -> bool:
        """Counts bytes that will be written, or fewer (below 0); False, and nothing counted, when the cap forbids."""
        with self._lock:
            if self.cap_bytes is not None and size_bytes > 0 and self._total + size_bytes > self.cap_bytes:
                return False
            self._total += size_bytes
            if self._is_noted:
                self._is_noted = False
                (self.path / _TOTAL).unlink(missing_ok=True)
            return True

    def place(self, name: str) -> Path:
        """Where the file of this name lies, or would."""
        return Path(self._place(name))

    def _place(self, name: str) -> str:
        return f"{self._root}/{name[-3:-1]}/{name}"

    def has(self, name: str) -> bool:
        """Whether there is a file of this name."""
        return not self.is_away and os.access(self._place(name), os.F_OK)

    def read(self, name: str) -> bytes | None:
        """The file's bytes."""
        try:
            with open(self._place(name), "rb", buffering=0) as file:
                return file.readall()
        except FileNotFoundError:
            return None

    def write(self, name: str, data: bytes | memoryview, *, is_bulk: bool) -> None:
        """Writes the file under its name at once; `sync` waits until it is on the disk. `reserve` counts it."""
        fresh, place = f"{self._root}/{_INCOMING}/{next(self._numbers)}", self._place(name)
        try:
            write_new(fresh, data, is_bulk=is_bulk)
            try:
                os.rename(fresh, place)
            except FileNotFoundError:  # the first block of its shard
                Path(place).parent.mkdir(exist_ok=True)
                os.rename(fresh, place)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(fresh)
            raise
        if not CAN_SYNC_TOGETHER:
            with self._lock:
                self._unsynced.append(Path(place))

    def sync(self) -> None:
        """Waits until everything that was written is on the disk."""
        with self._lock:
            files, self._unsynced = self._unsynced, []
        sync_files(self.path, files)

    def sync_one(self, name: str) -> None:
        """Waits until one file is on the disk."""
        sync_file(self.place(name))

    def delete(self, name: str) -> int:
        """Deletes a file; the bytes that this freed."""
        place = self.place(name)
        try:
            size = place.stat().st_size
            place.unlink()
        except FileNotFoundError:
            return 0
        self.reserve(-size)
        return size

    def put_aside(self, name: str) -> int:
        """Moves a file that is not its block out of the way, or deletes it when many lie there; its bytes."""
        place, kept = self.place(name), self.path / _QUARANTINE
        try:
            size = place.stat().st_size
            if len(list(kept.iterdir())) < MAX_QUARANTINED:
                place.replace(kept / name)
            else:
                place.unlink()
        except FileNotFoundError:
            return 0
        self.reserve(-size)
        self._is_doubtful = True  # the file may have had another size than the block that was counted
        return size

    def files(self) -> Iterator[os.DirEntry[str]]:
        """All files in the shards, in no order."""
        for shard in os.scandir(self.path):
            if shard.name in _SHARDS:
                yield from os.scandir(shard)
