"""The entries of the ledger's log, decoded by tables of our own; whatever is not in them is refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, TypeAlias

from cinepeer.errors import Refused
from cinepeer.rights import abi
from cinepeer.rights.deeds import Offer, title_bytes
from cinepeer.rights.deployment import ContractSet


@dataclass(frozen=True, slots=True)
class Log:
    """One log entry as an endpoint gives it: an address of 20 bytes, topics and hashes of 32."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes
    block: int
    index: int
    tx: bytes = b""
    block_hash: bytes = b""


# Events keep the contracts' names and fields, in the order of their declarations. A title is its id, 20 bytes.


@dataclass(frozen=True, slots=True)
class Registered:
    """A title begins: who registered which content."""

    title: bytes
    creator: bytes
    content: bytes
    metadata: bytes
    fingerprint: bytes
    codec: int
    royalty: int
    time: int


@dataclass(frozen=True, slots=True)
class Amended:
    """A title's metadata are replaced."""

    title: bytes
    metadata: bytes
    time: int


@dataclass(frozen=True, slots=True)
class Described:
    """Where a title's metadata are now, as text (ERC-1155 URI); it follows an amendment."""

    value: bytes
    title: bytes


@dataclass(frozen=True, slots=True)
class Controlled:
    """A title's control passes from one account to another."""

    title: bytes
    origin: bytes
    to: bytes
    time: int


@dataclass(frozen=True, slots=True)
class Delegated:
    """An account may act for the controller until a time (seconds)."""

    title: bytes
    who: bytes
    until: int
    time: int


@dataclass(frozen=True, slots=True)
class Credited:
    """Money came into a purse, in the smallest unit of `token`; by a sale when `payer` is the contract Licences."""

    title: bytes
    payer: bytes
    memo: bytes
    token: bytes
    amount: int
    time: int


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Royalties were paid to a holder, in the smallest unit of `token`."""

    title: bytes
    holder: bytes
    token: bytes
    amount: int
    time: int


@dataclass(frozen=True, slots=True)
class StatusSet:
    """A dispute changed a title's status; `successor` is who gets the purse of a void one."""

    title: bytes
    status: int
    successor: bytes
    time: int


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of titles moved; from the zero address at registration. `titles` and `amounts` belong pairwise."""

    operator: bytes
    origin: bytes
    to: bytes
    titles: tuple[bytes, ...]
    amounts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Approved:
    """An operator may move all shares of an account, or no longer (ERC-1155)."""

    account: bytes
    operator: bytes
    approved: bool


@dataclass(frozen=True, slots=True)
class Offered:
    """An offer was taken for the first time; its terms are public from here on."""

    offer: bytes
    title: bytes
    seller: bytes
    terms: Offer


@dataclass(frozen=True, slots=True)
class Granted:
    """A licence: who may show the film under which offer, from `start` to `end` (seconds), and what was paid."""

    title: bytes
    offer: bytes
    licensee: bytes
    start: int
    end: int
    paid: int


@dataclass(frozen=True, slots=True)
class Withdrew:
    """An offer is closed."""

    offer: bytes
    title: bytes


@dataclass(frozen=True, slots=True)
class Revoked:
    """A revocable licence was taken back."""

    offer: bytes
    licensee: bytes
    title: bytes


@dataclass(frozen=True, slots=True)
class Derived:
    """A title derives from another under a remix licence."""

    child: bytes
    parent: bytes
    offer: bytes


@dataclass(frozen=True, slots=True)
class Noticed:
    """Somebody disputes a title."""

    case: int
    title: bytes
    claimant: bytes
    ground: int
    evidence: bytes
    bond: int
    due: int


@dataclass(frozen=True, slots=True)
class Answered:
    """A notice is answered."""

    case: int
    title: bytes
    respondent: bytes
    evidence: bytes
    bond: int
    due: int


@dataclass(frozen=True, slots=True)
class Pleaded:
    """Somebody concerned added evidence."""

    case: int
    title: bytes
    who: bytes
    evidence: bytes


@dataclass(frozen=True, slots=True)
class Closed:
    """A dispute ended: 3 upheld, 4 dismissed, 5 lapsed."""

    case: int
    title: bytes
    outcome: int
    reasons: bytes


@dataclass(frozen=True, slots=True)
class Collected:
    """Bonds were paid out, in wei."""

    who: bytes
    amount: int


@dataclass(frozen=True, slots=True)
class Anchored:
    """An account anchored an RFC 6962 root over `size` leaves."""

    account: bytes
    root: bytes
    size: int
    time: int
    head: bytes


Event: TypeAlias = (
    Registered | Amended | Described | Controlled | Delegated | Credited | Withdrawn | StatusSet | Shares | Approved
    | Offered | Granted | Withdrew | Revoked | Derived | Noticed | Answered | Pleaded | Closed | Collected
    | Anchored
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One event with the log entry that it was read from."""

    event: Event
    log: Log

    @property
    def block(self) -> int:
        """The height of its block."""
        return self.log.block

    @property
    def where(self) -> str:
        """Its place, in words."""
        return f"log {self.log.index} of block {self.log.block}"


# The parameters as the contracts declare them; those named title, child, parent and titles are titles' ids.
_DECLARED: dict[str, tuple[tuple[type, str], ...]] = {
    "TitleRegistry": (
        (Registered, "Registered(uint256 indexed title, address indexed creator, bytes32 indexed content, "
                     "bytes32 metadata, bytes32 fingerprint, uint8 codec, uint16 royalty, uint40 time)"),
        (Amended, "Amended(uint256 indexed title, bytes32 metadata, uint40 time)"),
        (Described, "URI(string value, uint256 indexed title)"),
        (Controlled, "Controlled(uint256 indexed title, address indexed from, address indexed to, uint40 time)"),
        (Delegated, "Delegated(uint256 indexed title, address indexed who, uint40 until, uint40 time)"),
        (Credited, "Credited(uint256 indexed title, address indexed payer, bytes32 indexed memo, "
                   "address token, uint256 amount, uint40 time)"),
        (Withdrawn, "Withdrawn(uint256 indexed title, address indexed holder, address indexed token, "
                    "uint256 amount, uint40 time)"),
        (StatusSet, "StatusSet(uint256 indexed title, uint8 status, address successor, uint40 time)"),
        (Shares, "TransferSingle(address indexed operator, address indexed from, address indexed to, "
                 "uint256 title, uint256 amount)"),
        (Shares, "TransferBatch(address indexed operator, address indexed from, address indexed to, "
                 "uint256[] titles, uint256[] amounts)"),
        (Approved, "ApprovalForAll(address indexed account, address indexed operator, bool approved)"),
    ),
    "Licences": (
        (Offered, "Offered(bytes32 indexed offer, uint256 indexed title, address indexed seller, Offer terms)"),
        (Granted, "Granted(uint256 indexed title, bytes32 indexed offer, address indexed licensee, "
                  "uint40 start, uint40 end, uint256 paid)"),
        (Withdrew, "Withdrew(bytes32 indexed offer, uint256 indexed title)"),
        (Revoked, "Revoked(bytes32 indexed offer, address indexed licensee, uint256 indexed title)"),
        (Derived, "Derived(uint256 indexed child, uint256 indexed parent, bytes32 indexed offer)"),
    ),
    "Disputes": (
        (Noticed, "Noticed(uint256 indexed case, uint256 indexed title, address indexed claimant, "
                  "uint8 ground, bytes32 evidence, uint256 bond, uint40 due)"),
        (Answered, "Answered(uint256 indexed case, uint256 indexed title, address indexed respondent, "
                   "bytes32 evidence, uint256 bond, uint40 due)"),
        (Pleaded, "Pleaded(uint256 indexed case, uint256 indexed title, address indexed who, bytes32 evidence)"),
        (Closed, "Closed(uint256 indexed case, uint256 indexed title, uint8 state, bytes32 reasons)"),
        (Collected, "Collected(address indexed who, uint256 amount)"),
    ),
    "Anchors": (
        (Anchored, "Anchored(address indexed account, bytes32 indexed root, uint64 size, uint40 time, bytes24 head)"),
    ),
}  # fmt: skip
_TITLE_NAMES = frozenset({"title", "child", "parent", "titles"})


class _Parameter(NamedTuple):
    name: str
    kind: abi.Kind
    indexed: bool


class _Shape(NamedTuple):
    event: type
    parameters: tuple[_Parameter, ...]


def _shape(event: type, declared: str) -> tuple[bytes, _Shape]:
    """The first topic of a declaration, and how to read it."""
    name, _, inner = declared.rstrip(")").partition("(")
    parameters = []
    for part in inner.split(", "):
        kind, *words = part.split(" ")
        parameters.append(_Parameter(words[-1], Offer.kind() if kind == "Offer" else kind, "indexed" in words))
    written = abi.written(tuple(parameter.kind for parameter in parameters))
    return abi.topic(name + written), _Shape(event, tuple(parameters))


_SHAPES = {name: dict(_shape(*one) for one in declared) for name, declared in _DECLARED.items()}


def topics(contract: str) -> dict[bytes, tuple[bool, ...]]:
    """The first topics that a contract of ours emits, each with which of its parameters are indexed."""
    return {topic: tuple(one.indexed for one in shape.parameters) for topic, shape in _SHAPES[contract].items()}


def decode(log: Log, contracts: ContractSet) -> Event:
    """The event of a log entry; raises `Refused` (`bad-log`) for another contract, an unknown event or odd data."""
    name = contracts.name_of(log.address)
    shape = _SHAPES.get(name or "", {}).get(log.topics[0] if log.topics else b"")
    where = f"log {log.index} of block {log.block}"
    if shape is None:
        raise Refused("bad-log", f"{where}: found an entry of {log.address.hex()} that no contract of ours writes")
    indexed = [parameter for parameter in shape.parameters if parameter.indexed]
    plain = [parameter for parameter in shape.parameters if not parameter.indexed]
    if len(log.topics) != len(indexed) + 1:
        raise Refused("bad-log", f"{where}: found {len(log.topics)} topics, expected {len(indexed) + 1}")
    try:
        found: dict[str, Any] = {
            parameter.name: abi.unword(abi.written(parameter.kind), topic)
            for parameter, topic in zip(indexed, log.topics[1:], strict=True)
        }
        values = abi.decode([parameter.kind for parameter in plain], log.data)
        found |= {parameter.name: value for parameter, value in zip(plain, values, strict=True)}
        return _made(shape, found)
    except Refused as refused:
        raise Refused("bad-log", f"{where}: {refused}") from refused


def decode_all(logs: Iterable[Log], contracts: ContractSet) -> list[Entry]:
    """The events of all logs; raises `Refused` (`bad-log`) when they are not in the strict order of the ledger."""
    entries: list[Entry] = []
    last = (-1, -1)
    for log in logs:
        if (log.block, log.index) <= last:
            found = f"log {log.index} of block {log.block}: found it after log {last[1]} of block {last[0]}"
            raise Refused("bad-log", f"{found}, expected the ledger's order")
        last = (log.block, log.index)
        entries.append(Entry(decode(log, contracts), log))
    return entries


def _made(shape: _Shape, found: dict[str, Any]) -> Event:
    """The event's dataclass: its fields in the order of the parameters."""
    if shape.event is Shares and "title" in found:
        found |= {"title": [found["title"]], "amount": [found["amount"]]}
    values = []
    for parameter in shape.parameters:
        value = found[parameter.name]
        if isinstance(parameter.kind, tuple):
            value = Offer.of_values(value)
        elif parameter.name in _TITLE_NAMES:
            value = tuple(title_bytes(one) for one in value) if isinstance(value, list) else title_bytes(value)
        elif isinstance(value, list):
            value = tuple(value)
        values.append(value)
    if shape.event is Shares and len(values[3]) != len(values[4]):
        raise Refused("bad-log", f"found {len(values[3])} titles and {len(values[4])} amounts, expected pairs")
    event: Event = shape.event(**dict(zip((field.name for field in fields(shape.event)), values, strict=True)))
    return event
