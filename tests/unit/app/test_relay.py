"""Announced deeds are carried within limits, and only true ones of films that are known here."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cinepeer.app.contracts import Contracts
from cinepeer.app.identity import Author
from cinepeer.app.network import Network
from cinepeer.app.relay import Relaying
from cinepeer.app.titles import DAY_S
from cinepeer.errors import BadInput, LimitReached
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.record import Record
from cinepeer.rights.deeds import Deed, sign_deed
from cinepeer.rights.signatures import address_of
from unit.app.people import World, in_world

SETS = Contracts(Network({"deployer": "0x" + "01" * 20, "chain_id": 7171, "sequencer": "00" * 32}, ()))
CONTRACTS = SETS.first
KEY, OTHER = b"\x0a" * 32, b"\x0b" * 32


class Ledger:
    """The titles of a ledger as far as carrying needs them."""

    def __init__(self) -> None:
        self.sets = SETS
        self.sent: list[bytes] = []
        self.standing_now: set[bytes] = set()
        self.refuses = False

    async def standing(self, deed: Deed) -> object | None:
        return object() if deed.content in self.standing_now else None

    async def send(self, _to: bytes, data: bytes) -> Any:
        if self.refuses:
            raise BadInput("the ledger refuses this")
        self.sent.append(data)
        return SimpleNamespace(tx=bytes([len(self.sent)]) * 32, block=1)


class Stage:
    """A world with films, a ledger, and a node that carries so many deeds a day."""

    def __init__(self, world: World, most: int, kept: list[str] | None = None) -> None:
        self.world, self.ledger, self.now_s = world, Ledger(), 1_790_000_000
        self.films: dict[str, Any] = {}
        library = SimpleNamespace(catalogue=SimpleNamespace(films=self.films))
        self.library = library
        self.kept = [] if kept is None else kept
        self.relaying = self.begun(most)

    def begun(self, most: int) -> Relaying:
        """A carrier that goes on from what is kept, as after a restart."""
        parts: list[Any] = [self.ledger, self.library, self.world.store, lambda: self.now_s * 1000, most]
        return Relaying(*parts, list(self.kept), lambda lines: self.kept.__setitem__(slice(None), lines))

    async def announced(self, author: Author, number: int, key: bytes = KEY, **other: Any) -> Record:
        """An author's deed of a film of theirs, in a record."""
        film = Cid.of(f"film {number}".encode(), DAG_CBOR)
        self.films[str(film)] = SimpleNamespace(author=author.id, record=film)
        deed = Deed(
            creator=address_of(KEY),
            content=hashlib.sha256(f"content {number}".encode()).digest(),
            metadata=film.digest,
            fingerprint=b"\x03" * 32,
            royalty=500,
            deadline=self.now_s + 10 * DAY_S,
            holders=(address_of(KEY),),
            shares=(10_000,),
        )
        deed = replace(deed, **{name: value for name, value in other.items() if name in Deed.KINDS})
        fields = {
            "film": film,
            "chain": other.get("chain", CONTRACTS.chain_id),
            "contract": CONTRACTS.titles,
            "title": b"\x05" * 20,
            "deed": deed.to_map(),
            "signature": sign_deed(key, deed, CONTRACTS),
        }
        return await author.sign("title", fields)

    async def carried(self, *records: Record) -> int:
        return len(await self.relaying.consider(records))


def test_so_many_a_day_and_one_of_each_author(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        stage = Stage(world, 2)
        anna, bela, carl = [await world.author(name) for name in ("anna", "bela", "carl")]
        first, again = await stage.announced(anna, 1), await stage.announced(anna, 2)
        assert await stage.carried(first, again) == 1
        assert await stage.carried(await stage.announced(bela, 3), await stage.announced(carl, 4)) == 1
        stage.now_s += DAY_S + 1
        assert await stage.carried(again) == 1
        assert len(stage.ledger.sent) == 3

    in_world(tmp_path, story)


def test_a_restart_does_not_begin_the_day_anew(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        stage = Stage(world, 2, ["damaged", "17 bafynonsense"])
        anna, bela, carl = [await world.author(name) for name in ("anna", "bela", "carl")]
        assert await stage.carried(await stage.announced(anna, 1)) == 1
        stage.relaying = stage.begun(2)
        assert await stage.carried(await stage.announced(anna, 2)) == 0, "one a day of each author"
        assert await stage.carried(await stage.announced(bela, 3)) == 1
        stage.relaying = stage.begun(2)
        assert await stage.carried(await stage.announced(carl, 4)) == 0, "two a day in all"
        stage.now_s += DAY_S + 1
        assert await stage.carried(await stage.announced(carl, 5)) == 1
        assert len(stage.kept) == 1, "what is older than a day is forgotten"

    in_world(tmp_path, story)


def test_a_deed_that_cannot_be_noted_is_not_carried(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        stage = Stage(world, 2)

        def full(_lines: Any) -> None:
            raise LimitReached("found no space left on the disk, expected some")

        parts: list[Any] = [stage.ledger, stage.library, world.store, lambda: stage.now_s * 1000, 2]
        stage.relaying = Relaying(*parts, [], full)
        assert await stage.carried(await stage.announced(await world.author("anna"), 1)) == 0
        assert stage.ledger.sent == []

    in_world(tmp_path, story)


def test_a_node_that_carries_none_carries_none(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        stage = Stage(world, 0)
        assert await stage.carried(await stage.announced(await world.author("anna"), 1)) == 0

    in_world(tmp_path, story)


def test_only_true_deeds_of_known_films_in_time_are_carried(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        stage = Stage(world, 99)
        anna = await world.author("anna")
        wrong = [
            await stage.announced(anna, 1, key=OTHER),
            await stage.announced(anna, 2, chain=1),
            await stage.announced(anna, 3, metadata=b"\x09" * 32),
            await stage.announced(anna, 4, deadline=stage.now_s - 1),
            await anna.sign("profile", {"name": "Anna"}),
        ]
        unknown = await stage.announced(anna, 5)
        stage.films.popitem()
        another = await stage.announced(anna, 6)
        next(reversed(stage.films.values())).author = (await world.author("bela")).id
        standing = await stage.announced(anna, 7)
        stage.ledger.standing_now.add(hashlib.sha256(b"content 7").digest())
        assert await stage.carried(*wrong, unknown, another, standing) == 0
        assert stage.ledger.sent == []
        assert await stage.carried(await stage.announced(anna, 8)) == 1

    in_world(tmp_path, story)


def test_a_deed_that_the_ledger_refuses_counts_towards_the_limit(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        stage = Stage(world, 1)
        stage.ledger.refuses = True
        assert await stage.carried(await stage.announced(await world.author("anna"), 1)) == 0
        stage.ledger.refuses = False
        assert await stage.carried(await stage.announced(await world.author("bela"), 2)) == 0

    in_world(tmp_path, story)
