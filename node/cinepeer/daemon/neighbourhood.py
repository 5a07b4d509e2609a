"""Finding peers: what a home keeps of them, and the ways in which a node meets others."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cinepeer.adapters.system.durable import write_whole
from cinepeer.adapters.system.home import Home
from cinepeer.app.acquaintances import Acquaintances, decode_acquaintances, encode_acquaintances
from cinepeer.app.peers import Pace, Peers
from cinepeer.daemon.clock import clock_ms
from cinepeer.errors import BadInput, CinepeerError, Refused
from cinepeer.records.bodies import parse_body
from cinepeer.replication.addresses import Reach, reach_of, split_addr

if TYPE_CHECKING:
    from cinepeer.adapters.p2p.network import P2P
    from cinepeer.app.parts import RecordStore
    from cinepeer.records.cid import Cid

log = logging.getLogger("cinepeer.daemon")


def open_peers(home: Home, seed: bytes, network_id: Cid, settings: Mapping[str, Any]) -> Peers:
    """The peers that this home knows; `seed` is its peer key's."""
    file = home.path / "peers.json"
    return Peers(
        seed,
        network_id,
        _kept(file),
        clock_ms=clock_ms,
        chance=secrets.SystemRandom().random,
        keep=lambda known: _keep(file, known),
        pace=Pace(enough=int(settings["neighbours"])),
    )


def bootstrap(settings: Mapping[str, Any]) -> list[str]:
    """The multiaddrs of the setting `bootstrap`; raises `BadInput`."""
    found = str(settings["bootstrap"]).split()
    for text in found:
        addr, _, peer = text.partition("/p2p/")
        try:
            if not peer:
                raise Refused("bad-addresses", "found no peer id")
            if not addr.startswith("/dns"):
                split_addr(addr)
        except Refused:
            raise BadInput(
                f"found {text[:80]!r} in bootstrap, expected multiaddrs such as /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo…"
            ) from None
    return found


async def meet(
    stack: AsyncExitStack, settings: Mapping[str, Any], peers: Peers, p2p: P2P, network_id: Cid, store: RecordStore
) -> None:
    """Looks for peers in the records and on the local networks, and asks their router to let others in."""
    for held in await store.by_kind("network"):
        if held.body is not None:
            peers.note_network(str(held.record.author), parse_body("network", held.body))
    local = {addr.split("/")[2]: addr for addr in p2p.addrs if reach_of(addr.split("/")[2]) == Reach.LAN}
    if settings["mdns"] and local:
        from cinepeer.adapters.p2p.mdns import LocalNetwork

        for ip in (ip for ip in local if ":" not in ip):
            try:
                found = await LocalNetwork.start(
                    ip, str(network_id), p2p.peer_id, [local[ip]], lambda addrs: peers.note(addrs, "the local network")
                )
            except OSError as error:
                log.info("mdns.failed ip=%s reason=%s", ip, error)
                continue
            stack.push_async_callback(found.stop)
    if settings["upnp"] and local:
        mapping = asyncio.create_task(_map_port(p2p, int(next(iter(local.values())).split("/")[4])))
        stack.push_async_callback(_cancel, mapping)


async def _map_port(p2p: P2P, port: int) -> None:
    """The router takes seconds to answer; whether anybody gets through then, the dial-backs tell."""
    try:
        outside = await p2p.map_port(port)
    except CinepeerError as error:
        log.info("upnp.failed reason=%s", error)
    else:
        log.info("upnp.asked port=%d outside=%s", port, outside)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _kept(file: Path) -> Acquaintances:
    """What an earlier run kept; damaged, it is put aside: peers are found again, and lies are told again."""
    if not file.exists():
        return Acquaintances()
    try:
        return decode_acquaintances(file.read_bytes())
    except BadInput as error:
        aside = file.with_suffix(".damaged")
        file.replace(aside)
        log.warning("peers.damaged file=%s put_aside=%s reason=%s", file, aside, error)
        return Acquaintances()


def _keep(file: Path, known: Acquaintances) -> None:
    try:
        write_whole(file, encode_acquaintances(known))
    except CinepeerError as error:  # a full disk: what is known goes on in memory
        log.warning("peers.unkept reason=%s", error)
