"""Every part of a node, built from the disk upwards."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from cinepeer.adapters.system.durable import write_whole
from cinepeer.adapters.system.home import Home
from cinepeer.adapters.system.keystore import Keystore
from cinepeer.adapters.system.log_lines import LogLines
from cinepeer.app.network import Network
from cinepeer.daemon.clock import clock_ms
from cinepeer.daemon.disk import denied_file
from cinepeer.daemon.extending import open_extending
from cinepeer.daemon.kept import open_kept
from cinepeer.daemon.ledgers import open_ledger
from cinepeer.daemon.listeners import listen
from cinepeer.daemon.networks import kept_network, open_announcements
from cinepeer.daemon.publishing import open_desk
from cinepeer.daemon.reach import open_reach

if TYPE_CHECKING:
    from cinepeer.adapters.p2p.network import P2P


async def build(
    stack: AsyncExitStack,
    home: Home,
    settings: Mapping[str, Any],
    ports: Mapping[str, int],
    keys: Keystore,
    network: Network,
) -> dict[str, Any]:
    """Builds the parts from the disk upwards; each is stopped when `stack` unwinds. Returns what `ready` is told."""
    from cinepeer.adapters.system.notes import Notes
    from cinepeer.app.audit import Auditing
    from cinepeer.app.checkpoint import Checkpoints
    from cinepeer.app.consent import Consent
    from cinepeer.app.custody import Custody
    from cinepeer.app.devices import Devices
    from cinepeer.app.fetch import Fetching
    from cinepeer.app.head_start import HeadStart
    from cinepeer.app.imports import Imports
    from cinepeer.app.moderate import Moderation
    from cinepeer.app.receipts import Receipts
    from cinepeer.app.strangers import Strangers, vouched_for
    from cinepeer.app.titles import Titles
    from cinepeer.app.trip import Trips
    from cinepeer.daemon.hosting import open_choice, open_hosting
    from cinepeer.daemon.lists import open_recommendations
    from cinepeer.daemon.starting import start
    from cinepeer.faces.http.parts import Parts
    from cinepeer.records.keys import sign
    from cinepeer.replication.checkpoint import scope_link

    log_lines = LogLines()
    log_lines.begin()
    stack.callback(log_lines.end)

    # On the disk: records, blocks, what is denied.
    kept = await open_kept(stack, home, settings, keys)
    author, store, library, disk, device = kept.author, kept.store, kept.library, kept.disk, kept.device

    # The ledger: a child process of ours, or a chain of others, where its founder says that it is reached.
    announcements = open_announcements(home, keys, network, author, store)
    await announcements.obey()
    network = kept_network(home, network)
    p2p_box: list[P2P] = []
    chain = await open_ledger(stack, home, settings, ports, keys, network, p2p_box)
    ledger = chain.ledger
    announcements.orders = chain.ordering
    titles = Titles(ledger, network, author, library, store, kept.account, clock_ms, secrets.token_bytes)
    extending = open_extending(home, keys, network, author, store, announcements, titles, ledger)
    is_custodian = bool(settings["custody"])
    custody = Custody(
        *(keys, store, library, titles, device, clock_ms, os.urandom),
        is_willing=is_custodian,
        is_denied=disk.denied.is_denied,
    )

    # The network: one libp2p node, and what it answers.
    reach = await open_reach(stack, kept, network, ports, chain, custody, p2p_box)
    p2p, peers, replication = reach.p2p, reach.peers, reach.replication

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
    desk = open_desk(kept, titles, custody, p2p, fetching, hosting)
    devices = Devices(
        store, author, kept.roots.seeds, clock_ms, os.urandom, kept.is_restored, p2p.neighbours, replication.sync
    )
    checkpoints = Checkpoints(
        store, author, disk.ipfs, fetching, Notes(home.path / "checkpoints"), replication.scope, clock_ms
    )
    head_start = HeadStart(checkpoints, store, scope_link(replication.scope), clock_ms=clock_ms, blame=peers.blame)
    reach.head_starts.append(head_start)
    recommendations = open_recommendations(home, author.id, library, disk.ipfs, titles, head_start.claim)
    hosting.choice = open_choice(settings, library, author, recommendations)
    strangers = Strangers(
        store,
        lambda: vouched_for(author.id, replication.scope, library),
        library.recount,
        int(settings["strangers_cap"]),
    )
    parts = Parts(
        author=author,
        devices=devices,
        store=store,
        library=library,
        ipfs=disk.ipfs,
        denied=disk.denied,
        publications=desk.publications,
        estimates=desk.estimates,
        uploads=desk.uploads,
        hosting=hosting,
        bandwidth=reach.bandwidth,
        challenges=challenges,
        trips=trips,
        screenings=reach.screenings,
        search=kept.search,
        recommendations=recommendations,
        receipts=Receipts(recommendations, library, author.device, partial(sign, device), os.urandom),
        imports=Imports(library, author, recommendations.taste),
        titles=titles,
        licensed=desk.licensed,
        announcements=announcements,
        extending=extending,
        auditing=Auditing(ledger, network, library, store, disk.ipfs, titles),
        checkpoints=checkpoints,
        head_start=head_start,
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
    await start(stack, kept, network, chain, reach, desk, parts)
    await listen(stack, home, settings, ports, parts, disk, fetching, chain)
    return {**_addresses(home, settings, ports, network, p2p, chain.label()), "author": str(author.id)}


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
