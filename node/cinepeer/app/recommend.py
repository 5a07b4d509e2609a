"""Recommendations for this home's author, each with the ratings that caused it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from cinepeer.app.fit import fit_apart
from cinepeer.app.library import Library
from cinepeer.recommend.model import LIKED, ItemModel, model_id, model_of, save
from cinepeer.recommend.serve import Reason, Recommendation, rank
from cinepeer.records.cid import Cid

log = logging.getLogger("cinepeer.recommend")

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
        self._fitted_own: tuple[Cid | None, int] = (None, 0)
        self._soon: asyncio.Task[None] | None = None
        self.model: ItemModel = model_of([], [], [], b"", 0)
        self.model_id = model_id(save(self.model))

    @property
    def is_current(self) -> bool:
        """Whether the model was fitted on every rating that counts now."""
        return self._fitted == self._library.ratings

    def serves(self, author: Cid) -> bool:
        """Whether the model is as good for `author` as a new one: only own ratings of films that it knows came since.

        They count in the list without a fit; what they say to others comes with the next one.
        """
        whose, own = self._fitted_own
        since = self._library.ratings - self._fitted
        if whose != author or since != self._library.counted.records_of(author) - own:
            return False
        known = set(self.model.films)
        return all(film in known for film in self._library.counted.stars_of(author))

    async def refresh(self, author: Cid) -> None:
        """Fits anew where `author`'s list needs it, and otherwise soon, without being waited for."""
        if not self.serves(author):
            await self.fit(author)
        elif not self.is_current and (self._soon is None or self._soon.done()):
            self._soon = asyncio.create_task(self._fit_quietly(author), name="fit")

    async def _fit_quietly(self, author: Cid) -> None:
        try:
            await self.fit(author)
        except Exception:  # a task's edge: the list goes on with the model that it has
            log.exception("recommend.fit_failed")

    async def fit(self, author: Cid) -> None:
        """Fits anew when ratings came since the last fit; `author` is whose list it will serve."""
        async with self._fitting:
            if self.is_current:
                return
            ratings, own = self._library.ratings, self._library.counted.records_of(author)
            self.model, data = await fit_apart(self._library.counted.arrays())
            self.model_id = model_id(data)
            self._fitted, self._fitted_own = ratings, (author, own)

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
