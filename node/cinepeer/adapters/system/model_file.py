"""The file that keeps the fitted model over a restart. It may be lost: then the model is fitted anew."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from cinepeer.adapters.system.durable import write_whole
from cinepeer.errors import CinepeerError

log = logging.getLogger("cinepeer.model")

MAGIC = b"cinepeer/fitted/1\n"
_HEAD = len(MAGIC) + 32 + 8 + 8
_DIGEST_BYTES = 32


class _Fitted(Protocol):
    @property
    def data(self) -> bytes: ...
    @property
    def light(self) -> bytes: ...
    @property
    def root(self) -> bytes: ...
    @property
    def ratings(self) -> int: ...


F = TypeVar("F", bound=_Fitted)


class _Made(Protocol[F]):
    def __call__(self, data: bytes, light: bytes, root: bytes, ratings: int) -> F: ...


class ModelFile(Generic[F]):
    """One file, replaced whole: a magic line, root, count, size, the model, its light copy, sha2-256 of all before."""

    def __init__(self, path: Path, made: _Made[F]) -> None:
        """`made` makes what `read` returns from (data, light, root, ratings)."""
        self.path = path
        self._made = made

    def read(self) -> F | None:
        """What was written last; None where nothing is or it does not hold, which is told in the log."""
        try:
            with self.path.open("rb") as file:
                # Piece by piece, because the model is large and would else lie in memory three times.
                rest = self.path.stat().st_size - _HEAD - _DIGEST_BYTES
                head = file.read(_HEAD)
                size = min(int.from_bytes(head[-8:], "big"), max(rest, 0))
                data, light, digest = file.read(size), file.read(max(rest - size, 0)), file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("model.unread path=%s reason=%s", self.path, error)
            return None
        found = hashlib.sha256(head)
        found.update(data)
        found.update(light)
        if rest < 0 or not head.startswith(MAGIC) or found.digest() != digest:
            log.warning("model.unread path=%s reason=it is cut or changed", self.path)
            return None
        at = len(MAGIC)
        return self._made(data, light, head[at : at + 32], int.from_bytes(head[at + 32 : at + 40], "big"))

    def write(self, fitted: F) -> None:
        """Replaces it; a disk that takes nothing is told in the log, because nothing is lost with it but time."""
        counts = fitted.ratings.to_bytes(8, "big") + len(fitted.data).to_bytes(8, "big")
        pieces = (MAGIC, fitted.root, counts, fitted.data, fitted.light)
        digest = hashlib.sha256()
        for piece in pieces:  # joined, a large model would lie in memory three times
            digest.update(piece)
        try:
            write_whole(self.path, *pieces, digest.digest())
        except CinepeerError as error:
            log.warning("model.unwritten path=%s reason=%s", self.path, error)
