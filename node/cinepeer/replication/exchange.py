"""One both-way sync as a machine without a network or a disk: it yields what it needs done and is sent the result.

The dialling side drives: it compares summaries, lists ids, asks for what it lacks and gives what the other side lacks.
The answering side only answers. The same code runs over libp2p and in memory. Every step is safe to repeat, so a sync
that broke off anywhere is resumed by the next one.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from cinepeer.errors import Refused
from cinepeer.records.cid import Cid
from cinepeer.records.record import Record
from cinepeer.replication import frames
from cinepeer.replication.difference import admission_order, differing, page, split
from cinepeer.replication.frames import (
    MAX_IDS,
    MAX_RECORDS,
    Compare,
    Differs,
    Give,
    Hello,
    Ids,
    IdsWanted,
    Records,
    RecordsWanted,
    Refusal,
    Summary,
    Took,
)

Pair = tuple[Record, bytes | None]
T = TypeVar("T")
F = TypeVar("F", Hello, Differs, Ids, Records, Took)

PAGE_DEVICES = 1024
MAX_ROUNDS = 64
MAX_WAITING = 1024
MAX_LISTED = 1 << 18


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """Wants `list[Summary]` of every device held here, in any order."""


@dataclass(frozen=True, slots=True)
class LoadIds:
    """Wants `list[Cid]`: the ids held of one device, in feed order."""

    device: bytes


@dataclass(frozen=True, slots=True)
class LoadRecords:
    """Wants `list[Pair]`: those of `ids` that are held, in an order in which they can be admitted."""

    ids: tuple[Cid, ...]


@dataclass(frozen=True, slots=True)
class Store:
    """Wants the records verified and stored; sent back is what became of them."""

    records: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """Wants the other side's answer to this question."""

    question: bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a batch: how many were new, known, refused; which wait for a record that is not held yet."""

    added: int = 0
    known: int = 0
    refused: int = 0
    waiting: tuple[Pair, ...] = ()


Effect = LoadSummary | LoadIds | LoadRecords | Store | Ask
Steps = Generator[Effect, Any, T]


@dataclass(slots=True)
class Synced:
    """What a sync did: records taken from and given to the other side, refused here, listed but never handed over."""

    received: int = 0
    sent: int = 0
    refused: int = 0
    withheld: int = 0
    waiting: int = 0
    rounds: int = 0


@dataclass(slots=True)
class Dialler:
    """The driving side of one sync with one peer, on one network."""

    network: Cid
    done: Synced = field(default_factory=Synced)

    def run(self) -> Steps[Synced]:
        """The whole sync; raises `Refused` for a malformed or dishonest answer and for another network."""
        greeting = yield from self._ask(Hello(frames.VERSION, self.network), Hello)
        if greeting.network != self.network:
            raise Refused("other-network", f"found a peer of the network {greeting.network}, expected {self.network}")
        for _ in range(MAX_ROUNDS):
            before = (self.done.received, self.done.sent)
            self.done.rounds += 1
            self.done.waiting = 0
            yield from self._round()
            # A record that waits was listed before the one that admits it; when something moved, it may come now.
            if not self.done.waiting or before == (self.done.received, self.done.sent):
                break
        return self.done

    def _ask(self, question: frames.Question, kind: type[F]) -> Steps[F]:
        answer = frames.parse_answer((yield Ask(frames.encode(question))))
        if isinstance(answer, Refusal):
            raise Refused("refused-by-peer", f"the peer refused a question: {answer.reason}")
        if not isinstance(answer, kind):
            raise Refused("bad-frame", f"found the answer {type(answer).__name__}, expected {kind.__name__}")
        return answer

    def _round(self) -> Steps[None]:
        """Compares every device, page by page, and heals the differences of each page."""
        mine: list[Summary] = sorted((yield LoadSummary()), key=lambda one: one.device)
        after = b""
        while True:
            question = page(mine, after, PAGE_DEVICES)
            reply = yield from self._ask(question, Differs)
            _check_reply(question, reply)
            if reply.summaries:
                yield from self._heal({one.device: one.count for one in reply.summaries})
            if reply.until is None:
                return
            after = reply.until

    def _heal(self, theirs: dict[bytes, int]) -> Steps[None]:
        """Fetches and gives what the two sides lack of each other among these devices."""
        listed, cut = yield from self._list({device: count for device, count in theirs.items() if count})
        wants: dict[bytes, list[Cid]] = {}
        gives: dict[bytes, list[Cid]] = {}
        heads: dict[bytes, Cid] = {}
        for device in theirs:
            held: list[Cid] = yield LoadIds(device)
            wants[device], gives[device] = split(held, listed.get(device, ()))
            if device in cut:
                gives[device] = []  # what they hold is not known to its end
            first = held or listed.get(device)
            if first:
                heads[device] = first[0]
        firsts, fresh = yield from self._firsts(heads, wants)
        order = admission_order(firsts)
        yield from self._take([one for device in order for one in wants[device]], fresh)
        yield from self._give([one for device in order for one in gives[device]])

    def _list(self, counts: dict[bytes, int]) -> Steps[tuple[dict[bytes, list[Cid]], set[bytes]]]:
        """The ids that the other side holds of some devices, and the devices whose list was cut at our bound."""
        listed: dict[bytes, list[Cid]] = {device: [] for device in counts}
        rest = dict.fromkeys(counts, 0)
        while rest and sum(map(len, listed.values())) < MAX_LISTED:
            asked = tuple(rest.items())[: frames.MAX_DEVICES]
            reply = yield from self._ask(IdsWanted(asked), Ids)
            if not reply.devices or len(reply.devices) > len(asked):
                raise Refused("bad-frame", f"found ids of {len(reply.devices)} devices, asked for {len(asked)}")
            for (device, skip), (found, total, ids) in zip(asked, reply.devices, strict=False):
                if found != device or (total > skip and not ids) or skip + len(ids) > total:
                    raise Refused("bad-frame", "found ids that do not fit the question")
                listed[device] += ids
                rest[device] = skip + len(ids)
                if rest[device] == total or not ids:
                    del rest[device]
        self.done.waiting += len(rest)
        return listed, set(rest)

    def _firsts(
        self, heads: dict[bytes, Cid], wants: dict[bytes, list[Cid]]
    ) -> Steps[tuple[dict[bytes, Record], list[Pair]]]:
        """The first record of each device, from here or fetched; its kind says whether it is a key's own feed."""
        lacked = [heads[device] for device in heads if heads[device] in wants[device][:1]]
        known = [head for head in heads.values() if head not in set(lacked)]
        found: dict[Cid, Record] = {}
        for run in _runs(known):
            loaded: list[Pair] = yield LoadRecords(run)
            found.update((record.id, record) for record, _ in loaded)
        fresh = yield from self._fetch(lacked)
        found.update((record.id, record) for record, _ in fresh)
        return {device: found[head] for device, head in heads.items() if head in found}, fresh

    def _fetch(self, ids: Sequence[Cid]) -> Steps[list[Pair]]:
        """Records by id, up to one question's worth at a time, for lists that are short."""
        fetched: list[Pair] = []
        for run in _runs(ids):
            rest = run
            while rest:
                reply = yield from self._ask(RecordsWanted(rest), Records)
                rest = self._check_records(rest, reply)
                fetched += reply.records
        return fetched

    def _check_records(self, asked: tuple[Cid, ...], reply: Records) -> tuple[Cid, ...]:
        """What is still missing after a reply; an empty reply means that the rest is withheld."""
        got = {record.id for record, _ in reply.records}
        if not got <= set(asked):
            raise Refused("unasked-record", "found a record that was not asked for")
        if not got:
            self.done.withheld += len(asked)
            return ()
        return tuple(one for one in asked if one not in got)

    def _take(self, wants: Sequence[Cid], fresh: list[Pair]) -> Steps[None]:
        """Fetches and stores; what waits for a record still to come is kept, within a bound, and tried again."""
        early = {record.id: (record, body) for record, body in fresh}
        waiting: tuple[Pair, ...] = ()
        for run in _runs(wants):
            rest = tuple(one for one in run if one not in early)
            here = tuple(early[one] for one in run if one in early)
            while True:
                if rest:
                    reply = yield from self._ask(RecordsWanted(rest), Records)
                    rest = self._check_records(rest, reply)
                    here += reply.records
                if here:
                    stored: Stored = yield Store(waiting + here)
                    self.done.received += stored.added
                    self.done.refused += stored.refused
                    waiting, here = stored.waiting[-MAX_WAITING:], ()
                if not rest:
                    break
        self.done.waiting += len(waiting)

    def _give(self, ids: Sequence[Cid]) -> Steps[None]:
        """Gives records in bounded batches; the other side says how many were new to it."""
        for run in _runs(ids):
            loaded: list[Pair] = yield LoadRecords(run)
            for batch in frames.batches(loaded):
                took = yield from self._ask(Give(tuple(batch)), Took)
                self.done.sent += min(took.added, len(batch))
                self.done.waiting += min(took.waiting, len(batch))


@dataclass(slots=True)
class Answerer:
    """The answering side of one conversation with one peer, on one network."""

    network: Cid
    is_greeted: bool = False

    def answer(self, data: bytes) -> Steps[bytes]:
        """The answer to one question; raises `Refused` for a question that is malformed or out of place."""
        question = frames.parse_question(data)
        if isinstance(question, Hello):
            self.is_greeted = question.network == self.network and question.version == frames.VERSION
            return frames.encode(Hello(frames.VERSION, self.network))
        if not self.is_greeted:
            raise Refused("other-network", "found a question without a hello of this network before it")
        return frames.encode((yield from self._answer(question)))

    def _answer(self, question: frames.Question) -> Steps[frames.Answer]:
        match question:
            case Compare():
                mine: list[Summary] = yield LoadSummary()
                return differing(mine, question, PAGE_DEVICES)
            case IdsWanted(devices):
                return (yield from self._ids(devices))
            case RecordsWanted(ids):
                loaded: list[Pair] = yield LoadRecords(ids)
                return Records(tuple(frames.batches(loaded)[0]) if loaded else ())
            case Give(records):
                stored: Stored = yield Store(records)
                return Took(stored.added, stored.known, len(stored.waiting), stored.refused)
        raise Refused("bad-frame", f"found {type(question).__name__} out of place")

    def _ids(self, devices: tuple[tuple[bytes, int], ...]) -> Steps[Ids]:
        room = MAX_IDS
        found: list[tuple[bytes, int, tuple[Cid, ...]]] = []
        for device, skip in devices:
            ids: list[Cid] = yield LoadIds(device)
            part = tuple(ids[skip : skip + room])
            found.append((device, max(len(ids), skip), part))
            room -= len(part)
            if room <= 0:
                break
        return Ids(tuple(found))


def _runs(ids: Sequence[Cid]) -> Iterator[tuple[Cid, ...]]:
    for begin in range(0, len(ids), MAX_RECORDS):
        yield tuple(ids[begin : begin + MAX_RECORDS])


def _check_reply(question: Compare, reply: Differs) -> None:
    """A reply reaches from the question's begin to some place further on, at most to its end."""
    if reply.until is None:
        is_fit = question.until is None
    else:
        is_fit = reply.until > question.after and (question.until is None or reply.until <= question.until)
    if not is_fit or any(one.device <= question.after for one in reply.summaries):
        raise Refused("bad-frame", "found an answer outside the range of its question")
