"""Frames of the sync: every malformed one is refused by a named reason."""

from __future__ import annotations

import pytest

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.record import pack
from cinepeer.replication import frames, gossip
from unit.replication.rig import NETWORK, Author

DEVICE = bytes(range(32))
DIGEST = bytes(16)
ID = Cid.of(b"one", DAG_CBOR)


@pytest.mark.parametrize(
    "value",
    [
        "hello",
        [],
        [1],
        ["who-knows"],
        ["hello", 1],
        ["hello", -1, NETWORK],
        ["hello", True, NETWORK],
        ["hello", 1, "network"],
        ["compare", DEVICE[:31], None, []],
        ["compare", b"", 1, []],
        ["compare", b"", None, [[DEVICE, 1]]],
        ["compare", b"", None, [[DEVICE, 1, DIGEST + b"x"]]],
        ["compare", b"", None, [[DEVICE, 2**53 + 1, DIGEST]]],
        ["compare", b"", None, [[DEVICE, 1, DIGEST], [DEVICE, 1, DIGEST]]],
        ["compare", DEVICE, None, [[DEVICE, 1, DIGEST]]],
        ["compare", b"", DEVICE, [[b"\xff" * 32, 1, DIGEST]]],
        ["ids", [[DEVICE, -1]]],
        ["ids", [[DEVICE, 0, 0]]],
        ["ids", {"a": 1}],
        ["records", [ID, ID]],
        ["records", [bytes(ID)]],
        ["records", [ID] * (frames.MAX_RECORDS + 1)],
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
        ["differs", None],
        ["differs", DEVICE, [[b"\xff" * 32, 1, DIGEST]]],
        ["ids", [[DEVICE, 1, [ID, ID]]]],
        ["ids", [[DEVICE, 1, ["text"]]]],
        ["refused", "Not A Reason"],
        ["refused", "a" * 65],
        ["compare", b"", None, []],
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


def test_one_record_twice_in_a_frame_is_refused() -> None:
    pair = Author(1).pairs[0]
    with pytest.raises(Refused) as caught:
        frames.parse_question(dagcbor.encode(["give", [pack(*pair), pack(*pair)]]))
    assert caught.value.reason == "bad-frame"


def test_the_fullest_frames_of_every_kind_fit_into_a_frame() -> None:
    devices = sorted(number.to_bytes(32, "big") for number in range(1, frames.MAX_DEVICES + 1))
    ids = tuple(Cid.of(str(number).encode(), DAG_CBOR) for number in range(frames.MAX_IDS))
    author = Author(1)
    author.rate(300, size=256)
    for frame in (
        frames.Compare(b"", None, tuple(frames.Summary(one, frames.MAX_COUNT, DIGEST) for one in devices)),
        frames.Ids(((DEVICE, frames.MAX_COUNT, ids),)),
        frames.IdsWanted(tuple((one, frames.MAX_COUNT) for one in devices)),
        *(frames.Records(tuple(run)) for run in frames.batches(author.pairs)),
    ):
        assert len(frames.encode(frame)) <= frames.MAX_FRAME_BYTES
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
