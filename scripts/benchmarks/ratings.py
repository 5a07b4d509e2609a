"""Reads MovieLens ratings (`.dat`, `.csv`, ML-100K's uN.base with uN.test) and what is known about the films."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from cinepeer.errors import BadInput

RATINGS = ("ratings.dat", "ratings.csv", "u.data")
TMDB = "tmdb-movies.zip"


@dataclass(frozen=True)
class Ratings:
    """One rating per row, in the order of the file: numbers of viewers and films, stars 1..10, times in seconds."""

    viewers: np.ndarray
    films: np.ndarray
    stars: np.ndarray
    times: np.ndarray
    ids: list[int]  # MovieLens id of every film number
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
    return _ratings([_table(_file(path))])


def folds(path: Path) -> list[tuple[Ratings, np.ndarray, np.ndarray]]:
    """ML-100K's splits: (all ratings, rows to fit on, rows to test on) for every uN.base found beside `path`."""
    folder = path if path.is_dir() else path.parent
    bases = sorted(folder.glob("u[1-9].base")) if path.is_dir() else [path]
    found = []
    for base in bases:
        test = base.with_suffix(".test")
        if base.suffix != ".base" or not test.exists():
            continue
        tables = [_table(base), _table(test)]
        edge = len(tables[0])
        found.append((_ratings(tables), np.arange(edge), np.arange(edge, edge + len(tables[1]))))
    return found


def _file(path: Path) -> Path:
    if path.is_file():
        return path
    for name in RATINGS:
        if (path / name).is_file():
            return path / name
    raise BadInput(f"found no ratings at {path}, expected a file or a folder with one of {', '.join(RATINGS)}")


def _table(path: Path) -> np.ndarray:
    """Columns viewer, film, stars (of 5), time; float64."""
    text = path.read_text(encoding="latin-1")
    if path.suffix == ".csv":
        text = text.split("\n", 1)[1]
    table = np.loadtxt(io.StringIO(text.replace("::", " ").replace(",", " ")), ndmin=2)
    if table.shape[1] != 4:
        raise BadInput(f"found {table.shape[1]} columns in {path.name}, expected viewer, film, stars and time")
    return table


def _ratings(tables: list[np.ndarray]) -> Ratings:
    table = np.vstack(tables)
    _, viewers = np.unique(table[:, 0].astype(np.int64), return_inverse=True)
    ids, films = np.unique(table[:, 1].astype(np.int64), return_inverse=True)
    order = np.empty(len(table), dtype=np.int64)
    order[np.argsort(table[:, 3], kind="stable")] = np.arange(len(table))
    return Ratings(viewers, films, np.rint(table[:, 2] * 2), table[:, 3].astype(np.int64), ids.tolist(), order)


def words(ids: list[int], folder: Path, tmdb: Path | None) -> list[list[str]]:
    """What is known about each film: genres, year, words of the title; cast, director, keywords, topics.

    `folder` holds MovieLens' `movies.*` (or `u.item`); `tmdb` the plots and credits, joined by links.
    """
    known = _movielens(folder)
    if tmdb is not None and (tmdb / TMDB).exists():
        for film, more in _tmdb(tmdb).items():
            known.setdefault(film, []).extend(more)
    return [known.get(film, []) for film in ids]


def _movielens(folder: Path) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for name in ("movies.dat", "movies.csv"):
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
    with next(iter(folder.glob("links_*.csv"))).open() as lines:
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
