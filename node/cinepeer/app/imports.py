"""Ratings from elsewhere: matched to films, kept privately on this device, and signed only when their owner says so."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from cinepeer.app.facts import names_of
from cinepeer.app.identity import Author
from cinepeer.app.library import Library
from cinepeer.app.taste import Private, Taste
from cinepeer.errors import BadInput
from cinepeer.recommend.exports import Export, read_export
from cinepeer.recommend.matching import Films, Known, Match, Unmatched
from cinepeer.records.dagcbor import Value

BATCH = 256
MAX_FILE_BYTES = 16 << 20
MAX_TOLD = 200
# In the archives that sites give: the files with ratings, the one with most said first.
_IN_ARCHIVE = ("ratings.csv", "ratings_movies.json", "ratings-movies.json", "ratings.json")


class Imports:
    """Takes exports of other sites for this home's author."""

    def __init__(self, library: Library, author: Author, taste: Taste) -> None:
        self._library = library
        self._author = author
        self._taste = taste

    def take(self, data: bytes, titles: Sequence[Known] = (), *, keep: bool) -> dict[str, Any]:
        """Reads an export and tells what it comes to; with `keep` the ratings are kept privately. Raises `BadInput`."""
        export = read_export(_unpacked(data))
        films = Films([*self._known(), *titles], self._library.counted.films)
        found = [films.match(row) for row in export.rows]
        matched = [one for one in found if isinstance(one, Match)]
        ratings = {match.film: match for match in sorted(matched, key=lambda match: match.row.time or 0)}
        if keep:
            private = ((film, _private(match, export.source)) for film, match in ratings.items())
            self._taste.keep(private)
        return self._told(export, ratings, [one for one in found if isinstance(one, Unmatched)], keep)

    def _told(
        self, export: Export, ratings: Mapping[str, Match], unmatched: Sequence[Unmatched], keep: bool
    ) -> dict[str, Any]:
        """The report."""
        public = self._library.counted.stars_of(self._author.id)
        by: dict[str, int] = {}
        for match in ratings.values():
            by[match.by] = by.get(match.by, 0) + 1
        return {
            "source": export.source,
            "rows": export.read,
            "ratings": len(ratings),
            "matched_by": by,
            "kept": keep,
            "private": len(self._taste.private),
            "already_public": sum(film in public for film in ratings),
            "counts": export.counts,
            "oddities": [asdict(oddity) for oddity in export.oddities],
            "unmatched_count": len(unmatched),
            "unmatched": [
                {"line": one.row.line, "title": one.row.title, "year": one.row.year, "reason": one.reason}
                for one in unmatched[:MAX_TOLD]
            ],
            "found": [
                {"film": film, "title": match.row.title, "year": match.row.year, "stars": match.row.stars}
                for film, match in list(ratings.items())[:MAX_TOLD]
            ],
        }

    def _known(self) -> Iterator[Known]:
        """The published films under all their names."""
        for film in self._library.catalogue.films.values():
            yield Known(tuple(names_of(film)), (film.name,), film.fields.get("year"))

    def private(self) -> dict[str, Any]:
        """What is kept privately: ratings as [film, stars, time in ms or null, source]."""
        kept = sorted(self._taste.private.items())
        return {"count": len(kept), "ratings": [[film, one.stars, one.time, one.source] for film, one in kept]}

    def forget(self) -> int:
        """Lets all private ratings go; returns how many."""
        return self._taste.forget()

    async def publish(self, films: Sequence[str] | None) -> dict[str, Any]:
        """Signs private ratings (all, or those of `films`) as public records; they are private no more."""
        private = self._taste.private
        wanted = sorted(private if films is None else set(films))
        if missing := [film for film in wanted if film not in private]:
            raise BadInput(f"found no private rating of {missing[0][:80]}, expected one that was imported")
        public = self._library.counted.stars_of(self._author.id)
        fresh: list[Value] = [[film, private[film].stars] for film in wanted if film not in public]
        batches: list[dict[str, Value]] = [
            {"ratings": fresh[start : start + BATCH]} for start in range(0, len(fresh), BATCH)
        ]
        records = await self._author.sign_all("rating", batches) if batches else []
        await self._library.refresh()
        self._taste.forget(wanted)
        return {"records": [str(record.id) for record in records], "ratings": len(fresh)}


def movielens_titles(movies: bytes, links: bytes) -> list[Known]:
    """The titles of MovieLens' `movies.csv` with the ids of its `links.csv`; raises `BadInput`."""
    try:
        linked = {row["movieId"]: row for row in csv.DictReader(io.StringIO(links.decode()))}
        known = []
        for row in csv.DictReader(io.StringIO(movies.decode())):
            found = re.fullmatch(r"(.*?)\s*\((\d{4})\)\s*", row["title"])
            title, year = (found[1], int(found[2])) if found else (row["title"], None)
            link = linked.get(row["movieId"], {})
            ids = [f"movielens:{row['movieId']}"]
            ids += [f"imdb:tt{link['imdbId']}"] if link.get("imdbId") else []
            ids += [f"tmdb:{link['tmdbId']}"] if link.get("tmdbId") else []
            aka = re.findall(r"\((?:a\.k\.a\. )?([^()]+)\)", title)
            plain = re.sub(r"\s*\([^()]*\)", "", title)
            known.append(Known(tuple(ids), (plain, title, *aka), year))
        return known
    except (UnicodeDecodeError, KeyError, ValueError, TypeError, csv.Error) as error:
        raise BadInput(f"found other titles than MovieLens' ({error}), expected its movies.csv and links.csv") from None


def _private(match: Match, source: str) -> Private:
    return Private(match.row.stars, match.row.time, source)


def _unpacked(data: bytes) -> bytes:
    """The ratings in an archive, or the data itself; raises `BadInput`."""
    if len(data) > MAX_FILE_BYTES:
        raise BadInput(f"found {len(data):,} bytes, expected at most {MAX_FILE_BYTES:,}")
    if not data.startswith(b"PK\x03\x04"):
        return data
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = {info.filename.rpartition("/")[2].lower(): info for info in archive.infolist()}
            for name in _IN_ARCHIVE:
                if name in names:
                    with archive.open(names[name]) as file:
                        found = file.read(MAX_FILE_BYTES + 1)
                    if len(found) > MAX_FILE_BYTES:
                        raise BadInput(f"found {name} longer than {MAX_FILE_BYTES:,} bytes, expected ratings")
                    return found
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise BadInput(f"found an archive that cannot be read ({error}), expected an export") from None
    raise BadInput(f"found an archive without ratings, expected one of {', '.join(_IN_ARCHIVE)} in it")
