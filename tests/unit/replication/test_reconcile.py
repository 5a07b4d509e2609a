"""Two sets are reconciled in negentropy's frames: recorded exchanges, both roles, and what each of them refuses."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import pytest

from cinepeer.errors import BadInput, Refused
from cinepeer.replication.fingerprints import SealedSet
from cinepeer.replication.ranges import INFINITY, encode_varint
from cinepeer.replication.reconcile import Initiator, Responder

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "negentropy.json").read_text())
TIMES = {
    "scattered": lambda n: 1_600_000_000 + n * 7919 % 1_000_003,
    "clustered": lambda n: 1_600_000_000 + n % 3 * 50_000 + n % 20,
    "one": lambda n: 1_700_000_000,
}
Item = tuple[int, bytes]


def items(rule: str, *spans: list[int] | range) -> list[Item]:
    numbers = [n for span in spans for n in (range(*span) if isinstance(span, list) else span)]
    return [(TIMES[rule](n), hashlib.sha256(f"item {n}".encode()).digest()) for n in numbers]


def ids(of: list[Item]) -> set[bytes]:
    return {item_id for _, item_id in of}


def reconcile(ours: list[Item], theirs: list[Item], limit: int = 0) -> tuple[list[bytes], list[bytes], int, int]:
    """Have, need, bytes in both directions, round trips."""
    one, other = Initiator(SealedSet(ours), limit), Responder(SealedSet(theirs), limit)
    have, need, size = [], [], 0
    question: bytes | None = one.open()
    while question is not None:
        answer = other.answer(question)
        assert not limit or max(len(question), len(answer)) <= limit
        size += len(question) + len(answer)
        found = one.answer(answer)
        have += found.have
        need += found.need
        question = found.frame
    return have, need, size, one.rounds


def is_same_frame(found: bytes, recorded: bytes) -> bool:
    """Equal; a full frame may close with another digest, since the recorded ones leave out the range taken back."""
    closing = b"\x00\x00\x01"
    if len(recorded) > 2900 and recorded[-19:-16] == closing:
        return len(found) == len(recorded) and found[:-16] == recorded[:-16]
    return found == recorded


@pytest.mark.parametrize("exchange", VECTORS["exchanges"], ids=lambda one: one["name"])
def test_an_exchange_of_other_programs_is_replayed_byte_for_byte(exchange):
    ours, theirs = (items(exchange["times"], *exchange[side]) for side in ("ours", "theirs"))
    opening, answering = Initiator(SealedSet(ours), exchange["limit"]), Responder(SealedSet(theirs), exchange["limit"])
    question: bytes | None = opening.open()
    have, need = [], []
    for asked, answered in exchange["frames"]:
        assert question is not None and is_same_frame(question, bytes.fromhex(asked))
        assert is_same_frame(answering.answer(bytes.fromhex(asked)), bytes.fromhex(answered))
        found = opening.answer(bytes.fromhex(answered))
        have += found.have
        need += found.need
        question = found.frame
    assert question is None
    assert sorted(have) == sorted(ids(ours) - ids(theirs))
    assert sorted(need) == sorted(ids(theirs) - ids(ours))


def test_two_hundred_scattered_differences_in_a_hundred_thousand_cost_two_round_trips():
    common = items("scattered", range(100_000))
    have, need, size, rounds = reconcile(
        common + items("scattered", range(100_000, 100_100)), common + items("scattered", range(200_000, 200_100))
    )
    assert (len(have), len(need), rounds) == (100, 100, 2)
    assert size <= 201_000


def test_equal_sets_cost_one_small_round_trip():
    of = items("scattered", range(5000))
    assert reconcile(of, of)[3] == 1
    assert reconcile(of, of)[2] <= 400


def test_none_against_700_ends_under_the_smallest_limit():
    theirs = items("scattered", range(700))
    have, need, _, _ = reconcile([], theirs, 4096)
    assert (have, set(need)) == ([], ids(theirs))


def test_times_of_64_bits_are_reconciled():
    near_end = [(INFINITY - 1, bytes([n]) * 32) for n in range(100)]
    have, need, _, _ = reconcile([(0, b"a" * 32), *near_end[:70]], near_end[20:])
    assert set(have) == {b"a" * 32} | ids(near_end[:20])
    assert set(need) == ids(near_end[70:])


def test_sums_by_numpy_and_without_are_the_same():
    of = [*items("scattered", range(1000)), (1, b"\xff" * 32), (2, b"\xff" * 32)]
    fast, plain = SealedSet(of, numpy_items=0), SealedSet(of, numpy_items=len(of) + 1)
    for begin, end in ((0, 0), (0, 1002), (0, 2), (500, 777), (1002, 1002)):
        assert fast.fingerprint(begin, end) == plain.fingerprint(begin, end)


def test_without_numpy_a_large_set_is_summed_plainly(monkeypatch):
    monkeypatch.setitem(sys.modules, "numpy", None)
    of = items("one", range(50))
    assert SealedSet(of, numpy_items=0).fingerprint(3, 40) == SealedSet(of).fingerprint(3, 40)


def test_a_fingerprint_is_the_digest_of_the_sum_and_the_count():
    found = SealedSet([(1, b"\xff" * 32), (2, b"\x02" + bytes(31))]).fingerprint(0, 2)
    assert found == hashlib.sha256(b"\x01" + bytes(31) + b"\x02").digest()[:16]


@pytest.mark.parametrize(
    ("of", "sentence"),
    [
        ([(1, b"a" * 31)], "31 bytes"),
        ([(-1, b"a" * 32)], "the time -1"),
        ([(INFINITY, b"a" * 32)], "expected a number"),
        ([(1, b"a" * 32), (1, b"a" * 32)], "twice"),
    ],
)
def test_items_that_cannot_be_sealed_are_told(of, sentence):
    with pytest.raises(BadInput, match=sentence):
        SealedSet(of)


@pytest.mark.parametrize("role", [Initiator, Responder])
def test_a_frame_limit_below_the_protocols_is_told(role):
    with pytest.raises(BadInput, match="4095 bytes"):
        role(SealedSet([]), 4095)


BAD_FRAMES = {
    "no bytes": b"",
    "no version": b"\x5f",
    "half a bound": b"\x61\x01",
    "no mode": b"\x61\x01\x00",
    "unknown mode": b"\x61\x00\x00\x03",
    "a short digest": b"\x61\x00\x00\x01" + bytes(15),
    "a short list": b"\x61\x00\x00\x02\x02" + bytes(63),
    "a huge list": b"\x61\x00\x00\x02" + encode_varint(INFINITY),
    "a long prefix": b"\x61\x01\x21" + bytes(33) + b"\x00",
    "a leading zero": b"\x61\x80\x01\x00\x00",
    "a varint above 64 bits": b"\x61" + encode_varint(1 << 64) + b"\x00\x00",
    "an endless varint": b"\x61" + b"\xff" * 100,
    "a time above 64 bits": b"\x61" + encode_varint(INFINITY) + b"\x00\x00\x03\x00\x00",
    "bounds that descend": b"\x61\x02\x01\x05\x00\x01\x01\x04\x00",
}


@pytest.mark.parametrize("frame", BAD_FRAMES.values(), ids=BAD_FRAMES.keys())
def test_a_malformed_frame_is_refused_by_both_roles(frame):
    of = SealedSet(items("scattered", range(100)))
    for role in (Initiator(of), Responder(of)):
        with pytest.raises(Refused) as caught:
            role.answer(frame)
        assert caught.value.reason == "bad-frame"


def test_another_version_is_answered_with_ours_alone():
    assert Responder(SealedSet([])).answer(b"\x62\x00\x00\x00") == b"\x61"


def test_who_opened_refuses_another_version():
    with pytest.raises(Refused) as caught:
        Initiator(SealedSet([])).answer(b"\x60")
    assert caught.value.reason == "other-version"


def test_a_second_infinite_bound_is_taken_as_an_empty_range():
    of = items("scattered", range(10))
    listed = b"\x61\x00\x00\x02\x0a" + b"".join(sorted(ids(of)))
    empty = hashlib.sha256(bytes(33)).digest()[:16]
    assert Initiator(SealedSet(of)).answer(listed + b"\x00\x00\x01" + empty).frame is None


def test_an_id_is_named_once_however_often_it_is_listed():
    opening = Initiator(SealedSet([]))
    listed = b"\x61\x00\x00\x02\x02" + b"n" * 64
    assert opening.answer(listed).need == (b"n" * 32,)
    assert opening.answer(listed).need == ()


def test_a_peer_that_never_ends_is_refused_after_the_rounds_allowed():
    opening = Initiator(SealedSet(items("scattered", range(100))), max_rounds=3)
    for _ in range(3):
        assert opening.answer(b"\x61\x00\x00\x01" + bytes(16)).frame is not None
    with pytest.raises(Refused) as caught:
        opening.answer(b"\x61\x00\x00\x01" + bytes(16))
    assert caught.value.reason == "too-many-rounds"


def test_more_ids_than_allowed_are_refused_and_none_is_kept():
    opening = Initiator(SealedSet([]), max_needed=1)
    with pytest.raises(Refused) as caught:
        opening.answer(b"\x61\x00\x00\x02\x02" + b"a" * 32 + b"b" * 32)
    assert caught.value.reason == "too-many-ids"
    assert opening.answer(b"\x61\x00\x00\x02\x01" + b"a" * 32).need == (b"a" * 32,)


@pytest.mark.parametrize("numpy_items", [1, 1 << 30])
def test_a_set_that_grew_is_the_set_that_was_sealed_whole(numpy_items: int) -> None:
    items = [(number * 7 % 50, hashlib.sha256(bytes([number])).digest()) for number in range(200)]
    whole = SealedSet(items, numpy_items=numpy_items)
    grown = SealedSet(items[:120], numpy_items=numpy_items).with_items(items[100:]).with_items(items)
    assert [grown[index] for index in range(len(grown))] == [whole[index] for index in range(len(whole))]
    assert all(grown.fingerprint(begin, 200) == whole.fingerprint(begin, 200) for begin in range(0, 200, 17))
    assert grown.with_items(items[:3]) is grown


def test_a_set_does_not_grow_by_a_malformed_item() -> None:
    with pytest.raises(BadInput):
        SealedSet([]).with_items([(0, b"short")])
