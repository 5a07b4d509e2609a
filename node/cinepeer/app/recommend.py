"""Recommendations for this home's author: the model's life, the list, and every film of it opened to what made it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from heapq import nsmallest
from typing import Any, Protocol

from cinepeer.app.facts import FactBook, Ground, about_films
from cinepeer.app.film_names import FilmNames
from cinepeer.app.fit import Fitted, fit_apart
from cinepeer.app.history import History, history_of
from cinepeer.app.library import Library
from cinepeer.app.taste import Taste
from cinepeer.app.telling import shared_words, words_of
from cinepeer.errors import Absent, CinepeerError, Refused
from cinepeer.recommend.counterfactual import Counterfactual, counterfactual
from cinepeer.recommend.fast_ranking import FastRanking
from cinepeer.recommend.ranking import Part
from cinepeer.recommend.rules import UNKNOWN, Facts
from cinepeer.recommend.served import FIT, LIKED, ServedModel, load, save, served_id, served_of
from cinepeer.recommend.shortlist import Listed, Shortlist, refusal, shortlist
from cinepeer.recommend.wishes import Wishes, parse_wishes
from cinepeer.records.cid import Cid
from cinepeer.rights.territories import territory_bit
from cinepeer.trust.joined import JoinedRatings
from cinepeer.trust.rating_arrays import RatingArrays
from cinepeer.trust.same import Classes, Word

log = logging.getLogger("cinepeer.recommend")

SHOWN_NEIGHBOURS = 3
# A fit that took longer than this is not waited for again: the list goes on with the model that it has.
PATIENCE_S = 10.0
OWN_CHANNELS = ("liked", "disliked", "lately")
OF_FILMS = ("forgotten", "less", "hidden")  # wishes that name films


@dataclass(frozen=True, slots=True)
class Claim:
    """Ratings as someone else counted them, by the record that says so, shown until they are counted here: `label`."""

    record: Cid
    label: str
    arrays: RatingArrays


class ModelShelf(Protocol):
    """Where the fitted model lies over a restart."""

    def read(self) -> Fitted | None: ...
    def write(self, fitted: Fitted) -> None: ...


@dataclass(frozen=True, slots=True)
class Cause:
    """One part of a score: an own rating with its record (None: private or none), or what a dial or wish took off.

    `both` authors liked the two films; `viewers` are some of them, as (author, record of their rating of the viewer's
    film, record of their rating of this film). `shared`: what the films have in common by what is told of them.
    `rated_as`: the other id of the film under which the rating was given, if it was.
    """

    part: Part
    stars: int | None
    record: Cid | None
    both: int
    viewers: tuple[tuple[Cid, Cid, Cid], ...]
    shared: tuple[str, ...]
    rated_as: str | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """A recommendation opened to its causes; what they add is the score, exactly.

    `joined`: the words by which ratings under other ids count for this film.
    """

    listed: Listed
    name: str | None
    causes: tuple[Cause, ...]
    joined: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """One film asked about: its place in the list (from 1; None: not in it) and why, or why not.

    `reason` says why it is not there whatever its score; `needed` is the score of the last film that is listed.
    """

    film: str
    place: int | None
    explained: Explained | None
    reason: str | None
    needed: int | None
    counterfactual: Counterfactual | None


class Recommendations:
    """Holds the fitted model; own ratings count at once, other people's with the next fit."""

    def __init__(
        self,
        library: Library,
        taste: Taste,
        pins: Callable[[], Awaitable[set[Cid]]],
        ground: Callable[[str], Awaitable[Ground]],
        shelf: ModelShelf | None = None,
        patience_s: float = PATIENCE_S,
        claim: Callable[[], Claim | None] = lambda: None,
        owner: Cid | None = None,
    ) -> None:
        """`pins`: roots held whole here. `ground`: what decides about rights for a territory.

        `claim`: what to fit on while it has more ratings than are counted here. `owner`: whose `taste` this home keeps;
        None: everybody's.
        """
        self._owner = owner
        self._claim_now = claim
        self._claimed: Claim | None = None
        self._patience_s = patience_s
        self._library = library
        self.taste = taste
        self._pins = pins
        self._ground = ground
        self._facts = FactBook()
        self._names = FilmNames()
        self._classes = Classes()  # those of the model's films
        self._shelf = shelf
        self._fitting = asyncio.Lock()
        self._fitted = -1
        self._fitted_own: tuple[Cid | None, int] = (None, 0)
        self._fit_s = 0.0
        self._soon: asyncio.Task[None] | None = None
        self._take(Fitted(save(served_of([], [], 0, [])), b"", bytes(32), 0))

    @property
    def is_current(self) -> bool:
        """Whether the model was fitted as fits are made now, on every rating that counts or on what is claimed."""
        claim = self._claim()
        if claim is not None or self._claimed is not None:
            return _record(claim) == _record(self._claimed)
        return self._fitted == self._library.ratings and not self._is_of_another_fit and self._is_named_as_now

    @property
    def _is_named_as_now(self) -> bool:
        """Whether the same ids mean one film as when the model was fitted."""
        author = self._fitted_own[0]
        return author is None or self._classes == self.classes(author)

    @property
    def ratings(self) -> JoinedRatings:
        """The counted ratings by the names that the model's films have."""
        return JoinedRatings(self._library.counted, self._classes)

    def classes(self, author: Cid) -> Classes:
        """Which ids mean one film by the words that count for this home's owner, or else for `author`."""
        return self._names.now(self._library.catalogue, self._owner or author)

    @property
    def source(self) -> str | None:
        """Who computed what the model was fitted on, where that was not counted here."""
        return None if self._claimed is None else self._claimed.label

    def _claim(self) -> Claim | None:
        """What is claimed, while it is more than what is counted here."""
        found = self._claim_now()
        return found if found is not None and len(found.arrays) > len(self._library.counted.arrays()) else None

    def serves(self, author: Cid) -> bool:
        """Whether the model is as good for `author` as a new one: only own ratings of films that it knows came since.

        They count in the list without a fit; what they say to others comes with the next one.
        """
        whose, own = self._fitted_own
        if self._claimed is not None or self._claim() is not None:
            return whose == author and self.is_current
        since = self._library.ratings - self._fitted
        if whose != author or since != self._library.counted.records_of(author) - own or not self._is_named_as_now:
            return False
        return all(film in self._known for film in self.ratings.stars_of(author))

    async def refresh(self, author: Cid) -> None:
        """Fits anew where `author`'s list needs it, and otherwise soon, without being waited for."""
        if self.is_current and self._fitted_own[0] == author:
            return
        if not self.serves(author) and (self._fitted < 0 or self._fit_s <= self._patience_s):
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
            ratings, own = self._library.ratings, self._library.counted.records_of(author)
            if not self.is_current:
                begun = asyncio.get_running_loop().time()
                claim = self._claim()
                names = self.classes(author) if claim is None else Classes()
                counted = self._library.counted.arrays(names.names) if claim is None else claim.arrays
                if self._fitted >= 0 or not await self._takes_kept(counted.root):
                    told = words_of(self._library.catalogue, counted.films, names.names)
                    fitted = await fit_apart(counted, told)
                    if self._shelf is not None and claim is None:
                        await asyncio.to_thread(self._shelf.write, fitted)
                    self._take(fitted)
                self._claimed, self._classes = claim, names
                self._fit_s = asyncio.get_running_loop().time() - begun
            self._fitted, self._fitted_own = ratings, (author, own)

    async def _takes_kept(self, root: bytes) -> bool:
        """Takes up the model that an earlier run fitted on these very ratings, if it lies on the shelf; whether so."""
        found = None if self._shelf is None else await asyncio.to_thread(self._shelf.read)
        if found is None or found.root != root:
            return False
        try:
            self._take(found)
        except Refused as error:  # such as one of another version
            log.warning("recommend.model_unread reason=%s", error)
            return False
        return True

    def _take(self, fitted: Fitted) -> None:
        self.model: ServedModel = load(fitted.data)
        self.fitted = fitted
        self.model_id = served_id(fitted.data)
        self._is_of_another_fit = self.model.recipe.fit != FIT and bool(self.model.films)
        self.light_id = served_id(fitted.light) if fitted.light else None
        self._known = frozenset(self.model.films)
        self._fast = FastRanking(self.model)

    def model_bytes(self, model: Cid) -> bytes:
        """The bytes of the model, or of its light copy, by their id; raises `Absent`."""
        if model == self.model_id:
            return self.fitted.data
        if model == self.light_id:
            return self.fitted.light
        raise Absent(f"found no model {model} here, expected {self.model_id} or its light copy")

    async def fairness(self, sample: int) -> dict[str, Any]:
        """Whom the lists of a sample of authors favour, at several settings of the dial against popularity."""
        counted = self.ratings.arrays()
        about = about_films(self._library.catalogue)

        def measure() -> dict[str, Any]:
            from scipy.sparse import csr_array

            from cinepeer.recommend.fairness import report

            stars = csr_array((counted.stars, counted.film, counted.starts), shape=counted.shape)
            return report(self.model, stars, counted.films, about, sample=sample)

        return await asyncio.to_thread(measure)

    # What the list is made of

    def wish(self, told: Mapping[str, object]) -> Wishes:
        """The kept wishes with what `told` names otherwise; raises `BadInput`."""
        if told.get("territory"):
            territory_bit(str(told["territory"]).upper())
        return parse_wishes(told, self.taste.wishes)

    def change(self, told: Mapping[str, object]) -> Wishes:
        """Takes up wishes for every list from now on; raises `BadInput`, and then nothing is changed."""
        self.taste.change(self.wish(told))
        return self.taste.wishes

    def history(self, author: Cid) -> History:
        """The author's counted stars, and of its owner where they said nothing those that only this home knows."""
        private = self.taste.private if self._owner in (None, author) else {}
        return history_of(self.ratings, author, private)

    def named(self, wishes: Wishes) -> Wishes:
        """Wishes with the films that they speak of by their one name."""
        said = {kind: frozenset(map(self._classes.name, getattr(wishes, kind))) for kind in OF_FILMS}
        return replace(wishes, **said) if self._classes.names else wishes

    async def facts(self, author: Cid, wishes: Wishes) -> dict[str, Facts]:
        """What is known of films now; where the ledger is away, nothing of their rights."""
        try:
            ground = await self._ground(wishes.territory) if self._library.catalogue.films else None
        except (CinepeerError, Refused) as error:
            log.info("recommend.rights_unknown reason=%s", error)
            ground = None
        return self._facts.facts(self._library.catalogue, self.history(author).stars, await self._pins(), ground)

    # The list, and what is in it

    async def best(self, author: Cid, wishes: Wishes, limit: int = 20) -> tuple[list[Explained], Shortlist]:
        """The best films for `author` by `wishes`, from the model and the ratings as they stand now."""
        wishes = self.named(wishes)
        history, facts = self.history(author), await self.facts(author, wishes)
        found = self._shortlist(history, wishes, facts, limit)
        return self._explained(author, history, found.films), found

    async def open(self, author: Cid, film: str, wishes: Wishes, limit: int = 20) -> Opened:
        """Why a film is in the list, or why it is not, and the smallest set of own ratings that keeps it there."""
        film, wishes = self._classes.name(film), self.named(wishes)
        history, facts = self.history(author), await self.facts(author, wishes)
        found = self._shortlist(history, wishes, facts, limit)
        places = {listed.film: place for place, listed in enumerate(found.films, 1)}
        needed = found.films[-1].score if len(found.films) == limit else None
        if film in places:
            [explained] = self._explained(author, history, [found.films[places[film] - 1]])
            change = await asyncio.to_thread(self._counterfactual, history, wishes, facts, limit, explained)
            return Opened(film, places[film], explained, None, needed, change)
        reason = refusal(film, history.stars, wishes, facts.get(film, UNKNOWN))
        if reason is None and film not in self._known:
            reason = "nobody's ratings tell anything of it yet"
        if reason is not None:
            return Opened(film, None, None, reason, needed, None)
        whole = self._shortlist(history, replace(wishes, diversity=0), facts, len(self.model.films))
        listed = next((one for one in whole.films if one.film == film), None)
        below = None if listed is None else self._explained(author, history, [listed])[0]
        reason = "nothing of yours speaks of it" if listed is None else "its score is below the last one listed"
        return Opened(film, None, below, reason, needed, None)

    def _shortlist(self, history: History, wishes: Wishes, facts: Mapping[str, Facts], limit: int) -> Shortlist:
        return shortlist(self.model, history.stars, history.times, wishes, facts, limit=limit, ranker=self._fast.rank)

    def _counterfactual(
        self, history: History, wishes: Wishes, facts: Mapping[str, Facts], limit: int, explained: Explained
    ) -> Counterfactual | None:
        def relist(without: frozenset[str]) -> Sequence[str]:
            fewer = replace(wishes, forgotten=wishes.forgotten | without)
            return [one.film for one in self._shortlist(history, fewer, facts, limit).films]

        own = [cause.part for cause in explained.causes if cause.part.channel.split(".")[0] in OWN_CHANNELS]
        helping = list(dict.fromkeys(part.film for part in own if part.adds > 0))
        return counterfactual(relist, explained.listed.film, helping)

    def _explained(self, author: Cid, history: History, films: Sequence[Listed]) -> list[Explained]:
        """Listed films with their names and what caused them."""
        published = self._library.catalogue.films
        named = self._facts.titles(
            self._library.catalogue, {listed.film for listed in films if listed.film not in published}
        )
        likers = cache(lambda film: self.ratings.likers(film, LIKED))  # of a film, for all its causes
        found = []
        for listed in films:
            name = published[listed.film].name if listed.film in published else named.get(listed.film)
            causes = tuple(self._cause(author, history, listed.film, part, likers) for part in listed.parts)
            found.append(Explained(listed, name, causes, self._classes.words.get(listed.film, ())))
        return found

    def _cause(self, author: Cid, history: History, film: str, part: Part, likers: Callable[[str], set[Cid]]) -> Cause:
        shared = tuple(shared_words(self._library.catalogue, film, part.film)) if part.film != film else ()
        if part.channel.split(".")[0] not in OWN_CHANNELS:
            return Cause(part, None, None, 0, (), shared)
        stars, record = history.stars[part.film], history.records.get(part.film)
        rated_as = history.others.get(part.film)
        if stars < LIKED:
            return Cause(part, stars, record, 0, (), shared, rated_as)
        counted = self.ratings
        both = likers(film) & likers(part.film) - {author}
        viewers = []
        for other in nsmallest(SHOWN_NEIGHBOURS, both):
            theirs, that = counted.given(other, part.film), counted.given(other, film)
            assert theirs is not None and that is not None, "a liker has a standing rating"
            viewers.append((other, theirs.record, that.record))
        return Cause(part, stars, record, len(both), tuple(viewers), shared, rated_as)


def _record(claim: Claim | None) -> Cid | None:
    return None if claim is None else claim.record
