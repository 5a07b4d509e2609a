"""Films by their words: SQLite's FTS5 over words that `cinepeer.search` cut, and a second step for misspelt ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from cinepeer.adapters.search.file import TOKENIZER, IndexFile, exactly, typed_words
from cinepeer.search.entry import Entry, Hits
from cinepeer.search.spelling import Vocabulary
from cinepeer.search.words import indexed, is_spelt, words

FORM = 1  # raised when the tables or the cutting of words change: an index of another form is made anew
_COLUMNS = ("name", "people", "keywords", "prose")
_WEIGHTS = (10.0, 4.0, 2.0, 1.0)  # what a word in each column is worth to BM25
_NEAR_WORDS = 6
_RANKED = 2_000
_TABLES = f"""
CREATE TABLE film (place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL);
CREATE INDEX film_by_name ON film (name);
CREATE VIRTUAL TABLE word USING fts5(
    {", ".join(_COLUMNS)}, prefix = '2 3', {TOKENIZER}
);
CREATE VIRTUAL TABLE vocabulary USING fts5vocab(word, row);
"""


class FilmIndex:
    """One file, one connection, one caller at a time; every call may run in any thread."""

    def __init__(self, path: Path) -> None:
        """Opens the index at `path`; one that is missing, of another form or broken is made anew, empty."""
        self._file = IndexFile(path, _TABLES, FORM)
        self._connection = self._file.connection
        self._vocabulary: Vocabulary | None = None

    def close(self) -> None:
        """Ends the connection."""
        self._file.close()

    def films(self) -> set[str]:
        """The ids of all films in the index."""
        with self._file.turn:
            return {film for (film,) in self._connection.execute("SELECT id FROM film")}

    def put(self, entries: Iterable[Entry]) -> None:
        """Takes films up; one that is known already is left as it is."""
        with self._file.written():
            for entry in entries:
                added = self._connection.execute(
                    "INSERT OR IGNORE INTO film (id, name) VALUES (?, ?)", (entry.film, " ".join(words(entry.name)))
                )
                if not added.rowcount:
                    continue
                columns = [indexed(texts) for texts in ((entry.name,), entry.people, entry.keywords, entry.prose)]
                self._connection.execute(
                    f"INSERT INTO word (rowid, {', '.join(_COLUMNS)}) VALUES (?, ?, ?, ?, ?)",
                    (added.lastrowid, *columns),
                )
                if self._vocabulary is not None:
                    self._vocabulary.add(word for column in columns for word in column.split())

    def drop(self, films: Iterable[str]) -> None:
        """Forgets films."""
        with self._file.written():
            for film in films:
                for (place,) in self._connection.execute("SELECT place FROM film WHERE id = ?", (film,)).fetchall():
                    self._connection.execute("DELETE FROM word WHERE rowid = ?", (place,))
                    self._connection.execute("DELETE FROM film WHERE place = ?", (place,))

    def prepare(self) -> None:
        """Reads the vocabulary now, which the first misspelt word would have to wait for."""
        with self._file.turn:
            self._words()

    def find(self, text: str, most: int) -> Hits:
        """At most `most` films that have every word of `text`, the last one also as a beginning.

        Where none has, each word that no film has is asked for once more by the known words near to it.
        """
        typed = typed_words(text)
        if not typed:
            return Hits()
        with self._file.turn:
            found = self._ask(" AND ".join(exactly(typed)), typed, most)
            if found:
                return Hits(found)
            near = self._near(typed)
            if not near:
                return Hits()
            parts = [
                _any_of(near[word]) if word in near else part for word, part in zip(typed, exactly(typed), strict=True)
            ]
            return Hits(self._ask(" AND ".join(parts), typed, most), near)

    def _ask(self, match: str, typed: Sequence[str], most: int) -> list[str]:
        """Films for an FTS5 query: of exactly this name, then with the words in it, then with them anywhere.

        Of a word that very many films have, so many are ranked as make no difference to who reads the first twenty.
        """
        named = self._connection.execute(
            "SELECT id FROM film WHERE name = ? ORDER BY id LIMIT ?", (" ".join(typed), most)
        )
        found = dict.fromkeys(str(film) for (film,) in named)
        for columns in ("{name} : ", ""):
            if len(found) < most:
                found.update(dict.fromkeys(self._ranked(f"{columns}({match})", most)))
        return list(found)[:most]

    def _ranked(self, match: str, most: int) -> list[str]:
        worth = f"bm25(word, {', '.join(map(str, _WEIGHTS))})"
        some = f"SELECT rowid AS place, {worth} AS worth FROM word WHERE word MATCH ? LIMIT {_RANKED}"
        rows = self._connection.execute(
            f"SELECT film.id FROM ({some}) AS hit JOIN film ON film.place = hit.place "
            "ORDER BY hit.worth, film.id LIMIT ?",
            (match, most),
        )
        return [str(film) for (film,) in rows]

    def _near(self, typed: Sequence[str]) -> dict[str, list[str]]:
        """Known words near to those that no film has, as far as there are any."""
        known = self._words()
        unknown = [word for word in typed if is_spelt(word) and word not in known]
        found = {word: known.near(word, _NEAR_WORDS) for word in unknown}
        return {word: near for word, near in found.items() if near}

    def _words(self) -> Vocabulary:
        """All words of the index, read from it the first time."""
        if self._vocabulary is None:
            self._vocabulary = Vocabulary()
            self._vocabulary.add(word for (word,) in self._connection.execute("SELECT term FROM vocabulary"))
        return self._vocabulary


def _any_of(near: Sequence[str]) -> str:
    return "(" + " OR ".join(f'"{word}"' for word in near) + ")"
