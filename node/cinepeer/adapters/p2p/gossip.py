"""Gossip over gossipsub 1.1/1.2 with the parameters that do not lose messages; a hint, never the truth."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import trio
from libp2p.host.basic_host import BasicHost
from libp2p.peer.id import ID
from libp2p.pubsub import pubsub as pubsub_module
from libp2p.pubsub.gossipsub import PROTOCOL_ID_V11, PROTOCOL_ID_V12, GossipSub
from libp2p.pubsub.pb import rpc_pb2
from libp2p.pubsub.rpc_queue import RpcQueue
from libp2p.tools.anyio_service import background_trio_service

from cinepeer.adapters.p2p.guard import SafePubsub
from cinepeer.errors import LimitReached

log = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 64 * 1024
QUEUE_MESSAGES = 1024
QUEUE_BYTES = 8 * 1024 * 1024


class BoundedQueue(RpcQueue):
    """What waits to be sent to one peer: the library's queue drops after 32 messages, this one by number and bytes."""

    def __init__(self) -> None:
        super().__init__(QUEUE_MESSAGES)
        self._held_bytes = 0

    def push(self, rpc: rpc_pb2.RPC, priority: bool = False) -> bool:
        """Adds a message, or returns False when the peer is too far behind."""
        size = rpc.ByteSize()
        if self._held_bytes + size > QUEUE_BYTES or not super().push(rpc, priority):
            return False
        self._held_bytes += size
        return True

    async def pop(self) -> rpc_pb2.RPC | None:
        """The next message, or None when the queue is closed."""
        rpc = await super().pop()
        if rpc is not None:
            self._held_bytes -= rpc.ByteSize()
        return rpc


pubsub_module.RpcQueue = BoundedQueue  # type: ignore[misc, assignment, attr-defined]  # it takes no queue from its user


class SafeGossip(GossipSub):
    """GossipSub whose background work survives an exception."""

    async def heartbeat(self) -> None:
        """Runs the heartbeat for ever, through errors."""
        while True:
            try:
                await super().heartbeat()
            except Exception as error:  # noqa: BLE001  a task's edge: one bad round must not end the service
                log.warning("gossip.failed reason=%r", error)
            await trio.sleep(1)

    async def on_peer_subscribed(self, peer_id: ID, topic: str) -> None:
        """Grafts a peer that subscribed; the next heartbeat does it when this fails."""
        try:
            await super().on_peer_subscribed(peer_id, topic)
        except Exception as error:  # noqa: BLE001  a task's edge: the peer may be gone again
            log.debug("a graft of %s failed: %r", peer_id, error)

    async def flush_pending_messages(self, peer_id: ID) -> None:
        """Sends what waited for this peer."""
        try:
            await super().flush_pending_messages(peer_id)
        except Exception as error:  # noqa: BLE001  a task's edge: the peer may be gone again
            log.debug("waiting messages for %s were lost: %r", peer_id, error)


def is_acceptable(_forwarder: ID, message: rpc_pb2.Message) -> bool:
    """The validator: one topic, at most 64 KiB. Synchronous, and it never raises: a raise would end the service."""
    return len(message.topicIDs) == 1 and 0 < len(message.data) <= MAX_MESSAGE_BYTES


def make_gossip(
    host: BasicHost, topics: Sequence[str], deliver: Callable[[str, str, bytes], None]
) -> tuple[SafeGossip, SafePubsub]:
    """The router and the pubsub over it, not running yet; subscriptions of others to other topics are ignored."""
    router = SafeGossip(
        [PROTOCOL_ID_V12, PROTOCOL_ID_V11],
        degree=6,
        degree_low=4,
        degree_high=12,
        heartbeat_interval=1,
        gossip_window=3,
        gossip_history=5,
        spam_protection_enabled=False,  # its ten messages per second count our own, and what is over is never sent on
        adaptive_gossip_enabled=False,  # it turns a heartbeat of 1 s into 30 s when the mesh is small
        eclipse_protection_enabled=False,
        max_idontwant_messages=1000,
    )
    pubsub = SafePubsub(
        host, router, deliver, allowed_topics=frozenset(topics), max_inbound_rpc_size=16 * MAX_MESSAGE_BYTES
    )
    for topic in topics:
        pubsub.set_topic_validator(topic, is_acceptable, False)
    return router, pubsub


@asynccontextmanager
async def gossip_running(router: SafeGossip, pubsub: SafePubsub, topics: Sequence[str]) -> AsyncIterator[None]:
    """Runs both services, subscribed to `topics`, and ends the thread that every pubsub keeps for its cache."""
    try:
        async with background_trio_service(pubsub), background_trio_service(router):
            await pubsub.wait_until_ready()
            for topic in topics:
                await pubsub.subscribe(topic)
            yield
    finally:
        pubsub.seen_messages._stop_event.set()  # its stop() would join the thread and block the loop


async def publish(pubsub: SafePubsub, topic: str, data: bytes) -> None:
    """Publishes one message; raises `LimitReached` for more than 64 KiB, which the network would drop silently."""
    if not 0 < len(data) <= MAX_MESSAGE_BYTES:
        raise LimitReached(f"found a gossip message of {len(data)} bytes, expected 1 to {MAX_MESSAGE_BYTES}")
    await pubsub.publish(topic, data)
