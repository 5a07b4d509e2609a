"""The sets that replication asks the store for are those of its records, whatever the scope and the moment."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest

from cinepeer.adapters.store import RecordStore
from cinepeer.adapters.store.sealing import Sealing
from cinepeer.errors import CheckFailed
from cinepeer.replication.fingerprints import SealedSet
from cinepeer.replication.scope import EVERYTHING, Scope
from unit.store.people import BORN_MS, NOW_MS, Pair, Person, rater

ANNA, BELA, CARL = rater("anna", 6), rater("bela", 3), Person("carl")
FILM = CARL.device.write(
    "film", name="Sunset", year=1927, external=[], credits=[], genres=[], synopsis="", languages=[]
)
CARL.device.write("rating", ratings=[[str(FILM[0].id), 9], ["movielens:5", 2]])
PEOPLE = (ANNA, BELA, CARL)
PAIRS = [pair for person in PEOPLE for pair in person.pairs]

SCOPES = [
    EVERYTHING,
    Scope(authors=frozenset({BELA.inception.id})),
    Scope(authors=frozenset()),
    Scope(films=frozenset({"movielens:3"})),
    Scope(films=frozenset({"movielens:5"})),
    Scope(films=frozenset({str(FILM[0].id)})),
    Scope(films=frozenset({"movielens:99"})),
    Scope(films=frozenset({"movielens:3"}), authors=frozenset({ANNA.inception.id, CARL.inception.id})),
    Scope(since_ms=BORN_MS + 3_000),
    Scope(until_ms=BORN_MS + 1),
    Scope(films=frozenset({"movielens:5"}), since_ms=BORN_MS + 3_000),
]


def keys(pairs: Iterable[Pair], scope: Scope) -> list[bytes]:
    """The keys of the set that a scope names, by its own words."""
    held = list(pairs)
    authors = {record.author for record, body in held if scope.concerns(record, body)}
    if scope.is_everything:
        authors = {record.author for record, _ in held}
    found = SealedSet((record.time, record.id.digest) for record, _ in held if record.author in authors)
    return [found[at] for at in range(len(found))]


def listed(found: SealedSet) -> list[bytes]:
    return [found[at] for at in range(len(found))]


@pytest.mark.parametrize("scope", SCOPES, ids=range(len(SCOPES)))
def test_a_scope_gives_the_set_of_those_whom_it_concerns(tmp_path: Path, scope: Scope) -> None:
    async def story() -> None:
        async with await RecordStore.open(tmp_path / "records.db") as store:
            for end in range(0, len(PAIRS) + 1, 3):
                await store.add(PAIRS[:end], NOW_MS)
                held = await store.after(0, 99)
                assert listed(await store.sealed(scope)) == keys([(one.record, one.body or b"") for one in held], scope)

    asyncio.run(story())


def test_the_set_holds_what_was_stored_while_it_was_made(tmp_path: Path) -> None:
    async def story() -> None:
        async with await RecordStore.open(tmp_path / "records.db") as store:
            await store.add(ANNA.pairs, NOW_MS)
            adding = [asyncio.create_task(store.add(person.pairs, NOW_MS)) for person in (BELA, CARL)]
            early = await store.sealed()
            await asyncio.gather(*adding)
            assert len(ANNA.pairs) <= len(early) <= len(PAIRS)
            assert listed(await store.sealed()) == keys(PAIRS, EVERYTHING)
            assert await store.sealed() is await store.sealed()

    asyncio.run(story())


def test_a_set_that_could_not_grow_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with await RecordStore.open(tmp_path / "records.db") as store:
            await store.add(ANNA.pairs, NOW_MS)
            await store.sealed()
            await store.add(BELA.pairs, NOW_MS)
            with monkeypatch.context() as broken:
                broken.setattr(SealedSet, "with_items", _fail)
                with pytest.raises(CheckFailed):
                    await store.sealed()
            assert listed(await store.sealed()) == keys(ANNA.pairs + BELA.pairs, EVERYTHING)

    asyncio.run(story())


def _fail(*_: object) -> None:
    raise CheckFailed("found no memory, expected some")


def test_a_forgotten_body_no_longer_makes_its_author_one_of_a_film(tmp_path: Path) -> None:
    record = BELA.device.pairs[1][0]

    async def story() -> None:
        async with await RecordStore.open(tmp_path / "records.db") as store:
            await store.add(PAIRS, NOW_MS)
            await store.forget([record.id])
            found = await store.sealed(Scope(films=frozenset({"movielens:2"})))
            assert listed(found) == keys(ANNA.pairs, EVERYTHING)
            rows = await store._database.read("SELECT count(*) FROM subjects WHERE film = 'movielens:2'")
            assert rows == [(1,)]

    asyncio.run(story())


def test_places_are_those_of_arrival_in_turn_by_author(tmp_path: Path) -> None:
    async def story() -> None:
        async with await RecordStore.open(tmp_path / "records.db") as store:
            await store.add(ANNA.pairs, NOW_MS)
            leaves = await store.leaves()
            asked = [leaves[3], BELA.inception.id, leaves[0], leaves[3]]
            assert await store.places(asked) == [1 << 40 | 4, None, 1, 1 << 40 | 4]
            await store.add(BELA.pairs, NOW_MS)
            assert (await store.places([leaves[0], BELA.inception.id]))[1] == len(leaves) + 1
            assert await store.places([]) == []

    asyncio.run(story())


def test_bodies_that_are_missing_are_named_until_they_come_or_are_forgotten(tmp_path: Path) -> None:
    headers: list[tuple[object, None]] = [(record, None) for record, _ in ANNA.device.pairs]
    named = [record.id for record, _ in ANNA.device.pairs]

    async def missing(
        store: RecordStore, limit: int = 99, start: float = 0.0, scope: Scope = EVERYTHING
    ) -> list[bytes]:
        return [record.id for record, body in await store.bodiless(scope, limit, start) if body is None]

    async def story() -> None:
        async with await RecordStore.open(tmp_path / "records.db") as store:
            for batch in (ANNA.root.pairs, headers, BELA.pairs):
                await store.add(batch, NOW_MS)  # type: ignore[arg-type]
            assert await missing(store) == named
            assert await missing(store, limit=2) == named[:2]
            assert await missing(store, start=0.4) == named[3:] + named[:3]  # 13 records: from the sixth on
            assert await missing(store, scope=Scope(authors=frozenset({BELA.inception.id}))) == []
            assert await missing(store, scope=Scope(since_ms=ANNA.device.pairs[4][0].time)) == named[4:]
            await store.forget(named[:2])
            outcome = await store.add(ANNA.device.pairs[:4], NOW_MS)
            assert {record.id for record in outcome.completed} == set(named[2:4])
            assert await missing(store) == named[4:]
            found = await store.sealed(Scope(films=frozenset({"movielens:4"})))
            assert listed(found) == keys(ANNA.pairs, EVERYTHING)
        async with await RecordStore.open(tmp_path / "records.db") as store:
            assert await missing(store) == named[4:]

    asyncio.run(story())


def test_nothing_is_noted_before_anyone_asks(tmp_path: Path) -> None:
    async def story() -> None:
        async with await RecordStore.open(tmp_path / "records.db") as store:
            sealing: Sealing = store._sealing
            await store.add(ANNA.pairs, NOW_MS)
            assert sealing._news is None
            await store.sealed()
            await store.add(BELA.pairs, NOW_MS)
            assert len(sealing._news or ()) == len(BELA.pairs)

    asyncio.run(story())
