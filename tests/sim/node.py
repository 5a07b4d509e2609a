"""A node: the real machine, a disk in memory, and a shell that performs its effects in virtual time.

The shell also watches the machine: that it keeps to its seam, and sends nothing but what is on the disk (law 3).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence

import libipld

from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.record import Record
from cinepeer.replication import events
from cinepeer.replication.events import Effect, Event, Pair
from cinepeer.replication.machine import Limits, Machine
from cinepeer.replication.scope import EVERYTHING, Scope
from sim.disk import Disk
from sim.world import BrokenLawError, Stream, World

NETWORK = Cid.of(b"\xa0", DAG_CBOR)
MAX_GOSSIP_BYTES = 64 << 10
MAX_LOADED = 256
FRAMES = ("hello", "reconcile", "places", "records", "give", "took", "refused")
# A record's block begins so; as far as its body's CID it is unlike nearly any other's.
BLOCK_BEGIN = b"\xa2\x66header"
MARK_BYTES = 72


class Node:
    """One machine with its disk; `life` counts its starts."""

    is_honest = True

    def __init__(
        self,
        world: World,
        name: str,
        *,
        scope: Scope = EVERYTHING,
        skew_ms: int = 0,
        limits: Limits,
        watches: bool = True,
    ) -> None:
        self.world = world
        self.name = name
        self.scope = scope
        self.skew_ms = skew_ms
        self.watches = watches  # what it sends and goes through; left out where thousands of nodes are timed
        self.limits = limits
        self.disk = Disk()
        self.life = 0
        self.is_up = False
        self.is_frozen = False
        self.is_full = False
        self.disk_ms = 2.0
        self.record_ms = 0.2  # to verify and write one record; one batch at a time
        self._busy_ms = 0.0
        self.crashes_at: str | None = None  # the next store ends this life, "before" or "after" it is on the disk
        self.heard: set[int] = set()
        self.acknowledged: set[bytes] = set()  # what was born here and told to be on the disk, over all lives
        self.refused: Counter[tuple[str, str]] = Counter()
        self.done: list[events.Done] = []
        self.marks: dict[bytes, list[Record]] = {}
        self.batch_bytes: Counter[str] = Counter()  # by peer, of the batches that are not stored yet
        self.most_batch_bytes = 0
        self._inbox: list[Callable[[], None]] = []
        self._timers: dict[events.Timer, int] = {}
        self._open: dict[int, str] = {}
        self._asked: dict[int, Stream] = {}
        self._questions: dict[int, bytes] = {}

    # Life

    @property
    def is_awake(self) -> bool:
        """Whether it answers anybody."""
        return self.is_up and not self.is_frozen

    @property
    def clock_ms(self) -> int:
        """What this node's clock shows, Unix time in ms."""
        return self.world.clock_ms + self.skew_ms

    def start(self) -> None:
        """Begins a life with what is on the disk and nothing else."""
        self.life += 1
        self.is_up = True
        self.is_frozen = False
        self.disk.restart()
        if lost := self.acknowledged - self.disk.held.keys():
            raise BrokenLawError("3 store, then send", f"{self.name} lost {len(lost)} records that it acknowledged")
        seed = int.from_bytes(hashlib.sha256(f"{self.name} {self.life}".encode()).digest()[:8], "big")
        self.machine = Machine(NETWORK, seed, me=self.name, scope=self.scope, limits=self.limits)
        for link in self.world.links_of(self.name):
            self.world.reconnect_soon(link)

    def crash(self) -> None:
        """Loses everything but the disk."""
        self.is_up = False
        self.life += 1
        for kept in (self._inbox, self._timers, self._open, self._asked, self.batch_bytes, self.heard):
            kept.clear()
        for link in self.world.links_of(self.name):
            self.world.disconnect(link, 50)

    def freeze(self) -> None:
        """Stands still: nothing is answered, everything that comes is there at the end."""
        self.is_frozen = True

    def thaw(self) -> None:
        """Goes on."""
        self.is_frozen = False
        inbox, self._inbox = self._inbox, []
        for act in inbox:
            act()
        for link in self.world.links_of(self.name):
            self.world.reconnect_soon(link)

    # What comes from outside

    def hear(self, event: Event, life: int, at_ms: int = 0) -> None:
        """Gives the machine an event that belongs to a life and is not before `at_ms`, and does what it wants."""
        if life != self.life or not self.is_up:
            return
        if self.is_frozen:
            self._inbox.append(lambda: self.hear(event, life, at_ms))
            return
        effects = self.machine.handle(event, max(self.clock_ms, at_ms))
        if self.watches:
            self.world.states[state(event, effects)] += 1
        for effect in effects:
            if life == self.life:
                self.perform(effect)

    def connected(self, peer: str) -> None:
        """A neighbour came."""
        self.hear(events.Connected(peer), self.life)

    def disconnected(self, peer: str, life: int) -> None:
        """A neighbour went, unless it is there again."""
        link = self.world.links[frozenset((self.name, peer))]
        if life != self.life:
            return
        self._asked = {number: one for number, one in self._asked.items() if one.asker != peer}
        self.hear(events.Disconnected(peer), life)
        if link.is_connected:
            self.hear(events.Connected(peer), life)
        else:
            self.world.reconnect_soon(link)

    def gossiped(self, origin: str, data: bytes) -> None:
        """A gossip message came."""
        self.hear(events.Gossiped(origin, data), self.life)

    def asked(self, stream: Stream, frame: bytes) -> None:
        """A question came."""
        if self.is_up:
            self._asked[stream.number] = stream
            self._questions[stream.number] = frame
            self.hear(events.Asked(stream.asker, stream.number, frame), self.life)

    def closed(self, stream: Stream) -> None:
        """A conversation is over."""
        self._questions.pop(stream.number, None)
        if self._asked.pop(stream.number, None) is not None:
            self.hear(events.Closed(stream.asker, stream.number), self.life)

    def answered(self, ticket: int, frame: bytes, life: int) -> None:
        """An answer came."""
        self._end(events.Answered(ticket, frame), life)

    def failed(self, ticket: int, reason: str, life: int, is_peers_fault: bool = False) -> None:
        """Something did not work."""
        self._end(events.Failed(ticket, reason, is_peers_fault), life)

    def _end(self, event: events.Answered | events.Failed | events.Loaded | events.Stored, life: int) -> None:
        if life == self.life and self._open.pop(event.ticket, None) is not None:
            self.hear(event, life)

    def born(self, pairs: Sequence[Pair]) -> None:
        """Someone at this node signed the last of `pairs`; the others are what they knew."""
        stored = self.disk.add(0, pairs, self.clock_ms)
        self.judged(stored)
        self.acknowledged |= {record.id for record, _ in pairs if record.id in self.disk.held}
        added = {record.id for record in stored.added}
        if added and self.is_up:
            self.hear(events.Announced([pair for pair in pairs if pair[0].id in added]), self.life)

    def judged(self, stored: events.Stored) -> None:
        """Notes every verdict, to compare it with all others'."""

        def note(record_id: Cid, verdict: str) -> None:
            before = self.world.verdicts.setdefault(record_id, verdict)
            if before != verdict:
                raise BrokenLawError("2 valid", f"{record_id} is {verdict} on {self.name} and {before} elsewhere")

        for record in stored.added:
            note(record.id, "valid")
        for record_id, reason in stored.refused:
            if reason not in ("wrong-body", "bad-body"):
                note(record_id, reason)

    # What the machine wants

    def perform(self, effect: Effect) -> None:
        """Does one effect."""
        world, life = self.world, self.life
        match effect:
            case events.Ask(ticket, peer, conversation, frame, timeout_ms):
                self.verify_sent(frame)
                self._begin(ticket, "ask")
                world.ask(self, peer, conversation, ticket, frame, timeout_ms)
            case events.Close(_, conversation):
                world.close(self, conversation)
            case events.Answer(_, number, frame):
                if number in self._asked:
                    self.verify_sent(frame)
                    self.verify_took(self._questions[number], frame)
                    world.answer(self, number, frame)
            case events.Reset(_, number, reason):
                world.reached[f"reset: {reason}"] += 1
                self._asked.pop(number, None)
                world.reset(self, number)
            case events.Publish(data):
                self.verify_sent(data)
                if len(data) > MAX_GOSSIP_BYTES:
                    raise BrokenLawError("seam", f"{self.name} gossips {len(data)} bytes")
                world.publish(self, data)
            case events.LoadSet(ticket, scope):
                self._load(ticket, self.disk.sealed(scope))
            case events.LoadPlaces(ticket, ids):
                self._load(ticket, self.disk.places(ids))
            case events.LoadRecords(ticket, ids):
                if len(ids) > MAX_LOADED:
                    raise BrokenLawError("seam", f"{self.name} loads {len(ids)} records at once")
                self._load(ticket, self.disk.records(ids))
            case events.LoadBodiless(ticket, scope, limit, start):
                self._load(ticket, self.disk.bodiless(scope, limit, start))
            case events.Store():
                self._store(effect)
            case events.Wake(timer, at_ms):
                self._count_timer(timer, at_ms)
            case events.Refuse(peer, reason):
                self.refused[peer, reason] += 1
                world.reached[f"refused: {reason}"] += 1
            case events.Done():
                world.reached[f"done: {effect.failure}"] += 1
                self.done.append(effect)
        if life != self.life:
            return

    def _begin(self, ticket: int, what: str) -> None:
        if ticket in self._open:
            raise BrokenLawError("seam", f"{self.name} uses the ticket {ticket} twice")
        self._open[ticket] = what

    def _load(self, ticket: int, found: object) -> None:
        life = self.life
        self._begin(ticket, "load")
        delay_ms = self.world.chance.uniform(0, self.disk_ms)
        self.world.after(delay_ms, lambda: self._end(events.Loaded(ticket, found), life))  # type: ignore[arg-type]

    def _count_timer(self, timer: events.Timer, at_ms: int) -> None:
        self._timers[timer] = at_ms
        life = self.life

        def ring() -> None:
            if self._timers.get(timer) == at_ms and life == self.life:
                del self._timers[timer]
                self.hear(events.Woke(timer), life, at_ms)  # whatever a clock that was set back shows

        self.world.after(at_ms - self.clock_ms, ring)

    def _store(self, effect: events.Store) -> None:
        life, world = self.life, self.world
        self._begin(effect.ticket, "store")
        size_bytes = sum(len(record.block) + len(body or b"") for record, body in effect.records)
        self.batch_bytes[effect.peer] += size_bytes
        self.most_batch_bytes = max(self.most_batch_bytes, self.batch_bytes[effect.peer])

        def commit() -> None:
            if life != self.life:
                return
            if self.crashes_at == "before":
                self._crash_now()
                return
            if self.is_full:
                ended: events.Stored | events.Failed = events.Failed(effect.ticket, "disk-full")
            else:
                ended = self.disk.add(effect.ticket, effect.records, self.clock_ms)
                self.judged(ended)
            if self.crashes_at == "after":
                self._crash_now()
                return

            def acknowledge() -> None:
                if life == self.life:
                    self.batch_bytes[effect.peer] -= size_bytes
                    self._end(ended, life)

            world.after(world.chance.uniform(0, self.disk_ms), acknowledge)

        self._busy_ms = max(self._busy_ms, world.now_ms) + self.record_ms * len(effect.records)
        world.after(self._busy_ms - world.now_ms + world.chance.uniform(0, 2 * self.disk_ms), commit)

    def _crash_now(self) -> None:
        self.world.reached[f"crash {self.crashes_at} a store is on the disk"] += 1
        self.crashes_at = None
        self.crash()
        self.world.after(2_000, self.start)

    def verify_sent(self, data: bytes) -> None:
        """Raises unless every record in a frame is the very one that is on the disk."""
        at = data.find(BLOCK_BEGIN) if self.watches else -1
        while at >= 0:
            made = self.marks.get(data[at : at + MARK_BYTES], ())
            record = next((one for one in made if data.startswith(one.block, at)), None)
            if record is None:
                raise BrokenLawError("4 nothing unverified", f"{self.name} sends a record that nobody made")
            if record.id not in self.disk.held:
                raise BrokenLawError("3 store, then send", f"{self.name} sends {record.id} before it is stored")
            at = data.find(BLOCK_BEGIN, at + 1)

    def verify_took(self, question: bytes, answer: bytes) -> None:
        """Raises when an answer says that more of the given records were taken than are on the disk."""
        if not self.watches or not answer[1:].startswith(_text("took")):
            return
        _, added, known, *_ = libipld.decode_dag_cbor(answer)
        blocks = [libipld.decode_dag_cbor(packed)[0] for packed in libipld.decode_dag_cbor(question)[1]]
        kept = sum(b"\x01\x71\x12\x20" + hashlib.sha256(block).digest() in self.disk.held for block in blocks)
        if added + known > kept:
            raise BrokenLawError("3 store, then send", f"{self.name} says that it took {added} of {kept} records")


def state(event: Event, effects: Sequence[Effect]) -> tuple[str, ...]:
    """What a machine went through: the event, what it was about, and what followed."""
    about = ""
    match event:
        case events.Failed(_, reason, _):
            about = reason
        case events.Asked(_, _, frame) | events.Answered(_, frame):
            about = next((name for name in FRAMES if frame[1:].startswith(_text(name))), "?")
        case events.Woke(timer):
            about = timer.name
        case events.Stored():
            about = " ".join(
                name for name in ("added", "completed", "waiting", "refused", "forks") if getattr(event, name)
            )
    return (type(event).__name__, about, *(type(effect).__name__ for effect in effects[:12]))


def _text(name: str) -> bytes:
    """A short text in CBOR."""
    return bytes([0x60 + len(name)]) + name.encode()
