"""The store adds what holds, says what became of the rest, and has all it acknowledged after reopening."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from cinepeer.adapters.store import RecordStore
from cinepeer.records import dagcbor
from cinepeer.records.record import sign_record
from unit.store.people import BORN_MS, NOW_MS, Feed, Person, rater, seed_of
from unit.store.stories import fingerprint, forged, ids, reasons, tell


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the database of a test lies."""
    return tmp_path / "records.db"


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


def test_a_stranger_on_a_known_device_is_not_admitted(file: Path) -> None:
    anna = Person("anna")
    stranger = Feed(seed_of("stranger"), anna.inception)
    pair = stranger.write("rating", ratings=[["movielens:1", 10]])

    async def story(store: RecordStore) -> None:
        outcome = await store.add([*anna.pairs, pair], NOW_MS)
        assert [(record.id, why) for record, _, why in outcome.waiting] == [(pair[0].id, "device")]

    tell(file, story)
