"""Exclusion: what meets in territory, medium and time is not sold twice, and what lapsed may be."""

from __future__ import annotations

import pytest

from contract.people import ADA, DAN, DAY, EVE, buy
from contract.stage import Stage, refused
from contract.words import (
    CINEMA,
    FRANCE,
    JAPAN,
    STREAM,
    WORLD,
    deed,
    offer,
)

APART = {
    "another territory": {"territory": JAPAN},
    "another medium": {"media": STREAM},
    "a later time": {"start": 10**10, "end": 10**10 + 5},
}


@pytest.mark.parametrize("first_excludes", [True, False])
@pytest.mark.parametrize("second_excludes", [True, False])
@pytest.mark.parametrize("apart", [None, *APART])
def test_licences_that_meet_exclude_each_other(
    stage: Stage, title: int, first_excludes: bool, second_excludes: bool, apart: str | None
) -> None:
    base = {"territory": FRANCE, "media": CINEMA, "end": 10**10 - 1}
    first = offer(title, ADA, **base, exclusive=first_excludes)
    second = offer(title, ADA, **{**base, **APART.get(apart or "", {})}, exclusive=second_excludes, salt=1)
    said = buy(stage, first)
    if (first_excludes or second_excludes) and apart is None:
        with refused("Conflict", said):
            buy(stage, second, DAN)
    else:
        buy(stage, second, DAN)


@pytest.mark.parametrize("gap", [-1, 0, 1])
def test_exclusive_windows_may_touch_but_not_meet(stage: Stage, title: int, gap: int) -> None:
    early = offer(title, ADA, start=stage.now + 100, end=stage.now + 200, exclusive=True)
    said = buy(stage, early)
    after = offer(title, ADA, start=stage.now + 200 + gap, end=stage.now + 300, exclusive=True)
    before = offer(title, ADA, start=stage.now + 50, end=stage.now + 100 - gap, exclusive=True)
    for terms in (after, before):
        if gap <= 0:
            with refused("Conflict", said):
                buy(stage, terms, DAN)
        else:
            buy(stage, terms, DAN)


def test_an_exclusive_offer_excludes_its_own_second_buyer_but_not_its_renewal(stage: Stage, title: int) -> None:
    terms = offer(title, ADA, term=DAY, exclusive=True)
    said = buy(stage, terms)
    with refused("Conflict", said):
        buy(stage, terms, DAN)
    buy(stage, terms)
    stage.wait(2 * DAY)
    buy(stage, terms, DAN)
    assert stage.licences.licensed(said, DAN.address)
    assert not stage.licences.licensed(said, EVE.address)


def test_exclusion_is_of_one_title(stage: Stage, title: int) -> None:
    other = stage.titles.register(deed(ADA, label="other"), b"", sender=ADA)
    buy(stage, offer(title, ADA, exclusive=True))
    buy(stage, offer(other, ADA, exclusive=True))


def test_lapsed_licences_exclude_nothing_and_are_dropped(stage: Stage, title: int) -> None:
    old = buy(stage, offer(title, ADA, term=DAY, exclusive=True))
    plain = buy(stage, offer(title, ADA, term=DAY, media=STREAM))
    kept = buy(stage, offer(title, ADA, term=3 * DAY, media=STREAM))
    assert stage.licences.listed(title) == ((old,), (plain, kept))
    stage.wait(DAY - 1)
    stage.licences.prune(title)
    assert stage.licences.listed(title) == ((old,), (plain, kept))
    stage.wait(1)
    stage.licences.prune(title, sender=DAN)
    assert stage.licences.listed(title) == ((), (kept,))
    buy(stage, offer(title, ADA, exclusive=True, salt=5))


def test_an_offer_that_was_dropped_excludes_again_when_it_is_taken_again(stage: Stage, title: int) -> None:
    terms = offer(title, ADA, term=DAY, exclusive=True)
    said = buy(stage, terms)
    stage.wait(DAY)
    stage.licences.prune(title)
    buy(stage, terms, DAN)
    assert stage.licences.listed(title) == ((said,), ())
    assert stage.licences.books(said)[1:3] == (stage.now, stage.now + DAY - 1)
    for exclusive in (True, False):
        with refused("Conflict", said):
            buy(stage, offer(title, ADA, exclusive=exclusive, salt=1))


def test_a_plain_offer_that_was_dropped_is_compared_again(stage: Stage, title: int) -> None:
    terms = offer(title, ADA, term=DAY)
    said = buy(stage, terms)
    stage.wait(DAY)
    stage.licences.prune(title)
    buy(stage, terms)
    with refused("Conflict", said):
        buy(stage, offer(title, ADA, exclusive=True))


def test_the_book_of_an_offer_spans_its_live_licences(stage: Stage, title: int) -> None:
    terms = offer(title, ADA, term=DAY)
    begin = stage.now
    said = buy(stage, terms)
    stage.wait(100)
    buy(stage, terms, DAN)
    assert stage.licences.books(said) == (2, begin, begin + 100 + DAY - 1, CINEMA, 0, False, False, True, WORLD)


def test_a_shorter_licence_leaves_the_book_as_long_as_the_longest(stage: Stage, title: int) -> None:
    terms = offer(title, ADA, term=DAY)
    said = buy(stage, terms)
    buy(stage, terms)
    last = stage.licences.until(said, EVE.address)
    buy(stage, terms, DAN)
    assert stage.licences.until(said, DAN.address) == last - DAY
    assert stage.licences.books(said)[2] == last
    with refused("Conflict", said):
        buy(stage, offer(title, ADA, start=last, exclusive=True), DAN)


@pytest.mark.parametrize("exclusive", [True, False])
def test_an_offer_is_listed_once_however_often_it_is_taken(stage: Stage, title: int, exclusive: bool) -> None:
    terms = offer(title, ADA, term=DAY, exclusive=exclusive)
    said = [buy(stage, terms), buy(stage, terms)][0]
    assert stage.licences.listed(title) == (((said,), ()) if exclusive else ((), (said,)))


@pytest.mark.parametrize("exclusive", [True, False])
def test_as_many_offers_may_be_live_as_can_be_compared(stage: Stage, title: int, exclusive: bool) -> None:
    for number in range(64):
        buy(stage, offer(title, ADA, term=DAY, exclusive=exclusive, media=STREAM, territory=1 << number))
    one_more = offer(title, ADA, exclusive=exclusive, media=STREAM, territory=1 << 64)
    with refused("TooMany", 64):
        buy(stage, one_more)
    buy(stage, offer(title, ADA, exclusive=not exclusive, media=CINEMA, territory=1 << 65))
    stage.wait(DAY)
    stage.licences.prune(title)
    buy(stage, one_more)
