"""The list that a viewer sees: a served model's scores, their wishes, rules, rights and readiness, in whole numbers.

Every part of a score is a number that this module adds, so that each film opens to the exact sum that made it, and the
same model, history, wishes and facts give the same list anywhere, bit for bit.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from cinepeer.recommend.ranking import Input, Part, Ranked, inputs_of, opened, place_of, rank
from cinepeer.recommend.rules import UNKNOWN, Facts, Rule
from cinepeer.recommend.served import Channel, ServedModel
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
    refused = _refused(model, stars, wishes, facts, left_out)
    ask = _Ask(model, _history(stars, wishes), times, wishes, ranker or _plain(model), facts)
    open_to_all = _all_that_matter(ask, frozenset(stars) | wishes.hidden | refused, left_out, limit)
    minds_readiness = "readiness" not in wishes.off
    minds_disputes = "disputes" not in wishes.off
    groups: list[list[_Candidate]] = [[], []]
    for candidate in open_to_all:
        groups[minds_disputes and candidate.facts.is_disputed].append(candidate)
    chosen: list[tuple[_Candidate, tuple[Part, ...]]] = []
    picker = _Picker(model, wishes.diversity, minds_readiness)
    for group in groups:
        chosen.extend(picker.pick(group, limit - len(chosen)))
    inputs = inputs_of(model, ask.history, times, wishes.dials)
    listed = tuple(_listed(model, inputs, wishes, candidate, costs) for candidate, costs in chosen)
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


@dataclass(frozen=True, slots=True)
class _Ask:
    """What a list is made from, apart from which films may be in it."""

    model: ServedModel
    history: Mapping[str, int]
    times: Mapping[str, int] | None
    wishes: Wishes
    ranker: Ranker
    facts: Mapping[str, Facts]


def _refused(
    model: ServedModel,
    stars: Mapping[str, int],
    wishes: Wishes,
    facts: Mapping[str, Facts],
    left_out: Counter[str],
) -> set[str]:
    """The films that rules or rights keep out, each counted by its reason."""
    rules = wishes.parsed_rules()
    unknown = _reason(rules, UNKNOWN)
    films = model.films if unknown is not None else [one for one in facts if place_of(model.films, one) is not None]
    found = set()
    for film in films:
        told = facts.get(film)
        reason = unknown if told is None else _reason(rules, told)
        if reason is not None and film not in stars and film not in wishes.hidden:
            left_out[reason] += 1
            found.add(film)
    return found


def _reason(rules: Collection[Rule], facts: Facts) -> str | None:
    if facts.is_licensed is False:
        return NOT_LICENSED
    return next((said for rule in rules if (said := rule.refusal(facts)) is not None), None)


def _all_that_matter(ask: _Ask, barred: frozenset[str], left_out: Counter[str], limit: int) -> list[_Candidate]:
    """The candidates that the list can be made of, in order.

    Of the films beyond the last one that was ranked none has a higher score than it, and wishes only take off.
    """
    needed = limit * (POOL if ask.wishes.diversity else 1)
    spoken = _spoken(ask, barred, left_out) if "popularity" in ask.wishes.off else None
    whole = len(ask.model.films) if spoken is None else len(spoken)
    depth = min(2 * needed + SPARE, whole)
    while True:
        ranked = _ranked(ask, barred, depth) if spoken is None else spoken[:depth]
        found = list(_candidates(ask, ranked))
        if depth >= whole or not ranked:
            return found
        sure = sum(one.score > ranked[-1].score and not one.facts.is_disputed for one in found)
        if sure >= needed:
            return found
        depth = min(depth * 8, whole)


def _ranked(ask: _Ask, barred: frozenset[str], depth: int) -> list[Ranked]:
    return ask.ranker(
        ask.history,
        ask.times,
        limit=depth,
        excluded=barred,
        dials=ask.wishes.dials,
        against_popularity=ask.wishes.against_popularity,
    )


def _spoken(ask: _Ask, barred: frozenset[str], left_out: Counter[str]) -> list[Ranked]:
    """The films that something in the history speaks of; the others are counted."""
    ranked = _ranked(ask, barred, len(ask.model.films))
    found = [one for one in ranked if one.by != "popularity"]
    if len(found) < len(ranked):
        left_out["nothing of yours speaks of it"] += len(ranked) - len(found)
    return found


def _candidates(ask: _Ask, ranked: list[Ranked]) -> Iterable[_Candidate]:
    """The ranked films with their scores before the choice among like films."""
    less = _less(ask.model, ask.wishes)
    for found in ranked:
        number = bisect_left(ask.model.films, found.film)
        parts = tuple(_less_parts(less, number))
        score = found.score + sum(part.adds for part in parts)
        yield _Candidate(number, found, ask.facts.get(found.film, UNKNOWN), score, parts)


def _plain(model: ServedModel) -> Ranker:
    def ranker(*arguments: object, **named: object) -> list[Ranked]:
        return rank(model, *arguments, **named)  # type: ignore[arg-type]

    return ranker


def _less(model: ServedModel, wishes: Wishes) -> list[tuple[str, int, Channel, int]]:
    """(film like which fewer are wanted, what a weight of 1 takes off at a scale of 1, channel, place of its row)."""
    if LESS in wishes.off:
        return []
    found: list[tuple[str, int, Channel, int]] = []
    for film in sorted(wishes.less):
        for channel, dial, inputs in inputs_of(model, {film: 10}, None, {"liked": 100}):
            found.extend((film, dial * value, channel, place) for place, value in inputs)
    return found


def _less_parts(less: Collection[tuple[str, int, Channel, int]], number: int) -> Iterable[Part]:
    """What those films take off the score of film `number`: what having liked them would add."""
    for film, unit, channel, place in less:
        weight = channel.weight(place, number)
        if weight > 0 and channel.scales[number]:
            yield Part(LESS, film, -unit * weight * channel.scales[number])


class _Picker:
    """Chooses film by film: what is like one that was chosen costs it a share of the best score (MMR)."""

    def __init__(self, model: ServedModel, diversity: int, minds_readiness: bool) -> None:
        self._model = model
        self._diversity = diversity
        self._minds_readiness = minds_readiness
        self._chosen: list[str] = []
        self._near: dict[int, tuple[int, str]] = {}  # film number -> (weight, the chosen film that it is most like)

    def pick(self, group: list[_Candidate], limit: int) -> Iterable[tuple[_Candidate, tuple[Part, ...]]]:
        """At most `limit` of `group`, best first, with what diversity cost each."""
        order = sorted(group, key=lambda one: one.key(0, self._minds_readiness))
        if not self._diversity:
            yield from ((candidate, ()) for candidate in order[: max(limit, 0)])
            return
        pool = order[: max(limit, 0) * POOL]
        top = max((candidate.score for candidate in pool), default=0)
        for film in self._chosen:
            self._take(film, pool)
        for _ in range(min(limit, len(pool))):
            best = pool.pop(self._best(pool, top))
            cost = self._cost(best.number, top)
            yield best, (Part(DIVERSITY, self._near[best.number][1], -cost),) if cost else ()
            self._chosen.append(best.found.film)
            self._take(best.found.film, pool)

    def _best(self, pool: list[_Candidate], top: int) -> int:
        """Where the best one stands: the pool ascends by the keys that its films have without a cost."""
        found, least = 0, pool[0].key(self._cost(pool[0].number, top), self._minds_readiness)
        for place, one in enumerate(pool):
            if -one.score > least[0]:
                break  # nor can a cost make a later one better
            key = one.key(self._cost(one.number, top), self._minds_readiness)
            if key < least:
                found, least = place, key
        return found

    def _cost(self, number: int, top: int) -> int:
        weight, _ = self._near.get(number, (0, ""))
        return self._diversity * max(top, 0) * weight // (100 * PEAK)

    def _take(self, film: str, pool: list[_Candidate]) -> None:
        """Notes how like the chosen `film` those in the pool are."""
        for channel, _, inputs in inputs_of(self._model, {film: 10}, None, {"liked": 100}):
            for place, _ in inputs:
                for one in pool:
                    weight = channel.weight(place, one.number)
                    if weight > self._near.get(one.number, (0, ""))[0]:
                        self._near[one.number] = (weight, film)


def _listed(
    model: ServedModel, inputs: Sequence[Input], wishes: Wishes, candidate: _Candidate, costs: Collection[Part]
) -> Listed:
    """A chosen film with all parts of its score."""
    own = opened(model, inputs, candidate.found.film, wishes.against_popularity)
    parts = (*own.parts, *candidate.parts, *costs)
    score = candidate.score + sum(part.adds for part in costs)
    assert sum(part.adds for part in parts) == score, "a score is the sum of its parts"
    return Listed(candidate.found.film, score, candidate.found.by, candidate.found.likes, parts, candidate.facts)
