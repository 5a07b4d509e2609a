"""The node's HTTP listeners: no answer waits for the acknowledgement of its own beginning."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from cinepeer.adapters.chain.listener import listen, server
from cinepeer.faces.http.listener import Listener
from cinepeer.faces.http.patience import PatientProtocol


async def application(scope: Any, receive: Any, send: Any) -> None:
    del scope, receive
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _ask(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    try:
        return await reader.read()
    finally:
        writer.close()


def test_a_connection_to_a_node_sends_its_pieces_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[int] = []
    made = PatientProtocol.connection_made

    def look(self: PatientProtocol, transport: asyncio.Transport) -> None:
        found.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        made(self, transport)

    monkeypatch.setattr(PatientProtocol, "connection_made", look)

    async def run() -> None:
        listener = Listener(application, 0)
        listener.port = listener._socket.getsockname()[1]
        await listener.start()
        assert (await _ask(listener.port)).startswith(b"HTTP/1.1 204")
        await listener.stop()

    asyncio.run(run())
    assert found and all(found)


def test_a_connection_to_a_ledger_sends_its_pieces_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[int] = []

    async def run() -> None:
        listening = listen(0)
        serving = server(application)
        serving.config.load()
        made = serving.config.http_protocol_class.connection_made

        def look(self: Any, transport: asyncio.Transport) -> None:
            found.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            made(self, transport)

        monkeypatch.setattr(serving.config.http_protocol_class, "connection_made", look)
        task = asyncio.create_task(serving.serve(sockets=[listening]))
        while not serving.started:
            await asyncio.sleep(0.005)
        assert (await _ask(listening.getsockname()[1])).startswith(b"HTTP/1.1 204")
        serving.should_exit = True
        await task

    asyncio.run(run())
    assert found and all(found)
