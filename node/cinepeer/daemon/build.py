"""Every part of a node, built from the disk upwards."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from cinepeer.adapters.system.durable import write_whole
from cinepeer.adapters.system.home import Home
from cinepeer.adapters.system.keyring import open_roots
from cinepeer.adapters.system.keystore import Keystore
from cinepeer.adapters.system.log_lines import LogLines
from cinepeer.app.network import LEDGER_PROTOCOL, PROTOCOL, Network, describe
from cinepeer.daemon.clock import clock_ms
from cinepeer.daemon.disk import denied_file, open_disk
from cinepeer.daemon.extending import learning, open_extending
from cinepeer.daemon.ledgers import open_ledger, relaying
from cinepeer.daemon.listeners import listen
from cinepeer.daemon.neighbourhood import bootstrap, meet, open_peers
from cinepeer.daemon.networks import kept_network, open_announcements
from cinepeer.daemon.ordering import watching
from cinepeer.errors import CinepeerError

if TYPE_CHECKING:
    from cinepeer.adapters.p2p.network import P2P
    from cinepeer.app.library import Library
    from cinepeer.app.relay import Relaying
    from cinepeer.app.renewal import Renewal
    from cinepeer.app.witness import Witnessing
    from cinepeer.faces.http.parts import Parts
    from cinepeer.records.record import Record

log = logging.getLogger("cinepeer.daemon")

RENEWAL_LOOK_S = 60


async def build(
    stack: AsyncExitStack,
    home: Home,
    settings: Mapping[str, Any],
    ports: Mapping[str, int],
    keys: Keystore,
    network: Network,
) -> dict[str, Any]:
    """Builds the parts from the disk upwards; each is stopped when `stack` unwinds. Returns what `ready` is told."""
    from cinepeer.adapters.media.sealing import seal_folder
    from cinepeer.adapters.media.tools import FilmTools
    from cinepeer.adapters.p2p.network import P2P
    from cinepeer.adapters.search.index import FilmIndex
    from cinepeer.adapters.search.spoken import SpokenIndex
    from cinepeer.adapters.store.counted_file import CountedFile
    from cinepeer.adapters.store.records import RecordStore
    from cinepeer.adapters.system.notes import Notes
    from cinepeer.adapters.system.uploads import Uploads
    from cinepeer.app.audit import Auditing
    from cinepeer.app.captions import Captions
    from cinepeer.app.checkpoint import Checkpoints
    from cinepeer.app.consent import Consent
    from cinepeer.app.custody import Custody
    from cinepeer.app.devices import Devices, admit_when_possible
    from cinepeer.app.fetch import Fetching
    from cinepeer.app.head_start import CHECKPOINTS, HeadStart
    from cinepeer.app.identity import open_author
    from cinepeer.app.imports import Imports
    from cinepeer.app.library import Library
    from cinepeer.app.licensed import Licensed
    from cinepeer.app.moderate import Moderation
    from cinepeer.app.publications import Publications
    from cinepeer.app.publish import Publishing
    from cinepeer.app.receipts import Receipts
    from cinepeer.app.renewal import Renewal
    from cinepeer.app.replicate import Replication
    from cinepeer.app.screenings import PROTOCOL as SCREENINGS
    from cinepeer.app.screenings import Screenings
    from cinepeer.app.sealing import Sealing
    from cinepeer.app.search import Search
    from cinepeer.app.strangers import Strangers, vouched_for
    from cinepeer.app.titles import Titles
    from cinepeer.app.trip import Trips
    from cinepeer.app.witness import Witnessing
    from cinepeer.daemon.hosting import challenging, counting, open_bandwidth, open_choice, open_estimates, open_hosting
    from cinepeer.daemon.lists import open_recommendations
    from cinepeer.faces.http.parts import Parts
    from cinepeer.records.keys import sign
    from cinepeer.replication.checkpoint import scope_link
    from cinepeer.replication.scope import parse_setting
    from cinepeer.rights.deposit import PROTOCOL as KEYS

    log_lines = LogLines()
    log_lines.begin()
    stack.callback(log_lines.end)

    # On the disk: records, blocks, what is denied.
    store = await RecordStore.open(home.records)
    stack.push_async_callback(store.close)
    roots, is_restored = open_roots(keys), bool(home.kept.get("restored"))
    device = keys.secret("device")
    author = await open_author(
        store, roots.first, roots.following, device, clock_ms, os.urandom, roots.nonce, is_restored
    )
    home.keep(author=str(author.id))
    library = Library(store, CountedFile(home.path / "counted"))
    await library.begin()
    stack.push_async_callback(library.keep)
    index, spoken = FilmIndex(home.index), SpokenIndex(home.spoken)
    stack.callback(index.close)
    stack.callback(spoken.close)
    disk = open_disk(stack, home, settings)

    # The ledger: a child process of ours, or a chain of others, where its founder says that it is reached.
    announcements = open_announcements(home, keys, network, author, store)
    await announcements.obey()
    network = kept_network(home, network)
    p2p_box: list[P2P] = []
    chain = await open_ledger(stack, home, settings, ports, keys, network, p2p_box)
    ledger = chain.ledger
    announcements.orders = chain.ordering
    titles = Titles(ledger, network, author, library, store, keys.secret("account"), clock_ms, secrets.token_bytes)
    extending = open_extending(home, keys, network, author, store, announcements, titles, ledger)
    is_custodian = bool(settings["custody"])
    custody = Custody(
        *(keys, store, library, titles, device, clock_ms, os.urandom),
        is_willing=is_custodian,
        is_denied=disk.denied.is_denied,
    )

    # The network: one libp2p node, and what it answers.
    arrivals: asyncio.Queue[list[Record]] = asyncio.Queue()
    peers = open_peers(home, keys.secret("peer"), network.id, settings)
    replication = Replication(
        store,
        network.id,
        clock_ms=clock_ms,
        chance=secrets.SystemRandom().random,
        interval_s=float(settings["sync_interval"]),
        scope=parse_setting(str(settings["scope"])),
        on_records=arrivals.put,
        on_refused=peers.blame,
    )
    notes = Notes(home.path / "screenings")
    chance = secrets.SystemRandom().random
    screenings = Screenings(author, device, library, lambda: p2p_box[0], notes, clock_ms, chance)
    stack.push_async_callback(screenings.stop)
    head_starts: list[HeadStart] = []
    bandwidth = open_bandwidth(home, settings)
    stack.callback(bandwidth.write)
    p2p = await P2P.start(
        keys.secret("peer"),
        _listen_on(ports["p2p_port"], str(settings["listen_address"])),
        disk.blocks,
        lambda _peer, cid: not disk.denied.is_denied(cid) and bandwidth.may_send(),
        {
            **replication.responders,
            **peers.responders,
            PROTOCOL: lambda _peer: _describing(home, network, p2p_box),
            LEDGER_PROTOCOL: lambda _peer: chain.answer,
            KEYS: custody.responder,
            SCREENINGS: screenings.responder,
            CHECKPOINTS: lambda _peer: head_starts[0].answer,
        },
        [replication.topic],
        replication.on_gossip,
        _each(replication.on_neighbour, peers.on_neighbour),
        known=[*network.sequencer, *bootstrap(settings)],
        on_blame=peers.on_blame,
        pace=bandwidth,
    )
    p2p_box.append(p2p)
    stack.push_async_callback(p2p.stop)
    await chain.following.start()
    stack.push_async_callback(chain.following.stop)
    author.announcer = replication

    # What people do.
    fetching = Fetching(p2p)
    hosting, challenges = open_hosting(
        home, settings, disk, library, author, fetching, lambda: list(p2p.addrs), clock_ms
    )
    trips = Trips(hosting)
    stack.push_async_callback(trips.stop)
    moderation = Moderation(
        disk.denied, hosting, library, disk.blocks.get_denied, lambda lines: write_whole(*denied_file(home, lines))
    )
    moderation.apply_list()
    hosting.consent = Consent(titles, library).objection
    notes, own_keys = Notes(home.path / "licensed"), (device, keys.secret("account"))
    licensed = Licensed(custody, library, author, titles, p2p, notes, own_keys, clock_ms, os.urandom)
    sealing = Sealing(custody, seal_folder, licensed.hint)
    tools = FilmTools(device)
    estimates = open_estimates(home, tools, hosting, disk)
    publishing = Publishing(author, library, disk.ipfs, tools, hosting, disk.denied, sealing, estimates.learn)
    uploads, jobs = Uploads(home.path / "uploads", clock_ms, os.urandom), Notes(home.path / "publications")
    publications = Publications(publishing, titles, uploads, jobs, clock_ms, os.urandom)
    devices = Devices(store, author, roots.seeds, clock_ms, os.urandom, is_restored, p2p.neighbours, replication.sync)
    checkpoints = Checkpoints(
        store, author, disk.ipfs, fetching, Notes(home.path / "checkpoints"), replication.scope, clock_ms
    )
    head_starts.append(
        HeadStart(checkpoints, store, scope_link(replication.scope), clock_ms=clock_ms, blame=peers.blame)
    )
    recommendations = open_recommendations(home, library, disk.ipfs, titles, head_starts[0].claim)
    hosting.choice = open_choice(settings, library, author, recommendations)
    strangers = Strangers(
        store,
        lambda: vouched_for(author.id, replication.scope, library),
        library.recount,
        int(settings["strangers_cap"]),
    )
    search = Search(library, index, spoken, Captions(disk.ipfs))
    stack.push_async_callback(search.stop)
    parts = Parts(
        author=author,
        devices=devices,
        store=store,
        library=library,
        ipfs=disk.ipfs,
        denied=disk.denied,
        publications=publications,
        estimates=estimates,
        uploads=uploads,
        hosting=hosting,
        bandwidth=bandwidth,
        challenges=challenges,
        trips=trips,
        screenings=screenings,
        search=search,
        recommendations=recommendations,
        receipts=Receipts(recommendations, library, author.device, partial(sign, device), os.urandom),
        imports=Imports(library, author, recommendations.taste),
        titles=titles,
        licensed=licensed,
        announcements=announcements,
        extending=extending,
        auditing=Auditing(ledger, network, library, store, disk.ipfs, titles),
        checkpoints=checkpoints,
        head_start=head_starts[0],
        replication=replication,
        strangers=strangers,
        neighbours=p2p.neighbours,
        block_counts=p2p.block_counts,
        peers=peers,
        status=lambda: _addresses(home, settings, ports, network, p2p, chain.label()),
        connect=p2p.connect,
        moderation=moderation,
        clock_ms=clock_ms,
        log_lines=log_lines,
    )
    await strangers.start()
    stack.push_async_callback(strangers.stop)
    await replication.start(p2p)
    stack.push_async_callback(replication.stop)
    await peers.start(p2p)
    stack.push_async_callback(peers.stop)
    await head_starts[0].start(p2p)
    stack.push_async_callback(head_starts[0].stop)
    await meet(stack, settings, peers, p2p, network.id, store)
    await publications.start()
    stack.push_async_callback(publications.stop)
    witnessing = Witnessing(ledger, author, network.chain_id, lambda: chain.following.may_witness)
    every_s, renewed_s = int(settings["witness_interval"]), int(settings["checkpoint_interval"])
    renewal = Renewal(checkpoints, 1000 * renewed_s, clock_ms, hosting.drop)
    for work in (
        _follow(parts, arrivals, relaying(home, titles, library, store, int(settings["relay_deeds"]))),
        _count(library),
        licensed.keep_giving(),
        admit_when_possible(devices, hosting.tell),
        _witness(witnessing, every_s),
        _renew(renewal, renewed_s),
        counting(bandwidth),
        watching(chain.ordering),
        learning(extending),
        challenging(challenges, int(settings["challenge_interval"])),
    ):
        stack.push_async_callback(_cancel, asyncio.create_task(work))
    await _tell_where(parts)
    await listen(stack, home, settings, ports, parts, disk, fetching, chain)
    return {**_addresses(home, settings, ports, network, p2p, chain.label()), "author": str(author.id)}


def _listen_on(port: int, address: str) -> list[str]:
    """Multiaddrs to listen on, loopback first."""
    return [f"/ip4/{ip}/tcp/{port}" for ip in ("127.0.0.1", address) if ip]


def _each(*listeners: Callable[[str, bool], Awaitable[None]]) -> Callable[[str, bool], Awaitable[None]]:
    """Tells several that a neighbour came or went."""

    async def tell(peer_id: str, up: bool) -> None:
        for listener in listeners:
            await listener(peer_id, up)

    return tell


def _describing(home: Home, started: Network, p2p_box: list[P2P]) -> Callable[[bytes], Awaitable[bytes]]:
    """Answers who asks to join: the genesis, and where the sequencer listens that orders now."""

    async def answer(_: bytes) -> bytes:
        network = kept_network(home, started)
        addrs = network.sequencer or tuple(p2p_box[0].addrs)
        return describe(Network(network.genesis, addrs, network.endpoints, network.further))

    return answer


async def _witness(witnessing: Witnessing, every_s: int) -> None:
    """Signs now and again which block of the ledger this node saw and executed."""
    while every_s:
        await asyncio.sleep(every_s)
        try:
            await witnessing.look()
        except CinepeerError as error:
            log.info("witness.failed reason=%s", error)


async def _renew(renewal: Renewal, every_s: int) -> None:
    """Makes a checkpoint now and again; it looks once a minute, because the last one may be from before the start."""
    while every_s:
        await asyncio.sleep(min(every_s, RENEWAL_LOOK_S))
        try:
            await renewal.look()
        except CinepeerError as error:
            log.info("checkpoint.failed reason=%s", error)
        except Exception:  # a task's edge: one checkpoint that goes wrong must not be the last
            log.exception("checkpoint.failed")


async def _follow(parts: Parts, arrivals: asyncio.Queue[list[Record]], relaying: Relaying) -> None:
    """Takes up what arrives from the network: the library first, then films to host."""
    while True:
        arrived = await arrivals.get()
        try:
            await parts.library.refresh(arrived)
            if any(record.kind == "network" for record in arrived):
                await _obey(parts)
            relaying.take(arrived)
            if any(record.kind in ("version", "host", "retraction") for record in arrived):
                await parts.hosting.pursue()
                parts.licensed.hint()
        except CinepeerError as error:
            log.warning("follow.failed reason=%s", error)
        except Exception:  # a task's edge: one arrival that goes wrong must not stop what comes after it
            log.exception("follow.failed")


async def _obey(parts: Parts) -> None:
    """Takes what the network's founder announced: peers to begin with now, endpoints from the next start on."""
    newest = await parts.announcements.obey()
    await parts.extending.learn()
    if newest is not None:
        parts.peers.note_network("the founder", {"genesis": newest.network, "bootstrap": list(newest.bootstrap)})


async def _count(library: Library) -> None:
    """Counts the ratings that the start left for later."""
    try:
        await library.refresh()
    except CinepeerError as error:
        log.warning("count.failed reason=%s", error)


async def _tell_where(parts: Parts) -> None:
    """Signs anew what this node holds and where it is reached, when that has changed since the last run."""
    try:
        if parts.author.is_admitted:
            await parts.hosting.tell()
    except CinepeerError as error:
        log.warning("host.untold reason=%s", error)


def _addresses(
    home: Home, settings: Mapping[str, Any], ports: Mapping[str, int], network: Network, p2p: P2P, label: str
) -> dict[str, Any]:
    """Where this node listens: base addresses without path."""
    page = f"http://localhost:{ports['page_port']}"
    return {
        "page": page,
        "api": page,
        "ipfs_rpc": settings["kubo_api"] or f"http://127.0.0.1:{ports['ipfs_rpc_port']}",
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
