"""A world in virtual time: one queue of what happens when, links that lose and delay, connections, streams and gossip.

Streams are like those over TCP: what a link loses comes later, in order, or the connection breaks. Gossip is lost,
doubled and overtaken. Everything hangs on one seed: the same world lives the same life.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from vectors.people import BORN_MS

if TYPE_CHECKING:
    from sim.node import Node

PACKET_BYTES = 1400
RESEND_MS = 200
# What a peer's silence costs before a node calls it gone (a ping each 15 s that waits for 3 s).
KEEPALIVE_MS = 18_000
# A frame beyond this is refused by the reader of the stream, before the machine hears of it.
MAX_FRAME_BYTES = 4 << 20


class BrokenLawError(AssertionError):
    """Something happened that must never happen; `law` is a short name for it."""

    def __init__(self, law: str, words: str) -> None:
        super().__init__(f"{law}: {words}")
        self.law = law


@dataclass
class Link:
    """What lies between two nodes; `is_up` is the cable, `epoch` numbers the connections over it."""

    one: str
    other: str
    latency_ms: float = 20
    loss: float = 0.0
    doubling: float = 0.0
    bytes_per_ms: float = 2_000
    is_up: bool = True
    is_connected: bool = False
    epoch: int = 0

    def far(self, name: str) -> str:
        """The node at the other end."""
        return self.other if name == self.one else self.one


@dataclass
class Stream:
    """A conversation that `asker` opened with `answerer`, the question that is open on it, and the one behind it."""

    number: int
    asker: str
    conversation: int
    answerer: str
    link: Link
    epoch: int
    ticket: int | None = None
    behind: tuple[int, bytes, int] | None = None  # ticket, frame, and how long its answer may take
    is_reset: bool = False
    free_ms: dict[str, float] = field(default_factory=dict)  # by direction: nothing overtakes on a stream


class World:
    """The clock, the nodes and what is between them."""

    def __init__(self, seed: int) -> None:
        self.now_ms = 0.0
        self.chance = Random(seed)
        self.nodes: dict[str, Node] = {}
        self.links: dict[frozenset[str], Link] = {}
        self.states: Counter[tuple[str, ...]] = Counter()
        self.reached: Counter[str] = Counter()
        self.verdicts: dict[bytes, str] = {}
        self.sent_bytes: Counter[tuple[str, str]] = Counter()
        self._near: dict[str, list[Link]] = defaultdict(list)
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._streams: dict[int, Stream] = {}
        self._by_conversation: dict[tuple[str, int, int], Stream] = {}

    # Time

    def after(self, delay_ms: float, act: Callable[[], None]) -> None:
        """Has something happen later."""
        self._count += 1
        heapq.heappush(self._queue, (self.now_ms + max(delay_ms, 0.0), self._count, act))

    def run(self, until_ms: float) -> None:
        """Lives on up to a moment."""
        while self._queue and self._queue[0][0] <= until_ms:
            self.now_ms, _, act = heapq.heappop(self._queue)
            act()
        self.now_ms = until_ms

    @property
    def clock_ms(self) -> int:
        """What an exact clock shows, Unix time in ms."""
        return BORN_MS + int(self.now_ms)

    # Links and connections

    def link(self, link: Link) -> None:
        """Lays a cable."""
        self.links[frozenset((link.one, link.other))] = link
        self._near[link.one].append(link)
        self._near[link.other].append(link)

    def links_of(self, name: str) -> list[Link]:
        """All cables that end at a node."""
        return self._near[name]

    def connect(self, link: Link) -> None:
        """Connects two nodes when cable and both nodes are there."""
        one, other = self.nodes[link.one], self.nodes[link.other]
        if link.is_connected or not link.is_up or not (one.is_awake and other.is_awake):
            return
        link.is_connected = True
        link.epoch += 1
        one.connected(link.other)
        other.connected(link.one)

    def reconnect_soon(self, link: Link) -> None:
        """Dials again after a pause, as the redialling of a node does."""
        self.after(self.chance.uniform(200, 3_000), lambda: self.connect(link))

    def disconnect(self, link: Link, notice_ms: float = 0.0) -> None:
        """Breaks a connection; each living side notices it within `notice_ms`."""
        if not link.is_connected:
            return
        link.is_connected = False
        link.epoch += 1
        for stream in [one for one in self._streams.values() if one.link is link]:
            self._fail(stream, notice_ms)
        for name in (link.one, link.other):
            node, far, life = self.nodes[name], link.far(name), self.nodes[name].life
            delay_ms = self.chance.uniform(0, notice_ms)
            self.after(delay_ms, lambda node=node, far=far, life=life: node.disconnected(far, life))  # type: ignore[misc]

    def _fail(self, stream: Stream, notice_ms: float) -> None:
        self._streams.pop(stream.number, None)
        if stream.ticket is not None:
            ticket, asker = stream.ticket, self.nodes[stream.asker]
            life = asker.life
            self.after(self.chance.uniform(0, notice_ms), lambda: asker.failed(ticket, "unreachable", life))

    def _delay_ms(self, link: Link, size_bytes: int) -> float:
        """How long a frame takes over a link, with what it loses sent again."""
        delay_ms = link.latency_ms * self.chance.uniform(0.8, 1.5) + size_bytes / link.bytes_per_ms
        left = 1 + size_bytes // PACKET_BYTES
        while link.loss and left:
            left = sum(self.chance.random() < link.loss for _ in range(left)) if left < 64 else int(left * link.loss)
            delay_ms += (RESEND_MS + 2 * link.latency_ms) * (left > 0)
        return delay_ms

    # Streams

    def ask(self, asker: Node, peer: str, conversation: int, ticket: int, frame: bytes, timeout_ms: int) -> None:
        """Carries a question; exactly one end comes back to the asker."""
        link = self.links.get(frozenset((asker.name, peer)))
        life = asker.life
        if link is None or not link.is_connected:
            self.after(self.chance.uniform(1, 3_000), lambda: asker.failed(ticket, "unreachable", life))
            return
        key = (asker.name, life, conversation)
        stream = self._by_conversation.get(key)
        if stream is None:
            self._count += 1
            stream = Stream(self._count, asker.name, conversation, peer, link, link.epoch)
            self._by_conversation[key] = self._streams[stream.number] = stream
        elif stream.epoch != link.epoch or stream.is_reset:
            self.after(1, lambda: asker.failed(ticket, "unreachable", life))
            return
        if stream.ticket is None:
            self._send(stream, asker, ticket, frame, timeout_ms)
        elif stream.behind is None:
            stream.behind = ticket, frame, timeout_ms
        else:
            raise BrokenLawError("seam", f"{asker.name} asks three times at once in conversation {conversation}")

    def _send(self, stream: Stream, asker: Node, ticket: int, frame: bytes, timeout_ms: int) -> None:
        """Puts a question on the wire; one that waited behind another goes when that is answered."""
        peer, life = stream.answerer, asker.life
        stream.ticket = ticket
        self.sent_bytes[asker.name, peer] += len(frame)
        answerer = self.nodes[peer]
        self._carry(stream, "there", len(frame), lambda: answerer.asked(stream, frame))
        self.after(timeout_ms, lambda: self._time_out(stream, asker, ticket, life))

    def _carry(self, stream: Stream, direction: str, size_bytes: int, arrive: Callable[[], None]) -> None:
        free_ms = stream.free_ms.get(direction, 0.0)
        there_ms = max(self.now_ms + self._delay_ms(stream.link, size_bytes), free_ms)
        stream.free_ms[direction] = there_ms

        def land() -> None:
            if stream.link.is_connected and stream.link.epoch == stream.epoch:
                arrive()

        self.after(there_ms - self.now_ms, land)

    def _time_out(self, stream: Stream, asker: Node, ticket: int, life: int) -> None:
        if stream.ticket == ticket and asker.life == life:
            stream.ticket = None
            stream.is_reset = True
            asker.failed(ticket, "timeout", life)

    def answer(self, answerer: Node, number: int, frame: bytes) -> None:
        """Carries an answer back, unless nobody waits for it any more."""
        stream = self._streams.get(number)
        if stream is None or stream.answerer != answerer.name:
            return
        ticket, asker = stream.ticket, self.nodes[stream.asker]
        self.sent_bytes[answerer.name, stream.asker] += len(frame)
        if ticket is None:
            return
        life = asker.life

        def arrive() -> None:
            if stream.ticket != ticket:
                return
            stream.ticket = None
            if len(frame) > MAX_FRAME_BYTES:
                asker.failed(ticket, "frame-too-large", life, is_peers_fault=True)
            else:
                if stream.behind is not None:
                    behind, stream.behind = stream.behind, None
                    self._send(stream, asker, *behind)
                asker.answered(ticket, frame, life)

        self._carry(stream, "back", min(len(frame), MAX_FRAME_BYTES), arrive)

    def reset(self, answerer: Node, number: int) -> None:
        """Ends a stream from the answering side."""
        stream = self._streams.pop(number, None)
        if stream is None:
            return
        stream.is_reset = True
        ticket, asker = stream.ticket, self.nodes[stream.asker]
        stream.ticket = None
        if ticket is not None:
            life = asker.life
            self._carry(stream, "back", 20, lambda: asker.failed(ticket, "unreachable", life))

    def close(self, asker: Node, conversation: int) -> None:
        """Ends a stream from the asking side."""
        stream = self._by_conversation.pop((asker.name, asker.life, conversation), None)
        if stream is None or stream.number not in self._streams:
            return
        stream.ticket = None
        answerer = self.nodes[stream.answerer]

        def arrive() -> None:
            self._streams.pop(stream.number, None)
            answerer.closed(stream)

        self._carry(stream, "there", 20, arrive)

    # Gossip

    def publish(self, origin: Node, data: bytes) -> None:
        """Floods a message from node to node; each hop may lose it or bring it twice."""
        self._count += 1
        number = self._count
        origin.heard.add(number)
        self._spread(origin, origin.name, number, data)

    def _spread(self, node: Node, origin: str, number: int, data: bytes) -> None:
        for link in self._near[node.name]:
            if not link.is_connected:
                continue
            times = 0 if self.chance.random() < link.loss else 1 + (self.chance.random() < link.doubling)
            for _ in range(times):
                self.sent_bytes[node.name, link.far(node.name)] += len(data)
                delay_ms = link.latency_ms * self.chance.uniform(0.5, 4) + len(data) / link.bytes_per_ms
                self._hop(link, self.nodes[link.far(node.name)], origin, number, data, delay_ms)

    def _hop(self, link: Link, to: Node, origin: str, number: int, data: bytes, delay_ms: float) -> None:
        epoch = link.epoch

        def land() -> None:
            if link.epoch != epoch or not to.is_up or origin == to.name:
                return
            is_new = number not in to.heard
            if is_new or self.chance.random() < link.doubling:  # a second delivery of one message happens, too
                to.heard.add(number)
                to.gossiped(origin, data)
            if is_new:
                self._spread(to, origin, number, data)

        self.after(delay_ms, land)

    def honest(self) -> Iterator[Node]:
        """The nodes that keep to the rules."""
        return (node for node in self.nodes.values() if node.is_honest)
