"""The list that a viewer sees: a served model's scores, their wishes, rules, rights and readiness, in whole numbers.

Every part of a score is a number that this module adds, so that each film opens to the exact sum that made it, and the
same model, history, wishes and facts give the same list anywhere, bit for bit.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from cinepeer.recommend.ranking import Part, Ranked, explain, inputs_of, rank
from cinepeer.recommend.rules import UNKNOWN, Facts
from cinepeer.recommend.served import ServedModel
from cinepeer.recommend.wishes import Wishes

LESS = "less"
DIVERSITY = "diversity"
NOT_LICENSED = "not licensed here"
SPARE = 30  # how many more are ranked than are needed
POOL = 20  # times the length of the list: among so many films the diversity dial chooses
PEAK = 127

# `ranking.rank` without its model, or what answers like it in less time.
Ranker = Callable[..., list[Ranked]]


@dataclass(frozen=True, slots=True)
class Listed:
    """One film of the list. The `adds` of its `parts` sum to `score`, always.

    Channels of the parts: those of the model (`film`: the rated film that speaks), `popularity` (the dial's cost),
    `less` (a film like which fewer are wanted), `diversity` (the listed film that it is most like).
    """

    film: str
    score: int
    by: str
    likes: int
    parts: tuple[Part, ...]
    facts: Facts


@dataclass(frozen=True, slots=True)
class Shortlist:
    """The films, best first; `left_out`: how many each rule, the rights or a switch kept away."""

    films: tuple[Listed, ...]
    left_out: Mapping[str, int]


@dataclass(slots=True)
class _Candidate:
    number: int
    found: Ranked
    facts: Facts
    score: int
    parts: tuple[Part, ...]

    def key(self, cost: int, minds_readiness: bool) -> tuple[int, bool, int, int]:
        waits = minds_readiness and not self.facts.is_ready
        return (cost - self.score, waits, -self.found.likes, self.number)


def shortlist(
    model: ServedModel,
    stars: Mapping[str, int],
    times: Mapping[str, int] | None,
    wishes: Wishes,
    facts: Mapping[str, Facts],
    *,
    limit: int = 20,
    ranker: Ranker | None = None,
) -> Shortlist:
    """The `limit` best films for who gave `stars` (at `times`); films without `facts` are taken as `UNKNOWN`.

    Not licensed here: left out. Disputed: behind all that are not. Ties: ready first, then likes, then film id.
    Raises `BadInput` for wishes that cannot be.
    """
    left_out: Counter[str] = Counter()
    open_to_all = _all_that_matter(model, stars, times, wishes, facts, left_out, limit, ranker or _plain(model))
    minds_readiness = "readiness" not in wishes.off
    minds_disputes = "disputes" not in wishes.off
    groups: list[list[_Candidate]] = [[], []]
    for candidate in open_to_all:
        groups[minds_disputes and candidate.facts.is_disputed].append(candidate)
    chosen: list[tuple[_Candidate, tuple[Part, ...]]] = []
    picker = _Picker(model, wishes.diversity, minds_readiness)
    for group in groups:
        chosen.extend(picker.pick(group, limit - len(chosen)))
    history = _history(stars, wishes)
    listed = tuple(_listed(model, history, times, wishes, candidate, costs) for candidate, costs in chosen)
    return Shortlist(listed, dict(sorted(left_out.items())))


def refusal(film: str, stars: Mapping[str, int], wishes: Wishes, facts: Facts) -> str | None:
    """Why a film never comes into the list whatever its score, or None."""
    if film in stars:
        return "rated"
    if film in wishes.hidden:
        return "hidden"
    if facts.is_licensed is False:
        return NOT_LICENSED
    return next((told for rule in wishes.parsed_rules() if (told := rule.refusal(facts)) is not None), None)


def _history(stars: Mapping[str, int], wishes: Wishes) -> dict[str, int]:
    return {film: given for film, given in stars.items() if film not in wishes.forgotten}


def _all_that_matter(
    model: ServedModel,
    stars: Mapping[str, int],
    times: Mapping[str, int] | None,
    wishes: Wishes,
    facts: Mapping[str, Facts],
    left_out: Counter[str],
    limit: int,
    ranker: Ranker,
) -> list[_Candidate]:
    """The candidates that the list can be made of, in order; all of them where some are left out, to count those.

    Of the films beyond the last one that was ranked none has a higher score than it, and wishes only take off.
    """
    whole = len(model.films)
    needed = limit * (POOL if wishes.diversity else 1)
    is_counted = wishes.rules or "popularity" in wishes.off or any(one.is_licensed is False for one in facts.values())
    depth = whole if is_counted else min(2 * needed + SPARE, whole)
    while True:
        ranked = ranker(
            _history(stars, wishes),
            times,
            limit=depth,
            excluded=frozenset(stars) | wishes.hidden,
            dials=wishes.dials,
            against_popularity=wishes.against_popularity,
        )
        found = list(_candidates(model, ranked, wishes, facts, left_out))
        if depth >= whole or not ranked:
            return found
        sure = sum(one.score > ranked[-1].score and not one.facts.is_disputed for one in found)
        if sure >= needed:
            return found
        depth = min(depth * 8, whole)


def _candidates(
    model: ServedModel,
    ranked: list[Ranked],
    wishes: Wishes,
    facts: Mapping[str, Facts],
    left_out: Counter[str],
) -> Iterable[_Candidate]:
    """The films that may be listed, with their scores before the choice among like films."""
    less = _less(model, wishes)
    rules = wishes.parsed_rules()
    for found in ranked:
        told = facts.get(found.film, UNKNOWN)
        reason = next((said for rule in rules if (said := rule.refusal(told)) is not None), None)
        if told.is_licensed is False:
            reason = NOT_LICENSED
        elif reason is None and found.by == "popularity" and "popularity" in wishes.off:
            reason = "nothing of yours speaks of it"
        if reason is not None:
            left_out[reason] += 1
            continue
        number = bisect_left(model.films, found.film)
        parts = tuple(less.get(number, ()))
        yield _Candidate(number, found, told, found.score + sum(part.adds for part in parts), parts)


def _plain(model: ServedModel) -> Ranker:
    def ranker(*arguments: object, **named: object) -> list[Ranked]:
        return rank(model, *arguments, **named)  # type: ignore[arg-type]

    return ranker


def _less(model: ServedModel, wishes: Wishes) -> dict[int, list[Part]]:
    """What each film like which fewer are wanted takes off every film's score: what having liked it would add."""
    found: dict[int, list[Part]] = {}
    if LESS in wishes.off:
        return found
    for film in sorted(wishes.less):
        for channel, dial, inputs in inputs_of(model, {film: 10}, None, {"liked": 100}):
            for place, value in inputs:
                for number, weight in channel.row(place):
                    if weight > 0 and channel.scales[number]:
                        taken = Part(LESS, film, -dial * value * weight * channel.scales[number])
                        found.setdefault(number, []).append(taken)
    return found


class _Picker:
    """Chooses film by film: what is like one that was chosen costs it a share of the best score (MMR)."""

    def __init__(self, model: ServedModel, diversity: int, minds_readiness: bool) -> None:
        self._model = model
        self._diversity = diversity
        self._minds_readiness = minds_readiness
        self._near: dict[int, tuple[int, str]] = {}  # film number -> (weight, the chosen film that it is most like)

    def pick(self, group: list[_Candidate], limit: int) -> Iterable[tuple[_Candidate, tuple[Part, ...]]]:
        """At most `limit` of `group`, best first, with what diversity cost each."""
        order = sorted(group, key=lambda one: one.key(0, self._minds_readiness))
        if not self._diversity:
            yield from ((candidate, ()) for candidate in order[: max(limit, 0)])
            return
        pool = order[: max(limit, 0) * POOL]
        top = max((candidate.score for candidate in pool), default=0)
        for _ in range(min(limit, len(pool))):
            best = min(pool, key=lambda one: one.key(self._cost(one.number, top), self._minds_readiness))
            pool.remove(best)
            cost = self._cost(best.number, top)
            yield best, (Part(DIVERSITY, self._near[best.number][1], -cost),) if cost else ()
            self._take(best)

    def _cost(self, number: int, top: int) -> int:
        weight, _ = self._near.get(number, (0, ""))
        return self._diversity * max(top, 0) * weight // (100 * PEAK)

    def _take(self, chosen: _Candidate) -> None:
        for channel, _, inputs in inputs_of(self._model, {chosen.found.film: 10}, None, {"liked": 100}):
            for place, _ in inputs:
                for number, weight in channel.row(place):
                    if weight > self._near.get(number, (0, ""))[0]:
                        self._near[number] = (weight, chosen.found.film)


def _listed(
    model: ServedModel,
    history: Mapping[str, int],
    times: Mapping[str, int] | None,
    wishes: Wishes,
    candidate: _Candidate,
    costs: Collection[Part],
) -> Listed:
    """A chosen film with all parts of its score."""
    opened = explain(
        model,
        history,
        candidate.found.film,
        times,
        dials=wishes.dials,
        against_popularity=wishes.against_popularity,
    )
    parts = (*opened.parts, *candidate.parts, *costs)
    score = candidate.score + sum(part.adds for part in costs)
    assert sum(part.adds for part in parts) == score, "a score is the sum of its parts"
    return Listed(candidate.found.film, score, candidate.found.by, candidate.found.likes, parts, candidate.facts)
