"""Other currencies: honest ones, and ones that keep a part, say no, block, or call back."""

from __future__ import annotations

from typing import Any

import boa
import pytest
from boa.util.abi import Address
from eth_utils import keccak

from contract.actors import token
from contract.stage import ZERO, Stage, person, refused
from contract.words import address, content, deed, offer

ADA, BEN, CLEO, DAN, EVE = (person(name) for name in ("Ada", "Ben", "Cleo", "Dan", "Eve"))
MEMO = keccak(text="thanks")


def purse_of(title: int) -> str:
    return f"0x{title:040x}"


@pytest.fixture
def coined(market: tuple[Stage, Any]) -> tuple[Stage, Any, int]:
    """A film held 70/30, and Eve with 1,000 of a currency."""
    stage, coin = market
    coin.mint(EVE.address, 1000)
    title = stage.titles.register(deed(ADA, [(ADA, 7000), (BEN, 3000)]), b"", sender=ADA)
    return stage, coin, title


def pay(stage: Stage, coin: Any, title: int, amount: int = 1000) -> int:
    with boa.env.prank(Address(EVE.address)):
        coin.transfer(stage.titles.address, amount)
    return stage.titles.credit(title, address(coin), MEMO, sender=EVE)


def test_a_currency_is_paid_and_withdrawn(coined: tuple[Stage, Any, int]) -> None:
    stage, coin, title = coined
    assert stage.titles.accepts(address(coin))
    assert pay(stage, coin, title) == 1000
    assert stage.titles.withdraw(title, address(coin), BEN.address) == 300
    assert coin.balanceOf(BEN.address) == 300
    assert stage.titles.reserves(address(coin)) == coin.balanceOf(stage.titles.address) == 700
    assert stage.titles.purses(title, ZERO) == (0, 0)


def test_shares_go_without_what_they_earned_in_any_currency(coined: tuple[Stage, Any, int]) -> None:
    stage, coin, title = coined
    pay(stage, coin, title)
    stage.titles.safeTransferFrom(ADA.address, CLEO.address, title, 7000, b"", sender=ADA)
    assert stage.titles.claimable(title, address(coin), ADA.address) == 700
    assert stage.titles.claimable(title, address(coin), CLEO.address) == 0


def test_a_currency_is_swept_from_the_films_address(coined: tuple[Stage, Any, int]) -> None:
    stage, coin, title = coined
    coin.mint(purse_of(title), 40)
    assert stage.titles.sweep(ADA.address, content(), address(coin)) == 40
    assert stage.titles.claimable(title, address(coin), ADA.address) == 28


def test_a_currency_that_keeps_a_part_credits_what_came(coined: tuple[Stage, Any, int]) -> None:
    stage, coin, title = coined
    coin.be(1, ZERO, b"")
    assert pay(stage, coin, title) == 900
    assert stage.titles.reserves(address(coin)) == coin.balanceOf(stage.titles.address) == 900


@pytest.mark.parametrize("mode", [2, 3])
def test_a_currency_that_does_not_pay_leaves_the_claim(coined: tuple[Stage, Any, int], mode: int) -> None:
    stage, coin, title = coined
    pay(stage, coin, title)
    coin.be(mode, ZERO, b"")
    with refused("SafeERC20FailedOperation" if mode == 2 else "nothing said"):
        stage.titles.withdraw(title, address(coin), BEN.address)
    coin.be(0, ZERO, b"")
    assert stage.titles.withdraw(title, address(coin), BEN.address) == 300


def test_a_currency_that_blocks_a_holder_blocks_that_holder(coined: tuple[Stage, Any, int]) -> None:
    stage, coin, title = coined
    pay(stage, coin, title)
    coin.block(BEN.address)
    with refused("nothing said"):
        stage.titles.withdraw(title, address(coin), BEN.address)
    assert stage.titles.withdraw(title, address(coin), ADA.address) == 700
    stage.titles.safeTransferFrom(BEN.address, ADA.address, title, 3000, b"", sender=BEN)


def test_a_currency_that_calls_back_is_refused(coined: tuple[Stage, Any, int]) -> None:
    stage, coin, title = coined
    pay(stage, coin, title)
    coin.be(4, stage.titles.address, stage.titles.calldata("credit", title, address(coin), MEMO))
    with refused("ReentrancyGuardReentrantCall"):
        stage.titles.withdraw(title, address(coin), BEN.address)


def test_a_sale_in_a_currency_pays_the_film(coined: tuple[Stage, Any, int]) -> None:
    stage, coin, title = coined
    terms = offer(title, ADA, token=address(coin), price=600, term=100)
    buy = stage.licences.calldata("buy", terms, b"", EVE.address)
    with refused("BadPrice", 1, 0):
        stage.send(ADA, stage.licences.address, buy, value=1)
    with refused("nothing said"):
        stage.send(ADA, stage.licences.address, buy)
    coin.mint(ADA.address, 1200)
    with boa.env.prank(Address(ADA.address)):
        coin.approve(stage.licences.address, 1200)
    stage.send(ADA, stage.licences.address, buy)
    assert stage.titles.purses(title, address(coin)) == (600, 0)
    assert stage.events("Granted")[-1]["paid"] == 600
    coin.be(1, ZERO, b"")
    with refused("BadPrice", 540, 600):
        stage.send(ADA, stage.licences.address, buy)
    coin.be(4, stage.licences.address, buy)
    with refused("ReentrancyGuardReentrantCall"):
        stage.send(ADA, stage.licences.address, buy)


def test_a_sale_in_an_unknown_currency_is_refused(coined: tuple[Stage, Any, int]) -> None:
    stage, _, title = coined
    other = token()
    other.mint(ADA.address, 600)
    with boa.env.prank(Address(ADA.address)):
        other.approve(stage.licences.address, 600)
    with refused("BadToken", address(other)):
        stage.licences.buy(offer(title, ADA, token=address(other), price=600), b"", EVE.address, sender=ADA)


def test_up_to_three_currencies_stand_beside_the_native_one(market: tuple[Stage, Any]) -> None:
    coins = [token() for _ in range(3)]
    stage = Stage(tokens=tuple(address(coin) for coin in coins))
    title = stage.titles.register(deed(ADA), b"", sender=ADA)
    assert [stage.titles.TOKEN1(), stage.titles.TOKEN2(), stage.titles.TOKEN3()] == [address(c) for c in coins]
    nobodys = f"0x{1:040x}"
    assert [stage.titles.accepts(each) for each in (ZERO, nobodys, *map(address, coins))] == [True, False, *3 * [True]]
    for coin in coins:
        coin.mint(stage.titles.address, 100)
        stage.titles.credit(title, address(coin), MEMO)
    stage.titles.safeTransferFrom(ADA.address, BEN.address, title, 4000, b"", sender=ADA)
    for coin in coins:
        coin.mint(stage.titles.address, 100)
        stage.titles.credit(title, address(coin), MEMO)
        assert stage.titles.claimable(title, address(coin), ADA.address) == 160
        assert stage.titles.withdraw(title, address(coin), BEN.address) == 40
