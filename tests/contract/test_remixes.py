"""Remixes: stated by who acts for the child, under a licence of the parent's and for the shares it asks."""

from __future__ import annotations

import pytest

from contract.people import ADA, DAN, DAY, EVE, PRICE, buy
from contract.stage import Stage, refused
from contract.words import (
    FAR,
    REMIX,
    STREAM,
    deed,
    offer,
)


@pytest.fixture
def remix(stage: Stage, title: int) -> tuple[int, tuple]:
    """A film of Dan's that gives 1,000 shares to Ada's, and a remix offer of hers that Dan has taken."""
    child = stage.titles.register(deed(DAN, [(DAN, 9000), (f"0x{title:040x}", 1000)], "remix"), b"", sender=DAN)
    terms = offer(title, ADA, media=REMIX | STREAM, remixShares=1000, term=DAY)
    buy(stage, terms, DAN)
    return child, terms


def test_a_remix_is_stated_under_its_licence(stage: Stage, title: int, remix: tuple[int, tuple]) -> None:
    child, terms = remix
    stage.licences.derive(child, title, terms, sender=DAN)
    assert stage.licences.REMIX() == REMIX
    assert stage.events("Derived") == [{"child": child, "parent": title, "offer": stage.licences.hashOf(terms)}]


def test_a_remix_is_stated_by_its_own_licensee(stage: Stage, title: int, remix: tuple[int, tuple]) -> None:
    child, terms = remix
    said = stage.licences.hashOf(terms)
    with refused("NotAllowed", ADA.address):
        stage.licences.derive(child, title, terms, sender=ADA)
    stage.titles.delegate(child, EVE.address, FAR, sender=DAN)
    with refused("NotLicensed", said, EVE.address):
        stage.licences.derive(child, title, terms, sender=EVE)
    stage.wait(DAY)
    with refused("NotLicensed", said, DAN.address):
        stage.licences.derive(child, title, terms, sender=DAN)


def test_a_remix_waits_for_its_licence_to_begin(stage: Stage, title: int, remix: tuple[int, tuple]) -> None:
    child, _ = remix
    later = offer(title, ADA, media=REMIX, start=stage.now + 5)
    said = buy(stage, later, DAN)
    with refused("NotLicensed", said, DAN.address):
        stage.licences.derive(child, title, later, sender=DAN)
    stage.wait(5)
    stage.licences.derive(child, title, later, sender=DAN)


def test_a_remix_needs_a_remix_licence_of_that_parent(stage: Stage, title: int, remix: tuple[int, tuple]) -> None:
    child, terms = remix
    plain = offer(title, ADA, media=REMIX - 1)
    said = buy(stage, plain, DAN)
    with refused("NoRemix", said):
        stage.licences.derive(child, title, plain, sender=DAN)
    other = stage.titles.register(deed(ADA, label="other"), b"", sender=ADA)
    with refused("NoRemix", stage.licences.hashOf(terms)):
        stage.licences.derive(child, other, terms, sender=DAN)
    own = offer(child, DAN, media=REMIX)
    stage.licences.buy(own, b"", DAN.address, sender=DAN, value=PRICE)
    with refused("NoRemix", stage.licences.hashOf(own)):
        stage.licences.derive(child, child, own, sender=DAN)


def test_a_remix_gives_the_shares_that_were_asked(stage: Stage, title: int, remix: tuple[int, tuple]) -> None:
    child, _ = remix
    terms = offer(title, ADA, media=REMIX, remixShares=1001)
    buy(stage, terms, DAN)
    with refused("BadShares", 1000, 1001):
        stage.licences.derive(child, title, terms, sender=DAN)
    stage.titles.safeTransferFrom(DAN.address, f"0x{title:040x}", child, 1, b"", sender=DAN)
    stage.licences.derive(child, title, terms, sender=DAN)
