"""What would change it: the smallest set of own ratings without which a film is not in the list, tried by ranking."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import combinations

TRIES = 400

# The list (film ids) that comes out when the viewer's stars for some films say nothing.
Relist = Callable[[frozenset[str]], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """Without the stars for `films` the film is not listed. `is_smallest`: every smaller set was tried.

    `instead`: the film that is listed then and was not before, if there is one. `tries`: how often it was ranked anew.
    """

    films: tuple[str, ...]
    instead: str | None
    is_smallest: bool
    tries: int


def counterfactual(
    relist: Relist, film: str, speaking: Sequence[str], others: Collection[str] = (), *, tries: int = TRIES
) -> Counterfactual | None:
    """The smallest set of `speaking` (what adds most first) and `others` whose absence drops `film` from the list.

    None where even without all of them it stays, or where it is not in the list at all. At most about `tries` lists
    are made; where they do not reach for every smaller set, the greedy answer is pruned and told as not proved.
    """
    ranking = _Ranking(relist)
    whole = ranking.films(frozenset())
    everything = [*speaking, *(other for other in others if other not in set(speaking))]
    if film not in whole or not everything or film in ranking.films(frozenset(everything)):
        return None
    for size in range(1, len(everything) + 1):
        if ranking.tries + _ways(len(everything), size) > tries:
            break
        for removed in combinations(everything, size):
            if film not in ranking.films(frozenset(removed)):
                return ranking.told(removed, whole, is_smallest=True)
    return ranking.told(_pruned(ranking, film, everything), whole, is_smallest=False)


def _pruned(ranking: _Ranking, film: str, everything: Sequence[str]) -> tuple[str, ...]:
    """What adds most is taken away until the film goes; then whatever was taken in vain is given back."""
    removed: list[str] = []
    for one in everything:
        removed.append(one)
        if film not in ranking.films(frozenset(removed)):
            break
    for one in list(removed):
        fewer = frozenset(removed) - {one}
        if film not in ranking.films(fewer):
            removed.remove(one)
    return tuple(removed)


def _ways(count: int, size: int) -> int:
    ways = 1
    for place in range(size):
        ways = ways * (count - place) // (place + 1)
    return ways


class _Ranking:
    """Lists made so far, each once."""

    def __init__(self, relist: Relist) -> None:
        self._relist = relist
        self._known: dict[frozenset[str], tuple[str, ...]] = {}

    @property
    def tries(self) -> int:
        return len(self._known)

    def films(self, without: frozenset[str]) -> tuple[str, ...]:
        if without not in self._known:
            self._known[without] = tuple(self._relist(without))
        return self._known[without]

    def told(self, removed: Sequence[str], whole: Sequence[str], *, is_smallest: bool) -> Counterfactual:
        then = self.films(frozenset(removed))
        instead = next((film for film in then if film not in whole), None)
        return Counterfactual(tuple(removed), instead, is_smallest, self.tries)
