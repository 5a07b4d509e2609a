"""The ledger's state as a fold of its entries: titles, shares, purses, licences, anchors, and their heads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

from cinepeer.errors import Refused
from cinepeer.rights import abi
from cinepeer.rights import events as ev
from cinepeer.rights.deeds import WHOLE, Offer
from cinepeer.rights.keccak import keccak

NOBODY = bytes(20)
_EMPTY_ANCHOR = bytes(24)
_SINGLE = abi.topic("TransferSingle(address,address,address,uint256,uint256)")


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
    """
    One title as its entries leave it; `head` folds every entry, as the contract's slot does. `registry` (20 bytes) is
    the contract in which it stands, of one set among others.
    """

    id: bytes
    deed: ev.Registered
    controller: bytes
    metadata: bytes
    head: bytes = bytes(32)
    tenure: int = 0
    status: Status = Status.CLEAR
    successor: bytes = NOBODY
    entries: int = 0
    shares: dict[bytes, int] = field(default_factory=dict)
    purses: dict[bytes, Purse] = field(default_factory=dict)
    debts: dict[tuple[bytes, bytes], int] = field(default_factory=dict)
    delegates: dict[bytes, int] = field(default_factory=dict)
    parents: list[bytes] = field(default_factory=list)
    registry: bytes = NOBODY

    @property
    def since(self) -> int:
        """When it was registered, in seconds."""
        return self.deed.time


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

    account: bytes
    root: bytes
    size: int
    time: int
    head: bytes
    block: int


@dataclass(slots=True)
class Dispute:
    """
    One dispute about a title: all evidence (digests) by whom, in order; `outcome` 0 while it is open; `ground` as the
    notice numbered it, which is to be answered by `due` (seconds).
    """

    case: int
    title: bytes
    claimant: bytes
    bond: int
    evidence: list[tuple[bytes, bytes]] = field(default_factory=list)
    respondent: bytes = NOBODY
    outcome: int = 0
    ground: int = 0
    due: int = 0
    contract: bytes = NOBODY
    """The contract (20 bytes) that numbered the case."""


@dataclass(slots=True)
class State:
    """
    Everything that the entries up to a block say; `block` is that block where the fold was told to end there. Anchors
    are kept by (contract, account), disputes by (contract, case): each contract set has its own.
    """

    titles: dict[bytes, Title] = field(default_factory=dict)
    offers: dict[bytes, Offer] = field(default_factory=dict)
    closed: set[bytes] = field(default_factory=set)
    licences: list[Licence] = field(default_factory=list)
    anchors: dict[tuple[bytes, bytes], list[Anchor]] = field(default_factory=dict)
    disputes: dict[tuple[bytes, int], Dispute] = field(default_factory=dict)
    block: int | None = None

    def anchored(self, contract: bytes, account: bytes) -> list[Anchor]:
        """The chain of an account's anchors in one contract (20 bytes each); empty for none."""
        return self.anchors.get((contract, account), [])

    def held_until(self, offer: bytes, licensee: bytes) -> int:
        """Until when (seconds) a licensee holds licences of an offer; 0 for none or taken back."""
        mine = [one for one in self.licences if (one.offer, one.licensee) == (offer, licensee)]
        return mine[-1].end if mine and not mine[-1].revoked else 0


def fold(entries: Iterable[ev.Entry], *, up_to: int | None = None, only: bytes | None = None) -> State:
    """
    The state after `entries`, in the ledger's order, or after those of blocks `up_to` a height. Raises `Refused`
    (`bad-ledger`) when an entry contradicts those before it: no ledger of ours wrote such a log. With `only`, the
    entries are those of one title (its id): any other is refused, and of a transfer of several its own part counts.
    """
    state = State(block=up_to)
    for entry in entries:
        if up_to is not None and entry.block > up_to:
            break
        if only is not None:
            if only not in titles_of(entry.event):
                raise Refused("bad-ledger", f"{entry.where}: found an entry of another title than 0x{only.hex()}")
            if isinstance(entry.event, ev.Shares):
                _move_all(state, entry.event, entry, only)
                continue
        _apply(state, entry)
    return state


def titles_of(event: ev.Event) -> tuple[bytes, ...]:
    """The titles (ids) that an event is about: none of an approval, an anchor or a bond, several of one transfer."""
    match event:
        case ev.Shares():
            return event.titles
        case ev.Derived():
            return (event.child,)
        case ev.Approved() | ev.Collected() | ev.Anchored():
            return ()
        case _:
            return (event.title,)


def grant_memo(offer: bytes, licensee: bytes, start: int, end: int) -> bytes:
    """The memo under which a licence's price is credited, so that the title's head covers the licence too."""
    return keccak(abi.encode(["bytes32", "address", "uint40", "uint40"], [offer, licensee, start, end]))


def anchor_head(before: bytes, root: bytes, size: int, time: int) -> bytes:
    """The head of an account's anchors after one more, 24 bytes."""
    return keccak(abi.encode(["bytes24", "bytes32", "uint64", "uint40"], [before, root, size, time]))[:24]


def _apply(state: State, entry: ev.Entry) -> None:
    match entry.event:
        case ev.Registered() as event:
            if event.title in state.titles:
                raise Refused("bad-ledger", f"{entry.where}: found a title registered twice, expected once")
            title = Title(event.title, event, event.creator, event.metadata, registry=entry.log.address)
            state.titles[event.title] = title
            _enter(title, _digest(entry.log))
        case ev.Shares() as event:
            _move_all(state, event, entry)
        case ev.Anchored() as event:
            _anchor(state, event, entry)
        case ev.Offered() | ev.Granted() | ev.Withdrew() | ev.Revoked() | ev.Derived():
            _apply_licence(state, entry)
        case ev.Noticed() | ev.Answered() | ev.Pleaded() | ev.Closed():
            _dispute(state, entry)
        case ev.Approved() | ev.Described() | ev.Collected():
            pass
        case event:
            title = _title(state, event.title, entry)
            _change(title, event, entry)
            _enter(title, _digest(entry.log))


def _move_all(state: State, event: ev.Shares, entry: ev.Entry, only: bytes | None = None) -> None:
    for one, amount in zip(event.titles, event.amounts, strict=True):
        if only in (None, one):
            _move(_title(state, one, entry), event, amount, entry)


def _move(title: Title, event: ev.Shares, amount: int, entry: ev.Entry) -> None:
    """Moves shares; what they have earned so far stays with the one who gives them away."""
    origin, to = event.origin, event.to
    if origin != NOBODY:
        held = title.shares.get(origin, 0)
        if held < amount:
            raise Refused("bad-ledger", f"{entry.where}: found {amount} shares moved, expected at most {held}")
        title.shares[origin] = held - amount
        for token, purse in title.purses.items():
            settled = purse.paid_in * amount
            title.debts[token, origin] = title.debts.get((token, origin), 0) - settled
            title.debts[token, to] = title.debts.get((token, to), 0) + settled
    title.shares[to] = title.shares.get(to, 0) + amount
    if sum(title.shares.values()) > WHOLE:
        raise Refused("bad-ledger", f"{entry.where}: found more than {WHOLE} shares, expected at most these")
    words = [abi.word("address", who) for who in (event.operator, origin, to)]
    _enter(title, keccak(_SINGLE, *words, abi.word("uint256", amount)))


def _change(title: Title, event: ev.Event, entry: ev.Entry) -> None:
    match event:
        case ev.Amended():
            title.metadata = event.metadata
        case ev.Controlled():
            title.controller = event.to
            title.tenure += 1
            title.delegates.clear()  # delegations end with the tenure in which they were given
        case ev.Delegated():
            title.delegates[event.who] = event.until
        case ev.Credited():
            title.purses.setdefault(event.token, Purse()).paid_in += event.amount
        case ev.Withdrawn():
            _withdraw(title, event, entry)
        case ev.StatusSet():
            if event.status not in list(Status):
                raise Refused("bad-ledger", f"{entry.where}: found the status {event.status}, expected 1 to 4")
            title.status = Status(event.status)
            title.successor = event.successor


def _withdraw(title: Title, event: ev.Withdrawn, entry: ev.Entry) -> None:
    purse = title.purses.setdefault(event.token, Purse())
    purse.paid_out += event.amount
    if purse.paid_out > purse.paid_in:
        raise Refused("bad-ledger", f"{entry.where}: found {purse.paid_out} paid out, expected at most {purse.paid_in}")
    if title.status != Status.VOID:  # what is left of a void title goes to its successor, outside the shares
        debt = title.debts.get((event.token, event.holder), 0)
        title.debts[event.token, event.holder] = debt + event.amount * WHOLE


def _apply_licence(state: State, entry: ev.Entry) -> None:
    match entry.event:
        case ev.Offered() as event:
            if (event.terms.title, event.terms.seller) != (event.title, event.seller):
                raise Refused(
                    "bad-ledger", f"{entry.where}: found an offer of another title or seller than its entry's"
                )
            state.offers[event.offer] = event.terms
        case ev.Granted() as event:
            offer = state.offers.get(event.offer)
            if offer is None or offer.title != event.title:
                raise Refused("bad-ledger", f"{entry.where}: found a licence of an offer that was never entered")
            state.licences.append(
                Licence(event.title, event.offer, event.licensee, event.start, event.end, event.paid, entry)
            )
        case ev.Withdrew() as event:
            state.closed.add(event.offer)
        case ev.Revoked() as event:
            _revoke(state, event)
        case ev.Derived() as event:
            _title(state, event.child, entry).parents.append(event.parent)


def _revoke(state: State, event: ev.Revoked) -> None:
    """Takes back the unbroken term that was live; one that had lapsed before it began stays as it was."""
    begins: int | None = None
    for licence in reversed(state.licences):
        if (licence.offer, licence.licensee) != (event.offer, event.licensee):
            continue
        if begins is not None and licence.end + 1 != begins:
            return
        licence.revoked, begins = True, licence.start


def _dispute(state: State, entry: ev.Entry) -> None:
    where = entry.log.address
    match entry.event:
        case ev.Noticed() as event:
            opened = Dispute(event.case, event.title, event.claimant, event.bond, [(event.claimant, event.evidence)])
            opened.ground, opened.due, opened.contract = event.ground, event.due, where
            state.disputes[where, event.case] = opened
        case ev.Answered() as event if (where, event.case) in state.disputes:
            dispute = state.disputes[where, event.case]
            dispute.respondent = event.respondent
            dispute.evidence.append((event.respondent, event.evidence))
        case ev.Pleaded() as event if (where, event.case) in state.disputes:
            state.disputes[where, event.case].evidence.append((event.who, event.evidence))
        case ev.Closed() as event if (where, event.case) in state.disputes:
            state.disputes[where, event.case].outcome = event.outcome
        case _:
            raise Refused("bad-ledger", f"{entry.where}: found a step of a dispute that was never opened")


def _anchor(state: State, event: ev.Anchored, entry: ev.Entry) -> None:
    chain = state.anchors.setdefault((entry.log.address, event.account), [])
    before, size = (chain[-1].head, chain[-1].size) if chain else (_EMPTY_ANCHOR, 0)
    if event.size <= size or anchor_head(before, event.root, event.size, event.time) != event.head:
        raise Refused("bad-ledger", f"{entry.where}: found an anchor that does not follow the account's last one")
    chain.append(Anchor(event.account, event.root, event.size, event.time, event.head, entry.block))


def _digest(log: ev.Log) -> bytes:
    """What an entry adds to its title's head: its topics without the title, and its data."""
    return keccak(log.topics[0], *log.topics[2:], log.data)


def _enter(title: Title, digest: bytes) -> None:
    title.head = keccak(title.head, digest)
    title.entries += 1


def _title(state: State, title: bytes, entry: ev.Entry) -> Title:
    found = state.titles.get(title)
    if found is None:
        raise Refused("bad-ledger", f"{entry.where}: found an entry of 0x{title.hex()}, which was never registered")
    return found
