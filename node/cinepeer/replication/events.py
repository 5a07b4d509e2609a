"""What the replication machine hears and what it wants done: the whole seam between it and the world.

`Machine.handle(event, now_ms)` takes one event and gives the effects that follow from it, in order. Whoever runs the
machine (libp2p and the store, or a simulator) performs them in that order as far as it starts them; their ends may come
in any order, late, or never. An effect with a `ticket` is ended by exactly one event with the same ticket (`Answered`,
`Loaded`, `Stored`, or `Failed`); an end for a ticket that the machine no longer knows is ignored. The machine has no
clock, no chance, no socket and no disk: the same events give the same effects.

| effect | ended by |
|---|---|
| `Ask` | `Answered`, or `Failed` when the peer cannot be reached, breaks off, or is silent for `timeout_ms` |
| `LoadSet` `LoadPlaces` `LoadRecords` `LoadBodiless` | `Loaded`, or `Failed` |
| `Store` | `Stored`, durable by then, or `Failed` when nothing of it was stored |
| `Wake` | `Woke` at the time or later; a second `Wake` of one timer takes the place of the first |
| `Close` `Answer` `Reset` `Publish` `Refuse` `Done` | nothing |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from cinepeer.records.cid import Cid
from cinepeer.records.fork import ForkProof
from cinepeer.records.record import Record
from cinepeer.replication.fingerprints import SealedSet
from cinepeer.replication.scope import Scope
from cinepeer.replication.statistics import Synced

Pair = tuple[Record, bytes | None]


@dataclass(frozen=True, slots=True)
class Timer:
    """The name of a clock: `sync` with a peer, or `news` to tell."""

    name: Literal["sync", "news"]
    peer: str = ""


# Events


@dataclass(frozen=True, slots=True)
class Connected:
    """A peer is a neighbour now."""

    peer: str


@dataclass(frozen=True, slots=True)
class Disconnected:
    """A peer is none any more; its conversations are gone, and asks to it end with `Failed` or not at all."""

    peer: str


@dataclass(frozen=True, slots=True)
class Gossiped:
    """A gossip message came; `peer` signed it, and need not be a neighbour."""

    peer: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on a conversation that the peer opened; `stream` is the shell's number of it, unique for ever."""

    peer: str
    stream: int
    frame: bytes


@dataclass(frozen=True, slots=True)
class Closed:
    """A conversation that the peer opened has ended."""

    peer: str
    stream: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to an `Ask`."""

    ticket: int
    frame: bytes


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load found: a `SealedSet`, places, or records with bodies, as the effect says."""

    ticket: int
    found: SealedSet | Sequence[int | None] | Sequence[Pair]


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a batch; everything in `added` and `completed` is durable.

    `waiting` names what must be held first ("author", "device", "prev", "time", "body"), `refused` a reason.
    `forks` are the proofs that the batch completed, each named once, by the batch that brought its second half.
    """

    ticket: int
    added: Sequence[Record] = ()
    completed: Sequence[Record] = ()
    known: int = 0
    waiting: Sequence[tuple[Record, bytes | None, str]] = ()
    refused: Sequence[tuple[Cid, str]] = ()
    forks: Sequence[ForkProof] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """An effect could not be done: `unreachable`, `timeout`, `disk-full`, or the reason of a malformed answer."""

    ticket: int
    reason: str
    is_peers_fault: bool = False


@dataclass(frozen=True, slots=True)
class Woke:
    """A timer's time has come."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class Announced:
    """Records that were made or taken in here, and are stored already."""

    records: Sequence[Pair]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Someone wants one whole sync with a neighbour and waits for its `Done` under this number."""

    peer: str
    number: int


Event: TypeAlias = (
    Connected
    | Disconnected
    | Gossiped
    | Asked
    | Closed
    | Answered
    | Loaded
    | Stored
    | Failed
    | Woke
    | Announced
    | Wanted
)

# Effects


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask a peer one question; the first one of a conversation opens it.

    The questions of a conversation are asked and answered in their order, each whether or not the one before it was
    answered. At most two are under way at once, and one whose end is `Failed` is the last.
    """

    ticket: int
    peer: str
    conversation: int
    frame: bytes
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class Close:
    """A conversation that we opened, or would have, is over."""

    peer: str
    conversation: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the last `Asked` of a stream."""

    peer: str
    stream: int
    frame: bytes


@dataclass(frozen=True, slots=True)
class Reset:
    """End a conversation that the peer opened: it broke the protocol, or asks too much at once."""

    peer: str
    stream: int
    reason: str


@dataclass(frozen=True, slots=True)
class Publish:
    """Gossip a message of at most 64 KiB; nobody promises that anyone hears it."""

    data: bytes


@dataclass(frozen=True, slots=True)
class LoadSet:
    """Wants a `SealedSet` of (header time in ms, digest of the record id) of all records that a scope concerns.

    Concerned are all records of every author who has one that the scope covers. An older set is good enough, but it
    holds what was stored before this effect.
    """

    ticket: int
    scope: Scope


@dataclass(frozen=True, slots=True)
class LoadPlaces:
    """Wants for each id a number by which records can be admitted in order, None for one that is not held."""

    ticket: int
    ids: Sequence[Cid]


@dataclass(frozen=True, slots=True)
class LoadRecords:
    """Wants those of `ids` (at most 256) that are held, with bodies, in an order in which they can be admitted."""

    ticket: int
    ids: Sequence[Cid]


@dataclass(frozen=True, slots=True)
class LoadBodiless:
    """Wants at most `limit` held records whose bodies are missing and were not forgotten, from about `start` on.

    `start` in [0, 1) is a place in the order of all of them, so that each is asked for some time.
    """

    ticket: int
    scope: Scope
    limit: int
    start: float


@dataclass(frozen=True, slots=True)
class Store:
    """Verify and store records that a peer brought; idempotent, in any order within the batch."""

    ticket: int
    peer: str
    records: Sequence[Pair]


@dataclass(frozen=True, slots=True)
class Wake:
    """Say `Woke` at a time (Unix, ms) or later; a clock that is set back meanwhile neither swallows nor delays it."""

    timer: Timer
    at_ms: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """Something of a peer was refused: it counts against that peer."""

    peer: str
    reason: str


@dataclass(frozen=True, slots=True)
class Done:
    """A sync ended; `numbers` waited for it. Without a failure it went to its end.

    `failure` is `unreachable`, `timeout`, or the reason of what was refused.
    """

    peer: str
    synced: Synced
    failure: str | None = None
    numbers: Sequence[int] = field(default_factory=tuple)


Effect: TypeAlias = (
    Ask
    | Close
    | Answer
    | Reset
    | Publish
    | LoadSet
    | LoadPlaces
    | LoadRecords
    | LoadBodiless
    | Store
    | Wake
    | Refuse
    | Done
)
