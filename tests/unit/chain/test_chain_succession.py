"""A ledger changes hands: the old key's last block and the hand-over are one, and copies obey nothing else."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
import rlp

from cinepeer.adapters.chain.evm import WEI, Evm
from cinepeer.adapters.chain.faucet import Faucet
from cinepeer.adapters.chain.follower import Follower
from cinepeer.adapters.chain.genesis import FAUCET_CREDITS, faucet_key
from cinepeer.adapters.chain.replay import Replay
from cinepeer.adapters.chain.rpc import Rpc
from cinepeer.adapters.chain.sequencer import Rejected, Sequencer
from cinepeer.errors import BadInput, Refused
from cinepeer.records import dagcbor, keys
from cinepeer.rights.sequencer import sign_header
from cinepeer.rights.signatures import address_of
from cinepeer.rights.succession import Candidate, Handover, hand_over, parse_handover, stand
from unit.chain.small_chain import ANNA, BELA, COUNTER, GENESIS, SEED, SmallChain, address
from unit.chain.test_chain_replay import Copy, told

NEXT, THIRD = b"\x21" * 32, b"\x22" * 32
ADDRS = ("/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWNext",)


def candidate(chain: SmallChain, seed: bytes = NEXT, number: int = 1) -> Candidate:
    return stand(seed, chain.evm.network, number, address_of(faucet_key(seed)), ADDRS)


def yielded(chain: SmallChain, seed: bytes = SEED, to: bytes = NEXT, number: int = 1) -> Handover:
    """Hands over as a person at the sequencer does: by an order that its key signed."""
    one = candidate(chain, to, number)
    said = chain.ask(
        "cinepeer_handOver",
        "0x" + dagcbor.encode(one.to_map()).hex(),
        "0x" + keys.sign(seed, one.order(chain.evm.network)).hex(),
    )
    return parse_handover(dagcbor.decode(bytes.fromhex(said[2:])))


class Successor(Copy):
    """A copy that becomes the sequencer with a key of its own."""

    def take_over(self, seed: bytes = NEXT) -> None:
        self.sequencer = Sequencer(self.evm, seed, self.clock)
        self.faucet = Faucet(self.sequencer, seed, self.clock)
        self.rpc = Rpc(self.sequencer, self.faucet, self.clock)


def test_the_next_sequencer_goes_on_where_the_first_ended_and_copies_follow_both() -> None:
    first, second, third = SmallChain(), Successor(), Copy()
    counter = first.deploy(COUNTER)
    waiting = first.send(BELA, counter, b"\1")
    handover = yielded(first)
    assert first.ask("eth_getTransactionReceipt", "0x" + waiting.hex())["status"] == "0x1", "what waited was ordered"
    assert (handover.height, handover.hash) == (first.evm.head.block_number, first.evm.head.hash)
    second.replay.take(told(first))
    assert second.replay.succeed([handover]) == 1
    second.take_over()
    second.sealed(second.send(BELA, counter, b"\1"))
    third.replay.take(told(first))
    with pytest.raises(Refused) as error:
        third.replay.take(told(second))
    assert error.value.reason == "bad-signature", "a key that nobody was handed over to"
    third.replay.succeed(second.evm.succession.handovers)
    third.replay.take(told(second))
    assert third.evm.head.hash == second.evm.head.hash and third.evm.state(third.evm.head).get_storage(counter, 0) == 2
    first.replay = Replay(first.evm, first.clock)
    first.replay.take(told(second))
    assert first.evm.head.hash == second.evm.head.hash, "the first follows the second"


def test_the_test_credits_go_with_the_order() -> None:
    first, second = SmallChain(), Successor()
    yielded(first)
    second.replay.take(told(first))
    second.replay.succeed(first.evm.succession.handovers)
    second.take_over()
    state = second.evm.state(second.evm.head)
    assert state.get_balance(second.faucet.address) == FAUCET_CREDITS * WEI
    assert state.get_balance(first.faucet.address) == 0
    second.sealed(second.faucet.pay(address(ANNA)))


def test_who_handed_over_orders_nothing_more_after_a_start_either(tmp_path: Path) -> None:
    file = str(tmp_path / "ledger.db")
    chain = SmallChain(file)
    yielded(chain)
    with pytest.raises(Rejected, match="about to follow"):
        chain.send(ANNA, b"", COUNTER)
    chain.evm.close()
    again = SmallChain(file)
    with pytest.raises(Rejected, match=keys.public_key(NEXT).hex()):
        again.send(ANNA, b"", COUNTER)
    with pytest.raises(Rejected, match="orders nothing"):
        again.sequencer.hand_over(candidate(again, THIRD, 2), b"")


def test_who_handed_over_and_follows_still_gives_every_block_from_the_first_on(tmp_path: Path) -> None:
    file = str(tmp_path / "ledger.db")
    chain = SmallChain(file)
    chain.deploy(COUNTER)
    yielded(chain)
    chain.evm.close()
    kept, late = SmallChain(file), Copy()
    kept.sequencer = Follower(kept.evm)  # type: ignore[assignment]
    kept.rpc = Rpc(Follower(kept.evm), None, kept.clock)
    late.replay.take(told(kept))
    assert late.evm.head.hash == kept.evm.head.hash


def test_a_hand_over_that_cannot_be_written_did_not_happen() -> None:
    chain = SmallChain()
    height = chain.evm.head.block_number

    def broken(_number: int, _body: bytes) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    chain.evm.tables.add_handover = broken  # type: ignore[method-assign]
    one = candidate(chain)
    with pytest.raises(sqlite3.Error):
        chain.sequencer.hand_over(one, keys.sign(SEED, one.order(chain.evm.network)))
    assert chain.evm.head.block_number == height and not chain.evm.succession.handovers
    del chain.evm.tables.add_handover
    assert chain.evm.state(chain.evm.head).get_balance(chain.faucet.address) == FAUCET_CREDITS * WEI
    chain.sealed(chain.send(ANNA, b"", COUNTER))


def test_a_sequencer_without_credits_hands_over_without_a_block() -> None:
    first, second = SmallChain(), Successor()
    yielded(first)
    second.replay.take(told(first))
    second.replay.succeed(first.evm.succession.handovers)
    second.take_over()
    all_of_it = second.evm.state(second.evm.head).get_balance(second.faucet.address)
    second.sealed(second.send(faucet_key(NEXT), b"\x01" * 20, b"", all_of_it))
    height = second.evm.head.block_number
    assert yielded(second, NEXT, THIRD, 2).height == height == second.evm.head.block_number


def test_only_an_order_by_the_sequencers_own_key_hands_over() -> None:
    chain = SmallChain()
    one = candidate(chain)
    told_ = "0x" + dagcbor.encode(one.to_map()).hex()
    for order in (keys.sign(NEXT, one.order(chain.evm.network)), bytes(64)):
        assert chain.error("cinepeer_handOver", told_, "0x" + order.hex())["data"] == "bad-signature"
    signed = keys.sign(SEED, one.order(chain.evm.network))
    worse = "0x" + dagcbor.encode(replace(one, consent=bytes(64)).to_map()).hex()
    assert chain.error("cinepeer_handOver", worse, "0x" + signed.hex())["data"] == "bad-handover"
    assert chain.evm.succession.current == keys.public_key(SEED)


def test_a_copy_hands_nothing_over() -> None:
    with pytest.raises(Rejected, match="a copy of the ledger"):
        Follower(Copy().evm).hand_over(candidate(SmallChain()), b"")


def test_a_forged_hand_over_is_refused_by_name_and_changes_nothing() -> None:
    chain, copy = SmallChain(), Copy()
    copy.replay.take(told(chain))
    forged = hand_over(THIRD, chain.evm.network, candidate(chain, THIRD), 1, bytes(32))
    told_ = ["0x" + dagcbor.encode(forged.to_map()).hex()]
    assert copy.error("cinepeer_succeed", told_)["data"] == "bad-handover"
    assert copy.ask("cinepeer_handovers") == [] and copy.replay.faults() == []


def test_of_two_hand_overs_of_one_number_the_first_stands() -> None:
    chain, copy = SmallChain(), Copy()
    first = yielded(chain)
    copy.replay.take(told(chain))
    copy.replay.succeed([first])
    second = hand_over(SEED, chain.evm.network, candidate(chain, THIRD), first.height, first.hash)
    with pytest.raises(Refused, match="the first stands"):
        copy.replay.succeed([second])
    assert copy.replay.succeed([first]) == 1 and copy.replay.faults() == []


def test_a_block_that_was_signed_after_the_hand_over_proves_a_fork() -> None:
    chain, copy = SmallChain(), Copy()
    chain.deploy(COUNTER)
    early = hand_over(SEED, chain.evm.network, candidate(chain), 0, chain.evm.header(0).hash)
    copy.replay.take(told(chain))
    with pytest.raises(Refused) as error:
        copy.replay.succeed([early])
    assert error.value.reason == "fork" and "handed over after block 0" in copy.replay.faults()[0][0]
    chain.deploy(COUNTER)
    with pytest.raises(Refused, match="this copy ends"):
        copy.replay.take(told(chain))


def test_another_block_at_the_height_of_a_hand_over_proves_a_fork() -> None:
    chain, copy, late = SmallChain(), Copy(), Copy()
    chain.deploy(COUNTER)
    false = hand_over(SEED, chain.evm.network, candidate(chain), 1, bytes(32))
    copy.replay.take(told(chain))
    with pytest.raises(Refused, match="another block 1"):
        copy.replay.succeed([false])
    late.replay.succeed([false])
    with pytest.raises(Refused) as error:
        late.replay.take(told(chain))
    assert error.value.reason == "fork" and late.evm.head.block_number == 0 and len(late.replay.faults()) == 1


def test_the_old_keys_later_blocks_are_refused() -> None:
    chain, copy = SmallChain(), Copy()
    yielded(chain)
    copy.replay.take(told(chain))
    copy.replay.succeed(chain.evm.succession.handovers)
    block = told(chain)[-1]
    fields = list(rlp.decode(block.header.rlp))
    fields[8] = (chain.evm.head.block_number + 1).to_bytes(1, "big")
    late = replace(block, header=sign_header(SEED, chain.evm.network, rlp.encode(fields)))
    with pytest.raises(Refused) as error:
        copy.replay.take([late])
    assert error.value.reason == "bad-signature"


def test_a_key_that_never_ordered_opens_no_ledger_for_ordering() -> None:
    chain = SmallChain()
    with pytest.raises(BadInput, match="another key"):
        Sequencer(chain.evm, THIRD, chain.clock)


def test_a_ledger_remembers_its_hand_overs(tmp_path: Path) -> None:
    file = str(tmp_path / "ledger.db")
    chain = SmallChain(file)
    handover = yielded(chain)
    chain.evm.close()
    again = Evm(file, GENESIS)
    assert again.succession.handovers == (handover,)
    again.close()
