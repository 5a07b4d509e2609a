"""Disputes: a notice holds money still, silence stops sales, an answer cures, a ruling decides, and time ends it."""

from __future__ import annotations

from typing import Any

import boa
import pytest
from eth_abi import encode
from eth_utils import keccak

from contract.actors import actor
from contract.people import ADA, ANSWERED, BEN, DAN, DAY, DISMISSED, EVE, EVIDENCE, NOTICED, REASONS, owed
from contract.stage import (
    BOND,
    CONTESTED,
    NONE,
    NONE32,
    SUSPENDED,
    VOID,
    ZERO,
    Stage,
    created,
    refused,
)
from contract.words import FAR, address, offer

# Deployment


def test_the_set_is_bound_together(stage: Stage) -> None:
    assert stage.titles.DISPUTES() == stage.disputes.address
    assert stage.disputes.TITLES() == stage.titles.address
    assert stage.disputes.ARBITER() == stage.arbiter.address
    assert stage.disputes.BOND() == BOND
    assert (stage.disputes.ANSWER(), stage.disputes.RULING(), stage.disputes.PART()) == (14 * DAY, 30 * DAY, 20)


def test_disputes_stand_where_the_registry_expects_them(stage: Stage) -> None:
    deployer = boa.env.generate_address()
    words = ["address", "address", "uint96"]
    with refused("Misplaced", created(deployer, 0), stage.disputes.address):
        stage.deploy("Disputes", deployer, words, [stage.titles.address, EVE.address, BOND])
    with refused("BadBond", 0, 1):
        stage.deploy("Disputes", deployer, words, [stage.titles.address, EVE.address, 0])


# Notice


def test_a_notice_holds_the_money_still_and_sales_go_on(stage: Stage, title: int, case: int) -> None:
    assert stage.titles.statusOf(title) == CONTESTED
    due = stage.now + 14 * DAY
    number = int(title)
    assert stage.disputes.cases(case) == (number, due, NOTICED, 3, EVE.address, BOND, ZERO)
    assert stage.disputes.live(title) == 1
    assert stage.events("Noticed") == [
        {
            "id": case,
            "title": title,
            "claimant": EVE.address,
            "ground": 3,
            "evidence": EVIDENCE,
            "bond": BOND,
            "due": due,
        }
    ]
    stage.licences.buy(offer(title, ADA), b"", DAN.address, sender=ADA, value=10**15)
    with refused("Frozen", title, CONTESTED):
        stage.titles.withdraw(title, ZERO, ADA.address)


def test_a_notice_costs_its_bond(stage: Stage, title: int) -> None:
    with refused("BadBond", BOND - 1, BOND):
        stage.disputes.notice(title, 1, EVIDENCE, sender=EVE, value=BOND - 1)


@pytest.mark.parametrize(
    "purse, bond", [(0, BOND), (20 * BOND, BOND), (20 * BOND + 20, BOND + 1), (40 * BOND, 2 * BOND)]
)
def test_the_bond_grows_with_the_purse(stage: Stage, title: int, purse: int, bond: int) -> None:
    if purse:
        stage.titles.credit(title, ZERO, NONE32, value=purse)
    assert stage.disputes.bondFor(title) == bond
    with refused("BadBond", bond - 1, bond):
        stage.disputes.notice(title, 1, EVIDENCE, sender=EVE, value=bond - 1)
    case = stage.disputes.notice(title, 1, EVIDENCE, sender=EVE, value=bond)
    assert stage.disputes.cases(case)[5] == bond


def test_the_bond_is_of_what_the_purse_still_holds(stage: Stage, title: int) -> None:
    stage.titles.credit(title, ZERO, NONE32, value=100 * BOND)
    stage.titles.withdraw(title, ZERO, ADA.address)
    assert stage.disputes.bondFor(title) == 30 * BOND // 20


def test_the_bond_has_an_end_as_the_purse_has(stage: Stage, title: int) -> None:
    stage.titles.credit(title, ZERO, NONE32, value=2**112 - 1)
    assert stage.disputes.bondFor(title) == 2**96 - 1


def test_what_is_beyond_the_bond_is_owed_back(stage: Stage, title: int) -> None:
    case = stage.disputes.notice(title, 1, EVIDENCE, sender=EVE, value=BOND + 7)
    assert stage.disputes.cases(case)[5] == BOND
    assert owed(stage, EVE) == [7]


def test_unknown_and_void_titles_are_not_disputed(stage: Stage, title: int) -> None:
    with refused("Frozen", 7, NONE):
        stage.disputes.notice(7, 1, EVIDENCE, sender=EVE, value=BOND)
    with refused("Frozen", 2**160 + title, NONE):
        stage.disputes.notice(2**160 + title, 1, EVIDENCE, sender=EVE, value=BOND)
    stage.titles.mark(title, VOID, ZERO, sender=stage.disputes)
    with refused("Frozen", title, VOID):
        stage.disputes.notice(title, 1, EVIDENCE, sender=EVE, value=BOND)


# Answer


@pytest.mark.parametrize("who", ["controller", "delegate", "holder"])
def test_who_is_concerned_answers(stage: Stage, title: int, case: int, who: str) -> None:
    stage.titles.delegate(title, DAN.address, FAR, sender=ADA)
    respondent = {"controller": ADA, "delegate": DAN, "holder": BEN}[who]
    stage.wait(100)
    stage.disputes.answer(case, REASONS, sender=respondent, value=BOND)
    due = stage.now + 30 * DAY
    assert stage.disputes.cases(case)[1:3] == (due, ANSWERED)
    assert stage.disputes.cases(case)[6] == respondent.address
    assert stage.events("Answered") == [
        {
            "id": case,
            "title": title,
            "respondent": respondent.address,
            "evidence": REASONS,
            "bond": BOND,
            "due": due,
        }
    ]
    assert stage.titles.statusOf(title) == CONTESTED


def test_others_do_not_answer(stage: Stage, case: int) -> None:
    for nobody in (EVE, DAN, stage.arbiter):
        with refused("NotAllowed", nobody.address):
            stage.disputes.answer(case, REASONS, sender=nobody, value=BOND)


def test_an_answer_costs_the_least_bond_however_full_the_purse(stage: Stage, title: int) -> None:
    stage.titles.credit(title, ZERO, NONE32, value=100 * BOND)
    case = stage.disputes.notice(title, 1, EVIDENCE, sender=EVE, value=5 * BOND)
    for value in (0, BOND - 1, BOND + 1, 5 * BOND):
        with refused("BadBond", value, BOND):
            stage.disputes.answer(case, REASONS, sender=ADA, value=value)
    stage.disputes.answer(case, REASONS, sender=ADA, value=BOND)


def test_a_case_is_answered_once_and_only_while_it_is_open(stage: Stage, case: int) -> None:
    with refused("BadState", case + 1, NONE):
        stage.disputes.answer(case + 1, REASONS, sender=ADA, value=BOND)
    stage.disputes.answer(case, REASONS, sender=ADA, value=BOND)
    with refused("BadState", case, ANSWERED):
        stage.disputes.answer(case, REASONS, sender=BEN, value=BOND)
    stage.disputes.rule(case, False, REASONS, sender=stage.arbiter)
    with refused("BadState", case, DISMISSED):
        stage.disputes.answer(case, REASONS, sender=BEN, value=BOND)


def test_both_sides_add_evidence_while_the_case_is_open(stage: Stage, title: int, case: int) -> None:
    for who in (EVE, ADA, BEN):
        stage.disputes.plead(case, EVIDENCE, sender=who)
        assert stage.events("Pleaded")[-1] == {
            "id": case,
            "title": title,
            "who": who.address,
            "evidence": EVIDENCE,
        }
    with refused("NotAllowed", DAN.address):
        stage.disputes.plead(case, EVIDENCE, sender=DAN)
    stage.disputes.drop(case, sender=EVE)
    with refused("BadState", case, DISMISSED):
        stage.disputes.plead(case, EVIDENCE, sender=EVE)


# Silence


def test_silence_suspends_sales_after_the_time_to_answer(stage: Stage, title: int, case: int) -> None:
    stage.wait(14 * DAY)
    with refused("TooEarly", stage.now, stage.now):
        stage.disputes.suspend(case)
    stage.wait(1)
    stage.disputes.suspend(case, sender=DAN)
    assert stage.titles.statusOf(title) == SUSPENDED
    with refused("Frozen", title, SUSPENDED):
        stage.disputes.suspend(case)
    with refused("Frozen", title, SUSPENDED):
        stage.licences.buy(offer(title, ADA), b"", DAN.address, sender=ADA, value=10**15)


def test_a_late_answer_cures_silence(stage: Stage, title: int, case: int) -> None:
    stage.wait(14 * DAY + 1)
    stage.disputes.suspend(case)
    stage.wait(400 * DAY)
    stage.disputes.answer(case, REASONS, sender=BEN, value=BOND)
    assert stage.titles.statusOf(title) == CONTESTED
    with refused("BadState", case, ANSWERED):
        stage.disputes.suspend(case)


def test_silence_moves_no_money_and_no_shares(stage: Stage, title: int, case: int) -> None:
    stage.titles.credit(title, ZERO, NONE32, value=1000)
    stage.wait(14 * DAY + 1)
    stage.disputes.suspend(case)
    stage.wait(1000 * DAY)
    with refused("Frozen", title, SUSPENDED):
        stage.titles.redeem(title, ZERO)
    assert stage.titles.claimable(title, ZERO, ADA.address) == 700
    assert stage.titles.balanceOf(ADA.address, title) == 7000
    stage.disputes.lapse(case)
    assert stage.titles.withdraw(title, ZERO, ADA.address) == 700


# Collection


def test_nothing_is_collected_twice(stage: Stage, title: int) -> None:
    stage.disputes.notice(title, 1, EVIDENCE, sender=EVE, value=BOND + 7)
    with refused("Nothing"):
        stage.disputes.collect(DAN.address)
    before = stage.balance(EVE)
    stage.disputes.collect(EVE.address)
    assert stage.balance(EVE) - before == 7
    with refused("Nothing"):
        stage.disputes.collect(EVE.address)


def claim_by(stage: Stage, house: Any, title: int) -> None:
    """A notice by a contract, with 7 too many."""
    call = stage.disputes.calldata("notice", title, 1, EVIDENCE)
    act = keccak(text="act(address,bytes)")[:4] + encode(["address", "bytes"], [stage.disputes.address, call])
    stage.send(EVE, str(house.address), act, value=BOND + 7)


def test_a_claimant_that_takes_no_money_holds_up_no_ruling(stage: Stage, title: int) -> None:
    house = actor()
    claim_by(stage, house, title)
    house.be(1, ZERO, b"", False)
    with refused("NotTaken", address(house)):
        stage.disputes.collect(address(house))
    stage.disputes.answer(0, REASONS, sender=ADA, value=BOND)
    stage.disputes.rule(0, True, REASONS, sender=stage.arbiter)
    assert stage.titles.statusOf(title) == VOID
    assert stage.disputes.owed(address(house)) == 2 * BOND + 7


def test_a_collector_that_calls_back_gets_it_once(stage: Stage, title: int) -> None:
    house = actor()
    claim_by(stage, house, title)
    call = stage.disputes.calldata("collect", address(house))
    house.be(2, stage.disputes.address, call, False)
    stage.disputes.collect(address(house))
    assert stage.balance(house) == 7
    assert house.answers() == 1000
