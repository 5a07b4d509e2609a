"""Bitswap over libp2p: one long-lived stream each way; only wanted, checked and small enough blocks are taken.

What arrives is read on while the message before it is hashed and kept, and the next answer is read from the disk while
the last one is on its way: the line rests for neither.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import inf

import trio
from libp2p.abc import IMuxedConn, INetStream
from libp2p.custom_types import TProtocol
from libp2p.host.basic_host import BasicHost
from libp2p.peer.id import ID
from libp2p.protocol_muxer.multiselect_communicator import MultiselectCommunicator

from cinepeer.adapters.p2p.answer import Answer, next_answer
from cinepeer.adapters.p2p.conversation import STREAM_ERRORS, Frames
from cinepeer.adapters.p2p.guard import reset
from cinepeer.adapters.p2p.host import parse_peer
from cinepeer.adapters.p2p.plan import Pace, Unpaced
from cinepeer.adapters.p2p.retrieval import Retrieval, missing
from cinepeer.content.bitswap import MAX_WANTS, PROTOCOL, Message, Want, frame, parse, read_key
from cinepeer.content.exchange import Exchange
from cinepeer.content.unixfs import links
from cinepeer.errors import CinepeerError, Refused, Unreachable
from cinepeer.ports import BlockSource
from cinepeer.records.cid import Cid

log = logging.getLogger(__name__)

PATIENCE_S = 5.0
OPEN_TIMEOUT_S = 10.0
TICK_S = 0.5
MAX_PEERS = 1024
MAX_RECENT = 8192
MESSAGES_AHEAD = 1  # read and not looked at yet, of one stream
MESSAGES_KEPT = 3  # whose blocks are on their way to the disk, of one stream
LARGE_BYTES = 64 << 10  # a message from here on is hashed in a thread


@dataclass(slots=True, eq=False)
class _Peer:
    """One other node: our stream to it, and its wants that are not answered yet."""

    id: ID
    lock: trio.Lock = field(default_factory=trio.Lock)
    stream: INetStream | None = None
    spoke_on: IMuxedConn | None = None
    wants: OrderedDict[bytes, Want] = field(default_factory=OrderedDict)
    is_served: bool = False
    counts: Counter[str] = field(default_factory=Counter)


class Bitswap:
    """Exchanges blocks with connected peers. All calls are made inside the trio run of `nursery`."""

    def __init__(
        self,
        host: BasicHost,
        blocks: BlockSource,
        allow: Callable[[str, Cid], bool],
        nursery: trio.Nursery,
        pace: Pace | None = None,
    ) -> None:
        """`allow(peer_id, cid)` says whether a block may be served to a peer; `pace` how fast blocks go and come."""
        self._pace = pace or Unpaced()
        self._host = host
        self._blocks = blocks
        self._answer = partial(next_answer, blocks, allow)
        self._nursery = nursery
        self._peers: OrderedDict[ID, _Peer] = OrderedDict()
        self._runs: set[Retrieval] = set()
        self._recent: OrderedDict[Cid, None] = OrderedDict()
        host.set_stream_handler(TProtocol(PROTOCOL), self._listen)

    def counts(self) -> dict[str, dict[str, int]]:
        """For each known peer: blocks and bytes each way, and what was refused of it."""
        return {str(peer): dict(found.counts) for peer, found in self._peers.items()}

    async def want(self, cids: Sequence[Cid], peers: Sequence[str], timeout_s: float) -> dict[Cid, bytes]:
        """Those of `cids` that the peers gave within `timeout_s`; they are checked and not stored."""
        found: dict[Cid, bytes] = {}

        def keep(blocks: list[tuple[Cid, bytes]]) -> list[Cid]:
            found.update(blocks)
            return []

        run = Retrieval(_exchange(peers, timeout_s), keep)
        run.exchange.want(cids)
        with trio.move_on_after(timeout_s):
            await self._drive(run, inf, None)
        return found

    async def fetch(
        self, root: Cid, peers: Sequence[str], timeout_s: float, progress: Callable[[int], None] | None = None
    ) -> int:
        """Brings the whole DAG under `root` into the block store; returns the number of blocks that came.

        `progress` is called with that number. Raises `Unreachable` when nobody has a block or nothing came for
        `timeout_s`, `LimitReached` when the store is full, `Refused` for a DAG that does not parse or is denied.
        """
        seen: set[Cid] = set()
        turn = threading.Lock()

        def keep(blocks: list[tuple[Cid, bytes]]) -> list[Cid]:
            for cid, block in blocks:
                self._blocks.put(cid, block)
            children = [child for cid, block in blocks for child in links(cid, block)]
            with turn:
                return missing(self._blocks, children, seen)

        run = Retrieval(_exchange(peers, timeout_s), keep)
        run.exchange.want(await trio.to_thread.run_sync(missing, self._blocks, [root], seen))
        await self._drive(run, timeout_s, progress)
        if run.error is not None:
            raise run.error
        if not run.exchange.is_done:
            first = run.exchange.wanted[0]
            raise Unreachable(
                f"found no provider for {len(run.exchange.wanted)} blocks under {root} (one is {first}), "
                f"expected one of {len(peers)} peers to give them"
            )
        return run.blocks

    async def _drive(self, run: Retrieval, silence_s: float, progress: Callable[[int], None] | None) -> None:
        """Asks until the run is done, nobody is left to ask, or no block came for `silence_s`."""
        self._runs.add(run)
        done, since_s = 0, trio.current_time()
        try:
            while not run.is_done and trio.current_time() - since_s < silence_s:
                self._drop_disconnected(run)
                questions = run.exchange.questions(trio.current_time())
                if not questions and run.is_stuck and not run.is_done:
                    break
                # Not in a nursery of this call: a cancelled write would leave half a frame on the stream.
                for peer, cids in questions:
                    self._nursery.start_soon(self._ask, run, peer, cids)
                await run.news(TICK_S)
                if run.blocks > done:
                    done, since_s = run.blocks, trio.current_time()
                    if progress is not None:
                        progress(done)
        finally:
            self._runs.discard(run)
            for peer, cids in run.exchange.asked:
                self._nursery.start_soon(self._cancel, peer, cids)

    def _drop_disconnected(self, run: Retrieval) -> None:
        for peer, _ in run.exchange.asked:
            found = self._peers.get(ID.from_string(peer))
            if found is not None and found.stream is not None and not self._host.is_peer_connected(found.id):
                found.stream = None
                run.exchange.drop(peer)

    async def _ask(self, run: Retrieval, peer: str, cids: list[Cid]) -> None:
        self._remember(cids)
        wants = [Want(cid, send_dont_have=True) for cid in cids]
        if not await self._send(self._peer(ID.from_string(peer)), frame(Message(wants=wants))):
            run.exchange.drop(peer)
            run.wake()

    async def _cancel(self, peer: str, cids: list[Cid]) -> None:
        found = self._peers.get(ID.from_string(peer))
        if found is not None and found.stream is not None:
            await self._send(found, frame(Message(wants=[Want(cid, is_cancel=True) for cid in cids])))

    def _remember(self, cids: Iterable[Cid]) -> None:
        """Keeps what was asked for a while: a block of it that comes late is no lie."""
        for cid in cids:
            self._recent[cid] = None
            self._recent.move_to_end(cid)
        while len(self._recent) > MAX_RECENT:
            self._recent.popitem(last=False)

    def _peer(self, peer: ID) -> _Peer:
        if peer not in self._peers:
            self._peers[peer] = _Peer(peer)
            for old in list(self._peers)[: max(0, len(self._peers) - MAX_PEERS)]:
                if not self._host.is_peer_connected(old):
                    del self._peers[old]
        return self._peers[peer]

    async def _send(self, peer: _Peer, data: bytes) -> bool:
        """Writes one framed message on our stream to the peer, opened once more when it is gone; False if it cannot."""
        async with peer.lock:
            for _ in range(2):
                # A stream on an older connection than the one that the peer speaks on may lead nowhere, silently.
                if peer.stream is not None and peer.spoke_on not in (None, peer.stream.muxed_conn):
                    stale, peer.stream = peer.stream, None
                    await reset(stale)
                fresh = peer.stream is None
                try:
                    if peer.stream is None:
                        with trio.fail_after(OPEN_TIMEOUT_S):
                            peer.stream = await self._open(peer)
                    await Frames(peer.stream).write_framed(data)
                    return True
                except Exception as error:  # noqa: BLE001  the stream's edge: the library fails in any way
                    log.debug("bitswap to %s: %r", peer.id, error)
                    stream, peer.stream = peer.stream, None
                    if stream is not None:
                        await reset(stream)
                    if fresh:
                        return False
        return False

    async def _open(self, peer: _Peer) -> INetStream:
        """A stream to the peer, on the connection that it last spoke on when that is open."""
        for connection in self._host.get_network().get_connections(peer.id):
            if connection.muxed_conn is peer.spoke_on and not connection.is_closed:
                stream = await connection.new_stream()
                await self._host.multiselect_client.select_one_of(
                    [TProtocol(PROTOCOL)], MultiselectCommunicator(stream)
                )
                return stream
        peer.spoke_on = None
        return await self._host.new_stream(peer.id, [TProtocol(PROTOCOL)])

    async def _listen(self, stream: INetStream) -> None:
        """Reads one stream of a peer to its end; what it raises is caught by the stream guard."""
        peer = self._peer(stream.muxed_conn.peer_id)
        came, taken = trio.open_memory_channel[bytes](MESSAGES_AHEAD)
        async with trio.open_nursery() as nursery:
            with trio.CancelScope() as reading:
                nursery.start_soon(self._take_all, peer, stream, taken, reading, nursery)
                async with came:
                    await self._read_all(peer, stream, came)

    async def _read_all(self, peer: _Peer, stream: INetStream, came: trio.MemorySendChannel[bytes]) -> None:
        """Passes the messages of a stream on, a few ahead of what is looked at."""
        frames = Frames(stream, lambda: self._hear(peer))
        try:
            while (data := await frames.read(inf)) is not None:
                peer.spoke_on = stream.muxed_conn
                await came.send(data)
                del data  # a megabyte that would wait for the next one
        except Refused as error:
            await self._refuse(peer, stream, error)
        except (*STREAM_ERRORS, Unreachable, trio.TooSlowError) as error:
            log.debug("bitswap from %s: %r", peer.id, error)
            await reset(stream)
        else:
            with trio.move_on_after(1):
                await stream.close()

    async def _take_all(
        self,
        peer: _Peer,
        stream: INetStream,
        taken: trio.MemoryReceiveChannel[bytes],
        reading: trio.CancelScope,
        nursery: trio.Nursery,
    ) -> None:
        """Looks at the messages of a stream in their order; the first that is none ends the reading.

        What came before it is kept to its end in `nursery`: the exchange counts it as come.
        """
        slots = trio.Semaphore(MESSAGES_KEPT)
        try:
            async for data in taken:
                is_large = len(data) >= LARGE_BYTES
                message = await trio.to_thread.run_sync(parse, data) if is_large else parse(data)
                del data  # its blocks are copies
                for run, blocks in self._receive(peer, message).items():
                    await slots.acquire()
                    nursery.start_soon(_keep, slots, run, blocks)
                if size := sum(len(block) for _, block in message.blocks):
                    await _wait(self._pace.receiving(size))
                del message
        except Refused as error:
            await self._refuse(peer, stream, error)
            reading.cancel()

    async def _refuse(self, peer: _Peer, stream: INetStream, error: Refused) -> None:
        peer.counts["refused"] += 1
        self._lied(peer)
        log.info("bitswap.refused peer=%s reason=%s", peer.id, error)
        await reset(stream)

    def _hear(self, peer: _Peer) -> None:
        now_s = trio.current_time()
        for run in self._runs:
            run.exchange.hear(str(peer.id), now_s)

    def _lied(self, peer: _Peer) -> None:
        """No run asks a peer again that sent what nobody asked for, or no message at all."""
        for run in self._runs:
            run.exchange.drop(str(peer.id))
            run.wake()

    def _receive(self, peer: _Peer, message: Message) -> dict[Retrieval, list[tuple[Cid, bytes]]]:
        """Takes what a message says; the blocks that each run wanted, which it expects from now on."""
        now_s = trio.current_time()
        peer.counts["foreign"] += message.foreign
        for cid in filter(None, map(read_key, message.dont_haves)):
            for run in self._runs:
                run.exchange.miss(str(peer.id), cid, now_s)
                run.wake()
        taken: dict[Retrieval, list[tuple[Cid, bytes]]] = {}
        for cid, block in message.blocks:
            runs = [run for run in self._runs if run.exchange.take(str(peer.id), cid, now_s)]
            for run in runs:
                taken.setdefault(run, []).append((cid, block))
            if runs:
                peer.counts["blocks_in"] += 1
                peer.counts["bytes_in"] += len(block)
            elif cid in self._recent:
                peer.counts["duplicate"] += 1
            else:
                peer.counts["unwanted"] += 1
                self._lied(peer)
        for run in taken:
            run.expect()
        if message.wants:
            self._take_wants(peer, message)
        return taken

    def _take_wants(self, peer: _Peer, message: Message) -> None:
        if message.is_full:
            peer.wants.clear()
        for want in message.wants:
            if want.is_cancel:
                peer.wants.pop(want.key, None)
            elif len(peer.wants) < MAX_WANTS:
                peer.wants[want.key] = want
            else:
                peer.counts["wants_dropped"] += 1
        if peer.wants and not peer.is_served:
            peer.is_served = True
            self._nursery.start_soon(self._serve, peer)

    async def _serve(self, peer: _Peer) -> None:
        """Answers a peer's wants in their order, message by message, until none is left or it takes none."""
        try:
            while peer.wants:
                ready, taken = trio.open_memory_channel[Answer](0)
                async with trio.open_nursery() as nursery, taken:
                    nursery.start_soon(self._prepare, peer, ready)
                    await self._give(peer, taken)
        finally:
            peer.is_served = False

    async def _give(self, peer: _Peer, taken: trio.MemoryReceiveChannel[Answer]) -> None:
        async for answer in taken:
            if not await self._send(peer, answer.data):
                peer.wants.clear()
                return
            peer.counts["blocks_out"] += answer.blocks
            peer.counts["bytes_out"] += answer.bytes
            if answer.bytes:
                await _wait(self._pace.sending(answer.bytes))

    async def _prepare(self, peer: _Peer, ready: trio.MemorySendChannel[Answer]) -> None:
        """Reads the blocks of the next answer while the last one is sent."""
        try:
            async with ready:
                while peer.wants:
                    answer = await trio.to_thread.run_sync(
                        self._answer, str(peer.id), peer.wants, self._pace.piece_bytes
                    )
                    if answer is not None:
                        await ready.send(answer)
        except trio.BrokenResourceError:
            peer.wants.clear()  # the peer takes none
        except (CinepeerError, OSError) as error:
            log.warning("bitswap.failed peer=%s reason=%s", peer.id, error)
            peer.wants.clear()


async def _keep(slots: trio.Semaphore, run: Retrieval, blocks: list[tuple[Cid, bytes]]) -> None:
    try:
        await run.take(blocks)
    finally:
        slots.release()


async def _wait(seconds: float) -> None:
    if seconds > 0:
        await trio.sleep(seconds)


def _exchange(peers: Sequence[str], timeout_s: float) -> Exchange:
    """An exchange with `peers`; raises `BadInput` for one that is no peer id."""
    return Exchange([str(parse_peer(peer)) for peer in peers], min(PATIENCE_S, timeout_s / 4))
