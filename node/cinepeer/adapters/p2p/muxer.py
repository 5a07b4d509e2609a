"""Yamux with a bound on what one connection may make us buffer, whatever the other side sends."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import trio
from libp2p.abc import IMuxedConn, INetStream, ISecureConn
from libp2p.host.basic_host import BasicHost
from libp2p.network.stream.net_stream import NetStream
from libp2p.network.swarm import Swarm
from libp2p.peer.id import ID
from libp2p.security.noise.io import MAX_PLAINTEXT_LENGTH
from libp2p.stream_muxer.yamux import yamux

# The library lets a stream's window grow to 16 MiB, and what lies unread takes up to twice as much memory. This is
# 20 MB a second over a line of 100 ms.
WINDOW_BYTES = 2 * 1024 * 1024

# The library ends a connection over one frame larger than its largest window. What it grants comes to some bytes more
# than a window now and then, and Helia sends all that it was granted as one frame.
yamux.MAX_WINDOW_SIZE = 2 * WINDOW_BYTES

# A piece of a stream with its header is one noise message then; the library's 64 KiB are a large and a tiny one.
yamux.MAX_MESSAGE_SIZE = MAX_PLAINTEXT_LENGTH

PAUSES_S = (0.0005, 0.001, 0.002, 0.004)
MAX_GATHERED_BYTES = 512 * 1024
MAX_BUFFERED_BYTES = 32 * 1024 * 1024


_grow = yamux.YamuxStream._apply_autotune_epoch


def _grow_to_window(stream: yamux.YamuxStream, buffered: int) -> int:
    """The library's own growth of a stream's window, as far as `WINDOW_BYTES`; returns by how much."""
    return _grow(stream, buffered) if stream.target_recv_window < WINDOW_BYTES else 0


yamux.YamuxStream._apply_autotune_epoch = _grow_to_window  # type: ignore[method-assign]


class BufferLimit(trio.TooSlowError):
    """A peer sent more than the windows allow. The read loop closes the connection on a TooSlowError alone."""


def guard_buffers(host: BasicHost) -> None:
    """Bounds what each connection's unread streams hold: the library logs an overrun window, and buffers on."""
    swarm = host.get_network()
    assert isinstance(swarm, Swarm)
    upgrade = swarm.upgrader.muxer_multistream.new_conn

    async def bounded(connection: ISecureConn, peer_id: ID) -> IMuxedConn:
        muxed = await upgrade(connection, peer_id)
        assert isinstance(muxed, yamux.Yamux)
        muxed.stream_buffers = _Buffers()
        return muxed

    swarm.upgrader.muxer_multistream.new_conn = bounded  # type: ignore[method-assign]


async def gather(stream: INetStream, size_bytes: int, hear: Callable[[], None]) -> None:
    """Waits until much of `size_bytes` that are sure to come lies unread, or the stream ends; `hear` at every piece.

    The library tells the sender of every read in a message of its own: fewer and larger reads are half the work.
    Half a window is never waited for in vain: what was read is given back to the sender at once.
    """
    muxed = stream.muxed_stream if isinstance(stream, NetStream) else None
    if not isinstance(muxed, yamux.YamuxStream):
        return
    connection, number = muxed.conn, muxed.stream_id
    while not (muxed.recv_closed or muxed.closed or connection.event_shutting_down.is_set()):
        buffer, arrival = connection.stream_buffers.get(number), connection.stream_events.get(number)
        enough = min(size_bytes, muxed.target_recv_window // 2, MAX_GATHERED_BYTES)
        if buffer is None or arrival is None or len(buffer) >= enough:
            return
        await arrival.wait()
        connection.stream_events[number] = trio.Event()
        hear()


async def pour(stream: INetStream, data: bytes) -> None:
    """Writes all of `data`, by what the other side's window has room for.

    The library looks every 10 ms whether a shut window is open again: a megabyte would have passed meanwhile.
    """
    muxed = stream.muxed_stream if isinstance(stream, NetStream) else None
    if not isinstance(muxed, yamux.YamuxStream):
        await stream.write(data)
        return
    rest = memoryview(data)
    while rest:
        wanted = min(len(rest), yamux.MAX_MESSAGE_SIZE - yamux.HEADER_SIZE)
        for pause_s in PAUSES_S:
            if muxed.send_window >= wanted or muxed.closed:
                break
            await trio.sleep(pause_s)
        # What stays shut is the library's again, which gives up in the end.
        piece = rest[: max(muxed.send_window, wanted)]
        await stream.write(cast(bytes, piece))
        rest = rest[len(piece) :]


class _Buffers(dict[int, bytearray]):
    """The receive buffers of one connection's streams, each counting against one common limit."""

    def __setitem__(self, stream: int, buffer: bytearray) -> None:
        super().__setitem__(stream, _Buffer(self, buffer))


class _Buffer(bytearray):
    """One stream's receive buffer."""

    def __init__(self, owner: _Buffers, start: bytes | bytearray) -> None:
        super().__init__(start)
        self._owner = owner

    def extend(self, data: bytes | bytearray, /) -> None:  # type: ignore[override]
        held = sum(len(buffer) for buffer in self._owner.values()) if len(self) > MAX_BUFFERED_BYTES // 256 else 0
        if held + len(data) > MAX_BUFFERED_BYTES:
            raise BufferLimit(f"found {held + len(data)} unread bytes from one peer, expected {MAX_BUFFERED_BYTES}")
        super().extend(data)
