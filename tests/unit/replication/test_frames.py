"""Frames of the sync: every malformed one is refused by a named reason."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records import record as records
from cinepeer.records.cid import DAG_CBOR, RAW, Cid
from cinepeer.records.record import Record, pack
from cinepeer.replication import frames, gossip
from cinepeer.replication.scope import MAX_NAMED, MAX_TIME_MS, Scope
from unit.replication.rig import NETWORK, Author

DIGEST = bytes(range(32))
PRINT = bytes(16)
ID = Cid.of(b"one", DAG_CBOR)


def hello(*scope: dagcbor.Value, count: dagcbor.Value = 0, fingerprint: dagcbor.Value = PRINT) -> dagcbor.Value:
    return ["hello", 1, NETWORK, *scope, count, fingerprint]


@pytest.mark.parametrize(
    "value",
    [
        "hello",
        [],
        [1],
        ["who-knows"],
        ["hello", 1],
        ["hello", 1, NETWORK],
        ["hello", -1, NETWORK, {}, 0, PRINT],
        ["hello", True, NETWORK, {}, 0, PRINT],
        ["hello", 1, "network", {}, 0, PRINT],
        hello({}, count=-1),
        hello({}, count=2**53 + 1),
        hello({}, fingerprint=PRINT[1:]),
        hello({}, fingerprint=PRINT + b"x"),
        hello({}, fingerprint=NETWORK),
        ["reconcile", "text"],
        ["reconcile", bytes(frames.MAX_RECONCILE_BYTES + 1)],
        ["places", DIGEST[1:]],
        ["places", DIGEST + DIGEST],
        ["places", bytes(32 * (frames.MAX_PLACES + 1))],
        ["records", DIGEST * 2],
        ["records", [ID]],
        ["records", bytes(32 * (frames.MAX_RECORDS + 1))],
        ["records", [0] * frames.MAX_ITEMS],
        ["give", ["text"]],
        ["give", [b""] * (frames.MAX_RECORDS + 1)],
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_malformed_question_is_a_bad_frame(value: dagcbor.Value) -> None:
    with pytest.raises(Refused) as caught:
        frames.parse_question(dagcbor.encode(value))
    assert caught.value.reason == "bad-frame"
    assert str(caught.value).startswith("found ")


@pytest.mark.parametrize(
    "value",
    [
        ["took", 1, 2, 3],
        ["took", 1, 2, 3, None],
        ["places", bytes(7)],
        ["places", bytes(8 * (frames.MAX_PLACES + 1))],
        ["reconcile", None],
        hello({})[:5],  # type: ignore[index]
        ["refused", "Not A Reason"],
        ["refused", "a" * 65],
        ["give", []],
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_malformed_answer_is_a_bad_frame(value: dagcbor.Value) -> None:
    with pytest.raises(Refused) as caught:
        frames.parse_answer(dagcbor.encode(value))
    assert caught.value.reason == "bad-frame"


def test_other_refusals_keep_their_own_names() -> None:
    for data, reason in [
        (b"\xff", "not-canonical"),
        (dagcbor.encode(["give", [b"\xa0"]]), "bad-record"),
        (bytes(frames.MAX_FRAME_BYTES + 1), "frame-too-large"),
    ]:
        with pytest.raises(Refused) as caught:
            frames.parse_question(data)
        assert caught.value.reason == reason


@pytest.mark.parametrize("size", [0, 23, 24, 255, 256, 65_535, 65_536])
def test_a_packed_record_is_the_list_of_its_block_and_body_at_every_length(size: int) -> None:
    record = Author(1).pairs[0][0]
    assert pack(record, bytes(size)) == dagcbor.encode([record.block, bytes(size)])
    assert pack(record, None) == dagcbor.encode([record.block, None])


def test_one_record_twice_in_a_frame_is_refused() -> None:
    pair = Author(1).pairs[0]
    with pytest.raises(Refused) as caught:
        frames.parse_question(dagcbor.encode(["give", [pack(*pair), pack(*pair)]]))
    assert caught.value.reason == "bad-frame"


@pytest.mark.parametrize(
    "scope",
    [
        [],
        {"author": []},
        {"authors": [str(ID)]},
        {"authors": [ID, ID]},
        {"authors": [Cid.of(b"", RAW)]},
        {"films": ["movielens:2", "movielens:1"]},
        {"films": [1, "movielens:1"]},
        {"films": [f"movielens:{number}" for number in range(1, MAX_NAMED + 2)]},
        {"since": 0},
        {"since": True},
        {"until": -1},
        {"until": MAX_TIME_MS},
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_malformed_scope_is_refused(scope: dagcbor.Value) -> None:
    with pytest.raises(Refused) as caught:
        frames.parse_question(dagcbor.encode(hello(scope)))
    assert caught.value.reason == "bad-scope"


def test_a_frame_of_many_items_is_refused_before_they_are_made() -> None:
    bomb = b"\x82\x67records\x9a\x00\x0f\xff\xff" + b"\x80" * (1 << 20)
    tracemalloc.start()
    try:
        with pytest.raises(Refused) as caught:
            frames.parse_question(bomb)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
    assert caught.value.reason == "bad-frame"


def test_the_fullest_frames_of_every_kind_fit_into_a_frame() -> None:
    ids = tuple(Cid.of(str(number).encode(), DAG_CBOR) for number in range(frames.MAX_PLACES))
    author = Author(1)
    author.rate(300, size=256)
    scope = Scope(frozenset(ids[:MAX_NAMED]), frozenset(map(str, ids[:MAX_NAMED])), 1, MAX_TIME_MS - 1)
    for frame in (
        frames.Hello(frames.MAX_COUNT, NETWORK, scope, frames.MAX_COUNT, PRINT),
        frames.Reconcile(bytes(frames.MAX_RECONCILE_BYTES)),
        frames.PlacesWanted(ids),
        *(frames.Give(tuple(run)) for run in frames.batches(author.pairs)),
    ):
        assert len(frames.encode(frame)) <= frames.MAX_FRAME_BYTES
        assert frames.parse_question(frames.encode(frame)) == frame
    assert all(
        len(frames.encode(frames.Give(tuple(run)))) <= frames.MAX_RECORDS_BYTES for run in frames.batches(author.pairs)
    )


def test_batches_keep_the_order_and_both_limits() -> None:
    author = Author(1)
    author.rate(600)
    runs = frames.batches(author.pairs)
    assert [pair for run in runs for pair in run] == author.pairs
    assert [len(run) for run in runs] == [256, 256, 90]
    assert [len(run) for run in frames.batches(author.pairs[:5], max_records=2)] == [2, 2, 1]
    assert frames.batches([]) == []


def test_a_gossip_message_is_refused_when_it_is_too_large_or_malformed() -> None:
    for data, reason in [
        (bytes(gossip.MAX_MESSAGE_BYTES + 1), "message-too-large"),
        (dagcbor.encode({"records": []}), "bad-frame"),
        (dagcbor.encode([1]), "bad-frame"),
        (b"", "not-canonical"),
    ]:
        with pytest.raises(Refused) as caught:
            gossip.parse_message(data)
        assert caught.value.reason == reason


def test_the_topic_names_the_network() -> None:
    assert gossip.topic(NETWORK) == f"/cinepeer/{NETWORK}/records/1"


def outcome(read: Callable[[bytes], object], data: bytes) -> object:
    try:
        return read(data)
    except Refused as error:
        return error.reason


def ratings(count: int) -> tuple[tuple[Record, bytes | None], ...]:
    author = Author(1)
    author.rate(count)
    return tuple(author.pairs[-count:]) if count else ()


@pytest.mark.parametrize("count", [0, 1, 23, 24, 255, 256, 257])
def test_frames_of_any_number_of_records_are_the_general_encoders(count: int) -> None:
    pairs = ratings(count)
    for name, frame in (("records", frames.Records(pairs)), ("give", frames.Give(pairs))):
        assert frames.encode(frame) == dagcbor.encode([name, [pack(record, body) for record, body in pairs]])


def test_a_frame_of_records_is_read_in_haste_as_it_is_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = ratings(30)
    whole = frames.encode(frames.Records(pairs))
    cases = [whole, whole + b"\0", frames.encode(frames.Records((*pairs[:3], pairs[1])))]
    cases.append(frames.encode(frames.Records(tuple((one, None) for one, _ in pairs))))
    for at in (*range(440), *range(440, len(whole), 13)):
        cases += [whole[:at], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :], whole[:at] + b"\0" + whole[at:]]
    hasty = [outcome(frames.parse_answer, data) for data in cases]
    monkeypatch.setattr(frames, "_unpack", lambda _data, _begin: None)
    monkeypatch.setattr(records, "unpack_run", lambda _data, _at, _count: None)
    assert hasty == [outcome(frames.parse_answer, data) for data in cases]
    assert hasty[0] == frames.Records(pairs)
    assert hasty[2] == "bad-frame"
