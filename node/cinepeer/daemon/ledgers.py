"""The ledger of a node: its own sequencer, or an own copy that follows another node's over libp2p."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cinepeer.adapters.system.durable import write_whole
from cinepeer.adapters.system.home import Home
from cinepeer.adapters.system.keystore import Keystore
from cinepeer.app.network import LEDGER_PROTOCOL, Network, peer_of
from cinepeer.errors import Unreachable

if TYPE_CHECKING:
    from cinepeer.adapters.chain.following import Following, Forward
    from cinepeer.adapters.p2p.network import P2P

ASK_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Chain:
    """Where this node reaches the ledger, what to call it honestly, and what keeps it level with others'."""

    url: str
    label: Callable[[], str]
    answer: Callable[[bytes], Awaitable[bytes]]
    following: Following
    application: Any = None


async def open_ledger(
    stack: AsyncExitStack,
    home: Home,
    ports: Mapping[str, int],
    keys: Keystore,
    network: Network,
    p2p_box: list[P2P],
) -> Chain:
    """The ledger's child process: the network's sequencer, or a copy that executes what the sequencer orders."""
    from cinepeer.adapters.chain.following import Following
    from cinepeer.adapters.chain.forward import forward_to
    from cinepeer.adapters.chain.process import EmbeddedLedger
    from cinepeer.adapters.chain.readthrough import answer, readthrough_app

    orders = not network.sequencer
    child = EmbeddedLedger()
    port, key = (ports["ledger_rpc_port"], keys.secret("sequencer")) if orders else (0, b"")
    url = await child.start(home.ledger, port, dict(network.genesis), key)
    stack.push_async_callback(child.stop)
    copy = forward_to(url)
    sequencer = None if orders else _asking(p2p_box, peer_of(network.sequencer))

    def others() -> Sequence[Forward]:
        if not p2p_box:
            return []
        first = peer_of(network.sequencer)
        return [_asking(p2p_box, one.peer_id) for one in p2p_box[0].neighbours() if one.peer_id != first]

    following = Following(copy, sequencer, others, None if orders else _outbox(home))
    if orders:
        return Chain(url, lambda: _sequencing(following), lambda body: answer(body, copy), following)
    own = f"http://127.0.0.1:{ports['ledger_rpc_port']}"
    through = readthrough_app(following.answer)
    return Chain(own, lambda: following.label, lambda body: answer(body, following.answer), following, through)


def _sequencing(following: Following) -> str:
    """What the sequencer's own ledger is called."""
    return "embedded, test credits, not money" + (f"; {following.fault}" if following.fault else "")


def _asking(p2p_box: list[P2P], peer: str | None) -> Forward:
    """Asks one node about the ledger over libp2p; raises `Unreachable`."""

    async def ask(body: bytes) -> bytes:
        if not p2p_box or peer is None:
            raise Unreachable("found no connection yet, expected the network's sequencer")
        async with p2p_box[0].conversation(peer, LEDGER_PROTOCOL) as talk:
            return await talk.ask(body, ASK_TIMEOUT_S)

    return ask


def _outbox(home: Home) -> Any:
    """The transactions that wait for the sequencer, kept in the home."""
    from cinepeer.adapters.chain.outbox import Outbox

    file = home.path / "outbox.txt"
    lines = file.read_text().splitlines() if file.exists() else []
    return Outbox(lines, lambda kept: write_whole(file, "".join(f"{line}\n" for line in kept).encode()))
