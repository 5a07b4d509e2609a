"""Ranking by integers alone, in plain Python: the same model and history give the same list, bit for bit, anywhere."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from cinepeer.recommend.model import LIKED, ItemModel


@dataclass(frozen=True, slots=True)
class Reason:
    """One of the viewer's own ratings and what it adds to the score (fixed point, may be negative)."""

    film: str
    stars: int
    adds: int


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One ranked film. `score` is the sum of what `reasons` add; by popularity it is the number of likes instead.

    `by` is `taste` (the viewer's ratings decided) or `popularity` (they said nothing about this film).
    """

    film: str
    score: int
    by: str
    likes: int
    reasons: tuple[Reason, ...]


def rank(
    model: ItemModel, stars: Mapping[str, int], *, limit: int = 20, excluded: Collection[str] = ()
) -> list[Recommendation]:
    """The `limit` best films for a viewer who gave `stars` (film id → 1..10), best first; ties by film id.

    Rated and `excluded` films never come back. Films to which the viewer's likes add nothing or less follow by
    popularity, so that a viewer without likes gets a list too.
    """
    numbers = {film: number for number, film in enumerate(model.films)}
    history = sorted((film, numbers[film]) for film, given in stars.items() if given >= LIKED and film in numbers)
    totals = [0] * len(model.films)
    for _, number in history:
        totals = [total + weight for total, weight in zip(totals, model.row(number), strict=True)]
    scores = [total * scale for total, scale in zip(totals, model.scales, strict=True)]
    barred = {numbers[film] for film in (*stars, *excluded) if film in numbers}
    order = sorted(
        (number for number in range(len(model.films)) if number not in barred),
        key=lambda number: (-max(scores[number], 0), -model.likes[number], model.films[number]),
    )
    return [_recommendation(model, stars, history, number, scores[number]) for number in order[:limit]]


def _recommendation(
    model: ItemModel, stars: Mapping[str, int], history: list[tuple[str, int]], number: int, score: int
) -> Recommendation:
    film, likes = model.films[number], model.likes[number]
    if score <= 0:
        return Recommendation(film, likes, "popularity", likes, ())
    scale = model.scales[number]
    reasons = [Reason(liked, stars[liked], model.row(row)[number] * scale) for liked, row in history]
    told = sorted((reason for reason in reasons if reason.adds), key=lambda reason: (-reason.adds, reason.film))
    return Recommendation(film, score, "taste", likes, tuple(told))
