"""HTTP listeners inside the node's own loop: uvicorn without its signal handling, on sockets that are bound already."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn

from cinepeer.errors import BadInput
from cinepeer.faces.http.patience import PatientProtocol

GRACE_S = 3


class _Server(uvicorn.Server):
    """The node alone listens for signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Listener:
    """One HTTP address of the node, on loopback unless another address is named."""

    def __init__(self, application: Any, port: int, address: str = "127.0.0.1") -> None:
        self.port = port
        self._socket = _bound(port, address)
        self._server = _Server(_config(application))
        self._task: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """The base address, without a path."""
        return f"http://localhost:{self.port}"

    async def start(self) -> None:
        """Serves from now on."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started and not self._task.done():
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Lets requests in flight end for a moment, then closes."""
        self._server.should_exit = True
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        self._socket.close()


def _bound(port: int, address: str) -> socket.socket:
    """A listening socket; raises `BadInput` when the port is busy or the address none of this machine."""
    # Without TCP's number asyncio does not know the connections as such: a body would wait 40 ms behind its headers,
    # until the other side has acknowledged them.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((address, port))
    except OSError as error:
        bound.close()
        raise BadInput(f"found port {port} of {address} unusable ({error.strerror}), expected it free") from error
    return bound


def _config(application: Any) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=30,
        server_header=False,
        http=PatientProtocol,
        ws="none",
    )
