"""What is told of a title and of its offers, from the ledger's entries alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cinepeer.app.standing import offer_told, title_told
from cinepeer.app.terms import Terms
from cinepeer.errors import BadInput, Refused
from cinepeer.records.bodies import new_body
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.record import sign_record
from cinepeer.rights.deeds import Offer, sign_offer
from cinepeer.rights.deployment import ContractSet
from cinepeer.rights.events import (
    Controlled,
    Delegated,
    Entry,
    Granted,
    Log,
    Noticed,
    Offered,
    Registered,
    Shares,
    StatusSet,
    Withdrew,
)
from cinepeer.rights.sentence import offer_sentence
from cinepeer.rights.signatures import address_of
from cinepeer.rights.state import Status, fold

KEY, OTHER_KEY = bytes([7]) * 32, bytes([8]) * 32
OWNER, AGENT, ANNA = address_of(KEY), address_of(OTHER_KEY), bytes([3]) * 20
TITLE, TWIN = bytes([1]) * 20, bytes([2]) * 20
CONTRACTS = ContractSet(7, *(bytes([number]) * 20 for number in (11, 12, 13, 14)), from_block=0)
NOW = 1_000_000
TERMS = Terms(5, "cinema", ("FR", "DE"), days=30, supply=2)


def state(*events: Any) -> Any:
    begun = (
        Registered(TITLE, OWNER, bytes(32), bytes(32), bytes(32), 0x70, 500, 10),
        Shares(OWNER, bytes(20), OWNER, (TITLE,), (10_000,)),
    )
    return fold(Entry(event, Log(bytes(20), (bytes(32),), b"", at, 0)) for at, event in enumerate([*begun, *events]))


def signed(offer: Offer, key: bytes = KEY) -> Any:
    fields = {
        "chain": 7,
        "contract": CONTRACTS.licences,
        "terms": offer.to_map(),
        "signature": sign_offer(key, offer, CONTRACTS),
    }
    author = Cid.of(b"author", DAG_CBOR)
    body = new_body("offer", bytes(16), **fields)
    return sign_record(KEY, author=author, seq=1, prev=author, time=1, kind="offer", body=body), fields


def told(offer: Offer, held: Any, key: bytes = KEY, now_s: int = NOW) -> dict[str, Any]:
    return offer_told(signed(offer, key), CONTRACTS, held, OWNER, now_s, offer_sentence)


OPEN = TERMS.offer(TITLE, OWNER, NOW, 1)
DIGEST = OPEN.digest(CONTRACTS)


def test_an_offer_says_its_terms_and_that_it_is_open() -> None:
    found = told(OPEN, state())
    assert (found["standing"], found["own"], found["price"], found["territory"]) == ("open", True, "5", ["DE", "FR"])
    assert (found["term_s"], found["closes"], found["terms_sha256"]) == (30 * 86_400, None, None)
    assert found["text"] == offer_sentence(OPEN)


@pytest.mark.parametrize(
    ("events", "standing"),
    [
        ([Withdrew(DIGEST, TITLE)], "closed"),
        ([Offered(DIGEST, TITLE, OWNER, OPEN), *[Granted(TITLE, DIGEST, ANNA, 1, 2, 5)] * 2], "sold out"),
        ([Controlled(TITLE, OWNER, ANNA, 5)], "void"),
        ([StatusSet(TITLE, Status.SUSPENDED, bytes(20), 5)], "void"),
    ],
)
def test_an_offer_that_cannot_be_taken_says_why(events: list[Any], standing: str) -> None:
    assert told(OPEN, state(*events))["standing"] == standing


def test_an_offer_is_early_before_it_opens_and_over_after_it_closes() -> None:
    held = state()
    assert told(OPEN, held, now_s=NOW - 86_401)["standing"] == "early"
    assert told(replace(TERMS, closes=NOW + 1).offer(TITLE, OWNER, NOW, 1), held, now_s=NOW + 2)["standing"] == "over"
    assert told(replace(TERMS, end=NOW + 1).offer(TITLE, OWNER, NOW, 1), held, now_s=NOW + 2)["standing"] == "over"


def test_an_agent_sells_until_its_end_and_nobody_else_does() -> None:
    offer = TERMS.offer(TITLE, AGENT, NOW, 1)
    held = state(Delegated(TITLE, AGENT, NOW, 5))
    assert told(offer, held, OTHER_KEY)["standing"] == "open"
    assert told(offer, held, OTHER_KEY, NOW + 1)["standing"] == "void"
    assert told(offer, state(), OTHER_KEY)["standing"] == "void"
    assert told(OPEN, state(), OTHER_KEY)["standing"] == "void", "the owner's name under another's signature"
    assert told(OPEN, None)["standing"] == "unknown"


def test_a_record_that_is_no_offer_is_refused() -> None:
    record, fields = signed(OPEN)
    odd = {**fields, "terms": {"title": TITLE.rjust(32, b"\0")}}
    with pytest.raises(Refused):
        offer_told((record, odd), CONTRACTS, state(), OWNER, NOW, offer_sentence)


def test_a_title_tells_holders_agents_disputes_and_competing_claims() -> None:
    held = state(
        Delegated(TITLE, AGENT, NOW, 5),
        Delegated(TITLE, ANNA, NOW - 1, 5),
        Offered(DIGEST, TITLE, OWNER, OPEN),
        Granted(TITLE, DIGEST, ANNA, NOW, NOW + 9, 5),
        Noticed(3, TITLE, ANNA, 1, bytes([9]) * 32, 77, 12),
        Registered(TWIN, ANNA, bytes(32), bytes([1]) * 32, bytes(32), 0x70, 500, 20),
    )
    found = title_told(held, held.titles[TITLE], 9, NOW)
    assert found["agents"] == [{"agent": "0x" + AGENT.hex(), "until": NOW}]
    assert found["shares"] == {"0x" + OWNER.hex(): 10_000}
    (licence,) = found["licences"]
    assert (licence["live"], licence["block"], licence["territory"]) == (True, 5, ["DE", "FR"])
    (dispute,) = found["disputes"]
    assert (dispute["case"], dispute["outcome"], dispute["ground"], dispute["due"]) == (3, "open", "owner", 12)
    assert dispute["evidence"] == [{"by": "0x" + ANNA.hex(), "sha256": "09" * 32}]
    (claim,) = found["claims"]
    assert (claim["title"], claim["earlier"]) == ("0x" + TWIN.hex(), False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"medium": "kino"},
        {"territory": ("XX",)},
        {"text": "no cid"},
        {"start": NOW + 9, "end": NOW + 9},
        {"end": NOW},
        {"closes": NOW - 1},
    ],
)
def test_terms_that_no_licence_can_have_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        replace(TERMS, **wrong).offer(TITLE, OWNER, NOW, 1)


def test_what_was_read_is_what_is_signed() -> None:
    draft = replace(TERMS, opens=7, salt="0x" + "0" * 63 + "9").offer(TITLE, OWNER, NOW, 1)
    assert (draft.opens, draft.salt) == (7, 9)
    assert (OPEN.opens, OPEN.salt) == (NOW - 86_400, 1)


def test_a_legal_text_is_named_by_its_digest() -> None:
    text = Cid.of(b"the law", DAG_CBOR)
    offer = replace(TERMS, text=str(text)).offer(TITLE, OWNER, NOW, 1)
    assert offer.terms == text.digest
    assert told(offer, state())["terms_sha256"] == text.digest.hex()
