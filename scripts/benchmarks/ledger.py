"""The ledger's cost: gas of what people do, CPU of a transaction, time to come back after a kill, CPU of an audit."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import audit
import psutil

from cinepeer.adapters.chain.client import Ledger
from cinepeer.adapters.chain.forward import forward_to
from cinepeer.adapters.chain.genesis import found_network
from cinepeer.adapters.chain.jsonrpc import decode, encode
from cinepeer.adapters.chain.process import EmbeddedLedger
from cinepeer.adapters.chain.readthrough import Forward
from cinepeer.rights.signatures import address_of

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "docs" / "results" / "mutation.json"
ACTS = {
    "register_3": "register, 3 holders",
    "register_3_relayed": "register, 3 holders, relayed",
    "register_1": "register, 1 holder",
    "buy_first": "buy, first of an offer and of a title",
    "buy_next": "buy, next of an offer",
    "buy_renewal": "buy, renewal",
    "buy_exclusive": "buy, exclusive beside two others",
    "pay_next": "pay, next",
    "pay_plain": "pay by a plain send, before the purse has code",
    "withdraw_next": "withdraw, next",
    "derivative_hop": "royalties, one title up",
    "notice": "notice",
    "anchor_batch_20_each": "anchor, in a batch of 20, each",
}
ALONE = ("embedded.cpu_ms_per_tx", "follower.cpu_ms_per_tx")
TRANSFERS = 300
RESTARTS = 7
IDLE_S = 20.0
SENDS = 10
CHAIN = 7171
SEED, PAYER, RECEIVER = b"\x11" * 32, b"\x22" * 32, b"\x55" * 20


def figures() -> dict[str, dict[str, Any]]:
    """CPU in milliseconds per simple transaction, seconds to restart, megabytes (PSS) and percent of a core at rest."""
    with tempfile.TemporaryDirectory() as folder:
        found, restarts = asyncio.run(_measure(Path(folder) / "ledger.db"))
        ordering, following, snapshot = _single(Path(folder))
        found |= {"embedded.cpu_ms_per_tx": ordering, "follower.cpu_ms_per_tx": following}
        found["follower.snapshot_cpu_ms_per_block"] = snapshot
    bare, audited = _bare_machine(), audit.proofs()
    # The share of small changes that the contract tests notice, as it was when all of them were tried.
    result = json.loads(RESULT.read_text()) if RESULT.exists() else None
    return {
        "figures": {
            **_gas(),
            **({"mutation.score": result["score"]} if result else {}),
            **found,
            "embedded.restart_s": statistics.median(restarts),
            **audited["figures"],
        },
        "intervals": {"embedded.restart_s": [min(restarts), max(restarts)], **audited["intervals"]},
        "baselines": dict.fromkeys(ALONE, bare),
        "ratios": {name: bare / found[name] for name in ALONE},
        "notes": {
            "embedded.cpu_ms_per_tx": "one transfer a block: JSON-RPC, checks, execution, signature, fsync, receipt; "
            "baseline: py-evm in memory, execution and sealing alone",
            "follower.cpu_ms_per_tx": "the same blocks at a node that follows: JSON, signatures, execution, each field "
            "of the header compared, fsync; baseline: as above",
            "follower.snapshot_cpu_ms_per_block": "the same blocks and their state unexecuted, both ends",
            "embedded.restart_s": f"from start to first answer after SIGKILL, {RESTARTS} times",
            **audited["notes"],
            **({"mutation.score": f"the whole run at {result['commit']}"} if result else {}),
        },
    }


def _gas() -> dict[str, int]:
    """Gas of whole transactions, as tests/contract/test_gas.py holds them below their gates."""
    sys.path.insert(0, str(ROOT / "tests"))
    from contract.meter import measure

    spent = measure()
    return {"gas.offer": 0, **{f"gas.{name}": spent[act] for name, act in ACTS.items()}}


async def _measure(db: Path) -> tuple[dict[str, float], list[float]]:
    genesis = found_network(SEED, "bench", CHAIN, 1_700_000_000)
    ledger = EmbeddedLedger()
    url = await ledger.start(db, 0, genesis, SEED)
    child = psutil.Process(ledger.pid)
    found = await _rest(child)
    client, relay = Ledger(url, CHAIN), forward_to(url)
    await client.faucet(address_of(PAYER))
    began = time.perf_counter()
    for _ in range(SENDS):
        await client.send(PAYER, RECEIVER, b"", 1)
    found["embedded.send_to_receipt_ms"] = (time.perf_counter() - began) / SENDS * 1000
    raws = _transfers(SENDS, TRANSFERS)
    before = _cpu_s(child)
    for at in range(0, TRANSFERS, 100):
        await _hand_over(relay, raws[at : at + 100])
        await _sealed(relay, SENDS + at + 100)
    found["embedded.cpu_ms_per_tx_batched"] = (_cpu_s(child) - before) / TRANSFERS * 1000
    found["embedded.busy_pss_mb"] = child.memory_full_info().pss / 2**20
    await client.close()
    restarts = []
    for _ in range(RESTARTS):
        child.kill()
        await ledger.stop()
        began = time.perf_counter()
        await ledger.start(db, 0, genesis, SEED)
        restarts.append(time.perf_counter() - began)
        child = psutil.Process(ledger.pid)
    await ledger.stop()
    return found, restarts


async def _rest(child: psutil.Process) -> dict[str, float]:
    """Memory and CPU while nobody asks."""
    await asyncio.sleep(2.0)
    before = _cpu_s(child)
    await asyncio.sleep(IDLE_S)
    return {
        "embedded.idle_pss_mb": child.memory_full_info().pss / 2**20,
        "embedded.idle_cpu_percent": (_cpu_s(child) - before) / IDLE_S * 100,
    }


def _cpu_s(child: psutil.Process) -> float:
    spent = child.cpu_times()
    return float(spent.user + spent.system)


def _transfers(first: int, count: int) -> list[str]:
    """Signed transfers with the payer's nonces from `first` on."""
    from eth_account import Account

    fields = {"type": 2, "chainId": CHAIN, "to": RECEIVER, "value": 1, "gas": 21_000}
    fields |= {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0}
    account = Account.from_key(PAYER)
    signed = (account.sign_transaction({**fields, "nonce": first + at}) for at in range(count))
    return ["0x" + bytes(one.raw_transaction).hex() for one in signed]


async def _hand_over(relay: Forward, raws: Sequence[str]) -> None:
    batch = [{"jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": [raw]} for raw in raws]
    said = decode(await relay(encode(batch)))
    assert all("result" in one for one in said), said


async def _sealed(relay: Forward, nonce: int) -> None:
    """Waits until the payer's transactions up to `nonce` are in blocks."""
    asked = {"method": "eth_getTransactionCount", "params": ["0x" + address_of(PAYER).hex(), "latest"]}
    while True:
        said = decode(await relay(encode({"jsonrpc": "2.0", "id": 1, **asked})))
        if int(said["result"], 16) >= nonce:
            return
        await asyncio.sleep(0.03)


def _single(folder: Path) -> tuple[float, float, float]:
    """
    CPU milliseconds of a transfer in a block of its own, at the sequencer and at a node that follows it, and of such a
    block where it is taken as part of a snapshot.
    """
    from cinepeer.adapters.chain.evm import Evm
    from cinepeer.adapters.chain.faucet import Faucet
    from cinepeer.adapters.chain.follower import Follower
    from cinepeer.adapters.chain.rpc import Rpc
    from cinepeer.adapters.chain.sequencer import Sequencer

    genesis = found_network(SEED, "bench", CHAIN, 1_700_000_000)
    evm, copy = Evm(folder / "single.db", genesis), Evm(folder / "copy.db", genesis)
    sequencer = Sequencer(evm, SEED, time.time)
    faucet = Faucet(sequencer, SEED, time.time)
    faucet.pay(address_of(PAYER))
    sequencer.seal()
    ordering = asyncio.run(_order(Rpc(sequencer, faucet, time.time), sequencer.seal))
    # Blocks come as fast as they can, so their time runs ahead of the clock.
    following = asyncio.run(_follow(Rpc(sequencer, faucet, time.time), Rpc(Follower(copy), None, lambda: 2.0**40)))
    assert copy.head.hash == evm.head.hash
    snapshot = asyncio.run(_shorten(Rpc(sequencer, faucet, time.time), folder / "short.db", genesis))
    evm.close()
    copy.close()
    return ordering, following, snapshot


async def _shorten(origin: Any, file: Path, genesis: Any) -> float:
    """The same blocks as history behind a state, as a copy takes them that begins by a snapshot."""
    from cinepeer.adapters.chain import shortcut
    from cinepeer.adapters.chain.copies import Copies
    from cinepeer.adapters.chain.following import Following

    shortcut.SHORT_BLOCKS = 1
    copies = Copies(file, genesis, lambda: 2.0**40)
    following = Following(copies.answer, origin.answer, list, None, is_short=True)
    began = time.process_time()
    assert await following.pull() and following.snapshot == TRANSFERS + 1
    spent = time.process_time() - began
    copies.close()
    return spent / TRANSFERS * 1000


async def _order(rpc: Any, seal: Callable[[], Any]) -> float:
    """A transfer asked for, checked, executed, signed, on disk, its receipt answered."""
    bodies = [_asked("eth_sendRawTransaction", raw) for raw in _transfers(0, TRANSFERS)]
    began = time.process_time()
    for body in bodies:
        said = decode(await rpc.answer(body))
        seal()
        receipt = decode(await rpc.answer(_asked("eth_getTransactionReceipt", said["result"])))
        assert receipt["result"]["status"] == "0x1"
    return (time.process_time() - began) / TRANSFERS * 1000


async def _follow(origin: Any, copy: Any) -> float:
    """The same blocks taken one by one, as they come while the sequencer works."""
    bodies = []
    for number in range(1, TRANSFERS + 2):
        told = decode(await origin.answer(_asked("cinepeer_blocks", hex(number), "0x1")))["result"]
        bodies.append(_asked("cinepeer_take", told))
    await copy.answer(bodies[0])
    began = time.process_time()
    for at, body in enumerate(bodies[1:], 2):
        assert decode(await copy.answer(body))["result"] == hex(at)
    return (time.process_time() - began) / TRANSFERS * 1000


def _asked(method: str, *parameters: Any) -> bytes:
    return encode({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)})


def _bare_machine() -> float:
    """CPU milliseconds of a transfer in a block of its own on py-evm in memory, already decoded."""
    from cinepeer.adapters.chain.evm import Evm
    from cinepeer.adapters.chain.signing import sign_transaction

    evm = Evm(":memory:", found_network(SEED, "bench", CHAIN, 1_700_000_000))
    txs = [sign_transaction(PAYER, CHAIN, at, to=RECEIVER, gas=21_000) for at in range(TRANSFERS)]
    assert all(tx.sender for tx in txs)
    began = time.process_time()
    evm.tables.connection.execute("begin")
    for at, tx in enumerate(txs):
        evm.advance(evm.execute([tx], 1_700_000_001 + at))
    spent = time.process_time() - began
    evm.tables.connection.execute("rollback")
    evm.close()
    return spent / TRANSFERS * 1000


if __name__ == "__main__":
    print(os.linesep.join(f"{name} {value}" for name, value in figures()["figures"].items()))
