"""The ledger as a process: it starts, is driven by unmodified web3.py, is killed, comes back, ends with its parent."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from web3 import HTTPProvider, Web3
from web3.exceptions import ContractCustomError

from cinepeer.adapters.chain.client import Ledger
from cinepeer.adapters.chain.process import EmbeddedLedger
from cinepeer.errors import BadInput, Unreachable
from cinepeer.rights.proofs import parse_header, read_account, read_slot
from cinepeer.rights.sequencer import verify_header
from unit.chain.small_chain import ANNA, BELA, CHAIN, CLOCK, COUNTED, COUNTER, EMPTY_CALL, GENESIS, SEED, address

KILLED = Path(__file__).with_name("ledger_killed.py")
ERRORS = {EMPTY_CALL: ("EmptyCall", (), ())}
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


@asynccontextmanager
async def running(home: Path, *program: str) -> AsyncIterator[tuple[EmbeddedLedger, Ledger]]:
    """A started ledger in `home` with a client."""
    ledger = EmbeddedLedger(program) if program else EmbeddedLedger()
    url = await ledger.start(home / "ledger.db", 0, GENESIS, SEED)
    client = Ledger(url, CHAIN, errors=ERRORS)
    try:
        yield ledger, client
    finally:
        await client.close()
        await ledger.stop()


def test_web3_unmodified_deploys_calls_reads_logs_and_checks_a_proof(tmp_path: Path) -> None:
    def drive(url: str) -> None:
        web3 = Web3(HTTPProvider(url))
        account = web3.eth.account.from_key(ANNA)
        contract = web3.eth.contract(abi=ABI, bytecode=COUNTER)
        fields = {"from": account.address, "nonce": 0, "chainId": CHAIN}
        built = contract.constructor().build_transaction(fields)
        deployed = web3.eth.send_raw_transaction(account.sign_transaction(built).raw_transaction)
        counter = web3.eth.wait_for_transaction_receipt(deployed, poll_latency=0.02)["contractAddress"]
        assert counter is not None
        call = {"to": counter, "data": "0x01", "from": account.address, "chainId": CHAIN, "nonce": 1}
        call |= {"gas": web3.eth.estimate_gas(call), "maxFeePerGas": 0, "maxPriorityFeePerGas": 0}
        sent = web3.eth.send_raw_transaction(account.sign_transaction(call).raw_transaction)
        receipt = web3.eth.wait_for_transaction_receipt(sent, poll_latency=0.02)
        (counted,) = web3.eth.contract(address=counter, abi=ABI).events.Counted().process_receipt(receipt)
        assert counted["args"] == {"caller": account.address, "count": 1}
        assert web3.eth.get_logs({"address": counter, "fromBlock": 0})[0]["topics"][0] == COUNTED
        assert int.from_bytes(web3.eth.call({"to": counter, "data": "0x01"}), "big") == 2
        with pytest.raises(ContractCustomError) as refused:
            web3.eth.call({"to": counter, "data": "0x"})
        assert refused.value.data == "0x" + EMPTY_CALL.hex()
        assert web3.eth.get_transaction(sent)["blockNumber"] == receipt["blockNumber"]
        assert web3.eth.get_block("latest", full_transactions=True)["transactions"][0]["hash"] == sent
        assert web3.eth.fee_history(2, "latest", [50])["baseFeePerGas"] == [0, 0, 0]
        proof = web3.eth.get_proof(counter, [0], "latest")
        root = bytes(web3.eth.get_block("latest")["stateRoot"])
        proved = read_account(root, bytes.fromhex(counter[2:]), [bytes(node) for node in proof["accountProof"]])
        assert read_slot(proved.storage_root, 0, [bytes(node) for node in proof["storageProof"][0]["proof"]]) == 1
        web3.provider._request_session_manager.session_cache.clear()  # type: ignore[attr-defined]

    async def story() -> None:
        async with running(tmp_path) as (ledger, _):
            await asyncio.to_thread(drive, ledger.url)

    asyncio.run(story())


def test_the_client_sends_reads_and_proves(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path) as (_, client):
            counter = (await client.send(ANNA, None, COUNTER)).created
            assert counter is not None
            receipts = await asyncio.gather(*(client.send(key, counter, b"\1") for key in (ANNA, BELA, ANNA, BELA)))
            assert all(receipt.ok for receipt in receipts)
            head = await client.head()
            logs = await client.logs([counter], 0, head)
            assert [int.from_bytes(log.data, "big") for log in logs] == [1, 2, 3, 4]
            assert {log.tx for log in logs} == {receipt.tx for receipt in receipts}
            header = parse_header(await client.header(head))
            proof = await client.proof(counter, [0, 9], head)
            account = read_account(header.state_root, counter, proof.nodes)
            assert [read_slot(account.storage_root, slot.slot, slot.nodes) for slot in proof.slots] == [4, 0]
            signed = await client.signed_header(head)
            assert signed is not None
            verify_header(signed, ledger_network(), bytes.fromhex(GENESIS["sequencer"]))
            assert parse_header(signed.rlp) == header
            assert int.from_bytes(await client.call(counter, b"\1"), "big") == 5
            assert int.from_bytes(await client.call(counter, b"\1", receipts[0].block - 1), "big") == 1
            sent = await client.transaction(receipts[0].tx)
            assert sent is not None
            assert (sent.sender, sent.to, sent.data) == (address(ANNA), counter, b"\1")
            assert await client.genesis() == GENESIS

    asyncio.run(story())


def ledger_network() -> Any:
    from cinepeer.adapters.chain.genesis import network_id

    return network_id(GENESIS)


def test_a_refusal_names_the_contracts_own_error_and_changes_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path) as (_, client):
            counter = (await client.send(ANNA, None, COUNTER)).created
            assert counter is not None
            for refused in (client.send(ANNA, counter), client.call(counter, b"")):
                with pytest.raises(BadInput, match=r"^the ledger refuses this: EmptyCall\(\)$"):
                    await refused
            with pytest.raises(BadInput, match="insufficient funds"):
                await client.send(BELA, address(ANNA), b"", 1)
            assert await client.head() == 2, "the contract set's block and the counter's"
            await client.faucet(address(BELA))
            with pytest.raises(BadInput, match="found 100 credits"):
                await client.faucet(address(BELA))
            assert (await client.send(BELA, address(ANNA), b"", 7)).ok
            assert await client.balance(address(ANNA)) == 7
            with pytest.raises(BadInput, match="found no block 99"):
                await client.header(99)
            with pytest.raises(BadInput, match=f"found chain {CHAIN} at .*, expected chain 1$"):
                await Ledger(client.url, 1).head()

    asyncio.run(story())


@pytest.mark.parametrize("point", ["before-commit", "after-commit"])
def test_a_ledger_killed_at_a_durable_boundary_loses_nothing_and_doubles_nothing(tmp_path: Path, point: str) -> None:
    async def story() -> None:
        async with running(tmp_path, str(KILLED)) as (ledger, client):
            clock = (await client.send(ANNA, None, CLOCK)).created
            assert clock is not None
            counter = (await client.send(ANNA, None, COUNTER)).created
            assert counter is not None
            confirmed = await client.send(BELA, counter, b"\1")
            root = parse_header(await client.header(confirmed.block)).state_root
            (tmp_path / "kill-at").write_text(point)
            first = ledger.pid
            struck = await client.send(BELA, counter, b"\1")
            assert not (tmp_path / "kill-at").exists()
            assert (ledger.pid != first, ledger.restarts) == (True, 1)
            assert parse_header(await client.header(confirmed.block)).state_root == root
            assert await client.receipt(confirmed.tx) == confirmed
            assert await client.receipt(struck.tx) == struck
            logs = await client.logs([counter], 0, await client.head())
            assert [(log.tx, int.from_bytes(log.data, "big")) for log in logs] == [(confirmed.tx, 1), (struck.tx, 2)]

    asyncio.run(story())


def test_a_ledger_stopped_and_started_has_the_same_head_and_goes_on(tmp_path: Path) -> None:
    async def once(count: int) -> tuple[int, bytes]:
        async with running(tmp_path) as (_, client):
            for _ in range(count):
                await client.send(ANNA, address(BELA))
            head = await client.head()
            return head, await client.header(head)

    first = asyncio.run(once(3))
    assert asyncio.run(once(0)) == first


def test_pages_and_rebound_names_are_refused_on_the_wire(tmp_path: Path) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}

    async def story() -> None:
        async with running(tmp_path) as (ledger, _), httpx.AsyncClient() as http:
            assert (await http.post(ledger.url, json=body)).json()["result"] == hex(CHAIN)
            for headers in ({"Origin": ledger.url}, {"Host": "elsewhere.example"}):
                assert (await http.post(ledger.url, json=body, headers=headers)).status_code == 403
            assert (await http.get(ledger.url)).status_code == 405

    asyncio.run(story())


def test_what_cannot_start_says_why(tmp_path: Path) -> None:
    async def start(db: Path, port: int, genesis: dict[str, Any], seed: bytes) -> None:
        ledger = EmbeddedLedger()
        try:
            await ledger.start(db, port, genesis, seed)
        finally:
            await ledger.stop()

    async def story() -> None:
        async with running(tmp_path) as (ledger, _):
            port = int(ledger.url.rpartition(":")[2])
            with pytest.raises(BadInput, match=f"found port {port} in use"):
                await start(tmp_path / "other.db", port, GENESIS, SEED)
        with pytest.raises(BadInput, match="found another key"):
            await start(tmp_path / "ledger.db", 0, GENESIS, bytes(32))

    asyncio.run(story())


def test_the_key_is_in_no_argument_environment_or_file(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path) as (ledger, _):
            process = Path(f"/proc/{ledger.pid}")
            if process.exists():
                seen = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
                assert SEED.hex().encode() not in seen
        for file in tmp_path.iterdir():
            assert SEED not in file.read_bytes() and SEED.hex().encode() not in file.read_bytes()

    asyncio.run(story())


PARENT = """
import asyncio, sys
from pathlib import Path
sys.path[:0] = {paths!r}
from unit.chain.small_chain import GENESIS, SEED
from cinepeer.adapters.chain.process import EmbeddedLedger

async def main():
    ledger = EmbeddedLedger()
    await ledger.start(Path({db!r}), 0, GENESIS, SEED)
    print(ledger.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_a_ledger_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = PARENT.format(paths=[str(Path(__file__).parents[1])], db=str(tmp_path / "ledger.db"))
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        os.kill(child, 0)
        parent.send_signal(signal.SIGKILL)
    assert wait_until(lambda: not is_alive(child)), "the ledger outlived its parent"


def is_alive(pid: int) -> bool:
    """Whether a process runs, other than as a zombie nobody has waited for."""
    with suppress(OSError):
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def wait_until(holds: Callable[[], bool]) -> bool:
    """Asks for up to twenty seconds."""
    for _ in range(400):
        if holds():
            return True
        time.sleep(0.05)
    return False


def test_an_endpoint_that_is_away_or_speaks_otherwise_is_unreachable() -> None:
    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello")
        await writer.drain()
        writer.close()

    async def unreachable(client: Ledger) -> None:
        asked: Coroutine[Any, Any, int] = client.head()
        with pytest.raises(Unreachable, match=r"^found .*expected the ledger$"):
            await asked
        await client.close()

    async def story() -> None:
        server = await asyncio.start_server(garbage, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            await unreachable(Ledger(f"http://127.0.0.1:{port}", CHAIN))
        await unreachable(Ledger(f"http://127.0.0.1:{port}", CHAIN))

    asyncio.run(story())
