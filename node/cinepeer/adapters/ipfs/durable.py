"""Files that are whole or absent after a power cut, many at a time."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import mmap
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from cinepeer.errors import BadInput, LimitReached

_FULL = {errno.ENOSPC, errno.EDQUOT}
# One call for everything written to a file system since the last; Linux alone has it, and waits in it.
_SYNCFS = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
CAN_SYNC_TOGETHER = _SYNCFS is not None

_DIRECT: int = getattr(os, "O_DIRECT", 0)
_ALIGNED_BYTES = 4096
_MIN_DIRECT_BYTES = 64 << 10
_memory = threading.local()


class Pages:
    """Pieces of memory that begin at a page, as writing past the page cache needs them; used again and again.

    Memory that is asked of the system for every block costs more than the block's way to the disk.
    """

    def __init__(self, size_bytes: int) -> None:
        """All pieces are of `size_bytes`."""
        self._size_bytes = size_bytes
        self._free: list[mmap.mmap] = []

    def take(self) -> memoryview:
        """A piece of its own until it is given back."""
        try:
            return memoryview(self._free.pop())
        except IndexError:
            return memoryview(mmap.mmap(-1, self._size_bytes))

    def give(self, piece: memoryview) -> None:
        """Takes back a piece, or a part of one; what lies in it may change from now on."""
        if isinstance(piece.obj, mmap.mmap):
            self._free.append(piece.obj)


@contextlib.contextmanager
def in_words(path: Path) -> Iterator[None]:
    """What the operating system says about `path`, as `LimitReached` (full disk) or `BadInput`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise LimitReached(f"found no space left for {path}, expected room on that disk") from error
        why = os.strerror(error.errno).lower() if error.errno else str(error)
        raise BadInput(f"found {path} unusable ({why}), expected a place that this account can write") from error


def write_new(path: Path | str, data: bytes | memoryview, *, is_bulk: bool = False) -> None:
    """Writes a new file and lets the system begin to bring it to the disk; `sync_files` waits for that.

    `is_bulk` goes past the page cache where it can: half the processor time for what is not read again at once. A view
    of `Pages` goes there without being copied.
    """
    fits = _DIRECT and len(data) >= _MIN_DIRECT_BYTES and not len(data) % _ALIGNED_BYTES
    if is_bulk and fits and _write_direct(path, data):
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def _write_direct(path: Path | str, data: bytes | memoryview) -> bool:
    """Writes whole pages past the page cache; False, with nothing left, where the file system has no such way."""
    if isinstance(data, bytes):
        buffer = getattr(_memory, "buffer", None)
        if buffer is None or len(buffer) < len(data):
            buffer = _memory.buffer = mmap.mmap(-1, len(data))  # at the start of a page, as it has to be
        buffer[: len(data)] = data
        data = memoryview(buffer)[: len(data)]
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _DIRECT, 0o644)
        try:
            is_whole = os.write(descriptor, data) == len(data)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        is_whole = False
    if not is_whole:
        Path(path).unlink(missing_ok=True)
    return is_whole


def sync_files(root: Path, files: Iterable[Path]) -> None:
    """Waits until `files` under `root` and their names are on the disk."""
    if _SYNCFS is not None:
        with _opened(root) as descriptor:
            if _SYNCFS(descriptor) != 0:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number))
        return
    folders = set()
    for path in files:
        folders.add(path.parent)
        with contextlib.suppress(FileNotFoundError), _opened(path) as descriptor:
            _sync(descriptor)
    for folder in (*folders, root):
        with _opened(folder) as descriptor:
            _sync(descriptor)


def sync_file(path: Path) -> None:
    """Waits until one file, its name and its folder's name are on the disk."""
    for one in (path, path.parent, path.parent.parent):
        with _opened(one) as descriptor:
            _sync(descriptor)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _sync(descriptor: int) -> None:
    full = getattr(fcntl, "F_FULLFSYNC", None)  # macOS: fsync stops at the drive's cache
    if full is None:
        os.fsync(descriptor)
    else:
        fcntl.fcntl(descriptor, full)
