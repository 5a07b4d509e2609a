"""The ledger's JSON-RPC answers as Ethereum's clients expect, and refuses in sentences what it cannot answer."""

from __future__ import annotations

import asyncio
import json

import pytest
from eth_bloom import BloomFilter
from eth_utils import to_checksum_address

from cinepeer.adapters.chain import faucet as giving
from cinepeer.adapters.chain import rpc as answering
from cinepeer.adapters.chain.evm import WEI
from cinepeer.adapters.chain.shipment import constructor_arguments, read_artifact
from cinepeer.adapters.chain.values import encode_header
from cinepeer.rights.keccak import keccak
from cinepeer.rights.proofs import parse_header, read_account, read_slot
from unit.chain.small_chain import ANNA, BELA, CHAIN, CLOCK, COUNTED, COUNTER, EMPTY_CALL, GENESIS, SmallChain, address


def hexed(value: bytes) -> str:
    return "0x" + value.hex()


def test_who_it_is() -> None:
    chain = SmallChain()
    assert chain.ask("eth_chainId") == hex(CHAIN)
    assert chain.ask("net_version") == str(CHAIN)
    assert chain.ask("web3_clientVersion").startswith("cinepeer/")
    assert chain.ask("eth_accounts") == []
    assert chain.ask("eth_syncing") is False
    assert chain.ask("cinepeer_genesis") == GENESIS
    assert [chain.ask(method) for method in ("eth_gasPrice", "eth_maxPriorityFeePerGas", "eth_blockNumber")] == [
        "0x0",
        "0x0",
        "0x0",
    ]


def test_a_receipt_carries_its_logs_bloom_and_address() -> None:
    chain = SmallChain()
    tx = chain.send(ANNA, b"", COUNTER)
    created = chain.sealed(tx)
    counter = bytes.fromhex(created["contractAddress"][2:])
    assert created["to"] is None
    chain.send(ANNA, counter, b"\1")
    receipt = chain.sealed(chain.send(BELA, counter, b"\1"))
    assert (receipt["status"], receipt["type"], receipt["effectiveGasPrice"]) == ("0x1", "0x2", "0x0")
    assert receipt["transactionIndex"] == "0x1"
    (entry,) = receipt["logs"]
    assert entry["topics"] == [hexed(COUNTED), hexed(address(BELA).rjust(32, b"\0"))]
    assert (entry["logIndex"], entry["transactionIndex"], int(entry["data"], 16)) == ("0x1", "0x1", 2)
    bloom = BloomFilter(int(receipt["logsBloom"], 16))
    assert counter in bloom and COUNTED in bloom and address(ANNA).rjust(32, b"\0") not in bloom
    block = chain.ask("eth_getBlockByNumber", "latest", True)
    assert int(block["logsBloom"], 16) & int(receipt["logsBloom"], 16) == int(receipt["logsBloom"], 16)
    all_of_block = chain.ask("eth_getBlockReceipts", "latest")
    assert all_of_block[1] == receipt
    assert int(receipt["cumulativeGasUsed"], 16) == int(block["gasUsed"], 16)


def test_a_transaction_is_shown_waiting_and_executed() -> None:
    chain = SmallChain()
    raw = chain.sign(ANNA, address(BELA), payload=b"\7")
    tx = chain.ask("eth_sendRawTransaction", hexed(raw))
    assert tx == hexed(keccak(raw))
    waiting = chain.ask("eth_getTransactionByHash", tx)
    assert (waiting["blockNumber"], waiting["input"], waiting["nonce"]) == (None, "0x07", "0x0")
    assert chain.ask("eth_getTransactionReceipt", tx) is None
    assert [chain.ask("eth_getTransactionCount", hexed(address(ANNA)), tag) for tag in ("latest", "pending")] == [
        "0x0",
        "0x1",
    ]
    chain.sequencer.seal()
    executed = chain.ask("eth_getTransactionByHash", tx)
    block = chain.ask("eth_getBlockByNumber", "0x1", True)
    assert block["transactions"] == [executed]
    assert executed["blockHash"] == block["hash"]
    assert chain.ask("eth_getTransactionByBlockNumberAndIndex", "0x1", "0x0") == executed
    assert chain.ask("eth_getBlockByHash", block["hash"], False)["transactions"] == [tx]
    assert chain.ask("eth_getBlockTransactionCountByNumber", "0x1") == "0x1"
    assert {key: value for key, value in executed.items() if not key.startswith(("block", "transactionI"))} == {
        key: value for key, value in waiting.items() if not key.startswith(("block", "transactionI"))
    }


def test_what_is_not_there_is_null_or_an_error() -> None:
    chain = SmallChain()
    for method in ("eth_getTransactionByHash", "eth_getTransactionReceipt"):
        assert chain.ask(method, hexed(bytes(32))) is None
    assert chain.ask("eth_getBlockByNumber", "0x99", False) is None
    assert chain.ask("eth_getBlockByHash", hexed(bytes(32)), False) is None
    assert chain.ask("eth_getBlockReceipts", "0x99") is None
    assert chain.error("eth_getBalance", hexed(bytes(20)), "0x99")["code"] == -32001


def test_a_header_rebuilt_from_a_block_has_its_hash_and_names_its_state() -> None:
    chain = SmallChain()
    counter = chain.deploy(COUNTER)
    chain.sealed(chain.send(BELA, counter, b"\1"))
    block = chain.ask("eth_getBlockByNumber", "latest", False)
    header = parse_header(encode_header(block))
    assert hexed(header.hash) == block["hash"]
    proof = chain.ask("eth_getProof", hexed(counter), ["0x0", hexed(bytes(31) + b"\5")], "latest")
    nodes = [bytes.fromhex(node[2:]) for node in proof["accountProof"]]
    account = read_account(header.state_root, counter, nodes)
    assert hexed(account.code_hash) == hexed(keccak(bytes.fromhex(chain.ask("eth_getCode", hexed(counter))[2:])))
    found = [
        read_slot(account.storage_root, slot, [bytes.fromhex(node[2:]) for node in one["proof"]])
        for slot, one in zip((0, 5), proof["storageProof"], strict=True)
    ]
    assert found == [1, 0]
    absent = chain.ask("eth_getProof", hexed(address(BELA)[::-1]), [], "latest")
    assert (
        read_account(
            header.state_root, address(BELA)[::-1], [bytes.fromhex(node[2:]) for node in absent["accountProof"]]
        ).nonce
        == 0
    )


def test_the_past_is_answered_as_it_was() -> None:
    chain = SmallChain()
    counter = chain.deploy(COUNTER)
    for _ in range(2):
        chain.sealed(chain.send(BELA, counter, b"\1"))
    seen = [chain.ask("eth_getStorageAt", hexed(counter), "0x0", hex(block)) for block in (1, 2, 3)]
    assert [int(value, 16) for value in seen] == [0, 1, 2]
    by_hash = {"blockHash": chain.ask("eth_getBlockByNumber", "0x2", False)["hash"]}
    assert int(chain.ask("eth_call", {"to": hexed(counter), "data": "0x01"}, by_hash), 16) == 2
    assert chain.ask("eth_getCode", hexed(counter), "0x0") == "0x"


def test_a_call_changes_nothing_and_a_revert_says_why() -> None:
    chain = SmallChain()
    counter = chain.deploy(COUNTER)
    before = chain.evm.head.state_root
    for _ in range(2):
        assert int(chain.ask("eth_call", {"to": hexed(counter), "input": "0x01"}, "latest"), 16) == 1
    assert chain.evm.head.state_root == before
    for method in ("eth_call", "eth_estimateGas"):
        error = chain.error(method, {"to": hexed(counter), "data": "0x"})
        assert (error["code"], error["data"]) == (3, hexed(EMPTY_CALL))
    assert "insufficient" in chain.error("eth_call", {"to": hexed(counter), "value": "0x1", "data": "0x01"})["message"]


def test_an_estimate_is_enough_and_not_much_more() -> None:
    chain = SmallChain()
    assert chain.ask("eth_estimateGas", {"to": hexed(address(BELA))}) == hex(21_000)
    counter = chain.deploy(COUNTER)
    fields = {"from": hexed(address(ANNA)), "to": hexed(counter), "data": "0x01"}
    gas = int(chain.ask("eth_estimateGas", fields), 16)
    receipt = chain.sealed(chain.send(ANNA, counter, b"\1", gas=gas))
    assert receipt["status"] == "0x1"
    assert int(receipt["gasUsed"], 16) <= gas <= int(receipt["gasUsed"], 16) * 1.05
    refused = chain.error("eth_estimateGas", {**fields, "gas": "0x5300"})
    assert refused["code"] == -32000


def test_an_estimate_of_a_large_contracts_creation_leaves_room_in_a_block() -> None:
    chain = SmallChain()
    artifact = read_artifact("TitleRegistry")
    data = artifact.creation + constructor_arguments(artifact, address(ANNA), chain.evm.chain_id)
    gas = int(chain.ask("eth_estimateGas", {"from": hexed(address(ANNA)), "data": hexed(data)}), 16)
    assert 3_000_000 < gas < 6_000_000


def test_an_estimate_sees_the_time_of_its_transaction_not_of_the_last_block() -> None:
    chain = SmallChain()
    clock = chain.deploy(CLOCK)
    stale = chain.evm.head.timestamp
    chain.now += 5000
    seen = chain.ask("eth_call", {"data": "0x425f5260205ff3"}, "pending")  # creation code that returns the time
    assert int(seen, 16) == int(chain.now) > stale + 4000
    assert int(chain.ask("eth_call", {"data": "0x425f5260205ff3"}, "latest"), 16) == stale
    assert int(chain.ask("eth_estimateGas", {"to": hexed(clock)}), 16) > 21_000


def test_logs_are_found_by_address_topic_place_and_block() -> None:
    chain = SmallChain()
    one, two = chain.deploy(COUNTER), chain.deploy(COUNTER)
    for key in (ANNA, BELA):
        chain.send(key, one, b"\1")
        chain.sealed(chain.send(key, two, b"\1"))
    anna = hexed(address(ANNA).rjust(32, b"\0"))
    everything = {"fromBlock": "earliest", "toBlock": "latest"}
    counts = {
        4: everything,
        2: {**everything, "address": hexed(one)},
        0: {**everything, "address": hexed(bytes(20))},
    }
    for count, wanted in counts.items():
        assert len(chain.ask("eth_getLogs", wanted)) == count
    assert len(chain.ask("eth_getLogs", {**everything, "address": [hexed(one), hexed(two)]})) == 4
    assert len(chain.ask("eth_getLogs", {**everything, "topics": [None, anna]})) == 2
    assert len(chain.ask("eth_getLogs", {**everything, "topics": [[hexed(COUNTED), anna], [anna]]})) == 2
    assert chain.ask("eth_getLogs", {**everything, "topics": [anna]}) == []
    assert chain.ask("eth_getLogs", {**everything, "topics": [None, None, None]}) == []
    assert len(chain.ask("eth_getLogs", {"fromBlock": "0x4", "toBlock": "0x99"})) == 2
    block = chain.ask("eth_getBlockByNumber", "0x3", False)
    found = chain.ask("eth_getLogs", {"blockHash": block["hash"]})
    assert [entry["transactionHash"] for entry in found] == block["transactions"]
    assert {entry["blockHash"] for entry in found} == {block["hash"]}


def test_too_many_logs_are_refused_never_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "MAX_LOGS", 1)
    chain = SmallChain()
    counter = chain.deploy(COUNTER)
    chain.send(ANNA, counter, b"\1")
    chain.sealed(chain.send(ANNA, counter, b"\1"))
    assert chain.error("eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest"})["code"] == -32005


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("eth_getBalance", []),
        ("eth_getBalance", ["0x12", "latest"]),
        ("eth_getBalance", [7, "latest"]),
        ("eth_getBalance", ["0x" + "zz" * 20, "latest"]),
        ("eth_getBalance", ["0x" + "00" * 20, "soon"]),
        ("eth_getBalance", ["0x" + "00" * 20, "latest", 1, 2]),
        ("eth_getStorageAt", ["0x" + "00" * 20, "0x" + "ff" * 33, "latest"]),
        ("eth_call", ["nothing"]),
        ("eth_call", [{"to": "0x1"}]),
        ("eth_call", [{"to": "0x" + "00" * 20}, "latest", {"0x": {}}]),
        ("eth_getLogs", [{"topics": "all"}]),
        ("eth_getLogs", [{"topics": [None] * 5}]),
        ("eth_getLogs", [{"address": ["0x" + "00" * 20] * 1001}]),
        ("eth_getProof", ["0x" + "00" * 20, "0x0", "latest"]),
        ("eth_getProof", ["0x" + "00" * 20, ["0x0"] * 1025, "latest"]),
        ("eth_getTransactionByHash", ["0x00"]),
        ("eth_feeHistory", ["0x0", "latest", []]),
        ("eth_chainId", [1]),
    ],
)
def test_bad_parameters_are_refused_in_a_sentence(method: str, parameters: list[object]) -> None:
    error = SmallChain().error(method, *parameters)
    assert error["code"] == -32602
    assert error["message"].startswith("found ")


def test_bodies_that_are_no_requests_are_answered_by_the_standard() -> None:
    chain = SmallChain()
    for body, code in ((b"", -32700), (b"{", -32700), (b"[" * 100_000, -32700), (b"[]", -32600), (b"7", -32600)):
        assert json.loads(asyncio.run(chain.rpc.answer(body)))["error"]["code"] == code
    assert chain.said({"jsonrpc": "2.0", "id": 4, "method": "admin_peers"})["error"]["code"] == -32601
    assert (
        chain.said({"jsonrpc": "2.0", "id": 4, "method": "eth_chainId", "params": {"a": 1}})["error"]["code"] == -32602
    )
    assert chain.said({"jsonrpc": "2.0", "method": "eth_chainId"}) is None


def test_a_batch_is_answered_one_by_one_within_its_limit() -> None:
    chain = SmallChain()
    batch = [{"jsonrpc": "2.0", "id": n, "method": "eth_blockNumber"} for n in range(3)] + [{"id": 9}]
    said = chain.said(batch)
    assert [one.get("result", one.get("error", {}).get("code")) for one in said] == ["0x0", "0x0", "0x0", -32600]
    assert chain.said(batch[:1] * (answering.MAX_BATCH + 1))["error"]["code"] == -32600


def test_a_fee_history_has_the_shape_that_wallets_read() -> None:
    chain = SmallChain()
    for _ in range(2):
        chain.sealed(chain.send(ANNA, address(BELA)))
    history = chain.ask("eth_feeHistory", "0x2", "latest", [10, 90])
    assert (history["oldestBlock"], history["baseFeePerGas"]) == ("0x1", ["0x0"] * 3)
    assert history["reward"] == [["0x0", "0x0"]] * 2
    assert history["gasUsedRatio"] == [21_000 / 60_000_000] * 2


def test_the_faucet_gives_a_little_to_each_and_not_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = SmallChain()
    tx = chain.ask("cinepeer_faucet", hexed(address(ANNA)))
    assert chain.sealed(bytes.fromhex(tx[2:]))["status"] == "0x1"
    balance = chain.ask("eth_getBalance", hexed(address(ANNA)), "latest")
    assert int(balance, 16) == giving.GIFT_CREDITS * WEI
    assert "found 100 credits" in chain.error("cinepeer_faucet", hexed(address(ANNA)))["message"]
    monkeypatch.setattr(giving, "PAYMENTS_PER_MINUTE", 2)
    chain.ask("cinepeer_faucet", hexed(address(BELA)))
    assert "ask again in a minute" in chain.error("cinepeer_faucet", hexed(bytes(19) + b"\1"))["message"]
    chain.now += 61
    chain.ask("cinepeer_faucet", hexed(bytes(19) + b"\1"))


def test_legacy_and_access_list_transactions_are_shown_with_their_fields() -> None:
    from eth_account import Account

    chain = SmallChain()
    counter = chain.deploy(COUNTER)
    plain = {"to": counter, "value": 0, "gas": 200_000, "gasPrice": 0, "chainId": CHAIN, "data": "0x01"}
    listed = {
        **plain,
        "type": 1,
        "nonce": 1,
        "accessList": [{"address": to_checksum_address(counter), "storageKeys": [hexed(bytes(32))]}],
    }
    shown = []
    for fields in ({**plain, "nonce": 0}, listed):
        signed = Account.from_key(BELA).sign_transaction(fields)
        tx = chain.ask("eth_sendRawTransaction", hexed(signed.raw_transaction))
        assert tx == hexed(signed.hash)
        assert chain.sealed(bytes(signed.hash))["status"] == "0x1"
        shown.append(chain.ask("eth_getTransactionByHash", tx))
        assert chain.ask("eth_getTransactionReceipt", tx)["type"] == shown[-1]["type"]
    assert [one["type"] for one in shown] == ["0x0", "0x1"]
    assert int(shown[0]["v"], 16) in (CHAIN * 2 + 35, CHAIN * 2 + 36)
    assert shown[1]["accessList"][0]["storageKeys"] == [hexed(bytes(32))]
