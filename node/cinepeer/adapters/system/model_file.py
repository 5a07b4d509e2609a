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
            found = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("model.unread path=%s reason=%s", self.path, error)
            return None
        body, digest = found[:-_DIGEST_BYTES], found[-_DIGEST_BYTES:]
        if len(body) < _HEAD or not body.startswith(MAGIC) or hashlib.sha256(body).digest() != digest:
            log.warning("model.unread path=%s reason=it is cut or changed", self.path)
            return None
        at = len(MAGIC)
        root, ratings = body[at : at + 32], int.from_bytes(body[at + 32 : at + 40], "big")
        size = int.from_bytes(body[at + 40 : at + 48], "big")
        return self._made(body[_HEAD : _HEAD + size], body[_HEAD + size :], root, ratings)

    def write(self, fitted: F) -> None:
        """Replaces it; a disk that takes nothing is told in the log, because nothing is lost with it but time."""
        counts = fitted.ratings.to_bytes(8, "big") + len(fitted.data).to_bytes(8, "big")
        body = b"".join((MAGIC, fitted.root, counts, fitted.data, fitted.light))
        try:
            write_whole(self.path, body + hashlib.sha256(body).digest())
        except CinepeerError as error:
            log.warning("model.unwritten path=%s reason=%s", self.path, error)
