"""Shrinking: from a scenario that fails, one that still fails in the same way and has less in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

from sim.run import run
from sim.scenario import Scenario, is_sound, without
from sim.world import BrokenLawError

MAX_TRIES = 600


def failure(scenario: Scenario) -> str | None:
    """What goes wrong, in short: the law that is broken, or the name of an error that a machine raised."""
    try:
        run(scenario)
    except BrokenLawError as error:
        return error.law
    except Exception as error:  # noqa: BLE001  whatever a machine raises is a finding, too
        return type(error).__name__
    return None


def shrink(scenario: Scenario, fails: Callable[[Scenario], str | None] = failure) -> Scenario:
    """The smallest scenario found by leaving out parts, as long as it fails in the same way."""
    wrong = fails(scenario)
    tries = 0
    grew = True
    while grew and tries < MAX_TRIES:
        grew = False
        for smaller in _smaller(scenario):
            if not is_sound(smaller):
                continue
            tries += 1
            if tries > MAX_TRIES:
                break
            if fails(smaller) == wrong:
                scenario, grew = smaller, True
                break
    return scenario


def _smaller(scenario: Scenario) -> Iterator[Scenario]:
    """Scenarios with less in them, those that lack most first."""
    for name in ("faults", "steps", "liars", "links", "scopes"):
        items = getattr(scenario, name)
        size = len(items)
        while size:
            for begin in range(0, len(items), size):
                yield _repaired(replace(scenario, **{name: without(items, begin, begin + size)}), name, begin)
            size //= 2
    if scenario.nodes > 1:
        for node in range(scenario.nodes - 1, -1, -1):
            yield _without_node(scenario, node)
    for calm in ({"loss": 0.0}, {"doubling": 0.0}, {"skews_ms": ()}, {"late": ()}, {"latency_ms": 1}):
        changed = replace(scenario, **calm)  # type: ignore[arg-type]
        if changed != scenario:
            yield changed


def _repaired(scenario: Scenario, name: str, begin: int) -> Scenario:
    """A scenario whose links fit its nodes again, after liars were left out."""
    if name != "liars":
        return scenario
    return replace(scenario, links=_links(scenario, scenario.nodes + begin))


def _links(scenario: Scenario, gone: int) -> tuple[tuple[int, int], ...]:
    count = scenario.nodes + len(scenario.liars)
    moved = {tuple(sorted(end - (end > gone) for end in link)) for link in scenario.links if gone not in link}
    return tuple(sorted((one, other) for one, other in moved if other < count))


def _without_node(scenario: Scenario, gone: int) -> Scenario:
    """Without one honest node; its neighbours become each other's, so that all still hang together."""
    near = sorted({end for link in scenario.links if gone in link for end in link} - {gone})
    bridged = replace(scenario, links=(*scenario.links, *pairwise(near)), nodes=scenario.nodes - 1)
    skews = without(scenario.skews_ms, gone, gone + 1)
    late = tuple(node - (node > gone) for node in scenario.late if node != gone)
    scopes = tuple((node - (node > gone), words) for node, words in scenario.scopes if node != gone)
    return replace(bridged, links=_links(bridged, gone), skews_ms=skews, late=late, scopes=scopes)
