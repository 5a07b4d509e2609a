"""Endpoints that lie, hang, go away or become another chain: one sentence, and nothing is sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from cinepeer.adapters.chain.client import Ledger
from cinepeer.adapters.chain.endpoints import Endpoints
from cinepeer.adapters.chain.listener import listen, rpc_app, server
from cinepeer.errors import BadInput, CheckFailed, CinepeerError, Unreachable
from unit.chain.small_chain import ANNA, BELA, CHAIN, SmallChain, address

Change = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]


class Liar:
    """A way to an honest ledger whose answers somebody changes."""

    def __init__(self, chain: SmallChain, change: Change | None = None) -> None:
        self._chain = chain
        self.change = change
        self.heard: list[str] = []
        self.hangs = False
        self.released = asyncio.Event()

    async def __call__(self, body: bytes) -> bytes:
        asked = json.loads(body)
        self.heard.append(asked["method"])
        if self.hangs:
            await self.released.wait()
        if asked["method"] == "eth_sendRawTransaction":
            said = json.loads(await self._chain.rpc.answer(body))
            self._chain.sequencer.seal()
        else:
            said = json.loads(await self._chain.rpc.answer(body))
        return json.dumps(self.change(asked, said) if self.change else said).encode()


def story(tell: Callable[[Ledger], Any], *liars: Liar, timeout_s: float = 10.0) -> None:
    """Tells a story with a ledger by these endpoints."""

    async def run() -> None:
        listening = [listen(0) for _ in liars]
        servers = [server(rpc_app(liar)) for liar in liars]
        serving = [
            asyncio.create_task(one.serve(sockets=[socket])) for one, socket in zip(servers, listening, strict=True)
        ]
        urls = [f"http://127.0.0.1:{socket.getsockname()[1]}" for socket in listening]
        ledger = Ledger(urls, CHAIN, timeout_s=timeout_s)
        try:
            await asyncio.wait_for(tell(ledger), 50)
        finally:
            await ledger.close()
            for liar, one in zip(liars, servers, strict=True):
                liar.released.set()
                one.should_exit = True
            await asyncio.gather(*serving)
            for socket in listening:
                socket.close()

    asyncio.run(run())


def rich() -> SmallChain:
    """A chain on which Anna has credits."""
    chain = SmallChain()
    chain.faucet.pay(address(ANNA))
    chain.sequencer.seal()
    return chain


def other_chain(asked: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    return {**said, "result": hex(99)} if asked["method"] == "eth_chainId" else said


def other_history(asked: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """Another hash, and so another block, at every height."""
    if asked["method"] == "eth_getBlockByNumber" and said["result"]:
        said["result"]["hash"] = "0x" + "77" * 32
    return said


def refused_without_a_word_sent(liar: Liar, ledger: Ledger, kind: type[CinepeerError], sentence: str) -> Any:
    async def tell() -> None:
        liar.heard.clear()
        with pytest.raises(kind, match=sentence):
            await ledger.send(ANNA, address(BELA), b"", 1)
        assert "eth_sendRawTransaction" not in liar.heard

    return tell()


def test_an_endpoint_that_becomes_another_chain_is_sent_nothing() -> None:
    liar = Liar(rich())

    async def tell(ledger: Ledger) -> None:
        assert (await ledger.send(ANNA, address(BELA), b"", 1)).ok
        liar.change = other_chain
        await refused_without_a_word_sent(liar, ledger, BadInput, f"found chain 99 at .* expected chain {CHAIN}")
        liar.change = None
        assert (await ledger.send(ANNA, address(BELA), b"", 1)).ok

    story(tell, liar)


def test_two_endpoints_with_two_histories_are_both_named_and_sent_nothing() -> None:
    chain = rich()
    honest, liar = Liar(chain), Liar(chain, other_history)

    async def tell(ledger: Ledger) -> None:
        sentence = f"found block 0 as 0x[0-9a-f]+ at {ledger.urls[0]} and 0x7777.* at {ledger.urls[1]}, expected one"
        await refused_without_a_word_sent(honest, ledger, CheckFailed, sentence)
        assert "eth_sendRawTransaction" not in liar.heard
        liar.change = None
        assert (await ledger.send(ANNA, address(BELA), b"", 1)).ok

    story(tell, honest, liar)


def test_a_header_that_does_not_hash_to_its_name_is_no_header() -> None:
    liar = Liar(rich(), other_history)

    async def tell(ledger: Ledger) -> None:
        with pytest.raises(Unreachable, match=r"a header of block 1 at .* that does not have its hash"):
            await ledger.header(1)

    story(tell, liar)


def test_the_next_endpoint_is_asked_when_one_hangs_or_is_gone() -> None:
    chain = rich()
    hanging, other = Liar(chain), Liar(chain)
    hanging.hangs = True

    async def tell(ledger: Ledger) -> None:
        assert await ledger.head() == 1
        assert ledger.url == ledger.urls[1]
        assert (await ledger.send(ANNA, address(BELA), b"", 1)).ok

    story(tell, hanging, other, timeout_s=1.0)


def test_an_endpoint_that_hangs_alone_is_told_to_be_away() -> None:
    liar = Liar(rich())
    liar.hangs = True

    async def tell(ledger: Ledger) -> None:
        with pytest.raises(Unreachable, match="found no answer at"):
            await ledger.send(ANNA, address(BELA), b"", 1)
        assert set(liar.heard) == {"eth_chainId"}

    story(tell, liar, timeout_s=1.0)


@pytest.mark.parametrize(
    "said",
    [{"jsonrpc": "2.0", "id": 1}, {"result": "no number"}, {"result": None}, {"result": {}}, {"result": "0x"}, 7],
)
def test_an_answer_that_is_no_answer_is_one_sentence(said: Any) -> None:
    liar = Liar(rich())

    async def tell(ledger: Ledger) -> None:
        assert await ledger.head() == 1
        liar.change = lambda asked, honest: honest if asked["method"] == "eth_chainId" else said
        for ask in (ledger.head, lambda: ledger.balance(address(ANNA)), lambda: ledger.header(1)):
            with pytest.raises(CinepeerError):
                await ask()
        await refused_without_a_word_sent(liar, ledger, CinepeerError, "found|the ledger")

    story(tell, liar)


def test_a_refusal_is_final_and_no_reason_to_ask_elsewhere() -> None:
    chain = rich()
    first, second = Liar(chain), Liar(chain)

    async def tell(ledger: Ledger) -> None:
        with pytest.raises(BadInput, match="insufficient funds"):
            await ledger.send(BELA, address(ANNA), b"", 10**30)
        assert "eth_estimateGas" not in second.heard

    story(tell, first, second)


def test_a_ledger_without_an_endpoint_is_none() -> None:
    with pytest.raises(BadInput, match="found no URL of a ledger"):
        Endpoints([], CHAIN, 1.0)
