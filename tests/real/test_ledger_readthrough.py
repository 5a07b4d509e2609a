"""A node without a ledger reads and writes through another node's, on its own loopback port, with the same client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from cinepeer.adapters.chain import readthrough
from cinepeer.adapters.chain.client import Ledger
from cinepeer.adapters.chain.forward import forward_to
from cinepeer.adapters.chain.listener import listen, server
from cinepeer.adapters.chain.process import EmbeddedLedger
from cinepeer.errors import BadInput, Unreachable
from unit.chain.small_chain import ANNA, BELA, CHAIN, COUNTER, EMPTY_CALL, GENESIS, SEED, address


@asynccontextmanager
async def far_node(relay: readthrough.Forward) -> AsyncIterator[str]:
    """The loopback port of a node whose questions a peer with `relay` answers."""

    async def ask(body: bytes) -> bytes:
        return await readthrough.answer(body, relay)

    listening = listen(0)
    http = server(readthrough.readthrough_app(ask))
    serving = asyncio.create_task(http.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        http.should_exit = True
        await serving
        listening.close()


def test_a_far_node_writes_reads_and_is_refused_like_a_near_one(tmp_path: Path) -> None:
    async def story() -> None:
        ledger = EmbeddedLedger()
        relay = forward_to(await ledger.start(tmp_path / "ledger.db", 0, GENESIS, SEED))
        async with far_node(relay) as url:
            client = Ledger(url, CHAIN, errors={EMPTY_CALL: ("EmptyCall", (), ())}, timeout_s=5.0)
            counter = (await client.send(ANNA, None, COUNTER)).created
            assert counter is not None
            assert (await client.send(BELA, counter, b"\1")).ok
            assert len(await client.logs([counter], 0, await client.head())) == 1
            await client.faucet(address(BELA))
            with pytest.raises(BadInput, match=r"EmptyCall\(\)"):
                await client.send(BELA, counter)
            async with httpx.AsyncClient() as http:
                body = {"jsonrpc": "2.0", "id": 1, "method": "cinepeer_refusal", "params": ["0x" + "00" * 32]}
                assert (await http.post(url, json=body)).json()["error"]["code"] == -32601
                assert (await http.post(url, json=body, headers={"Origin": url})).status_code == 403
            await ledger.stop()
            with pytest.raises(Unreachable, match="found no answer from the ledger"):
                await client.head()
            await client.close()

    asyncio.run(story())
