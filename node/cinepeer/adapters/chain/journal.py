"""Transactions that were signed and whose end is not known yet: kept on the disk before anyone else sees them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cinepeer.errors import LimitReached
from cinepeer.rights.keccak import keccak

MAX_OPEN = 256


@dataclass(frozen=True, slots=True)
class Flight:
    """A signed transaction on its way: `act` (32 bytes) names what it does, whichever number and fee it was given."""

    act: bytes
    hash: bytes
    sender: bytes
    nonce: int
    raw: bytes


def act_of(sender: bytes, to: bytes | None, data: bytes, value: int) -> bytes:
    """The name of what a transaction does: the Keccak of sender, receiver, data and value."""
    return keccak(sender, to or bytes(20), keccak(data), value.to_bytes(32, "big"))


class Journal:
    """At most `MAX_OPEN` flights in the order of their beginning."""

    def __init__(self, lines: Sequence[str] = (), write: Callable[[Sequence[str]], None] = lambda _lines: None) -> None:
        """`lines` are those of the last run; `write` puts all of them durably on the disk."""
        self._flights = [_flight(line) for line in lines if line]
        self._write = write

    def open(self, act: bytes) -> list[Flight]:
        """The flights of one act, the newest last."""
        return [flight for flight in self._flights if flight.act == act]

    def under(self, sender: bytes, nonce: int) -> list[Flight]:
        """The flights under one number of a sender, the newest last: only one of them can land."""
        return [flight for flight in self._flights if (flight.sender, flight.nonce) == (sender, nonce)]

    def places(self) -> list[tuple[bytes, int]]:
        """Every sender and number under which something is on its way, in the order of their beginning."""
        return list(dict.fromkeys((flight.sender, flight.nonce) for flight in self._flights))

    def by_hash(self, tx: bytes) -> Flight | None:
        """The flight of a transaction, or None."""
        return next((flight for flight in self._flights if flight.hash == tx), None)

    def keep(self, flight: Flight) -> None:
        """Keeps a flight before it is handed over; raises `LimitReached`."""
        if len(self._flights) >= MAX_OPEN:
            raise LimitReached(f"found {MAX_OPEN} transactions of unknown end, expected fewer: look them up first")
        self._save([*self._flights, flight])

    def drop(self, sender: bytes, nonce: int) -> None:
        """Forgets the flights under a number whose end is known."""
        gone = self.under(sender, nonce)
        if gone:
            self._save([flight for flight in self._flights if flight not in gone])

    def _save(self, flights: list[Flight]) -> None:
        self._write([_line(flight) for flight in flights])
        self._flights = flights


def _line(flight: Flight) -> str:
    parts = (flight.act.hex(), flight.hash.hex(), flight.sender.hex(), flight.nonce, flight.raw.hex())
    return json.dumps(parts)


def _flight(line: str) -> Flight:
    act, tx, sender, nonce, raw = json.loads(line)
    return Flight(bytes.fromhex(act), bytes.fromhex(tx), bytes.fromhex(sender), int(nonce), bytes.fromhex(raw))
