"""What keeps a ledger level, beside a sequencer and beside a copy: hand-overs found, what was lost taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from cinepeer.adapters.chain.following import Following
from cinepeer.adapters.chain.rpc import Rpc
from cinepeer.adapters.chain.sequencer import Rejected, Sequencer
from cinepeer.errors import Unreachable
from unit.chain.small_chain import ANNA, COUNTER, SEED, SmallChain
from unit.chain.test_chain_replay import Copy, business, told
from unit.chain.test_chain_succession import Successor, yielded


async def away(_body: bytes) -> bytes:
    raise Unreachable("found nobody, expected the sequencer")


class Held(SmallChain):
    """A sequencer of a restored home."""

    def __init__(self) -> None:
        super().__init__()
        self.sequencer = Sequencer(self.evm, SEED, self.clock, holds=True)
        self.rpc = Rpc(self.sequencer, None, self.clock)


def test_a_restored_sequencer_orders_nothing_before_it_took_back_what_another_node_holds() -> None:
    whole, short, restored = SmallChain(), Copy(), Held()
    business(whole)
    short.replay.take(told(whole)[:2])
    restored.ask("cinepeer_take", whole.ask("cinepeer_blocks", "0x0", "0x3"))
    with pytest.raises(Rejected, match="restored from a backup"):
        restored.send(ANNA, b"", COUNTER)
    met: list[str] = []

    async def release() -> None:
        met.append("met")
        restored.sequencer.release()

    def beside(*others: SmallChain) -> Following:
        return Following(restored.rpc.answer, None, lambda: [one.rpc.answer for one in others], None, None, release)

    asyncio.run(beside().pull())
    asyncio.run(beside(short).pull())
    assert met == [], "a node that holds less proves nothing"
    following = beside(whole)
    asyncio.run(following.pull())
    asyncio.run(following.pull())
    assert met == ["met"] and restored.evm.head.hash == whole.evm.head.hash
    restored.sealed(restored.send(ANNA, b"", COUNTER))


def test_a_restored_sequencer_that_handed_over_meanwhile_learns_it_and_orders_nothing() -> None:
    first, second, restored = SmallChain(), Successor(), Held()
    business(first)
    restored.ask("cinepeer_take", first.ask("cinepeer_blocks", "0x0", "0xff"))
    yielded(first)
    second.replay.take(told(first))
    second.replay.succeed(first.evm.succession.handovers)
    second.take_over()
    second.sealed(second.send(ANNA, b"", COUNTER))
    following = Following(restored.rpc.answer, None, lambda: [second.rpc.answer], None)
    asyncio.run(following.pull())
    restored.sequencer.release()
    assert restored.evm.head.hash == second.evm.head.hash
    with pytest.raises(Rejected, match="about to follow"):
        restored.send(ANNA, b"", COUNTER)


def test_a_copy_asks_who_orders_when_a_block_is_signed_by_a_key_that_it_does_not_know() -> None:
    first, second, copy = SmallChain(), Successor(), Copy()
    yielded(first)
    second.replay.take(told(first))
    second.replay.succeed(first.evm.succession.handovers)
    second.take_over()
    second.sealed(second.send(ANNA, b"", COUNTER))
    heard: list[Sequence[str]] = []

    async def succeeded(handovers: Sequence[str]) -> None:
        heard.append(handovers)

    following = Following(copy.rpc.answer, second.rpc.answer, list, None, succeeded)
    assert asyncio.run(following.pull())
    assert copy.evm.head.hash == second.evm.head.hash
    assert len(heard) == 1 and len(heard[0]) == 1
    assert following.label.startswith("own copy")
    following.turn_to(None)
    assert following.label.startswith("embedded") and not following.may_witness


def test_a_copy_hears_of_a_hand_over_from_the_node_that_handed_over() -> None:
    first, copy = SmallChain(), Copy()
    following = Following(copy.rpc.answer, first.rpc.answer, list, None)
    asyncio.run(following.pull())
    yielded(first)
    asyncio.run(following._ask_succession())
    assert [one.sequencer for one in copy.evm.succession.handovers] == [first.evm.succession.current]


def test_a_sequencer_that_is_away_tells_nothing() -> None:
    copy = Copy()
    following = Following(copy.rpc.answer, away, list, None)
    asyncio.run(following._ask_succession())
    assert not asyncio.run(following.pull()) and following.is_away
