"""A file of tables that can be made anew at any time: one connection, one caller at a time, in any thread."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from cinepeer.search.words import asked

log = logging.getLogger("cinepeer.search")

# What this tokenizer is given was cut into words by `cinepeer.search.words`, and has a space between any two.
TOKENIZER = """tokenize = "unicode61 remove_diacritics 0 categories 'L* N* M* S* Co'\""""
MAX_WORDS = 16  # of a query; more words do not find better
_PREFIX_CHARS = 2


class IndexFile:
    """An SQLite file whose loss costs nothing but the time to fill it again."""

    def __init__(self, path: Path, tables: str, form: int) -> None:
        """Opens the index at `path`; one that is missing, of another form or broken is made anew, empty."""
        self.turn = threading.Lock()
        try:
            self.connection = _opened(path, tables, form)
        except sqlite3.DatabaseError as error:
            log.warning("index.made_anew file=%s reason=%s", path.name, error)
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            self.connection = _opened(path, tables, form)

    def close(self) -> None:
        """Ends the connection."""
        with self.turn:
            self.connection.close()

    @contextlib.contextmanager
    def written(self) -> Iterator[None]:
        """One transaction, alone."""
        with self.turn:
            self.connection.execute("BEGIN")
            try:
                yield
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")


def typed_words(text: str) -> list[str]:
    """The words that a query asks for, as many as are looked for."""
    return asked(text)[:MAX_WORDS]


def exactly(typed: Sequence[str]) -> list[str]:
    """Each word as an FTS5 string; the last one, still being typed, as a beginning."""
    parts = [f'"{word}"' for word in typed]
    if len(typed[-1]) >= _PREFIX_CHARS:
        parts[-1] += " *"
    return parts


def _opened(path: Path, tables: str, form: int) -> sqlite3.Connection:
    """A connection to an index of this form; raises `sqlite3.DatabaseError` for a file that is none."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")  # what is lost is indexed again
        [(found,)] = connection.execute("PRAGMA user_version")
        if found not in (0, form):
            raise sqlite3.DatabaseError(f"found an index of form {found}, expected {form}")
        if found == 0:
            connection.executescript(f"{tables}\nPRAGMA user_version = {form};")
        connection.execute("SELECT count(*) FROM film")
    except BaseException:
        connection.close()
        raise
    return connection
