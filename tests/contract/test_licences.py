"""Licences: what is on sale, to whom, when and where; what excludes what; what is taken back."""

from __future__ import annotations

import boa
import pytest
from boa.util.abi import Address

from contract.actors import actor
from contract.people import ADA, BEN, DAN, DAY, EVE, PRICE, buy
from contract.stage import CLEAR, CONTESTED, SUSPENDED, VOID, ZERO, Stage, refused
from contract.words import (
    FAR,
    OFFER,
    STREAM,
    address,
    deed,
    digest,
    memo,
    offer,
)

FOREVER = 2**40 - 1


def window(stage: Stage) -> tuple[int, int]:
    """First and last second of the licence granted last."""
    last = stage.events("Granted")[-1]
    return last["start"], last["end"]


# Sale


def test_an_offer_costs_nothing_until_it_is_taken(stage: Stage, title: int) -> None:
    terms = offer(title, ADA)
    said = digest(OFFER, terms, stage.licences)
    assert stage.licences.hashOf(terms) == said
    assert buy(stage, terms) == said
    assert stage.licences.licensed(said, EVE.address)
    assert not stage.licences.licensed(said, ADA.address)
    assert stage.titles.purses(title, ZERO) == (PRICE, 0)
    offered = stage.events("Offered")[0]
    assert (offered["offer"], offered["title"], offered["seller"]) == (said, title, ADA.address)
    assert offered["terms"] == terms
    assert stage.events("Granted") == [
        {
            "title": title,
            "offer": said,
            "licensee": EVE.address,
            "start": stage.now,
            "end": FOREVER,
            "paid": PRICE,
        }
    ]


@pytest.mark.parametrize("price", [PRICE, 0])
def test_every_sale_is_an_entry_of_the_titles_record(stage: Stage, title: int, price: int) -> None:
    terms = offer(title, ADA, price=price, term=DAY)
    said = buy(stage, terms, DAN)
    entry = stage.events("Credited")[-1]
    assert entry["payer"] == stage.licences.address
    assert entry["memo"] == memo(said, DAN, stage.now, stage.now + DAY - 1)
    assert entry["amount"] == price


def test_an_offer_is_stated_once(stage: Stage, title: int) -> None:
    for who in (EVE, DAN):
        buy(stage, offer(title, ADA), who)
    assert len(stage.events("Offered")) == 1
    assert len(stage.events("Granted")) == 2


def test_the_price_is_paid_to_the_unit(stage: Stage, title: int) -> None:
    for value in (PRICE - 1, PRICE + 1, 0):
        with refused("BadPrice", value, PRICE):
            buy(stage, offer(title, ADA), value=value)


@pytest.mark.parametrize("place", range(17))
def test_a_signature_covers_every_field_of_an_offer(stage: Stage, title: int, place: int) -> None:
    other_title = stage.titles.register(deed(ADA, label="other"), b"", sender=ADA)
    stage.titles.delegate(title, BEN.address, FAR, sender=ADA)
    signed = offer(title, ADA)
    changed = list(signed)
    changed[place] = (
        other_title, BEN.address, BEN.address, PRICE - 1, 1, FAR - 1, 1, FAR, 1, 101, STREAM, 1, True, True, 1,
        bytes(32), 1,
    )[place]  # fmt: skip
    signature = ADA.sign(digest(OFFER, signed, stage.licences))
    with refused("BadSignature", changed[1]):
        stage.licences.buy(tuple(changed), signature, EVE.address, sender=EVE, value=changed[3])


def test_an_offer_for_another_chain_or_contract_is_not_taken(stage: Stage, title: int) -> None:
    terms = offer(title, ADA)
    for said in (digest(OFFER, terms, stage.licences, chain_id=2), digest(OFFER, terms, stage.titles)):
        with refused("BadSignature", ADA.address):
            stage.licences.buy(terms, ADA.sign(said), EVE.address, sender=EVE, value=PRICE)


def test_a_seller_grants_without_a_signature_and_others_do_not(stage: Stage, title: int) -> None:
    terms = offer(title, ADA)
    stage.licences.buy(terms, b"", EVE.address, sender=ADA, value=PRICE)
    with refused("BadSignature", ADA.address):
        stage.licences.buy(terms, b"", EVE.address, sender=EVE, value=PRICE)
    with refused("BadSignature", ADA.address):
        stage.licences.buy(terms, EVE.sign(stage.licences.hashOf(terms)), EVE.address, sender=EVE, value=PRICE)


def test_a_contract_offers_by_its_own_word(stage: Stage, title: int) -> None:
    agency = actor()
    stage.titles.delegate(title, address(agency), FAR, sender=ADA)
    terms = offer(title, agency)
    agency.sign(stage.licences.hashOf(terms))
    stage.licences.buy(terms, b"", EVE.address, sender=EVE, value=PRICE)


def test_only_who_acts_for_the_title_sells(stage: Stage, title: int) -> None:
    with refused("NotSeller", EVE.address):
        stage.licences.buy(offer(title, EVE), b"", EVE.address, sender=EVE, value=PRICE)
    with refused("NotSeller", ADA.address):
        stage.licences.buy(offer(7, ADA), b"", EVE.address, sender=ADA, value=PRICE)
    stage.titles.delegate(title, BEN.address, stage.now + 10, sender=ADA)
    stage.licences.buy(offer(title, BEN), b"", EVE.address, sender=BEN, value=PRICE)
    stage.wait(11)
    with refused("NotSeller", BEN.address):
        stage.licences.buy(offer(title, BEN), b"", EVE.address, sender=BEN, value=PRICE)


def test_an_offer_ends_with_its_sellers_control(stage: Stage, title: int) -> None:
    stage.titles.handOver(title, DAN.address, sender=ADA)
    with refused("NotSeller", ADA.address):
        buy(stage, offer(title, ADA))


def test_sales_go_on_while_a_title_is_contested_and_stop_when_it_is_suspended(stage: Stage, title: int) -> None:
    for status in (CLEAR, CONTESTED):
        stage.titles.mark(title, status, ZERO, sender=stage.disputes)
        buy(stage, offer(title, ADA, term=DAY))
    for status in (SUSPENDED, VOID):
        stage.titles.mark(title, status, ZERO, sender=stage.disputes)
        with refused("Frozen", title, status):
            buy(stage, offer(title, ADA))


def test_an_offer_is_open_from_its_first_second_to_its_last(stage: Stage, title: int) -> None:
    opens, closes = stage.now + 10, stage.now + 20
    terms = offer(title, ADA, opens=opens, closes=closes, term=DAY)
    for wait, taken in ((9, False), (1, True), (10, True), (1, False)):
        stage.wait(wait)
        if taken:
            buy(stage, terms)
            continue
        with refused("NotOnSale", stage.now, opens, closes):
            buy(stage, terms)


def test_an_offer_is_taken_as_often_as_it_says(stage: Stage, title: int) -> None:
    terms = offer(title, ADA, supply=2)
    buy(stage, terms, EVE)
    buy(stage, terms, DAN)
    with refused("SoldOut", 2):
        buy(stage, terms, BEN)
    with refused("SoldOut", 0):
        buy(stage, offer(title, ADA, supply=0))


# Windows


def test_a_licence_begins_with_the_purchase_or_later(stage: Stage, title: int) -> None:
    buy(stage, offer(title, ADA, start=stage.now - 100, end=stage.now + 5))
    assert window(stage) == (stage.now, stage.now + 5)
    said = buy(stage, offer(title, ADA, start=stage.now + 50, term=10))
    assert window(stage) == (stage.now + 50, stage.now + 59)
    assert not stage.licences.licensed(said, EVE.address)
    stage.wait(50)
    assert stage.licences.licensed(said, EVE.address)
    stage.wait(9)
    assert stage.licences.licensed(said, EVE.address)
    stage.wait(1)
    assert not stage.licences.licensed(said, EVE.address)


def test_a_term_is_cut_by_the_offers_end(stage: Stage, title: int) -> None:
    buy(stage, offer(title, ADA, term=100, end=stage.now + 40))
    assert window(stage) == (stage.now, stage.now + 40)
    buy(stage, offer(title, ADA, term=41, end=stage.now + 40, salt=1))
    assert window(stage) == (stage.now, stage.now + 40)
    buy(stage, offer(title, ADA, term=40, end=stage.now + 40))
    assert window(stage) == (stage.now, stage.now + 39)


def test_a_licence_for_no_time_is_not_sold(stage: Stage, title: int) -> None:
    with refused("NoTime", stage.now, stage.now - 1):
        buy(stage, offer(title, ADA, end=stage.now - 1))
    with refused("NoTime", stage.now + 50, stage.now + 49):
        buy(stage, offer(title, ADA, start=stage.now + 50, end=stage.now + 49))
    buy(stage, offer(title, ADA, start=stage.now + 50, end=stage.now + 50))


def test_a_renewal_runs_on_from_the_licence_in_hand(stage: Stage, title: int) -> None:
    terms = offer(title, ADA, term=DAY)
    begin = stage.now
    buy(stage, terms)
    stage.wait(10)
    said = buy(stage, terms)
    assert window(stage) == (begin + DAY, begin + 2 * DAY - 1)
    assert stage.licences.until(said, EVE.address) == begin + 2 * DAY - 1
    buy(stage, terms, DAN)
    assert window(stage) == (stage.now, stage.now + DAY - 1)


@pytest.mark.parametrize("exclusive", [True, False])
def test_a_renewal_in_the_last_second_begins_with_the_next(stage: Stage, title: int, exclusive: bool) -> None:
    terms = offer(title, ADA, term=DAY, exclusive=exclusive)
    buy(stage, terms)
    stage.wait(DAY - 1)
    buy(stage, terms)
    assert window(stage) == (stage.now + 1, stage.now + DAY)


def test_a_renewal_in_the_last_second_leaves_the_licence_in_hand(stage: Stage, title: int) -> None:
    said = buy(stage, offer(title, ADA, term=DAY))
    stage.wait(DAY - 1)
    buy(stage, offer(title, ADA, term=DAY))
    assert stage.licences.licensed(said, EVE.address)


def test_a_renewal_after_the_end_begins_anew(stage: Stage, title: int) -> None:
    terms = offer(title, ADA, term=DAY)
    buy(stage, terms)
    stage.wait(DAY)
    buy(stage, terms)
    assert window(stage) == (stage.now, stage.now + DAY - 1)


def test_nobody_pays_twice_for_the_same_time(stage: Stage, title: int) -> None:
    terms = offer(title, ADA, end=stage.now + DAY)
    buy(stage, terms)
    with refused("NoTime", stage.now, stage.now + DAY):
        buy(stage, terms)
    terms = offer(title, ADA, end=stage.now + DAY, term=DAY + 1)
    buy(stage, terms)
    with refused("NoTime", stage.now + DAY + 1, stage.now + DAY):
        buy(stage, terms)
    terms = offer(title, ADA)
    buy(stage, terms)
    with refused("NoTime", stage.now, FOREVER):
        buy(stage, terms)


def test_a_term_that_reaches_the_end_of_time_stops_there(stage: Stage, title: int) -> None:
    terms = offer(title, ADA, term=FOREVER)
    buy(stage, terms)
    assert window(stage) == (stage.now, FOREVER)
    with refused("NoTime", stage.now, FOREVER):
        buy(stage, terms)


# Closing and taking back


def test_an_offer_is_closed_by_who_acts_for_the_title(stage: Stage, title: int) -> None:
    terms = offer(title, ADA, revocable=True)
    said = buy(stage, terms)
    with refused("NotAllowed", EVE.address):
        stage.licences.close(terms, sender=EVE)
    stage.titles.delegate(title, BEN.address, FAR, sender=ADA)
    stage.licences.close(terms, sender=BEN)
    assert stage.events("Withdrew") == [{"offer": said, "title": title}]
    with refused("NotOnSale", stage.now, 0, 0):
        buy(stage, terms, DAN)
    assert stage.licences.licensed(said, EVE.address)


def test_an_offer_is_closed_before_anybody_takes_it(stage: Stage, title: int) -> None:
    terms = offer(title, ADA)
    stage.licences.close(terms, sender=ADA)
    with refused("NotOnSale"):
        buy(stage, terms)


def test_only_a_revocable_licence_is_taken_back_and_only_while_it_is_held(stage: Stage, title: int) -> None:
    firm = offer(title, ADA)
    said = buy(stage, firm)
    with refused("NotRevocable", said):
        stage.licences.revoke(firm, EVE.address, sender=ADA)
    loose = offer(title, ADA, revocable=True, term=DAY)
    said = buy(stage, loose)
    with refused("NotAllowed", EVE.address):
        stage.licences.revoke(loose, EVE.address, sender=EVE)
    with refused("NotLicensed", said, DAN.address):
        stage.licences.revoke(loose, DAN.address, sender=ADA)
    stage.licences.revoke(loose, EVE.address, sender=ADA)
    assert stage.events("Revoked") == [{"offer": said, "licensee": EVE.address, "title": title}]
    assert not stage.licences.licensed(said, EVE.address)
    assert stage.licences.until(said, EVE.address) == 0  # the slot that an audit proves
    with refused("NotLicensed", said, EVE.address):
        stage.licences.revoke(loose, EVE.address, sender=ADA)
    buy(stage, loose)
    stage.wait(DAY - 1)
    with boa.env.anchor():
        stage.licences.revoke(loose, EVE.address, sender=ADA)
    stage.wait(1)
    with refused("NotLicensed", said, EVE.address):
        stage.licences.revoke(loose, EVE.address, sender=ADA)


def test_a_licence_that_has_not_begun_is_taken_back_too(stage: Stage, title: int) -> None:
    terms = offer(title, ADA, revocable=True, exclusive=True, start=stage.now + DAY)
    buy(stage, terms)
    stage.licences.revoke(terms, EVE.address, sender=ADA)
    buy(stage, terms, DAN)


def test_what_a_revoked_licence_excluded_is_sold_again(stage: Stage, title: int) -> None:
    terms = offer(title, ADA, revocable=True, exclusive=True)
    said = buy(stage, terms)
    with refused("Conflict", said):
        buy(stage, offer(title, ADA, exclusive=True, salt=1), DAN)
    stage.licences.revoke(terms, EVE.address, sender=ADA)
    assert stage.licences.books(said)[2] == stage.now - 1  # up to the second before, and no shorter
    buy(stage, offer(title, ADA, exclusive=True, salt=1), DAN)


def test_one_revoked_licence_of_a_plain_offer_leaves_the_others_standing(stage: Stage, title: int) -> None:
    terms = offer(title, ADA, revocable=True)
    said = buy(stage, terms)
    buy(stage, terms, DAN)
    stage.licences.revoke(terms, EVE.address, sender=ADA)
    assert stage.licences.licensed(said, DAN.address)
    with refused("Conflict", said):
        buy(stage, offer(title, ADA, exclusive=True))


def test_the_contract_says_where_its_titles_are(stage: Stage) -> None:
    assert stage.licences.TITLES() == stage.titles.address
    assert stage.licences.LIMIT() == 64
    assert stage.licences.eip712Domain()[1:5] == ("CinepeerLicences", "1", 1, stage.licences.address)
    assert boa.env.get_balance(Address(stage.licences.address)) == 0
