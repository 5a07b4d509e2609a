"""Who orders a network's blocks after whom: hand-overs from one sequencer's key to the next, signed by both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cinepeer.errors import Refused
from cinepeer.records import dagcbor, keys
from cinepeer.records.cid import Cid
from cinepeer.records.dagcbor import Value

MAX_HANDOVERS = 64
"""Most hand-overs in the life of a network."""

MAX_ADDRS = 8
_MAX_ADDR = 300
_CONSENT = b"cinepeer/candidate/1\0"
_ORDER = b"cinepeer/yield/1\0"
_HANDOVER = b"cinepeer/handover/1\0"


@dataclass(frozen=True, slots=True)
class Candidate:
    """
    A key that is ready to order: the number of the hand-over that makes it so, its Ed25519 public key (32 bytes), the
    account of its faucet (20 bytes), the multiaddrs of its node, and its signature (64 bytes) over all of it.
    """

    number: int
    sequencer: bytes
    faucet: bytes
    addrs: tuple[str, ...]
    consent: bytes

    def to_map(self) -> dict[str, Value]:
        """The fields by name."""
        return {**_asked(self), "consent": self.consent}

    def message(self, network: Cid) -> bytes:
        """What the candidate's key signs."""
        return _CONSENT + dagcbor.encode({**_asked(self), "network": network})

    def order(self, network: Cid) -> bytes:
        """What the sequencer's key signs so that its ledger hands over to this candidate."""
        return _ORDER + dagcbor.encode({**self.to_map(), "network": network})


@dataclass(frozen=True, slots=True)
class Handover:
    """
    One hand-over: `height` and `hash` (32 bytes) of the last block that the key before signed, and that key's signature
    (64 bytes) over both and the candidate.
    """

    candidate: Candidate
    height: int
    hash: bytes
    signature: bytes

    @property
    def number(self) -> int:
        """Counts from 1."""
        return self.candidate.number

    @property
    def sequencer(self) -> bytes:
        """The key that orders from then on."""
        return self.candidate.sequencer

    def to_map(self) -> dict[str, Value]:
        """The fields by name."""
        return {**self.candidate.to_map(), "height": self.height, "hash": self.hash, "signature": self.signature}

    def message(self, network: Cid) -> bytes:
        """What the key before signs."""
        told = {**self.candidate.to_map(), "height": self.height, "hash": self.hash, "network": network}
        return _HANDOVER + dagcbor.encode(told)


@dataclass(frozen=True, slots=True)
class Succession:
    """A network's sequencers: the first key (32 bytes), which its genesis names, and every hand-over, in order."""

    network: Cid
    first: bytes
    handovers: tuple[Handover, ...] = ()

    @property
    def current(self) -> bytes:
        """The key that orders now."""
        return self.handovers[-1].sequencer if self.handovers else self.first

    @property
    def keys(self) -> tuple[bytes, ...]:
        """Every key that ever ordered, the first first."""
        return (self.first, *(one.sequencer for one in self.handovers))

    def at(self, height: int) -> bytes:
        """The key that signs the block of a height."""
        key = self.first
        for one in self.handovers:
            if height > one.height:
                key = one.sequencer
        return key

    def until(self, height: int) -> Succession:
        """The hand-overs that say who signs the block of a height."""
        return Succession(self.network, self.first, tuple(one for one in self.handovers if height > one.height))

    def block_hash(self, height: int) -> bytes | None:
        """The hash that a hand-over names for the block of a height, or None."""
        return next((one.hash for one in self.handovers if one.height == height), None)

    def verify_candidate(self, candidate: Candidate) -> None:
        """Raises `Refused` (`bad-handover`) unless this candidate may come next and wants to."""
        if candidate.number != len(self.handovers) + 1 or candidate.number > MAX_HANDOVERS:
            raise _bad(
                f"found the hand-over number {candidate.number}, expected {len(self.handovers) + 1} to come next"
            )
        if candidate.sequencer in self.keys:
            raise _bad(f"found {candidate.sequencer.hex()}, which ordered before, expected a key that never did")
        _verify(candidate.sequencer, candidate.message(self.network), candidate.consent, "the new sequencer's consent")

    def verify_next(self, handover: Handover) -> None:
        """Raises `Refused` (`bad-handover`) unless the key that orders now says so, and the new one agreed."""
        self.verify_candidate(handover.candidate)
        last = self.handovers[-1] if self.handovers else None
        if last is not None and handover.height <= last.height:
            raise _bad(f"found a hand-over after block {handover.height}, expected one after block {last.height}")
        _verify(
            self.current, handover.message(self.network), handover.signature, "the signature of the sequencer before"
        )

    def followed_by(self, handover: Handover) -> Succession:
        """The succession with one more hand-over; raises `Refused` (`bad-handover`)."""
        self.verify_next(handover)
        return Succession(self.network, self.first, (*self.handovers, handover))


def succession_of(network: Cid, first: bytes, handovers: Iterable[Handover]) -> Succession:
    """The succession of these hand-overs, each checked; raises `Refused` (`bad-handover`)."""
    found = Succession(network, first)
    for one in handovers:
        found = found.followed_by(one)
    return found


def stand(seed: bytes, network: Cid, number: int, faucet: bytes, addrs: Iterable[str]) -> Candidate:
    """The candidate of an Ed25519 `seed` for the hand-over of a number."""
    asked = Candidate(number, keys.public_key(seed), faucet, tuple(addrs), b"")
    return Candidate(number, asked.sequencer, faucet, asked.addrs, keys.sign(seed, asked.message(network)))


def hand_over(seed: bytes, network: Cid, candidate: Candidate, height: int, block_hash: bytes) -> Handover:
    """The hand-over by the sequencer of `seed` after its block of a height and hash."""
    drawn = Handover(candidate, height, block_hash, b"")
    return Handover(candidate, height, block_hash, keys.sign(seed, drawn.message(network)))


def parse_candidate(found: Value) -> Candidate:
    """Reads a candidate's fields; raises `Refused` (`bad-handover`)."""
    fields = _fields(found, {"number", "sequencer", "faucet", "addrs", "consent"})
    return _candidate(fields)


def parse_handover(found: Value) -> Handover:
    """Reads a hand-over's fields; raises `Refused` (`bad-handover`). Whether it holds, `Succession` says."""
    names = {"number", "sequencer", "faucet", "addrs", "consent", "height", "hash", "signature"}
    fields = _fields(found, names)
    height = fields["height"]
    if type(height) is not int or not 0 <= height < 1 << 53:
        raise _bad(f"found the height {str(height)[:40]}, expected a block's number")
    return Handover(_candidate(fields), height, _octets(fields, "hash", 32), _octets(fields, "signature", 64))


def parse_handovers(found: Value) -> tuple[Handover, ...]:
    """Reads a list of hand-overs; raises `Refused` (`bad-handover`)."""
    if not isinstance(found, list) or len(found) > MAX_HANDOVERS:
        raise _bad(f"found no list of up to {MAX_HANDOVERS} hand-overs, expected one")
    return tuple(parse_handover(one) for one in found)


def _asked(candidate: Candidate) -> dict[str, Value]:
    return {
        "number": candidate.number,
        "sequencer": candidate.sequencer,
        "faucet": candidate.faucet,
        "addrs": list(candidate.addrs),
    }


def _candidate(fields: Mapping[str, Value]) -> Candidate:
    number, addrs = fields["number"], fields["addrs"]
    if type(number) is not int or not 0 < number <= MAX_HANDOVERS:
        raise _bad(f"found the number {str(number)[:40]}, expected 1 to {MAX_HANDOVERS}")
    if not isinstance(addrs, list) or not 0 < len(addrs) <= MAX_ADDRS:
        raise _bad(f"found no list of 1 to {MAX_ADDRS} addresses, expected the new sequencer's")
    if not all(isinstance(one, str) and "/p2p/" in one and len(one) <= _MAX_ADDR for one in addrs):
        raise _bad("found an address without a peer, expected multiaddrs such as /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo…")
    return Candidate(
        number,
        _octets(fields, "sequencer", 32),
        _octets(fields, "faucet", 20),
        tuple(str(one) for one in addrs),
        _octets(fields, "consent", 64),
    )


def _fields(found: Value, names: set[str]) -> Mapping[str, Value]:
    if not isinstance(found, dict) or set(found) != names:
        raise _bad("found other fields than those of a hand-over, expected exactly those")
    return found


def _octets(fields: Mapping[str, Value], name: str, size: int) -> bytes:
    found = fields[name]
    if type(found) is not bytes or len(found) != size:
        raise _bad(f"found no {name} of {size} bytes, expected one")
    return found


def _verify(key: bytes, message: bytes, signature: bytes, what: str) -> None:
    try:
        keys.verify(key, message, signature)
    except Refused as error:
        raise _bad(f"found {what} ({key.hex()}) that does not hold, expected it to") from error


def _bad(sentence: str) -> Refused:
    return Refused("bad-handover", sentence)
