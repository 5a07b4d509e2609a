"""The machine on tries of its own makes the very blocks that py-evm makes on its own: each field of each header."""

from __future__ import annotations

from random import Random

import pytest
from eth.vm.forks import CancunVM
from trie.exceptions import MissingTrieNode

from cinepeer.adapters.chain.blocks import parse_blocks, sealed_blocks
from cinepeer.adapters.chain.evm import Evm
from cinepeer.adapters.chain.founding import found
from cinepeer.adapters.chain.machine import FilmVM
from cinepeer.adapters.chain.replay import Replay
from cinepeer.adapters.chain.trie import Trie
from unit.chain.small_chain import ANNA, BELA, COUNTER, DEEP, GENESIS, SEED, SmallChain, address, creation

# Keeps the first word of what it is told in the slot that the second names.
KEEP = creation(bytes.fromhex("5f35 6020 35 55 00"))
# Gives what it has to its caller and ends.
END = creation(bytes.fromhex("33 ff"))


class Stock(Evm):
    """py-evm as it comes."""

    machine = CancunVM


def replayed(chain: SmallChain) -> Evm:
    """The chain executed by py-evm as it comes, which compares every field of every header."""
    stock = Stock(":memory:", GENESIS)
    replay = Replay(stock, lambda: 2.0**40)
    while stock.head.block_number < chain.evm.head.block_number:
        first = hex(stock.head.block_number + 1)
        replay.take(parse_blocks(sealed_blocks(chain.evm, chain.sequencer.sign, first, "0xc8")))
    return stock


def test_the_machine_is_not_the_one_that_it_is_compared_with() -> None:
    assert Evm.machine is FilmVM and Stock.machine is CancunVM


def test_storage_written_and_cleared_over_many_blocks_gives_the_same_roots() -> None:
    chain, chance = SmallChain(), Random(7)
    keep = chain.deploy(KEEP)
    for _ in range(12):
        for _ in range(chance.randrange(1, 6)):
            value, slot = chance.choice([0, 0, 1, 2**255]), chance.randrange(9)
            chain.send(chance.choice([ANNA, BELA]), keep, value.to_bytes(32, "big") + slot.to_bytes(32, "big"))
        chain.sequencer.seal()
    stock = replayed(chain)
    assert stock.head.hash == chain.evm.head.hash
    for slot in range(9):
        mine = chain.evm.state(chain.evm.head).get_storage(keep, slot)
        assert mine == stock.state(stock.head).get_storage(keep, slot)
    stock.close()


def test_the_shipped_contracts_failing_calls_and_ended_contracts_give_the_same_roots() -> None:
    chain = SmallChain()
    found(chain.sequencer, SEED)
    chain.sealed(chain.faucet.pay(address(ANNA)))
    counter, deep, end = chain.deploy(COUNTER), chain.deploy(DEEP), chain.deploy(END)
    for to, payload, value in [
        (counter, b"\1", 0), (counter, b"", 0), (deep, b"", 0), (end, b"", 5), (end, b"", 0), (bytes(20), b"", 0),
        (bytes(20), b"", 3), (bytes(20), b"", 0), (b"\x77" * 20, b"", 0), (b"\x03".rjust(20, b"\0"), b"x", 1),
    ]:  # fmt: skip
        chain.send(ANNA, to, payload, value)
        chain.send(ANNA, b"\x66" * 20, b"", 1)
        chain.sequencer.seal()
    stock = replayed(chain)
    assert stock.head.hash == chain.evm.head.hash
    stock.close()


def test_a_block_of_many_transactions_lists_them_under_the_same_roots() -> None:
    chain = SmallChain()
    for _ in range(140):
        chain.send(ANNA, b"\x55" * 20, b"", 0, gas=21_000)
    chain.sequencer.seal()
    stock = replayed(chain)
    assert stock.head.hash == chain.evm.head.hash and len(stock.raw_transactions(stock.head)) == 140
    stock.close()


def test_a_node_that_is_missing_is_said_and_not_taken_for_an_empty_account() -> None:
    nodes: dict[bytes, bytes] = {}
    whole = Trie(nodes)
    for at in range(40):
        whole[at.to_bytes(32, "big")] = b"x" * 40
    root = whole.root_hash
    lost = next(key for key in nodes if key != root)
    del nodes[lost]
    broken = Trie(nodes, root)
    with pytest.raises(MissingTrieNode):
        for at in range(40):
            _ = broken[at.to_bytes(32, "big")]


def test_changes_that_fail_half_way_leave_the_trie_as_it_was() -> None:
    trie = Trie({})
    trie[b"aa"] = b"1"
    before = trie.root_hash
    with pytest.raises(RuntimeError), trie.squash_changes() as changed:
        changed[b"ab"] = b"2"
        raise RuntimeError("half way")
    assert trie.root_hash == before and b"ab" not in trie
