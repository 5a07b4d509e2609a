"""The ledger's SQLite file: trie nodes and headers for the machine, and tables that answer questions about them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth.db.backends.base import BaseDB

_VERSION = 1

_RECENT = 20_000
"""Nodes that are kept in memory: some 4 MB."""

_SCHEMA = """
create table if not exists node(key blob primary key, value blob not null) without rowid;
create table if not exists block(number integer primary key, hash blob not null, signature blob not null);
create index if not exists block_hash on block(hash);
create table if not exists tx(
    hash blob primary key, block int not null, position int not null, sender blob not null, receiver blob,
    created blob, gas int not null, cumulative int not null, ok int not null) without rowid;
create unique index if not exists tx_position on tx(block, position);
create table if not exists log(
    block int not null, position int not null, tx int not null, address blob not null,
    topic0 blob, topic1 blob, topic2 blob, topic3 blob, data blob not null,
    primary key(block, position)) without rowid;
create index if not exists log_address on log(address, topic0, block);
create index if not exists log_topic1 on log(topic1, block) where topic1 is not null;
create index if not exists log_topic2 on log(topic2, block) where topic2 is not null;
create index if not exists log_topic3 on log(topic3, block) where topic3 is not null;
create table if not exists fault(
    sentence text not null, header blob primary key, signature blob not null, other blob, other_signature blob);
create table if not exists handover(number integer primary key, body blob not null);
"""


@dataclass(frozen=True, slots=True)
class TxRow:
    """One executed transaction: where it stands, who sent it, and what it cost; `position` within its block."""

    hash: bytes
    block: int
    position: int
    sender: bytes
    receiver: bytes | None
    created: bytes | None
    gas: int
    cumulative: int
    ok: bool


@dataclass(frozen=True, slots=True)
class LogRow:
    """One log entry: `position` counts within its block, `tx` is its transaction's position."""

    block: int
    position: int
    tx: int
    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which log entries are asked for: blocks `first` to `last`, any of `addresses`, any of each place's topics."""

    first: int
    last: int
    addresses: tuple[bytes, ...] = ()
    topics: tuple[tuple[bytes, ...], ...] = ()


class Nodes(BaseDB):
    """The machine's key-value store, in one table; what was used last is kept in memory until a rollback."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Reads and writes through `connection`, inside whatever transaction is open there."""
        self._connection = connection
        self._recent: dict[bytes, bytes] = {}

    def forget(self) -> None:
        """Forgets what is in memory: after a rollback it may not be on the disk."""
        self._recent.clear()

    def __getitem__(self, key: bytes) -> bytes:
        known = self._recent.get(key)
        if known is not None:
            return known
        row = self._connection.execute("select value from node where key = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        self._keep(key, row[0])
        return row[0]

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._connection.execute("insert or replace into node values(?, ?)", (key, value))
        self._keep(key, value)

    def _keep(self, key: bytes, value: bytes) -> None:
        if len(self._recent) >= _RECENT:
            self._recent.clear()
        self._recent[key] = value

    def __delitem__(self, key: bytes) -> None:
        self._recent.pop(key, None)
        if self._connection.execute("delete from node where key = ?", (key,)).rowcount == 0:
            raise KeyError(key)

    def _exists(self, key: bytes) -> bool:
        return self._connection.execute("select 1 from node where key = ?", (key,)).fetchone() is not None


class Tables:
    """The ledger's file: one connection, one writer; a block is one transaction, on disk before anyone sees it."""

    def __init__(self, path: Path | str) -> None:
        """Opens or makes the file; raises `sqlite3.Error` when it is not one."""
        self.connection = sqlite3.connect(path, isolation_level=None)
        # A published block that is forgotten would be signed twice: only a full sync before the answer prevents it.
        self.connection.executescript(
            "pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -8000;"
            "pragma wal_autocheckpoint = 500; pragma journal_size_limit = 8000000;" + _SCHEMA
        )
        version = self.connection.execute("pragma user_version").fetchone()[0]
        if version not in (0, _VERSION):
            raise sqlite3.DatabaseError(f"found a ledger file of version {version}, expected {_VERSION}")
        self.connection.execute(f"pragma user_version = {_VERSION}")
        self.nodes = Nodes(self.connection)

    def close(self) -> None:
        """Closes the file."""
        self.connection.close()

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """One transaction: everything inside is on disk when it ends, or nothing is. Never await inside it."""
        self.connection.execute("begin immediate")
        try:
            yield
            self.connection.execute("commit")
        finally:
            self.undo()

    def undo(self) -> None:
        """Rolls back what was not committed; harmless after a commit."""
        if self.connection.in_transaction:
            self.nodes.forget()
            self.connection.execute("rollback")

    def add(
        self, number: int, block_hash: bytes, signature: bytes, txs: Sequence[TxRow], logs: Sequence[LogRow]
    ) -> None:
        """Writes a block's rows, inside the open transaction."""
        self.connection.execute("insert into block values(?, ?, ?)", (number, block_hash, signature))
        self.connection.executemany(
            "insert into tx values(?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(t.hash, t.block, t.position, t.sender, t.receiver, t.created, t.gas, t.cumulative, t.ok) for t in txs],
        )
        self.connection.executemany(
            "insert into log values(?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (entry.block, entry.position, entry.tx, entry.address, *_four(entry.topics), entry.data)
                for entry in logs
            ],
        )

    def last_block(self) -> tuple[int, bytes] | None:
        """Number and hash of the newest block on disk, or None in a new file."""
        return self.connection.execute("select number, hash from block order by number desc limit 1").fetchone()

    def block(self, number: int) -> tuple[bytes, bytes] | None:
        """Hash and sequencer's signature (64 bytes) of a block, or None."""
        return self.connection.execute("select hash, signature from block where number = ?", (number,)).fetchone()

    def keep_signature(self, number: int, signature: bytes) -> None:
        """Keeps the sequencer's signature of a block that was written without one."""
        self.connection.execute("update block set signature = ? where number = ?", (signature, number))

    def add_fault(
        self, sentence: str, header: bytes, signature: bytes, other: bytes | None = None, said: bytes | None = None
    ) -> None:
        """Keeps what the sequencer did wrong, with the header (RLP) that it signed, or the two of them; once each."""
        self.connection.execute(
            "insert or ignore into fault values(?, ?, ?, ?, ?)", (sentence, header, signature, other, said)
        )

    def faults(self) -> list[tuple[str, bytes, bytes, bytes | None, bytes | None]]:
        """Everything that the sequencer did wrong, in the order in which it was found."""
        return list(self.connection.execute("select * from fault order by rowid"))

    def add_handover(self, number: int, body: bytes) -> None:
        """Writes a hand-over from one sequencer to the next, inside the open transaction."""
        self.connection.execute("insert into handover values(?, ?)", (number, body))

    def handovers(self) -> list[bytes]:
        """Every hand-over, in order."""
        return [row[0] for row in self.connection.execute("select body from handover order by number")]

    def block_number(self, block_hash: bytes) -> int | None:
        """The number of the block with this hash, or None."""
        row = self.connection.execute("select number from block where hash = ?", (block_hash,)).fetchone()
        return None if row is None else row[0]

    def tx(self, tx_hash: bytes) -> TxRow | None:
        """An executed transaction by its hash, or None."""
        row = self.connection.execute("select * from tx where hash = ?", (tx_hash,)).fetchone()
        return None if row is None else _tx_row(row)

    def txs(self, number: int) -> list[TxRow]:
        """The transactions of a block, in order."""
        rows = self.connection.execute("select * from tx where block = ? order by position", (number,))
        return [_tx_row(row) for row in rows]

    def logs(self, wanted: LogFilter, limit: int) -> list[LogRow]:
        """The first `limit` log entries that match, in the order of the chain."""
        clauses = ["block between ? and ?"]
        arguments: list[int | bytes] = [wanted.first, wanted.last]
        for column, choices in [
            ("address", wanted.addresses),
            *((f"topic{i}", t) for i, t in enumerate(wanted.topics)),
        ]:
            if choices:
                clauses.append(f"{column} in ({','.join('?' * len(choices))})")
                arguments += choices
        # A topic beyond the last one filtered must still exist where the filter names its place.
        if len(wanted.topics) > 0:
            clauses.append(f"topic{len(wanted.topics) - 1} is not null")
        query = f"select * from log where {' and '.join(clauses)} order by block, position limit ?"
        rows = self.connection.execute(query, (*arguments, limit))
        return [_log_row(row) for row in rows]


def _tx_row(row: Sequence[Any]) -> TxRow:
    *columns, ok = row
    return TxRow(*columns, bool(ok))


def _log_row(row: Sequence[Any]) -> LogRow:
    block, position, tx, address, *topics, data = row
    return LogRow(block, position, tx, address, tuple(topic for topic in topics if topic is not None), data)


def _four(topics: Sequence[bytes]) -> tuple[bytes | None, ...]:
    return (*topics, None, None, None, None)[:4]
