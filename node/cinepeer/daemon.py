"""The composition root: builds every part of a node, in order, and stops them in reverse."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cinepeer.adapters.system.durable import write_whole
from cinepeer.adapters.system.home import Home, open_home
from cinepeer.adapters.system.keyring import open_roots
from cinepeer.adapters.system.keystore import Keystore
from cinepeer.adapters.system.ports import take_port
from cinepeer.app.network import LEDGER_PROTOCOL, PROTOCOL, Network, describe, network_from, parse_network, peer_of
from cinepeer.errors import BadInput, CinepeerError, Unreachable
from cinepeer.ports import NoBlocks
from cinepeer.settings import load

if TYPE_CHECKING:
    from cinepeer.adapters.p2p.network import P2P
    from cinepeer.faces.http.parts import Parts
    from cinepeer.records.record import Record

log = logging.getLogger("cinepeer.daemon")

PORTS = ("page_port", "ipfs_rpc_port", "ledger_rpc_port", "p2p_port")
Ready = Callable[[dict[str, Any]], None]


def clock_ms() -> int:
    """Milliseconds of Unix time: the one clock of a node."""
    return time.time_ns() // 1_000_000


async def serve(folder: Path, flags: Mapping[str, Any], join: str | None, ready: Ready) -> None:
    """Runs a node on the home `folder` until SIGINT or SIGTERM; calls `ready` once it answers."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with AsyncExitStack() as stack:
        home = stack.enter_context(open_home(folder))
        settings = load(home.path, os.environ, flags)
        ports = _ports(home, settings)
        keys = Keystore(home.keys, os.environ.get("CINEPEER_PASSPHRASE"))
        network = await _network(home, keys, join)
        told = await _build(stack, home, settings, ports, keys, network)
        ready(told)
        log.info("node.ready home=%s page=%s", home.path, told["page"])
        await stopped.wait()
        log.info("node.stopping home=%s", home.path)


def _ports(home: Home, settings: Mapping[str, Any]) -> dict[str, int]:
    """The four ports: those that a setting names, else those kept, else free ones that are kept from now on."""
    ports: dict[str, int] = {}
    for name in PORTS:
        kept = home.kept.get(name)
        wanted = int(settings[name]) or (int(kept) if isinstance(kept, int) else 0)
        ports[name] = take_port(wanted, besides=ports.values())
    token = home.kept.get("token")
    home.keep(**ports, token=token if isinstance(token, str) else secrets.token_urlsafe(32))
    return ports


async def _network(home: Home, keys: Keystore, join: str | None) -> Network:
    """The home's network: the one it belongs to, the one it joins now, or a new one of its own."""
    file = home.path / "network.cbor"
    known = parse_network(file.read_bytes()) if file.exists() else None
    if join is None and known is not None:
        return known
    if join is not None:
        try:
            network = await _joined(join, keys)
        except Unreachable:
            if known is None:
                raise
            log.warning("network.unreachable by=%s: going on with the known network", join)
            return known
        if known is not None and known.id != network.id:
            raise BadInput(
                f"found the home {home.path} in the network {known.id}, expected {network.id}: use another --home"
            )
    else:
        from cinepeer.adapters.chain.genesis import found_network

        seed = keys.secret("sequencer")
        chain_id = 0xC1_0000_0000 + int.from_bytes(secrets.token_bytes(4))
        network = Network(found_network(seed, "local", chain_id, clock_ms() // 1000), ())
    write_whole(file, describe(network))
    return network


async def _joined(join: str, keys: Keystore) -> Network:
    """The network of the peer at a multiaddr, or of a network file."""
    if not join.startswith(("/ip", "/dns")):
        path = Path(join)
        if not path.is_file():
            raise BadInput(f"found {join!r}, expected a peer's multiaddr (/ip4/…/tcp/…/p2p/…) or a network file")
        network = network_from(path.read_bytes(), join)
        if not network.sequencer:
            raise BadInput(f"found no address of the sequencer in {join}, expected the file of a node that joined")
        return network
    from cinepeer.adapters.p2p.network import P2P

    async def ignore(*_: object) -> None:
        return None

    # A node of no network, for one question: topics need the answer.
    anywhere = ["/ip4/127.0.0.1/tcp/0"]
    asker = await P2P.start(keys.secret("peer"), anywhere, NoBlocks(), lambda *_: False, {}, (), ignore, ignore)
    try:
        peer = await asker.connect(join)
        async with asker.conversation(peer, PROTOCOL) as talk:
            network = network_from(await talk.ask(b"", 10.0), join)
    finally:
        await asker.stop()
    log.warning("network.joined id=%s by=%s", network.id, join)
    return network


async def _build(
    stack: AsyncExitStack,
    home: Home,
    settings: Mapping[str, Any],
    ports: Mapping[str, int],
    keys: Keystore,
    network: Network,
) -> dict[str, Any]:
    """Builds the parts from the disk upwards; each is stopped when `stack` unwinds. Returns what `ready` is told."""
    from cinepeer.adapters.chain.client import Ledger
    from cinepeer.adapters.media.tools import FilmTools
    from cinepeer.adapters.p2p.network import P2P
    from cinepeer.adapters.store.records import RecordStore
    from cinepeer.app.audit import Auditing
    from cinepeer.app.devices import Devices, admit_when_possible
    from cinepeer.app.fetch import Fetching
    from cinepeer.app.host import Hosting
    from cinepeer.app.identity import open_author
    from cinepeer.app.library import Library
    from cinepeer.app.moderate import Moderation
    from cinepeer.app.publish import Publishing
    from cinepeer.app.recommend import Recommendations
    from cinepeer.app.replicate import Replication
    from cinepeer.app.titles import Titles
    from cinepeer.faces.http.parts import Parts

    # On the disk: records, blocks, what is denied.
    store = await RecordStore.open(home.records)
    stack.push_async_callback(store.close)
    roots, is_restored = open_roots(keys), bool(home.kept.get("restored"))
    seeds, device = (roots.first, roots.following), keys.secret("device")
    author = await open_author(store, *seeds, device, clock_ms, os.urandom, roots.nonce, is_restored)
    home.keep(author=str(author.id))
    library = Library(store)
    await library.refresh()
    disk = _open_disk(stack, home, settings)

    # The ledger: our own sequencer's child process, or a read-through to another node's.
    p2p_box: list[P2P] = []
    chain = await _ledger(stack, home, ports, keys, network, p2p_box)
    ledger = Ledger(chain.url, network.chain_id)
    stack.push_async_callback(ledger.close)

    # The network: one libp2p node, and what it answers.
    arrivals: asyncio.Queue[list[Record]] = asyncio.Queue()
    replication = Replication(
        store,
        network.id,
        clock_ms=clock_ms,
        chance=secrets.SystemRandom().random,
        interval_s=float(settings["sync_interval"]),
        on_records=arrivals.put,
    )
    p2p = await P2P.start(
        keys.secret("peer"),
        _listen_on(ports["p2p_port"], str(settings["listen_address"])),
        disk.blocks,
        lambda _peer, cid: not disk.denied.is_denied(cid),
        {
            **replication.responders,
            PROTOCOL: lambda _peer: _describing(network, p2p_box),
            LEDGER_PROTOCOL: lambda _peer: chain.answer,
        },
        [replication.topic],
        replication.on_gossip,
        replication.on_neighbour,
        known=network.sequencer,
    )
    p2p_box.append(p2p)
    stack.push_async_callback(p2p.stop)
    author.announcer = replication

    # What people do.
    fetching = Fetching(p2p)
    hosting = Hosting(
        library,
        author,
        disk.ipfs,
        disk.denied,
        fetching.dag,
        lambda: list(p2p.addrs),
        cap_bytes=int(settings["disk_cap"]),
        willing=bool(settings["host_films"]),
    )
    moderation = Moderation(
        disk.denied, hosting, library, disk.blocks.get_denied, lambda lines: write_whole(*_denied_file(home, lines))
    )
    moderation.apply_list()
    titles = Titles(ledger, network, author, library, store, keys.secret("account"), clock_ms, secrets.token_bytes)
    devices = Devices(store, author, seeds, clock_ms, os.urandom, is_restored, p2p.neighbours, replication.sync)
    parts = Parts(
        author=author,
        devices=devices,
        store=store,
        library=library,
        ipfs=disk.ipfs,
        denied=disk.denied,
        publishing=Publishing(author, library, disk.ipfs, FilmTools(), hosting, disk.denied),
        hosting=hosting,
        recommendations=Recommendations(library),
        titles=titles,
        auditing=Auditing(ledger, network, library, store, disk.ipfs, titles),
        replication=replication,
        neighbours=p2p.neighbours,
        status=lambda: _addresses(home, ports, network, p2p, chain.label),
        connect=p2p.connect,
        moderation=moderation,
        clock_ms=clock_ms,
    )
    await replication.start(p2p)
    stack.push_async_callback(replication.stop)
    for work in (_follow(parts, arrivals), admit_when_possible(devices, hosting.tell)):
        stack.push_async_callback(_cancel, asyncio.create_task(work))
    await _listen(stack, home, ports, parts, disk, fetching, chain)
    return {**_addresses(home, ports, network, p2p, chain.label), "author": str(author.id)}


@dataclass(frozen=True, slots=True)
class _Disk:
    """Blocks and what is denied of them."""

    blocks: Any
    ipfs: Any
    denied: Any


def _open_disk(stack: AsyncExitStack, home: Home, settings: Mapping[str, Any]) -> _Disk:
    from cinepeer.adapters.ipfs.blockstore import BlockStore
    from cinepeer.adapters.ipfs.embedded import EmbeddedIpfs
    from cinepeer.app.deny import DenyList

    file, _ = _denied_file(home)
    denied = DenyList(file.read_text().splitlines() if file.exists() else ())
    blocks = BlockStore(home.blocks, cap_bytes=int(settings["disk_cap"]), denied=denied.is_denied)
    ipfs = EmbeddedIpfs(blocks, home.path / "pins.db")
    stack.callback(blocks.close)
    stack.callback(ipfs.close)
    return _Disk(blocks, ipfs, denied)


def _denied_file(home: Home, lines: Sequence[str] = ()) -> tuple[Path, bytes]:
    """Where the deny list lies, and what `lines` are as bytes."""
    return home.path / "denied.txt", "".join(f"{line}\n" for line in lines).encode()


@dataclass(frozen=True, slots=True)
class _Chain:
    """Where this node reaches the ledger, how it answers for it, and what to call it honestly."""

    url: str
    label: str
    answer: Callable[[bytes], Awaitable[bytes]]
    application: Any = None


async def _ledger(
    stack: AsyncExitStack,
    home: Home,
    ports: Mapping[str, int],
    keys: Keystore,
    network: Network,
    p2p_box: list[P2P],
) -> _Chain:
    """The sequencer's own child process, or a read-through to the sequencer over libp2p."""
    from cinepeer.adapters.chain.forward import forward_to
    from cinepeer.adapters.chain.readthrough import answer, readthrough_app

    if not network.sequencer:
        from cinepeer.adapters.chain.process import EmbeddedLedger

        child = EmbeddedLedger()
        url = await child.start(home.ledger, ports["ledger_rpc_port"], dict(network.genesis), keys.secret("sequencer"))
        stack.push_async_callback(child.stop)
        forward = forward_to(url)
        return _Chain(url, "embedded, test credits, not money", lambda body: answer(body, forward))

    async def ask(body: bytes) -> bytes:
        peer = peer_of(network.sequencer)
        if not p2p_box or peer is None:
            raise Unreachable("found no connection yet, expected the network's sequencer")
        async with p2p_box[0].conversation(peer, LEDGER_PROTOCOL) as talk:
            return await talk.ask(body, 30.0)

    url = f"http://127.0.0.1:{ports['ledger_rpc_port']}"
    label = "another node's embedded ledger read over libp2p, test credits, not money"
    return _Chain(url, label, lambda body: answer(body, ask), readthrough_app(ask))


def _listen_on(port: int, address: str) -> list[str]:
    """Multiaddrs to listen on, loopback first."""
    return [f"/ip4/{ip}/tcp/{port}" for ip in ("127.0.0.1", address) if ip]


def _describing(network: Network, p2p_box: list[P2P]) -> Callable[[bytes], Awaitable[bytes]]:
    """Answers who asks to join: the genesis, and where the sequencer listens."""

    async def answer(_: bytes) -> bytes:
        addrs = network.sequencer or tuple(p2p_box[0].addrs)
        return describe(Network(network.genesis, addrs))

    return answer


async def _follow(parts: Parts, arrivals: asyncio.Queue[list[Record]]) -> None:
    """Takes up what arrives from the network: the library first, then films to host."""
    while True:
        arrived = await arrivals.get()
        try:
            await parts.library.refresh(arrived)
            if any(record.kind in ("version", "host") for record in arrived):
                await parts.hosting.pursue()
        except CinepeerError as error:
            log.warning("follow.failed reason=%s", error)
        except Exception:  # a task's edge: one arrival that goes wrong must not stop what comes after it
            log.exception("follow.failed")


async def _listen(
    stack: AsyncExitStack,
    home: Home,
    ports: Mapping[str, int],
    parts: Parts,
    disk: _Disk,
    fetching: Any,
    chain: _Chain,
) -> None:
    """Opens the HTTP listeners: page with API and gateway, Kubo RPC, and the ledger where it is no child's own."""
    from cinepeer.faces.http.api import application
    from cinepeer.faces.http.gateway import gateway
    from cinepeer.faces.http.guard import Guard
    from cinepeer.faces.http.listener import Listener
    from cinepeer.faces.http.web import built_page, web

    token, built = str(home.kept["token"]), built_page()
    pages = [web(built, token, ports["page_port"])] if built else []
    page = Guard(
        application(parts, gateway(disk.ipfs, disk.denied.is_denied), *pages),
        ports["page_port"],
        token,
        open_paths=frozenset({"/api/records"}),
    )
    applications: list[tuple[Any, str]] = [
        (page, "page_port"),
        (_kubo_rpc(parts, disk, fetching), "ipfs_rpc_port"),
    ]
    if chain.application is not None:
        applications.append((chain.application, "ledger_rpc_port"))
    for app, port in applications:
        listener = Listener(app, ports[port])
        await listener.start()
        stack.push_async_callback(listener.stop)


def _kubo_rpc(parts: Parts, disk: _Disk, fetching: Any) -> Any:
    """What other IPFS programs of this machine speak with."""
    from cinepeer.faces.http.kubo_rpc import kubo_rpc

    def identity() -> tuple[str, list[str]]:
        told = parts.status()
        return str(told["peer_id"]), list(told["p2p"])

    return kubo_rpc(
        disk.ipfs,
        disk.blocks,
        fetch=fetching.block,
        connect=parts.connect,
        neighbours=parts.neighbours,
        identity=identity,
    )


def _addresses(home: Home, ports: Mapping[str, int], network: Network, p2p: P2P, label: str) -> dict[str, Any]:
    """Where this node listens: base addresses without path."""
    page = f"http://localhost:{ports['page_port']}"
    return {
        "page": page,
        "api": page,
        "ipfs_rpc": f"http://127.0.0.1:{ports['ipfs_rpc_port']}",
        "gateway": page,
        "ledger_rpc": f"http://127.0.0.1:{ports['ledger_rpc_port']}",
        "p2p": list(p2p.addrs),
        "peer_id": p2p.peer_id,
        "network": str(network.id),
        "home": str(home.path),
        "ledger": {"label": label, "chain_id": network.chain_id},
    }


async def _cancel(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
