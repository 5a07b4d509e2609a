"""The store adds what holds, says what became of the rest, and has all it acknowledged after reopening."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from cinepeer.adapters.store import RecordStore
from cinepeer.errors import BadInput, CheckFailed, LimitReached, Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import Cid
from cinepeer.records.record import Record, sign_record
from unit.store.people import BORN_MS, NOW_MS, Feed, Person, rater, seed_of

Story = Callable[[RecordStore], Awaitable[None]]


def tell(path: Path, story: Story, *, cap_bytes: int | None = None) -> None:
    """Runs `story` on the store at `path`."""

    async def whole() -> None:
        async with await RecordStore.open(path, cap_bytes=cap_bytes) as store:
            await story(store)

    asyncio.run(whole())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the database of a test lies."""
    return tmp_path / "records.db"


def ids(pairs: Iterable[tuple[Record, bytes | None]]) -> list[Cid]:
    """The record ids of `pairs`."""
    return [record.id for record, _ in pairs]


def reasons(refused: Iterable[tuple[Cid, Refused]]) -> dict[Cid, str]:
    """Each refused id with the reason."""
    return {record_id: error.reason for record_id, error in refused}


async def fingerprint(store: RecordStore) -> bytes:
    """What reconciliation says of all records."""
    held = await store.sealed()
    return held.fingerprint(0, len(held))


def forged(record: Record) -> Record:
    """`record` with a signature that does not hold."""
    return replace(record, signature=bytes((record.signature[0] ^ 1,)) + record.signature[1:])


def test_a_whole_life_is_added_and_found_again(file: Path) -> None:
    anna = rater("anna", 5)

    async def add(store: RecordStore) -> None:
        outcome = await store.add(anna.pairs, NOW_MS)
        assert [record.id for record in outcome.added] == ids(anna.pairs)
        assert (outcome.known, outcome.waiting, outcome.refused, outcome.completed) == (0, [], [], [])
        await look(store)

    async def look(store: RecordStore) -> None:
        assert await store.count() == 7
        assert await store.get(anna.pairs[3][0].id) == anna.pairs[3]
        assert await store.ids(anna.device.device) == ids(anna.device.pairs)
        assert await store.leaves() == ids(anna.pairs)
        assert await store.leaves(3) == ids(anna.pairs[:3])
        assert store.feeds.heads(anna.device.device) == {anna.device.pairs[-1][0].id}
        assert set(store.feeds.devices(anna.inception.id)) >= {anna.device.device}
        await store.verify_integrity()

    tell(file, add)
    tell(file, look)


def test_what_is_not_held_is_nothing(file: Path) -> None:
    anna = Person("anna")

    async def story(store: RecordStore) -> None:
        assert await store.get(anna.inception.id) is None
        assert await store.records([anna.inception.id]) == []
        assert await store.after(0, 10) == []
        assert await store.by_kind("rating") == []
        assert await store.ids(anna.root.device) == []
        assert len(await store.sealed()) == 0
        assert await store.leaves() == []
        assert await store.count() == 0
        outcome = await store.add([], NOW_MS)
        assert outcome.added == []

    tell(file, story)


def test_adding_twice_changes_nothing(file: Path) -> None:
    anna = rater("anna", 3)

    async def story(store: RecordStore) -> None:
        outcome = await store.add([*anna.pairs, *anna.pairs], NOW_MS)
        assert (len(outcome.added), outcome.known) == (5, 5)
        before = await fingerprint(store)
        outcome = await store.add(anna.pairs, NOW_MS)
        assert (outcome.added, outcome.known) == ([], 5)
        assert await fingerprint(store) == before
        assert await store.count() == 5

    tell(file, story)


def test_the_same_batch_from_two_neighbours_at_once_is_stored_once(file: Path) -> None:
    anna = rater("anna", 20)

    async def story(store: RecordStore) -> None:
        one, two = await asyncio.gather(store.add(anna.pairs, NOW_MS), store.add(anna.pairs, NOW_MS))
        assert len(one.added) + len(two.added) == 22
        assert one.known + two.known == 22
        assert one.refused == two.refused == []
        assert await store.leaves() == ids(anna.pairs)

    tell(file, story)


def test_a_batch_may_hold_chains_in_any_order(file: Path) -> None:
    pairs = rater("anna", 9).pairs + rater("bela", 9).pairs
    random.Random(1).shuffle(pairs)

    async def story(store: RecordStore) -> None:
        outcome = await store.add(pairs, NOW_MS)
        assert (len(outcome.added), outcome.waiting, outcome.refused) == (22, [], [])

    tell(file, story)


def test_what_lacks_its_ground_waits_with_the_reason_and_is_taken_later(file: Path) -> None:
    anna, bela = rater("anna", 3), rater("bela", 1)
    early = anna.rate(9, time=NOW_MS + 3_600_000)

    async def story(store: RecordStore) -> None:
        first = anna.device.pairs[0]
        outcome = await store.add([anna.root.pairs[0], bela.device.pairs[0], first], NOW_MS)
        assert {record.id: why for record, _, why in outcome.waiting} == {
            bela.device.pairs[0][0].id: "author",
            first[0].id: "device",
        }
        outcome = await store.add([anna.root.pairs[1], anna.device.pairs[2]], NOW_MS)
        assert [(record.id, body, why) for record, body, why in outcome.waiting] == [
            (anna.device.pairs[2][0].id, anna.device.pairs[2][1], "prev")
        ]
        outcome = await store.add(anna.pairs, NOW_MS)
        assert [(record.id, why) for record, _, why in outcome.waiting] == [(early[0].id, "time")]
        outcome = await store.add([early], NOW_MS + 3_600_000)
        assert outcome.added == [early[0]]

    tell(file, story)


def test_what_does_not_hold_is_refused_and_does_not_hinder_the_rest(file: Path) -> None:
    anna, bela = rater("anna", 3), rater("bela", 2)
    bad = forged(bela.pairs[0][0])
    back = anna.device.write("rating", ratings=[["movielens:1", 1]], time=BORN_MS - 5)

    async def story(store: RecordStore) -> None:
        outcome = await store.add([(bad, bela.pairs[0][1]), *bela.pairs[1:], *anna.pairs], NOW_MS)
        assert [record.id for record in outcome.added] == [key for key in ids(anna.pairs) if key != back[0].id]
        assert reasons(outcome.refused)[bad.id] == "bad-signature"
        assert back[0].id in reasons(outcome.refused)
        assert {record.id for record, _, _ in outcome.waiting} == set(ids(bela.pairs[1:]))
        assert await store.get(back[0].id) is None

    tell(file, story)


def test_a_wrong_body_is_dropped_and_the_header_stands(file: Path) -> None:
    anna = rater("anna", 2)
    record, body = anna.device.pairs[0]

    async def story(store: RecordStore) -> None:
        outcome = await store.add([*anna.root.pairs, (record, b"\xa0"), anna.device.pairs[1]], NOW_MS)
        assert len(outcome.added) == 4
        assert reasons(outcome.refused) == {record.id: "wrong-body"}
        assert await store.get(record.id) == (record, None)

        outcome = await store.add([(record, b"\xa0")], NOW_MS)
        assert (outcome.known, outcome.completed, reasons(outcome.refused)) == (1, [], {record.id: "wrong-body"})

        outcome = await store.add([(record, None), (record, b""), (record, body)], NOW_MS)
        assert (outcome.added, outcome.known, outcome.completed, outcome.refused) == ([], 3, [record], [])
        assert await store.get(record.id) == (record, body)

    tell(file, story)


def test_a_body_without_meaning_takes_nothing_from_its_header(file: Path) -> None:
    anna = rater("anna", 1)
    senseless = dagcbor.encode({"nonce": bytes(16)})
    record = sign_record(
        anna.device.seed,
        author=anna.inception.id,
        seq=1,
        prev=anna.device.pairs[0][0].id,
        time=NOW_MS,
        kind="rating",
        body=senseless,
    )

    async def story(store: RecordStore) -> None:
        await store.add(anna.pairs, NOW_MS)
        outcome = await store.add([(record, senseless)], NOW_MS)
        assert outcome.added == [record]
        assert reasons(outcome.refused) == {record.id: "bad-body"}
        assert await store.get(record.id) == (record, None)
        assert store.feeds.heads(anna.device.device) == {record.id}

    tell(file, story)


def test_a_record_of_keys_waits_for_its_body(file: Path) -> None:
    anna = Person("anna")
    (inception, body), delegate = anna.root.pairs

    async def story(store: RecordStore) -> None:
        outcome = await store.add([(inception, None), delegate], NOW_MS)
        assert [(record.id, why) for record, _, why in outcome.waiting] == [
            (inception.id, "body"),
            (delegate[0].id, "author"),
        ]
        outcome = await store.add([(inception, b"wrong"), delegate], NOW_MS)
        assert outcome.added == []
        assert [(record.id, why) for record, _, why in outcome.waiting] == [(delegate[0].id, "author")]
        assert reasons(outcome.refused) == {inception.id: "wrong-body"}
        outcome = await store.add([(inception, b"wrong"), delegate, (inception, body)], NOW_MS)
        assert len(outcome.added) == 2

    tell(file, story)


def test_both_sides_of_a_fork_are_kept(file: Path) -> None:
    anna = rater("anna", 3)
    anna.rate(50, after=anna.device.pairs[0][0])
    other = anna.device.pairs.pop()

    async def add(store: RecordStore) -> None:
        await store.add(anna.pairs, NOW_MS)
        outcome = await store.add([other], NOW_MS)
        assert outcome.added == [other[0]]
        await look(store)

    async def look(store: RecordStore) -> None:
        proof = store.feeds.fork(anna.device.device)
        assert proof is not None
        assert {record.id for record in proof} == {other[0].id, anna.device.pairs[1][0].id}
        assert store.feeds.counts(anna.device.pairs[0][0])
        assert not store.feeds.counts(anna.device.pairs[2][0])
        assert set(await store.ids(anna.device.device)) == {*ids(anna.device.pairs), other[0].id}

    tell(file, add)
    tell(file, look)


def test_records_come_in_an_order_that_can_be_admitted(file: Path, tmp_path: Path) -> None:
    anna, bela = rater("anna", 5), rater("bela", 5)
    pairs = anna.pairs + bela.pairs
    random.Random(2).shuffle(pairs)

    async def story(store: RecordStore) -> None:
        await store.add(pairs, NOW_MS)
        found = await store.records([*reversed(ids(pairs)), *ids(pairs)])
        assert sorted(ids(found)) == sorted(ids(pairs))
        async with await RecordStore.open(tmp_path / "other.db") as other:
            for pair in found:
                assert (await other.add([pair], NOW_MS)).added == [pair[0]]

    tell(file, story)


def test_reading_in_the_order_of_arrival_misses_nothing(file: Path) -> None:
    anna = rater("anna", 7)

    async def story(store: RecordStore) -> None:
        await store.add(anna.pairs, NOW_MS)
        found, position = [], 0
        while page := await store.after(position, 4):
            found += page
            position = page[-1].position
        assert [held.position for held in found] == list(range(1, 10))
        assert [(held.record, held.body) for held in found] == anna.pairs
        assert [held.position for held in await store.after(4, 2, "rating")] == [5, 6]
        assert [held.position for held in await store.after(0, 9, "delegate")] == [2]

    tell(file, story)


def test_records_are_found_by_kind_and_author(file: Path) -> None:
    anna, bela = rater("anna", 2), rater("bela", 3)

    async def story(store: RecordStore) -> None:
        await store.add(anna.pairs + bela.pairs, NOW_MS)
        assert len(await store.by_kind("rating")) == 5
        assert ids([(held.record, b"") for held in await store.by_kind("rating", bela.inception.id)]) == ids(
            bela.device.pairs
        )
        assert [held.record for held in await store.by_kind("inception", anna.inception.id)] == [anna.inception]

    tell(file, story)


def test_a_forgotten_body_is_off_the_disk_and_not_taken_again(file: Path) -> None:
    anna = rater("anna", 2)
    record, body = anna.device.pairs[0]

    async def forget(store: RecordStore) -> None:
        await store.add(anna.pairs, NOW_MS)
        await store.forget([record.id])
        await again(store)
        assert all(body not in path.read_bytes() for path in file.parent.iterdir())

    async def again(store: RecordStore) -> None:
        outcome = await store.add(anna.pairs, NOW_MS)
        assert (outcome.known, outcome.completed, outcome.refused) == (4, [], [])
        assert await store.get(record.id) == (record, None)
        assert await store.get(anna.device.pairs[1][0].id) == anna.device.pairs[1]

    tell(file, forget)
    tell(file, again)


def test_a_body_forgotten_before_it_came_is_not_taken(file: Path) -> None:
    anna = rater("anna", 1)
    record, _ = anna.device.pairs[0]

    async def story(store: RecordStore) -> None:
        await store.forget([record.id])
        outcome = await store.add(anna.pairs, NOW_MS)
        assert len(outcome.added) == 3
        assert await store.get(record.id) == (record, None)

    tell(file, story)


def test_the_chain_of_keys_cannot_be_forgotten(file: Path) -> None:
    anna = rater("anna", 1)

    async def story(store: RecordStore) -> None:
        await store.add(anna.pairs, NOW_MS)
        with pytest.raises(BadInput, match="found a record of the kind delegate to forget"):
            await store.forget([anna.device.pairs[0][0].id, anna.delegate.id])
        assert await store.get(anna.device.pairs[0][0].id) == anna.device.pairs[0]

    tell(file, story)


def test_a_full_disk_changes_nothing_and_the_store_goes_on(file: Path) -> None:
    anna, bela = rater("anna", 3), rater("bela", 400)

    async def fill(store: RecordStore) -> None:
        await store.add(anna.pairs[:3], NOW_MS)
        with pytest.raises(LimitReached, match=r"found no space left for .*records\.db, expected room"):
            await store.add(anna.pairs + bela.pairs, NOW_MS)
        assert await store.count() == 3
        assert store.feeds.heads(bela.device.device) == set()
        assert await store.leaves() == ids(anna.pairs[:3])
        assert len((await store.add(anna.pairs, NOW_MS)).added) == 2
        await store.verify_integrity()

    async def room(store: RecordStore) -> None:
        assert len((await store.add(anna.pairs + bela.pairs, NOW_MS)).added) == 402

    tell(file, fill, cap_bytes=120_000)
    tell(file, room)


def test_the_state_shows_a_record_only_once_it_is_on_the_disk(file: Path) -> None:
    anna = rater("anna", 1)
    seen: dict[str, tuple[int, int]] = {}

    async def story() -> None:
        def look(point: str) -> None:
            other = sqlite3.connect(file)
            on_disk = other.execute("SELECT count(*) FROM records").fetchone()[0]
            other.close()
            seen[point] = (on_disk, len(store.feeds.heads(anna.device.device)))

        async with await RecordStore.open(file, crash_at=look) as store:
            await store.add(anna.pairs, NOW_MS)

    asyncio.run(story())
    assert seen == {"before-commit": (0, 0), "after-commit": (3, 0), "after-apply": (3, 1)}


@pytest.mark.parametrize(("point", "stored"), [("before-commit", 2), ("after-commit", 4), ("after-apply", 4)])
def test_after_a_failure_the_state_is_what_the_disk_has(file: Path, point: str, stored: int) -> None:
    anna = rater("anna", 3)
    broken = False

    def fail(name: str) -> None:
        if broken and name == point:
            raise RuntimeError("cable pulled")

    async def story() -> None:
        nonlocal broken
        async with await RecordStore.open(file, crash_at=fail) as store:
            await store.add(anna.root.pairs, NOW_MS)
            broken = True
            with pytest.raises(RuntimeError, match="cable pulled"):
                await store.add(anna.device.pairs[:2], NOW_MS)
            broken = False
            assert await store.count() == len(await store.leaves()) == stored
            assert store.feeds.heads(anna.device.device) == set(ids(anna.device.pairs[: stored - 2])[-1:])
            assert len((await store.add(anna.pairs, NOW_MS)).added) == 5 - stored
            assert store.feeds.heads(anna.device.device) == {anna.device.pairs[-1][0].id}

    asyncio.run(story())


def test_a_cancelled_caller_does_not_cut_a_transaction(file: Path) -> None:
    anna = rater("anna", 50)

    async def story(store: RecordStore) -> None:
        for _ in range(3):
            task = asyncio.create_task(store.add(anna.pairs, NOW_MS))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        outcome = await store.add(anna.pairs, NOW_MS)
        assert len(outcome.added) + outcome.known == 52
        assert await store.count() == 52

    tell(file, story)


def test_a_page_that_was_changed_on_the_disk_is_named(file: Path) -> None:
    async def fill(store: RecordStore) -> None:
        await store.add(rater("anna", 100).pairs, NOW_MS)

    async def look(store: RecordStore) -> None:
        await store.verify_integrity()

    tell(file, fill)
    data = bytearray(file.read_bytes())
    for start in range(8192, len(data) - 4096, 8192):
        data[start : start + 64] = b"\xff" * 64
    file.write_bytes(data)
    with pytest.raises(CheckFailed, match=r"found .*records\.db damaged"):
        tell(file, look)
    assert file.read_bytes() == bytes(data)


def test_only_this_account_may_read_the_records(file: Path) -> None:
    async def story(store: RecordStore) -> None:
        await store.add(Person("anna").pairs, NOW_MS)

    tell(file, story)
    assert file.stat().st_mode & 0o777 == 0o600


def test_reading_goes_on_while_another_program_writes_nothing(file: Path) -> None:
    anna = Person("anna")

    async def story(store: RecordStore) -> None:
        other = sqlite3.connect(file)
        other.execute("BEGIN")
        assert other.execute("SELECT count(*) FROM records").fetchone() == (0,)
        await store.add(anna.pairs, NOW_MS)
        assert other.execute("SELECT count(*) FROM records").fetchone() == (0,)
        assert await store.count() == 2
        other.close()

    tell(file, story)


def test_a_stranger_on_a_known_device_is_not_admitted(file: Path) -> None:
    anna = Person("anna")
    stranger = Feed(seed_of("stranger"), anna.inception)
    pair = stranger.write("rating", ratings=[["movielens:1", 10]])

    async def story(store: RecordStore) -> None:
        outcome = await store.add([*anna.pairs, pair], NOW_MS)
        assert [(record.id, why) for record, _, why in outcome.waiting] == [(pair[0].id, "device")]

    tell(file, story)
