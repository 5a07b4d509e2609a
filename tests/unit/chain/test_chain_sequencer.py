"""The sequencer orders, seals and signs: what it takes, what it refuses, and that its blocks are everyone's blocks."""

from __future__ import annotations

import sqlite3
from itertools import pairwise
from pathlib import Path

import pytest
from eth.vm.forks import CancunVM
from eth_keys.datatypes import PrivateKey

from cinepeer.adapters.chain import sequencer as sealing
from cinepeer.adapters.chain.evm import BLOCK_GAS, GAS_LIMIT, Evm, encode_header
from cinepeer.adapters.chain.genesis import network_id
from cinepeer.adapters.chain.sequencer import AHEAD_S, Rejected, block_time, pause_s
from cinepeer.errors import BadInput, Refused
from cinepeer.rights.sequencer import SignedHeader, verify_header
from unit.chain.small_chain import ANNA, BELA, BORN, CLOCK, COUNTER, DEEP, GENESIS, SEED, SmallChain, address, creation


def test_an_account_without_funds_deploys_and_calls_for_nothing() -> None:
    chain = SmallChain()
    counter = chain.deploy(COUNTER)
    receipt = chain.sealed(chain.send(BELA, counter, b"\1"))
    assert receipt["status"] == "0x1"
    assert chain.ask("eth_getBalance", "0x" + address(BELA).hex(), "latest") == "0x0"
    assert chain.ask("eth_call", {"to": "0x" + counter.hex(), "data": "0x01"}, "latest")[-2:] == "02"


def test_a_header_has_nothing_of_the_sequencers_but_its_time() -> None:
    chain = SmallChain()
    chain.send(ANNA, address(BELA))
    header = chain.sequencer.seal()
    assert (header.coinbase, header.extra_data, header.mix_hash, header.nonce) == (bytes(20), b"", bytes(32), bytes(8))
    assert (header.gas_limit, header.base_fee_per_gas, header.difficulty) == (GAS_LIMIT, 0, 0)
    assert header.timestamp == int(chain.now)


def test_contracts_see_the_time_that_the_header_states_and_the_hash_before() -> None:
    chain = SmallChain()
    clock = chain.deploy(CLOCK)
    before = chain.evm.head
    chain.send(BELA, clock, b"\1")
    header = chain.sequencer.seal()
    slots = [int(chain.ask("eth_getStorageAt", "0x" + clock.hex(), hex(slot), "latest"), 16) for slot in range(3)]
    assert slots == [header.timestamp, int.from_bytes(before.hash, "big"), 0]


def test_two_ledgers_of_one_genesis_with_equal_transactions_and_times_have_equal_hashes(tmp_path: Path) -> None:
    one, two = SmallChain(), SmallChain(str(tmp_path / "ledger.db"))
    two.now -= 3600
    for chain in (one, two):
        chain.now = BORN + 50.0
        counter = chain.deploy(COUNTER)
        for key in (ANNA, BELA, ANNA):
            chain.send(key, counter, b"\1")
        chain.sequencer.seal()
        chain.faucet.pay(address(BELA))
        chain.sequencer.seal()
    assert one.evm.head.block_number == 3
    assert one.evm.head.hash == two.evm.head.hash


def test_chain_time_rises_by_at_least_a_second_a_block() -> None:
    chain = SmallChain()
    times = []
    for _ in range(4):
        chain.send(ANNA, address(BELA))
        times.append(chain.sequencer.seal().timestamp)
    assert all(later > earlier for earlier, later in pairwise(times))
    assert block_time(500, 499.9) == 501
    assert block_time(500, 600.9) == 600


def test_blocks_wait_only_when_chain_time_is_far_ahead_and_never_over_a_second() -> None:
    assert pause_s(1000, 1000.0, 0.0) == 0.0
    assert pause_s(1000 + AHEAD_S - 1, 1000.0, 0.0) == 0.0
    assert pause_s(1000 + AHEAD_S, 1000.5, 0.0) == 0.5
    assert pause_s(1000 + 3600, 1000.0, 0.25) == 0.75
    assert pause_s(1000 + 3600, 1000.0, -50.0) == 1.0


def test_every_header_is_signed_for_this_network_alone() -> None:
    chain = SmallChain()
    chain.send(ANNA, address(BELA))
    chain.sequencer.seal()
    public = bytes.fromhex(GENESIS["sequencer"])
    for tag in ("0x0", "latest"):
        said = chain.ask("cinepeer_signedHeader", tag)
        signed = SignedHeader(bytes.fromhex(said["header"][2:]), bytes.fromhex(said["signature"][2:]))
        verify_header(signed, chain.evm.network, public)
        with pytest.raises(Refused):
            verify_header(signed, network_id({**GENESIS, "name": "Other"}), public)
    assert bytes.fromhex(said["header"][2:]) == encode_header(chain.evm.head)


def test_the_same_bytes_are_one_transaction_however_often_they_come() -> None:
    chain = SmallChain()
    raw = chain.sign(ANNA, address(BELA))
    hashes = {chain.sequencer.submit(raw) for _ in range(3)}
    chain.sequencer.seal()
    hashes.add(chain.sequencer.submit(raw))
    assert len(hashes) == 1
    assert chain.sequencer.seal() is None
    assert chain.evm.head.block_number == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"nonce": 1}, "nonce too high, a gap: found 1, expected 0"),
        ({"chain": 1}, "wrong chain id: found 1, expected 7171"),
        ({"value": 1}, "insufficient funds: found 0 wei, expected 1"),
        ({"gas": BLOCK_GAS + 1}, "gas limit too high"),
        ({"gas": 20_999}, "intrinsic gas too low: found 20999, expected at least 21000"),
    ],
)
def test_a_transaction_that_cannot_hold_is_refused_in_a_sentence(change: dict[str, int], sentence: str) -> None:
    chain = SmallChain()
    with pytest.raises(Rejected, match=sentence):
        chain.send(ANNA, address(BELA), **change)
    assert chain.sequencer.seal() is None


def test_a_used_nonce_is_refused() -> None:
    chain = SmallChain()
    chain.sealed(chain.send(ANNA, address(BELA)))
    with pytest.raises(Rejected, match="nonce too low: found 0, expected 1"):
        chain.send(ANNA, address(BELA), nonce=0, gas=30_000)


def nested(size: int) -> bytes:
    """An RLP list in a list, again and again, of about `size` bytes."""
    item = b"\xc0"
    while len(item) < size:
        length = len(item).to_bytes((len(item).bit_length() + 7) // 8, "big")
        item = (bytes((0xC0 + len(item),)) if len(item) < 56 else bytes((0xF7 + len(length),)) + length) + item
    return item


@pytest.mark.parametrize(
    "raw",
    [b"", b"\x02", b"\x03\xc0", b"\x7f" * 100, b"\xf8", bytes(200), b"\x02" + b"\xc0" * 9]
    + [nested(size) for size in (300, 3_000, 100_000)]
    + [b"\x02" + nested(100_000)],
    ids=lambda raw: f"{raw[:4].hex()}-{len(raw)}",
)
def test_bytes_that_are_no_transaction_are_refused(raw: bytes) -> None:
    with pytest.raises(Rejected, match="no signed transaction"):
        SmallChain().sequencer.submit(raw)


def test_a_changed_transaction_is_refused_or_somebody_elses() -> None:
    chain = SmallChain()
    chain.faucet.pay(address(ANNA))
    chain.sequencer.seal()
    raw = chain.sign(ANNA, address(BELA), value=1)
    for at in range(len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        try:
            tx = chain.sequencer.waiting(chain.sequencer.submit(changed))
        except Rejected:
            continue
        assert tx.sender != address(ANNA), f"byte {at}"


def test_a_transaction_for_any_chain_is_refused() -> None:
    chain = SmallChain()
    plain = CancunVM.get_transaction_builder().create_unsigned_transaction(
        nonce=0, gas_price=0, gas=21_000, to=address(BELA), value=0, data=b""
    )
    with pytest.raises(Rejected, match="wrong chain id: found None"):
        chain.sequencer.submit(plain.as_signed_transaction(PrivateKey(ANNA)).encode())


def test_too_large_a_transaction_is_refused() -> None:
    with pytest.raises(Rejected, match="expected at most 131072"):
        SmallChain().sequencer.submit(b"\x02" + bytes(sealing.MAX_TRANSACTION_BYTES))


def test_a_full_queue_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MAX_WAITING_EACH", 2)
    chain = SmallChain()
    for _ in range(2):
        chain.send(ANNA, address(BELA))
    chain.send(BELA, address(ANNA))
    with pytest.raises(Rejected, match="found 2 waiting of this sender"):
        chain.send(ANNA, address(BELA))


def test_waiting_transactions_may_not_spend_the_same_credit_twice() -> None:
    chain = SmallChain()
    chain.faucet.pay(address(ANNA))
    chain.sequencer.seal()
    held = int(chain.ask("eth_getBalance", "0x" + address(ANNA).hex(), "latest"), 16)
    chain.send(ANNA, address(BELA), value=held - 5)
    with pytest.raises(Rejected, match="insufficient funds"):
        chain.send(ANNA, address(BELA), value=6)
    chain.send(ANNA, address(BELA), value=5)
    chain.sequencer.seal()
    assert chain.ask("eth_getBalance", "0x" + address(ANNA).hex(), "latest") == "0x0"


def test_a_bad_transaction_among_good_ones_is_left_out_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = SmallChain()
    bad = chain.send(BELA, address(ANNA))
    good = [chain.send(ANNA, address(BELA)) for _ in range(2)]
    apply = CancunVM.apply_transaction

    def broken(self: CancunVM, header: object, transaction: object) -> object:
        done = apply(self, header, transaction)
        if transaction.hash == bad:
            raise RuntimeError("the machine broke half-way")
        return done

    monkeypatch.setattr(CancunVM, "apply_transaction", broken)
    header = chain.sequencer.seal()
    monkeypatch.undo()
    assert [row.hash for row in chain.evm.tables.txs(header.block_number)] == good
    assert "half-way" in chain.ask("cinepeer_refusal", "0x" + bad.hex())
    assert chain.ask("eth_getTransactionCount", "0x" + address(BELA).hex(), "pending") == "0x0"
    again = SmallChain()
    again.now = header.timestamp - 0.4
    for _ in range(2):
        again.send(ANNA, address(BELA))
    assert again.sequencer.seal().hash == header.hash, "nothing of the bad transaction is in the block"


def test_a_transaction_that_no_longer_holds_takes_its_followers_with_it() -> None:
    chain = SmallChain()
    chain.faucet.pay(address(ANNA))
    chain.sequencer.seal()
    first = chain.send(ANNA, address(BELA), value=1)
    second = chain.send(ANNA, address(BELA), value=2)
    chain.sequencer.waiting(first).__dict__["sender"] = address(BELA)
    assert chain.sequencer.seal() is None
    assert chain.sequencer.refusals.keys() == {first, second}
    assert chain.sequencer.nonce(address(ANNA)) == 0


def test_blocks_are_filled_to_half_and_the_base_fee_stays_zero() -> None:
    chain = SmallChain()
    greedy = chain.deploy(creation(b"\xfe"))  # an invalid instruction takes all the gas
    for _ in range(4):
        chain.send(ANNA, greedy, gas=9_000_000)
    first, second = chain.sequencer.seal(), chain.sequencer.seal()
    assert (first.gas_used, second.gas_used) == (27_000_000, 9_000_000)
    assert second.base_fee_per_gas == 0
    assert chain.sequencer.seal() is None


def test_a_contract_that_calls_itself_for_ever_ends_with_its_gas() -> None:
    chain = SmallChain()
    deep = chain.deploy(DEEP)
    receipt = chain.sealed(chain.send(ANNA, deep, gas=BLOCK_GAS))
    assert int(receipt["gasUsed"], 16) <= BLOCK_GAS


def test_a_block_that_cannot_be_written_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = SmallChain(str(tmp_path / "ledger.db"))
    tx = chain.send(ANNA, address(BELA))
    head = chain.evm.head

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(chain.evm.tables, "add", full)
    with pytest.raises(sqlite3.OperationalError):
        chain.sequencer.seal()
    monkeypatch.undo()
    assert chain.evm.chain.get_canonical_head() == head
    assert chain.sealed(tx)["blockNumber"] == "0x1"


def test_a_ledger_opened_again_stands_where_it_stood(tmp_path: Path) -> None:
    path = str(tmp_path / "ledger.db")
    chain = SmallChain(path)
    counter = chain.deploy(COUNTER)
    chain.sealed(chain.send(BELA, counter, b"\1"))
    head = chain.evm.head
    chain.evm.close()
    again = SmallChain(path)
    assert (again.evm.head.hash, again.evm.head.state_root) == (head.hash, head.state_root)
    again.now = chain.now
    assert again.sealed(again.send(BELA, counter, b"\1"))["blockNumber"] == "0x3"


def test_two_processes_never_write_one_ledger(tmp_path: Path) -> None:
    path = str(tmp_path / "ledger.db")
    one, two = SmallChain(path), SmallChain(path)
    one.sealed(one.send(ANNA, address(BELA)))
    two.send(BELA, address(ANNA))
    with pytest.raises(sqlite3.IntegrityError, match="another process"):
        two.sequencer.seal()


def test_a_file_of_another_network_and_a_foreign_key_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    SmallChain(str(path)).evm.close()
    with pytest.raises(BadInput, match="found another key"):
        SmallChain(str(path), seed=bytes(32))
    with pytest.raises(BadInput, match="the ledger of another network"):
        Evm(path, {**GENESIS, "name": "Other"})
    path.with_name("text.db").write_text("no database, but long enough to look at" * 100)
    with pytest.raises(BadInput, match="cannot be opened as a ledger"):
        Evm(path.with_name("text.db"), GENESIS)
    assert SEED not in path.read_bytes()
