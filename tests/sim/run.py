"""Running a scenario: what is born and what goes wrong up to the span, then healing, then the laws."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from cinepeer.records.cid import Cid
from cinepeer.records.record import Record
from cinepeer.replication.budget import keep_bytes
from cinepeer.replication.events import Wanted
from cinepeer.replication.machine import Limits
from cinepeer.replication.scope import EVERYTHING, Scope
from sim import laws
from sim.checkpoints import Checkpoint, make_checkpoint, verify_checkpoints
from sim.liars import KINDS
from sim.lives import Birth, Lives, author_id
from sim.node import MARK_BYTES, Node
from sim.oracle import Facts
from sim.scenario import Fault, Scenario
from sim.world import KEEPALIVE_MS, BrokenLawError, Link, World
from vectors.people import BORN_MS

LOOK_EACH_MS = 2_000
# Within this after the last fault all must be the same, over whatever links and however many nodes in a row.
HEAL_MS = 1_800_000


@dataclass
class Report:
    """What a run showed: how long healing took, and what machines went through."""

    healed_ms: float = 0.0
    states: Counter[tuple[str, ...]] = field(default_factory=Counter)
    reached: Counter[str] = field(default_factory=Counter)
    sent_bytes: int = 0
    records: int = 0


class Run:
    """One scenario on its way."""

    def __init__(self, scenario: Scenario, limits: Limits | None = None) -> None:
        self.scenario = scenario
        self.world = World(scenario.seed)
        self.lives = Lives(scenario.steps)
        self.wanted: dict[int, tuple[Node, int]] = {}
        self.born: set[bytes] = set()  # on honest nodes
        self.checkpoints: list[Checkpoint] = []
        limits = limits or Limits()
        skews = (*scenario.skews_ms, *[0] * scenario.nodes)
        for number in range(scenario.nodes):
            name = f"n{number}"
            scope = scope_of(dict(scenario.scopes).get(number, ""))
            self.world.nodes[name] = Node(self.world, name, scope=scope, skew_ms=skews[number], limits=limits)
        for number, kind in enumerate(scenario.liars, scenario.nodes):
            self.world.nodes[f"n{number}"] = KINDS[kind](self.world, f"n{number}", limits=limits)
        self.names = list(self.world.nodes)
        self.honest = [self.world.nodes[f"n{number}"] for number in range(scenario.nodes)]
        marks: dict[bytes, list[Record]] = defaultdict(list)
        for record, _ in self.lives.pairs.values():
            marks[record.block[:MARK_BYTES]].append(record)
        for node in self.honest:
            node.marks = marks
        for one, other in scenario.links:
            quality = (scenario.latency_ms, scenario.loss, scenario.doubling, scenario.bytes_per_ms)
            self.world.link(Link(self.names[one], self.names[other], *quality))

    def go(self) -> Report:
        """Runs to the end; raises `BrokenLawError`, or whatever a machine raised."""
        world, span_ms = self.world, self.scenario.span_ms
        for number, node in enumerate(world.nodes.values()):
            begin_ms = span_ms if number in self.scenario.late else world.chance.uniform(0, 2_000)
            world.after(begin_ms, node.start)
        for birth in self.lives.births:
            world.after(birth.at_ms, lambda birth=birth: self._bear(birth))  # type: ignore[misc]
        for fault in self.scenario.faults:
            world.after(fault.at_ms, lambda fault=fault: self._begin(fault))  # type: ignore[misc]
        world.run(span_ms + 3_000)
        healed_ms = self._heal()
        self._verify()
        sent_bytes = sum(size for (name, _), size in world.sent_bytes.items() if world.nodes[name].is_honest)
        return Report(healed_ms, world.states, world.reached, sent_bytes, len(self.honest[0].disk.held))

    def _bear(self, birth: Birth) -> None:
        count = self.scenario.nodes
        if birth.is_false and not self.scenario.liars:
            return
        if birth.is_false:
            number = count + birth.where % len(self.scenario.liars)
        else:
            parts = {node for node, _ in self.scenario.scopes}
            homes = [node for node in range(count) if node not in parts]  # who signs holds everything
            number = homes[birth.where % len(homes)]
        node = self.world.nodes[self.names[number]]
        # What could not be signed before is signed now.
        is_late = self.world.now_ms >= self.scenario.span_ms + 2_000
        if (node.is_up and not node.is_full) or is_late:
            node.born(birth.pairs)
            self.born |= set() if birth.is_false else {bytes(record.id) for record, _ in birth.pairs}
        else:
            self.world.after(500, lambda: self._bear(birth))

    # Faults

    def _begin(self, fault: Fault) -> None:
        world = self.world
        node = self.honest[fault.who % len(self.honest)]
        world.reached[f"fault: {fault.what}"] += 1
        length_ms = min(fault.length_ms, max(self.scenario.span_ms - world.now_ms, 0))
        match fault.what:
            case "crash" if node.is_up:
                node.crash()
                world.after(length_ms, lambda: node.is_up or node.start())
            case "crash-before" | "crash-after":
                node.crashes_at = fault.what.removeprefix("crash-")
            case "freeze" if node.is_awake:
                self._freeze(node, length_ms)
            case "partition":
                self._part(fault.other, length_ms)
            case "island":
                self._part(1 << self.names.index(node.name), length_ms)
            case "cut":
                link = list(world.links.values())[fault.other % len(world.links)] if world.links else None
                if link is not None:
                    world.disconnect(link, 1_000)
            case "slow":
                node.disk_ms = 2_000
                world.after(length_ms, lambda: setattr(node, "disk_ms", 2.0))
            case "disk-full":
                node.is_full = True
                world.after(length_ms, lambda: setattr(node, "is_full", False))
            case "forget" if node.disk.held:
                node.disk.forget(list(node.disk.held)[fault.other % len(node.disk.held)])
            case "checkpoint" if node.disk.held:
                made = make_checkpoint(node, int(world.now_ms))
                self.checkpoints += [made] if made else []
            case "evict":
                self._evict(node, fault.other)
            case "want" if node.is_up:
                self._want(node, fault.other)
            case "clock":
                node.skew_ms += (fault.other - 512) * 500

    def _freeze(self, node: Node, length_ms: float) -> None:
        node.freeze()
        life = node.life
        for link in self.world.links_of(node.name):
            notice = self.world.chance.uniform(0, KEEPALIVE_MS)
            epoch = link.epoch
            self.world.after(
                notice,
                lambda link=link, epoch=epoch: (  # type: ignore[misc]
                    node.is_frozen and node.life == life and link.epoch == epoch and self.world.disconnect(link, 100)
                ),
            )
        self.world.after(length_ms, lambda: node.is_frozen and node.life == life and node.thaw())

    def _part(self, groups: int, length_ms: float) -> None:
        """Cuts the cables between two groups of nodes, silently or not."""
        sides = {name: groups >> number & 1 for number, name in enumerate(self.names)}
        cut = [link for link in self.world.links.values() if sides[link.one] != sides[link.other]]
        for link in cut:
            link.is_up = False
            self.world.disconnect(link, KEEPALIVE_MS if groups & 1 else 50)
        self.world.after(length_ms, lambda: self._join(cut))

    def _join(self, cut: list[Link]) -> None:
        for link in cut:
            link.is_up = True
            self.world.reconnect_soon(link)

    def _evict(self, node: Node, other: int) -> None:
        """Strangers beyond a cap lose bodies by the real rule; who is vouched for loses none, nobody a header."""
        sizes: dict[Cid, tuple[int, int]] = {}
        for record, body in node.disk.held.values():
            stays, goes = sizes.get(record.author, (0, 0))
            may_go = len(body) if body is not None and record.kind == "rating" else 0
            sizes[record.author] = (stays + len(record.block), goes + may_go)
        vouched = author_id(other % 4)
        strangers = {author: its for author, its in sizes.items() if author != vouched}
        cap_bytes = sum(stays for stays, _ in strangers.values()) + other
        bodies = {one for one, (record, body) in node.disk.held.items() if body and record.author == vouched}
        self.world.reached["bodies evicted"] += node.disk.evict(keep_bytes(strangers, cap_bytes))
        if any(node.disk.held[one][1] is None for one in bodies):
            raise BrokenLawError("2 held", f"{node.name} let go of what is vouched for")
        left = sum(len(body) for record, body in node.disk.held.values() if _may_go(record, body, vouched) and body)
        if left > other:
            raise BrokenLawError("2 held", f"{node.name} keeps {left} bytes of strangers, expected {other} at most")

    def _want(self, node: Node, other: int) -> None:
        links = self.world.links_of(node.name)
        if links:
            number = len(self.wanted) + 1
            self.wanted[number] = (node, node.life)
            node.hear(Wanted(links[other % len(links)].far(node.name), number), node.life)

    # The end

    def _heal(self) -> float:
        """Waits until all are the same; how long that took after the span, virtual ms."""
        world, begin_ms = self.world, self.world.now_ms
        for node in self.honest:
            if node.crashes_at:
                node.crashes_at = None
            node.is_full, node.disk_ms = False, 2.0
        facts = self._expected()
        while world.now_ms < begin_ms + HEAL_MS:
            if all(node.is_awake for node in self.honest) and laws.is_whole(self.honest, self.lives, facts):
                return world.now_ms - begin_ms
            world.run(world.now_ms + LOOK_EACH_MS)
        counts = [len(node.disk.held) for node in self.honest]
        raise BrokenLawError("progress", f"not the same after {HEAL_MS / 1000:.0f} s: {counts} records")

    def _verify(self) -> None:
        skew_ms = max(node.skew_ms for node in self.honest)
        laws.verify_truth(self.honest, self.lives, self.world.clock_ms + skew_ms)
        facts = self._expected()
        laws.verify_kept(self.honest, facts)
        laws.verify_same(self.honest, self.lives, facts)
        verify_checkpoints(self.checkpoints, self.honest, self.lives)
        laws.verify_bounds(self.honest)
        end_ms = self.world.now_ms + HEAL_MS
        while self._waiting() and self.world.now_ms < end_ms:
            self.world.run(self.world.now_ms + LOOK_EACH_MS)
        for number, node in self._waiting():
            raise BrokenLawError("progress", f"{node.name} never said how the sync {number} ended")

    def _expected(self) -> Facts:
        """What the oracle says of all births on honest nodes, for the clock that is furthest ahead."""
        now_ms = self.world.clock_ms + max(node.skew_ms for node in self.honest)
        return laws.expected(self.born, self.lives, now_ms)

    def _waiting(self) -> list[tuple[int, Node]]:
        """The syncs that someone wanted, lives on, and has not heard the end of."""
        told = {number for node in self.honest for done in node.done for number in done.numbers}
        return [
            (number, node) for number, (node, life) in self.wanted.items() if node.life == life and number not in told
        ]


def _may_go(record: Record, body: bytes | None, vouched: Cid) -> bool:
    return body is not None and record.kind == "rating" and record.author != vouched


def scope_of(words: str) -> Scope:
    """A scope as scenarios name it; nothing is everything."""
    kind, *values = words.split() if words else ("",)
    match kind:
        case "authors":
            return Scope(authors=frozenset(author_id(int(one)) for one in values))
        case "films":
            return Scope(films=frozenset(f"movielens:{one}" for one in values))
        case "since":
            return Scope(since_ms=BORN_MS + int(values[0]))
        case "until":
            return Scope(until_ms=BORN_MS + int(values[0]))
    return EVERYTHING


def run(scenario: Scenario, limits: Limits | None = None) -> Report:
    """Runs a scenario; raises `BrokenLawError`, or whatever a machine raised."""
    return Run(scenario, limits).go()
