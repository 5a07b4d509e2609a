"""The built page: static files under a strict policy; `index.html`, with the page's cookie, on every screen's path."""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import SimpleCookie
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

from cinepeer.faces.http.guard import cookie_name
from cinepeer.faces.http.problems import problem
from cinepeer_client.page import FOR_EVER, HEADERS, TYPES, read_assets

SCREENS = ("/", "/film/{film:path}", "/search", "/search/{words:path}", "/studio", "/audit", "/node", "/me")


def web(folder: Path, token: str, port: int) -> APIRouter:
    """The routes of the page that was built into `folder`.

    `token` is the node's own: whoever loads a screen gets it as a cookie that no script can read and that no other
    site can send. The guard lets only loopback names come this far. The files are read once.
    """
    router = APIRouter()
    index = (folder / "index.html").read_bytes()
    assets = read_assets(folder)
    headers = HEADERS | {"cache-control": "no-cache", "set-cookie": _cookie(token, port)}

    def screen() -> Response:
        return Response(index, media_type=TYPES[".html"], headers=headers)

    for path in SCREENS:
        router.add_api_route(path, screen, methods=["GET", "HEAD"], include_in_schema=False)

    @router.api_route("/assets/{name}", methods=["GET", "HEAD"], include_in_schema=False)
    def asset(name: str) -> Response:
        found = assets.get(name)
        if found is None:
            return problem(404, f"found no file {name[:80]!r} of the page, expected one of its build", HEADERS)
        media_type = TYPES[Path(name).suffix]
        return Response(found, media_type=media_type, headers=HEADERS | {"cache-control": FOR_EVER})

    return router


def elsewhere(folder: Path, token: str, port: int) -> Callable[[Request], Response | None]:
    """For a path that nothing answers: the page, which tells a person so, or None for a program and below the API."""
    index = (folder / "index.html").read_bytes()
    headers = HEADERS | {"cache-control": "no-cache", "set-cookie": _cookie(token, port)}

    def answer(request: Request) -> Response | None:
        is_person = request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "")
        if not is_person or request.url.path.startswith(("/api/", "/ipfs/", "/assets/")):
            return None
        return Response(index, 404, media_type=TYPES[".html"], headers=headers)

    return answer


def _cookie(token: str, port: int) -> str:
    cookie: SimpleCookie = SimpleCookie()
    cookie[cookie_name(port)] = token
    cookie[cookie_name(port)]["path"] = "/"
    cookie[cookie_name(port)]["httponly"] = True
    cookie[cookie_name(port)]["samesite"] = "Strict"
    return cookie[cookie_name(port)].OutputString()
