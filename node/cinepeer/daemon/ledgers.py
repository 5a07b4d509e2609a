"""The ledger of a node: its own sequencer, an own copy that follows another node's, or a chain of others by URL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from cinepeer.adapters.system.durable import write_whole
from cinepeer.adapters.system.home import Home
from cinepeer.adapters.system.keystore import Keystore
from cinepeer.app.network import LEDGER_PROTOCOL, Network, peer_of
from cinepeer.app.relay import Relaying
from cinepeer.daemon.clock import clock_ms
from cinepeer.daemon.libraries import load_beside
from cinepeer.daemon.ordering import Ordering
from cinepeer.errors import BadInput, Unreachable

if TYPE_CHECKING:
    from cinepeer.adapters.chain.client import Ledger
    from cinepeer.adapters.chain.following import Forward
    from cinepeer.adapters.chain.process import EmbeddedLedger
    from cinepeer.adapters.p2p.network import P2P
    from cinepeer.app.library import Library
    from cinepeer.app.parts import RecordStore
    from cinepeer.app.titles import Titles

ASK_TIMEOUT_S = 30.0


class Level(Protocol):
    """What keeps a ledger level with others'."""

    @property
    def may_witness(self) -> bool: ...
    async def start(self) -> None: ...
    async def stop(self) -> None: ...


class Elsewhere:
    """A chain of others keeps itself level; nobody here executes it, so nobody witnesses it."""

    may_witness = False

    async def start(self) -> None:
        """Nothing to follow."""

    async def stop(self) -> None:
        """Nothing was started."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The ledger as this node reaches it, what to call it honestly, and what keeps it level with others'."""

    ledger: Ledger
    label: Callable[[], str]
    answer: Callable[[bytes], Awaitable[bytes]]
    following: Level
    application: Any = None
    ordering: Ordering | None = None


async def open_ledger(
    stack: AsyncExitStack,
    home: Home,
    settings: Mapping[str, Any],
    ports: Mapping[str, int],
    keys: Keystore,
    network: Network,
    p2p_box: list[P2P],
) -> Chain:
    """
    The ledger's child process, the network's sequencer or a copy that executes what the sequencer orders; or a chain of
    others by its endpoints.
    """
    if not network.is_embedded:
        return _elsewhere(stack, home, settings, network)
    from cinepeer.adapters.chain.client import Ledger
    from cinepeer.adapters.chain.following import Following
    from cinepeer.adapters.chain.process import EmbeddedLedger
    from cinepeer.adapters.chain.readthrough import answer, readthrough_app

    orders = not network.sequencer
    child = EmbeddedLedger()
    port, key = (ports["ledger_rpc_port"], keys.secret("sequencer")) if orders else (0, b"")
    # A backup that is put back may be older than what its key signed since.
    holds = orders and home.kept.get("took_back") is False and not settings["order_alone"]
    url = await load_beside(child.start(home.ledger, port, dict(network.genesis), key, holds))
    stack.push_async_callback(child.stop)
    apart = _Apart(stack, home, network, ports["ledger_rpc_port"], child, url)
    copy = apart.answer

    def asking(addrs: Sequence[str]) -> Forward:
        return _asking(p2p_box, peer_of(addrs))

    ordering = Ordering(home, network, keys.secret("sequencer"), child, asking, p2p_box, apart.stand_aside)
    sequencer = None if orders else asking(network.sequencer)

    def others() -> Sequence[Forward]:
        if not p2p_box:
            return []
        first = peer_of(ordering.addrs)
        return [_asking(p2p_box, one.peer_id) for one in p2p_box[0].neighbours() if one.peer_id != first]

    met = _releasing(home, child, copy) if holds else None
    following = Following(
        copy, sequencer, others, _outbox(home), ordering.succeeded, met, bool(settings["ledger_snapshot"])
    )
    # What the ledger's own process holds is asked of it: while it is not level, the way elsewhere would answer.
    ordering.following, ordering.ledger = following, Ledger(url, network.chain_id)
    stack.push_async_callback(ordering.ledger.close)
    own = url if orders else f"http://127.0.0.1:{ports['ledger_rpc_port']}"
    ledger = Ledger(own, network.chain_id, journal=_journal(home))
    stack.push_async_callback(ledger.close)
    through = None if orders else readthrough_app(following.answer)
    return Chain(
        ledger, lambda: following.label, lambda body: answer(body, following.answer), following, through, ordering
    )


class _Apart:
    """The way to the ledger's own process, also after it moved behind the port that programs know."""

    def __init__(
        self, stack: AsyncExitStack, home: Home, network: Network, port: int, child: EmbeddedLedger, url: str
    ) -> None:
        from cinepeer.adapters.chain.forward import forward_to

        self._stack = stack
        self._home = home
        self._network = network
        self._port = port
        self._child = child
        self._forward = forward_to(url)

    async def answer(self, body: bytes) -> bytes:
        """The answer of the ledger's own process; raises `Unreachable`."""
        return await self._forward(body)

    async def stand_aside(self, ordering: Ordering) -> None:
        """A sequencer's process goes on as a copy on a port of its own; this one answers programs, and asks it."""
        from cinepeer.adapters.chain.client import Ledger
        from cinepeer.adapters.chain.forward import forward_to
        from cinepeer.adapters.chain.readthrough import readthrough_app
        from cinepeer.faces.http.listener import Listener

        assert ordering.following is not None and ordering.ledger is not None
        await self._child.stop()
        url = await self._child.start(self._home.ledger, 0, dict(self._network.genesis))
        self._forward = forward_to(url)
        before, ordering.ledger = ordering.ledger, Ledger(url, self._network.chain_id)
        await before.close()
        self._stack.push_async_callback(ordering.ledger.close)
        listener = Listener(readthrough_app(ordering.following.answer), self._port)
        await listener.start()
        self._stack.push_async_callback(listener.stop)


def _releasing(home: Home, child: EmbeddedLedger, copy: Forward) -> Callable[[], Awaitable[None]]:
    """Lets the sequencer of a restored home order, once its blocks were taken back, and after every later start."""

    async def release() -> None:
        await copy(b'{"jsonrpc":"2.0","id":1,"method":"cinepeer_release","params":[]}')
        child.release()
        home.keep(took_back=True)

    return release


def endpoints_of(settings: Mapping[str, Any], network: Network) -> list[str]:
    """The URLs by which a chain of others is reached: those set here, else those that the network names."""
    urls = str(settings["ledger_url"]).split() or list(network.endpoints)
    if not urls:
        raise BadInput(
            f"found no endpoint of chain {network.chain_id}, expected one or more: set `ledger_url` to its URL"
        )
    for url in urls:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise BadInput(f"found ledger_url = {url[:80]!r}, expected addresses such as https://rpc.example")
    return urls


def _elsewhere(stack: AsyncExitStack, home: Home, settings: Mapping[str, Any], network: Network) -> Chain:
    """A chain of others: known by a block of it, its contracts compared with the shipped before they are used."""
    from cinepeer.adapters.chain.client import Ledger
    from cinepeer.adapters.chain.deploying import check_chain
    from cinepeer.adapters.chain.forward import forward_by
    from cinepeer.adapters.chain.readthrough import answer, readthrough_app

    urls = endpoints_of(settings, network)
    parent = bytes.fromhex(str(network.genesis["parent"]).removeprefix("0x"))

    async def guard(ledger: Ledger) -> None:
        await check_chain(ledger, network.contracts, network.deployer, parent)

    async def others(_body: bytes) -> bytes:
        raise Unreachable(
            "found a ledger that no node keeps, expected its chain to be asked at an endpoint of your own"
        )

    ledger = Ledger(urls, network.chain_id, timeout_s=180.0, journal=_journal(home), is_checked=True, guard=guard)
    stack.push_async_callback(ledger.close)
    # An endpoint's path may hold a key: only its host is shown.
    hosts = " and ".join(str(urlsplit(url).hostname) for url in urls)
    label = f"chain {network.chain_id} by {hosts}, a chain of others: what is paid there may be money"
    application = readthrough_app(forward_by(ledger))
    return Chain(ledger, lambda: label, lambda body: answer(body, others), Elsewhere(), application)


def relaying(home: Home, titles: Titles, library: Library, store: RecordStore, most_a_day: int) -> Relaying:
    """What carries others' deeds, with what the last run carried today."""
    file = home.path / "relayed.txt"
    lines = file.read_text().splitlines() if file.exists() else []
    return Relaying(
        titles,
        library,
        store,
        clock_ms,
        most_a_day,
        lines,
        lambda kept: write_whole(file, "".join(f"{line}\n" for line in kept).encode()),
    )


def _journal(home: Home) -> Any:
    """The transactions whose end is not known yet, kept in the home."""
    from cinepeer.adapters.chain.journal import Journal

    file = home.path / "transactions.txt"
    lines = file.read_text().splitlines() if file.exists() else []
    return Journal(lines, lambda kept: write_whole(file, "".join(f"{line}\n" for line in kept).encode()))


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
