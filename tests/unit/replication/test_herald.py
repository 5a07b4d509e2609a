"""Hints in and out: what gossip has carried is not told again, and what came too early waits for its ground."""

from __future__ import annotations

from cinepeer.records.cid import Cid
from cinepeer.records.fork import fork_proof
from cinepeer.replication import gossip
from cinepeer.replication.budget import Held
from cinepeer.replication.herald import Herald
from cinepeer.replication.limits import Limits
from cinepeer.replication.scope import EVERYTHING
from unit.replication.rig import NOW_MS, Author

NEAR = {"here", "there"}


def made(number: int = 0, **limits: int) -> tuple[Herald, Author]:
    """A herald, and an author with three ratings."""
    author = Author(number)
    author.rate(3)
    return Herald(Limits(**limits), EVERYTHING), author


def ids(*authors: Author) -> list[Cid]:
    """The ids of all that some authors signed."""
    return [record.id for author in authors for record, _ in author.pairs]


def test_news_of_a_sync_that_gossip_carried_meanwhile_is_not_told_again() -> None:
    herald, author = made()
    records = [record for record, _ in author.pairs]
    herald.note_news("here", records)
    for message in gossip.messages(author.pairs[:3]):
        herald.hear("there", message)
    assert herald.news_for(NEAR, NOW_MS)[1] == [record.id for record in records[3:]]


def test_proofs_are_told_unless_gossip_carried_both_halves() -> None:
    herald, author = made()
    forked = author.fork(author.pairs[2][0])
    proof = fork_proof(author.pairs[3][0], forked)
    herald.note_told([proof.one])
    herald.note_forks([proof])
    assert [record for record, _ in herald.news_for(NEAR, NOW_MS)[0]] == [proof.one, proof.other]
    herald.note_told([proof.other])
    herald.note_forks([proof])
    assert herald.news_for(NEAR, NOW_MS)[0] == []


def test_what_was_told_long_ago_may_be_told_again() -> None:
    herald, author = made(told_records=2)
    records = [record for record, _ in author.pairs]
    herald.note_told(records)
    herald.note_news("here", records)
    assert herald.news_for(NEAR, NOW_MS)[1] == [record.id for record in records[:-2]]


def test_what_came_before_its_ground_tries_again_when_its_author_gets_on() -> None:
    herald, author = made()
    _, stranger = made(1)
    record, body = author.pairs[-1]
    told = herald.keep_waiting(
        [(record, body, "prev"), (*stranger.pairs[1], "time")], dict.fromkeys(ids(author, stranger), "here")
    )
    assert list(told) == [("here", "prev"), ("here", "time")]
    herald.note_added([stranger.pairs[0][0]])
    assert herald.begin_store(1) is None
    herald.note_added([author.pairs[-2][0]])
    store = herald.begin_store(2)
    assert store is not None and store.records == [(record, body)]


def test_what_waits_is_bounded_and_the_oldest_gives_way() -> None:
    herald, author = made()
    held = [Held("here", record, body) for record, body in author.pairs]
    herald, _ = made(waiting_bytes=held[-1].size_bytes + held[-2].size_bytes)
    waiting = [(one.record, one.body, "prev") for one in [*held, *held[-2:]]]
    assert len(list(herald.keep_waiting(waiting, dict.fromkeys(ids(author), "here")))) == len(waiting)
    herald.note_added([author.pairs[0][0]])
    store = herald.begin_store(1)
    assert store is not None and store.records == author.pairs[-2:]


def test_old_news_is_told_by_a_sync_with_the_others_and_never_to_everybody() -> None:
    herald, author = made(news_age_ms=1_000_000)
    records = [record for record, _ in author.pairs]
    later_ms = records[1].time + 1_000_001
    herald.note_news("here", records)
    assert herald.news_for(NEAR, later_ms) == ([], [record.id for record in records[2:]], ["there"])
    herald.note_news("here", records[:2])
    assert herald.news_for(NEAR, later_ms) == ([], [], ["there"])
    herald.note_news("here", records[:2])
    herald.note_told(records[:2])
    assert herald.news_for(NEAR, later_ms) == ([], [], [])
