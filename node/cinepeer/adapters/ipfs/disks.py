"""The disks of one block store: which are there, which was chosen last, and what is known of those that are away."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cinepeer.adapters.ipfs.disk import Disk
from cinepeer.adapters.ipfs.durable import in_words, sync_file, write_new
from cinepeer.errors import BadInput, CinepeerError

log = logging.getLogger("cinepeer.blocks")

_KNOWN = "disks"


def parse_disks(text: str) -> list[Disk]:
    """The disks of the setting `disks`, such as `/mnt/a=2000000000000, /mnt/b=500000000000`; raises `BadInput`."""
    found = []
    for part in filter(None, map(str.strip, text.split(","))):
        path, _, cap = part.rpartition("=")
        if not Path(path).is_absolute() or not (cap.isascii() and cap.isdecimal()) or int(cap) >= 1 << 63:
            raise BadInput(
                f"found {part!r} among the disks, expected a path and its cap in bytes: /mnt/a=2000000000000"
            )
        found.append(Disk(Path(path), int(cap)))
    return found


def known_disks(path: Path) -> dict[str, str]:
    """The mark of each disk that the store at `path` uses, by its folder, whatever the settings say now."""
    try:
        lines = (path / _KNOWN).read_text().splitlines()
    except FileNotFoundError:
        return {}
    return {folder: mark for mark, _, folder in (line.partition(" ") for line in lines) if folder}


class Disks:
    """The store's own folder, which is always there, and others, each of which may be away for a while."""

    def __init__(self, path: Path, others: Sequence[Disk]) -> None:
        """Opens all; raises `BadInput` for one that cannot be used. One that was used once and is not there is away."""
        self.own = Disk(path)
        self._others = tuple(others)
        self.all = (*self._others, self.own)
        self.current: Disk = self.own
        self._looking = threading.Lock()
        paths = [disk.path.absolute() for disk in self.all]
        if len(set(paths)) < len(paths):
            raise BadInput(f"found a folder twice among {', '.join(map(str, paths))}, expected each once")
        with in_words(path):
            self.own.open()
            self._known = known_disks(path)
        for disk in self._others:
            if str(disk.path) not in self._known:
                self._add(disk)
            self._look(disk)
            if disk.is_away:
                log.warning("blocks.disk_away path=%s", disk.path)

    def _add(self, disk: Disk) -> None:
        """Marks a disk that is used for the first time, and remembers it."""
        with in_words(disk.path):
            disk.put_mark(os.urandom(8).hex())
            self._known[str(disk.path)] = disk.mark or ""
        self._write_known()

    def forget(self, disk: Disk) -> None:
        """Takes the mark off a disk that holds nothing any more: it is not missed."""
        with in_words(disk.path):
            disk.take_mark()
        disk.is_away = True
        self._others = tuple(other for other in self._others if other is not disk)
        self.all = (*self._others, self.own)
        del self._known[str(disk.path)]
        self._write_known()

    def _write_known(self) -> None:
        fresh = self.own.path / f"{_KNOWN}.new"
        with in_words(fresh):
            fresh.unlink(missing_ok=True)
            write_new(fresh, "".join(f"{mark} {path}\n" for path, mark in self._known.items()).encode())
            fresh.rename(self.own.path / _KNOWN)
            sync_file(self.own.path / _KNOWN)

    @property
    def away(self) -> list[Path]:
        """Where a disk ought to be and is not."""
        return [disk.path for disk in self._others if disk.is_away]

    def there(self) -> Iterator[Disk]:
        """The disks that are there, the own folder last; looks from time to time whether that has changed."""
        for disk in self._others:
            if disk.is_due():
                self._look(disk)
            if not disk.is_away:
                yield disk
        yield self.own

    def by_choice(self) -> Iterator[Disk]:
        """Where a block may go: where the last one went, so that a film stays together, then where most room is."""
        first = self.current
        if first is not self.own and not first.is_away:
            yield first
        yield from sorted(
            (disk for disk in self._others if disk is not first and not disk.is_away),
            key=lambda disk: disk.room_bytes(),
            reverse=True,
        )
        yield self.own

    def named(self, path: Path) -> Disk:
        """The disk at `path`; raises `BadInput` when it is none of the others, or away."""
        for disk in self._others:
            if disk.path.absolute() == path.absolute():
                if disk.is_away:
                    raise BadInput(f"found the disk {path} away, expected it to be there")
                return disk
        raise BadInput(f"found no disk {path}, expected one of the setting `disks`")

    def is_lost(self, disk: Disk) -> bool:
        """Whether a disk that failed is away; looks at once."""
        if disk is not self.own:
            self._look(disk)
        return disk.is_away

    @contextmanager
    def in_words(self, disk: Disk) -> Iterator[None]:
        """As `durable.in_words`; what fails on a disk that is away is no error: its blocks are not held."""
        try:
            with in_words(disk.path):
                yield
        except CinepeerError:
            if not self.is_lost(disk):
                raise

    def _look(self, disk: Disk) -> None:
        """Opens a disk that came back, and notices one that went away."""
        if not self._looking.acquire(blocking=False):
            return
        try:
            is_there = disk.mark == self._known[str(disk.path)]
            if is_there and disk.is_away:
                with in_words(disk.path):
                    disk.open()
                log.info("blocks.disk_there path=%s bytes=%d", disk.path, disk.stored_bytes)
            elif not is_there and not disk.is_away:
                disk.is_away = True
                log.warning("blocks.disk_away path=%s", disk.path)
        finally:
            self._looking.release()
