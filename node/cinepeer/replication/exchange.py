"""One both-way sync, written as steps without a network or a disk: each yields what it wants and is sent the results.

The dialling side drives: it learns by negentropy what each side lacks, asks for what it lacks and gives the rest. The
answering side only answers. Every step is safe to repeat, so a sync that broke off anywhere is resumed by the next one.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from cinepeer.errors import Refused
from cinepeer.records.cid import Cid
from cinepeer.replication import frames
from cinepeer.replication.budget import NO_ROOM, PLACE_BITS, shared_part
from cinepeer.replication.events import Effect, LoadBodiless, LoadPlaces, LoadRecords, LoadSet, Pair, Store, Stored
from cinepeer.replication.fingerprints import SealedSet
from cinepeer.replication.frames import (
    MAX_PLACES,
    MAX_RECONCILE_BYTES,
    MAX_RECORDS,
    Give,
    Hello,
    Places,
    PlacesWanted,
    Reconcile,
    Records,
    RecordsWanted,
    Refusal,
    Took,
    ids_of,
)
from cinepeer.replication.ranges import END, Bound
from cinepeer.replication.reconcile import Initiator, Responder
from cinepeer.replication.scope import EVERYTHING, Scope
from cinepeer.replication.statistics import Synced

T = TypeVar("T")
F = TypeVar("F", Hello, Reconcile, Places, Records, Took)
# Given a ticket, the effect that is wanted.
Wish = Callable[[int], Effect]
Steps = Generator[tuple["Wish | Question | Due", ...], list[Any], T]

# How many questions for records are under way at once: while one answer is read and stored, the next one comes.
ASKED_AT_ONCE = 2
# How many differences one pass of reconciling gathers before it moves records: what a sync has in memory hangs on it.
PASS_IDS = 32768
MAX_PASSES = 4096
MAX_WAITING = 1024
MAX_WAITING_BYTES = 2 << 20
# An honest peer holds no record that is not valid; after so many this one is left.
MAX_REFUSED = 256
# A missing body is asked for again with every sync, so many at a time.
BODIES_AT_ONCE = 256
_ARRIVAL = (1 << PLACE_BITS) - 1
_START = Bound(0)


@dataclass(frozen=True, slots=True)
class Question:
    """Wants the other side's answer: now, or `is_ahead`, so that a later `Due` takes it."""

    frame: bytes
    is_ahead: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """Wants the answer to the first question that was asked ahead and whose answer nothing has taken."""


@dataclass(slots=True)
class Dialler:
    """The driving side of one sync with one peer, on one network; `start` in [0, 1) is where missing bodies begin."""

    peer: str
    network: Cid
    scope: Scope = EVERYTHING
    start: float = 0.0
    done: Synced = field(default_factory=Synced)
    met: Scope = EVERYTHING
    # Where one author has more than all others, a pass leaves the rest of that author's for later, and the next one
    # begins behind it; once round, nothing is left any more.
    leaves: bool = True
    has_left: bool = False
    begin: Bound | None = None
    reached: Bound = _START

    def run(self) -> Steps[Synced]:
        """The whole sync; raises `Refused` for a malformed or dishonest answer and for another network."""
        for _ in range(MAX_PASSES):
            before = (self.done.received, self.done.sent)
            self.done.waiting = 0
            is_whole = yield from self._pass()
            if self._goes_on(is_whole):
                continue
            # A record that waits was listed before the one that admits it; when something moved, it may come now.
            if (is_whole and not self.done.waiting) or before == (self.done.received, self.done.sent):
                break
        yield from self._complete()
        return self.done

    def _goes_on(self, is_whole: bool) -> bool:
        """Whether another pass follows in any case: behind what this one left, or from the begin for what was left."""
        is_round = is_whole or self.reached == END or self.reached.key <= (self.begin or _START).key
        if self.leaves and not is_round and (self.has_left or self.begin is not None):
            self.begin = self.reached
            return True
        if self.begin is None and not self.has_left:
            return False
        self.begin, self.leaves, self.has_left = None, False, False
        return True

    def _ask(self, question: frames.Question, kind: type[F]) -> Steps[F]:
        (answer,) = yield (self._question(question),)
        return self._answer(answer, kind)

    def _question(self, question: frames.Question, *, is_ahead: bool = False) -> Question:
        data = frames.encode(question)
        self.done.asked_bytes += len(data)
        return Question(data, is_ahead)

    def _answer(self, data: bytes, kind: type[F]) -> F:
        self.done.answered_bytes += len(data)
        answer = frames.parse_answer(data)
        if isinstance(answer, Refusal):
            raise Refused("refused-by-peer", f"the peer did not answer a question: {answer.reason}")
        if not isinstance(answer, kind):
            raise Refused("bad-frame", f"found the answer {type(answer).__name__}, expected {kind.__name__}")
        return answer

    def _pass(self) -> Steps[bool]:
        """Reconciles, up to a bound, and heals the differences; whether there was no more than that."""
        mine: SealedSet
        (mine,) = yield (_set(self.scope),)
        stated = Hello(frames.VERSION, self.network, self.scope, len(mine), mine.fingerprint(0, len(mine)))
        greeting = yield from self._ask(stated, Hello)
        if greeting.network != self.network:
            raise Refused("other-network", f"found a peer of the network {greeting.network}, expected {self.network}")
        if greeting.version != frames.VERSION:
            raise Refused("other-version", f"found version {greeting.version} of the sync, expected {frames.VERSION}")
        self.done.rounds += 1
        self.met = self.scope.meet(greeting.scope)
        if self.met.is_empty:
            return True
        if self.met != self.scope:
            (mine,) = yield (_set(self.met),)
        if (greeting.count, greeting.fingerprint) == (len(mine), mine.fingerprint(0, len(mine))):
            return True
        have, need, is_whole = yield from self._compare(mine)
        yield from self._take(need, is_whole)
        yield from self._give(have)
        return is_whole

    def _compare(self, mine: SealedSet) -> Steps[tuple[list[Cid], list[Cid], bool]]:
        """Ids that only we hold, ids that only they hold, and whether those are all."""
        initiator = Initiator(mine, MAX_RECONCILE_BYTES, max_taught=PASS_IDS)
        have: list[Cid] = []
        need: list[Cid] = []
        frame: bytes | None = initiator.open(self.begin)
        while frame is not None:
            reply = yield from self._ask(Reconcile(frame), Reconcile)
            self.done.rounds += 1
            found = initiator.answer(reply.frame)
            have += ids_of(found.have)
            need += ids_of(found.need)
            self.reached = initiator.reached
            if found.is_cut or len(have) + len(need) >= PASS_IDS:
                return have, need, False
            frame = found.frame
        return have, need, True

    def _take(self, need: Sequence[Cid], is_whole: bool) -> Steps[None]:
        """Fetches and stores; batches are on their way while those before them are read and stored.

        They come by time, which is nearly always an order in which they can be admitted; where it is not, or where one
        author has more than half of a batch, the other side is asked for the places of the rest.
        """
        rest, is_ordered = list(need), len(need) <= MAX_RECORDS
        is_crowded = self.begin is not None
        asked: deque[tuple[Cid, ...]] = deque()
        waiting: tuple[Pair, ...] = ()
        here: tuple[Pair, ...] = ()
        many = MAX_RECORDS
        while rest or asked or here:
            if (waiting or is_crowded) and rest and not is_ordered:
                if here:  # what came is kept, should the next question be the last
                    (stored,) = yield (_store(self.peer, waiting + here),)
                    waiting, here = self._stored(stored), ()
                rest, is_ordered = (yield from self._ordered(rest, is_whole)), True
            wishes: list[Wish | Question | Due] = []
            while rest and len(asked) < ASKED_AT_ONCE:
                asked.append(tuple(rest[:many]))
                del rest[:many]
                wishes.append(self._question(RecordsWanted(asked[-1]), is_ahead=True))
            wishes += [Due()] * bool(asked)
            if here:
                wishes.append(_store(self.peer, waiting + here))
            results = yield tuple(wishes)
            if here:
                waiting = self._stored(results.pop())
            here = ()
            if asked:
                here = self._answer(results.pop(), Records).records
                is_crowded = is_crowded or _is_crowded(here)
                missing = self._missing(asked.popleft(), here)
                # Where no more fits into an answer, the next question is for as many: what is asked ahead follows them.
                many = max(1, len(here)) if missing else MAX_RECORDS
                rest[:0] = missing
                if not here:
                    self.done.withheld += len(rest)
                    rest.clear()
        self.done.waiting += len(waiting)

    def _ordered(self, need: Sequence[Cid], is_whole: bool) -> Steps[list[Cid]]:
        """Ids in the order of the other side, in which they can be admitted: each author's in turn."""
        answers: list[list[tuple[int, Cid]]] = []
        for begin in range(0, len(need), MAX_PLACES):
            asked = tuple(need[begin : begin + MAX_PLACES])
            reply = yield from self._ask(PlacesWanted(asked), Places)
            if len(reply.places) != len(asked):
                raise Refused("bad-frame", f"found {len(reply.places)} places for {len(asked)} ids")
            answers.append([(place, one) for place, one in zip(reply.places, asked, strict=True) if place is not None])
        self.done.withheld += len(need) - sum(map(len, answers))
        if len(answers) > 1 and (is_whole or not self.leaves):  # each answer counts turns by itself
            return [one for _, one in sorted((place & _ARRIVAL, one) for placed in answers for place, one in placed)]
        shared = answers if is_whole or not self.leaves else [shared_part(placed) for placed in answers]
        self.has_left = self.has_left or sum(map(len, shared)) < sum(map(len, answers))
        return [one for placed in shared for _, one in sorted(placed)]

    def _missing(self, asked: tuple[Cid, ...], records: tuple[Pair, ...]) -> list[Cid]:
        """What is still to come of what was asked for."""
        missing = dict.fromkeys(asked)
        try:
            for record, _ in records:
                del missing[record.id]
        except KeyError:
            raise Refused("unasked-record", "found a record that was not asked for") from None
        return list(missing)

    def _stored(self, stored: Stored) -> tuple[Pair, ...]:
        """Counts what became of a batch; returns what waits for a record still to come, within a bound."""
        self.done.received += len(stored.added)
        self.done.bodies += len(stored.completed)
        self.done.refused += len(stored.refused)
        if self.done.refused > MAX_REFUSED:
            raise Refused("bad-records", f"found {self.done.refused} records that are not valid in one sync")
        room = MAX_WAITING_BYTES
        kept: list[Pair] = []
        for record, body, reason in reversed(stored.waiting[-MAX_WAITING:]):
            if reason == NO_ROOM:
                continue
            room -= len(record.block) + len(body or b"")
            if room < 0:
                break
            kept.append((record, body))
        self.done.waiting += len(stored.waiting) - len(kept)
        return tuple(reversed(kept))

    def _give(self, have: Sequence[Cid]) -> Steps[None]:
        """Gives records in bounded batches; the other side says how many were new to it."""
        if len(have) > MAX_RECORDS:
            places: Sequence[int | None]
            (places,) = yield (_places(have),)
            order = sorted((place, one) for place, one in zip(places, have, strict=True) if place is not None)
            have = [one for _, one in order]
        for run in _runs(have):
            (loaded,) = yield (_records(run),)
            for batch in frames.batches(_within(self.met, loaded)):
                took = yield from self._ask(Give(tuple(batch)), Took)
                self.done.sent += min(took.added, len(batch))
                self.done.waiting += min(took.waiting, len(batch))

    def _complete(self) -> Steps[None]:
        """Asks for some of the bodies that are missing here; whoever forgot one does not have it in this list."""
        lacking: Sequence[Pair]
        (lacking,) = yield (_bodiless(self.met, self.start),)
        if not lacking or self.met.is_empty:
            return
        rest = [record.id for record, _ in lacking][:MAX_RECORDS]
        while rest:
            reply = yield from self._ask(RecordsWanted(tuple(rest)), Records)
            rest = self._missing(tuple(rest), reply.records) if reply.records else []
            whole = tuple(pair for pair in reply.records if pair[1] is not None)
            if whole:
                (stored,) = yield (_store(self.peer, whole),)
                self._stored(stored)


@dataclass(slots=True)
class Answerer:
    """The answering side of one conversation with one peer, on one network."""

    peer: str
    network: Cid
    scope: Scope = EVERYTHING
    met: Scope | None = None

    def answer(self, data: bytes) -> Steps[bytes]:
        """The answer to one question; raises `Refused` for a question that is malformed or out of place."""
        question = frames.parse_question(data)
        if isinstance(question, Hello):
            return frames.encode((yield from self._greet(question)))
        if self.met is None:
            raise Refused("other-network", "found a question without a hello of this network before it")
        return frames.encode((yield from self._answer(question, self.met)))

    def _greet(self, hello: Hello) -> Steps[Hello]:
        if hello.network != self.network or hello.version != frames.VERSION:
            self.met = None
            return Hello(frames.VERSION, self.network)
        self.met = self.scope.meet(hello.scope)
        items: SealedSet
        (items,) = yield (_set(self.met),)
        return Hello(frames.VERSION, self.network, self.scope, len(items), items.fingerprint(0, len(items)))

    def _answer(self, question: frames.Question, met: Scope) -> Steps[frames.Answer]:
        match question:
            case Reconcile(frame):
                items: SealedSet
                (items,) = yield (_set(met),)
                return Reconcile(Responder(items, MAX_RECONCILE_BYTES).answer(frame))
            case PlacesWanted(ids):
                places: Sequence[int | None]
                (places,) = yield (_places(ids),)
                return Places(tuple(places))
            case RecordsWanted(ids):
                loaded: Sequence[Pair]
                (loaded,) = yield (_records(ids),)
                return Records(tuple(frames.batches(_within(met, loaded))[0]) if loaded else ())
            case Give(records):
                taken = [pair for pair in records if self._is_ours(pair)]
                if not taken:
                    return Took(0, 0, 0, 0)
                stored: Stored
                (stored,) = yield (_store(self.peer, taken),)
                return Took(len(stored.added), stored.known, len(stored.waiting), len(stored.refused))
        raise Refused("bad-frame", f"found {type(question).__name__} out of place")

    def _is_ours(self, pair: Pair) -> bool:
        return self.scope.authors is None or pair[0].author in self.scope.authors


def _is_crowded(records: Sequence[Pair]) -> bool:
    """Whether one author has more than half of a full batch."""
    if len(records) <= MAX_RECORDS // 2:
        return False
    counts = Counter([record.header.author for record, _ in records])
    del counts[None]  # inceptions, each of another author
    return max(counts.values(), default=0) > MAX_RECORDS // 2


def _set(scope: Scope) -> Wish:
    return lambda ticket: LoadSet(ticket, scope)


def _places(ids: Sequence[Cid]) -> Wish:
    return lambda ticket: LoadPlaces(ticket, ids)


def _records(ids: Sequence[Cid]) -> Wish:
    return lambda ticket: LoadRecords(ticket, ids)


def _bodiless(scope: Scope, start: float) -> Wish:
    return lambda ticket: LoadBodiless(ticket, scope, BODIES_AT_ONCE, start)


def _store(peer: str, records: Sequence[Pair]) -> Wish:
    return lambda ticket: Store(ticket, peer, records)


def _within(scope: Scope, pairs: Sequence[Pair]) -> list[Pair]:
    """Records with the bodies that a scope covers, and the headers of the rest."""
    if scope.is_everything:
        return list(pairs)
    return [(record, body if scope.covers(record, body) else None) for record, body in pairs]


def _runs(ids: Sequence[Cid]) -> Iterator[tuple[Cid, ...]]:
    for begin in range(0, len(ids), MAX_RECORDS):
        yield tuple(ids[begin : begin + MAX_RECORDS])
