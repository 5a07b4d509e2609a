"""Lives of authors: who signs what, when and where. Made from small steps, so that a story can lose any of them.

The records are real ones, signed by real keys. What the oracle hears of them is read by another DAG-CBOR decoder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

import libipld

from cinepeer.records.cid import Cid
from cinepeer.records.record import Record, parse_record, sign_record
from sim.oracle import Fact
from vectors.people import BORN_MS, Person, Writer

Pair = tuple[Record, bytes | None]

# What a step may do. Lower case is what honest people do, forks are what two machines with one key do by mistake or
# malice, and the last ones are not valid: only liars keep them.
HONEST = (
    "rate",
    "many",
    "batch",
    "unrate",
    "device",
    "again",
    "revoke",
    "revoke-all",
    "rotate",
    "film",
    "unknown",
    "bodiless",
)
TWISTED = ("fork", "fork-first", "fork-root", "rotate-twice", "rotate-back", "early-root", "old-root", "shared-device")
FLOODS = ("fork-many",)  # what no calm world draws: hundreds of records of one device and seq
FALSE = ("forged", "back-in-time", "far-future", "stranger", "device-delegates", "wrong-root", "gap")


@dataclass(frozen=True)
class Step:
    """At `at_ms` after the begin, author `who` does `what` on node `where`; `one` and `other` choose about what."""

    at_ms: int
    who: int
    what: str
    where: int
    one: int = 0
    other: int = 0


@dataclass(frozen=True)
class Birth:
    """A record as it comes to be: on which node and when, after all that its author's device knew."""

    at_ms: int
    where: int
    pairs: tuple[Pair, ...]
    is_false: bool = False


class Lives:
    """All births of a story, and the facts of all records in it."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self.births: list[Birth] = []
        self.facts: dict[bytes, Fact] = {}
        self.pairs: dict[bytes, Pair] = {}
        self._people: dict[int, _Life] = {}
        for step in sorted(steps, key=lambda one: one.at_ms):
            self._take(step)

    def _take(self, step: Step) -> None:
        life = self._people.get(step.who) or self._people.setdefault(step.who, _Life(step.who, step.at_ms))
        made = life.act(step, self._people)
        if not made:
            return
        known = life.known(made)
        for record, body in (*known, *made):
            if bytes(record.id) not in self.facts:
                is_signed = step.what != "forged" or (record, body) not in made
                self.facts[bytes(record.id)] = fact_of(record, body, is_signed)
                self.pairs[bytes(record.id)] = (record, body)
        births = [(step.at_ms, step.where, made)]
        if step.what == "bodiless":  # one node hears of the header alone, another may have the body
            births = [(step.at_ms, step.where, [(record, None) for record, _ in made])]
            if step.other % 2:
                births.append((step.at_ms + 1000 * step.one, step.where + 1, made))
        if step.what in FALSE and known:  # what a lie stands on is true, and its author told it to somebody honest
            self.births.append(Birth(step.at_ms, step.where, tuple(known)))
        for at_ms, where, pairs in births:
            self.births.append(Birth(at_ms, where, (*known, *pairs), step.what in FALSE))


def draw_steps(
    chance: Random, count: int, *, authors: int, nodes: int, span_ms: int, twisted: float = 0.2
) -> list[Step]:
    """That many steps of `authors` on honest nodes within `span_ms`, a share of them `twisted`."""
    steps = []
    for _ in range(count):
        common = chance.choices(HONEST, [12, 0.3, 4, 1, 2, 1, 2, 0.3, 1, 1, 1, 1])[0]
        what = chance.choice(TWISTED) if chance.random() < twisted else common
        at_ms, who, where = chance.randrange(span_ms), chance.randrange(authors), chance.randrange(nodes)
        steps.append(Step(at_ms, who, what, where, chance.randrange(8), chance.randrange(8)))
    return sorted(steps, key=lambda one: one.at_ms)


@cache
def author_id(number: int) -> Cid:
    """The id of an author by number: the same in every story."""
    return Person(f"author {number}").id


class _Life:
    """One author: keys, and what each of them signed."""

    def __init__(self, number: int, at_ms: int) -> None:
        self.person = Person(f"author {number}")
        self.devices = [Writer(self.person, "device 0")]
        self.person.delegate(self.devices[0], "device 0", at=at_ms)
        self.is_promised = True

    def known(self, made: Sequence[Pair]) -> list[Pair]:
        """All that the signers of `made` held: the keys of the author, and the chains before."""
        records = {record.id: (record, body) for record, body in self.person.pairs}
        wanted = {record.id for record, _ in self.person.pairs if record.kind in ("inception", "rotation", "delegate")}
        for record, _ in made:
            wanted.add(record.header.prev)
        grew = True
        while grew:
            before = len(wanted)
            wanted |= {records[one][0].header.prev for one in wanted if one in records}
            grew = len(wanted) > before
        fresh = {record.id for record, _ in made}
        return [pair for one, pair in records.items() if one in wanted and one not in fresh]

    def act(self, step: Step, people: dict[int, _Life]) -> list[Pair]:
        """What the step makes; nothing where it makes no sense for this author now."""
        before = len(self.person.pairs)
        device = self.devices[step.one % len(self.devices)]
        own = [record for record, _ in device.pairs if record.author == self.person.id]
        if step.what in FALSE:
            return self._lie(step, device, own)
        self._say(step, device)
        self._hold_keys(step, device, own)
        self._twist(step, device, own, people)
        return self.person.pairs[before:]

    def _say(self, step: Step, device: Writer) -> None:
        """What a device says of films, or of what nobody knows yet."""
        at = self._time(step)
        match step.what:
            case "rate" | "bodiless":
                device.rate(1 + step.other % 9, 1 + step.one % 10, at=at)
            case "many":  # more than one question's worth
                for number in range(60 + 40 * step.other):
                    device.rate(1 + number % 50, 1 + step.one, at=at)
            case "batch":
                films = [[f"movielens:{1 + step.other % 9 + more}", 1 + (step.one + more) % 10] for more in range(20)]
                device.write("rating", ratings=films, at=at)
            case "unrate":
                device.rate(1 + step.other % 9, None, at=at)
            case "film":
                empty: dict[str, object] = {"external": [], "credits": [], "genres": [], "languages": ["en"]}
                device.write("film", name=f"Film {step.other}", year=None, synopsis="", **empty, at=at)
            case "unknown":
                device.write("from-tomorrow", words="x" * (100 * step.other), at=at)

    def _hold_keys(self, step: Step, device: Writer, own: list[Record]) -> None:
        """Devices admitted and revoked, roots that follow each other."""
        at, root = self._time(step), self.person.root
        match step.what:
            case "device":
                self.devices.append(Writer(self.person, f"device {len(self.devices)}"))
                self.person.delegate(self.devices[-1], "more", at=at)
            case "again":
                self.person.delegate(device, "again", at=at)
            case "revoke" | "revoke-all":
                last = own[step.other % len(own)] if own and step.what == "revoke" else None
                self.person.revoke(device, last, at=at)
            case "rotate" if self.is_promised:
                self.person.rotate(root.pairs[-1 - step.other % min(3, len(root.pairs))][0])

    def _twist(self, step: Step, device: Writer, own: list[Record], people: dict[int, _Life]) -> None:
        """Forks, and keys used in a way that no honest program uses them."""
        at, root = self._time(step), self.person.root
        match step.what:
            case "rotate-back" if self.is_promised:
                self.person.rotate(promise=step.one % (len(self.person.roots) + 1))
                self.is_promised = False
            case "rotate-twice" if len(self.person.roots) > 1:
                older = self.person.roots[-2].pairs
                self.person.begin_root(root, 50 + step.one, older[step.other % len(older)][0])
            case "fork" if own:
                device.rate(90 + step.other, after=own[step.other % len(own)])
            case "fork-many" if own:
                after = own[step.other % len(own)]
                for number in range(60 + 40 * step.other):
                    device.rate(1 + number % 50, 1 + step.one, after=after)
            case "fork-first" if own:
                device.begin("rating", ratings=[["movielens:5", 1 + step.other % 10]])
            case "fork-root":
                self.person.delegate(device, "forked", after=root.pairs[step.other % len(root.pairs)][0])
            case "early-root" if self.is_promised:
                early = Writer(self.person, f"root {len(self.person.roots)}")
                self.person.delegate(early, at=at)
                early.rate(1 + step.other % 3, at=at)
            case "old-root":
                self.person.roots[step.one % len(self.person.roots)].write("delegate", device=device.key, name="old")
            case "shared-device":
                others = [life for number, life in sorted(people.items()) if life is not self]
                if others:
                    self.person.delegate(others[step.other % len(others)].devices[0], "not mine", at=at)

    def _time(self, step: Step) -> int:
        """Now, or a little later where this author's clock was ahead before."""
        return max([step.at_ms, *(record.time - BORN_MS for record, _ in self.person.pairs)])

    def _lie(self, step: Step, device: Writer, own: list[Record]) -> list[Pair]:
        """A record that must never stand, and that nothing stands on; it is not kept among the author's own."""
        before, signed = len(self.person.pairs), len(device.pairs)
        at = self._time(step)
        last = own[-1] if own else None
        match step.what:
            case "forged":
                record, body = device.write("rating", ratings=[["movielens:1", 10]], at=at)
                made = [(_with_signature(record, step.other), body)]
            case "back-in-time" if last is not None:
                made = [device.write("rating", ratings=[["movielens:1", 10]], at=last.time - BORN_MS - 1 - step.other)]
            case "far-future":
                made = [device.write("rating", ratings=[["movielens:1", 10]], at=at + 10**9)]
            case "stranger":
                stranger = Writer(self.person, f"stranger {step.other}")
                made = [stranger.write("rating", ratings=[["movielens:1", 10]], at=at)]
            case "device-delegates":
                made = [device.write("delegate", device=device.key, name="me", at=at)]
            case "wrong-root":
                promised = Writer(self.person, f"root {len(self.person.roots)}")
                made = [promised.begin("rotation", root=device.key, next=bytes(32), previous=_previous(self))]
            case "gap" if last is not None:
                made = [self._beyond(device, last)]
            case _:
                made = []
        del self.person.pairs[before:], device.pairs[signed:]
        return made

    def _beyond(self, device: Writer, last: Record) -> Pair:
        """A record that leaves out a seq."""
        place = {"author": self.person.id, "seq": last.seq + 2, "prev": last.id, "time": last.time}
        body = next(body for record, body in device.pairs if record.id == last.id)
        return sign_record(device.seed, kind=last.kind, body=body, **place), body  # type: ignore[arg-type]


def _previous(life: _Life) -> dict[str, object]:
    newest = life.person.root.pairs[-1][0]
    return {"seq": newest.seq, "head": newest.id}


def _with_signature(record: Record, number: int) -> Record:
    """The same header with another signature, in a form that is strict."""
    made = bytearray(record.block)
    made[-64 + number % 31] ^= 1 << (number % 7)
    return parse_record(bytes(made))


def fact_of(record: Record, body: bytes | None, is_signed: bool = True) -> Fact:
    """What a record says, in plain words."""
    header = libipld.decode_dag_cbor(record.block)["header"]
    said = None if body is None else libipld.decode_dag_cbor(body)
    record_id = b"\x01\x71\x12\x20" + hashlib.sha256(record.block).digest()
    author = header["author"] or record_id
    place = (header["device"], header["seq"], header["prev"], header["time"])
    return Fact(record_id, author, *place, header["kind"], said, is_signed)
