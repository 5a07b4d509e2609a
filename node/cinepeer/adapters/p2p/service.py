"""The trio side: one host with its guards, gossip, conversations, neighbourhood and block exchange."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

import trio
from libp2p.peer.id import ID

from cinepeer.adapters.p2p.bitswap import Bitswap
from cinepeer.adapters.p2p.conversation import Conversation, Listeners, open_conversation
from cinepeer.adapters.p2p.gossip import gossip_running, make_gossip, publish
from cinepeer.adapters.p2p.guard import SafePubsub, guard_accept, guard_streams
from cinepeer.adapters.p2p.host import make_host, parse_dial, parse_listen, parse_peer, reachable_addrs
from cinepeer.adapters.p2p.keepalive import Neighbourhood
from cinepeer.adapters.p2p.muxer import guard_buffers
from cinepeer.adapters.p2p.plan import Outlets, Pace, Plan
from cinepeer.adapters.p2p.probe import probe
from cinepeer.adapters.p2p.upnp import PortMapping, map_port
from cinepeer.errors import BadInput, Unreachable
from cinepeer.ports import BlockSource
from cinepeer.records.cid import Cid

HANG_UP_S = 2.0


class Peerage:
    """Everything of ours that speaks libp2p, alive in one trio run. All calls are made inside that run."""

    def __init__(
        self, plan: Plan, outlets: Outlets, blocks: BlockSource, allow: Callable[[str, Cid], bool], pace: Pace
    ) -> None:
        """`allow(peer_id, cid)` says whether a block may be served to a peer; `pace` how fast blocks go and come."""
        self._pace = pace
        self._plan = plan
        self._outlets = outlets
        self._blocks = blocks
        self._allow = allow
        self._host = make_host(plan)
        guard_streams(self._host, plan)
        guard_accept(self._host, plan)
        guard_buffers(self._host)
        self._neighbourhood = Neighbourhood(self._host, plan, outlets)
        self._listeners = Listeners(self._host, plan, outlets)
        self._router, self._pubsub = make_gossip(self._host, plan.topics, outlets.gossip)
        self._bitswap: Bitswap | None = None
        self._conversations: dict[int, Conversation] = {}
        self._mapping: PortMapping | None = None
        self._ending = trio.Event()
        self.peer_id = str(self._host.get_id())
        self.addrs: list[str] = []

    async def run(self, task_status: trio.TaskStatus[None]) -> None:
        """Listens and serves until `end`; raises `BadInput` for a listen address that cannot be had."""
        listen = [parse_listen(text) for text in self._plan.listen]
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._host.run(listen))
            if len(self._host.get_transport_addrs()) < len(listen):
                raise BadInput(f"found no way to listen on all of {', '.join(self._plan.listen)}")
            self.addrs = reachable_addrs(self._host)
            await stack.enter_async_context(gossip_running(self._router, self._pubsub, self._plan.topics))
            nursery = await stack.enter_async_context(trio.open_nursery())
            await nursery.start(self._neighbourhood.run)
            self._bitswap = Bitswap(self._host, self._blocks, self._allow, nursery, self._pace)
            for text in self._plan.known:
                self._neighbourhood.keep(*parse_dial(text))
            try:
                task_status.started()
                await self._ending.wait()
            finally:
                with trio.CancelScope(shield=True), trio.move_on_after(HANG_UP_S):
                    await self._neighbourhood.hang_up()
                    if self._mapping is not None:
                        await self._mapping.end()
            nursery.cancel_scope.cancel()

    def end(self) -> None:
        """Asks `run` to hang up and return."""
        self._ending.set()

    async def connect(self, text: str) -> str:
        """Connects to a full multiaddr and returns the peer's id; raises `BadInput`, `Unreachable`."""
        peer, addr = parse_dial(text)
        await self._neighbourhood.connect(peer, addr)
        return str(peer)

    async def dial(self, peer_id: str, addrs: Sequence[str]) -> None:
        """Connects to a peer at one of its transport addresses, once; raises `BadInput`, `Unreachable`."""
        found = [parse_dial(f"{addr}/p2p/{peer_id}") for addr in addrs]
        if found:
            await self._neighbourhood.dial(found[0][0], [addr for _, addr in found])

    async def probe(self, peer_id: str, text: str, timeout_s: float) -> bool:
        """Whether a peer answers a new connection at an address."""
        return await probe(self._host, *parse_dial(f"{text}/p2p/{peer_id}"), timeout_s)

    async def map_port(self, port: int) -> str | None:
        """Asks the router for a port until the end; returns the address outside, or None."""
        self._mapping = await map_port(port)
        return self._mapping.outside if self._mapping is not None else None

    async def disconnect(self, peer_id: str) -> None:
        """Closes the connections to a peer; a known one is dialled again."""
        await self._neighbourhood.disconnect(parse_peer(peer_id))

    async def publish(self, topic: str, data: bytes) -> None:
        """Publishes at most 64 KiB on a topic."""
        await publish(self._pubsub, topic, data)

    async def open(self, number: int, peer_id: str, protocol: str, timeout_s: float) -> None:
        """Opens a conversation under a number of the caller's."""
        self._conversations[number] = await open_conversation(self._host, parse_peer(peer_id), protocol, timeout_s)

    async def ask(self, number: int, turn: int, question: bytes, timeout_s: float) -> bytes:
        """Asks as the `turn`th of an open conversation; `Unreachable` when it was of an earlier life of this thread."""
        conversation = self._conversations.get(number)
        if conversation is None:
            raise Unreachable("found the conversation gone after a restart, expected it open")
        return await conversation.ask(question, timeout_s, turn)

    async def close(self, number: int) -> None:
        """Closes a conversation."""
        conversation = self._conversations.pop(number, None)
        if conversation is not None:
            await conversation.close()

    async def want(self, cids: Sequence[Cid], peers: Sequence[str], timeout_s: float) -> dict[Cid, bytes]:
        """Blocks by id from the named peers."""
        assert self._bitswap is not None
        return await self._bitswap.want(cids, peers, timeout_s)

    async def fetch(
        self, root: Cid, peers: Sequence[str], timeout_s: float, progress: Callable[[int], None] | None
    ) -> int:
        """A whole DAG from the named peers into the block store; returns the number of blocks fetched."""
        assert self._bitswap is not None
        return await self._bitswap.fetch(root, peers, timeout_s, progress)

    async def block_counts(self) -> dict[str, dict[str, int]]:
        """What each peer gave and took of blocks."""
        assert self._bitswap is not None
        return self._bitswap.counts()

    def listening(self) -> list[str]:
        """The listen addresses with the ports that the machine gave."""
        return [str(addr) for addr in self._host.get_transport_addrs()]

    @property
    def pubsub(self) -> SafePubsub:
        """The pubsub service, for tests of what it survives."""
        return self._pubsub

    def is_connected(self, peer_id: str) -> bool:
        """Whether a connection to the peer is open."""
        return self._host.is_peer_connected(ID.from_string(peer_id))
