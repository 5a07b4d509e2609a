"""Recommendations for this home's author, each with the ratings that caused it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from cinepeer.app.fit import fit_apart
from cinepeer.app.library import Library
from cinepeer.recommend.model import LIKED, ItemModel, model_id, model_of, save
from cinepeer.recommend.serve import Reason, Recommendation, rank
from cinepeer.records.cid import Cid

SHOWN_NEIGHBOURS = 3


@dataclass(frozen=True, slots=True)
class Cause:
    """One own rating behind a recommendation: its record, what it adds, and authors who liked both films.

    `viewers` are (author, record of their rating of the viewer's film, record of their rating of this film).
    """

    reason: Reason
    record: Cid
    both: int
    viewers: tuple[tuple[Cid, Cid, Cid], ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """A recommendation opened to its causes; what they add is the score."""

    recommendation: Recommendation
    name: str | None
    causes: tuple[Cause, ...]


class Recommendations:
    """Holds the fitted model; own ratings count at once, other people's with the next fit."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._fitting = asyncio.Lock()
        self._fitted = -1
        self.model: ItemModel = model_of([], [], [], b"", 0)
        self.model_id = model_id(save(self.model))

    @property
    def is_current(self) -> bool:
        """Whether the model was fitted on every rating that counts now."""
        return self._fitted == self._library.ratings

    async def fit(self) -> None:
        """Fits anew when ratings came since the last fit."""
        async with self._fitting:
            if self.is_current:
                return
            ratings = self._library.ratings
            self.model, data = await fit_apart(self._library.counted)
            self.model_id = model_id(data)
            self._fitted = ratings

    def explain(self, author: Cid, limit: int = 20) -> list[Explained]:
        """The best films for `author` from the current model and the author's ratings as they stand now."""
        stars = self._library.counted.stars_of(author)
        return [self._explain(author, found) for found in rank(self.model, stars, limit=limit)]

    def _explain(self, author: Cid, found: Recommendation) -> Explained:
        film = self._library.catalogue.films.get(found.film)
        causes = tuple(self._cause(author, found.film, reason) for reason in found.reasons)
        return Explained(found, film.name if film else None, causes)

    def _cause(self, author: Cid, film: str, reason: Reason) -> Cause:
        counted = self._library.counted
        own = counted.given(author, reason.film)
        assert own is not None, "a reason names a film that the author rated"
        both = counted.likers(film, LIKED) & counted.likers(reason.film, LIKED) - {author}
        viewers = []
        for other in sorted(both)[:SHOWN_NEIGHBOURS]:
            theirs, that = counted.given(other, reason.film), counted.given(other, film)
            assert theirs is not None and that is not None, "a liker has a standing rating"
            viewers.append((other, theirs.record, that.record))
        return Cause(reason, own.record, len(both), tuple(viewers))
