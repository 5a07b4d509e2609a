"""Records from a node are proved before a film of theirs is shown."""

from __future__ import annotations

import json

import pytest

from cinepeer.errors import BadInput, Refused
from cinepeer.records import dagcbor
from cinepeer.records.record import parse_record
from cinepeer_client.films import Film, Hint, Shelf, choose_version, parse_film, parse_hints
from real.film_stand import NOW_MS, Pair, Stand, Writer, files_of_a_film, packed, set_up


@pytest.fixture
def stand() -> Stand:
    return set_up(files_of_a_film())


def shelved(pairs: list[Pair], stand: Stand, now_ms: int = NOW_MS) -> Film | None:
    shelf = Shelf(now_ms)
    shelf.admit(packed(pairs))
    return shelf.film(stand.film.id)


def refusal(data: bytes) -> str:
    with pytest.raises(Refused) as found:
        Shelf(NOW_MS).admit(data)
    return found.value.reason


def test_a_film_is_told_by_its_signed_record(stand: Stand) -> None:
    film = shelved(stand.writer.pairs, stand)
    assert film is not None
    assert (film.name, film.year, film.author) == ("The Tide Clock", 2026, stand.writer.author)
    assert [(v.id, v.root, v.blocks) for v in film.versions] == [(stand.version.id, stand.root, len(stand.blocks))]


def test_the_newest_version_comes_first(stand: Stand) -> None:
    newer = stand.writer.write("version", **{**fields_of(stand), "label": "second cut"})
    film = shelved(stand.writer.pairs, stand)
    assert film is not None and [version.id for version in film.versions] == [newer.id, stand.version.id]
    assert choose_version(film, None).id == newer.id
    assert choose_version(film, str(stand.version.id)).label == "first cut"
    with pytest.raises(BadInput, match="found no version 'b2'"):
        choose_version(film, "b2")


def test_a_trailer_that_comes_last_does_not_play_first(stand: Stand) -> None:
    trailer = stand.writer.write("version", **{**fields_of(stand), "label": "trailer", "sort": "trailer"})
    film = shelved(stand.writer.pairs, stand)
    assert film is not None and [version.id for version in film.versions] == [stand.version.id, trailer.id]
    assert choose_version(film, None).label == "first cut"
    assert choose_version(film, str(trailer.id)).sort == "trailer"


def fields_of(stand: Stand) -> dict[str, dagcbor.Value]:
    body = dict(stand.writer.pairs)[stand.version]
    assert body is not None
    fields = dagcbor.decode(body)
    assert isinstance(fields, dict)
    return {name: value for name, value in fields.items() if name != "nonce"}


def test_a_version_that_its_author_took_back_is_not_offered(stand: Stand) -> None:
    stand.writer.write("retraction", records=[stand.version.id], reason="the wrong cut")
    film = shelved(stand.writer.pairs, stand)
    assert film is not None and film.versions == ()
    with pytest.raises(BadInput, match="found no version of 'The Tide Clock'"):
        choose_version(film, None)


def test_nobody_takes_back_what_another_signed(stand: Stand) -> None:
    other = Writer("other")
    other.write("retraction", records=[stand.version.id, stand.film.id], reason="envy")
    film = shelved([*stand.writer.pairs, *other.pairs], stand)
    assert film is not None and len(film.versions) == 1


def test_a_version_by_another_author_is_not_offered(stand: Stand) -> None:
    other = Writer("other")
    other.write("version", **fields_of(stand))
    film = shelved([*stand.writer.pairs, *other.pairs], stand)
    assert film is not None and [version.author for version in film.versions] == [stand.writer.author]


def test_a_film_whose_body_was_forgotten_is_not_shown(stand: Stand) -> None:
    pairs = [(record, None if record == stand.film else body) for record, body in stand.writer.pairs]
    assert shelved(pairs, stand) is None


def test_a_body_without_meaning_leaves_its_record_valid_and_says_nothing(stand: Stand) -> None:
    strange = stand.writer.write_bytes("version", dagcbor.encode({"nonce": bytes(16), "film": "no link"}))
    later = stand.writer.write("version", **{**fields_of(stand), "label": "later"})
    film = shelved(stand.writer.pairs, stand)
    assert film is not None and [version.id for version in film.versions] == [later.id, stand.version.id]
    assert strange.id not in {version.id for version in film.versions}


def test_the_same_records_twice_change_nothing(stand: Stand) -> None:
    assert shelved([*stand.writer.pairs, *stand.writer.pairs], stand) == shelved(stand.writer.pairs, stand)


def test_another_node_may_hold_the_body_that_one_forgot(stand: Stand) -> None:
    shelf = Shelf(NOW_MS)
    shelf.admit(packed([(record, None if record == stand.version else body) for record, body in stand.writer.pairs]))
    before = shelf.film(stand.film.id)
    shelf.admit(packed(stand.writer.pairs))
    after = shelf.film(stand.film.id)
    assert before is not None and before.versions == ()
    assert after is not None and len(after.versions) == 1


def test_a_record_from_the_future_does_not_count_yet(stand: Stand) -> None:
    assert shelved(stand.writer.pairs, stand, now_ms=0) is None


def test_a_flipped_signature_is_refused(stand: Stand) -> None:
    record, body = stand.writer.pairs[-1]
    value = dagcbor.decode(record.block)
    assert isinstance(value, dict)
    forged = parse_record(
        dagcbor.encode({**value, "signature": bytes([record.signature[0] ^ 1]) + record.signature[1:]})
    )
    assert refusal(packed([*stand.writer.pairs[:-1], (forged, body)])) == "bad-signature"


def test_another_body_is_refused(stand: Stand) -> None:
    (film, _), (version, body) = stand.writer.pairs[-2:]
    assert refusal(packed([*stand.writer.pairs[:-2], (film, body), (version, body)])) == "wrong-body"


def test_a_gap_is_refused(stand: Stand) -> None:
    assert refusal(packed([*stand.writer.pairs[:-2], stand.writer.pairs[-1]])) == "gap"


def test_a_device_without_its_author_is_refused(stand: Stand) -> None:
    assert refusal(packed(stand.writer.pairs[1:])) == "gap"


@pytest.mark.parametrize(
    "value", [{}, [1], [[b"", b""]], [[b"x"]], [["text", None]], [[b"block", "text"]], [[b"x", b"x" * 40_000]]]
)
def test_a_list_of_another_shape_is_refused(value: dagcbor.Value) -> None:
    assert refusal(dagcbor.encode(value)) in ("bad-list", "not-canonical", "bad-record")


def test_bytes_that_are_no_list_are_refused() -> None:
    assert refusal(b"<html>not here</html>") == "not-canonical"


def test_hints_are_read_and_not_believed() -> None:
    text = json.dumps([{"id": "b1", "name": "x", "playable": True}, {"id": "b2", "playable": "yes"}])
    assert parse_hints(text.encode()) == [Hint("b1", True), Hint("b2", False)]


@pytest.mark.parametrize("data", [b"", b"<html>", b"{}", b"[1]", b'[{"name": "x"}]', b'[{"id": 5}]', b"null", b"\xff"])
def test_hints_of_another_shape_are_refused(data: bytes) -> None:
    with pytest.raises(Refused, match="no list of films"):
        parse_hints(data)


def test_a_film_id_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput, match="expected the id of a published film"):
        parse_film("The Tide Clock")
