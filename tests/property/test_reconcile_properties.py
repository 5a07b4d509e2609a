"""Any two sets meet whatever the limit and the times; any bytes are answered or refused, within bounds."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from cinepeer.errors import Refused
from cinepeer.replication.fingerprints import SealedSet
from cinepeer.replication.ranges import INFINITY, VERSION, encode_varint
from cinepeer.replication.reconcile import Initiator, Responder

LIMITS = st.sampled_from([0, 4096, 5000, 60_000])
MAX_ANSWERS = 400

TIME_RULES = (
    lambda n: 1_700_000_000_000,
    lambda n: n * 2_654_435_761 % 1_000_003,
    lambda n: n % 3,
    lambda n: INFINITY - 1 - n % 7,
)


def some_items(rule: int, salt: int, numbers: range) -> list[tuple[int, bytes]]:
    digests = [hashlib.sha256(b"%d %d" % (salt, n)).digest() for n in numbers]
    # Short tails make neighbours share long prefixes when the salt says so.
    ids = [bytes(30) + digest[:2] + b"" if salt % 2 else digest for digest in digests]
    return list({(TIME_RULES[rule](n), item_id) for n, item_id in zip(numbers, ids, strict=True)})


@given(
    rule=st.integers(0, len(TIME_RULES) - 1),
    salt=st.integers(0, 1000),
    common=st.integers(0, 700),
    mine=st.integers(0, 300),
    yours=st.integers(0, 300),
    limits=st.tuples(LIMITS, LIMITS),
)
def test_any_two_sets_reach_their_union(rule, salt, common, mine, yours, limits):
    both = some_items(rule, salt, range(common))
    ours = set(both) | set(some_items(rule, salt, range(10_000, 10_000 + mine)))
    theirs = set(both) | set(some_items(rule, salt, range(20_000, 20_000 + yours)))
    # An id means one record: of an id at two times only the first stays.
    time_of: dict[bytes, int] = {}
    for time, item_id in sorted(ours | theirs):
        time_of.setdefault(item_id, time)
    ours = {one for one in ours if time_of[one[1]] == one[0]}
    theirs = {one for one in theirs if time_of[one[1]] == one[0]}
    opening, answering = Initiator(SealedSet(ours), limits[0]), Responder(SealedSet(theirs), limits[1])
    question: bytes | None = opening.open()
    have: list[bytes] = []
    need: list[bytes] = []
    while question is not None:
        assert opening.rounds < MAX_ANSWERS
        answer = answering.answer(question)
        assert not limits[0] or len(question) <= limits[0]
        assert not limits[1] or len(answer) <= limits[1]
        found = opening.answer(answer)
        have += found.have
        need += found.need
        question = found.frame
    ours_ids, theirs_ids = {one for _, one in ours}, {one for _, one in theirs}
    assert sorted(have) == sorted(ours_ids - theirs_ids)
    assert sorted(need) == sorted(theirs_ids - ours_ids)


BOUNDS = st.builds(
    lambda offset, prefix: encode_varint(offset) + encode_varint(len(prefix)) + prefix,
    st.one_of(st.integers(0, 1000), st.integers(0, INFINITY)),
    st.binary(max_size=32),
)
RANGES = st.builds(
    bytes.__add__,
    BOUNDS,
    st.one_of(
        st.just(b"\x00"),
        st.binary(min_size=16, max_size=16).map(lambda digest: b"\x01" + digest),
        st.lists(st.binary(min_size=32, max_size=32), max_size=4).map(
            lambda ids: b"\x02" + encode_varint(len(ids)) + b"".join(ids)
        ),
    ),
)
FRAMES = st.one_of(
    st.binary(max_size=200),
    st.binary(max_size=200).map(lambda data: bytes([VERSION]) + data),
    st.lists(RANGES, max_size=20).map(lambda ranges: bytes([VERSION]) + b"".join(ranges)),
)
HELD = SealedSet(some_items(1, 0, range(2000)))


@given(frame=FRAMES)
def test_any_bytes_are_answered_within_the_limit_or_refused(frame):
    try:
        assert len(Responder(HELD, 4096).answer(frame)) <= 4096
    except Refused as refusal:
        assert refusal.reason == "bad-frame"
    opening = Initiator(HELD, 4096)
    try:
        found = opening.answer(frame)
    except Refused as refusal:
        assert refusal.reason in {"bad-frame", "other-version"}
        assert opening.rounds == 0
    else:
        assert found.frame is None or len(found.frame) <= 4096
        assert len(found.need) * 32 <= len(frame)
        assert len(found.have) <= len(HELD)


@given(frame=FRAMES, at=st.integers(0, 400))
def test_a_frame_cut_anywhere_raises_nothing_but_a_refusal(frame, at):
    for role in (Initiator(HELD), Responder(HELD, 4096)):
        try:
            role.answer(frame[:at])
        except Refused as refusal:
            assert str(refusal)
