"""May it be shown: by status, exclusivity, territory, medium and time, and to whom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cinepeer.errors import BadInput
from cinepeer.rights.deeds import NATIVE, Offer
from cinepeer.rights.events import Entry, Granted, Log, Offered, Registered, Revoked
from cinepeer.rights.licences import REASONS, can_show, may_keep, medium_bit, medium_names, overlaps
from cinepeer.rights.state import Licence, State, Status, Title, fold
from cinepeer.rights.territories import CODES, WORLD, territory_bit, territory_codes, territory_map

TITLE, OWNER, ANNA, BELA = (bytes([number]) * 20 for number in (1, 2, 3, 4))
OPEN = Offer(
    title=TITLE, seller=OWNER, token=NATIVE, price=1, opens=0, closes=1, start=0, end=0, term=0, supply=9,
    media=medium_bit("cinema") | medium_bit("festival"), remixShares=0, exclusive=False, revocable=True,
    territory=territory_map(["FR", "DE"]), terms=bytes(32), salt=0,
)  # fmt: skip


def granted(offer: bytes, licensee: bytes, start: int, end: int) -> Licence:
    event = Granted(TITLE, offer, licensee, start, end, 1)
    return Licence(TITLE, offer, licensee, start, end, 1, Entry(event, Log(bytes(20), (), b"", 7, 0)))


def state(*licences: Licence, exclusive: bool = False, status: Status = Status.CLEAR) -> State:
    deed = Registered(TITLE, OWNER, bytes(32), bytes(32), bytes(32), 0x70, 500, 10)
    title = Title(TITLE, deed, OWNER, bytes(32), status=status)
    offers = {b"a": replace(OPEN, exclusive=exclusive), b"b": replace(OPEN, salt=1)}
    return State(titles={TITLE: title}, offers=offers, licences=list(licences))


def test_a_film_published_openly_may_be_shown():
    answer = can_show(state(), TITLE, "FR", "streaming", 100)
    assert answer.allowed and answer.entry is None


@pytest.mark.parametrize("status", [Status.SUSPENDED, Status.VOID])
def test_a_suspended_or_void_title_may_not_be_shown_to_anybody(status):
    held = state(granted(b"a", ANNA, 50, 150), status=status)
    assert not can_show(held, TITLE, "FR", "cinema", 100).allowed
    assert not can_show(held, TITLE, "FR", "cinema", 100, ANNA).allowed
    assert can_show(state(status=Status.CONTESTED), TITLE, "FR", "cinema", 100).allowed


def test_a_film_is_kept_for_others_unless_a_dispute_closed_it():
    assert may_keep(state(exclusive=True), TITLE).allowed and may_keep(State(), TITLE).allowed
    for status in (Status.SUSPENDED, Status.VOID):
        answer = may_keep(state(status=status), TITLE)
        assert not answer.allowed and "by a dispute" in answer.reason


def test_an_unknown_title_may_not_be_shown():
    assert not can_show(State(), TITLE, "FR", "cinema", 100).allowed


@pytest.mark.parametrize(
    ("territory", "medium", "time", "allowed"),
    [
        ("FR", "cinema", 100, True), ("DE", "festival", 50, True), ("FR", "cinema", 150, True),
        ("IT", "cinema", 100, False), ("FR", "streaming", 100, False), ("FR", "cinema", 49, False),
        ("FR", "cinema", 151, False),
    ],
)  # fmt: skip
def test_a_licensee_needs_a_licence_for_place_medium_and_time(territory, medium, time, allowed):
    held = state(granted(b"a", ANNA, 50, 150))
    answer = can_show(held, TITLE, territory, medium, time, ANNA)
    assert answer.allowed is allowed
    assert answer.entry == (held.licences[0].entry if allowed else None)
    assert not can_show(held, TITLE, territory, medium, time, BELA).allowed


def test_a_licence_that_was_taken_back_allows_nothing():
    licence = granted(b"a", ANNA, 50, 150)
    licence.revoked = True
    assert not can_show(state(licence), TITLE, "FR", "cinema", 100, ANNA).allowed


def test_an_exclusive_licence_stands_against_everybody_else_there_and_then():
    held = state(granted(b"a", ANNA, 50, 150), exclusive=True)
    answer = can_show(held, TITLE, "FR", "cinema", 100)
    assert not answer.allowed and answer.entry is held.licences[0].entry
    assert can_show(held, TITLE, "FR", "cinema", 100, ANNA).allowed
    for elsewhere in (("IT", "cinema", 100), ("FR", "streaming", 100), ("FR", "cinema", 200)):
        assert can_show(held, TITLE, *elsewhere).allowed


def test_the_controller_shows_its_own_film():
    assert can_show(state(), TITLE, "FR", "cinema", 100, OWNER).allowed


def test_every_answer_has_a_code_with_its_facts_for_pages_in_other_languages():
    taken = state(granted(b"a", ANNA, 0, 100), exclusive=True)
    asked = [
        can_show(state(), TITLE, "FR", "cinema", 10),
        can_show(state(status=Status.VOID), TITLE, "FR", "cinema", 10),
        can_show(state(), bytes(20), "FR", "cinema", 10),
        can_show(taken, TITLE, "FR", "cinema", 10),
        can_show(taken, TITLE, "", "cinema", 10),
        can_show(taken, TITLE, "FR", "cinema", 10, ANNA),
        can_show(taken, TITLE, "FR", "cinema", 10, BELA),
        can_show(taken, TITLE, "FR", "cinema", 10, OWNER),
        may_keep(state(), TITLE),
    ]
    codes = ["open", "void", "unregistered", "exclusive", "exclusive-somewhere", "licensed", "unlicensed", "controller"]
    assert [one.code for one in asked] == [*codes, "kept"]
    assert all(tuple(one.facts) == REASONS[one.code] for one in asked)


def test_licences_that_exclude_each_other_are_found():
    one = granted(b"a", ANNA, 50, 150)
    meets, after = granted(b"b", BELA, 150, 200), granted(b"b", BELA, 151, 200)
    assert overlaps(state(one, meets, exclusive=True)) == [(one, meets)]
    assert overlaps(state(one, after, exclusive=True)) == []
    assert overlaps(state(one, meets)) == []
    one.revoked = True
    assert overlaps(state(one, meets, exclusive=True)) == []


def test_territories_are_249_bits_and_the_world_is_all():
    assert len(CODES) == len(set(CODES)) == 249
    assert territory_map(None) == WORLD
    assert territory_codes(WORLD) is None
    assert territory_codes(territory_map(["FR", "AD"])) == ["AD", "FR"]
    assert territory_bit("AD") == 1 and territory_bit("ZW") == 1 << 248


@pytest.mark.parametrize("code", ["fr", "XX", "", "FRA"])
def test_an_unknown_territory_is_one_sentence(code):
    with pytest.raises(BadInput, match="expected a two-letter code"):
        territory_bit(code)


def test_media_are_bits_and_an_unknown_one_is_one_sentence():
    assert medium_names(medium_bit("cinema") | medium_bit("remix")) == ["cinema", "remix"]
    assert medium_bit("remix") == 1 << 31
    with pytest.raises(BadInput, match="expected one of cinema"):
        medium_bit("radio")


def test_a_licence_that_lapsed_is_not_taken_back_with_the_next_one():
    terms = [(10, 20), (50, 60), (61, 70)]
    events = [
        Registered(TITLE, OWNER, bytes(32), bytes(32), bytes(32), 0x70, 500, 10),
        Offered(b"a" * 32, TITLE, OWNER, OPEN),
        *(Granted(TITLE, b"a" * 32, ANNA, start, end, 1) for start, end in terms),
        Granted(TITLE, b"a" * 32, BELA, 50, 70, 1),
        Revoked(b"a" * 32, ANNA, TITLE),
    ]
    held = fold(Entry(event, Log(bytes(20), (bytes(32),), b"", at, 0)) for at, event in enumerate(events))
    assert [one.revoked for one in held.licences] == [False, True, True, False]
    assert held.held_until(b"a" * 32, ANNA) == 0
    assert can_show(held, TITLE, "FR", "cinema", 15, ANNA).allowed
    assert not can_show(held, TITLE, "FR", "cinema", 55, ANNA).allowed


def test_where_no_place_was_told_an_exclusive_licence_anywhere_stands_against_a_viewer():
    taken = state(granted(b"a", ANNA, 50, 150), exclusive=True)
    answer = can_show(taken, TITLE, "", "cinema", 100)
    assert not answer.allowed and answer.entry is not None
    assert "in DE, FR, and it was not told where" in answer.reason
    assert can_show(taken, TITLE, "", "streaming", 100).allowed and can_show(taken, TITLE, "", "cinema", 151).allowed
    assert can_show(state(granted(b"a", ANNA, 50, 150)), TITLE, "", "cinema", 100).allowed
    assert can_show(taken, TITLE, "", "cinema", 100, ANNA).allowed
    assert not can_show(taken, TITLE, "", "cinema", 100, BELA).allowed
