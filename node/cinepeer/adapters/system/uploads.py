"""Files that arrive in pieces: what was acknowledged is on the disk, whatever breaks off or stops."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cinepeer.adapters.system.durable import in_words, write_whole
from cinepeer.errors import BadInput, Conflict, LimitReached

log = logging.getLogger("cinepeer.uploads")

KEPT_MS = 7 * 86_400_000
# Between two notes of how far an upload has come; what came after the last note is asked for again after a crash.
NOTE_EVERY_BYTES = 16 << 20
# Left free on the disk beside everything that is on its way.
MARGIN_BYTES = 64 << 20
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Upload:
    """One file on its way here; `received_bytes` are on the disk, `changed_ms` is when the last of them came."""

    id: str
    filename: str
    size_bytes: int
    received_bytes: int
    changed_ms: int

    @property
    def is_whole(self) -> bool:
        """Whether all of it is here."""
        return self.received_bytes == self.size_bytes


class Uploads:
    """The uploads of a home, one folder. Calls block; each upload is written by one call of `receiving` at a time."""

    def __init__(self, folder: Path, clock_ms: Callable[[], int], entropy: Callable[[int], bytes]) -> None:
        self._folder = folder
        self._clock_ms = clock_ms
        self._entropy = entropy
        self._receiving: set[str] = set()
        self._held: set[str] = set()
        with _words(folder):
            folder.mkdir(mode=0o700, exist_ok=True)
            self._found = {upload.id: upload for upload in self._read()}
            for file in folder.iterdir():
                if file.name.partition(".")[0] not in self._found:
                    file.unlink()  # half a note, or bytes whose note is gone
        self.sweep()

    def _read(self) -> Iterator[Upload]:
        for note in self._folder.glob("*.json"):
            try:
                upload = Upload(**json.loads(note.read_bytes()))
                if not _ID.fullmatch(upload.id) or self._size(upload) < upload.received_bytes:
                    raise ValueError("its bytes are not all there")
            except (ValueError, TypeError) as error:
                log.warning("uploads.damaged note=%s reason=%s", note.name, error)
                note.unlink()
                continue
            yield upload

    def _size(self, upload: Upload) -> int:
        path = self.path(upload)
        return path.stat().st_size if path.exists() else 0

    def path(self, upload: Upload) -> Path:
        """Where its bytes lie."""
        suffix = Path(upload.filename).suffix
        return self._folder / f"{upload.id}{suffix if _SUFFIX.fullmatch(suffix) and suffix != '.json' else '.film'}"

    def all(self) -> list[Upload]:
        """Every upload, the newest first."""
        return sorted(self._found.values(), key=lambda one: (-one.changed_ms, one.id))

    def get(self, upload_id: str) -> Upload | None:
        """The upload, or None."""
        return self._found.get(upload_id)

    def is_receiving(self, upload_id: str) -> bool:
        """Whether bytes of it are coming in now."""
        return upload_id in self._receiving

    def make(self, filename: str, size_bytes: int) -> Upload:
        """Begins an upload; raises `BadInput` for an empty file, `LimitReached` when the disk would not hold it."""
        if size_bytes < 1:
            raise BadInput(f"found the empty file {filename!r}, expected a film")
        self.sweep()
        coming = sum(upload.size_bytes - upload.received_bytes for upload in self.all())
        with _words(self._folder):
            room = max(0, shutil.disk_usage(self._folder).free - coming - MARGIN_BYTES)
        if size_bytes > room:
            raise LimitReached(
                f"found a file of {size_bytes:,} bytes and {room:,} free on the node's disk, expected room"
            )
        upload = Upload(self._entropy(16).hex(), filename, size_bytes, 0, self._clock_ms())
        self._note(upload)
        return upload

    @contextlib.contextmanager
    def receiving(self, upload: Upload) -> Iterator[Receiving]:
        """Takes the bytes that follow on those received; raises `Conflict` while another call does."""
        if upload.id in self._receiving or upload.id in self._held or upload.id not in self._found:
            raise Conflict(f"found the upload {upload.id} in use, expected nobody else to send to it")
        self._receiving.add(upload.id)
        try:
            with _words(self._folder), self.path(upload).open("r+b" if self._size(upload) else "w+b") as file:
                file.truncate(upload.received_bytes)
                file.seek(upload.received_bytes)
                yield Receiving(self, upload, file.fileno())
        finally:
            self._receiving.discard(upload.id)

    def _note(self, upload: Upload) -> None:
        write_whole(self._folder / f"{upload.id}.json", json.dumps(dataclasses.asdict(upload)).encode())
        self._found[upload.id] = upload

    def find(self, upload_id: str) -> Path:
        """Where a whole upload lies, for a look: it may be gone a moment later; raises `Conflict`."""
        upload = self._found.get(upload_id)
        if upload is None or not upload.is_whole:
            raise Conflict(f"found the upload {upload_id[:40]} not whole, expected all of its bytes first")
        return self.path(upload)

    def hold(self, upload_id: str) -> Path:
        """Keeps a whole upload from being changed or removed, and tells where it lies; raises `Conflict`."""
        path = self.find(upload_id)
        if upload_id in self._held:
            raise Conflict(f"found the upload {upload_id} being published already, expected it once")
        self._held.add(upload_id)
        return path

    def release(self, upload_id: str) -> None:
        """Ends `hold`."""
        self._held.discard(upload_id)

    def remove(self, upload_id: str) -> None:
        """Removes an upload with its bytes; raises `Conflict` while it is in use."""
        upload = self._found.get(upload_id)
        if upload is None:
            return
        if upload_id in self._receiving or upload_id in self._held:
            raise Conflict(f"found the upload {upload_id} in use, expected it idle")
        with _words(self._folder):
            (self._folder / f"{upload.id}.json").unlink(missing_ok=True)
            self.path(upload).unlink(missing_ok=True)
        del self._found[upload_id]

    def sweep(self) -> None:
        """Removes what nobody has gone on with for some days."""
        now = self._clock_ms()
        for upload in self.all():
            if upload.changed_ms + KEPT_MS < now and upload.id not in self._receiving | self._held:
                log.info("uploads.expired id=%s", upload.id)
                self.remove(upload.id)


class Receiving:
    """Bytes on their way into one upload, and how many of them are safe."""

    def __init__(self, uploads: Uploads, upload: Upload, descriptor: int) -> None:
        self._uploads = uploads
        self._descriptor = descriptor
        self.upload = upload
        self._taken = upload.received_bytes

    def write(self, piece: bytes, notes: bool = True) -> None:
        """Appends; raises `BadInput` for more than the upload's size and `LimitReached` when the disk is full.

        Without `notes` nothing is acknowledged before `keep`.
        """
        if self._taken + len(piece) > self.upload.size_bytes:
            raise BadInput(f"found more than {self.upload.size_bytes:,} bytes, expected the size that was said first")
        rest = memoryview(piece)
        with _words(self._uploads.path(self.upload)):
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        self._taken += len(piece)
        if notes and self._taken - self.upload.received_bytes >= NOTE_EVERY_BYTES:
            self.keep()

    def keep(self) -> None:
        """Puts what came on the disk and notes it: from now on it is acknowledged."""
        if self._taken != self.upload.received_bytes:
            with _words(self._uploads.path(self.upload)):
                os.fsync(self._descriptor)
            now = self._uploads._clock_ms()
            self.upload = dataclasses.replace(self.upload, received_bytes=self._taken, changed_ms=now)
            self._uploads._note(self.upload)


@contextlib.contextmanager
def _words(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise in_words(error, path) from error
