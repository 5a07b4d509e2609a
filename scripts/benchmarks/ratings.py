"""Reads ratings, and what is known about the films.

MovieLens' `.dat` and `.csv`, ML-100K's uN.base with uN.test, a folder with one of them, or a node's own records.
"""

from __future__ import annotations

import asyncio
import csv
import io
import re
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from cinepeer.errors import BadInput

RATINGS = ("ratings.dat", "ratings.csv", "u.data", "u1.base", "records.db")
FILES = ", ".join(RATINGS)
TMDB = "tmdb-movies.zip"
LINKS = "links_*.csv"
FILMS = ("u.item", "movies.dat", "movies.csv")  # what tells of films by their MovieLens ids
GENRES = (
    *(
        "unknown",
        "action",
        "adventure",
        "animation",
        "children's",
        "comedy",
        "crime",
        "documentary",
        "drama",
        "fantasy",
    ),
    *("film-noir", "horror", "musical", "mystery", "romance", "sci-fi", "thriller", "war", "western"),
)


@dataclass(frozen=True)
class Ratings:
    """One rating per row, in the order of the file: numbers of viewers and films, stars 1..10, times in seconds."""

    viewers: np.ndarray
    films: np.ndarray
    stars: np.ndarray
    times: np.ndarray
    ids: list[int]  # MovieLens id of every film number; of films that have none, -1, -2, …
    order: np.ndarray  # the row's place when all rows are ordered by time, ties by the file

    def matrix(self, rows: np.ndarray) -> tuple[csr_array, np.ndarray]:
        """The chosen rows as (stars [viewers, films], the order of every stored star)."""
        shape = (int(self.viewers.max()) + 1, len(self.ids))
        where = (self.viewers[rows], self.films[rows])
        stars = csr_array((self.stars[rows].astype(np.float32), where), shape=shape)
        order = csr_array((self.order[rows] + 1, where), shape=shape)
        for found in (stars, order):
            found.sum_duplicates()
        return stars, order.data.astype(np.int64)


def read(path: Path) -> Ratings:
    """Reads a file, or the one a folder holds; raises `BadInput` when there is none that we know."""
    file = file_of(path)
    if file.suffix == ".db":
        return asyncio.run(_records(file))
    beside = file.with_suffix(".test")
    files = [file, beside] if file.suffix == ".base" and beside.is_file() else [file]
    return _ratings([_table(one) for one in files])


def folds(path: Path) -> list[tuple[Ratings, np.ndarray, np.ndarray]]:
    """ML-100K's splits: (all ratings, rows to fit on, rows to test on) for every uN.base found beside `path`."""
    bases = sorted(path.glob("u[1-9].base")) if path.is_dir() else [path]
    found = []
    for base in bases:
        test = base.with_suffix(".test")
        if base.suffix != ".base" or not test.exists():
            continue
        tables = [_table(base), _table(test)]
        edge = len(tables[0])
        found.append((_ratings(tables), np.arange(edge), np.arange(edge, edge + len(tables[1]))))
    return found


def file_of(path: Path) -> Path:
    """The file that `read` reads; raises `BadInput` when there is none that we know."""
    if path.is_file():
        return path
    for name in RATINGS:
        if (path / name).is_file():
            return path / name
    raise BadInput(f"found no ratings at {path}, expected a file or a folder with one of {FILES}")


def _table(path: Path) -> np.ndarray:
    """Columns viewer, film, stars (of 5), time; float64. A first line of words is skipped."""
    text = path.read_text(encoding="latin-1").lstrip("\ufeff\xef\xbb\xbf")
    if text[:1].isalpha() or text[:1] == '"':
        text = text.partition("\n")[2]
    text = text.replace("::", " ").replace(",", " ")
    if not text.strip():
        raise BadInput(f"found no rating in {path}, expected lines of viewer, film, stars and time")
    try:
        table = np.loadtxt(io.StringIO(text), ndmin=2)
    except ValueError as wrong:
        raise BadInput(f"found lines in {path} that are no numbers ({wrong}), expected ratings") from None
    if table.shape[1] != 4:
        raise BadInput(f"found {table.shape[1]} columns in {path.name}, expected viewer, film, stars and time")
    if not np.isfinite(table).all() or table[:, 2].min() < 0.5 or table[:, 2].max() > 5:
        raise BadInput(f"found stars in {path.name} that are not from 0.5 to 5, expected those")
    return table


async def _records(file: Path) -> Ratings:
    """The counted ratings among a node's records; read from a copy, so that the node may run."""
    from cinepeer.adapters.store import RecordStore
    from cinepeer.app.library import Library

    with tempfile.TemporaryDirectory() as folder:
        for part in (file, file.with_name(f"{file.name}-wal")):
            if part.exists():
                shutil.copyfile(part, Path(folder) / part.name)
        store = await RecordStore.open(Path(folder) / file.name)
        try:
            library = Library(store)
            await library.refresh()
            told = library.counted.arrays()
        finally:
            await store.close()
    ids = [int(film[10:]) if film.startswith("movielens:") else -1 - place for place, film in enumerate(told.films)]
    order = np.empty(len(told.stars), dtype=np.int64)
    order[np.argsort(told.time, kind="stable")] = np.arange(len(told.stars))
    if not len(order):
        raise BadInput(f"found no rating in {file}, expected some that count")
    films, stars = told.film.astype(np.int64), told.stars.astype(np.float64)
    return Ratings(told.author.astype(np.int64), films, stars, told.time // 1000, ids, order)


def _ratings(tables: list[np.ndarray]) -> Ratings:
    table = _newest(np.vstack(tables)) if len(tables) == 1 else np.vstack(tables)
    _, viewers = np.unique(table[:, 0].astype(np.int64), return_inverse=True)
    ids, films = np.unique(table[:, 1].astype(np.int64), return_inverse=True)
    order = np.empty(len(table), dtype=np.int64)
    order[np.argsort(table[:, 3], kind="stable")] = np.arange(len(table))
    return Ratings(viewers, films, np.rint(table[:, 2] * 2), table[:, 3].astype(np.int64), ids.tolist(), order)


def _newest(table: np.ndarray) -> np.ndarray:
    """Of several ratings of one film by one viewer the newest alone; the order of the file stays."""
    order = np.lexsort((table[:, 3], table[:, 1], table[:, 0]))
    pairs = table[order][:, :2]
    last = np.append((pairs[1:] != pairs[:-1]).any(axis=1), True)
    return table if last.all() else table[np.sort(order[last])]


def words(ids: list[int], folder: Path, tmdb: Path | None) -> list[list[str]]:
    """What is known about each film: genres, year, words of the title; cast, director, keywords, topics.

    `folder` holds MovieLens' `movies.*` (or `u.item`), `tmdb` plots and credits, joined by links. Raises `BadInput`.
    """
    try:
        known = _movielens(folder)
    except ValueError as wrong:
        raise BadInput(f"found films in {folder} in another form ({wrong}), expected MovieLens' own files") from None
    if tmdb is not None:
        for film, more in _tmdb(tmdb).items():
            known.setdefault(film, []).extend(more)
    return [known.get(film, []) for film in ids]


def has_plots(folder: Path) -> bool:
    """Whether plots and credits lie there, with the links that join them."""
    return (folder / TMDB).is_file() and any(folder.glob(LINKS))


def _movielens(folder: Path) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    if (folder / "u.item").exists():
        for line in (folder / "u.item").read_text(encoding="latin-1").splitlines():
            film, title, *_, flags = line.split("|", 5)
            kinds = (f"genre:{GENRES[at]}" for at, flag in enumerate(flags.split("|")) if flag == "1")
            found[int(film)] = [*_title(title), *kinds]
    for name in FILMS[1:]:
        if not (folder / name).exists():
            continue
        text = (folder / name).read_text(encoding="latin-1" if name.endswith("dat") else "utf-8")
        if name.endswith("dat"):
            rows = [line.split("::") for line in text.splitlines()]
        else:
            rows = list(csv.reader(io.StringIO(text)))[1:]
        for film, title, genres in rows:
            found[int(film)] = [*_title(title), *(f"genre:{genre.lower()}" for genre in genres.split("|"))]
    return found


def _title(title: str) -> list[str]:
    year = re.search(r"\((\d{4})\)\s*$", title)
    told = [f"title:{word}" for word in re.findall(r"[a-z]{4,}", title.lower())]
    return told + ([f"year:{year[1]}", f"decade:{year[1][:3]}"] if year else [])


def _tmdb(folder: Path) -> dict[int, list[str]]:
    with next(iter(folder.glob(LINKS))).open() as lines:
        links = {row["tmdbId"]: int(row["movieId"]) for row in csv.DictReader(lines)}
    with zipfile.ZipFile(folder / TMDB) as archive, archive.open("tmdb-movies.csv") as raw:
        rows = csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8"))
        return {links[row["id"]]: _facts(row) for row in rows if row["id"] in links}


def _facts(row: dict[str, str]) -> list[str]:
    """Votes, popularity and revenue are left out: a film that has just arrived has none."""
    told = []
    for key in ("cast", "director", "keywords", "genres", "production_companies"):
        told += [f"{key}:{part.strip().lower()}" for part in row[key].split("|") if part.strip()]
    told += [f"topic:{word}" for word in set(re.findall(r"[a-z]{5,}", row["overview"].lower()))]
    budget = int(float(row["budget"] or 0))
    return told + ([f"budget:{len(str(budget))}"] if budget else [])
