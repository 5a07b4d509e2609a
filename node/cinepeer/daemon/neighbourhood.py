"""Finding peers: what a home keeps of them, and the ways in which a node meets others."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cinepeer.adapters.system.durable import write_whole
from cinepeer.adapters.system.home import Home
from cinepeer.app.acquaintances import Acquaintances, decode_acquaintances, encode_acquaintances
from cinepeer.app.peers import Pace, Peers
from cinepeer.daemon.clock import clock_ms
from cinepeer.errors import BadInput, CinepeerError, Refused
from cinepeer.replication.addresses import split_addr

if TYPE_CHECKING:
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
