"""A home at rest: what its records say, read and folded without a node and without changing anything."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from cinepeer.errors import BadInput, Unreachable
from cinepeer.records.cid import Cid
from cinepeer.records.feed import Feeds
from cinepeer.records.record import Record

Pair = tuple[Record, bytes | None]


@dataclass(frozen=True, slots=True)
class _Held:
    """One record with its place in the order of arrival."""

    position: int
    record: Record
    body: bytes | None


@dataclass(slots=True)
class Shelf:
    """The records of a home in memory, as far as the application only asks for them."""

    feeds: Feeds = field(default_factory=Feeds)
    _held: list[_Held] = field(default_factory=list)

    @classmethod
    def of(cls, home: Path) -> Shelf:
        """The records in `home`, folded in the order of their arrival; raises `BadInput` when there are none."""
        from cinepeer.adapters.store.reading import reading

        shelf = cls()
        with reading(home / "records.db") as opened:
            for record, body in opened.pairs():
                shelf.feeds.apply(record, body)
                shelf._held.append(_Held(len(shelf._held) + 1, record, body))
        return shelf

    async def after(self, position: int, limit: int, kind: str | None = None) -> list[_Held]:
        """The records that arrived after `position`."""
        found = (held for held in self._held[position:] if kind in (None, held.record.kind))
        return [held for held, _ in zip(found, range(limit), strict=False)]

    async def by_kind(self, kind: str, author: Cid | None = None) -> list[_Held]:
        """The records of a kind."""
        return [held for held in self._held if held.record.kind == kind and author in (None, held.record.author)]

    async def ids(self, device: bytes) -> list[Cid]:
        """The ids of a device's records by seq."""
        found = [held.record for held in self._held if held.record.device == device]
        return [record.id for record in sorted(found, key=lambda record: record.seq)]

    async def records(self, ids: Sequence[Cid]) -> list[Pair]:
        """The records with these ids, in the order of their arrival."""
        wanted = set(ids)
        return [(held.record, held.body) for held in self._held if held.record.id in wanted]

    async def count(self) -> int:
        """How many records there are."""
        return len(self._held)


@dataclass(frozen=True, slots=True)
class _Pinned:
    """The roots of the films that the home holds whole."""

    roots: set[Cid]

    async def pins(self) -> set[Cid]:
        """As an IPFS backend tells them."""
        return self.roots


class _NoHeadStart:
    """A home at rest shows what its own records come to."""

    def stars(self, _film: str) -> None:
        """No checkpoint says anything."""


@dataclass(frozen=True, slots=True)
class _Author:
    """Whose home it is."""

    id: Cid


@dataclass(frozen=True, slots=True)
class _Parts:
    """What showing films needs of a node's parts."""

    library: Any
    ipfs: _Pinned
    author: _Author
    head_start: _NoHeadStart
    clock_ms: Callable[[], int]


def tell_resting(home: Path, error: Unreachable) -> None:
    """Says on stderr that what follows is read from the disk; raises `error` when nothing lies there either."""
    if not (home / "records.db").is_file():
        raise error
    click.echo(f"cinepeer: no node runs on {home}: this is what lies there", err=True)


def kept(home: Path) -> dict[str, Any]:
    """What the home remembers about itself; raises `BadInput` when it was never started."""
    try:
        found = json.loads((home / "node.json").read_text())
        return {"author": str(found["author"]), **found}
    except (FileNotFoundError, ValueError, KeyError) as error:
        raise BadInput(f"found no author in {home}, expected a home that was started once") from error


def films(home: Path) -> list[dict[str, Any]]:
    """The films as the home's node lists them."""
    from cinepeer.faces.http import views

    async def listed() -> list[dict[str, Any]]:
        author = _author(home)
        # A home that records were only imported into has no author of its own yet.
        whose = _Author(Cid() if author is None else Cid.parse(author))
        parts: Any = _Parts(await _library(Shelf.of(home)), _Pinned(_pins(home)), whose, _NoHeadStart(), _now_ms)
        return await views.films(parts)

    return asyncio.run(listed())


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _author(home: Path) -> str | None:
    """The home's author; None before its node has run."""
    return str(kept(home)["author"]) if (home / "node.json").exists() else None


async def _library(shelf: Shelf) -> Any:
    from cinepeer.app.library import Library

    store: Any = shelf
    library = Library(store)
    await library.refresh()
    return library


def _pins(home: Path) -> set[Cid]:
    from cinepeer.adapters.ipfs.pins import Pins

    if not (home / "pins.db").exists():
        return set()
    with closing(Pins(home / "pins.db")) as pins:
        return set(pins.all())


def keys(home: Path) -> dict[str, Any]:
    """Who may sign what, as the home's node tells it."""
    from cinepeer.adapters.system.keyring import open_roots
    from cinepeer.app.devices import Devices
    from cinepeer.app.identity import Author
    from cinepeer.faces.cli.passphrase import open_keystore
    from cinepeer.rights.signatures import address_of

    author = Cid.parse(kept(home)["author"])
    keystore = open_keystore(home)
    store: Any = Shelf.of(home)
    clock, entropy = (lambda: 0), os.urandom  # neither is asked: nothing is signed
    signer = Author(store, author, keystore.secret("device"), clock, entropy)
    devices = Devices(store, signer, open_roots(keystore).seeds, clock, entropy, bool(kept(home).get("restored")))
    account = "0x" + address_of(keystore.secret("account")).hex()
    return {**asyncio.run(devices.told()), "account": account}


def status(home: Path) -> dict[str, Any]:
    """What lies in the home."""
    from cinepeer.app.network import network_from

    shelf, file = Shelf.of(home), home / "network.cbor"
    network = network_from(file.read_bytes(), str(file)) if file.exists() else None

    async def counted() -> dict[str, Any]:
        library = await _library(shelf)
        return {"records": await shelf.count(), "films": len(library.catalogue.films)}

    return {
        "home": str(home),
        "running": False,
        "author": _author(home),
        "network": None if network is None else str(network.id),
        **asyncio.run(counted()),
    }
