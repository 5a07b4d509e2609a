"""The sync machine: what it does in order, within its bounds, and against a peer that lies."""

from __future__ import annotations

import hashlib

import pytest

from cinepeer.errors import Refused
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.keys import public_key
from cinepeer.replication import exchange, frames
from cinepeer.replication.exchange import Answerer
from cinepeer.replication.scope import EVERYTHING, Scope
from unit.replication.rig import NETWORK, NOW_MS, OTHER, Author, MemoryStore, Outcome, perform, seed, sync


def authors(count: int, ratings: int) -> list[Author]:
    made = [Author(number) for number in range(count)]
    for author in made:
        author.rate(ratings)
    return made


def held_by(*made: Author) -> MemoryStore:
    return MemoryStore(pair for author in made for pair in author.pairs)


def test_an_empty_node_takes_everything_in_one_round() -> None:
    made = authors(5, 20)
    one, other = MemoryStore(), held_by(*made)
    done = sync(one, other)
    assert (done.received, done.sent, done.rounds, done.waiting) == (5 * 22, 0, 2, 0)
    assert set(one.held) == set(other.held)


def test_a_node_gives_everything_to_an_empty_one() -> None:
    one, other = held_by(*authors(5, 20)), MemoryStore()
    done = sync(one, other)
    assert (done.received, done.sent, done.rounds) == (0, 5 * 22, 2)
    assert set(one.held) == set(other.held)


def test_equal_sides_part_after_one_question() -> None:
    made = authors(3, 2)
    done = sync(held_by(*made), held_by(*made), cut_after=1)
    assert done.asked_bytes + done.answered_bytes < 400


def test_two_sides_of_a_fork_both_get_both_headers_and_the_proof() -> None:
    author = Author(1)
    first = author.rate(3)[0]
    before = list(author.pairs)
    author.fork(first)
    one, other = MemoryStore(before), MemoryStore([*before[:3], author.pairs[-1]])
    sync(one, other)
    assert set(one.held) == set(other.held)
    proof = one.feeds.fork(first.device)
    assert proof is not None and proof == other.feeds.fork(first.device)
    assert {record.seq for record in proof} == {1}


def test_no_question_and_no_answer_outgrows_its_frame() -> None:
    author = Author(1)
    author.rate(700, size=256)
    one, other = MemoryStore(), MemoryStore(author.pairs)
    sizes: list[int] = []

    def note(question: bytes, answer: bytes) -> bytes:
        sizes.extend((len(question), len(answer)))
        return answer

    sync(one, other, tamper=note)
    sync(other, MemoryStore(), tamper=note)
    assert len(one.held) == 702
    assert max(sizes) <= frames.MAX_RECORDS_BYTES


@pytest.mark.parametrize(
    "bounds",
    [
        {"PASS_IDS": 1},
        {"PASS_IDS": 7},
        {"MAX_PLACES": 1, "MAX_RECORDS": 2},
        {"MAX_RECORDS": 1},
        {"MAX_WAITING": 1, "MAX_RECORDS": 2},
        {"MAX_WAITING_BYTES": 0, "MAX_RECORDS": 2},
        {"PASS_IDS": 5, "MAX_RECORDS": 2, "MAX_PLACES": 3},
    ],
    ids=str,
)
def test_sync_heals_in_pieces_of_any_size(bounds: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, bound in bounds.items():
        monkeypatch.setattr(exchange, name, bound)
    made = authors(4, 9)
    one, other = held_by(made[0], made[1]), held_by(made[1], made[2], made[3])
    sync(one, other)
    sync(one, other)
    assert len(one.held) == len(other.held) == 4 * 11


def test_records_are_asked_for_in_an_order_in_which_none_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MAX_RECORDS", 3)
    made = authors(6, 8)
    other = held_by(*made)
    orders = [one.id for author in reversed(made) for one, _ in author.pairs]
    other.held = {one: other.held[one] for one in orders}  # arrived so, though their times say otherwise
    one = MemoryStore()
    waits: list[int] = []
    taken = one.add_now

    def note(batch, now_ms=NOW_MS):  # type: ignore[no-untyped-def]
        outcome = taken(batch, now_ms)
        waits.append(len(outcome.waiting))
        return outcome

    one.add_now = note  # type: ignore[method-assign]
    assert sync(one, other).received == 60
    assert len(waits) == 20 and not any(waits)


def test_a_peer_of_another_network_is_refused_by_name_on_both_sides() -> None:
    one, other = held_by(*authors(1, 1)), MemoryStore()
    with pytest.raises(Refused) as caught:
        sync(one, other, networks=(NETWORK, OTHER))
    assert caught.value.reason == "other-network"
    assert not other.held
    with pytest.raises(Refused) as caught:
        perform(Answerer("p", NETWORK).answer(frames.encode(frames.RecordsWanted(()))), other)
    assert caught.value.reason == "other-network"


def test_a_hello_of_another_version_opens_nothing() -> None:
    machine = Answerer("p", NETWORK)
    perform(machine.answer(frames.encode(frames.Hello(2, NETWORK))), MemoryStore())
    with pytest.raises(Refused) as caught:
        perform(machine.answer(frames.encode(frames.RecordsWanted(()))), MemoryStore())
    assert caught.value.reason == "other-network"


def reply(kind: type, instead: frames.Answer):  # type: ignore[no-untyped-def]
    """A tampering that puts another answer in the place of those of one kind."""

    def tamper(_question: bytes, answer: bytes) -> bytes:
        return frames.encode(instead) if isinstance(frames.parse_answer(answer), kind) else answer

    return tamper


STRANGE = Cid.of(b"strange", DAG_CBOR)


@pytest.mark.parametrize(
    ("kind", "instead", "reason"),
    [
        (frames.Hello, frames.Took(0, 0, 0, 0), "bad-frame"),
        (frames.Hello, frames.Hello(2, NETWORK), "other-version"),
        (frames.Hello, frames.Refusal("too-busy"), "refused-by-peer"),
        (frames.Reconcile, frames.Records(()), "bad-frame"),
        (frames.Reconcile, frames.Reconcile(b""), "bad-frame"),
        (frames.Reconcile, frames.Reconcile(b"\x62"), "other-version"),
        (frames.Records, frames.Records(tuple(Author(9).pairs)), "unasked-record"),
    ],
    ids=[
        "took-for-hello",
        "another-sync",
        "refused",
        "records-for-reconcile",
        "no-version",
        "another-version",
        "unasked",
    ],
)
def test_an_answer_that_does_not_fit_its_question_is_refused_by_name(
    kind: type, instead: frames.Answer, reason: str
) -> None:
    one, other = MemoryStore(), held_by(*authors(2, 2))
    with pytest.raises(Refused) as caught:
        sync(one, other, tamper=reply(kind, instead))
    assert caught.value.reason == reason
    assert not one.held


@pytest.mark.parametrize("change", [lambda places: places[1:], lambda places: (*places, 1)], ids=["fewer", "more"])
def test_places_that_do_not_fit_the_ids_are_refused(change, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(exchange, "MAX_RECORDS", 2)

    def tamper(_question: bytes, answer: bytes) -> bytes:
        parsed = frames.parse_answer(answer)
        return frames.encode(frames.Places(change(parsed.places))) if isinstance(parsed, frames.Places) else answer

    with pytest.raises(Refused) as caught:
        sync(MemoryStore(), held_by(author_whose_keys_come_last()), tamper=tamper)
    assert caught.value.reason == "bad-frame"


def author_whose_keys_come_last() -> Author:
    """An author with a second device, which signed before the root's clock says that it admitted it."""
    author = Author(1)
    author.rate(3)
    seed_of_it = seed("early", 1)
    rated, prev = [], None
    for film in range(20):
        prev = author._sign(seed_of_it, author.id, prev, "rating", ratings=[[f"movielens:{film + 1}", 7]])
        rated.append(author.pairs.pop())
    author._root_says("delegate", device=public_key(seed_of_it), name="early")
    author.pairs += rated
    return author


def test_where_the_order_of_time_is_not_that_of_admitting_nothing_waits_to_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exchange, "MAX_RECORDS", 4)
    one, other = MemoryStore(), held_by(author_whose_keys_come_last())
    asked: list[frames.Question] = []

    def note(question: bytes, answer: bytes) -> bytes:
        asked.append(frames.parse_question(question))
        return answer

    done = sync(one, other, tamper=note)
    assert (len(one.held), done.waiting) == (len(other.held), 0)
    assert sum(isinstance(question, frames.PlacesWanted) for question in asked) == 1


def test_where_it_is_no_places_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MAX_RECORDS", 4)
    one, other = MemoryStore(), held_by(*authors(3, 5))

    def note(question: bytes, answer: bytes) -> bytes:
        assert not isinstance(frames.parse_question(question), frames.PlacesWanted)
        return answer

    sync(one, other, tamper=note)
    assert set(one.held) == set(other.held)


def test_a_peer_that_lists_records_and_does_not_hand_them_over_is_counted_and_does_not_hold_up_the_rest() -> None:
    made = authors(2, 3)
    withheld = made[0].pairs[3][0].id

    def tamper(_question: bytes, answer: bytes) -> bytes:
        parsed = frames.parse_answer(answer)
        if isinstance(parsed, frames.Records):
            return frames.encode(frames.Records(tuple(pair for pair in parsed.records if pair[0].id != withheld)))
        return answer

    one, other = MemoryStore(), held_by(*made)
    done = sync(one, other, tamper=tamper)
    assert done.withheld >= 1
    assert len(one.held) == len(other.held) - 2  # the withheld one and the one after it


def test_ids_without_end_are_asked_for_only_as_long_as_something_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "PASS_IDS", 50)
    listed = asked = 0

    def tamper(question: bytes, answer: bytes) -> bytes:
        nonlocal listed, asked
        asked += 1
        match frames.parse_question(question):
            case frames.Hello():
                return frames.encode(frames.Hello(frames.VERSION, NETWORK, count=10**9))
            case frames.Reconcile():
                ids = b"".join(hashlib.sha256(str(listed + one).encode()).digest() for one in range(20))
                listed += 20
                more = b"\x00\x00\x01" + bytes(range(16))  # up to infinity another fingerprint
                return frames.encode(frames.Reconcile(b"a\x07\x00\x02" + bytes([20]) + ids + more))
        return answer

    done = sync(MemoryStore(), MemoryStore(), tamper=tamper)
    assert (listed, asked) == (60, 5)
    assert (done.received, done.withheld) == (0, 60)


def test_a_peer_that_lacks_far_more_is_given_it_in_passes_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "PASS_IDS", 64)
    one, other = held_by(*authors(4, 60)), MemoryStore()
    sizes: list[int] = []
    loaded = one.places_now
    one.places_now = lambda ids: sizes.append(len(ids)) or loaded(ids)  # type: ignore[func-returns-value, method-assign]
    monkeypatch.setattr(exchange, "MAX_RECORDS", 16)
    done = sync(one, other)
    assert done.sent == 248 and len(other.held) == 248
    assert max(sizes) <= 2 * 64


def test_a_peer_that_hands_over_what_is_not_valid_is_left_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MAX_REFUSED", 3)
    made = authors(1, 8)
    one = MemoryStore()
    one.add_now = lambda batch, now_ms=NOW_MS: Outcome(  # type: ignore[method-assign]
        refused=[(record.id, Refused("bad-signature", "found a false signature")) for record, _ in batch]
    )
    with pytest.raises(Refused) as caught:
        sync(one, held_by(*made))
    assert caught.value.reason == "bad-records"


def test_a_missing_body_is_asked_for_again_and_a_forgotten_one_is_not() -> None:
    made = authors(1, 4)
    one, other = held_by(*made), held_by(*made)
    missing, forgotten = (made[0].pairs[place][0] for place in (-1, -2))
    one.held[missing.id] = (missing, None)
    one.forget(forgotten.id)
    done = sync(one, other)
    assert (done.bodies, done.received) == (1, 0)
    assert one.held[missing.id] == other.held[missing.id]
    assert one.held[forgotten.id] == (forgotten, None)


def test_a_record_with_a_false_signature_is_refused_counted_and_the_rest_is_stored() -> None:
    made = authors(2, 2)
    forged = made[0].pairs[-1]
    block = bytearray(forged[0].block)
    block[-1] ^= 1

    def tamper(_question: bytes, answer: bytes) -> bytes:
        return answer.replace(forged[0].block, bytes(block))

    one, other = MemoryStore(), held_by(*made)
    with pytest.raises(Refused) as caught:
        sync(one, other, tamper=tamper)
    assert caught.value.reason == "unasked-record"  # other bytes are another record
    assert forged[0].id not in one.held


def test_the_answering_side_keeps_to_its_protocol() -> None:
    machine, store = Answerer("p", NETWORK), held_by(*authors(1, 2))
    perform(machine.answer(frames.encode(frames.Hello(frames.VERSION, NETWORK))), store)

    def ask(question: frames.Question) -> frames.Answer:
        return frames.parse_answer(perform(machine.answer(frames.encode(question)), store))

    held = list(store.held)
    assert ask(frames.PlacesWanted((STRANGE, held[1], held[0]))) == frames.Places((None, 1 << 40 | 2, 1))
    assert ask(frames.RecordsWanted((STRANGE,))) == frames.Records(())
    stranger = Author(7)
    stranger.rate(1)
    assert ask(frames.Give((stranger.pairs[2],))) == frames.Took(0, 0, 1, 0)
    assert ask(frames.Give(tuple(stranger.pairs))) == frames.Took(3, 0, 0, 0)
    assert ask(frames.Give(tuple(stranger.pairs))) == frames.Took(0, 3, 0, 0)


def rated(number: int, *films: int) -> Author:
    """An author with one rating of each of the films, one after another."""
    author = Author(number)
    for film in films:
        author.rate_film(film)
    return author


def test_two_scopes_of_authors_meet_in_those_whom_both_name() -> None:
    made = authors(4, 3)
    one, other = MemoryStore(), held_by(*made)
    done = sync(one, other, scopes=(Scope(frozenset({made[0].id, made[1].id})), Scope(frozenset({made[1].id}))))
    assert set(one.held) == {record.id for record, _ in made[1].pairs}
    assert done.withheld == 0
    assert sync(one, other, scopes=(Scope(frozenset({made[2].id})), Scope(frozenset({made[3].id})))).rounds == 1
    assert len(one.held) == 5


def test_a_scope_of_films_brings_whoever_rated_them_whole_and_only_those_bodies() -> None:
    first, second, third = rated(1, 5, 7), rated(2, 6), rated(3, 7, 5, 5)
    one, other = MemoryStore(), held_by(first, second, third)
    scope = Scope(films=frozenset({"movielens:7"}))
    done = sync(one, other, scopes=(scope, EVERYTHING))
    assert done.received == 4 + 5
    assert {record.author for record, _ in one.held.values()} == {first.id, third.id}
    bodied = [record for record, body in one.held.values() if body is not None and record.kind == "rating"]
    assert bodied == [first.pairs[3][0], third.pairs[2][0]]
    assert sync(one, other, scopes=(scope, EVERYTHING)).received == 0


def test_a_scope_of_time_brings_the_bodies_of_that_time_alone() -> None:
    made = rated(1, 1, 2, 3)
    one, other = MemoryStore(), held_by(made)
    third = made.pairs[4][0]
    sync(one, other, scopes=(Scope(since_ms=third.time), EVERYTHING))
    assert len(one.held) == 5
    assert [record for record, body in one.held.values() if body is not None and record.kind == "rating"] == [third]


def test_nothing_of_an_author_outside_the_scope_is_taken_when_it_is_given() -> None:
    made = authors(2, 1)
    machine, store = Answerer("p", NETWORK, Scope(frozenset({made[0].id}))), MemoryStore()
    perform(machine.answer(frames.encode(frames.Hello(frames.VERSION, NETWORK))), store)
    for author, count in ((made[0], 3), (made[1], 0)):
        answer = perform(machine.answer(frames.encode(frames.Give(tuple(author.pairs)))), store)
        assert frames.parse_answer(answer) == frames.Took(count, 0, 0, 0)
    assert {record.author for record, _ in store.held.values()} == {made[0].id}
