"""Receipts: the same list from the same bytes, and whatever was changed is named."""

from __future__ import annotations

import dataclasses
import hashlib

import pytest

from cinepeer.errors import Refused
from cinepeer.recommend import receipt as receipts
from cinepeer.recommend.receipt import Entry, Origin, Receipt, Statement, read_opening, read_receipt
from cinepeer.recommend.replay import is_held, replay
from cinepeer.recommend.rules import Facts
from cinepeer.recommend.served import save
from cinepeer.recommend.wishes import Wishes
from cinepeer.records import dagcbor
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.keys import public_key
from unit.recommend.served_models import FOUR, ONE, THREE, TWO, small_model

SEED = hashlib.sha256(b"device").digest()
MODEL = save(small_model())
WISHES = Wishes(diversity=30, rules=("before 2000",), less=frozenset((FOUR,)))
FACTS = {film: Facts(year=1950, genres=("drama",), is_ready=True) for film in small_model().films}
RECORD = Cid.of(b"a rating", DAG_CBOR)
ENTRIES = (Entry(ONE, 9, 1_000, RECORD, bytes(16)), Entry(FOUR, 3, None, None, bytes(range(16))))


def statement() -> Statement:
    origin = Origin(bytes(32), 129, 0)
    author = Cid.of(b"author", DAG_CBOR)
    return receipts.state(
        small_model(), MODEL, ENTRIES, WISHES, FACTS, limit=5, author=author, device=public_key(SEED), origin=origin
    )


def written(entries: tuple[Entry, ...] | None = ENTRIES) -> bytes:
    return receipts.write_receipt(statement(), SEED, MODEL, entries)


def failed(receipt: Receipt, opening: tuple[Entry, ...] | None = None) -> list[str]:
    return [finding.check for finding in replay(receipt, opening) if finding.ok is False]


def test_a_receipt_holds_and_says_the_same_after_reading() -> None:
    found = read_receipt(written())
    assert found.statement == statement()
    assert found.history == ENTRIES
    assert is_held(replay(found)) is True
    assert [one.check for one in replay(found)] == ["signature", "model", "history", "list"]
    assert written() == written()


def test_a_history_may_be_a_commitment_that_its_owner_opens() -> None:
    sealed = read_receipt(written(None))
    assert sealed.history is None
    assert ONE.encode() not in sealed.header.partition(b"leaves")[2].partition(b"limit")[0]
    assert is_held(replay(sealed)) is None
    opening = read_opening(receipts.write_opening(ENTRIES))
    assert is_held(replay(sealed, opening)) is True
    other = (dataclasses.replace(ENTRIES[0], stars=8), ENTRIES[1])
    assert failed(sealed, other) == ["history"]
    assert failed(sealed, ENTRIES[:1]) == ["history"]


def test_a_changed_model_is_named() -> None:
    changed = bytearray(written())
    changed[-1] ^= 1
    (finding,) = [one for one in replay(read_receipt(bytes(changed))) if one.check == "model"]
    assert finding.ok is False
    assert str(statement().model) in finding.expected


def test_a_changed_rating_is_named_even_when_signed_anew() -> None:
    entries = (dataclasses.replace(ENTRIES[0], stars=10), ENTRIES[1])
    found = read_receipt(receipts.write_receipt(statement(), SEED, MODEL, entries))
    (finding,) = [one for one in replay(found) if one.ok is False]
    assert finding.check == "history"
    assert ONE in finding.found


def test_a_changed_list_is_named_with_its_place() -> None:
    told = statement()
    films = ((told.films[0][0], told.films[0][1] + 1, *told.films[0][2:]), *told.films[1:])
    changed = dataclasses.replace(told, films=films)
    found = read_receipt(receipts.write_receipt(changed, SEED, MODEL, ENTRIES))
    (finding,) = [one for one in replay(found) if one.ok is False]
    assert finding.check == "list"
    assert "in place 1" in finding.found


@pytest.mark.parametrize("change", [{"films": ()}, {"left_out": {"rated": 9}}, {"wishes": Wishes()}, {"limit": 2}])
def test_any_other_part_of_the_statement_changes_the_list(change: dict[str, object]) -> None:
    changed = dataclasses.replace(statement(), **change)  # type: ignore[arg-type]
    found = read_receipt(receipts.write_receipt(changed, SEED, MODEL, ENTRIES))
    assert failed(found) == ["list"]


def test_a_changed_header_breaks_the_signature() -> None:
    data = written()
    place = data.index(b"movielens:2")
    changed = data[:place] + b"movielens:3" + data[place + len(b"movielens:3") :]
    try:
        found = read_receipt(changed)
    except Refused:
        return
    assert "signature" in failed(found)


def test_every_cut_and_every_other_shape_is_refused_in_one_sentence() -> None:
    data = written()
    end = len(data) - len(MODEL)
    for size in range(0, end, 7):
        with pytest.raises(Refused, match="expected"):
            read_receipt(data[:size])
    start = len(receipts.MAGIC) + 4
    whole = dagcbor.decode(data[start : end - 64])
    assert isinstance(whole, dict)
    for name in whole:
        for other in (7, "x", b"y", [[]], {"a": 1}):
            header = dagcbor.encode({**whole, name: other})
            told = receipts.MAGIC + len(header).to_bytes(4, "big") + header + bytes(64)
            try:
                found = read_receipt(told)
            except Refused as error:
                assert error.reason in ("bad-receipt", "not-canonical", "bad-film-id")
            else:
                assert is_held(replay(found)) is False


def test_an_opening_of_another_shape_is_refused() -> None:
    for data in (b"", b"other", receipts.OPENING + dagcbor.encode(7), receipts.OPENING + dagcbor.encode([[1]])):
        with pytest.raises(Refused):
            read_opening(data)
    worst = receipts.OPENING + dagcbor.encode([[bytes(16), TWO, 11, None, None]])
    with pytest.raises(Refused, match="11 stars"):
        read_opening(worst)


def test_a_film_twice_in_a_history_is_refused() -> None:
    twice = (*ENTRIES, Entry(ONE, 2, None, None, bytes(16)))
    told = dataclasses.replace(statement(), leaves=tuple(entry.leaf for entry in twice))
    found = read_receipt(receipts.write_receipt(told, SEED, MODEL, twice))
    assert failed(found) == ["history"]


def test_a_film_of_which_the_model_knows_nothing_is_not_told() -> None:
    facts = {**FACTS, "imdb:tt0111161": Facts(year=1994)}
    told = receipts.state(
        small_model(), MODEL, ENTRIES, WISHES, facts, limit=5, author=None, device=public_key(SEED), origin=None
    )
    assert set(told.facts) == set(small_model().films)
    assert THREE in {film for film, *_ in told.films}
