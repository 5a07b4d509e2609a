"""The libp2p host as Cinepeer wants it: one Ed25519 identity, TCP, noise, yamux; WebSocket comes by the door."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import socket
from collections.abc import Sequence

import psutil
from libp2p import new_swarm
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.crypto.x25519 import create_new_key_pair as create_noise_key_pair
from libp2p.custom_types import TProtocol
from libp2p.host.basic_host import BasicHost
from libp2p.network.config import ConnectionConfig, RetryConfig
from libp2p.network.swarm import Swarm
from libp2p.peer.id import ID
from libp2p.security.noise.transport import PROTOCOL_ID as NOISE_ID
from libp2p.security.noise.transport import Transport as Noise
from libp2p.stream_muxer.yamux.yamux import PROTOCOL_ID as YAMUX_ID
from libp2p.stream_muxer.yamux.yamux import Yamux
from libp2p.transport.tcp.tcp import TCP
from multiaddr import Multiaddr
from multiaddr.exceptions import Error as MultiaddrError

from cinepeer.adapters.p2p.plan import Plan
from cinepeer.errors import BadInput

# libp2p clears its own handlers on import; without one, Python's last resort writes its warnings to stderr.
logging.getLogger("libp2p").addHandler(logging.NullHandler())

# Beginning and length: an Ed25519 or secp256k1 key in the id itself, or the sha2-256 of a longer key
# (https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md).
PEER_FORMS = {(b"\x00\x24", 38), (b"\x00\x25", 39), (b"\x12\x20", 34)}


def make_host(plan: Plan) -> BasicHost:
    """A host that is not listening yet; `host.run(addrs)` starts it. No QUIC, plaintext, mDNS or UPnP."""
    if len(plan.seed) != 32:
        raise BadInput(f"found an identity seed of {len(plan.seed)} bytes, expected 32")
    key_pair = create_new_key_pair(plan.seed)
    noise = Noise(key_pair, noise_privkey=create_noise_key_pair().private_key)
    config = ConnectionConfig(
        max_connections=plan.connections,
        high_watermark=plan.connections,
        min_connections=0,
        low_watermark=0,
        dial_timeout=plan.dial_timeout_s,
        inbound_upgrade_timeout=plan.dial_timeout_s / 2,
        outbound_upgrade_timeout=plan.dial_timeout_s,
    )
    swarm = new_swarm(
        key_pair=key_pair,
        sec_opt={NOISE_ID: noise},
        muxer_opt={TProtocol(YAMUX_ID): Yamux},
        transports=[TCP()],
        connection_config=config,
        # A dial of ours is one attempt: the redial schedule is in keepalive.py.
        retry_config=RetryConfig(max_retries=0),
    )
    assert isinstance(swarm, Swarm)
    # Its circuit breaker answers five refusals with a minute of deafness; the limits are in guard.py instead.
    swarm.set_resource_manager(None)
    # Its own connector dials whoever the peerstore names, up to half of the limit; who is dialled is said elsewhere.
    swarm.auto_connector.maybe_connect = _dial_nobody  # type: ignore[method-assign]
    return BasicHost(network=swarm, enable_mDNS=False, enable_upnp=False, addrs_factory=_with_websockets)


def _with_websockets(addrs: Sequence[Multiaddr]) -> list[Multiaddr]:
    """What identify tells of where this node listens: every TCP address, and that the same takes WebSockets."""
    plain = [addr for addr in addrs if addr.protocols()[-1].name == "tcp"]
    return [*addrs, *(addr.encapsulate(Multiaddr("/ws")) for addr in plain)]


async def _dial_nobody() -> None:
    """Takes the place of the library's automatic dials."""


def parse_listen(text: str) -> Multiaddr:
    """A TCP address to listen on (`/ip4/127.0.0.1/tcp/0`); raises `BadInput` for anything else or a busy port."""
    addr = _parse(text)
    names = [protocol.name for protocol in addr.protocols()]
    if names not in (["ip4", "tcp"], ["ip6", "tcp"]):
        raise BadInput(f"found the listen address {text!r}, expected the form /ip4/127.0.0.1/tcp/4001")
    host, port = str(addr.value_for_protocol(names[0])), int(str(addr.value_for_protocol("tcp")))
    _check_free(host, port, text)
    return addr


def _check_free(host: str, port: int, text: str) -> None:
    """Raises `BadInput` for a port that somebody listens on: the library sets SO_REUSEPORT and would share it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise BadInput(f"found {text} unusable ({error.strerror}), expected a free address of this machine") from (
                error
            )


def parse_dial(text: str) -> tuple[ID, Multiaddr]:
    """The peer id and the transport address of `/ip4/…/tcp/…/p2p/ID`; raises `BadInput` for what cannot be dialled."""
    addr = _parse(text)
    names = [protocol.name for protocol in addr.protocols()]
    if len(names) != 3 or names[0] not in ("ip4", "ip6", "dns", "dns4", "dns6") or names[1:] != ["tcp", "p2p"]:
        raise BadInput(f"found the address {text!r}, expected the form /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo…")
    peer = str(addr.value_for_protocol("p2p"))
    if int(str(addr.value_for_protocol("tcp"))) == 0:
        raise BadInput(f"found port 0 in {text!r}, expected the port that the peer listens on")
    return parse_peer(peer), addr.decapsulate(Multiaddr(f"/p2p/{peer}"))


def parse_peer(text: str) -> ID:
    """A peer id from its text; raises `BadInput`."""
    try:
        peer = ID.from_string(text)
        if (peer.to_bytes()[:2], len(peer.to_bytes())) not in PEER_FORMS or str(peer) != text:
            raise ValueError("not a peer id")
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise BadInput(f"found the peer id {text!r}, expected the form 12D3Koo…") from error
    return peer


def _parse(text: str) -> Multiaddr:
    try:
        return Multiaddr(text)
    except (MultiaddrError, ValueError, TypeError, UnicodeError) as error:
        raise BadInput(f"found the address {text!r}, expected a multiaddr such as /ip4/192.0.2.1/tcp/4001") from error


def reachable_addrs(host: BasicHost) -> list[str]:
    """Every address that the host listens on, loopback first, each with `/p2p/ID`; 0.0.0.0 becomes the interfaces'."""
    found: list[tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]] = []
    for addr in host.get_transport_addrs():
        family = addr.protocols()[0].name
        address = ipaddress.ip_address(str(addr.value_for_protocol(family)))
        port = int(str(addr.value_for_protocol("tcp")))
        expanded = _interfaces(address.version) if address.is_unspecified else [address]
        found += [(one, port) for one in expanded]
    found.sort(key=lambda pair: (not pair[0].is_loopback, pair[0].version))
    peer = host.get_id()
    return [f"/ip{address.version}/{address}/tcp/{port}/p2p/{peer}" for address, port in dict.fromkeys(found)]


def _interfaces(version: int) -> Sequence[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """The addresses of this machine's interfaces that another machine may use, and loopback."""
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    texts = [one.address for addrs in psutil.net_if_addrs().values() for one in addrs if one.family == family]
    addresses = [ipaddress.ip_address(text.split("%")[0]) for text in texts]
    return [address for address in addresses if not address.is_link_local]
