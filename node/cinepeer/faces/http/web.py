"""The built page: static files under a strict policy; `index.html`, with the page's cookie, on every screen's path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http.cookies import SimpleCookie
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

from cinepeer.faces.http.guard import cookie_name
from cinepeer.faces.http.problems import problem
from cinepeer_client.page import (
    HEADERS,
    MANIFEST,
    MANIFEST_TYPE,
    TYPES,
    headers_of,
    manifest,
    policy,
    read_assets,
    read_index,
    with_gateways,
)

Gateways = Callable[[], Sequence[str]]

SCREENS = (
    "/",
    "/author/{author}",
    "/list/{collection}",
    "/news",
    "/search",
    "/search/{words:path}",
    "/studio",
    "/audit",
    "/node",
    "/me",
)


Heads = Callable[[str, Request], bytes]
"""What stands in the head of a film's screen for those who show a link to it."""


def web(
    folder: Path,
    token: str,
    port: int,
    gateways: Gateways = lambda: (),
    heads: Heads = lambda _film, _request: b"",
) -> APIRouter:
    """The routes of the page that was built into `folder`.

    `token` is the node's own: whoever loads a screen gets it as a cookie that no script can read and that no other
    site can send. The guard lets only loopback names come this far. The files are read once. `gateways` are the
    origins of hosts that the page may ask for blocks, as they are known when it is loaded.
    """
    router = APIRouter()
    assets = read_assets(folder)
    screen = _screen(folder, token, port, gateways)

    @router.api_route("/film/{film:path}", methods=["GET", "HEAD"], include_in_schema=False)
    def film_screen(film: str, request: Request) -> Response:
        return screen(heads(film, request))

    def other_screen() -> Response:
        return screen()

    for path in SCREENS:
        router.add_api_route(path, other_screen, methods=["GET", "HEAD"], include_in_schema=False)

    @router.api_route("/assets/{name}", methods=["GET", "HEAD"], include_in_schema=False)
    def asset(name: str) -> Response:
        found = assets.get(name)
        if found is None:
            return problem(404, f"found no file {name[:80]!r} of the page, expected one of its build", HEADERS)
        media_type = TYPES[Path(name).suffix]
        # A worker keeps to the policy that its own file came with, which changes with the hosts.
        fresh = {"content-security-policy": policy(gateways()), "cache-control": "no-cache"}
        told = headers_of(name) | (fresh if name.startswith("worker-") else {})
        return Response(found, media_type=media_type, headers=told)

    @router.api_route(MANIFEST, methods=["GET", "HEAD"], include_in_schema=False)
    def installed() -> Response:
        return Response(manifest(assets), media_type=MANIFEST_TYPE, headers=HEADERS | {"cache-control": "no-cache"})

    return router


def elsewhere(
    folder: Path, token: str, port: int, gateways: Gateways = lambda: ()
) -> Callable[[Request], Response | None]:
    """For a path that nothing answers: the page, which tells a person so, or None for a program and below the API."""
    screen = _screen(folder, token, port, gateways)

    def answer(request: Request) -> Response | None:
        is_person = request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "")
        if not is_person or request.url.path.startswith(("/api/", "/ipfs/", "/assets/")):
            return None
        found = screen()
        found.status_code = 404
        return found

    return answer


def _screen(folder: Path, token: str, port: int, gateways: Gateways) -> Callable[..., Response]:
    """Answers with the page, its cookie, and its policy of the moment."""
    index = read_index(folder)
    headers = HEADERS | {"cache-control": "no-cache", "set-cookie": _cookie(token, port)}

    def screen(head: bytes = b"") -> Response:
        named = gateways()
        told = headers | {"content-security-policy": policy(named)}
        page = with_gateways(index, named).replace(b"</head>", head + b"</head>", 1)
        return Response(page, media_type=TYPES[".html"], headers=told)

    return screen


def _cookie(token: str, port: int) -> str:
    cookie: SimpleCookie = SimpleCookie()
    cookie[cookie_name(port)] = token
    cookie[cookie_name(port)]["path"] = "/"
    cookie[cookie_name(port)]["httponly"] = True
    cookie[cookie_name(port)]["samesite"] = "Strict"
    return cookie[cookie_name(port)].OutputString()
