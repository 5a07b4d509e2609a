"""Premieres, screener links, unlisted films and older blocks, beside licences and disputes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cinepeer.errors import BadInput, Refused
from cinepeer.records import keys
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.rights.events import Entry, Granted, Log, Registered, StatusSet
from cinepeer.rights.showing import (
    FilmRights,
    Release,
    can_show_film,
    is_listed,
    parse_screener,
    release_of,
    screener_text,
    sign_screener,
    verify_screener,
)  # fmt: skip
from cinepeer.rights.state import Status
from unit.rights.test_licence_questions import ANNA, OPEN, OWNER, TITLE

FILM = Cid.of(b"film", DAG_CBOR)
SEED = bytes(range(32))


def entries(*events):
    return [Entry(event, Log(bytes(20), (bytes(32),), b"", at, 0)) for at, event in enumerate(events)]


BEGUN = Registered(TITLE, OWNER, bytes(32), bytes(32), bytes(32), 0x70, 500, 10)


def rights(*events, premiere=None):
    return FilmRights(TITLE, entries(BEGUN, *events), Release(premiere))


def test_a_film_without_a_title_may_be_shown_from_its_premiere_on():
    film = FilmRights(None, [], Release(premiere=100))
    assert not can_show_film(film, "FR", "streaming", 99).allowed
    assert can_show_film(film, "FR", "streaming", 100).allowed
    with pytest.raises(BadInput):
        can_show_film(film, "XX", "streaming", 100)


def test_before_the_premiere_nobody_is_licensed_for_a_film_without_a_title():
    film = FilmRights(None, [], Release(premiere=100))
    assert not can_show_film(film, "FR", "streaming", 99, licensee=ANNA).allowed
    assert not can_show_film(film, "", "streaming", 99).allowed
    assert can_show_film(film, "", "streaming", 100, licensee=ANNA).allowed


def test_before_the_premiere_a_screener_link_or_a_licence_opens_it():
    from cinepeer.rights.events import Offered

    film = rights(Offered(b"a" * 32, TITLE, OWNER, OPEN), Granted(TITLE, b"a" * 32, ANNA, 20, 90, 1), premiere=100)
    early = can_show_film(film, "FR", "cinema", 50)
    assert not early.allowed and "premiere on 1970-01-01 00:01:40 UTC" in early.reason
    licensed = can_show_film(film, "FR", "cinema", 50, licensee=ANNA)
    assert licensed.allowed and licensed.entry is not None
    assert not can_show_film(film, "IT", "cinema", 50, licensee=ANNA).allowed
    link = sign_screener(SEED, FILM, 60)
    assert can_show_film(film, "IT", "cinema", 60, screener=link).allowed
    assert not can_show_film(film, "IT", "cinema", 61, screener=link).allowed


def test_a_dispute_closes_it_even_to_a_screener_and_only_from_its_block_on():
    film = rights(StatusSet(TITLE, Status.SUSPENDED, bytes(20), 30))
    link = sign_screener(SEED, FILM, 60)
    assert can_show_film(film, "FR", "streaming", 50, 0).allowed
    assert not can_show_film(film, "FR", "streaming", 50, 1).allowed
    assert not can_show_film(film, "FR", "streaming", 50, screener=link).allowed


def test_a_film_that_is_registered_later_is_without_a_title_at_an_earlier_block():
    film = replace(rights(), entries=[Entry(BEGUN, Log(bytes(20), (bytes(32),), b"", 7, 0))])
    assert "without a title" in can_show_film(film, "FR", "streaming", 50, 6).reason
    assert "no exclusive licence" in can_show_film(film, "FR", "streaming", 50, 7).reason


def test_lists_leave_out_what_is_unlisted_or_not_out_yet():
    assert is_listed(Release(), 5)
    assert not is_listed(Release(unlisted=True), 5)
    assert (is_listed(Release(premiere=5), 4), is_listed(Release(premiere=5), 5)) == (False, True)


def test_a_release_is_what_the_record_says_and_odd_values_say_nothing():
    assert release_of({"premiere": 7, "unlisted": True}) == Release(7, True)
    for odd in ({}, {"premiere": -1}, {"premiere": True, "unlisted": 1}, {"premiere": "soon"}):
        assert release_of(odd) == Release()


def test_a_screener_link_is_of_one_film_by_a_device_of_its_author():
    link = sign_screener(SEED, FILM, 60)
    assert parse_screener(screener_text(link)) == link
    verify_screener(link, FILM, {keys.public_key(SEED)})
    for other, film, devices in (
        (link, Cid.of(b"other", DAG_CBOR), {link.device}),
        (link, FILM, set()),
        (replace(link, until=61), FILM, {link.device}),
    ):
        with pytest.raises(Refused):
            verify_screener(other, film, devices)


@pytest.mark.parametrize("text", ["", "?", "ä", "AAAA", "oA"])
def test_a_text_that_is_no_link_is_refused(text: str):
    with pytest.raises(Refused):
        parse_screener(text)
