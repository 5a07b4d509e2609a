"""Yamux with a bound on what one connection may make us buffer, whatever the other side sends."""

from __future__ import annotations

import trio
from libp2p.abc import ISecureConn
from libp2p.peer.id import ID
from libp2p.stream_muxer.yamux import yamux

# The library lets a stream's window grow to 16 MiB; a conversation's frame needs no more than this.
yamux.MAX_WINDOW_SIZE = 4 * 1024 * 1024

MAX_BUFFERED_BYTES = 32 * 1024 * 1024


class BufferLimit(trio.TooSlowError):
    """A peer sent more than the windows allow. The read loop closes the connection on a TooSlowError alone."""


class BoundedYamux(yamux.Yamux):
    """The library only logs when a peer overruns its window, and buffers on; this closes the connection instead."""

    def __init__(
        self, secured_conn: ISecureConn, peer_id: ID, is_initiator: bool | None = None, on_close: object = None
    ) -> None:
        super().__init__(secured_conn, peer_id, is_initiator, on_close)  # type: ignore[arg-type]
        self.stream_buffers = _Buffers()


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
