"""What is said in films, by its words: SQLite's FTS5 over passages of captions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from cinepeer.adapters.search.file import TOKENIZER, IndexFile, exactly, typed_words
from cinepeer.search.spoken import Line, Passage, Quote, best_line
from cinepeer.search.words import indexed

FORM = 1  # raised when the tables or the cutting of words change
_RANKED = 400  # passages looked at: a film that says a word often takes several of them
_TABLES = f"""
CREATE TABLE film (version TEXT PRIMARY KEY, film TEXT NOT NULL);
CREATE TABLE passage (place INTEGER PRIMARY KEY, version TEXT NOT NULL, language TEXT NOT NULL, lines TEXT NOT NULL);
CREATE INDEX passage_by_version ON passage (version);
CREATE VIRTUAL TABLE word USING fts5(said, prefix = '2 3', {TOKENIZER});
"""


class SpokenIndex:
    """One file; every call may run in any thread. A version without captions is known too, so that it is read once."""

    def __init__(self, path: Path) -> None:
        """Opens the index at `path`; one that is missing, of another form or broken is made anew, empty."""
        self._file = IndexFile(path, _TABLES, FORM)

    def close(self) -> None:
        """Ends the connection."""
        self._file.close()

    def versions(self) -> set[str]:
        """The ids of all versions whose captions were read."""
        with self._file.turn:
            return {version for (version,) in self._file.connection.execute("SELECT version FROM film")}

    def put(self, film: str, version: str, said: Iterable[Passage]) -> None:
        """Takes up what is said in a version; one that is known already is left as it is."""
        with self._file.written():
            insert = self._file.connection.execute
            if not insert("INSERT OR IGNORE INTO film VALUES (?, ?)", (version, film)).rowcount:
                return
            for passage in said:
                lines = json.dumps([[line.start_ms, line.text] for line in passage.lines], ensure_ascii=False)
                row = insert(
                    "INSERT INTO passage (version, language, lines) VALUES (?, ?, ?)",
                    (version, passage.language, lines),
                )
                said_words = indexed(line.text for line in passage.lines)
                insert("INSERT INTO word (rowid, said) VALUES (?, ?)", (row.lastrowid, said_words))

    def drop(self, versions: Iterable[str]) -> None:
        """Forgets versions."""
        with self._file.written():
            execute = self._file.connection.execute
            for version in versions:
                execute("DELETE FROM word WHERE rowid IN (SELECT place FROM passage WHERE version = ?)", (version,))
                execute("DELETE FROM passage WHERE version = ?", (version,))
                execute("DELETE FROM film WHERE version = ?", (version,))

    def find(self, text: str, most: int) -> dict[str, Quote]:
        """At most `most` films in which all words of `text` are said within half a minute, best first, and the line."""
        typed = typed_words(text)
        if not typed:
            return {}
        found: dict[str, Quote] = {}
        with self._file.turn:
            rows = self._file.connection.execute(
                "SELECT film.film, passage.version, passage.language, passage.lines FROM word "
                "JOIN passage ON passage.place = word.rowid JOIN film ON film.version = passage.version "
                "WHERE word MATCH ? ORDER BY bm25(word), word.rowid LIMIT ?",
                (" AND ".join(exactly(typed)), _RANKED),
            ).fetchall()
        for film, version, language, lines in rows:
            if film not in found and len(found) < most:
                found[film] = _quote(version, language, json.loads(lines), typed)
        return found


def _quote(version: str, language: str, lines: Sequence[Sequence[object]], typed: Sequence[str]) -> Quote:
    line = best_line([Line(int(str(start_ms)), str(text)) for start_ms, text in lines], typed)
    return Quote(version, language, line.start_ms, line.text)
