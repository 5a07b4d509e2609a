"""Transactions whose end is not known: kept before they are handed over, found again by what they do."""

from __future__ import annotations

import pytest

from cinepeer.adapters.chain.journal import MAX_OPEN, Flight, Journal, act_of
from cinepeer.errors import LimitReached

ANNA, BELA = b"\x0a" * 20, b"\x0b" * 20


def flight(nonce: int, data: bytes = b"pay", tx: int = 1) -> Flight:
    """A flight of Anna's."""
    return Flight(act_of(ANNA, BELA, data, 5), bytes([tx]) * 32, ANNA, nonce, b"raw" + bytes([tx]))


def test_what_was_kept_is_there_after_a_restart() -> None:
    disk: list[str] = []
    journal = Journal((), lambda lines: disk.__setitem__(slice(None), list(lines)))
    journal.keep(flight(0))
    journal.keep(flight(1, b"other", 2))
    again = Journal(disk)
    assert again.open(flight(0).act) == [flight(0)]
    assert again.by_hash(b"\x02" * 32) == flight(1, b"other", 2)


def test_an_end_that_is_known_drops_all_that_bore_its_number_and_nothing_else() -> None:
    journal = Journal()
    for one in (flight(0), flight(0, tx=2), flight(1, tx=3)):
        journal.keep(one)
    assert journal.under(ANNA, 0) == [flight(0), flight(0, tx=2)]
    journal.drop(ANNA, 0)
    assert journal.open(flight(0).act) == [flight(1, tx=3)]
    journal.drop(BELA, 1)
    assert journal.by_hash(b"\x03" * 32) is not None


@pytest.mark.parametrize("other", [(BELA, BELA, b"pay", 5), (ANNA, None, b"pay", 5), (ANNA, BELA, b"", 5),
                                   (ANNA, BELA, b"pay", 6)])  # fmt: skip
def test_acts_differ_by_sender_receiver_data_and_value(other: tuple[bytes, bytes | None, bytes, int]) -> None:
    assert act_of(*other) != act_of(ANNA, BELA, b"pay", 5)


def test_no_more_is_sent_while_too_many_ends_are_unknown() -> None:
    journal = Journal()
    for at in range(MAX_OPEN):
        journal.keep(flight(at))
    with pytest.raises(LimitReached, match="look them up first"):
        journal.keep(flight(MAX_OPEN))
    assert journal.under(ANNA, MAX_OPEN) == []
