"""Which network a home belongs to: the one it knows, the one it joins, or a new one of its own."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path

from cinepeer.adapters.system.durable import write_whole
from cinepeer.adapters.system.home import Home
from cinepeer.adapters.system.keystore import Keystore
from cinepeer.app.network import PROTOCOL, Network, describe, network_from, parse_network
from cinepeer.daemon.clock import clock_ms
from cinepeer.errors import BadInput, Unreachable
from cinepeer.ports import NoBlocks

log = logging.getLogger("cinepeer.daemon")


async def network_of(home: Home, keys: Keystore, join: str | None) -> Network:
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
            raise BadInput(
                f"found no address of the sequencer in {join}, expected one by `cinepeer network show --file`"
            )
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
