"""Statements: what each holder of each title earned and was paid in a period, exact to the last part of a unit.

A share is a ten-thousandth of a title, so what a payment brings its holders is counted in ten-thousandths of the
smallest unit: nothing is rounded, and a statement's rows sum to what the ledger holds.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from cinepeer.errors import Refused
from cinepeer.rights import events as ev
from cinepeer.rights.deeds import WHOLE
from cinepeer.rights.events import Entry
from cinepeer.rights.state import NOBODY, Status

_DECIMALS = 4
_Key = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Row:
    """
    One holder's part of one title in one currency (the zero address: the ledger's own): `shares` at the end, and
    `opening`, `earned`, `closing` in ten-thousandths of the smallest unit; `paid` out, whole, `redeemed` of it from a
    void title's purse, outside the shares.
    """

    title: bytes
    holder: bytes
    token: bytes
    shares: int
    opening: int
    earned: int
    paid: int
    redeemed: int
    closing: int


@dataclass(frozen=True, slots=True)
class Source:
    """What came into one title's purse: from whom, and what for (`sale`, `film`: another title's purse, `payment`)."""

    title: bytes
    token: bytes
    payer: bytes
    sort: str
    amount: int


@dataclass(frozen=True, slots=True)
class Purse:
    """One title's purse over the period, whole: what it held before, what came, what was paid out, what it holds."""

    title: bytes
    token: bytes
    opening: int
    credited: int
    paid: int
    closing: int


@dataclass(frozen=True, slots=True)
class Statement:
    """All rows of a period, from `begin` to before `end` (seconds), with the purses and sources that explain them."""

    begin: int
    end: int
    rows: tuple[Row, ...]
    purses: tuple[Purse, ...]
    sources: tuple[Source, ...]


class _Ledger:
    """The running accounts of all titles."""

    def __init__(self) -> None:
        self.shares: dict[bytes, dict[bytes, int]] = defaultdict(lambda: defaultdict(int))
        self.units: dict[_Key, dict[bytes, int]] = defaultdict(lambda: defaultdict(int))
        self.held: dict[_Key, int] = defaultdict(int)
        self.void: set[bytes] = set()

    def take(self, event: ev.Event, period: _Period | None) -> None:
        match event:
            case ev.Shares():
                for title, amount in zip(event.titles, event.amounts, strict=True):
                    if event.origin != NOBODY:
                        self.shares[title][event.origin] -= amount
                    self.shares[title][event.to] += amount
            case ev.Credited():
                key = (event.title, event.token)
                self.held[key] += event.amount
                for holder, shares in self.shares[event.title].items():
                    self.units[key][holder] += event.amount * shares
                    if period is not None and shares:
                        period.earned[*key, holder] += event.amount * shares
                if period is not None:
                    period.credited[*key, event.payer] += event.amount
            case ev.Withdrawn():
                key = (event.title, event.token)
                self.held[key] -= event.amount
                is_void = event.title in self.void
                if not is_void:
                    self.units[key][event.holder] -= event.amount * WHOLE
                if period is not None:
                    period.paid[*key, event.holder] += event.amount
                    period.redeemed[*key, event.holder] += event.amount if is_void else 0
            case ev.StatusSet() if event.status == Status.VOID:
                self.void.add(event.title)


class _Period:
    """What happened within the period, by title, currency and account."""

    def __init__(self) -> None:
        self.earned: dict[tuple[bytes, bytes, bytes], int] = defaultdict(int)
        self.credited: dict[tuple[bytes, bytes, bytes], int] = defaultdict(int)
        self.paid: dict[tuple[bytes, bytes, bytes], int] = defaultdict(int)
        self.redeemed: dict[tuple[bytes, bytes, bytes], int] = defaultdict(int)


def statement_of(
    entries: Iterable[Entry],
    begin: int,
    end: int,
    licences: Collection[bytes],
    titles: frozenset[bytes] | None = None,
) -> Statement:
    """
    The statement of a period from all entries of a ledger in their order; of some `titles` (ids), or all. `licences`
    is the contract whose credits are sales.
    """
    ledger, period = _Ledger(), _Period()
    opening: tuple[dict[tuple[bytes, bytes, bytes], int], dict[_Key, int]] | None = None
    known: set[bytes] = set()
    for entry in entries:
        time = getattr(entry.event, "time", None)
        if time is not None and time >= end:
            break  # times never go back along a ledger
        if opening is None and time is not None and time >= begin:
            opening = _snapshot(ledger)
        if isinstance(entry.event, ev.Registered):
            known.add(entry.event.title)
        ledger.take(entry.event, None if opening is None else period)
    before, held_before = opening or _snapshot(ledger)
    keys = sorted(key for key in ledger.units if titles is None or key[0] in titles)
    rows = tuple(row for key in keys for row in _rows(ledger, period, before, key))
    purses = tuple(_purse(ledger, period, held_before, key) for key in keys)
    sources = tuple(
        Source(title, token, payer, _sort(payer, title, licences, known), amount)
        for (title, token, payer), amount in sorted(period.credited.items())
        if titles is None or title in titles
    )
    return Statement(begin, end, rows, purses, sources)


def verify_statement(statement: Statement) -> None:
    """Raises `Refused` (`bad-ledger`) unless each purse's rows sum to it, to the last part of a unit."""
    for purse in statement.purses:
        rows = [row for row in statement.rows if (row.title, row.token) == (purse.title, purse.token)]
        if purse.opening + purse.credited - purse.paid != purse.closing:
            raise Refused("bad-ledger", f"found a purse of 0x{purse.title.hex()} that does not add up")
        redeemed = sum(row.redeemed for row in rows)
        sums = (
            (sum(row.earned for row in rows), purse.credited * WHOLE, "earned"),
            (sum(row.paid for row in rows), purse.paid, "paid out"),
            (
                sum(row.opening + row.earned - (row.paid - row.redeemed) * WHOLE - row.closing for row in rows),
                0,
                "left",
            ),
        )
        for found, expected, what in sums:
            if found != expected:
                raise Refused("bad-ledger", f"found {found} {what} of 0x{purse.title.hex()}, expected {expected}")
        if redeemed == 0 and sum(row.opening for row in rows) == purse.opening * WHOLE:
            left = sum(row.closing for row in rows)
            if left != purse.closing * WHOLE:
                raise Refused("bad-ledger", f"found {left} left, expected {purse.closing * WHOLE}")


def of_holder(statement: Statement, holder: bytes) -> Statement:
    """The statement with one holder's rows alone (20 bytes), and the purses and sources of these titles."""
    rows = tuple(row for row in statement.rows if row.holder == holder)
    mine = {(row.title, row.token) for row in rows}
    purses = tuple(one for one in statement.purses if (one.title, one.token) in mine)
    sources = tuple(one for one in statement.sources if (one.title, one.token) in mine)
    return Statement(statement.begin, statement.end, rows, purses, sources)


def parts_text(value: int) -> str:
    """Ten-thousandths of the smallest unit as an exact decimal number."""
    whole, rest = divmod(abs(value), WHOLE)
    return f"{'-' if value < 0 else ''}{whole}" + (f".{rest:0{_DECIMALS}d}" if rest else "")


def rows_csv(statement: Statement, names: dict[bytes, str]) -> str:
    """The rows as CSV (RFC 4180) with a heading; `names` by title."""
    out = io.StringIO(newline="")
    table = csv.writer(out)
    heading = ("title", "film", "holder", "currency", "shares", "opening", "earned", "paid_out", "redeemed", "closing")
    table.writerow(heading)
    for row in statement.rows:
        name = names.get(row.title, "")
        table.writerow(
            [
                "0x" + row.title.hex(),
                "'" + name if name.startswith(("=", "+", "-", "@")) else name,
                "0x" + row.holder.hex(),
                "0x" + row.token.hex(),
                row.shares,
                parts_text(row.opening),
                parts_text(row.earned),
                row.paid,
                row.redeemed,
                parts_text(row.closing),
            ]
        )
    return out.getvalue()


def _snapshot(ledger: _Ledger) -> tuple[dict[tuple[bytes, bytes, bytes], int], dict[_Key, int]]:
    units = {(*key, holder): value for key, holders in ledger.units.items() for holder, value in holders.items()}
    return units, dict(ledger.held)


def _rows(ledger: _Ledger, period: _Period, before: dict[tuple[bytes, bytes, bytes], int], key: _Key) -> Iterable[Row]:
    title, token = key
    holders = {*ledger.units[key], *(holder for *at, holder in period.paid if tuple(at) == key)}
    holders |= {holder for holder, shares in ledger.shares[title].items() if shares}
    for holder in sorted(holders):
        at = (*key, holder)
        row = Row(
            title=title,
            holder=holder,
            token=token,
            shares=ledger.shares[title].get(holder, 0),
            opening=before.get(at, 0),
            earned=period.earned.get(at, 0),
            paid=period.paid.get(at, 0),
            redeemed=period.redeemed.get(at, 0),
            closing=ledger.units[key].get(holder, 0),
        )
        if row.shares or row.opening or row.earned or row.paid or row.closing:
            yield row


def _purse(ledger: _Ledger, period: _Period, before: dict[_Key, int], key: _Key) -> Purse:
    credited = sum(amount for (*at, _), amount in period.credited.items() if tuple(at) == key)
    paid = sum(amount for (*at, _), amount in period.paid.items() if tuple(at) == key)
    return Purse(*key, before.get(key, 0), credited, paid, ledger.held[key])


def _sort(payer: bytes, title: bytes, licences: Collection[bytes], titles: set[bytes]) -> str:
    """What a payer's credits are: sales of licences, what another film's purse brought, or payments."""
    if payer in licences:
        return "sale"
    return "film" if payer in titles and payer != title else "payment"
