"""Laws of the sync: whatever two sides hold, and however often it breaks off, both end with the union."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from cinepeer.errors import Refused
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.replication import frames, gossip
from cinepeer.replication.scope import MAX_TIME_MS, Scope
from unit.replication.rig import Author, CutError, MemoryStore, Pair, sync


@cache
def universe() -> list[Pair]:
    """Every record of five authors in the order in which they were made: forks, a revocation, a new root, all three."""
    pairs: list[Pair] = []
    for number in range(5):
        author = Author(number)
        made = author.rate(6)
        if number != 1:
            author.fork(made[1])
            author.fork(made[1])
            author.fork(made[4])
        if number in (1, 3):
            author.revoke(made[3] if number == 1 else made[0])
        if number in (2, 3):
            author.rotate()
            author.rate(2)
        pairs += author.pairs
    return pairs


subsets = st.sets(st.integers(0, len(universe()) - 1)).map(lambda chosen: [universe()[one] for one in sorted(chosen)])
# Mostly whole, so that most of what is offered can be admitted.
nearly_all = st.sets(st.integers(0, len(universe()) - 1), max_size=6).map(
    lambda left_out: [pair for place, pair in enumerate(universe()) if place not in left_out]
)
holdings = st.one_of(subsets, nearly_all)


def union(one: MemoryStore, other: MemoryStore) -> set[Cid]:
    """What both should hold in the end: everything of either that may be admitted, which is everything of either."""
    return set(one.held) | set(other.held)


@given(holdings, holdings)
def test_two_sides_end_with_the_union_and_a_second_sync_moves_nothing(mine: list[Pair], theirs: list[Pair]) -> None:
    one, other = MemoryStore(mine), MemoryStore(theirs)
    expected = union(one, other)
    lacked = (len(expected) - len(one.held), len(expected) - len(other.held))
    done = sync(one, other)
    assert set(one.held) == set(other.held) == expected
    assert (done.received, done.sent) == lacked
    again = sync(one, other)
    assert (again.received, again.sent, again.rounds) == (0, 0, 1)


@given(holdings, holdings, st.lists(st.tuples(st.booleans(), st.integers(0, 12)), max_size=6))
def test_syncs_that_break_off_anywhere_lose_nothing_and_the_next_one_heals(
    mine: list[Pair], theirs: list[Pair], cuts: list[tuple[bool, int]]
) -> None:
    one, other = MemoryStore(mine), MemoryStore(theirs)
    expected = union(one, other)
    for is_turned, after in cuts:
        before = set(one.held), set(other.held)
        with suppress(CutError):
            sync(*((other, one) if is_turned else (one, other)), cut_after=after)
        assert before[0] <= set(one.held) <= expected
        assert before[1] <= set(other.held) <= expected
    sync(one, other)
    assert set(one.held) == set(other.held) == expected


@given(st.lists(holdings, min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_any_order_of_meetings_brings_everyone_to_the_same_records_and_the_same_state(held, random) -> None:
    stores = [MemoryStore(pairs) for pairs in held]
    expected = set().union(*(store.held for store in stores))
    meetings = [(one, other) for one in stores for other in stores if one is not other] * 2
    random.shuffle(meetings)
    for one, other in [*meetings, *list(pairwise(stores)) * len(stores)]:
        sync(one, other)
    assert all(set(store.held) == expected for store in stores)
    devices = {record.device for record, _ in universe()}
    assert all(store.feeds.heads(one) == stores[0].feeds.heads(one) for store in stores for one in devices)
    assert all(store.feeds.fork(one) == stores[0].feeds.fork(one) for store in stores for one in devices)
    authors = {record.author for record, _ in universe()}
    assert all(store.feeds.devices(one) == stores[0].feeds.devices(one) for store in stores for one in authors)
    assert all(store.feeds.counts(one) == stores[0].feeds.counts(one) for store in stores for one, _ in universe())


authors = sorted({record.author for record, _ in universe()})
moments = sorted({record.time for record, _ in universe()})
narrowings = st.builds(
    Scope,
    st.none() | st.frozensets(st.sampled_from(authors), min_size=1, max_size=3),
    st.none() | st.just(frozenset({"movielens:1"})) | st.just(frozenset({"movielens:2"})),
    st.just(0) | st.sampled_from(moments),
    st.just(MAX_TIME_MS) | st.sampled_from(moments),
)


@given(holdings, holdings, narrowings, narrowings)
def test_two_scopes_end_with_the_same_records_of_everyone_whom_both_concern(
    mine: list[Pair], theirs: list[Pair], my_scope: Scope, their_scope: Scope
) -> None:
    one, other = MemoryStore(mine), MemoryStore(theirs)
    expected = union(one, other)
    met = my_scope.meet(their_scope)
    for _ in range(2):
        sync(one, other, scopes=(my_scope, their_scope))
    assert set(one.held) | set(other.held) == expected
    if not met.is_empty:
        ours, others = one.sealed_now(met), other.sealed_now(met)
        assert ours.ids(0, len(ours)) == others.ids(0, len(others))
        concerned = {record.author for record, body in universe() if met.concerns(record, body)}
        for held in (one.held, other.held):
            bodies = {held[record_id][0].author for record_id in held if held[record_id][1] is None}
            assert bodies <= concerned


counts = st.integers(0, frames.MAX_COUNT)
cids = st.binary(max_size=8).map(lambda data: Cid.of(data, DAG_CBOR))
films = st.integers(1, 99).map(lambda number: f"movielens:{number}")
times = st.integers(0, MAX_TIME_MS)
scopes = st.builds(
    Scope, st.none() | st.frozensets(cids, max_size=3), st.none() | st.frozensets(films, max_size=3), times, times
)
records = st.lists(st.sampled_from(universe()), max_size=6, unique_by=lambda pair: pair[0].id).map(tuple)
distinct_cids = st.lists(cids, max_size=8, unique=True).map(tuple)
hellos = st.builds(frames.Hello, counts, cids, scopes, counts, st.binary(min_size=16, max_size=16))
reconciles = st.builds(frames.Reconcile, st.binary(max_size=64))

QUESTIONS = st.one_of(
    hellos,
    reconciles,
    st.builds(frames.PlacesWanted, distinct_cids),
    st.builds(frames.RecordsWanted, distinct_cids),
    st.builds(frames.Give, records),
)
ANSWERS = st.one_of(
    hellos,
    reconciles,
    st.builds(frames.Places, st.lists(st.none() | st.integers(0, frames.NOWHERE - 1), max_size=8).map(tuple)),
    st.builds(frames.Records, records),
    st.builds(frames.Took, counts, counts, counts, counts),
    st.builds(frames.Refusal, st.from_regex(r"[a-z]{1,9}(-[a-z]{1,9}){0,2}", fullmatch=True)),
)


@given(QUESTIONS)
def test_a_question_reads_as_it_was_written(question: frames.Question) -> None:
    assert frames.parse_question(frames.encode(question)) == question


@given(ANSWERS)
def test_an_answer_reads_as_it_was_written(answer: frames.Answer) -> None:
    assert frames.parse_answer(frames.encode(answer)) == answer


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_by_name(data: bytes) -> None:
    for parse in (frames.parse_question, frames.parse_answer, gossip.parse_message):
        try:
            parse(data)
        except Refused as error:
            assert error.reason


@settings(max_examples=300)
@given(st.one_of(QUESTIONS, ANSWERS), st.data())
def test_a_frame_with_any_bytes_changed_is_read_or_refused_by_name(frame: frames.Frame, data: st.DataObject) -> None:
    written = bytearray(frames.encode(frame))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(written) - 1))
        written[place] = data.draw(st.integers(0, 255))
    del written[data.draw(st.integers(1, len(written))) :]
    for parse in (frames.parse_question, frames.parse_answer):
        try:
            parse(bytes(written))
        except Refused as error:
            assert error.reason


@given(holdings, st.data())
def test_an_answer_that_is_tampered_with_is_refused_and_never_stores_what_is_not_valid(
    theirs: list[Pair], data: st.DataObject
) -> None:
    one, other = MemoryStore(), MemoryStore(theirs)
    at = data.draw(st.integers(0, 8))
    seen = 0

    def tamper(_question: bytes, answer: bytes) -> bytes:
        nonlocal seen
        seen += 1
        if seen - 1 != at:
            return answer
        changed = bytearray(answer)
        changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
        return bytes(changed)

    try:
        sync(one, other, tamper=tamper)
    except Refused as error:
        assert error.reason
    assert set(one.held) <= set(other.held)


@given(records)
def test_gossip_messages_carry_all_records_in_order_within_their_size(pairs: tuple[Pair, ...]) -> None:
    messages = gossip.messages(pairs)
    assert [pair for message in messages for pair in gossip.parse_message(message)] == list(pairs)
    assert all(len(message) <= gossip.MAX_MESSAGE_BYTES for message in messages)


def test_in_the_universe_something_of_every_author_counts_and_forks_and_revocations_cut_the_rest() -> None:
    store = MemoryStore(universe())
    assert len(store.held) == len(universe())
    rated: dict[Cid, list[bool]] = {}
    for record, _ in universe():
        if record.kind == "rating":
            rated.setdefault(record.author, []).append(store.feeds.counts(record))
    assert [sum(counted) for counted in rated.values()] == [2, 4, 4, 3, 2]
    forked = {record.author for record, _ in universe() if store.feeds.fork(record.device)}
    assert len(forked) == 4
