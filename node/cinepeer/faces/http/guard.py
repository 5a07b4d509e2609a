"""Who may ask what over HTTP: loopback names only, no foreign origin, writes by token or same-site cookie."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_BODY_BYTES = 1 << 20
MAX_RECORDS_BYTES = 16 << 20
# Bodies of other sizes than an ordinary one, by the begin of their path; None: the route itself counts.
LIMITS: Mapping[str, int | None] = {
    "/api/records": MAX_RECORDS_BYTES,
    "/api/imports": MAX_RECORDS_BYTES,
    "/api/uploads/": None,
}


def cookie_name(port: int) -> str:
    """The cookie of the page on `port`: all ports of `localhost` share their cookies, so the name tells them apart."""
    return f"cinepeer-{port}"


class Guard:
    """Wraps an ASGI application: refuses by 403, 401 or 413 before the application sees a byte.

    DNS rebinding is stopped by the Host check, cross-site writes by the Origin check and by the token, which a page
    has only as a SameSite=Strict, HttpOnly cookie; what a browser says it asks for another site's page, it does not
    get from the API. Paths in `open_paths` take writes without the token: what they take is signed itself.
    """

    def __init__(self, inner: Asgi, port: int, token: str, open_paths: frozenset[str] = frozenset()) -> None:
        self._inner = headed(inner)
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
        limit = limit_of(scope["path"])
        if limit is None:
            await self._inner(scope, receive, send)
        else:
            await bounded(self._inner, limit)(scope, receive, send)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if host not in self._hosts:
            return 403, f"found the Host {host[:80]!r}, expected this node's own loopback name"
        if origin is not None and origin not in self._origins:
            return 403, f"found the Origin {origin[:80]!r}, expected this node's own page"
        # A browser says so of itself, also where it sends no Origin: an image, a script, a form's GET.
        site = headers.get("sec-fetch-site", "none")
        if scope["path"].startswith("/api/") and site not in ("none", "same-origin"):
            return 403, f"found a request from a page that is {site[:20]}, expected this node's own page"
        length = headers.get("content-length", "0")
        limit = limit_of(scope["path"])
        if not length.isdecimal() or (limit is not None and int(length[:40]) > limit):
            return 413, f"found a body of {length[:20]} bytes, expected at most {limit or MAX_BODY_BYTES}"
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


def limit_of(path: str) -> int | None:
    """The most bytes of a body for a path, or None where the route itself counts."""
    for begin, limit in LIMITS.items():
        if path.startswith(begin):
            return limit
    return MAX_BODY_BYTES


def bounded(inner: Asgi, limit: int) -> Asgi:
    """`inner` that gets at most `limit` bytes of a body without a stated length: a longer one is answered by 413."""

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        taken = 0
        is_refused = False

        async def receive_counted() -> MutableMapping[str, Any]:
            nonlocal taken
            event = await receive()
            taken += len(event.get("body", b""))
            return {"type": "http.disconnect"} if taken > limit else event

        async def send_counted(event: MutableMapping[str, Any]) -> None:
            nonlocal is_refused
            if taken <= limit:
                await send(event)
            elif event["type"] == "http.response.start" and not is_refused:
                is_refused = True
                await send_problem(send, 413, f"found a body of more than {limit} bytes, expected at most that many")

        await inner(scope, receive_counted, send_counted)

    return counted


def headed(inner: Asgi) -> Asgi:
    """`inner` that answers HEAD wherever it answers GET: the server sends the headers alone.

    Uploads have a HEAD of their own, and so has what is told line by line, which would be waited for to its end.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        is_plain = path.startswith("/api/") and not path.startswith("/api/uploads/") and not path.endswith("/events")
        if scope["type"] == "http" and scope["method"] == "HEAD" and is_plain:
            scope = {**scope, "method": "GET"}
        await inner(scope, receive, send)

    return answer


async def send_problem(send: Send, status: int, detail: str) -> None:
    """Sends an RFC 9457 problem document."""
    body = json.dumps({"type": "about:blank", "status": status, "detail": detail}).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
