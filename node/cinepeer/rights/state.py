"""The ledger's state as a fold of its entries: titles, shares, purses, licences, anchors, and their heads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from cinepeer.errors import Refused
from cinepeer.rights import abi
from cinepeer.rights import events as ev
from cinepeer.rights.deeds import WHOLE, Offer, title_number
from cinepeer.rights.keccak import keccak

NOBODY = bytes(20)
_EMPTY_ANCHOR = bytes(24)


class Status(IntEnum):
    """What a dispute has made of a title."""

    CLEAR = 1
    CONTESTED = 2
    SUSPENDED = 3
    VOID = 4


@dataclass(slots=True)
class Purse:
    """What came into a title's purse and what was paid out of it, in the smallest unit of one currency."""

    paid_in: int = 0
    paid_out: int = 0


@dataclass(slots=True)
class Title:
    """One title as its entries leave it; `head` folds every entry, as the contract's slot does."""

    id: bytes
    deed: ev.Registered
    since: int
    head: bytes
    controller: bytes
    metadata: bytes
    status: Status = Status.CLEAR
    successor: bytes = NOBODY
    entries: int = 1
    shares: dict[bytes, int] = field(default_factory=dict)
    purses: dict[bytes, Purse] = field(default_factory=dict)
    debts: dict[tuple[bytes, bytes], int] = field(default_factory=dict)
    delegates: dict[bytes, int] = field(default_factory=dict)
    parents: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class Licence:
    """One granted licence, from `start` to `end` in seconds; `revoked` once it was taken back."""

    title: bytes
    offer: bytes
    licensee: bytes
    start: int
    end: int
    paid: int
    entry: ev.Entry
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Anchor:
    """One anchored root over `size` leaves, at `time` (seconds) of `block`, and the head (24 bytes) after it."""

    author: bytes
    root: bytes
    size: int
    time: int
    head: bytes
    block: int


@dataclass(slots=True)
class Dispute:
    """One dispute about a title; `outcome` 0 while it is open."""

    case: int
    title: bytes
    claimant: bytes
    evidence: bytes
    bond: int
    respondent: bytes = NOBODY
    outcome: int = 0


@dataclass(slots=True)
class State:
    """Everything that the entries up to a block say."""

    titles: dict[bytes, Title] = field(default_factory=dict)
    offers: dict[bytes, Offer] = field(default_factory=dict)
    closed: set[bytes] = field(default_factory=set)
    licences: list[Licence] = field(default_factory=list)
    anchors: dict[bytes, list[Anchor]] = field(default_factory=dict)
    disputes: dict[int, Dispute] = field(default_factory=dict)

    def held_until(self, offer: bytes, licensee: bytes) -> int:
        """Until when (seconds) a licensee holds licences of an offer; 0 for none or taken back."""
        mine = [one for one in self.licences if (one.offer, one.licensee) == (offer, licensee)]
        return mine[-1].end if mine and not mine[-1].revoked else 0


def timed_blocks(entries: Iterable[ev.Entry]) -> list[int]:
    """The blocks whose times `fold` needs: those in which a title or an anchor was entered."""
    return sorted({entry.block for entry in entries if isinstance(entry.event, ev.Registered | ev.Anchored)})


def fold(entries: Iterable[ev.Entry], times: Mapping[int, int]) -> State:
    """
    The state after `entries`, in the ledger's order; `times` gives a block's time in seconds (see `timed_blocks`).
    Raises `Refused` (`bad-ledger`) when an entry contradicts those before it: no ledger of ours wrote such a log.
    """
    state = State()
    for entry in entries:
        _apply(state, entry, times)
    return state


def grant_memo(offer: bytes, licensee: bytes, start: int, end: int) -> bytes:
    """The memo under which a licence's price is credited, so that the title's head covers the licence too."""
    return keccak(abi.encode(["bytes32", "address", "uint40", "uint40"], [offer, licensee, start, end]))


def anchor_head(before: bytes, root: bytes, size: int, time: int) -> bytes:
    """The head of an account's anchors after one more, 24 bytes."""
    return keccak(abi.encode(["bytes24", "bytes32", "uint64", "uint64"], [before, root, size, time]))[:24]


def _apply(state: State, entry: ev.Entry, times: Mapping[int, int]) -> None:
    match entry.event:
        case ev.Registered() as event:
            _register(state, event, _time(times, entry))
        case ev.Shares() as event:
            for title, amount in zip(event.titles, event.amounts, strict=True):
                _move(_title(state, title, entry), event.origin, event.to, amount, entry)
        case ev.Anchored() as event:
            _anchor(state, event, _time(times, entry), entry)
        case ev.Offered() | ev.Granted() | ev.Withdrew() | ev.Revoked() | ev.Derived():
            _license(state, entry)
        case ev.Noticed() | ev.Answered() | ev.Closed():
            _dispute(state, entry)
        case ev.Approved():
            pass
        case _:
            _change(_title(state, entry.event.title, entry), entry.event, entry)


def _register(state: State, event: ev.Registered, time: int) -> None:
    if event.title in state.titles:
        raise Refused("bad-ledger", f"found the title 0x{event.title.hex()} registered twice, expected once")
    kinds = ["string", "uint256", "address", "bytes32", "bytes32", "bytes32", "uint8", "uint16", "uint256"]
    number = title_number(event.title)
    values: list[abi.Value] = [b"Registered", number, event.creator, event.content, event.metadata]
    head = keccak(abi.encode(kinds, [*values, event.fingerprint, event.codec, event.royalty, time]))
    state.titles[event.title] = Title(event.title, event, time, head, event.creator, event.metadata)


def _move(title: Title, origin: bytes, to: bytes, amount: int, entry: ev.Entry) -> None:
    """Moves shares with what they have earned so far, as the contract settles it."""
    if origin != NOBODY:
        if title.shares.get(origin, 0) < amount:
            raise Refused(
                "bad-ledger", f"{_where(entry)}: found {amount} shares moved of {title.shares.get(origin, 0)}"
            )
        title.shares[origin] -= amount
        for token, purse in title.purses.items():
            settled = purse.paid_in * amount
            title.debts[token, origin] = title.debts.get((token, origin), 0) - settled
            title.debts[token, to] = title.debts.get((token, to), 0) + settled
    title.shares[to] = title.shares.get(to, 0) + amount
    if sum(title.shares.values()) > WHOLE:
        raise Refused("bad-ledger", f"{_where(entry)}: found more than {WHOLE} shares, expected at most these")
    _enter(title, "Shares", ["address", "address", "uint256"], [origin, to, amount])


def _change(title: Title, event: ev.Event, entry: ev.Entry) -> None:
    match event:
        case ev.Amended():
            title.metadata = event.metadata
            _enter(title, "Amended", ["bytes32"], [event.metadata])
        case ev.Controlled():
            title.controller = event.to
            _enter(title, "Controlled", ["address"], [event.to])
        case ev.Delegated():
            title.delegates[event.who] = event.until
            _enter(title, "Delegated", ["address", "uint40"], [event.who, event.until])
        case ev.Credited():
            title.purses.setdefault(event.token, Purse()).paid_in += event.amount
            _enter(title, "Credited", ["address", "uint256", "bytes32"], [event.token, event.amount, event.memo])
        case ev.Withdrawn():
            _withdraw(title, event, entry)
        case ev.StatusSet():
            if event.status not in list(Status):
                raise Refused("bad-ledger", f"{_where(entry)}: found the status {event.status}, expected 1 to 4")
            if title.status != Status.VOID and event.status == Status.VOID:
                title.successor = event.successor
            title.status = Status(event.status)
            _enter(title, "StatusSet", ["uint8", "address"], [event.status, event.successor])


def _withdraw(title: Title, event: ev.Withdrawn, entry: ev.Entry) -> None:
    purse = title.purses.setdefault(event.token, Purse())
    purse.paid_out += event.amount
    if purse.paid_out > purse.paid_in:
        raise Refused("bad-ledger", f"{_where(entry)}: found {purse.paid_out} paid out of {purse.paid_in}")
    if title.status != Status.VOID:  # what is left of a void title goes to its successor, outside the shares
        debt = title.debts.get((event.token, event.holder), 0)
        title.debts[event.token, event.holder] = debt + event.amount * WHOLE
    _enter(title, "Withdrawn", ["address", "address", "uint256"], [event.holder, event.token, event.amount])


def _license(state: State, entry: ev.Entry) -> None:
    match entry.event:
        case ev.Offered() as event:
            if event.terms.title != event.title:
                raise Refused("bad-ledger", f"{_where(entry)}: found an offer of another title than its entry's")
            state.offers[event.offer] = event.terms
        case ev.Granted() as event:
            offer = state.offers.get(event.offer)
            if offer is None or offer.title != event.title:
                raise Refused("bad-ledger", f"{_where(entry)}: found a licence of an offer never entered")
            state.licences.append(
                Licence(event.title, event.offer, event.licensee, event.start, event.end, event.paid, entry)
            )
        case ev.Withdrew() as event:
            state.closed.add(event.offer)
        case ev.Revoked() as event:
            for licence in state.licences:
                if (licence.offer, licence.licensee) == (event.offer, event.licensee):
                    licence.revoked = True
        case ev.Derived() as event:
            _title(state, event.child, entry).parents.append(event.parent)


def _dispute(state: State, entry: ev.Entry) -> None:
    match entry.event:
        case ev.Noticed() as event:
            case = Dispute(event.case, event.title, event.claimant, event.evidence, event.bond)
            state.disputes[event.case] = case
        case ev.Answered() as event if event.case in state.disputes:
            state.disputes[event.case].respondent = event.respondent
        case ev.Closed() as event if event.case in state.disputes:
            state.disputes[event.case].outcome = event.outcome
        case _:
            raise Refused("bad-ledger", f"{_where(entry)}: found a step of a dispute that was never opened")


def _anchor(state: State, event: ev.Anchored, time: int, entry: ev.Entry) -> None:
    chain = state.anchors.setdefault(event.author, [])
    before, size = (chain[-1].head, chain[-1].size) if chain else (_EMPTY_ANCHOR, 0)
    if event.size <= size or anchor_head(before, event.root, event.size, time) != event.head:
        raise Refused("bad-ledger", f"{_where(entry)}: found an anchor that does not follow the account's last one")
    chain.append(Anchor(event.author, event.root, event.size, time, event.head, entry.block))


def _enter(title: Title, name: str, kinds: list[abi.Kind], values: list[abi.Value]) -> None:
    """Folds one entry into the title's head as the contract does."""
    title.head = keccak(title.head, keccak(abi.encode(["string", *kinds], [name.encode(), *values])))
    title.entries += 1


def _title(state: State, title: bytes, entry: ev.Entry) -> Title:
    found = state.titles.get(title)
    if found is None:
        raise Refused("bad-ledger", f"{_where(entry)}: found an entry of 0x{title.hex()}, which was never registered")
    return found


def _time(times: Mapping[int, int], entry: ev.Entry) -> int:
    time = times.get(entry.block)
    if time is None:
        raise Refused("bad-ledger", f"found no time of block {entry.block}, expected one: it is part of the fold")
    return time


def _where(entry: ev.Entry) -> str:
    return f"log {entry.index} of block {entry.block}"
