"""Whom lists favour: popular films, large creators, languages and years, busy viewers; at several settings of the dial.

Lists are made for a sample of authors from the served model, as their own nodes would make them. For the hits one film
that each of them liked is hidden from the list's history, though not from the model: only differences between groups
mean something.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from cinepeer.recommend.evaluation import interval, thirds
from cinepeer.recommend.fast_ranking import FastRanking
from cinepeer.recommend.rules import About as About
from cinepeer.recommend.served import LIKED, TASTE, ServedModel

Integers = npt.NDArray[np.int64]
DIALS = (0, 50, 100, 200)
SAMPLE = 300
LEAST = 5  # liked films that an author in the sample has at least


@dataclass(frozen=True, slots=True)
class _Sample:
    """Authors with a hidden film each: rows of the matrix, film numbers of the model, groups of three."""

    rows: Integers
    hidden: Integers
    activity: Integers
    taste: Integers


def report(
    model: ServedModel,
    stars: csr_array,
    films: Sequence[str],
    about: Mapping[str, About],
    *,
    dials: Sequence[int] = DIALS,
    limit: int = 20,
    sample: int = SAMPLE,
    seed: int = 0,
) -> dict[str, Any]:
    """What lists of `limit` films come to at each setting of the dial against popularity.

    `stars` [authors, films] 1..10 with the ids `films`. Shares are of all places in the lists; `rated` is the same
    share among what the authors liked. Hits carry a 95 % interval (bootstrap over authors).
    """
    numbers = {film: number for number, film in enumerate(model.films)}
    columns = np.array([numbers.get(film, -1) for film in films], np.int64)
    chosen = _sample(model, stars, columns, sample, seed)
    likes = np.array(model.likes, np.int64)
    told: dict[str, Any] = {"authors": int(stars.shape[0]), "sampled": len(chosen.rows), "films": len(model.films)}
    liked = _liked(stars, columns, chosen)
    settings = []
    for dial in dials if len(chosen.rows) else ():
        lists = _lists(model, stars, films, chosen, limit, dial)
        places = np.concatenate(lists) if lists else np.zeros(0, np.int64)
        found = np.array([hidden in listed for hidden, listed in zip(chosen.hidden, lists, strict=True)], np.float64)
        settings.append(
            {
                "against_popularity": dial,
                "hit": float(found.mean()),
                "hit_interval": list(interval(found)),
                "likes_listed": _mean(likes[places]),
                "likes_rated": _mean(likes[liked]),
                "coverage": len(np.unique(places)) / max(len(likes), 1),
                "gini": _gini(np.bincount(places, minlength=len(likes))),
                "less_liked_half": _shares(places, liked, likes <= np.median(likes)),
                "small_creators": _creators(model, places, liked, about),
                "languages": _groups(model, places, liked, about, "language"),
                "decades": _groups(model, places, liked, about, "year"),
                "by_activity": _by_group(found, chosen.activity, ("few ratings", "some", "many")),
                "by_taste": _by_group(found, chosen.taste, ("rare films", "mixed", "popular films")),
            }
        )
    return {**told, "limit": limit, "settings": settings}


def _sample(model: ServedModel, stars: csr_array, columns: Integers, most: int, seed: int) -> _Sample:
    chance = np.random.default_rng(seed)
    rows, hidden, sizes, fame = [], [], [], []
    likes = np.array(model.likes, np.float64)
    for row in chance.permutation(stars.shape[0]).tolist():
        start, stop = stars.indptr[row], stars.indptr[row + 1]
        mine = columns[stars.indices[start:stop]][stars.data[start:stop] >= LIKED]
        mine = mine[mine >= 0]
        if len(mine) < LEAST:
            continue
        rows.append(row)
        hidden.append(int(chance.choice(mine)))
        sizes.append(int(stop - start))
        fame.append(float(likes[mine].mean()))
        if len(rows) == most:
            break
    order = np.argsort(np.argsort(np.array(fame), kind="stable"), kind="stable")
    return _Sample(
        np.array(rows, np.int64), np.array(hidden, np.int64), thirds(np.array(sizes, np.int64)), thirds(order)
    )


def _lists(
    model: ServedModel, stars: csr_array, films: Sequence[str], chosen: _Sample, limit: int, dial: int
) -> list[Integers]:
    ranking = FastRanking(model)
    numbers = {film: number for number, film in enumerate(model.films)}
    lists = []
    for row, hidden in zip(chosen.rows.tolist(), chosen.hidden.tolist(), strict=True):
        start, stop = stars.indptr[row], stars.indptr[row + 1]
        given = zip(stars.indices[start:stop].tolist(), stars.data[start:stop].tolist(), strict=True)
        history = {films[column]: int(said) for column, said in given if films[column] != model.films[hidden]}
        listed = ranking.rank(history, limit=limit, dials=TASTE, against_popularity=dial)
        lists.append(np.array([numbers[one.film] for one in listed], np.int64))
    return lists


def _liked(stars: csr_array, columns: Integers, chosen: _Sample) -> Integers:
    """The films (numbers in the model) that the sampled authors liked, once per author."""
    found = []
    for row in chosen.rows.tolist():
        start, stop = stars.indptr[row], stars.indptr[row + 1]
        found.append(columns[stars.indices[start:stop]][stars.data[start:stop] >= LIKED])
    liked = np.concatenate(found) if found else np.zeros(0, np.int64)
    return np.asarray(liked[liked >= 0], np.int64)


def _mean(values: Integers) -> float:
    return float(values.mean()) if len(values) else 0.0


def _gini(counts: Integers) -> float:
    """0: every film has as many places; 1: one film has them all."""
    ordered = np.sort(counts).astype(np.float64)
    if not ordered.sum():
        return 0.0
    return float(1 - 2 * (np.cumsum(ordered) / ordered.sum()).mean() + 1 / len(ordered))


def _shares(places: Integers, liked: Integers, belongs: npt.NDArray[np.bool_]) -> dict[str, float]:
    return {"listed": _mean(belongs[places]), "rated": _mean(belongs[liked]), "catalogue": _mean(belongs)}  # type: ignore[arg-type]


def _creators(
    model: ServedModel, places: Integers, liked: Integers, about: Mapping[str, About]
) -> dict[str, float] | None:
    """The places of creators whose films are liked no more than the middle creator's; None where nobody is known."""
    by: dict[str, int] = {}
    for film, likes in zip(model.films, model.likes, strict=True):
        creator = about[film].creator if film in about else None
        if creator is not None:
            by[creator] = by.get(creator, 0) + likes
    if not by:
        return None
    middle = float(np.median(list(by.values())))
    small = [film in about and (one := about[film].creator) is not None and by[one] <= middle for film in model.films]
    return _shares(places, liked, np.array(small, bool))


def _groups(
    model: ServedModel, places: Integers, liked: Integers, about: Mapping[str, About], name: str
) -> dict[str, dict[str, float]]:
    """Shares by language or decade, of the films of which it is known; the eight largest groups."""
    words = []
    for film in model.films:
        value = getattr(about[film], name) if film in about else None
        words.append("" if value is None else f"{value // 10}0s" if name == "year" else str(value))
    known = np.array(words)
    found = {word: _shares(places, liked, known == word) for word in sorted(set(words) - {""})}
    largest = sorted(found, key=lambda word: (-found[word]["catalogue"], word))[:8]
    return {word: found[word] for word in sorted(largest)}


def _by_group(found: npt.NDArray[np.float64], groups: Integers, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    result = {}
    for number, name in enumerate(names):
        mine = found[groups == number]
        if len(mine):
            result[name] = {"authors": len(mine), "hit": float(mine.mean()), "interval": list(interval(mine))}
    return result
