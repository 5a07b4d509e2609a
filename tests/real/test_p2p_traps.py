"""What libp2p does wrong as it ships, each beside the guard that mends it; every guard is shown to be needed."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

import pytest
import trio
from libp2p import new_host
from libp2p.abc import INetStream
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.custom_types import TProtocol
from libp2p.host.basic_host import BasicHost
from libp2p.network.exceptions import SwarmException
from libp2p.network.stream.exceptions import StreamError
from libp2p.security.insecure.transport import PLAINTEXT_PROTOCOL_ID, InsecureTransport
from libp2p.stream_muxer.yamux import yamux
from multiaddr import Multiaddr

from cinepeer.adapters.p2p import muxer
from cinepeer.adapters.p2p.guard import guard_accept
from cinepeer.adapters.p2p.host import make_host
from cinepeer.adapters.p2p.keepalive import Neighbourhood
from cinepeer.adapters.p2p.plan import Plan
from real.p2p_rig import LOOPBACK, info, is_linked, plan, running, trio_until

APP = TProtocol("/test/app/1")

# A host that dies as the library ships it leaves its sockets to the collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning", "ignore:.*multiaddr.*"
)


@pytest.fixture(autouse=True)
def _collect_here() -> Iterator[None]:
    yield
    gc.collect()


class Quiet:
    """Outlets that note who came and went."""

    def __init__(self) -> None:
        self.events: list[tuple[str, bool]] = []

    def gossip(self, topic: str, peer_id: str, data: bytes) -> None: ...

    def neighbour(self, peer_id: str, up: bool) -> None:
        self.events.append((peer_id, up))

    def around(self, neighbours: object) -> None: ...

    async def answer(self, stream: int, protocol: str, peer_id: str, question: bytes) -> bytes:
        return question

    def closed(self, stream: int) -> None: ...

    def is_welcome(self, peer_id: str) -> bool:
        return True

    def blame(self, peer_id: str, reason: str) -> None: ...

    def chance(self) -> float:
        return 0.5


async def neighbourhood(host: BasicHost, made: Plan, nursery: trio.Nursery) -> tuple[Neighbourhood, Quiet]:
    quiet = Quiet()
    around = Neighbourhood(host, made, quiet)
    await nursery.start(around.run)
    return around, quiet


@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "as-shipped"])
def test_e_a_peer_that_failed_once_is_reached_as_soon_as_it_is_there(is_guarded: bool) -> None:
    async def body() -> None:
        made = plan(203)
        dialler, late = make_host(made), make_host(plan(204))
        async with running(dialler), trio.open_nursery() as nursery:
            around, _ = await neighbourhood(dialler, made, nursery)
            listener = await trio.open_tcp_listeners(0, host="127.0.0.1")
            port = listener[0].socket.getsockname()[1]
            await listener[0].aclose()
            addr = Multiaddr(f"/ip4/127.0.0.1/tcp/{port}")
            dialler.get_peerstore().add_addrs(late.get_id(), [addr], 60)
            with pytest.raises(SwarmException):
                await dialler.get_network().dial_peer(late.get_id())
            async with late.run([addr]):
                if is_guarded:
                    await around.connect(late.get_id(), addr)
                else:
                    with pytest.raises(SwarmException, match="recently failed"):
                        await dialler.get_network().dial_peer(late.get_id())
                assert is_linked(dialler, late) is is_guarded
                nursery.cancel_scope.cancel()

    trio.run(body)


class Wire:
    """A TCP relay that can be frozen: the connection stays open and carries nothing, as behind a dead NAT."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.frozen = False

    async def serve(self, client: trio.SocketStream) -> None:
        server = await trio.open_tcp_stream("127.0.0.1", self._port)
        async with client, server, trio.open_nursery() as nursery:
            nursery.start_soon(self._carry, client, server)
            nursery.start_soon(self._carry, server, client)

    async def _carry(self, source: trio.SocketStream, target: trio.SocketStream) -> None:
        try:
            async for data in source:
                while self.frozen:
                    await trio.sleep(0.05)
                await target.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass


@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "as-shipped"])
def test_f_a_frozen_peer_is_noticed_and_dialled_again_when_it_thaws(is_guarded: bool) -> None:
    async def body() -> None:
        made = plan(206, ping_interval_s=0.2, ping_timeout_s=1.0, dial_timeout_s=4.0, redial_first_s=0.1)
        dialler, frozen = make_host(made), make_host(plan(207))
        async with running(dialler, frozen), trio.open_nursery() as nursery:
            wire = Wire(int(str(frozen.get_transport_addrs()[0].value_for_protocol("tcp"))))
            listeners = await nursery.start(trio.serve_tcp, wire.serve, 0)
            addr = Multiaddr(f"/ip4/127.0.0.1/tcp/{listeners[0].socket.getsockname()[1]}")
            if is_guarded:
                around, quiet = await neighbourhood(dialler, made, nursery)
                await around.connect(frozen.get_id(), addr)
            else:
                dialler.get_peerstore().add_addrs(frozen.get_id(), [addr], 60)
                await dialler.get_network().dial_peer(frozen.get_id())
            wire.frozen = True
            if is_guarded:
                peer = str(frozen.get_id())
                await trio_until(lambda: quiet.events[-1] == (peer, False))
                assert not is_linked(dialler, frozen)
                wire.frozen = False
                await trio_until(lambda: quiet.events[-1] == (peer, True))
            else:
                await trio.sleep(2.0)
            assert is_linked(dialler, frozen)
            nursery.cancel_scope.cancel()

    trio.run(body)


@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "as-shipped"])
def test_g_a_peer_without_encryption_is_refused(is_guarded: bool) -> None:
    async def body() -> None:
        listening = make_host(plan(208)) if is_guarded else new_host(listen_addrs=[Multiaddr(LOOPBACK)])
        key_pair = create_new_key_pair(bytes(31) + b"\1")
        plain = new_host(
            key_pair=key_pair,
            sec_opt={TProtocol(PLAINTEXT_PROTOCOL_ID): InsecureTransport(key_pair)},
            listen_addrs=[Multiaddr(LOOPBACK)],
        )
        plain.get_network().retry_config.max_retries = 0
        async with running(listening, plain):
            if is_guarded:
                with pytest.raises(SwarmException):
                    await plain.connect(info(listening))
            else:
                await plain.connect(info(listening))
            assert is_linked(plain, listening) is not is_guarded

    trio.run(body)


@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "as-shipped"])
def test_closed_inbound_connections_give_their_places_back(is_guarded: bool) -> None:
    async def body() -> None:
        made = plan(209, connections=4)
        listening = make_host(made)
        if is_guarded:
            guard_accept(listening, made)
        reached = 0
        async with running(listening):
            for number in range(6):
                visitor = make_host(plan(210 + number))
                async with running(visitor):
                    with trio.move_on_after(2):
                        try:
                            await visitor.connect(info(listening))
                            reached += 1
                        except SwarmException:
                            pass
                    await visitor.disconnect(listening.get_id())
                await trio_until(lambda: not listening.get_live_peers())
        assert reached == (6 if is_guarded else 4)

    trio.run(body)


@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "as-shipped"])
def test_idle_sockets_of_one_address_are_turned_away_at_once(is_guarded: bool) -> None:
    async def body() -> None:
        made = plan(220, handshakes_per_ip=8, dial_timeout_s=60.0)
        listening = make_host(made)
        if is_guarded:
            guard_accept(listening, made)
        async with running(listening):
            port = int(str(listening.get_transport_addrs()[0].value_for_protocol("tcp")))
            idle = [await trio.open_tcp_stream("127.0.0.1", port) for _ in range(20)]
            closed: set[trio.SocketStream] = set()
            with trio.move_on_after(60 if is_guarded else 1):
                while len(closed) < 12:
                    for stream in idle:
                        with trio.move_on_after(0.05):
                            try:
                                while await stream.receive_some(100):
                                    pass  # the listener's hello comes first
                                closed.add(stream)
                            except trio.BrokenResourceError:
                                closed.add(stream)
            assert len(closed) == (12 if is_guarded else 0)
            for stream in idle:
                await stream.aclose()

    trio.run(body)


@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "as-shipped"])
def test_d_what_is_buffered_for_a_reader_that_pauses_is_a_window_of_two_mib(
    is_guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It read fast from far away, so that its window grew to the most, and then reads no more of what is pushed."""
    monkeypatch.setattr(yamux.YamuxStream, "_effective_rtt", lambda _stream: 60.0)
    if not is_guarded:
        monkeypatch.setattr(yamux, "MAX_WINDOW_SIZE", 16 << 20)
        monkeypatch.setattr(muxer, "WINDOW_BYTES", 16 << 20)

    async def body() -> None:
        listening, reader = make_host(plan(223)), make_host(plan(224))
        pushing: list[INetStream] = []

        async def push(stream: INetStream) -> None:
            pushing.append(stream)
            with contextlib.suppress(StreamError):
                while True:
                    await stream.write(bytes(1 << 18))

        listening.set_stream_handler(APP, push)
        async with running(listening, reader):
            await reader.connect(info(listening))
            stream = await reader.new_stream(listening.get_id(), [APP])
            while stream.muxed_stream.target_recv_window < muxer.WINDOW_BYTES:
                await stream.read(1 << 18)
            await trio_until(lambda: not pushing[0].muxed_stream.send_window)
            held = sum(len(buffer) for buffer in stream.muxed_conn.stream_buffers.values())
            assert held > 1 << 20
            assert (held <= 3 << 20) is is_guarded  # a window, and what one more write held

    trio.run(body)


@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "as-shipped"])
def test_a_peer_that_overruns_its_window_loses_its_connection(
    is_guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sender ignores windows; the receiver's handler never reads. As shipped, the receiver buffers it all."""
    monkeypatch.setattr(muxer, "MAX_BUFFERED_BYTES", 1 << 20)

    async def body() -> None:
        listening, sender = make_host(plan(221)), make_host(plan(222))
        if is_guarded:
            muxer.guard_buffers(listening)

        async def pause(_stream: INetStream) -> None:
            await trio.sleep_forever()

        listening.set_stream_handler(APP, pause)
        async with running(listening, sender):
            await sender.connect(info(listening))
            stream = await sender.new_stream(listening.get_id(), [APP])
            stream.muxed_stream.send_window = 1 << 30
            with trio.move_on_after(3):
                try:
                    for _ in range(64):
                        await stream.write(bytes(1 << 16))
                except StreamError:
                    pass
            with trio.move_on_after(60 if is_guarded else 0.5):
                while is_linked(listening, sender):
                    await trio.sleep(0.1)
            assert is_linked(listening, sender) is not is_guarded
            held = sum(
                len(buffer)
                for one in listening.get_network().get_connections()
                for buffer in one.muxed_conn.stream_buffers.values()
            )
            assert (held <= 1 << 20) is is_guarded

    trio.run(body)
