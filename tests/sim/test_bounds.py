"""What others may cost a node: an author who floods, and peers who do their worst, cost what is bounded beforehand."""

from __future__ import annotations

import gc
import sys
from random import Random
from types import FunctionType, ModuleType

import pytest

from cinepeer.replication import gossip
from cinepeer.replication.machine import Limits
from sim import liars
from sim.liars import Liar
from sim.lives import Lives, Step
from sim.node import Node
from sim.scenario import line
from sim.world import Link, World

MAX_PEER_BYTES = 32 << 20
MAX_SENT_BYTES = 4 << 20  # in about two minutes
SETTLE_MS = 10_000
RECORD_MS = 1.0  # a slow machine, so that the flood is more than it can take


def built(nodes: int, kind: type[Liar] | None = None) -> tuple[World, list[Node]]:
    """Honest nodes in a row, the last one beside a liar of a kind; all have settled."""
    world = World(1)
    names = [f"n{number}" for number in range(nodes + (kind is not None))]
    for number, name in enumerate(names):
        if kind is not None and number == nodes:
            world.nodes[name] = kind(world, name, limits=Limits())
        else:
            world.nodes[name] = Node(world, name, limits=Limits(), watches=False)
        world.nodes[name].record_ms = RECORD_MS
    for one, other in line(len(names)):
        world.link(Link(names[one], names[other]))
    for node in world.nodes.values():
        node.start()
    world.run(SETTLE_MS)
    return world, [node for node in world.nodes.values() if node.is_honest]


def slowest_ms(*flooding: Step) -> float:
    """How long the slowest of ten honest ratings takes to the other end, while a stranger floods or nobody does."""
    world, nodes = built(3, Liar)
    ratings = Lives([Step(SETTLE_MS + 60 * number, 1, "rate", 0, 0, number) for number in range(10)])
    flood = Lives(flooding)
    many = list(flood.pairs.values())
    arrived: dict[bytes, float] = {}

    def look() -> None:
        for one in nodes[-1].disk.held:
            arrived.setdefault(bytes(one), world.now_ms)
        world.after(5, look)

    for birth in ratings.births:
        world.after(birth.at_ms - SETTLE_MS, lambda birth=birth: nodes[0].born(birth.pairs))  # type: ignore[misc]
    if flooding:  # about 4,000 records a second, for as long as the ratings come
        for number, message in enumerate(gossip.messages(many)):
            world.after(number * 25, lambda message=message: world.publish(world.nodes["n3"], message))  # type: ignore[misc]
    look()
    world.run(SETTLE_MS + 60_000)
    born = {bytes(birth.pairs[-1][0].id): birth.at_ms for birth in ratings.births}
    assert born.keys() <= arrived.keys()
    if flooding:
        assert all({record.id for record, _ in many} <= node.disk.held.keys() for node in nodes)
    return max(arrived[one] - at_ms for one, at_ms in born.items())


FLOODS = {
    "one chain": [Step(0, 2, "many", 0, 0, 40)],
    "forks of one record": [Step(0, 2, "rate", 0), Step(1, 2, "fork-many", 0, 0, 40)],
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flooding_author_delays_others_by_no_more_than_two_batches_at_each_node(flood: str) -> None:
    calm, flooded = slowest_ms(), slowest_ms(*FLOODS[flood])
    batch_ms = Limits().gossip_records * RECORD_MS
    print(f"{calm:.0f} ms when it is calm, {flooded:.0f} ms in a flood")
    assert calm <= 1_000
    assert flooded <= calm + 2 * (2 * batch_ms + 100), (calm, flooded)


def deep_bytes(thing: object) -> int:
    """What an object and all that hangs on it takes, generators under way among it; classes and modules left out."""
    seen: set[int] = set()
    left, total = [thing], 0
    while left:
        one = left.pop()
        if id(one) in seen or isinstance(one, type | ModuleType | FunctionType):
            continue
        seen.add(id(one))
        total += sys.getsizeof(one)
        left += gc.get_referents(one)
    return total


class Worst(liars.Asker):
    """Twenty thousand records that do not exist, others each time, and questions without end."""

    def __init__(self, *args, **named) -> None:  # type: ignore[no-untyped-def]
        super().__init__(*args, **named)
        self.disk = liars.PhantomDisk()
        self.disk.phantoms = 20_000


@pytest.mark.parametrize("kind", [Worst, liars.Huge, liars.Asker, liars.Babbler, liars.Forger])
def test_a_peer_costs_bounded_memory_whatever_it_does(kind: type[Liar]) -> None:
    world, nodes = built(2, kind)
    lives = Lives([Step(SETTLE_MS, 1, "many", 0, 0, 20)])
    nodes[0].born(lives.births[0].pairs)
    most = 0
    chance = Random(1)
    for _ in range(20):
        world.run(world.now_ms + chance.uniform(1, 12_000))
        most = max(most, deep_bytes(nodes[-1].machine) + nodes[-1].most_batch_bytes)
    spent = world.sent_bytes[nodes[-1].name, "n2"]
    assert spent <= MAX_SENT_BYTES, spent
    print(f"{kind.__name__}: {spent} bytes sent to it, {most / (1 << 20):.1f} MiB at most")
    assert most <= MAX_PEER_BYTES, most
    assert len(nodes[-1].disk.held) == len(lives.pairs)
