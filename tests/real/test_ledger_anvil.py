"""The same ledger code on a chain of others: contracts made and compared, films sold, reorganisations, stuck fees."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from cinepeer.adapters.chain.client import Ledger
from cinepeer.adapters.chain.deploying import check_contracts, compare, deploy
from cinepeer.adapters.chain.history import History
from cinepeer.adapters.chain.journal import Journal
from cinepeer.errors import BadInput, CheckFailed, Unreachable
from cinepeer.records.cid import DAG_PB
from cinepeer.rights import deeds
from cinepeer.rights.deeds import NATIVE, Deed, Offer, sign_deed, sign_offer
from cinepeer.rights.deployment import ContractSet, predict
from cinepeer.rights.events import decode_all
from cinepeer.rights.royalties import statements
from cinepeer.rights.signatures import address_of
from cinepeer.rights.state import State, fold
from cinepeer.rights.territories import territory_map
from real.evm_rig import CHAIN, RICH, anvil

pytestmark = pytest.mark.npm

ANNA, BELA, CARL = b"\x0a" * 32, b"\x0b" * 32, b"\x0c" * 32
ETHER = 10**18


class Stand:
    """A chain with the contracts on it, and Anna and Bela with money."""

    def __init__(self, ledger: Ledger, contracts: ContractSet) -> None:
        self.ledger, self.contracts = ledger, contracts

    async def register(self, content: int = 1, key: bytes = RICH) -> bytes:
        """Anna's deed with Bela as co-owner, carried by whoever has `key`; the title."""
        deed = Deed(
            creator=address_of(ANNA),
            content=bytes([content]) * 32,
            metadata=b"\x02" * 32,
            fingerprint=b"\x03" * 32,
            codec=DAG_PB,
            royalty=500,
            deadline=1 << 39,
            holders=(address_of(ANNA), address_of(BELA)),
            shares=(7_000, 3_000),
        )
        data = deeds.register_call(deed, sign_deed(ANNA, deed, self.contracts))
        await self.ledger.send(key, self.contracts.titles, data)
        return next(one.id for one in (await self.state()).titles.values() if one.deed.content == deed.content)

    async def pay(self, title: bytes, amount: int) -> None:
        await self.ledger.send(RICH, self.contracts.titles, deeds.pay_call(title), amount)

    async def state(self) -> State:
        logs, _ = await self.ledger.history(self.contracts)
        return fold(decode_all(logs, self.contracts))

    async def rpc(self, method: str, *parameters: Any) -> Any:
        return await self.ledger._endpoints.ask(method, *parameters)


@asynccontextmanager
async def standing(url: str, **options: Any) -> AsyncIterator[Stand]:
    ledger = Ledger(url, CHAIN, is_checked=True, **options)
    try:
        for key in (ANNA, BELA):
            await ledger.send(RICH, address_of(key), b"", ETHER)
        deployer = b"\x0d" * 32
        await ledger.send(RICH, address_of(deployer), b"", ETHER)
        contracts, _ = await deploy(ledger, deployer)
        yield Stand(ledger, contracts)
    finally:
        await ledger.close()


def run(story: Callable[[Stand], Coroutine[Any, Any, None]], *arguments: str, **options: Any) -> None:
    """Tells a story on a fresh chain."""

    async def tell() -> None:
        async with standing(url, **options) as stand:
            await story(stand)

    with anvil(*arguments) as url:
        asyncio.run(asyncio.wait_for(tell(), 120))


def offer_of(title: bytes, seller: bytes) -> Offer:
    return Offer(
        title=title, seller=seller, token=NATIVE, price=1_000, opens=0, closes=(1 << 40) - 1, start=0, end=0,
        term=0, supply=5, media=1, remixShares=0, exclusive=False, revocable=False, territory=territory_map(None),
        terms=bytes(32), salt=7,
    )  # fmt: skip


def test_a_film_is_registered_sold_paid_and_shared_out_on_a_chain_of_others() -> None:
    async def story(stand: Stand) -> None:
        title = await stand.register()
        offer = offer_of(title, address_of(ANNA))
        call = deeds.buy_call(offer, sign_offer(ANNA, offer, stand.contracts), address_of(BELA))
        await stand.ledger.send(BELA, stand.contracts.licences, call, offer.price)
        await stand.pay(title, 9_000)
        found = (await stand.state()).titles[title]
        assert {one.holder: one.claimable for one in statements(found)} == {
            address_of(ANNA): 7_000,
            address_of(BELA): 3_000,
        }
        receipt = await stand.ledger.send(RICH, stand.contracts.titles, deeds.withdraw_call(title, address_of(BELA)))
        assert receipt.ok
        left = {one.holder: one.claimable for one in statements((await stand.state()).titles[title])}
        assert left[address_of(BELA)] == 0
        fate = await stand.ledger.fate(receipt.tx)
        assert (fate.state, fate.block) == ("executed", receipt.block)
        assert (await stand.ledger.fate(b"\x99" * 32)).state == "unknown"

    run(story)


def test_contracts_made_twice_are_made_once_and_other_code_is_refused_with_both_hashes() -> None:
    async def story(stand: Stand) -> None:
        again, receipts = await deploy(stand.ledger, b"\x0d" * 32)
        assert (replace(again, from_block=0), receipts) == (replace(stand.contracts, from_block=0), [])
        deployer = address_of(b"\x0d" * 32)
        assert all(not one.sentence for one in await compare(stand.ledger, stand.contracts, deployer))
        await stand.rpc("anvil_setCode", "0x" + stand.contracts.licences.hex(), "0x6001600155")
        with pytest.raises(
            CheckFailed, match=r"found code [0-9a-f]{64} at Licences, expected the shipped [0-9a-f]{64}"
        ):
            await check_contracts(stand.ledger, stand.contracts, deployer)
        elsewhere = predict(address_of(CARL), CHAIN)
        with pytest.raises(CheckFailed, match=r"found no code of TitleRegistry at 0x[0-9a-f]{40}"):
            await check_contracts(stand.ledger, elsewhere, address_of(CARL))
        with pytest.raises(BadInput, match=r"insufficient|Insufficient"):
            await deploy(stand.ledger, CARL)
        await stand.ledger.send(RICH, address_of(ANNA), b"", 1)
        await stand.ledger.send(RICH, address_of(ANNA), b"", 2)
        with pytest.raises(BadInput, match="expected only the 4 that make the contracts"):
            await deploy(stand.ledger, RICH)

    run(story)


def test_what_a_reorganisation_takes_back_is_gone_and_what_it_brings_is_there() -> None:
    async def story(stand: Stand) -> None:
        first = await stand.register(1)
        await stand.rpc("anvil_mine", "0x1")
        before = set((await stand.state()).titles)
        await stand.register(2)
        assert len((await stand.state()).titles) == 2
        await stand.rpc("anvil_reorg", 1, [])
        assert set((await stand.state()).titles) == before == {first}
        await stand.register(3)
        assert {one.deed.content[0] for one in (await stand.state()).titles.values()} == {1, 3}

    run(story)


def test_sixty_four_blocks_are_taken_back_at_once() -> None:
    async def story(stand: Stand) -> None:
        first = await stand.register(1)
        await stand.state()
        await stand.rpc("anvil_mine", "0x20")
        await stand.register(2)
        await stand.state()
        await stand.rpc("anvil_mine", "0x1f")
        assert len((await stand.state()).titles) == 2
        await stand.rpc("anvil_reorg", 64, [])
        assert set((await stand.state()).titles) == {first}

    run(story)


def test_a_transaction_stuck_at_its_fee_is_offered_again_and_happens_once() -> None:
    async def story(stand: Stand) -> None:
        title = await stand.register()
        await stand.rpc("evm_setAutomine", False)
        paying = asyncio.create_task(stand.pay(title, 500))
        await asyncio.sleep(1.5)
        # The price of gas rises far above what was offered.
        await stand.rpc("anvil_setNextBlockBaseFeePerGas", hex(50 * 10**9))
        await stand.rpc("anvil_mine", "0x1")
        for _ in range(40):
            await asyncio.sleep(0.25)
            await stand.rpc("anvil_mine", "0x1")
            if paying.done():
                break
        await paying
        assert (await stand.state()).titles[title].purses[NATIVE].paid_in == 500

    run(story, stuck_s=1.0, timeout_s=30.0)


def test_a_transaction_of_unknown_fate_is_looked_up_before_the_same_is_sent_again() -> None:
    journal = Journal()

    async def story(stand: Stand) -> None:
        title = await stand.register()
        await stand.rpc("evm_setAutomine", False)
        with pytest.raises(Unreachable, match="looked up by this hash first"):
            await stand.pay(title, 500)
        again = asyncio.create_task(stand.pay(title, 500))
        await asyncio.sleep(0.3)
        await stand.rpc("evm_setAutomine", True)
        await stand.rpc("anvil_mine", "0x1")
        await again
        assert (await stand.state()).titles[title].purses[NATIVE].paid_in == 500
        await stand.pay(title, 500)
        assert (await stand.state()).titles[title].purses[NATIVE].paid_in == 1_000

    run(story, timeout_s=3.0, journal=journal)
    assert not journal.open(b"") and journal.under(address_of(RICH), 0) == []


def test_a_transaction_that_another_replaced_is_told_to_have_come_to_nothing() -> None:
    async def story(stand: Stand) -> None:
        from eth_account import Account

        title = await stand.register()
        await stand.rpc("evm_setAutomine", False)
        paying = asyncio.create_task(stand.pay(title, 500))
        await asyncio.sleep(0.5)
        nonce = await stand.ledger.count(address_of(RICH))
        raw = Account.from_key(RICH).sign_transaction(
            {"type": 2, "chainId": CHAIN, "nonce": nonce, "to": address_of(BELA), "value": 1, "gas": 21_000,
             "maxFeePerGas": 900 * 10**9, "maxPriorityFeePerGas": 90 * 10**9}
        )  # fmt: skip
        await stand.rpc("eth_sendRawTransaction", "0x" + bytes(raw.raw_transaction).hex())
        await stand.rpc("anvil_mine", "0x1")
        with pytest.raises(
            BadInput, match=r"found another transaction of .* under the number .* nothing of it happened"
        ):
            await paying
        assert NATIVE not in (await stand.state()).titles[title].purses

    run(story, timeout_s=20.0)


def test_a_stuck_transaction_is_told_after_a_restart_and_replaced_by_one_that_does_nothing() -> None:
    lines: list[str] = []

    def keep(kept: Sequence[str]) -> None:
        lines[:] = kept

    async def story(stand: Stand) -> None:
        title = await stand.register()
        await stand.rpc("evm_setAutomine", False)
        with pytest.raises(Unreachable, match="looked up by this hash first"):
            await stand.pay(title, 500)
        # Another process reads what the first one left on the disk.
        again = Ledger(stand.ledger.urls, CHAIN, timeout_s=20.0, journal=Journal(list(lines), keep))
        (stuck,) = await again.underway()
        assert (stuck.state, stuck.block) == ("waiting", None)
        with pytest.raises(BadInput, match="on its way"):
            await again.drop(RICH, b"\7" * 32)
        with pytest.raises(BadInput, match="on its way"):
            await again.drop(b"\x0d" * 32, stuck.tx)
        with pytest.raises(BadInput, match="on its way"):
            await again.again(b"\x0d" * 32, stuck.tx)
        once_more = await again.again(RICH, stuck.tx)
        assert (once_more.state, once_more.nonce) == ("waiting", stuck.nonce)
        assert once_more.tx != stuck.tx, "a higher fee is another transaction under the same number"
        dropping = asyncio.create_task(again.drop(RICH, stuck.tx))
        for _ in range(40):
            await asyncio.sleep(0.25)
            await stand.rpc("anvil_mine", "0x1")
            if dropping.done():
                break
        ended = await dropping
        assert (ended.tx, ended.state) == (stuck.tx, "replaced")
        assert NATIVE not in (await stand.state()).titles[title].purses
        assert (await again.underway(), lines) == ([], [])
        await again.close()

    run(story, timeout_s=3.0, journal=Journal([], keep))


def test_what_ended_meanwhile_is_told_once() -> None:
    journal = Journal()

    async def story(stand: Stand) -> None:
        title = await stand.register()
        await stand.rpc("evm_setAutomine", False)
        with pytest.raises(Unreachable, match="looked up by this hash first"):
            await stand.pay(title, 500)
        await stand.rpc("anvil_mine", "0x1")
        (ended,) = await stand.ledger.underway()
        assert (ended.state, await stand.ledger.underway()) == ("executed", [])
        with pytest.raises(BadInput, match="on its way"):
            await stand.ledger.drop(RICH, ended.tx)

    run(story, timeout_s=3.0, journal=journal)


def test_a_transaction_that_the_endpoint_dropped_is_handed_over_again() -> None:
    async def story(stand: Stand) -> None:
        title = await stand.register()
        await stand.rpc("evm_setAutomine", False)
        paying = asyncio.create_task(stand.pay(title, 500))
        await asyncio.sleep(0.5)
        await stand.rpc("anvil_dropAllTransactions")
        await asyncio.sleep(2.0)
        await stand.rpc("anvil_mine", "0x1")
        await paying
        assert (await stand.state()).titles[title].purses[NATIVE].paid_in == 500

    run(story, timeout_s=20.0)


def test_a_log_with_an_entry_left_out_is_not_believed_and_one_cut_short_is_asked_for_in_parts() -> None:
    async def story(stand: Stand) -> None:
        title = await stand.register(1)
        for amount in (100, 200, 300):
            await stand.pay(title, amount)
        ledger, most = stand.ledger, 4

        async def short(addresses: Any, first: int, last: int, width: int = 5_000) -> list[Any]:
            """An endpoint that gives at most so many entries of a range and says nothing about it."""
            found = []
            for begin in range(first, last + 1, width):
                found += (await ledger.logs(addresses, begin, min(last, begin + width - 1)))[:most]
            return found

        history = History(ledger._block, short, stand.contracts, ledger._prove_heads)
        logs, _ = await history.read()
        assert logs == (await ledger.history(stand.contracts))[0]

        async def without(*arguments: Any, **options: Any) -> list[Any]:
            return [log for log in await ledger.logs(*arguments) if log != logs[-2]]

        lying = History(ledger._block, without, stand.contracts, ledger._prove_heads)
        with pytest.raises(CheckFailed, match=f"without entries of the title 0x{title.hex()}"):
            await lying.read()

    run(story)
