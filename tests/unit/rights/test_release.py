"""Requests for keys: signed by an account, fresh, strict; and refused in words that say what is missing."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinepeer.errors import BadInput, Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.rights.deployment import predict
from cinepeer.rights.licences import Answer
from cinepeer.rights.release import (
    FRESH_S,
    KeyRequest,
    Release,
    decide,
    encode_refusal,
    encode_release,
    encode_request,
    parse_release,
    parse_request,
    parse_request_text,
    request_text,
    sign_request,
    verify_request,
)
from cinepeer.rights.signatures import address_of
from cinepeer.rights.state import State, Status
from unit.rights.test_licence_questions import ANNA, BELA, OWNER, TITLE, granted, state

ACCOUNT = b"\x11" * 32
CONTRACTS = predict(b"\1" * 20, 7373)
VERSION = Cid.of(b"version", DAG_CBOR)
NOW = 1_790_000_000
ASKED = sign_request(ACCOUNT, CONTRACTS, VERSION, b"\3" * 32, "FR", "cinema", NOW)


def asked(account: bytes, territory: str = "FR", medium: str = "cinema", time: int = 100) -> KeyRequest:
    return KeyRequest(VERSION, bytes(32), account, territory, medium, time, bytes(65))


def test_a_signed_request_travels_and_holds():
    assert parse_request(encode_request(ASKED)) == ASKED
    assert parse_request_text(request_text(ASKED)) == ASKED
    assert ASKED.account == address_of(ACCOUNT)
    for now in (NOW - FRESH_S, NOW, NOW + FRESH_S):
        verify_request(ASKED, CONTRACTS, now)


@pytest.mark.parametrize(
    "change",
    [
        {"version": Cid.of(b"another", DAG_CBOR)},
        {"agreement": b"\4" * 32},
        {"account": bytes(20)},
        {"territory": "DE"},
        {"medium": "streaming"},
        {"time": NOW + 1},
    ],
)
def test_a_changed_request_is_refused(change):
    with pytest.raises(Refused) as caught:
        verify_request(replace(ASKED, **change), CONTRACTS, NOW)
    assert caught.value.reason == "bad-signature"


def test_a_request_of_another_network_or_time_is_refused():
    with pytest.raises(Refused, match="for this network"):
        verify_request(ASKED, predict(b"\2" * 20, 7373), NOW)
    for now in (NOW - FRESH_S - 1, NOW + FRESH_S + 1):
        with pytest.raises(Refused) as caught:
            verify_request(ASKED, CONTRACTS, now)
        assert caught.value.reason == "stale"


def test_nobody_signs_for_a_place_or_medium_that_is_none():
    for territory, medium in (("XX", "cinema"), ("FR", "dream")):
        with pytest.raises(BadInput):
            sign_request(ACCOUNT, CONTRACTS, VERSION, bytes(32), territory, medium, NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"agreement": bytes(31)},
        {"account": bytes(21)},
        {"time": -1},
        {"time": "now"},
        {"territory": b"FR"},
        {"version": b"v"},
        {"signature": bytes(64)},
        {"more": 1},
    ],
)
def test_a_request_of_another_form_is_refused(change):
    fields = dagcbor.decode(encode_request(ASKED))
    assert isinstance(fields, dict)
    with pytest.raises(Refused) as caught:
        parse_request(dagcbor.encode(fields | change))
    assert caught.value.reason == "bad-form"


def test_what_is_too_long_or_no_text_is_refused():
    for text in ("=", "ß", "a", request_text(ASKED) + "AAAA", "A" * 4_000):
        with pytest.raises(Refused):
            parse_request_text(text)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_or_refused(data):
    with contextlib.suppress(Refused):
        assert encode_request(parse_request(data)) == data


@given(st.binary(max_size=300))
def test_any_bytes_are_an_answer_or_refused(data):
    with contextlib.suppress(Refused):
        assert encode_release(parse_release(data)) == data


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_request_with_another_byte_is_never_the_same_request(place, byte):
    data = bytearray(encode_request(ASKED))
    place %= len(data)
    if data[place] == byte:
        return
    data[place] = byte
    with pytest.raises(Refused):
        verify_request(parse_request(bytes(data)), CONTRACTS, NOW)


def test_a_release_and_a_refusal_travel():
    licence = granted(b"a", ANNA, 50, 150)
    release = Release.of(bytes(80), 9, Answer(True, "licensed", licence.entry))
    assert parse_release(encode_release(release)) == release
    assert release.entry == (7, 0)
    assert parse_release(encode_release(replace(release, entry=None))).entry is None
    with pytest.raises(Refused, match="no licence") as caught:
        parse_release(encode_refusal(Refused("no-licence", "found no licence")))
    assert caught.value.reason == "no-licence"


@pytest.mark.parametrize("entry", [[1], [1, -1], [True, 0], "x", [1, 2, 3]])
def test_a_release_with_an_odd_entry_is_refused(entry):
    said = {"wrapped": bytes(80), "block": 1, "reason": "", "entry": entry}
    with pytest.raises(Refused):
        parse_release(dagcbor.encode(said))


def test_a_licensee_gets_the_key_with_the_entry_that_decides():
    held = state(granted(b"a", ANNA, 50, 150))
    answer = decide(held, TITLE, asked(ANNA))
    assert answer.allowed and answer.entry == held.licences[0].entry
    assert answer.reason == "licensed until 1970-01-01 00:02:30 UTC"
    endless = decide(state(granted(b"a", ANNA, 50, (1 << 40) - 1)), TITLE, asked(ANNA))
    assert endless.reason == "licensed without end"
    own = decide(held, TITLE, asked(OWNER))
    assert own.allowed and own.entry is None


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (asked(BELA), "no licence of 0x0404"),
        (asked(ANNA, territory="IT"), "without IT"),
        (asked(ANNA, medium="streaming"), "for cinema, festival, expected one for streaming"),
        (asked(ANNA, time=151), "over since"),
        (asked(ANNA, time=49), "to begin on"),
    ],
)
def test_each_missing_right_has_its_sentence(wrong, told):
    held = state(granted(b"a", ANNA, 50, 150))
    answer = decide(held, TITLE, wrong)
    assert not answer.allowed
    assert told in answer.reason


def test_a_licence_that_was_taken_back_and_a_closed_title_release_nothing():
    licence = granted(b"a", ANNA, 50, 150)
    licence.revoked = True
    assert "taken back" in decide(state(licence), TITLE, asked(ANNA)).reason
    closed = state(granted(b"a", ANNA, 50, 150), status=Status.SUSPENDED)
    assert "dispute" in decide(closed, TITLE, asked(ANNA)).reason
    assert "no title" in decide(State(), TITLE, asked(ANNA)).reason


def test_of_several_licences_the_one_that_comes_nearest_is_told():
    old, new = granted(b"a", ANNA, 10, 20), granted(b"b", ANNA, 200, 300)
    assert "to begin on" in decide(state(old, new), TITLE, asked(ANNA)).reason


def test_an_unknown_territory_is_told():
    with pytest.raises(BadInput):
        decide(state(), TITLE, asked(ANNA, territory="XX"))
