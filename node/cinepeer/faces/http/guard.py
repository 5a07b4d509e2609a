"""Who may ask what over HTTP: loopback names only, no foreign origin, writes by token or same-site cookie."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_BODY_BYTES = 16 << 20


def cookie_name(port: int) -> str:
    """The cookie of the page on `port`: all ports of `localhost` share their cookies, so the name tells them apart."""
    return f"cinepeer-{port}"


class Guard:
    """Wraps an ASGI application: refuses by 403, 401 or 413 before the application sees a byte.

    DNS rebinding is stopped by the Host check, cross-site writes by the Origin check and by the token, which a page
    has only as a SameSite=Strict, HttpOnly cookie. Paths in `open_paths` take writes without it: what they take is
    signed itself.
    """

    def __init__(self, inner: Asgi, port: int, token: str, open_paths: frozenset[str] = frozenset()) -> None:
        self._inner = inner
        self._hosts = {f"{name}:{port}" for name in ("localhost", "127.0.0.1", "[::1]")}
        self._origins = {f"http://{host}" for host in self._hosts}
        self._token = token
        self._cookie = cookie_name(port)
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers or passes on one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await send_problem(send, *refusal)
            return
        await self._inner(scope, bounded(receive, MAX_BODY_BYTES), send)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if host not in self._hosts:
            return 403, f"found the Host {host[:80]!r}, expected this node's own loopback name"
        if origin is not None and origin not in self._origins:
            return 403, f"found the Origin {origin[:80]!r}, expected this node's own page"
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            return 413, f"found a body of {length[:20]} bytes, expected at most {MAX_BODY_BYTES}"
        if scope["method"] in SAFE or scope["path"] in self._open_paths or self._is_trusted(headers):
            return None
        return 401, "found no token of this node, expected `Authorization: Bearer TOKEN` or the page's own cookie"

    def _is_trusted(self, headers: dict[str, str]) -> bool:
        offered = headers.get("authorization", "").removeprefix("Bearer ")
        if not offered:
            try:
                morsel = SimpleCookie(headers.get("cookie", "")).get(self._cookie)
            except CookieError:
                morsel = None
            offered = morsel.value if morsel else ""
        return hmac.compare_digest(offered.encode(), self._token.encode())


def bounded(receive: Receive, limit: int) -> Receive:
    """`receive` that ends the request once a body without a stated length passes `limit` bytes."""
    taken = 0

    async def counted() -> MutableMapping[str, Any]:
        nonlocal taken
        event = await receive()
        taken += len(event.get("body", b""))
        return {"type": "http.disconnect"} if taken > limit else event

    return counted


async def send_problem(send: Send, status: int, detail: str) -> None:
    """Sends an RFC 9457 problem document."""
    body = json.dumps({"type": "about:blank", "status": status, "detail": detail}).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
