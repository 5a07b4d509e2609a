"""The file that keeps the counted ratings over a restart. It may be lost: then they are counted anew."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

from cinepeer.errors import Refused
from cinepeer.trust import kept
from cinepeer.trust.counted import Counted
from cinepeer.trust.kept import Mark

log = logging.getLogger("cinepeer.store")


class CountedFile:
    """One file, replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> tuple[Counted, Mark] | None:
        """What was written last; None where nothing is or it does not hold, which is told in the log."""
        try:
            with self.path.open("rb") as file:
                return kept.read(file.read)
        except FileNotFoundError:
            return None
        except (Refused, OSError) as error:
            log.warning("counted.unread path=%s reason=%s", self.path, error)
            return None

    def write(self, counted: Counted, mark: Mark) -> None:
        """Replaces it; a disk that takes nothing is told in the log, because nothing is lost with it but time."""
        fresh = self.path.with_name(self.path.name + ".new")
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                for piece in kept.write(counted, mark):
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
        except OSError as error:
            log.warning("counted.unwritten path=%s reason=%s", self.path, error)
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)
