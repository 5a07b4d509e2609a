"""Rulings: who decides and when, where the bonds go, and what several cases of one title make of it."""

from __future__ import annotations

import boa
import pytest

from contract.people import ADA, BEN, DAN, DAY, DISMISSED, EVE, EVIDENCE, LAPSED, REASONS, UPHELD, owed, state_of
from contract.stage import (
    BOND,
    CLEAR,
    CONTESTED,
    NONE,
    NONE32,
    SUSPENDED,
    VOID,
    ZERO,
    Stage,
    refused,
)


def test_an_upheld_notice_makes_the_title_void_and_its_rest_the_claimants(stage: Stage, title: int, case: int) -> None:
    stage.titles.credit(title, ZERO, NONE32, value=1000)
    stage.disputes.answer(case, REASONS, sender=ADA, value=BOND)
    stage.disputes.rule(case, True, REASONS, sender=stage.arbiter)
    assert (state_of(stage, case), stage.titles.statusOf(title)) == (UPHELD, VOID)
    assert owed(stage, EVE, ADA) == [2 * BOND, 0]
    assert stage.events("Closed") == [{"id": case, "title": title, "state": UPHELD, "reasons": REASONS}]
    assert stage.titles.redeem(title, ZERO) == 1000
    before = stage.balance(EVE)
    stage.disputes.collect(EVE.address, sender=DAN)
    assert stage.balance(EVE) - before == 2 * BOND
    assert stage.events("Collected") == [{"who": EVE.address, "amount": 2 * BOND}]


def test_a_dismissed_notice_pays_the_film(stage: Stage, title: int, case: int) -> None:
    stage.disputes.answer(case, REASONS, sender=BEN, value=BOND)
    stage.disputes.rule(case, False, REASONS, sender=stage.arbiter)
    assert (state_of(stage, case), stage.titles.statusOf(title)) == (DISMISSED, CLEAR)
    assert stage.events("Closed") == [{"id": case, "title": title, "state": DISMISSED, "reasons": REASONS}]
    assert owed(stage, EVE, BEN) == [0, BOND]
    came = stage.events("Credited")[-1]
    assert (came["payer"], came["amount"], came["memo"]) == (stage.disputes.address, BOND, case.to_bytes(32, "big"))
    assert stage.titles.claimable(title, ZERO, ADA.address) == BOND * 7 // 10
    assert stage.balance(stage.disputes) == BOND


def test_who_notices_and_answers_alone_does_not_get_the_bond_back(stage: Stage, title: int) -> None:
    stage.titles.safeTransferFrom(BEN.address, DAN.address, title, 1, b"", sender=BEN)
    case = stage.disputes.notice(title, 1, EVIDENCE, sender=EVE, value=BOND)
    stage.disputes.answer(case, REASONS, sender=DAN, value=BOND)
    stage.disputes.rule(case, False, REASONS, sender=stage.arbiter)
    assert owed(stage, EVE, DAN) == [0, BOND]
    assert stage.titles.claimable(title, ZERO, DAN.address) == BOND // 10_000


def test_only_the_arbiter_rules_and_not_before_the_answer_is_late(stage: Stage, case: int) -> None:
    for nobody in (ADA, EVE, DAN):
        with refused("NotAllowed", nobody.address):
            stage.disputes.rule(case, True, REASONS, sender=nobody)
    stage.wait(14 * DAY)
    for upheld in (True, False):
        with refused("TooEarly", stage.now, stage.now):
            stage.disputes.rule(case, upheld, REASONS, sender=stage.arbiter)
    stage.wait(1)
    with boa.env.anchor():
        stage.disputes.rule(case, False, REASONS, sender=stage.arbiter)
        assert owed(stage, EVE, ADA) == [0, 0]
        assert stage.balance(stage.disputes) == 0
    stage.disputes.rule(case, True, REASONS, sender=stage.arbiter)
    assert owed(stage, EVE, ADA) == [BOND, 0]
    with refused("BadState", case, UPHELD):
        stage.disputes.rule(case, True, REASONS, sender=stage.arbiter)
    with refused("BadState", 99, NONE):
        stage.disputes.rule(99, True, REASONS, sender=stage.arbiter)


def test_an_arbiter_may_still_rule_late(stage: Stage, title: int, case: int) -> None:
    stage.disputes.answer(case, REASONS, sender=ADA, value=BOND)
    stage.wait(300 * DAY)
    stage.disputes.rule(case, False, REASONS, sender=stage.arbiter)
    assert stage.titles.statusOf(title) == CLEAR


# The end by time or by the claimant


@pytest.mark.parametrize("answered, after", [(True, 30 * DAY), (False, 44 * DAY)])
def test_a_silent_arbiter_lets_the_case_lapse(stage: Stage, title: int, case: int, answered: bool, after: int) -> None:
    if answered:
        stage.disputes.answer(case, REASONS, sender=ADA, value=BOND)
    stage.wait(after)
    with refused("TooEarly", stage.now, stage.now):
        stage.disputes.lapse(case)
    stage.wait(1)
    stage.disputes.lapse(case, sender=DAN)
    assert (state_of(stage, case), stage.titles.statusOf(title)) == (LAPSED, CLEAR)
    assert owed(stage, EVE, ADA) == [BOND, BOND if answered else 0]
    assert stage.disputes.owed(ZERO) == 0
    assert stage.events("Closed") == [{"id": case, "title": title, "state": LAPSED, "reasons": NONE32}]
    with refused("BadState", case, LAPSED):
        stage.disputes.lapse(case)


@pytest.mark.parametrize("answered", [True, False])
def test_a_dropped_notice_pays_the_film(stage: Stage, title: int, case: int, answered: bool) -> None:
    if answered:
        stage.disputes.answer(case, REASONS, sender=ADA, value=BOND)
    for nobody in (ADA, DAN, stage.arbiter):
        with refused("NotAllowed", nobody.address):
            stage.disputes.drop(case, sender=nobody)
    stage.disputes.drop(case, sender=EVE)
    assert (state_of(stage, case), stage.titles.statusOf(title)) == (DISMISSED, CLEAR)
    assert owed(stage, EVE, ADA) == [0, BOND if answered else 0]
    assert stage.disputes.owed(ZERO) == 0
    assert stage.titles.purses(title, ZERO) == (BOND, 0)
    with refused("BadState", case, DISMISSED):
        stage.disputes.drop(case, sender=EVE)


# Several cases of one title


def test_a_title_is_clear_when_its_last_case_is_over(stage: Stage, title: int, case: int) -> None:
    other = stage.disputes.notice(title, 2, EVIDENCE, sender=DAN, value=BOND)
    assert stage.disputes.live(title) == 2
    assert len(stage.events("StatusSet")) == 1
    stage.disputes.drop(case, sender=EVE)
    assert (stage.titles.statusOf(title), stage.disputes.live(title)) == (CONTESTED, 1)
    assert len(stage.events("StatusSet")) == 1  # it stayed as it was, so there is no entry
    stage.disputes.drop(other, sender=DAN)
    assert (stage.titles.statusOf(title), stage.disputes.live(title)) == (CLEAR, 0)


def test_a_suspension_ends_with_its_case(stage: Stage, title: int, case: int) -> None:
    stage.wait(14 * DAY + 1)
    other = stage.disputes.notice(title, 2, EVIDENCE, sender=DAN, value=BOND)
    stage.disputes.suspend(case)
    with refused("TooEarly"):
        stage.disputes.suspend(other)
    stage.disputes.rule(case, False, REASONS, sender=stage.arbiter)
    assert stage.titles.statusOf(title) == CONTESTED


def test_only_a_void_title_has_a_successor(stage: Stage, title: int, case: int) -> None:
    stage.wait(14 * DAY + 1)
    other = stage.disputes.notice(title, 2, EVIDENCE, sender=DAN, value=BOND)
    stage.disputes.suspend(case)
    stage.disputes.answer(case, REASONS, sender=ADA, value=BOND)
    stage.wait(14 * DAY + 1)
    stage.disputes.suspend(other)
    stage.disputes.rule(case, False, REASONS, sender=stage.arbiter)
    stage.disputes.drop(other, sender=DAN)
    changes = [(said["status"], said["successor"]) for said in stage.events("StatusSet")]
    steps = (CONTESTED, SUSPENDED, CONTESTED, SUSPENDED, CONTESTED, CLEAR)
    assert changes == [(status, ZERO) for status in steps]
    assert stage.titles.successor(title) == ZERO


def test_the_first_upheld_notice_decides(stage: Stage, title: int, case: int) -> None:
    other = stage.disputes.notice(title, 2, EVIDENCE, sender=DAN, value=BOND)
    third = stage.disputes.notice(title, 2, EVIDENCE, sender=DAN, value=BOND)
    for one in (case, other):
        stage.disputes.answer(one, REASONS, sender=ADA, value=BOND)
        stage.disputes.rule(one, True, REASONS, sender=stage.arbiter)
    stage.disputes.drop(third, sender=DAN)
    assert stage.titles.successor(title) == EVE.address
    assert stage.titles.statusOf(title) == VOID
    assert owed(stage, EVE, DAN) == [2 * BOND, 2 * BOND]
    assert stage.titles.redeem(title, ZERO) == BOND


def test_a_void_title_is_not_suspended(stage: Stage, title: int, case: int) -> None:
    other = stage.disputes.notice(title, 2, EVIDENCE, sender=DAN, value=BOND)
    stage.disputes.answer(case, REASONS, sender=ADA, value=BOND)
    stage.disputes.rule(case, True, REASONS, sender=stage.arbiter)
    stage.wait(15 * DAY)
    with refused("Frozen", title, VOID):
        stage.disputes.suspend(other)
    stage.disputes.answer(other, REASONS, sender=BEN, value=BOND)
    stage.wait(31 * DAY)
    stage.disputes.lapse(other)
    assert stage.titles.statusOf(title) == VOID
    assert owed(stage, DAN, BEN) == [BOND, BOND]


def test_a_disputed_title_stays_with_its_holders(stage: Stage, title: int, case: int) -> None:
    stage.disputes.answer(case, REASONS, sender=ADA, value=BOND)
    stage.disputes.rule(case, True, REASONS, sender=stage.arbiter)
    assert stage.titles.balanceOf(ADA.address, title) + stage.titles.balanceOf(BEN.address, title) == 10_000
    assert stage.titles.titles(title)[0] == ADA.address
