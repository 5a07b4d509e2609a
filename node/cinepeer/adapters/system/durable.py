"""Writing a small file so that a power cut leaves either the old one or the new one, whole."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from cinepeer.errors import BadInput, CinepeerError, LimitReached

_FULL = {errno.ENOSPC, errno.EDQUOT}


def write_whole(path: Path, *pieces: bytes, mode: int = 0o600) -> None:
    """Replaces the file at `path` by `pieces` one after the other, on disk when this returns.

    Raises `LimitReached` when the disk is full and `BadInput` when the folder cannot be written; the old file stays.
    """
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        try:
            _write_new(fresh, pieces, mode)
            fresh.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                fresh.unlink()
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise in_words(error, path) from error


@contextlib.contextmanager
def new_file(path: Path, *, mode: int = 0o600) -> Iterator[BinaryIO]:
    """A file to write to, at `path` and on disk once the block has ended well; otherwise nothing is left of it.

    Raises `BadInput` when there is something at `path` already or its folder cannot be written, `LimitReached` when the
    disk is full.
    """
    if os.path.lexists(path):
        raise BadInput(f"found {path} there already, expected the name of a new file")
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            yield file
            file.flush()
            _sync(file.fileno())
        fresh.replace(path)
        sync_folder(path.absolute().parent)
    except OSError as error:
        raise in_words(error, path) from error
    finally:
        fresh.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Makes the names in `folder` (a file made, replaced or removed there) survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def in_words(error: OSError, path: Path) -> CinepeerError:
    """The sentence for what the operating system said about `path`: `LimitReached` for a full disk, else `BadInput`."""
    if error.errno in _FULL:
        return LimitReached(f"found no space left for {path}, expected room on that disk: free some and try again")
    why = os.strerror(error.errno).lower() if error.errno else str(error)
    return BadInput(f"found {path} unusable ({why}), expected a place that this account can read and write")


def _write_new(path: Path, pieces: Iterable[bytes], mode: int) -> None:
    """A new file of `pieces`, its bytes on disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        for piece in pieces:
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        _sync(descriptor)
    finally:
        os.close(descriptor)


def _sync(descriptor: int) -> None:
    """fsync; on macOS the stronger call, because there fsync stops at the drive's own cache."""
    full = getattr(fcntl, "F_FULLFSYNC", None)
    if full is None:
        os.fsync(descriptor)
    else:
        fcntl.fcntl(descriptor, full)
