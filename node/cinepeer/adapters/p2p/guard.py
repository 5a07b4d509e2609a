"""Guards around libp2p: what one peer sends, or one handler raises, ends one stream and never the host."""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Iterator

import trio
from libp2p.abc import INetStream, IPubsubRouter
from libp2p.host.basic_host import BasicHost
from libp2p.io.abc import ReadWriteCloser
from libp2p.network.connection.raw_connection import RawConnection
from libp2p.network.stream.exceptions import StreamError
from libp2p.network.swarm import Swarm
from libp2p.peer.id import ID
from libp2p.pubsub.pb import rpc_pb2
from libp2p.pubsub.pubsub import Pubsub
from multiaddr import Multiaddr

from cinepeer.adapters.p2p.plan import Plan
from cinepeer.adapters.p2p.websocket import opened

log = logging.getLogger(__name__)

RESET_GRACE_S = 1.0


async def reset(stream: INetStream) -> None:
    """Resets a stream, whatever state it is in, within a second."""
    with trio.CancelScope(shield=True), trio.move_on_after(RESET_GRACE_S):
        try:
            await stream.reset()
        except Exception as error:  # noqa: BLE001  the stream may be gone in any way; there is nothing left to do
            log.debug("a stream could not be reset: %r", error)


def guard_streams(host: BasicHost, plan: Plan) -> None:
    """An exception in any stream handler resets that stream only; a peer may have so many streams open, no more."""
    inner = host._swarm_stream_handler
    open_streams: Counter[str] = Counter()

    async def guarded(stream: INetStream) -> None:
        peer = str(stream.muxed_conn.peer_id)
        if open_streams[peer] >= plan.streams_per_peer:
            await reset(stream)
            return
        with _counted(open_streams, peer):
            try:
                await inner(stream)
            except Exception as error:  # noqa: BLE001  the stream's edge: without it the library ends the whole host
                log.info("stream.reset peer=%s protocol=%s reason=%r", peer, stream.get_protocol(), error)
                await reset(stream)

    host.get_network().set_stream_handler(guarded)


def guard_accept(host: BasicHost, plan: Plan) -> None:
    """Puts a `Door` before the host's inbound connections."""
    swarm = host.get_network()
    assert isinstance(swarm, Swarm)
    swarm._handle_inbound_connection = Door(swarm, plan).accept  # type: ignore[method-assign, assignment]


class Door:
    """Limits the handshakes and the connections of one IP address, and of all.

    It also ends the task of an inbound connection when the connection closes: the library keeps task and slot for
    the life of the host, so that it would go deaf after as many inbound connections as its limit, closed or not.
    """

    def __init__(self, swarm: Swarm, plan: Plan) -> None:
        self._swarm = swarm
        self._plan = plan
        self._shaking: Counter[str] = Counter()
        self._open: Counter[str] = Counter()

    async def accept(self, socket: ReadWriteCloser, addr: Multiaddr) -> None:
        """Serves one inbound connection from its first byte to its end, or closes it at once."""
        remote = socket.get_remote_address()
        ip = remote[0] if remote else ""
        if not self._has_room(ip):
            await socket.close()
            return
        with _counted(self._open, ip):
            try:
                with _counted(self._shaking, ip):
                    with trio.fail_after(self._plan.dial_timeout_s / 2):
                        connection = await opened(socket, self._plan.dial_timeout_s / 10)
                    muxed = await self._swarm.upgrade_inbound_raw_conn(RawConnection(connection, False), addr)
            except Exception as error:  # noqa: BLE001  the connection's edge: a stranger's handshake fails in any way
                log.debug("a connection from %s was refused: %r", ip, error)
                with contextlib.suppress(Exception):  # closing what is half open
                    await socket.close()
                return
            await muxed.event_closed.wait()  # type: ignore[attr-defined]

    def _has_room(self, ip: str) -> bool:
        return (
            self._shaking[ip] < self._plan.handshakes_per_ip
            and self._open[ip] < self._plan.connections_per_ip
            and self._open.total() < self._plan.connections
        )


@contextlib.contextmanager
def _counted(counter: Counter[str], key: str) -> Iterator[None]:
    """Counts one more under `key` meanwhile."""
    counter[key] += 1
    try:
        yield
    finally:
        counter[key] -= 1
        if not counter[key]:
            del counter[key]


class SafePubsub(Pubsub):
    """Pubsub that survives what a peer sends, and that delivers each message once and to one function."""

    def __init__(self, host: BasicHost, router: IPubsubRouter, deliver: object, **settings: object) -> None:
        """`deliver(topic, originator, data)` is called for each validated message of others, synchronously."""
        self._in_validation: set[bytes] = set()
        self._deliver = deliver
        super().__init__(host, router, **settings)  # type: ignore[arg-type]

    async def push_msg(self, msg_forwarder: ID, msg: rpc_pb2.Message) -> None:
        """Claims the message's id before the validators are awaited, so that no second copy passes meanwhile."""
        claimed = self.get_message_id(msg)
        if claimed in self._in_validation or self.seen_messages.has(claimed):
            return
        self._in_validation.add(claimed)
        try:
            await super().push_msg(msg_forwarder, msg)
        except Exception as error:  # noqa: BLE001  the message's edge: a bad key or a bad id must not end the service
            log.info("gossip.dropped peer=%s reason=%r", msg_forwarder, error)
        finally:
            self._in_validation.discard(claimed)

    def notify_subscriptions(self, publish_message: rpc_pb2.Message) -> None:
        """Hands a message of another peer on; the library's own channel of 32 would lose messages without a word."""
        origin = ID(publish_message.from_id)
        if origin == self.my_id:
            return
        for topic in publish_message.topicIDs:
            if topic in self.topic_ids:
                self._deliver(topic, str(origin), bytes(publish_message.data))  # type: ignore[operator]

    async def stream_handler(self, stream: INetStream) -> None:
        """Reads one peer's stream; any error ends that stream and forgets its peer's subscriptions."""
        try:
            await super().stream_handler(stream)
        except Exception as error:  # noqa: BLE001  the stream's edge: a malformed frame, or a service that is ending
            peer = stream.muxed_conn.peer_id
            log.info("gossip.reset peer=%s reason=%r", peer, error)
            await reset(stream)
            with contextlib.suppress(StreamError, RuntimeError):  # the service may be ending
                self._handle_dead_peer(peer)
