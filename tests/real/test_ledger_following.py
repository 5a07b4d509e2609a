"""A node's own copy of another node's ledger, in real processes: level, through kills on both sides, and honest."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from cinepeer.adapters.chain import jsonrpc
from cinepeer.adapters.chain.client import Ledger
from cinepeer.adapters.chain.following import Following, Forward
from cinepeer.adapters.chain.forward import forward_to
from cinepeer.adapters.chain.listener import listen, rpc_app, server
from cinepeer.adapters.chain.outbox import Outbox
from cinepeer.adapters.chain.process import EmbeddedLedger
from cinepeer.adapters.chain.signing import sign_transaction
from cinepeer.adapters.chain.values import Receipt
from cinepeer.errors import BadInput, LimitReached, Unreachable
from unit.chain.small_chain import ANNA, BELA, CHAIN, COUNTER, EMPTY_CALL, GENESIS, SEED, address

ERRORS = {EMPTY_CALL: ("EmptyCall", (), ())}


class Far:
    """The way to the sequencer, which can be cut."""

    def __init__(self, ask: Forward) -> None:
        self.ask = ask
        self.is_cut = False
        self.asked: list[str] = []

    async def __call__(self, body: bytes) -> bytes:
        if self.is_cut:
            raise Unreachable("found no answer, expected the sequencer")
        asked = jsonrpc.decode(body)
        self.asked += [call["method"] for call in (asked if isinstance(asked, list) else [asked])]
        return await self.ask(body)


async def question(forward: Forward, method: str, *parameters: object) -> object:
    said = jsonrpc.decode(
        await forward(jsonrpc.encode({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}))
    )
    return said.get("result", said.get("error"))


class Stand:
    """A sequencer and a node that follows it, both as processes, and the node's own loopback address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sequencer, self.copy = EmbeddedLedger(), EmbeddedLedger()
        self.kept: list[str] = []

    async def __aenter__(self) -> Stand:
        url = await self.sequencer.start(self.folder / "one.db", 0, GENESIS, SEED)
        own = await self.copy.start(self.folder / "two.db", 0, GENESIS)
        self.far, self.near = Far(forward_to(url)), forward_to(own)
        self.outbox = Outbox([], lambda lines: setattr(self, "kept", list(lines)))
        self.following = Following(self.near, self.far, list, self.outbox)
        self.listening = listen(0)
        self.http = server(rpc_app(self.following.answer))
        self.serving = asyncio.create_task(self.http.serve(sockets=[self.listening]))
        address_ = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        self.client = Ledger(address_, CHAIN, errors=ERRORS, timeout_s=20.0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()
        await self.following.stop()
        self.http.should_exit = True
        await self.serving
        self.listening.close()
        await self.copy.stop()
        await self.sequencer.stop()


def run(folder: Path, story: Callable[[Stand], object]) -> None:
    async def whole() -> None:
        async with Stand(folder) as stand:
            await story(stand)  # type: ignore[misc]

    asyncio.run(whole())


async def send_surely(client: Ledger, to: bytes) -> Receipt:
    """One call, asked for again as a person would while the answer is that nothing was sent."""
    give_up = asyncio.get_running_loop().time() + 60
    while True:
        try:
            return await client.send(BELA, to, b"\1")
        except Unreachable as error:
            if "nothing was sent" not in str(error) or asyncio.get_running_loop().time() > give_up:
                raise
            await asyncio.sleep(0.2)


async def kill_surely(victim: EmbeddedLedger) -> None:
    """Kills a ledger's process; one that was killed just before is waited for."""
    give_up = asyncio.get_running_loop().time() + 60
    while True:
        try:
            assert victim.pid is not None
            return os.kill(victim.pid, signal.SIGKILL)
        except ProcessLookupError:
            assert asyncio.get_running_loop().time() < give_up
            await asyncio.sleep(0.05)


def test_a_follower_writes_through_reads_its_own_copy_and_sees_its_own_writes_at_once(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        counter = (await stand.client.send(ANNA, None, COUNTER)).created
        assert counter is not None
        assert (await stand.client.send(BELA, counter, b"\1")).ok
        await stand.client.faucet(address(BELA))
        with pytest.raises(BadInput, match=r"EmptyCall\(\)"):
            await stand.client.send(BELA, counter)
        stand.far.asked.clear()
        assert len(await stand.client.logs([counter], 0, await stand.client.head())) == 1
        signed = await stand.client.signed_header(await stand.client.head())
        assert signed is not None and len(signed.signature) == 64
        assert not set(stand.far.asked) - {"cinepeer_blocks"}
        assert stand.following.label.startswith("own copy of another node's ledger, executed up to block")

    run(tmp_path, story)


def test_reading_goes_on_and_signed_transactions_wait_while_the_sequencer_is_away(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        counter = (await stand.client.send(ANNA, None, COUNTER)).created
        assert counter is not None
        head = await stand.client.head()
        stand.far.is_cut = True
        assert await stand.client.head() == head
        assert await stand.client.code(counter)
        raws = [
            "0x" + sign_transaction(BELA, CHAIN, nonce, to=counter, payload=b"\1", gas=100_000).encode().hex()
            for nonce in range(3)
        ]
        hashes = [await question(stand.following.answer, "eth_sendRawTransaction", raw) for raw in (*raws, raws[0])]
        assert hashes[0] == hashes[3]
        assert stand.kept == raws
        assert "its sequencer is away, 3 transactions wait for it" in stand.following.label
        said = await question(stand.following.answer, "cinepeer_faucet", "0x" + address(BELA).hex())
        assert said == {"code": jsonrpc.AWAY, "message": "found no answer, expected the sequencer"}
        stand.far.is_cut = False
        await stand.following.start()
        receipts = [await stand.client.wait(bytes.fromhex(str(one)[2:])) for one in hashes]
        assert all(receipt.ok for receipt in receipts)
        assert stand.kept == []
        assert "away" not in stand.following.label

    run(tmp_path, story)


def test_both_sides_killed_lose_nothing_that_was_confirmed(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        counter = (await stand.client.send(ANNA, None, COUNTER)).created
        assert counter is not None
        confirmed = []
        for turn in range(6):
            victim = stand.copy if turn % 2 else stand.sequencer
            sending = asyncio.create_task(send_surely(stand.client, counter))
            await asyncio.sleep(0.02 * turn)
            await kill_surely(victim)
            confirmed.append((await sending).tx)
        give_up = asyncio.get_running_loop().time() + 60
        while not await stand.following.pull() and asyncio.get_running_loop().time() < give_up:
            await asyncio.sleep(0.2)
        head = await stand.client.head()
        assert len(await stand.client.logs([counter], 0, head)) == len(set(confirmed)) == 6
        near = await question(stand.near, "cinepeer_signedHeader", hex(head))
        assert near == await question(stand.far, "cinepeer_signedHeader", hex(head))

    run(tmp_path, story)


def test_a_copy_far_behind_catches_up_and_answers_by_the_sequencer_meanwhile(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        near = Ledger(stand.sequencer.url, CHAIN, timeout_s=20.0)
        counter = (await near.send(ANNA, None, COUNTER)).created
        assert counter is not None
        raws = [
            "0x" + sign_transaction(BELA, CHAIN, nonce, to=counter, payload=b"\1", gas=100_000).encode().hex()
            for nonce in range(300)
        ]
        for raw in raws:
            await question(stand.far, "eth_sendRawTransaction", raw)
        while (
            await near.receipt(bytes.fromhex(str(await question(stand.far, "eth_sendRawTransaction", raws[-1]))[2:]))
            is None
        ):
            await asyncio.sleep(0.05)
        assert await stand.client.head() == await near.head()
        give_up = asyncio.get_running_loop().time() + 60
        while not await stand.following.pull() and asyncio.get_running_loop().time() < give_up:
            await asyncio.sleep(0.05)
        assert await question(stand.near, "eth_getLogs", {"fromBlock": "0x0"}) == await question(
            stand.far, "eth_getLogs", {"fromBlock": "0x0"}
        )
        await near.close()

    run(tmp_path, story)


def test_an_outbox_is_bounded_and_takes_only_transactions() -> None:
    kept: list[str] = []
    outbox = Outbox([], lambda lines: kept.__setitem__(slice(None), lines))
    for wrong in (None, "0x", "0xzz", "0x" + "00" * (128 * 1024 + 1)):
        with pytest.raises(BadInput):
            outbox.keep(wrong)
    for number in range(256):
        outbox.keep(f"0x{number:04x}")
    with pytest.raises(LimitReached, match="256 transactions waiting"):
        outbox.keep("0xffff")
    outbox.drop("0x0000")
    assert outbox.keep("0xffff") == "0x" + outbox.keep("ffff")[2:]
    assert len(outbox) == len(kept) == 256
    assert Outbox(kept, lambda _: None).waiting() == kept
