"""Scenarios: plain data that says everything of a run but what follows from it. One number draws one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Any

from sim.liars import KINDS
from sim.lives import FALSE, FLOODS, Step, draw_steps

FAULTS = (
    "crash", "crash-before", "crash-after", "freeze", "partition", "cut", "slow", "disk-full", "forget", "want",
    "clock", "checkpoint", "evict", "island",
)  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """From `at_ms` on for `length_ms` something is wrong with node or link `who`; `other` says what exactly."""

    at_ms: int
    what: str
    who: int
    length_ms: int
    other: int = 0


@dataclass(frozen=True)
class Scenario:
    """Honest nodes 0 to `nodes` - 1, then `liars` by kind; steps and faults up to `span_ms`, then all is whole."""

    seed: int
    nodes: int
    links: tuple[tuple[int, int], ...]
    liars: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    faults: tuple[Fault, ...] = ()
    span_ms: int = 60_000
    latency_ms: float = 20
    loss: float = 0.0
    doubling: float = 0.0
    bytes_per_ms: float = 2_000
    skews_ms: tuple[int, ...] = ()
    scopes: tuple[tuple[int, str], ...] = ()  # honest nodes that hold a part: "authors 0 2", "films 3", "since 9000"
    late: tuple[int, ...] = ()  # honest nodes that are there only from `span_ms` on

    @property
    def size(self) -> int:
        """How much there is to look at; shrinking makes it less."""
        parts = (self.liars, self.steps, self.faults, self.links, self.skews_ms, self.late, self.scopes)
        return 3 * self.nodes + sum(map(len, parts)) + (self.loss > 0) + (self.doubling > 0)

    def text(self) -> str:
        """The scenario as JSON."""
        return json.dumps(asdict(self), indent=1)


def parse(text: str) -> Scenario:
    """Reads what `text` wrote."""
    found: dict[str, Any] = json.loads(text)
    found["steps"] = tuple(Step(**one) for one in found["steps"])
    found["faults"] = tuple(Fault(**one) for one in found["faults"])
    found["links"] = tuple((one, other) for one, other in found["links"])
    found["scopes"] = tuple((node, words) for node, words in found.get("scopes", ()))
    return Scenario(**{name: tuple(its) if isinstance(its, list) else its for name, its in found.items()})


def draw(seed: int) -> Scenario:
    """The scenario of a seed: some calm, some wild."""
    chance = Random(seed)
    nodes = chance.choice((2, 2, 3, 3, 4, 5, 6, 8))
    liars = tuple(chance.choice(sorted(KINDS)) for _ in range(chance.choice((0, 0, 1, 1, 2))))
    span_ms = chance.choice((10_000, 60_000, 300_000))
    steps = draw_steps(
        chance, chance.randrange(5, 50), authors=chance.randrange(1, 5), nodes=nodes, span_ms=span_ms, twisted=0.15
    )
    if liars:
        steps += _lies(chance, nodes, len(liars), span_ms)
    faults = sorted((_fault(chance, nodes, span_ms) for _ in range(chance.randrange(7))), key=lambda one: one.at_ms)
    links = _links(chance, nodes, len(liars))
    return Scenario(
        seed,
        nodes,
        links,
        liars,
        tuple(steps),
        tuple(faults),
        span_ms,
        latency_ms=chance.choice((1, 20, 100, 400)),
        loss=chance.choice((0.0, 0.0, 0.01, 0.1, 0.3)),
        doubling=chance.choice((0.0, 0.1, 0.5)),
        bytes_per_ms=chance.choice((20, 2_000, 50_000)),
        skews_ms=tuple(chance.randrange(-300_000, 300_000) for _ in range(nodes)) if chance.random() < 0.3 else (),
        late=(nodes - 1,) if nodes > 2 and chance.random() < 0.3 else (),
        scopes=_scopes(chance, nodes, links, span_ms) if nodes > 2 and chance.random() < 0.4 else (),
    )


def draw_wild(seed: int) -> Scenario:
    """A scenario with more of everything: up to ten honest nodes, four liars, two dozen faults."""
    chance = Random(seed)
    calm = draw(seed)
    nodes, span_ms = chance.randrange(4, 11), chance.choice((30_000, 200_000))
    liars = tuple(chance.choice(sorted(KINDS)) for _ in range(chance.randrange(5)))
    steps = draw_steps(
        chance, chance.randrange(40, 120), authors=6, nodes=nodes, span_ms=span_ms, twisted=chance.choice((0.1, 0.4))
    )
    for _ in liars:
        steps += _lies(chance, nodes, len(liars), span_ms)
    faults = [_fault(chance, nodes, span_ms) for _ in range(chance.randrange(5, 25))]
    links = _links(chance, nodes, len(liars))
    steps += _floods(Random(f"floods {seed}"), nodes, span_ms)
    return replace(
        calm,
        nodes=nodes,
        links=links,
        liars=liars,
        steps=tuple(steps),
        faults=tuple(sorted(faults, key=lambda one: one.at_ms)),
        span_ms=span_ms,
        skews_ms=(),
        late=(),
        scopes=_scopes(chance, nodes, links, span_ms) if chance.random() < 0.5 else (),
    )


def _links(chance: Random, nodes: int, liars: int) -> tuple[tuple[int, int], ...]:
    """A tree of honest nodes, so that no liar parts them, some links more, and each liar beside one or two."""
    links = {(chance.randrange(node), node) for node in range(1, nodes)}
    for _ in range(chance.randrange(nodes)):
        one, other = sorted(chance.sample(range(nodes), 2))
        links.add((one, other))
    for liar in range(nodes, nodes + liars):
        links |= {(one, liar) for one in chance.sample(range(nodes), min(nodes, chance.randrange(1, 4)))}
    return tuple(sorted(links))


def _scopes(
    chance: Random, nodes: int, links: tuple[tuple[int, int], ...], span_ms: int
) -> tuple[tuple[int, str], ...]:
    """One or two nodes that hold a part; the others hang together without them."""
    found: tuple[tuple[int, str], ...] = ()
    for node in chance.sample(range(nodes), 2):
        words = chance.choice(
            (
                f"authors {chance.randrange(4)} {chance.randrange(4)}",
                f"films {1 + chance.randrange(9)} {1 + chance.randrange(9)}",
                f"since {chance.randrange(span_ms)}",
                f"until {chance.randrange(span_ms)}",
            )
        )
        if are_joined({*range(nodes)} - {one for one, _ in found} - {node}, links):
            found = tuple(sorted((*found, (node, words))))
    return found if all(_has_whole_neighbour(node, nodes, links, found) for node, _ in found) else ()


def _has_whole_neighbour(
    node: int, nodes: int, links: tuple[tuple[int, int], ...], scopes: tuple[tuple[int, str], ...]
) -> bool:
    parts = {one for one, _ in scopes}
    near = {end for link in links if node in link for end in link} - {node}
    return any(one < nodes and one not in parts for one in near)


def are_joined(nodes: set[int], links: tuple[tuple[int, int], ...]) -> bool:
    """Whether these nodes hang together by the links among them."""
    found = {min(nodes)} if nodes else set()
    for _ in nodes:
        for link in links:
            if nodes.issuperset(link) and not found.isdisjoint(link):
                found |= {*link}
    return found == nodes and bool(nodes)


def is_sound(scenario: Scenario) -> bool:
    """Whether all honest nodes can heal: those that hold everything hang together without liars, the others at them."""
    whole = {*range(scenario.nodes)} - {node for node, _ in scenario.scopes}
    return are_joined(whole, scenario.links) and all(
        _has_whole_neighbour(node, scenario.nodes, scenario.links, scenario.scopes) for node, _ in scenario.scopes
    )


def _lies(chance: Random, nodes: int, liars: int, span_ms: int) -> list[Step]:
    lies = []
    for _ in range(chance.randrange(6)):
        where, what = nodes + chance.randrange(liars), chance.choice(FALSE)
        lies.append(Step(chance.randrange(span_ms), chance.randrange(4), what, where, *chance.choices(range(8), k=2)))
    return lies


def _floods(chance: Random, nodes: int, span_ms: int) -> list[Step]:
    """None to two floods, each of an author whom others know."""
    return [
        Step(chance.randrange(span_ms), chance.randrange(6), chance.choice(FLOODS), chance.randrange(nodes), 0, other)
        for other in chance.choices(range(8), k=chance.randrange(3))
    ]


def _fault(chance: Random, nodes: int, span_ms: int) -> Fault:
    at_ms = chance.randrange(span_ms)
    length_ms = chance.randrange(1, span_ms)
    return Fault(at_ms, chance.choice(FAULTS), chance.randrange(nodes), length_ms, chance.randrange(1 << 10))


def line(count: int) -> tuple[tuple[int, int], ...]:
    """Links from each node to the next."""
    return tuple((node, node + 1) for node in range(count - 1))


def meshed(chance: Random, count: int, degree: int) -> tuple[tuple[int, int], ...]:
    """A ring, so that all hang together, and random links up to about `degree` for each node."""
    links = {tuple(sorted((node, (node + 1) % count))) for node in range(count) if count > 1}
    while len(links) < min(count * degree // 2, count * (count - 1) // 2):
        one, other = sorted(chance.sample(range(count), 2))
        links.add((one, other))
    return tuple(sorted((one, other) for one, other in links))


def without(items: Sequence[Any], begin: int, end: int) -> tuple[Any, ...]:
    """All but some of them."""
    return (*items[:begin], *items[end:])
