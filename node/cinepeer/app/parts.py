"""What the application asks of the parts that it is given: the store of records and the ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from cinepeer.records.cid import Cid
from cinepeer.records.feed import Feeds
from cinepeer.records.record import Record
from cinepeer.rights.events import Log

Pair = tuple[Record, bytes | None]


class Held(Protocol):
    """One held record with its place in the order of arrival."""

    @property
    def position(self) -> int: ...
    @property
    def record(self) -> Record: ...
    @property
    def body(self) -> bytes | None: ...


class Outcome(Protocol):
    """What became of a batch that was offered to the store."""

    @property
    def added(self) -> Sequence[Record]: ...
    @property
    def refused(self) -> Sequence[tuple[Cid, Exception]]: ...
    @property
    def waiting(self) -> Sequence[tuple[Record, bytes | None, str]]: ...


class RecordStore(Protocol):
    """The append-only store: what `add` acknowledged is on disk."""

    @property
    def feeds(self) -> Feeds: ...
    async def add(self, batch: Sequence[Pair], now_ms: int) -> Outcome: ...
    async def get(self, record_id: Cid) -> Pair | None: ...
    async def after(self, position: int, limit: int, kind: str | None = None) -> Sequence[Held]: ...
    async def by_kind(self, kind: str, author: Cid | None = None) -> Sequence[Held]: ...
    async def leaves(self, size: int | None = None) -> Sequence[Cid]: ...
    async def records(self, ids: Sequence[Cid]) -> Sequence[Pair]: ...
    async def ids(self, device: bytes) -> Sequence[Cid]: ...
    async def count(self) -> int: ...


class Block(Protocol):
    """A block of the ledger: where a statement stands."""

    @property
    def number(self) -> int: ...
    @property
    def time(self) -> int: ...


class Receipt(Protocol):
    """A transaction that the ledger carried out."""

    @property
    def tx(self) -> bytes: ...
    @property
    def block(self) -> int: ...
    @property
    def gas(self) -> int: ...


class Ledger(Protocol):
    """Any EVM endpoint with our contracts."""

    async def head(self) -> Block: ...
    async def logs(self, addresses: Sequence[bytes], from_block: int, to_block: int) -> Sequence[Log]: ...
    async def call(self, to: bytes, data: bytes) -> bytes: ...
    async def send(self, key: bytes, to: bytes, data: bytes, value: int) -> Receipt: ...
    async def balance(self, address: bytes) -> int: ...


class Announcer(Protocol):
    """Tells neighbours of new records; only a hint, reconciliation is the truth."""

    async def announce(self, records: Sequence[Pair]) -> None: ...


class Probe(Protocol):
    """A film file as found by the media adapter."""

    @property
    def duration_ms(self) -> int: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def sha256(self) -> bytes: ...


class Rendition(Protocol):
    """One quality of a packaged film."""

    @property
    def name(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def bandwidth(self) -> int: ...


class Package(Protocol):
    """A packaged film: a folder of playlists and segments."""

    @property
    def renditions(self) -> Sequence[Rendition]: ...


Seconds = Callable[[float, float], None]  # (done, in all)


class Media(Protocol):
    """Reads and packages film files in limited subprocesses."""

    async def probe(self, path: Path) -> Probe: ...
    async def package(self, path: Path, out: Path, probe: Probe, progress: Seconds | None = None) -> Package: ...
