"""How long it takes until every node of a large network holds what a few of them signed, in virtual time."""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass
from random import Random

from cinepeer.replication.machine import Limits
from sim.lives import Lives, Step
from sim.node import Node
from sim.scenario import meshed
from sim.world import Link, World

DEGREE = 6
SETTLE_MS = 30_000
LOOK_EACH_MS = 20
LONGEST_MS = 3_600_000


@dataclass(frozen=True)
class Convergence:
    """When half of the nodes, 99 in 100 of them and all held everything, ms after the last record; and what it cost.

    `path_ms` is what the shortest way to the farthest node takes without any loss, `sent_bytes` what one node sent on
    average from the first record on, `computed_s` what the run took on this machine.
    """

    nodes: int
    loss: float
    records: int
    half_ms: float
    most_ms: float
    all_ms: float
    path_ms: float
    sent_bytes: float
    computed_s: float


def converge(
    nodes: int, loss: float, *, records: int = 20, seed: int = 0, latency_ms: float = 50, spread_ms: int = 2_000
) -> Convergence:
    """Lets `nodes` nodes with about six neighbours each settle; then three authors on three nodes sign `records`.

    Every link loses a share `loss` of gossip messages, and of the packets of streams, which come again.
    """
    began_s = time.perf_counter()
    world, chance = World(seed), Random(seed)
    names = [f"n{number:05}" for number in range(nodes)]
    for name in names:
        world.nodes[name] = Node(world, name, limits=Limits(), watches=False)
    for one, other in meshed(chance, nodes, DEGREE):
        world.link(Link(names[one], names[other], latency_ms * chance.uniform(0.4, 1.6), loss))
    for node in world.nodes.values():
        world.after(world.chance.uniform(0, 5_000), node.start)
    steps = [
        Step(SETTLE_MS + chance.randrange(spread_ms), one % 3, "rate", one % 3, one, one) for one in range(records)
    ]
    lives = Lives(steps)
    homes = chance.sample(names, min(3, nodes))
    for birth in lives.births:
        home = world.nodes[homes[birth.where % len(homes)]]
        world.after(birth.at_ms, lambda birth=birth, home=home: home.born(birth.pairs))  # type: ignore[misc]
    world.run(SETTLE_MS)
    settled_bytes = sum(world.sent_bytes.values())
    last_ms = max(birth.at_ms for birth in lives.births)
    reached = [at_ms - last_ms for at_ms in _watch(world, len(lives.pairs))]
    path_ms = max(_farthest_ms(world, home) for home in homes)
    sent_bytes = (sum(world.sent_bytes.values()) - settled_bytes) / nodes
    return Convergence(nodes, loss, len(lives.pairs), *reached, path_ms, sent_bytes, time.perf_counter() - began_s)


def _watch(world: World, total: int) -> tuple[float, float, float]:
    """At which times half, 99 in 100 and all of the nodes hold `total` records; infinity for never."""
    shares = [0.5, 0.99, 1.0]
    found: list[float] = []
    while len(found) < len(shares) and world.now_ms < SETTLE_MS + LONGEST_MS:
        world.run(world.now_ms + LOOK_EACH_MS)
        whole = sum(len(node.disk.held) == total for node in world.nodes.values()) / len(world.nodes)
        while len(found) < len(shares) and whole >= shares[len(found)]:
            found.append(world.now_ms)
    found += [float("inf")] * (len(shares) - len(found))
    return found[0], found[1], found[2]


def _farthest_ms(world: World, home: str) -> float:
    """How long the shortest ways from a node take, the longest of them."""
    found: dict[str, float] = {}
    left = [(0.0, home)]
    while left:
        at_ms, name = heapq.heappop(left)
        if name not in found:
            found[name] = at_ms
            for link in world.links_of(name):
                heapq.heappush(left, (at_ms + link.latency_ms, link.far(name)))
    return max(found.values())
