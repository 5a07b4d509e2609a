"""A copy executes what the sequencer ordered, and takes a block only when every bit of its header comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import rlp

from cinepeer.adapters.chain.blocks import parse_blocks, sealed_blocks
from cinepeer.adapters.chain.evm import Evm
from cinepeer.adapters.chain.follower import Follower
from cinepeer.adapters.chain.formats import RpcError
from cinepeer.adapters.chain.replay import AHEAD_S, Replay, Sealed
from cinepeer.adapters.chain.rpc import Rpc
from cinepeer.adapters.chain.sequencer import Rejected
from cinepeer.errors import Refused
from cinepeer.records import keys
from cinepeer.rights.proofs import parse_header
from cinepeer.rights.sequencer import SignedHeader, sign_header
from unit.chain.small_chain import ANNA, BELA, BORN, COUNTER, GENESIS, SEED, SmallChain, address

STATE_ROOT, RECEIPTS_ROOT, GAS_USED, TIME, EXTRA, MIX = 3, 5, 10, 11, 12, 13


class Copy(SmallChain):
    """A node that follows, in memory or in a file."""

    def __init__(self, path: str = ":memory:") -> None:
        self.now = float(BORN + 100)
        self.opened.append(self)
        self.evm = Evm(path, GENESIS)
        self.follower = Follower(self.evm)
        self.replay = Replay(self.evm, self.clock)
        self.rpc = Rpc(self.follower, None, self.clock)  # type: ignore[assignment]


def business(chain: SmallChain, rounds: int = 3) -> None:
    """A contract, and some calls of it, each in a block of its own."""
    counter = chain.deploy(COUNTER)
    for _ in range(rounds):
        chain.send(BELA, counter, b"\1")
        chain.send(ANNA, counter, b"\1")
        chain.sequencer.seal()


def told(chain: SmallChain, first: int = 0) -> list[Sealed]:
    return parse_blocks(sealed_blocks(chain.evm, chain.sequencer.sign, hex(first), "0xff"))


def resigned(block: Sealed, change: Callable[[list[bytes]], None]) -> Sealed:
    """The block with fields of its header changed, signed by the sequencer all the same."""
    fields = list(rlp.decode(block.header.rlp))
    change(fields)
    return replace(block, header=sign_header(SEED, Evm(":memory:", GENESIS).network, rlp.encode(fields)))


def test_a_copy_answers_every_question_as_the_sequencer_does() -> None:
    chain, copy = SmallChain(), Copy()
    business(chain)
    assert copy.replay.take(told(chain)) == chain.evm.head.block_number
    counter = "0x" + address(ANNA).hex()
    for question in (
        ("eth_getBlockByNumber", "latest", True),
        ("eth_getLogs", {"fromBlock": "0x0"}),
        ("eth_getProof", counter, ["0x0"], "latest"),
        ("cinepeer_signedHeader", "latest"),
        ("cinepeer_signedHeader", "0x0"),
        ("cinepeer_blocks", "0x0", "0xff"),
    ):
        assert copy.ask(*question) == chain.ask(*question), question


def test_what_a_copy_took_is_there_after_a_restart(tmp_path: Path) -> None:
    chain, copy = SmallChain(), Copy(str(tmp_path / "copy.db"))
    business(chain)
    copy.replay.take(told(chain)[:3])
    copy.evm.close()
    copy.opened.remove(copy)
    again = Copy(str(tmp_path / "copy.db"))
    assert again.evm.head.block_number == 2
    assert again.replay.take(told(chain, 3)) == chain.evm.head.block_number


def test_blocks_that_come_twice_change_nothing_and_a_gap_waits() -> None:
    chain, copy = SmallChain(), Copy()
    business(chain)
    copy.replay.take(told(chain)[:3])
    assert copy.replay.take(told(chain)[:3]) == 2
    with pytest.raises(Refused, match="expected 3 to come next") as refused:
        copy.replay.take(told(chain, 4))
    assert refused.value.reason == "gap"
    assert copy.replay.faults() == []


def test_a_block_of_a_time_to_come_waits_until_it_is_due() -> None:
    chain, copy = SmallChain(), Copy()
    chain.now += AHEAD_S + 60
    business(chain, rounds=0)
    with pytest.raises(Refused, match="a time to come"):
        copy.replay.take(told(chain))
    copy.now += 100
    assert copy.replay.take(told(chain)) == 1


@pytest.mark.parametrize("change", ["signature", "header", "other key", "other network"])
def test_what_the_sequencer_did_not_sign_is_refused_and_accuses_nobody(change: str) -> None:
    chain, copy = SmallChain(), Copy()
    business(chain)
    good = told(chain)[1]
    header = good.header
    if change == "signature":
        header = replace(header, signature=header.signature[:-1] + bytes([header.signature[-1] ^ 1]))
    elif change == "header":
        fields = list(rlp.decode(header.rlp))
        fields[TIME] = (int.from_bytes(fields[TIME]) + 1).to_bytes(4)
        header = replace(header, rlp=rlp.encode(fields))
    elif change == "other key":
        header = sign_header(b"\5" * 32, copy.evm.network, header.rlp)
    else:
        message = b"cinepeer/block/1\0" + bytes(36) + parse_header(header.rlp).hash
        header = SignedHeader(header.rlp, keys.sign(SEED, message))
    with pytest.raises(Refused):
        copy.replay.take([replace(good, header=header)])
    assert (copy.evm.head.block_number, copy.replay.faults()) == (0, [])


@pytest.mark.parametrize(
    ("at", "value", "named"),
    [
        (STATE_ROOT, b"\1" * 32, "state root"),
        (RECEIPTS_ROOT, b"\1" * 32, "receipts root"),
        (GAS_USED, b"\1", "gas used"),
        (EXTRA, b"mine", "extra data"),
        (MIX, b"\1" * 32, "mix hash"),
        (2, b"\1" * 20, "coinbase"),
        (6, b"\1" * 256, "bloom"),
        (9, b"\1\0\0\0", "gas limit"),
        (15, b"\1", "base fee"),
        (19, b"\1" * 32, "beacon root"),
    ],
)
def test_a_signed_but_false_header_is_named_proved_and_ends_the_copy(at: int, value: bytes, named: str) -> None:
    chain, copy = SmallChain(), Copy()
    business(chain)
    good = told(chain)
    false = resigned(good[1], lambda fields: fields.__setitem__(at, value))
    with pytest.raises(Refused, match=f"a false {named} in block 1") as refused:
        copy.replay.take([false])
    assert refused.value.reason == "false-block"
    assert copy.evm.head.block_number == 0
    [(_, header, other)] = copy.replay.faults()
    assert (header, other) == (false.header, None)
    with pytest.raises(Refused, match="this copy ends at block 0"):
        copy.replay.take(good)


def test_a_transaction_changed_left_out_or_put_in_is_noticed() -> None:
    chain = SmallChain()
    business(chain)
    good = told(chain)[1]
    raw = good.transactions[0]
    for transactions in ((), (raw, raw), (raw[:-1] + bytes([raw[-1] ^ 1]),), (b"\xff" * 40,)):
        copy = Copy()
        with pytest.raises(Refused, match="block 1 as signed") as refused:
            copy.replay.take([replace(good, transactions=transactions)])
        assert refused.value.reason == "false-block"
        assert copy.evm.tables.last_block() == (0, copy.evm.head.hash)


def test_two_signed_blocks_of_one_height_are_a_fork_whichever_came_first() -> None:
    one, two = SmallChain(), SmallChain()
    business(one)
    two.now += 7
    business(two)
    copy, other = Copy(), Copy()
    copy.replay.take(told(one))
    other.replay.take(told(two))
    for holder, shown in ((copy, two), (other, one)):
        with pytest.raises(Refused, match="two blocks of height") as refused:
            holder.replay.take(told(shown))
        assert refused.value.reason == "fork"
        [(_, own, theirs)] = holder.replay.faults()
        assert theirs is not None
        assert parse_header(own.rlp).number == parse_header(theirs.rlp).number
        assert own.rlp != theirs.rlp


def test_a_header_shown_by_somebody_else_is_compared() -> None:
    one, two = SmallChain(), SmallChain()
    business(one)
    two.now += 7
    business(two, rounds=1)
    copy = Copy()
    copy.replay.take(told(one))
    copy.replay.compare(told(one)[2].header)
    assert copy.replay.faults() == []
    with pytest.raises(Refused, match="two blocks of height 2"):
        copy.replay.compare(told(two)[2].header)
    assert copy.ask("cinepeer_faults")[0]["found"].startswith("found two blocks of height 2")


def test_a_signed_child_of_another_parent_is_a_fork() -> None:
    one, two = SmallChain(), SmallChain()
    business(one)
    two.now += 7
    business(two)
    copy = Copy()
    copy.replay.take(told(one)[:2])
    with pytest.raises(Refused, match="on another parent") as refused:
        copy.replay.take(told(two)[2:3])
    assert refused.value.reason == "fork"


def test_a_restored_sequencer_takes_its_own_blocks_back() -> None:
    chain, follower = SmallChain(), Copy()
    business(chain)
    follower.replay.take(told(chain))
    restored = SmallChain()
    restored.ask("cinepeer_take", follower.ask("cinepeer_blocks", "0x0", "0xff"))
    assert restored.evm.head.hash == chain.evm.head.hash
    restored.send(BELA, address(ANNA))
    assert restored.sequencer.seal().parent_hash == chain.evm.head.hash


def test_a_sequencer_that_signed_two_histories_orders_nothing_more() -> None:
    chain, restored = SmallChain(), SmallChain()
    business(chain)
    restored.now += 7
    business(restored, rounds=0)
    assert (
        "two blocks of height 1"
        in restored.error("cinepeer_take", chain.ask("cinepeer_blocks", "0x0", "0xff"))["message"]
    )
    with pytest.raises(Rejected, match="takes nothing now: found two blocks"):
        restored.send(BELA, address(ANNA))


def test_a_copy_takes_no_transactions_and_gives_no_credits() -> None:
    chain, copy = SmallChain(), Copy()
    raw = "0x" + chain.sign(ANNA, address(BELA)).hex()
    assert "expected it at the sequencer" in copy.error("eth_sendRawTransaction", raw)["message"]
    assert "it alone gives test credits" in copy.error("cinepeer_faucet", "0x" + address(BELA).hex())["message"]
    assert "no signature of block 0 here yet" in copy.error("cinepeer_signedHeader", "latest")["message"]
    assert copy.ask("eth_getTransactionCount", "0x" + address(ANNA).hex(), "pending") == "0x0"


@pytest.mark.parametrize(
    "said", [7, [1], [{}], [{"transactions": 1}], [{"transactions": [], "header": "0x"}], [None] * 201]
)
def test_blocks_of_another_form_are_refused(said: object) -> None:
    with pytest.raises(RpcError):
        parse_blocks(said)
