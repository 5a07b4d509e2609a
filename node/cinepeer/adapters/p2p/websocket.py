"""WebSocket on the TCP port: an inbound connection that begins with `GET ` is upgraded before libp2p hears of it.

A browser can open no other connection to a node. Neither the library's listener nor a second port is used, so that the
places, the time limits and the buffers of the door hold for these connections too. The library's own listener counts
no connection before its handshake is over.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import trio
from libp2p.io.abc import ReadWriteCloser
from libp2p.io.exceptions import ConnectionClosedError
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import ProtocolError

MAX_REQUEST_BYTES = 4096
PIECE_BYTES = 1 << 16
FORBIDDEN = 403


class NotWelcome(Exception):
    """A connection that is no WebSocket and no libp2p, or one that a page of elsewhere opened."""


async def opened(socket: ReadWriteCloser, silence_s: float) -> ReadWriteCloser:
    """The connection as libp2p reads it: a WebSocket where it asked for one, else as it came.

    A browser speaks first. Who says nothing for `silence_s` speaks libp2p, and may wait for our own first words.
    Raises `NotWelcome`, and whatever the socket raises.
    """
    first = None
    with trio.move_on_after(silence_s):
        first = await socket.read(PIECE_BYTES)
    if first is None:
        return Begun(socket, b"")
    if not first:
        raise NotWelcome("nothing was said")
    if first[:1] != b"G":  # libp2p begins with a length of 19
        return Begun(socket, first)
    while b"\r\n\r\n" not in first:
        if len(first) > MAX_REQUEST_BYTES:
            raise NotWelcome(f"found {len(first)} bytes of a request, expected {MAX_REQUEST_BYTES} at most")
        more = await socket.read(MAX_REQUEST_BYTES)
        if not more:
            raise NotWelcome("the request was cut off")
        first += more
    return await _upgraded(socket, first)


async def _upgraded(socket: ReadWriteCloser, first: bytes) -> WebSocket:
    connection = WSConnection(ConnectionType.SERVER)
    try:
        connection.receive_data(first)
        request = next(connection.events(), None)
    except ProtocolError as error:
        raise NotWelcome(str(error)) from error
    if not isinstance(request, Request):
        raise NotWelcome("found another request, expected one for a WebSocket")
    remote = socket.get_remote_address()
    if not is_from_here(_origin(request), remote[0] if remote else ""):
        await socket.write(connection.send(RejectConnection(status_code=FORBIDDEN)))
        raise NotWelcome("found a page of elsewhere, expected one of this machine")
    await socket.write(connection.send(AcceptConnection()))
    return WebSocket(socket, connection)


def _origin(request: Request) -> str | None:
    return next((value.decode("latin-1") for name, value in request.extra_headers if name.lower() == b"origin"), None)


def is_from_here(origin: str | None, ip: str) -> bool:
    """Whether a page may open this connection: pages of elsewhere must not reach in by their reader's own machine.

    Who comes from outside could come without a browser as well; who sends no origin is no page.
    """
    try:
        address = ipaddress.ip_address(ip)
        name = "" if origin is None else urlsplit(origin).hostname or ""
    except ValueError:
        return False
    is_inside = address.is_loopback or address.is_private or address.is_link_local
    return origin is None or not is_inside or name in ("localhost", "127.0.0.1", "::1")


class Begun(ReadWriteCloser):
    """A connection of which the first bytes were read already."""

    def __init__(self, socket: ReadWriteCloser, first: bytes) -> None:
        self._socket = socket
        self._first = first

    async def read(self, n: int | None = None) -> bytes:
        """At most `n` bytes; none at the end."""
        if not self._first:
            return await self._socket.read(n)
        data, self._first = self._first[:n], b"" if n is None else self._first[n:]
        return data

    async def write(self, data: bytes) -> None:
        """Sends bytes."""
        await self._socket.write(data)

    async def close(self) -> None:
        """Closes the connection."""
        await self._socket.close()

    def get_remote_address(self) -> tuple[str, int] | None:
        """Host and port of the other side."""
        return self._socket.get_remote_address()


class WebSocket(ReadWriteCloser):
    """The bytes of a WebSocket's messages, one after another; how they are cut into messages says nothing.

    It asks for no extension, so that nothing is inflated, and holds what one read of the socket brought.
    """

    def __init__(self, socket: ReadWriteCloser, connection: WSConnection) -> None:
        """`connection` is accepted already."""
        self._socket = socket
        self._connection = connection
        self._come = bytearray()
        self._is_ended = False
        self._writing = trio.Lock()

    async def read(self, n: int | None = None) -> bytes:
        """At most `n` bytes; none at the end."""
        while not self._come and not self._is_ended:
            await self._receive()
        size = len(self._come) if n is None else n
        data = bytes(self._come[:size])
        del self._come[:size]
        return data

    async def write(self, data: bytes) -> None:
        """Sends bytes as one message."""
        await self._send(BytesMessage(data=data))

    async def close(self) -> None:
        """Closes the connection without waiting for the other side's word."""
        await self._socket.close()

    def get_remote_address(self) -> tuple[str, int] | None:
        """Host and port of the other side."""
        return self._socket.get_remote_address()

    async def _receive(self) -> None:
        """Takes what one read brings; what is against the protocol ends the connection."""
        data = await self._socket.read(PIECE_BYTES)
        if not data:
            self._is_ended = True
            return
        try:
            self._connection.receive_data(data)
            for event in self._connection.events():
                await self._take(event)
        except ProtocolError:
            self._is_ended = True

    async def _take(self, event: Event) -> None:
        match event:
            case BytesMessage():
                self._come += event.data
            case Ping():
                await self._send(event.response())
            case TextMessage() | CloseConnection():
                self._is_ended = True

    async def _send(self, event: Event) -> None:
        async with self._writing:
            try:
                data = self._connection.send(event)
            except ProtocolError as error:
                raise ConnectionClosedError(f"the WebSocket is closed: {error}") from error
            await self._socket.write(data)
