"""What libp2p ships and a node leaves alone: QUIC, relays, the DHT, the dialler; each is shown to be in its host."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
import trio
from libp2p import new_host
from libp2p.custom_types import TProtocol
from libp2p.host.exceptions import StreamFailure
from libp2p.kad_dht.kad_dht import DHTMode, KadDHT
from libp2p.network.exceptions import SwarmException
from libp2p.peer.peerinfo import PeerInfo
from multiaddr import Multiaddr

from cinepeer.adapters.p2p.host import make_host, parse_dial, parse_listen
from cinepeer.errors import BadInput, Refused
from cinepeer.records import keys
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.replication.addresses import parse_notice, peer_id, sign_notice
from real.p2p_rig import LOOPBACK, info, is_linked, plan, running

PEER = peer_id(keys.public_key(bytes(32)))
QUIC = "/ip4/127.0.0.1/udp/4001/quic-v1"
CIRCUIT = f"/ip4/127.0.0.1/tcp/4001/p2p/{PEER}/p2p-circuit/p2p/{peer_id(keys.public_key(bytes(31) + b'1'))}"
KAD = TProtocol("/ipfs/kad/1.0.0")

# A host of the library that never listened leaves its sockets to the collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning", "ignore:.*multiaddr.*"
)


@pytest.fixture(autouse=True)
def _collect_here() -> Iterator[None]:
    """What libp2p leaves open is collected where it is expected, not in another test or at the end of all."""
    yield
    gc.collect()


@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "as-shipped"])
def test_c_streams_whose_ends_are_lost_are_never_opened_because_nothing_takes_quic(is_guarded: bool) -> None:
    host = make_host(plan(221)) if is_guarded else new_host(enable_quic=True)
    transports = host.get_network().transport_manager
    addr = Multiaddr(QUIC)
    takes = [one for one in (transports.transport_for_listening(addr), transports.transport_for_dialing(addr)) if one]
    assert (takes == []) is is_guarded


@pytest.mark.parametrize("text", [QUIC, f"{QUIC}/p2p/{PEER}", CIRCUIT, CIRCUIT.rpartition("/p2p/")[0]])
def test_no_address_of_theirs_is_listened_on_dialled_or_told_on(text: str) -> None:
    with pytest.raises(BadInput):
        parse_listen(text)
    with pytest.raises(BadInput):
        parse_dial(text)
    network = Cid.of(b"network", DAG_CBOR)
    with pytest.raises(Refused) as caught:
        parse_notice(sign_notice(bytes(32), network, 1_000, [text]), network, 1_000)
    assert caught.value.reason == "bad-addresses"


@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "as-shipped"])
def test_i_a_relays_address_is_refused_in_one_sentence_and_not_after_a_dial(is_guarded: bool) -> None:
    if is_guarded:
        with pytest.raises(BadInput, match="expected the form /ip4/"):
            parse_dial(CIRCUIT)
        return

    async def body() -> None:
        relay, host = (new_host(listen_addrs=[Multiaddr(LOOPBACK)]) for _ in range(2))
        async with running(relay, host):
            addr = Multiaddr(f"{relay.get_transport_addrs()[0]}/p2p/{relay.get_id()}/p2p-circuit")
            peer = parse_dial(f"{LOOPBACK.replace('tcp/0', 'tcp/4001')}/p2p/{PEER}")[0]
            with pytest.raises(SwarmException), trio.fail_after(60):
                await host.connect(PeerInfo(peer, [addr]))

    trio.run(body)


@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "as-shipped"])
def test_k_a_node_is_in_no_routing_table_because_nobody_answers_for_the_dht(is_guarded: bool) -> None:
    async def body() -> None:
        asked = make_host(plan(222)) if is_guarded else new_host(listen_addrs=[Multiaddr(LOOPBACK)])
        asker = make_host(plan(223))
        if not is_guarded:
            KadDHT(asked, DHTMode.SERVER)
        async with running(asked, asker):
            await asker.connect(info(asked))
            with trio.fail_after(60):
                if is_guarded:
                    with pytest.raises(StreamFailure):
                        await asker.new_stream(asked.get_id(), [KAD])
                else:
                    stream = await asker.new_stream(asked.get_id(), [KAD])
                    await stream.reset()

    trio.run(body)


@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "as-shipped"])
def test_k_the_librarys_own_connector_dials_nobody_whose_address_is_known(is_guarded: bool) -> None:
    async def body() -> None:
        host = make_host(plan(224)) if is_guarded else new_host(listen_addrs=[Multiaddr(LOOPBACK)])
        other = make_host(plan(225))
        async with running(host, other):
            host.get_peerstore().add_addrs(other.get_id(), other.get_transport_addrs(), 600)
            with trio.fail_after(60):
                await host.get_network().auto_connector.maybe_connect()
            assert is_linked(host, other) is not is_guarded

    trio.run(body)
