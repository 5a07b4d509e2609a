"""The address book: newest word wins, nobody fills it, failures wait longer, and a week of silence is the end."""

from __future__ import annotations

from cinepeer.replication.addresses import MAX_AGE_MS, Notice
from cinepeer.replication.book import MOST_PAUSE_MS, Book

A, B = "/ip4/127.0.0.1/tcp/4001", "/ip4/127.0.0.1/tcp/4002"


def notice(peer: str, time_ms: int = 1, *addrs: str) -> Notice:
    return Notice(peer, time_ms, addrs or (A,), f"signed by {peer}".encode())


def learn(book: Book, peer: str, time_ms: int = 1, *addrs: str, teller: str = "teller") -> bool:
    found = notice(peer, time_ms, *addrs)
    return book.learn(found, found.addrs, teller)


def peers(book: Book, now_ms: int = 0) -> list[str]:
    return [entry.peer for entry in book.due(100, now_ms, ())]


def test_the_newest_word_of_a_peer_holds_and_an_older_one_is_nothing_new() -> None:
    book = Book("me")
    assert learn(book, "one", 5)
    assert not learn(book, "one", 5, B)
    assert not learn(book, "one", 4, B)
    assert not learn(book, "one", 6)
    assert learn(book, "one", 7, B)
    found = book.get("one")
    assert found is not None and found.addrs == (B,)


def test_a_node_is_not_in_its_own_book_and_no_address_is_no_entry() -> None:
    book = Book("me")
    assert not learn(book, "me")
    assert not book.learn(notice("one"), [], "teller")
    assert len(book) == 0


def test_one_teller_fills_only_its_share_and_what_was_reached_stays() -> None:
    book = Book("me", most=6, per_teller=3)
    for number in range(3):
        assert learn(book, f"good{number}", teller="honest")
        book.reached(f"good{number}", 1)
    for number in range(50):
        learn(book, f"made up {number:02}", teller="liar")
    assert len(book) == 6
    assert {entry.peer for entry in book.entries() if entry.reached_ms} == {"good0", "good1", "good2"}
    assert learn(book, "late", teller="other")
    assert {f"good{number}" for number in range(3)} < set(peers(book))
    for entry in book.entries():
        book.reached(entry.peer, 2)
    assert not learn(book, "later still", teller="another")


def test_a_failed_dial_waits_twice_as_long_each_time_up_to_an_hour() -> None:
    book, now_ms, waited = Book("me"), 0, []
    learn(book, "one")
    for _ in range(12):
        book.failed("one", now_ms, 0.5)
        found = book.get("one")
        assert found is not None and peers(book, found.due_ms - 1) == [] and peers(book, found.due_ms) == ["one"]
        waited.append(found.due_ms - now_ms)
        now_ms = found.due_ms
    assert waited[:4] == [5_000, 10_000, 20_000, 40_000]
    assert waited[-1] == MOST_PAUSE_MS
    book.reached("one", now_ms)
    assert peers(book, now_ms) == ["one"]


def test_those_reached_lately_are_dialled_first_and_the_connected_not_at_all() -> None:
    book = Book("me")
    for peer in ("new", "old", "lately"):
        learn(book, peer)
    book.reached("old", 1)
    book.reached("lately", 2)
    assert peers(book) == ["lately", "old", "new"]
    assert [entry.peer for entry in book.due(1, 0, {"lately"})] == ["old"]


def test_only_signed_words_are_passed_on_and_none_that_failed_often() -> None:
    book = Book("me")
    learn(book, "signed")
    learn(book, "gone")
    book.note("typed", [A], "owner", 1)
    for _ in range(3):
        book.failed("gone", 0, 0.5)
    assert book.sample(10, 1, iter([0.5] * 10).__next__) == [b"signed by signed"]
    assert book.sample(10, 2 + MAX_AGE_MS, iter([0.5] * 10).__next__) == []
    for number in range(20):
        learn(book, f"p{number}", 1, teller=f"t{number}")
    assert len(book.sample(8, 1, iter([0.5] * 30).__next__)) == 8


def test_addresses_that_nobody_signed_add_up() -> None:
    book = Book("me")
    assert book.note("one", [A], "owner", 1)
    assert book.note("one", [B], "owner", 2)
    assert not book.note("one", [A, B], "owner", 3)
    found = book.get("one")
    assert found is not None and set(found.addrs) == {A, B}


def test_who_is_not_heard_of_for_a_week_is_forgotten() -> None:
    book = Book("me")
    learn(book, "heard", MAX_AGE_MS)
    learn(book, "reached", 1)
    learn(book, "neither", 1)
    book.reached("reached", MAX_AGE_MS)
    book.expire(MAX_AGE_MS + 2)
    assert sorted(entry.peer for entry in book.entries()) == ["heard", "reached"]


def test_a_book_outlives_a_restart() -> None:
    book = Book("me")
    learn(book, "one")
    book.failed("one", 0, 0.5)
    assert Book("me", book.entries()).entries() == book.entries()
    assert len(Book("one", book.entries())) == 0
