"""Other people's programs on our ledger, unmodified: Foundry's `cast` and ethers (web3.py: test_ledger_process)."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cinepeer.adapters.chain.client import Ledger
from cinepeer.adapters.chain.process import EmbeddedLedger
from real import npm_rig
from real.evm_rig import cast
from unit.chain.small_chain import ANNA, BELA, CHAIN, COUNTER, GENESIS, SEED, address

pytestmark = pytest.mark.npm

ABI = [
    {"type": "fallback", "stateMutability": "nonpayable"},
    {"type": "error", "name": "EmptyCall", "inputs": []},
    {
        "type": "event",
        "name": "Counted",
        "anonymous": False,
        "inputs": [
            {"name": "caller", "type": "address", "indexed": True},
            {"name": "count", "type": "uint256", "indexed": False},
        ],
    },
]


def run(folder: Path, use: Callable[[str], None]) -> None:
    """A ledger as a process on which Anna has credits; `use` runs beside it with its URL."""

    async def tell() -> None:
        ledger = EmbeddedLedger()
        url = await ledger.start(folder / "ledger.db", 0, GENESIS, SEED)
        client = Ledger(url, CHAIN)
        try:
            await client.faucet(address(ANNA))
            await asyncio.to_thread(use, url)
        finally:
            await client.close()
            await ledger.stop()

    asyncio.run(tell())


def test_ethers_deploys_sends_reads_events_errors_storage_and_proofs(tmp_path: Path) -> None:
    def use(url: str) -> None:
        folder = npm_rig.installed("evm")
        done = subprocess.run(
            [npm_rig.node(folder), "ethers.mjs", url, "0x" + ANNA.hex(), "0x" + COUNTER.hex(), json.dumps(ABI)],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert found.pop("estimate") > 21_000
        (to,) = set(found.pop("transactions"))
        assert to.startswith("0x")
        assert found == {
            "chain": CHAIN,
            "statuses": [1, 1, 1],
            "counts": [1, 2, 3],
            "refusal": "EmptyCall",
            "stored": 3,
            "proved": 3,
            "gasPrice": 0,
            "nonce": 4,
            "code": True,
            "balance": 0,
            "looked": True,
        }

    run(tmp_path, use)


def test_cast_sends_calls_and_reads_blocks_logs_proofs_and_receipts(tmp_path: Path) -> None:
    def use(url: str) -> None:
        at, key = ("--rpc-url", url), ("--private-key", "0x" + ANNA.hex())
        assert cast("chain-id", *at) == str(CHAIN)
        assert int(cast("balance", "0x" + address(ANNA).hex(), *at)) > 0
        assert cast("gas-price", *at) == "0"
        made = json.loads(cast("send", *at, *key, "--json", "--create", "0x" + COUNTER.hex()))
        counter = made["contractAddress"]
        assert cast("code", counter, *at).startswith("0x36")
        for _ in range(2):
            assert json.loads(cast("send", *at, *key, "--json", counter, "0x01"))["status"] == "0x1"
        assert int(cast("call", *at, counter, "0x01"), 16) == 3
        assert int(cast("storage", counter, "0", *at), 16) == 2
        logs = json.loads(cast("logs", *at, "--json", "--from-block", "0", "Counted(address indexed,uint256)"))
        assert [int(entry["data"], 16) for entry in logs] == [1, 2]
        with pytest.raises(subprocess.CalledProcessError) as refused:
            cast("call", *at, counter)
        assert "revert" in refused.value.stderr
        proof = json.loads(cast("proof", *at, counter, "0"))
        assert int(proof["storageProof"][0]["value"], 16) == 2
        block = json.loads(cast("block", "latest", *at, "--json", "--full"))
        assert block["transactions"][0]["to"] == counter
        receipt = json.loads(cast("receipt", *at, "--json", block["transactions"][0]["hash"]))
        assert receipt["blockHash"] == block["hash"]
        assert json.loads(cast("tx", *at, "--json", receipt["transactionHash"]))["nonce"] == "0x2"
        assert cast("nonce", "0x" + address(ANNA).hex(), *at) == "3"
        assert int(cast("estimate", *at, counter, "0x01")) > 21_000
        assert cast("age", *at)
        raw = cast("mktx", *at, *key, "0x" + address(BELA).hex(), "--value", "7")
        assert json.loads(cast("publish", *at, raw))["status"] == "0x1"
        assert cast("balance", "0x" + address(BELA).hex(), *at) == "7"

    run(tmp_path, use)
