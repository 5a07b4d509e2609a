"""Small things that a node must not forget, each a JSON file of its own that is replaced whole."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from cinepeer.adapters.system.durable import in_words, write_whole

log = logging.getLogger("cinepeer.notes")


class Notes:
    """JSON objects by name in one folder; a file that is damaged is left alone and told in the log."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise in_words(error, folder) from error

    def all(self) -> list[dict[str, Any]]:
        """Every object, by name."""
        found = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                note = json.loads(path.read_bytes())
            except (OSError, ValueError) as error:
                log.warning("notes.damaged file=%s reason=%s", path, error)
                continue
            if isinstance(note, dict):
                found.append(note)
        return found

    def save(self, name: str, note: dict[str, Any]) -> None:
        """Keeps an object, on disk when this returns; raises `LimitReached` when the disk is full."""
        write_whole(self._folder / f"{name}.json", json.dumps(note).encode())

    def remove(self, name: str) -> None:
        """Forgets an object."""
        (self._folder / f"{name}.json").unlink(missing_ok=True)
