"""Purses: money comes in for all shares at once and goes out to each holder, whatever a receiver or a currency does."""

from __future__ import annotations

from typing import Any

import boa
import pytest
from boa.util.abi import Address
from eth_utils import keccak

from contract.actors import actor
from contract.stage import CLEAR, CONTESTED, NONE32, SUSPENDED, VOID, ZERO, Stage, person, refused
from contract.words import address, content, deed, offer

ADA, BEN, CLEO, DAN, EVE = (person(name) for name in ("Ada", "Ben", "Cleo", "Dan", "Eve"))
MEMO = keccak(text="thanks")


def purse_of(title: int) -> str:
    return f"0x{title:040x}"


def due(stage: Stage, title: int, *people: Any) -> list[int]:
    """What each has coming in native currency."""
    return [stage.titles.claimable(title, ZERO, address(who)) for who in people]


def left(stage: Stage, title: int, currency: str = ZERO) -> int:
    paid_in, paid_out = stage.titles.purses(title, currency)
    return paid_in - paid_out


# In


def test_a_payment_belongs_to_all_shares(stage: Stage, title: int) -> None:
    assert stage.titles.credit(title, ZERO, MEMO, sender=EVE, value=1000) == 1000
    assert due(stage, title, ADA, BEN, EVE) == [700, 300, 0]
    assert stage.titles.reserves(ZERO) == stage.balance(stage.titles) == 1000
    assert stage.events("Credited") == [
        {"title": title, "payer": EVE.address, "memo": MEMO, "token": ZERO, "amount": 1000, "time": stage.now}
    ]


def test_only_registered_titles_are_paid_and_in_known_money(stage: Stage, title: int) -> None:
    with refused("Unknown", 7):
        stage.titles.credit(7, ZERO, MEMO, value=1)
    with refused("BadToken", ADA.address):
        stage.titles.credit(title, ADA.address, MEMO, value=1)


def test_nothing_is_credited_without_a_memo(stage: Stage, title: int) -> None:
    with refused("Nothing"):
        stage.titles.credit(title, ZERO, NONE32)
    assert stage.titles.credit(title, ZERO, MEMO) == 0
    assert stage.events("Credited")[-1]["amount"] == 0


def test_the_registry_takes_no_plain_payment(stage: Stage) -> None:
    with refused("NotAllowed", EVE.address):
        stage.send(EVE, stage.titles.address, value=1)


def test_money_that_was_forced_in_is_the_next_payments(stage: Stage, title: int) -> None:
    boa.env.set_balance(Address(stage.titles.address), 50)
    assert stage.titles.credit(title, ZERO, MEMO, value=100) == 150
    assert stage.titles.reserves(ZERO) == 150


def test_a_purse_has_an_end(stage: Stage, title: int) -> None:
    most = 2**112 - 1
    with refused("PurseFull", most + 1, most):
        stage.titles.credit(title, ZERO, MEMO, value=most + 1)
    stage.titles.credit(title, ZERO, MEMO, value=most)
    assert due(stage, title, ADA) == [most * 7 // 10]
    with refused("PurseFull", most + 1, most):
        stage.titles.credit(title, ZERO, MEMO, value=1)
    assert stage.titles.withdraw(title, ZERO, ADA.address) == most * 7 // 10


def test_money_sent_to_a_film_before_it_is_registered_waits(stage: Stage) -> None:
    place = purse_of(stage.titles.idOf(ADA.address, content()))
    stage.send(EVE, place, value=1000)
    with refused("Unknown", int(place, 16)):
        stage.titles.sweep(ADA.address, content(), ZERO)
    title = stage.titles.register(deed(ADA), b"", sender=ADA)
    assert stage.titles.sweep(ADA.address, content(), ZERO, sender=EVE) == 1000
    assert stage.events("Credited")[-1]["payer"] == place
    assert due(stage, title, ADA) == [1000]


def test_a_purse_is_swept_again_and_again(stage: Stage, title: int) -> None:
    for amount in (5, 6):
        stage.send(EVE, purse_of(title), value=amount)
        assert stage.titles.sweep(ADA.address, content(), ZERO) == amount
    with refused("Nothing"):
        stage.titles.sweep(ADA.address, content(), ZERO)
    assert left(stage, title) == 11


def test_only_the_registry_pulls_from_a_purse(stage: Stage, title: int) -> None:
    stage.send(EVE, purse_of(title), value=5)
    stage.titles.sweep(ADA.address, content(), ZERO)
    stage.send(EVE, purse_of(title), value=5)
    purse = stage.at(purse_of(title), "FilmPurse")
    for nobody in (ADA, EVE):
        with refused("NotAllowed"):
            purse.pull(ZERO, sender=nobody)
    assert stage.balance(purse) == 5


# Out


def test_anyone_has_a_holder_paid(stage: Stage, title: int) -> None:
    stage.titles.credit(title, ZERO, MEMO, value=1000)
    before = stage.balance(BEN)
    assert stage.titles.withdraw(title, ZERO, BEN.address, sender=EVE) == 300
    assert stage.balance(BEN) - before == 300
    assert stage.titles.purses(title, ZERO) == (1000, 300)
    assert stage.titles.reserves(ZERO) == stage.balance(stage.titles) == 700
    assert stage.events("Withdrawn") == [
        {"title": title, "holder": BEN.address, "token": ZERO, "amount": 300, "time": stage.now}
    ]
    with refused("Nothing"):
        stage.titles.withdraw(title, ZERO, BEN.address)


def test_who_holds_nothing_gets_nothing(stage: Stage, title: int) -> None:
    stage.titles.credit(title, ZERO, MEMO, value=1000)
    with refused("Nothing"):
        stage.titles.withdraw(title, ZERO, EVE.address)


def test_what_does_not_divide_stays_the_holders(stage: Stage, title: int) -> None:
    for _ in range(10):
        stage.titles.credit(title, ZERO, MEMO, value=1)
    assert due(stage, title, ADA, BEN) == [7, 3]
    stage.titles.credit(title, ZERO, MEMO, value=3)
    assert due(stage, title, ADA, BEN) == [9, 3]
    stage.titles.withdraw(title, ZERO, ADA.address)
    stage.titles.credit(title, ZERO, MEMO, value=7)
    assert due(stage, title, ADA, BEN) == [5, 6]


def test_shares_go_without_what_they_earned(stage: Stage, title: int) -> None:
    stage.titles.credit(title, ZERO, MEMO, value=1000)
    stage.titles.safeTransferFrom(ADA.address, CLEO.address, title, 7000, b"", sender=ADA)
    assert due(stage, title, ADA, BEN, CLEO) == [700, 300, 0]
    stage.titles.credit(title, ZERO, MEMO, value=1000)
    assert due(stage, title, ADA, BEN, CLEO) == [700, 600, 700]
    stage.titles.withdraw(title, ZERO, ADA.address)
    stage.titles.safeTransferFrom(CLEO.address, ADA.address, title, 7000, b"", sender=CLEO)
    assert due(stage, title, ADA, BEN, CLEO) == [0, 600, 700]


def test_one_unit_is_settled_like_any_other(stage: Stage) -> None:
    title = stage.titles.register(deed(ADA, label="poor"), b"", sender=ADA)
    stage.titles.credit(title, ZERO, MEMO, value=1)
    stage.titles.safeTransferFrom(ADA.address, BEN.address, title, 5000, b"", sender=ADA)
    assert due(stage, title, ADA, BEN) == [1, 0]


def test_a_move_to_oneself_changes_no_claim(stage: Stage, title: int) -> None:
    stage.titles.credit(title, ZERO, MEMO, value=1000)
    stage.titles.safeTransferFrom(ADA.address, ADA.address, title, 7000, b"", sender=ADA)
    assert due(stage, title, ADA, BEN) == [700, 300]


def test_a_disputed_purse_stays_shut(stage: Stage, title: int) -> None:
    stage.titles.credit(title, ZERO, MEMO, value=1000)
    for status in (CONTESTED, SUSPENDED, VOID):
        with boa.env.anchor():
            stage.titles.mark(title, status, ZERO, sender=stage.disputes)
            assert stage.titles.credit(title, ZERO, MEMO, value=1) == 1
            with refused("Frozen", title, status):
                stage.titles.withdraw(title, ZERO, ADA.address)
    with refused("Frozen", 7, 0):
        stage.titles.withdraw(7, ZERO, ADA.address)


def test_the_rest_of_a_void_title_goes_to_its_successor(stage: Stage, title: int) -> None:
    stage.titles.credit(title, ZERO, MEMO, value=1000)
    stage.titles.withdraw(title, ZERO, BEN.address)
    for status in (CLEAR, CONTESTED, SUSPENDED):
        stage.titles.mark(title, status, ZERO, sender=stage.disputes)
        with refused("Frozen", title, status):
            stage.titles.redeem(title, ZERO)
    stage.titles.mark(title, VOID, EVE.address, sender=stage.disputes)
    before = stage.balance(EVE)
    assert stage.titles.redeem(title, ZERO, sender=BEN) == 700
    assert stage.balance(EVE) - before == 700
    with refused("Nothing"):
        stage.titles.redeem(title, ZERO)
    stage.titles.credit(title, ZERO, MEMO, value=9)
    assert stage.titles.redeem(title, ZERO) == 9


# From title to title


def test_royalties_go_up_to_a_parent_film(stage: Stage, title: int) -> None:
    remix = stage.titles.register(deed(DAN, [(DAN, 9000), (purse_of(title), 1000)], "remix"), b"", sender=DAN)
    stage.titles.credit(remix, ZERO, MEMO, value=1000)
    assert stage.titles.withdraw(remix, ZERO, purse_of(title)) == 100
    came = stage.events("Credited")[-1]
    assert (came["title"], came["payer"], came["amount"], came["memo"]) == (title, purse_of(remix), 100, NONE32)
    assert due(stage, title, ADA, BEN) == [70, 30]
    assert stage.titles.reserves(ZERO) == stage.balance(stage.titles) == 1000
    assert (left(stage, remix), left(stage, title)) == (900, 100)


def test_a_disputed_parent_still_gets_its_part(stage: Stage, title: int) -> None:
    remix = stage.titles.register(deed(DAN, [(DAN, 9000), (purse_of(title), 1000)], "remix"), b"", sender=DAN)
    stage.titles.credit(remix, ZERO, MEMO, value=1000)
    stage.titles.mark(title, CONTESTED, ZERO, sender=stage.disputes)
    assert stage.titles.withdraw(remix, ZERO, purse_of(title)) == 100


def test_titles_that_hold_each_other_pass_on_less_and_less(stage: Stage) -> None:
    first, second = (purse_of(stage.titles.idOf(ADA.address, content(label))) for label in ("one", "two"))
    one = stage.titles.register(deed(ADA, [(ADA, 5000), (second, 5000)], "one"), b"", sender=ADA)
    two = stage.titles.register(deed(ADA, [(ADA, 5000), (first, 5000)], "two"), b"", sender=ADA)
    stage.titles.credit(one, ZERO, MEMO, value=1000)
    moved = []
    while due(stage, one, second)[0]:
        moved.append(stage.titles.withdraw(one, ZERO, second))
        if due(stage, two, first)[0]:
            moved.append(stage.titles.withdraw(two, ZERO, first))
    assert moved == sorted(moved, reverse=True)
    paid = sum(stage.titles.withdraw(title, ZERO, ADA.address) for title in (one, two))
    assert 998 <= paid <= 1000
    assert left(stage, one) + left(stage, two) == 1000 - paid == stage.titles.reserves(ZERO)


# Receivers that misbehave


@pytest.fixture
def shared(stage: Stage) -> tuple[int, Any]:
    """A film held half by Ada and half by a contract, with 1,000 in its purse."""
    house = actor()
    title = stage.titles.register(deed(ADA, [(ADA, 5000), (house, 5000)]), b"", sender=ADA)
    stage.titles.credit(title, ZERO, MEMO, value=1000)
    return title, house


def test_a_receiver_that_refuses_holds_up_nobody_else(stage: Stage, shared: tuple[int, Any]) -> None:
    title, house = shared
    house.be(1, ZERO, b"", False)
    with refused("NotTaken", address(house)):
        stage.titles.withdraw(title, ZERO, address(house))
    assert stage.titles.withdraw(title, ZERO, ADA.address) == 500
    house.be(0, ZERO, b"", False)
    assert stage.titles.withdraw(title, ZERO, address(house)) == 500


def test_a_receiver_that_burns_gas_burns_its_callers(stage: Stage, shared: tuple[int, Any]) -> None:
    title, house = shared
    house.be(3, ZERO, b"", False)
    call = stage.titles.calldata("withdraw", title, ZERO, address(house))
    with refused("NotTaken", address(house)):
        stage.send(EVE, stage.titles.address, call, gas=2_000_000)
    assert due(stage, title, house) == [500]


REENTRIES = {
    "withdraw": lambda title, house: (title, ZERO, address(house)),
    "credit": lambda title, house: (title, ZERO, MEMO),
    "sweep": lambda title, house: (ADA.address, content(), ZERO),
    "redeem": lambda title, house: (title, ZERO),
}


@pytest.mark.parametrize("name", REENTRIES)
def test_a_receiver_that_calls_back_is_refused(stage: Stage, shared: tuple[int, Any], name: str) -> None:
    title, house = shared
    call = stage.titles.calldata(name, *REENTRIES[name](title, house))
    house.be(2, stage.titles.address, call, True)
    with refused("NotTaken", address(house)):
        stage.titles.withdraw(title, ZERO, address(house))
    house.be(2, stage.titles.address, call, False)
    assert stage.titles.withdraw(title, ZERO, address(house)) == 500
    assert house.answers() == 1000, "the call back was made once and did not hold"
    assert stage.balance(house) == 500
    assert stage.titles.purses(title, ZERO) == (1000, 500)


def test_a_successor_that_calls_back_is_refused(stage: Stage, shared: tuple[int, Any]) -> None:
    title, house = shared
    stage.titles.mark(title, VOID, address(house), sender=stage.disputes)
    call = stage.titles.calldata("credit", title, ZERO, MEMO)
    house.be(2, stage.titles.address, call, True)
    with refused("NotTaken", address(house)):
        stage.titles.redeem(title, ZERO)
    house.be(2, stage.titles.address, call, False)
    assert stage.titles.redeem(title, ZERO) == 1000
    assert (house.answers(), stage.balance(house)) == (1000, 1000)


def test_a_receiver_cannot_buy_while_it_is_paid(stage: Stage, shared: tuple[int, Any]) -> None:
    title, house = shared
    free = offer(title, ADA, price=0)
    house.be(2, stage.licences.address, stage.licences.calldata("buy", free, b"", address(house)), True)
    with refused("NotTaken", address(house)):
        stage.titles.withdraw(title, ZERO, address(house))


def test_a_receiver_may_give_its_shares_on_while_it_is_paid(stage: Stage, shared: tuple[int, Any]) -> None:
    title, house = shared
    call = stage.titles.calldata("safeTransferFrom", address(house), EVE.address, title, 5000, b"")
    house.be(2, stage.titles.address, call, True)
    assert stage.titles.withdraw(title, ZERO, address(house)) == 500
    assert due(stage, title, ADA, house, EVE) == [500, 0, 0]
    assert stage.titles.balanceOf(EVE.address, title) == 5000


def test_a_holder_that_calls_back_for_its_shares_earns_nothing_twice(stage: Stage, shared: tuple[int, Any]) -> None:
    title, house = shared
    call = stage.titles.calldata("withdraw", title, ZERO, address(house))
    house.be(2, stage.titles.address, call, False)
    stage.titles.safeTransferFrom(ADA.address, address(house), title, 5000, b"", sender=ADA)
    assert due(stage, title, ADA, house) == [500, 0]
    assert stage.balance(house) == 500
