"""The ledger of a node: its own sequencer, or another node's over libp2p."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cinepeer.adapters.system.home import Home
from cinepeer.adapters.system.keystore import Keystore
from cinepeer.app.network import LEDGER_PROTOCOL, Network, peer_of
from cinepeer.errors import Unreachable

if TYPE_CHECKING:
    from cinepeer.adapters.p2p.network import P2P


@dataclass(frozen=True, slots=True)
class Chain:
    """Where this node reaches the ledger, how it answers for it, and what to call it honestly."""

    url: str
    label: str
    answer: Callable[[bytes], Awaitable[bytes]]
    application: Any = None


async def open_ledger(
    stack: AsyncExitStack,
    home: Home,
    ports: Mapping[str, int],
    keys: Keystore,
    network: Network,
    p2p_box: list[P2P],
) -> Chain:
    """The sequencer's own child process, or a read-through to the sequencer over libp2p."""
    from cinepeer.adapters.chain.forward import forward_to
    from cinepeer.adapters.chain.readthrough import answer, readthrough_app

    if not network.sequencer:
        from cinepeer.adapters.chain.process import EmbeddedLedger

        child = EmbeddedLedger()
        url = await child.start(home.ledger, ports["ledger_rpc_port"], dict(network.genesis), keys.secret("sequencer"))
        stack.push_async_callback(child.stop)
        forward = forward_to(url)
        return Chain(url, "embedded, test credits, not money", lambda body: answer(body, forward))

    async def ask(body: bytes) -> bytes:
        peer = peer_of(network.sequencer)
        if not p2p_box or peer is None:
            raise Unreachable("found no connection yet, expected the network's sequencer")
        async with p2p_box[0].conversation(peer, LEDGER_PROTOCOL) as talk:
            return await talk.ask(body, 30.0)

    url = f"http://127.0.0.1:{ports['ledger_rpc_port']}"
    label = "another node's embedded ledger read over libp2p, test credits, not money"
    return Chain(url, label, lambda body: answer(body, ask), readthrough_app(ask))
