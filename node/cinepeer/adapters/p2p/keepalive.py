"""Who is connected: pings that notice a frozen peer, and redials of the known ones with jittered backoff."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, field

import trio
from libp2p.abc import INetConn, INetStream, INetwork, INotifee, ISecureConn
from libp2p.custom_types import TProtocol
from libp2p.host.basic_host import BasicHost
from libp2p.host.ping import ID as PING
from libp2p.io.exceptions import IOException
from libp2p.io.utils import read_exactly
from libp2p.network.connection.swarm_connection import SwarmConn
from libp2p.network.exceptions import SwarmException
from libp2p.network.swarm import Swarm
from libp2p.peer.id import ID
from libp2p.rcmgr import Direction
from libp2p.stream_muxer.yamux.yamux import Yamux
from multiaddr import Multiaddr

from cinepeer.adapters.p2p.conversation import is_unknown_protocol
from cinepeer.adapters.p2p.guard import reset
from cinepeer.adapters.p2p.plan import Neighbour, Outlets, Plan
from cinepeer.errors import BadInput, Unreachable

log = logging.getLogger(__name__)

ADDRESS_TTL_S = 7 * 86400
PING_BYTES = 32


@dataclass(slots=True)
class _Known:
    """A peer that we dialled once, and dial again when it goes."""

    addrs: list[Multiaddr] = field(default_factory=list)
    failures: int = 0
    lost: trio.Event = field(default_factory=trio.Event)


class Neighbourhood(INotifee):
    """The connected peers of a host: up and down reports, pings, dials and redials."""

    def __init__(self, host: BasicHost, plan: Plan, outlets: Outlets) -> None:
        swarm = host.get_network()
        assert isinstance(swarm, Swarm)
        self._host = host
        self._swarm = swarm
        self._plan = plan
        self._outlets = outlets
        self._known: dict[ID, _Known] = {}
        self._dialling: dict[ID, trio.Lock] = {}
        self._up: dict[ID, trio.CancelScope] = {}
        self._rtt_ms: dict[ID, float] = {}
        self._nursery: trio.Nursery | None = None
        swarm.register_notifee(self)

    async def run(self, task_status: trio.TaskStatus[None]) -> None:
        """Pings and redials for the life of the host."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            for connection in self._swarm.get_connections():  # those that came before this task
                await self.connected(self._swarm, connection)
            task_status.started()
            try:
                await trio.sleep_forever()
            finally:
                self._nursery = None

    async def connect(self, peer: ID, addr: Multiaddr) -> None:
        """Connects to `peer` at `addr` and keeps that connection up from now on; raises `Unreachable`, `BadInput`."""
        if peer == self._host.get_id():
            raise BadInput(f"found the address of this node itself ({addr}), expected that of another")
        await self.dial(peer, [addr])
        self.keep(peer, addr)

    def keep(self, peer: ID, addr: Multiaddr) -> None:
        """Remembers an address; a peer with one is dialled again whenever it is not connected. Not this host itself."""
        if peer == self._host.get_id():
            return
        known = self._known.get(peer)
        if known is None:
            known = self._known[peer] = _Known()
            assert self._nursery is not None
            self._nursery.start_soon(self._redial, peer, known)
        if addr not in known.addrs:
            known.addrs.append(addr)

    async def dial(self, peer: ID, addrs: list[Multiaddr]) -> None:
        """One dial of each address in turn until one answers (`Unreachable` when none does), and nothing afterwards.

        The library's memory of failures is put aside.
        `dial_addr` goes past the library's `dial_peer`, which waits 250 ms after a success and refuses for 60 s
        after a failure.
        """
        timeout_s = self._plan.dial_timeout_s
        causes: list[str] = []
        if not self._outlets.is_welcome(str(peer)):
            raise Unreachable(f"found {peer} banned, expected a peer that is not")
        async with self._dialling.setdefault(peer, trio.Lock()):
            for addr in addrs:
                if self._host.is_peer_connected(peer):
                    return
                self._swarm._negative_peer_cache.evict(str(peer))
                self._host.get_peerstore().add_addrs(peer, [addr], ADDRESS_TTL_S)
                try:
                    with trio.fail_after(timeout_s):
                        connection = await self._swarm.dial_addr(addr, peer)
                        await connection.event_started.wait()
                    return
                except trio.TooSlowError:
                    causes.append(f"no answer within {timeout_s:g} s")
                except SwarmException as error:
                    causes.append(_why(error))
        raise Unreachable(f"{peer} could not be reached at {', '.join(map(str, addrs))}: {'; '.join(causes)}")

    async def _redial(self, peer: ID, known: _Known) -> None:
        """Dials a known peer whenever it is lost, with growing, jittered pauses."""
        while True:
            if self._host.is_peer_connected(peer):
                begun = trio.current_time()
                known.lost = trio.Event()
                await known.lost.wait()
                lasted = trio.current_time() - begun > self._plan.redial_most_s
                known.failures = 0 if lasted else known.failures + 1  # one that drops us at once is not dialled at once
            pause = min(self._plan.redial_first_s * 2 ** min(known.failures, 16), self._plan.redial_most_s)
            await trio.sleep(pause * (0.5 + self._outlets.chance()))
            try:
                await self.dial(peer, list(known.addrs))
            except Unreachable as error:
                known.failures += 1
                log.debug("redial %d: %s", known.failures, error)
            except Exception as error:  # noqa: BLE001  a task's edge: no dial may end the neighbourhood
                known.failures += 1
                log.warning("peer.undialled peer=%s reason=%r", peer, error)

    async def disconnect(self, peer: ID) -> None:
        """Closes every connection to a peer, within a second or two."""
        with trio.move_on_after(2):
            await self._host.disconnect(peer)

    async def hang_up(self) -> None:
        """Closes every connection, all at once; the library closes one after the other, and none when cancelled."""
        async with trio.open_nursery() as nursery:
            for connection in self._swarm.get_connections():
                nursery.start_soon(self._close, connection)

    async def _close(self, connection: INetConn | ISecureConn) -> None:
        try:
            await connection.close()
        except Exception as error:  # noqa: BLE001  a task's edge: one connection that resists must not keep the others
            log.debug("a connection could not be closed: %r", error)

    async def _own(self, connection: INetConn) -> None:
        """Sees to it that a connection's socket is closed: the library forgets it when its own closing is cancelled."""
        muxed = connection.muxed_conn
        assert isinstance(muxed, Yamux)
        try:
            await muxed.event_closed.wait()
        finally:
            with trio.CancelScope(shield=True):
                await self._close(muxed.secured_conn)

    def _report(self) -> None:
        """Tells who is connected now, the oldest first."""
        found = []
        for peer, connections in self._swarm.get_connections_map().items():
            connection = next((one for one in connections if not one.is_closed), None)
            if isinstance(connection, SwarmConn):
                addrs = tuple(str(addr) for addr in connection.get_transport_addresses())
                direction = "in" if connection.direction == Direction.INBOUND else "out"
                since_ms = int(connection._created_at * 1000)
                found.append(Neighbour(str(peer), addrs, direction, since_ms, self._rtt_ms.get(peer)))
        self._outlets.around(tuple(sorted(found, key=lambda one: one.since_ms)))

    async def _ping_often(self, peer: ID, scope: trio.CancelScope) -> None:
        """Pings a connected peer until it is gone; a frozen one is disconnected."""
        with scope:
            while True:
                try:
                    alive = await self._ping(peer)
                except Exception as error:  # noqa: BLE001  a task's edge: no ping may end the neighbourhood
                    log.debug("ping of %s: %r", peer, error)
                    alive = is_unknown_protocol(error)
                self._report()
                if not alive:
                    log.info("peer.silent peer=%s", peer)
                    self._outlets.blame(str(peer), "silent")
                    await self.disconnect(peer)
                await trio.sleep(self._plan.ping_interval_s * (0.75 + self._outlets.chance() / 2))

    async def _ping(self, peer: ID) -> bool:
        """One ping; False after 3 s of silence that was not our own loop's."""
        for _attempt in range(2):
            begun = trio.current_time()
            with trio.move_on_after(self._plan.ping_timeout_s):
                await self._round_trip(peer)
                self._rtt_ms[peer] = (trio.current_time() - begun) * 1000
                return True
            if trio.current_time() - begun < 1.5 * self._plan.ping_timeout_s:
                return False  # we were awake all the time: the silence is the peer's
        return False

    async def _round_trip(self, peer: ID) -> None:
        stream: INetStream = await self._host.new_stream(peer, [TProtocol(PING)])
        try:
            sent = secrets.token_bytes(PING_BYTES)
            await stream.write(sent)
            if await read_exactly(stream, PING_BYTES) != sent:
                raise IOException("found other bytes than the ping's")
        except BaseException:
            await reset(stream)
            raise
        await stream.close()

    async def connected(self, _network: INetwork, conn: INetConn) -> None:
        """Reports the first connection of a peer and begins to ping it."""
        peer = conn.muxed_conn.peer_id
        if self._nursery is None:
            return
        self._nursery.start_soon(self._own, conn)
        if not self._outlets.is_welcome(str(peer)):
            self._nursery.start_soon(self._close, conn)
            return
        if peer not in self._up:
            scope = self._up[peer] = trio.CancelScope()
            self._nursery.start_soon(self._ping_often, peer, scope)
            self._report()
            self._outlets.neighbour(str(peer), True)

    async def disconnected(self, _network: INetwork, conn: INetConn) -> None:
        """Reports the last connection of a peer gone and wakes its redial."""
        peer = conn.muxed_conn.peer_id
        if peer not in self._up or self._host.is_peer_connected(peer):
            return
        self._up.pop(peer).cancel()
        self._rtt_ms.pop(peer, None)
        self._report()
        self._outlets.neighbour(str(peer), False)
        if peer in self._known:
            self._known[peer].lost.set()

    async def opened_stream(self, network: INetwork, stream: INetStream) -> None:
        """Nothing to do."""

    async def closed_stream(self, network: INetwork, stream: INetStream) -> None:
        """Nothing to do."""

    async def listen(self, network: INetwork, multiaddr: Multiaddr) -> None:
        """Nothing to do."""

    async def listen_close(self, network: INetwork, multiaddr: Multiaddr) -> None:
        """Nothing to do."""


def _why(error: BaseException) -> str:
    """The innermost cause of a dial's failure, in a few words."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error) or type(error).__name__
