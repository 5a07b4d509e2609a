"""The sync machine: what it does in order, within its bounds, and against a peer that lies."""

from __future__ import annotations

import pytest

from cinepeer.errors import Refused
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.replication import exchange, frames
from cinepeer.replication.exchange import Answerer
from unit.replication.rig import NETWORK, OTHER, Author, MemoryStore, perform, sync


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
    assert (done.received, done.sent, done.rounds, done.waiting) == (5 * 22, 0, 1, 0)
    assert set(one.held) == set(other.held)


def test_a_node_gives_everything_to_an_empty_one() -> None:
    one, other = held_by(*authors(5, 20)), MemoryStore()
    done = sync(one, other)
    assert (done.received, done.sent, done.rounds) == (0, 5 * 22, 1)
    assert set(one.held) == set(other.held)


def test_equal_sides_part_after_two_questions() -> None:
    made = authors(3, 2)
    sync(held_by(*made), held_by(*made), cut_after=2)


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
        {"PAGE_DEVICES": 1},
        {"PAGE_DEVICES": 3},
        {"MAX_IDS": 1},
        {"MAX_IDS": 7},
        {"MAX_RECORDS": 1},
        {"MAX_LISTED": 5},
        {"MAX_WAITING": 1, "MAX_RECORDS": 2},
        {"PAGE_DEVICES": 2, "MAX_IDS": 3, "MAX_RECORDS": 2, "MAX_LISTED": 8},
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


def test_a_device_that_is_listed_before_the_root_that_admits_it_is_taken_in_another_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exchange, "PAGE_DEVICES", 1)
    made = authors(12, 1)
    one, other = MemoryStore(), held_by(*made)
    done = sync(one, other)
    assert set(one.held) == set(other.held)
    assert done.rounds == 2


def test_a_peer_of_another_network_is_refused_by_name_on_both_sides() -> None:
    one, other = held_by(*authors(1, 1)), MemoryStore()
    with pytest.raises(Refused) as caught:
        sync(one, other, networks=(NETWORK, OTHER))
    assert caught.value.reason == "other-network"
    assert not other.held
    with pytest.raises(Refused) as caught:
        perform(Answerer(NETWORK).answer(frames.encode(frames.Compare(b"", None, ()))), other)
    assert caught.value.reason == "other-network"


def test_a_hello_of_another_version_opens_nothing() -> None:
    machine = Answerer(NETWORK)
    perform(machine.answer(frames.encode(frames.Hello(2, NETWORK))), MemoryStore())
    with pytest.raises(Refused) as caught:
        perform(machine.answer(frames.encode(frames.Compare(b"", None, ()))), MemoryStore())
    assert caught.value.reason == "other-network"


def reply(kind: type, instead: frames.Answer):  # type: ignore[no-untyped-def]
    """A tampering that puts another answer in the place of those of one kind."""

    def tamper(_question: bytes, answer: bytes) -> bytes:
        return frames.encode(instead) if isinstance(frames.parse_answer(answer), kind) else answer

    return tamper


STRANGE = Cid.of(b"strange", DAG_CBOR)
NOBODY = bytes(31) + b"\1"


@pytest.mark.parametrize(
    ("kind", "instead", "reason"),
    [
        (frames.Hello, frames.Took(0, 0, 0, 0), "bad-frame"),
        (frames.Hello, frames.Refusal("too-busy"), "refused-by-peer"),
        (frames.Differs, frames.Ids(()), "bad-frame"),
        (frames.Ids, frames.Ids(()), "bad-frame"),
        (frames.Ids, frames.Ids(((NOBODY, 1, (STRANGE,)),)), "bad-frame"),
        (frames.Records, frames.Records(tuple(Author(9).pairs)), "unasked-record"),
    ],
    ids=["hello-for-took", "refused", "ids-for-differs", "no-ids", "ids-of-another", "unasked"],
)
def test_an_answer_that_does_not_fit_its_question_is_refused_by_name(
    kind: type, instead: frames.Answer, reason: str
) -> None:
    one, other = MemoryStore(), held_by(*authors(2, 2))
    with pytest.raises(Refused) as caught:
        sync(one, other, tamper=reply(kind, instead))
    assert caught.value.reason == reason
    assert not one.held


def test_an_answer_beyond_the_range_of_its_question_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "PAGE_DEVICES", 1)
    made = authors(3, 1)
    row = frames.Summary(b"\xff" * 32, 1, bytes(16))
    for instead in (frames.Differs(b"\xff" * 32, (row,)), frames.Differs(None, (row,)), frames.Differs(bytes(32), ())):
        with pytest.raises(Refused) as caught:
            sync(held_by(*made), MemoryStore(), tamper=reply(frames.Differs, instead))
        assert caught.value.reason == "bad-frame"


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


def test_a_list_of_ids_without_end_is_cut_at_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MAX_LISTED", 50)
    monkeypatch.setattr(exchange, "MAX_ROUNDS", 2)
    listed = 0

    def tamper(_question: bytes, answer: bytes) -> bytes:
        nonlocal listed
        match frames.parse_answer(answer):
            case frames.Differs():
                return frames.encode(frames.Differs(None, (frames.Summary(NOBODY, 10**9, bytes(16)),)))
            case frames.Ids(((_, _, _),)):
                fresh = tuple(Cid.of(str(listed + one).encode(), DAG_CBOR) for one in range(20))
                listed += 20
                return frames.encode(frames.Ids(((NOBODY, 10**9, fresh),)))
        return answer

    done = sync(MemoryStore(), MemoryStore(), tamper=tamper)
    assert listed == 60
    assert done.received == 0 and done.withheld > 0


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
    machine, store = Answerer(NETWORK), held_by(*authors(1, 2))
    perform(machine.answer(frames.encode(frames.Hello(frames.VERSION, NETWORK))), store)
    device = next(iter(store.held.values()))[0].device

    def ask(question: frames.Question) -> frames.Answer:
        return frames.parse_answer(perform(machine.answer(frames.encode(question)), store))

    assert ask(frames.IdsWanted(((NOBODY, 0), (device, 1), (device, 99)))) == frames.Ids(
        ((NOBODY, 0, ()), (device, 2, (store.ids_now(device)[1],)), (device, 99, ()))
    )
    assert ask(frames.RecordsWanted((STRANGE,))) == frames.Records(())
    stranger = Author(7)
    stranger.rate(1)
    assert ask(frames.Give((stranger.pairs[2],))) == frames.Took(0, 0, 1, 0)
    assert ask(frames.Give(tuple(stranger.pairs))) == frames.Took(3, 0, 0, 0)
    assert ask(frames.Give(tuple(stranger.pairs))) == frames.Took(0, 3, 0, 0)
