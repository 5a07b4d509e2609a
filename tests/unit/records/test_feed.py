"""Feeds: what may follow what, what is missing, what is refused, and what counts in the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cinepeer.errors import Refused
from cinepeer.records.bodies import new_body
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.feed import AHEAD_MS, Feeds
from cinepeer.records.record import Record, parse_record, sign_record
from cinepeer.records.roots import MAX_ROOT_RECORDS, MAX_ROOTS
from cinepeer.records.span import ALL, NOTHING, Span
from vectors.feed_cases import STORIES, Story
from vectors.people import BORN_MS, NOW_MS, Pair, Person, Writer, fold

NOWHERE = Cid.of(b"nowhere", DAG_CBOR)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_story_ends_with_what_counts(story: Callable[[], Story]) -> None:
    _, pairs, counted = story()
    feeds, left = fold(pairs)
    assert left == []
    assert [record for record, _ in pairs if feeds.counts(record)] == [r for r, _ in pairs if r in counted]


def refusal(feeds: Feeds, pair: Pair | tuple[Record, None]) -> str:
    """The reason for which a record that misses nothing is refused."""
    assert feeds.missing(pair[0], NOW_MS) is None
    with pytest.raises(Refused) as caught:
        feeds.verify(*pair)
    return caught.value.reason


def test_what_is_missing_is_named() -> None:
    anna = Person("anna")
    laptop = anna.device()
    laptop.rate(1)
    laptop.rate(2)
    records = [record for record, _ in anna.pairs]
    feeds = Feeds()
    assert [feeds.missing(record, NOW_MS) for record in records] == [None, "author", "author", "author"]
    feeds.apply(*anna.pairs[0])
    assert [feeds.missing(record, NOW_MS) for record in records] == [None, None, "device", "device"]
    feeds.apply(*anna.pairs[1])
    assert [feeds.missing(record, NOW_MS) for record in records] == [None, None, None, "prev"]
    feeds.apply(*anna.pairs[2])
    assert feeds.missing(records[3], NOW_MS) is None


def test_a_rotation_misses_its_device_until_the_key_is_promised() -> None:
    anna = Person("anna")
    anna.rotate()
    second = anna.rotate()
    feeds, _ = fold(anna.pairs[:1])
    assert feeds.missing(second, NOW_MS) == "device"
    feeds, _ = fold(anna.pairs[:2])
    assert feeds.missing(second, NOW_MS) is None


def test_a_record_from_more_than_ten_minutes_ahead_waits() -> None:
    anna = Person("anna")
    assert Feeds().missing(anna.inception, BORN_MS - AHEAD_MS) is None
    assert Feeds().missing(anna.inception, BORN_MS - AHEAD_MS - 1) == "time"


def test_a_record_whose_ground_is_missing_is_not_verified() -> None:
    anna = Person("anna")
    laptop = anna.device()
    laptop.rate(1)
    with pytest.raises(Refused) as caught:
        Feeds().verify(*laptop.pairs[0])
    assert caught.value.reason == "not-connected"


def test_the_same_record_twice_changes_nothing() -> None:
    _, pairs, _ = STORIES[6]()
    feeds, _ = fold(pairs)
    revision = feeds.revision
    before = [(feeds.heads(record.device), feeds.fork(record.device), feeds.counts(record)) for record, _ in pairs]
    for pair in pairs:
        feeds.apply(*pair)
    after = [(feeds.heads(record.device), feeds.fork(record.device), feeds.counts(record)) for record, _ in pairs]
    assert (after, feeds.revision) == (before, revision)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_what_follows_in_one_step_is_what_is_verified_and_applied(story: Callable[[], Story]) -> None:
    _, pairs, _ = story()
    slow, fast, left, followed = Feeds(), Feeds(), [*pairs, *pairs], 0
    while left:
        waiting = []
        for record, body in left:
            need, before = slow.missing(record, NOW_MS), (dict(fast.tails), fast.revision)
            if fast.follow(record, NOW_MS):
                followed += 1
                assert need is None
                slow.verify(record, body)
                slow.apply(record, body)
            elif need is not None:
                assert (dict(fast.tails), fast.revision) == before
                waiting.append((record, body))
            else:
                slow.apply(record, body)
                fast.apply(record, body)
            assert (dict(fast.tails), fast.revision) == (dict(slow.tails), slow.revision)
            assert fast.counts(record) == slow.counts(record)
        left = waiting if len(waiting) < len(left) else []
    assert followed or story.__name__ != "plain"


def test_nothing_follows_but_the_next_record_of_a_device_that_is_no_root() -> None:
    anna = Person("anna")
    laptop = anna.device()
    laptop.rate(1, at=5000)
    feeds, _ = fold(anna.pairs)
    prev, body = laptop.pairs[-1]
    tails = dict(feeds.tails)

    def next_one(**other: Any) -> Record:
        given = {
            "author": anna.id,
            "seq": 1,
            "prev": prev.id,
            "time": prev.time,
            "kind": "rating",
            "body": body,
        } | other
        return sign_record(laptop.seed, **given)

    others: list[dict[str, Any]] = [
        {"seq": 2},
        {"prev": anna.id},
        {"time": prev.time - 1},
        {"time": NOW_MS + AHEAD_MS + 1},
        {"author": NOWHERE},
        {"kind": "delegate"},
        {"seq": 0, "prev": None},
    ]
    for other in others:
        assert not feeds.follow(next_one(**other), NOW_MS)
    of_root = sign_record(
        anna.root.seed,
        author=anna.id,
        seq=len(anna.root.pairs),
        prev=anna.root.pairs[-1][0].id,
        time=NOW_MS,
        kind="rating",
        body=body,
    )
    assert not feeds.follow(of_root, NOW_MS)
    assert dict(feeds.tails) == tails
    assert feeds.follow(next_one(), NOW_MS)
    assert not feeds.follow(next_one(), NOW_MS)


def test_an_inception_is_signed_by_the_root_it_names() -> None:
    anna, bela = Person("anna"), Person("bela")
    body = new_body("inception", bytes(16), root=bela.root.key, next=bytes(32))
    record = sign_record(anna.root.seed, author=None, seq=0, prev=None, time=BORN_MS, kind="inception", body=body)
    assert refusal(Feeds(), (record, body)) == "wrong-root"


def test_a_rotation_is_signed_by_the_root_it_names() -> None:
    anna = Person("anna")
    feeds, _ = fold(anna.pairs)
    root = Writer(anna, "root 1")
    pair = root.begin("rotation", root=bytes(32), next=bytes(32), previous={"seq": 0, "head": anna.id})
    assert refusal(feeds, pair) == "wrong-root"


@pytest.mark.parametrize("number", range(3))
def test_key_records_need_their_right_body(number: int) -> None:
    anna = Person("anna")
    laptop = anna.device()
    anna.revoke(laptop, None)
    feeds, _ = fold(anna.pairs[:number])
    record, body = anna.pairs[number]
    assert refusal(feeds, (record, None)) == "no-body"
    assert refusal(feeds, (record, body + b"\0")) == "wrong-body"
    assert refusal(feeds, (record, bytes(len(body)))) == "wrong-body"


def test_a_key_record_with_a_senseless_body_is_refused() -> None:
    anna = Person("anna")
    feeds, _ = fold(anna.pairs)
    body = new_body("letter", bytes(16), words="no keys here")
    record = sign_record(anna.root.seed, author=anna.id, seq=1, prev=anna.id, time=BORN_MS, kind="delegate", body=body)
    assert refusal(feeds, (record, body)) == "bad-body"


def test_other_records_are_valid_whatever_their_body() -> None:
    anna = Person("anna")
    laptop = anna.device()
    record, _ = laptop.write("rating", ratings=[["movielens:1", 1]])
    feeds, _ = fold(anna.pairs[:2])
    for body in (None, b"", b"another"):
        feeds.verify(record, body)


@pytest.mark.parametrize("kind", ["delegate", "revocation"])
def test_devices_sign_no_key_records(kind: str) -> None:
    anna = Person("anna")
    laptop = anna.device()
    feeds, _ = fold(anna.pairs)
    fields: dict[str, Any] = {"name": "x"} if kind == "delegate" else {"seq": -1, "head": None, "reason": ""}
    assert refusal(feeds, laptop.write(kind, device=bytes(32), **fields)) == "not-root"


def test_times_do_not_go_back_along_a_feed() -> None:
    anna = Person("anna")
    laptop = anna.device()
    laptop.rate(1, at=5000)
    feeds, _ = fold(anna.pairs)
    laptop.rate(2, at=4999)
    assert refusal(feeds, laptop.pairs[-1]) == "bad-chain"
    laptop.pairs.pop()
    laptop.rate(2, at=5000)
    feeds.verify(*laptop.pairs[-1])


@pytest.mark.parametrize("seq", [1, 3])
def test_the_seq_is_one_more_than_that_of_the_record_before(seq: int) -> None:
    anna = Person("anna")
    laptop = anna.device()
    laptop.rate(1)
    laptop.rate(2)
    feeds, _ = fold(anna.pairs)
    prev, body = laptop.pairs[-1]
    record = sign_record(laptop.seed, author=anna.id, seq=seq, prev=prev.id, time=NOW_MS, kind="rating", body=body)
    assert refusal(feeds, (record, body)) == "bad-chain"


def test_a_record_follows_only_one_of_its_own_device() -> None:
    anna = Person("anna")
    laptop, phone = anna.device(), anna.device("phone")
    before = laptop.rate(1)
    feeds, _ = fold(anna.pairs)
    record, _ = phone.write("rating", after=before, ratings=[["movielens:1", 1]])
    assert feeds.missing(record, NOW_MS) == "prev"


def test_a_roots_feed_begins_with_its_inception_alone() -> None:
    anna = Person("anna")
    feeds, _ = fold(anna.pairs)
    assert refusal(feeds, anna.root.begin("profile", name="Anna")) == "bad-chain"
    anna.delegate(anna.root, after=anna.inception)
    feeds, _ = fold([pair for pair in anna.pairs if pair[0].kind != "profile"])
    assert refusal(feeds, anna.root.begin("profile", name="Anna")) == "bad-chain"


def test_a_rotation_stands_at_the_begin_of_its_own_feed() -> None:
    anna = Person("anna")
    anna.rotate()
    previous = {"seq": 0, "head": anna.id}
    feeds, _ = fold(anna.pairs)
    # Its own key is promised, so that only its place is wrong.
    anna.root.begin("rotation", root=anna.root.key, next=anna.promise(1), previous=previous)
    feeds, _ = fold(anna.pairs)
    late = anna.root.write("rotation", root=anna.root.key, next=bytes(32), previous=previous)
    assert refusal(feeds, late) == "bad-chain"


def test_a_roots_feed_has_an_end() -> None:
    anna = Person("anna")
    for _ in range(MAX_ROOT_RECORDS - 1):
        anna.delegate(anna.root)
    feeds, left = fold(anna.pairs)
    assert left == []
    anna.delegate(anna.root)
    assert refusal(feeds, anna.pairs[-1]) == "feed-full"
    anna.pairs.pop()
    anna.rotate(anna.inception)
    assert fold(anna.pairs)[1] == []


def test_the_chain_of_roots_that_count_has_an_end() -> None:
    anna = Person("anna")
    for _ in range(MAX_ROOTS):
        anna.rotate()
    feeds, left = fold(anna.pairs)
    assert left == []
    counted = [feeds.counts(record) for record, _ in anna.pairs]
    assert counted == [True] * MAX_ROOTS + [False]


def test_unknown_keys_and_authors_have_nothing() -> None:
    anna = Person("anna")
    laptop = anna.device()
    record = laptop.rate(1)
    feeds = Feeds()
    assert (feeds.heads(laptop.key), feeds.fork(laptop.key), feeds.devices(anna.id)) == (set(), None, {})
    assert not feeds.counts(record)
    assert feeds.span(anna.id, laptop.key) == NOTHING
    feeds, _ = fold(anna.pairs[:1])
    assert feeds.span(anna.id, laptop.key) == NOTHING


def test_a_record_that_is_not_held_does_not_count() -> None:
    anna = Person("anna")
    laptop = anna.device()
    laptop.rate(1)
    feeds, _ = fold(anna.pairs)
    assert not feeds.counts(laptop.rate(2))


def test_devices_are_listed_with_their_names_and_spans() -> None:
    anna = Person("anna")
    laptop, phone = anna.device(), anna.device("phone")
    rating = laptop.rate(1)
    anna.revoke(laptop, rating)
    anna.rotate()
    anna.delegate(phone, "new name")
    devices = fold(anna.pairs)[0].devices(anna.id)
    assert list(devices) == [root.key for root in anna.roots] + sorted([laptop.key, phone.key])
    assert [devices[root.key].is_root for root in anna.roots] == [True, True]
    assert devices[laptop.key].name == "laptop"
    assert devices[laptop.key].span == Span(0, rating.id)
    assert (devices[phone.key].name, devices[phone.key].span) == ("new name", ALL)


def test_heads_are_one_until_a_fork() -> None:
    anna = Person("anna")
    laptop = anna.device()
    one = laptop.rate(1)
    two = laptop.rate(2)
    assert fold(anna.pairs)[0].heads(laptop.key) == {two.id}
    other = laptop.rate(3, after=one)
    assert fold(anna.pairs)[0].heads(laptop.key) == {two.id, other.id}


def test_one_key_that_signs_for_two_authors_has_two_feeds() -> None:
    anna, bela = Person("anna"), Person("bela")
    laptop = anna.device()
    bela.delegate(laptop)
    mine = laptop.rate(1)
    body = new_body("profile", bytes(16), name="Bela")
    theirs = sign_record(laptop.seed, author=bela.id, seq=0, prev=None, time=BORN_MS, kind="profile", body=body)
    feeds, _ = fold([*anna.pairs, *bela.pairs, (theirs, body)])
    assert feeds.heads(laptop.key) == {mine.id, theirs.id}
    assert feeds.fork(laptop.key) is None
    assert feeds.counts(mine) and feeds.counts(theirs)


def test_the_revision_grows_when_earlier_records_change_what_they_count_for() -> None:
    anna = Person("anna")
    laptop = anna.device()
    first = laptop.rate(1)
    laptop.rate(2)
    feeds, _ = fold(anna.pairs)
    before = feeds.revision
    anna.revoke(laptop, first)
    feeds.apply(*anna.pairs[-1])
    assert feeds.revision > before


def test_a_record_is_read_back_from_the_proof_of_a_fork() -> None:
    anna = Person("anna")
    laptop = anna.device()
    one, other = laptop.rate(1), laptop.begin("rating", ratings=[["movielens:2", 2]])[0]
    proof = fold(anna.pairs)[0].fork(laptop.key)
    assert proof is not None
    assert set(proof) == {one, other}
    assert [parse_record(record.block) for record in proof] == list(proof)
