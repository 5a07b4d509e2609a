"""A receipt: the statement of one list that anybody can make again, bit for bit, from the model's bytes and a history.

One file: a magic line, the length of a header (4 bytes, big-endian), the DAG-CBOR header, a signature of 64 bytes over
the header by the device that made the list, and the model's bytes. The history stands in the header, or only its
commitment: then whoever made the list keeps the opening beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from cinepeer.errors import BadInput, Refused
from cinepeer.recommend.rules import Facts
from cinepeer.recommend.served import ServedModel, load, served_id
from cinepeer.recommend.shortlist import Shortlist, shortlist
from cinepeer.recommend.wishes import Wishes, parse_wishes, wishes_map
from cinepeer.records import dagcbor, keys, merkle
from cinepeer.records.cid import RAW, Cid

MAGIC = b"cinepeer/receipt/1\n"
OPENING = b"cinepeer/receipt-opening/1\n"
DOMAIN = b"cinepeer/receipt/1\0"
SALT_BYTES = 16
SIGNATURE_BYTES = 64
MAX_HEADER_BYTES = 8 << 20
MAX_RECEIPT_BYTES = 512 << 20
MAX_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One rating of the history: its film, stars, time (ms; None: not known), and its record where it is public."""

    film: str
    stars: int
    time: int | None
    record: Cid | None
    salt: bytes

    @property
    def leaf(self) -> bytes:
        """What the commitment is made of: 32 bytes that say nothing without the salt."""
        told = dagcbor.encode([self.salt, self.film, self.stars, self.time, self.record])
        return hashlib.sha256(told).digest()


@dataclass(frozen=True, slots=True)
class Origin:
    """What the model was fitted on: the root of the counted ratings (32 bytes), how many, and the fit's own seed."""

    root: bytes
    ratings: int
    seed: int


@dataclass(frozen=True, slots=True)
class Statement:
    """What a receipt says: whose list by which model, from what, and the list itself as (film, score, likes, by)."""

    author: Cid | None
    device: bytes
    model: Cid
    origin: Origin | None
    leaves: tuple[bytes, ...]
    wishes: Wishes
    facts: Mapping[str, Facts]
    limit: int
    films: tuple[tuple[str, int, int, str], ...]
    left_out: Mapping[str, int]

    @property
    def root(self) -> bytes:
        """The commitment to the whole history: an RFC 6962 root over the leaves."""
        return merkle.root(self.leaves)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt as it was read: nothing of it is checked. `history` is None where only a commitment stands in it."""

    statement: Statement
    header: bytes
    signature: bytes
    history: tuple[Entry, ...] | None
    model: bytes


def state(
    model: ServedModel,
    model_bytes: bytes,
    entries: Sequence[Entry],
    wishes: Wishes,
    facts: Mapping[str, Facts],
    *,
    limit: int,
    author: Cid | None,
    device: bytes,
    origin: Origin | None,
) -> Statement:
    """The statement of the list that follows from these; only facts of films that the model knows are told."""
    known = {film: facts[film] for film in model.films if film in facts}
    listed = relist(model, entries, wishes, known, limit)
    films = tuple((one.film, one.score, one.likes, one.by) for one in listed.films)
    leaves = tuple(entry.leaf for entry in entries)
    return Statement(
        author, device, served_id(model_bytes), origin, leaves, wishes, known, limit, films, listed.left_out
    )


def relist(
    model: ServedModel, entries: Sequence[Entry], wishes: Wishes, facts: Mapping[str, Facts], limit: int
) -> Shortlist:
    """The list from a receipt's own parts, by integers alone."""
    stars = {entry.film: entry.stars for entry in entries}
    times = {entry.film: entry.time for entry in entries if entry.time is not None}
    return shortlist(model, stars, times if len(times) == len(stars) else None, wishes, facts, limit=limit)


def write_head(statement: Statement, sign: Callable[[bytes], bytes], entries: Sequence[Entry] | None) -> bytes:
    """All of a receipt before the model's bytes, signed by the device; without `entries` the history is a commitment.

    `sign` makes the device's Ed25519 signature (64 bytes) of a message.
    """
    header = dagcbor.encode(_header(statement, entries))
    return b"".join((MAGIC, len(header).to_bytes(4, "big"), header, sign(DOMAIN + header)))


def write_receipt(statement: Statement, seed: bytes, model: bytes, entries: Sequence[Entry] | None) -> bytes:
    """The receipt's bytes, signed by the device of `seed` (32 bytes)."""
    return write_head(statement, lambda message: keys.sign(seed, message), entries) + model


def write_opening(entries: Sequence[Entry]) -> bytes:
    """What opens a commitment: the history with its salts. It is private."""
    return OPENING + dagcbor.encode([_entry(entry) for entry in entries])


def is_receipt(data: bytes) -> bool:
    """Whether these bytes begin like a receipt."""
    return data[: len(MAGIC)] == MAGIC


def read_receipt(data: bytes) -> Receipt:
    """Reads a receipt's form; raises `Refused` (`bad-receipt`). Whether it holds is another question."""
    at = len(MAGIC) + 4
    if not is_receipt(data) or len(data) < at:
        raise _refused("other bytes", f"a receipt that begins with {MAGIC.decode().strip()}")
    size = int.from_bytes(data[len(MAGIC) : at], "big")
    if size > MAX_HEADER_BYTES or len(data) < at + size + SIGNATURE_BYTES:
        raise _refused(f"{len(data)} bytes", f"a header of {size} bytes, a signature and a model: it is cut or changed")
    header = data[at : at + size]
    told = dagcbor.decode(header)
    signature = data[at + size : at + size + SIGNATURE_BYTES]
    try:
        statement, history = _parsed(told)
    except (KeyError, TypeError, ValueError, BadInput) as error:
        raise _refused(f"a header that does not say what it should ({error})", "one of a receipt") from None
    return Receipt(statement, header, signature, history, data[at + size + SIGNATURE_BYTES :])


def read_opening(data: bytes) -> tuple[Entry, ...]:
    """Reads what opens a commitment; raises `Refused` (`bad-receipt`)."""
    if data[: len(OPENING)] != OPENING:
        raise _refused("other bytes", "the opening of a receipt's history")
    try:
        return _entries(dagcbor.decode(data[len(OPENING) :]))
    except (TypeError, ValueError) as error:
        raise _refused(f"an opening that does not fit ({error})", "a history") from None


def model_of(receipt: Receipt) -> ServedModel:
    """The model in a receipt; raises `Refused` where its bytes are not those that the statement names."""
    found = Cid.of(receipt.model, RAW)
    if found != receipt.statement.model:
        raise Refused("bad-model", f"found the model {found}, expected {receipt.statement.model} as the receipt says")
    return load(receipt.model)


def _header(statement: Statement, entries: Sequence[Entry] | None) -> dict[str, Any]:
    origin = statement.origin
    return {
        "author": statement.author,
        "device": statement.device,
        "model": statement.model,
        "origin": None if origin is None else {"root": origin.root, "ratings": origin.ratings, "seed": origin.seed},
        "leaves": list(statement.leaves),
        "history": None if entries is None else [_entry(entry) for entry in entries],
        "wishes": wishes_map(statement.wishes),
        "facts": {film: _facts_map(facts) for film, facts in statement.facts.items()},
        "limit": statement.limit,
        "films": [list(film) for film in statement.films],
        "left_out": dict(statement.left_out),
    }


def _entry(entry: Entry) -> list[Any]:
    return [entry.salt, entry.film, entry.stars, entry.time, entry.record]


def _facts_map(facts: Facts) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(facts).items()}


def _parsed(told: Any) -> tuple[Statement, tuple[Entry, ...] | None]:
    """The statement and the history; raises whatever a wrong shape raises."""
    _as(dict, told)
    origin = told["origin"]
    facts = {film: _facts(said) for film, said in _as(dict, told["facts"]).items()}
    films = tuple((_as(str, f), _as(int, s), _as(int, n), _as(str, b)) for f, s, n, b in told["films"])
    limit = _as(int, told["limit"])
    if not 0 <= limit <= MAX_LIMIT:
        raise ValueError(f"a list of {limit} films")
    statement = Statement(
        None if told["author"] is None else _as(Cid, told["author"]),
        _sized(told["device"], 32),
        _as(Cid, told["model"]),
        None
        if origin is None
        else Origin(_sized(origin["root"], 32), _as(int, origin["ratings"]), _as(int, origin["seed"])),
        tuple(_sized(leaf, 32) for leaf in told["leaves"]),
        parse_wishes(_as(dict, told["wishes"])),
        facts,
        limit,
        films,
        {_as(str, why): _as(int, count) for why, count in _as(dict, told["left_out"]).items()},
    )
    return statement, None if told["history"] is None else _entries(told["history"])


def _entries(told: Any) -> tuple[Entry, ...]:
    found = []
    for salt, film, stars, time, record in told:
        if not 1 <= _as(int, stars) <= 10:
            raise ValueError(f"{stars} stars")
        moment = None if time is None else _as(int, time)
        found.append(
            Entry(_as(str, film), stars, moment, None if record is None else _as(Cid, record), _sized(salt, SALT_BYTES))
        )
    return tuple(found)


def _facts(told: Any) -> Facts:
    known = {field.name for field in fields(Facts)}
    if set(told) != known:
        raise ValueError("other facts")
    for name in ("minutes", "year", "block"):
        if told[name] is not None:
            _as(int, told[name])
    for name in ("is_seen", "is_ready", "is_disputed"):
        _as(bool, told[name])
    if told["is_licensed"] is not None:
        _as(bool, told["is_licensed"])
    words = {
        name: None if told[name] is None else tuple(_as(str, one) for one in told[name])
        for name in ("languages", "genres")
    }
    return Facts(**{**told, **words})


def _as(kind: type, value: Any) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{type(value).__name__} where {kind.__name__} is due")
    return value


def _sized(value: Any, size: int) -> bytes:
    if not isinstance(value, bytes) or len(value) != size:
        raise ValueError(f"no {size} bytes")
    return value


def _refused(found: str, expected: str) -> Refused:
    return Refused("bad-receipt", f"found {found}, expected {expected}")
