"""A bare ASGI face of JSON-RPC on loopback: small bodies by POST from programs of this machine, not from web pages."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from cinepeer.adapters.chain import jsonrpc
from cinepeer.errors import BadInput, CinepeerError

MAX_BODY_BYTES = 2 * 1024 * 1024
"""The largest request."""

_LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}

Answer = Callable[[bytes], Awaitable[bytes]]
AsgiApp = Callable[[dict[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]


def is_loopback_host(host: str) -> bool:
    """Whether a Host header names this machine, with or without a port."""
    name, _, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    if not name:
        name, port = port, ""
    return name.lower() in _LOOPBACK and (not port or (port.isascii() and port.isdigit()))


def refusal(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Why a request may not be answered here, or None: pages carry an Origin, a rebound name is no loopback Host."""
    named = [(name.lower(), value) for name, value in headers]
    if any(name == b"origin" for name, _ in named):
        return "found an Origin header, expected none: this address is for programs of this machine, not for pages"
    hosts = [value.decode("latin-1") for name, value in named if name == b"host"]
    if len(hosts) != 1 or not is_loopback_host(hosts[0]):
        return f"found Host {', '.join(hosts)[:80] or 'nothing'}, expected 127.0.0.1 or localhost"
    return None


def rpc_app(answer: Answer) -> AsgiApp:
    """The ASGI application that passes request bodies to `answer`; a `CinepeerError` of it becomes a 503."""

    async def app(scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Any]) -> None:
        if scope["type"] != "http":
            return
        why = refusal(scope["headers"])
        if why is not None:
            await _say(send, 403, _problem(jsonrpc.BAD_REQUEST, why))
        elif scope["method"] != "POST" or scope["path"] != "/":
            await _say(
                send,
                405,
                _problem(jsonrpc.BAD_REQUEST, f"found {scope['method']} {scope['path'][:80]}, expected POST /"),
            )
        else:
            body = await _read(receive)
            if body is None:
                await _say(
                    send, 413, _problem(jsonrpc.BAD_REQUEST, f"found over {MAX_BODY_BYTES} bytes, expected fewer")
                )
                return
            try:
                said = await answer(body)
            except CinepeerError as error:
                await _say(send, 503, _problem(jsonrpc.AWAY, str(error)))
                return
            await _say(send, 200 if said else 204, said)

    return app


async def _read(receive: Callable[[], Awaitable[Any]]) -> bytes | None:
    """The whole body, or None when it is too large."""
    parts: list[bytes] = []
    size = 0
    while True:
        event = await receive()
        parts.append(event.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY_BYTES:
            return None
        if not event.get("more_body"):
            return b"".join(parts)


async def _say(send: Callable[[Any], Any], status: int, body: bytes) -> None:
    kind = (b"content-type", b"application/json")
    headers = [kind, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _problem(code: int, sentence: str) -> bytes:
    return jsonrpc.encode(jsonrpc.error(None, code, sentence))


def listen(port: int) -> socket.socket:
    """A listening loopback socket; port 0 takes a free one. Raises `BadInput` when the port is busy."""
    # Without TCP's number asyncio does not know the connections as such: a body would wait 40 ms behind its headers.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise BadInput(f"found port {port} in use ({error.strerror}), expected a free one for the ledger") from error
    listening.setblocking(False)
    return listening


def server(app: AsgiApp) -> Any:
    """A uvicorn server for `app` without logs, lifespan or WebSocket; run it by `serve(sockets=[listen(port)])`."""
    import uvicorn

    return uvicorn.Server(
        uvicorn.Config(
            app,
            http="h11",
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            limit_concurrency=256,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=2,
        )
    )
