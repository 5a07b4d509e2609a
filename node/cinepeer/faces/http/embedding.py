"""A film for other sites: the player alone in a frame, oEmbed, and what a link to it shows before it is opened."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, unquote, urlsplit

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from cinepeer.faces.http.parts import Parts
from cinepeer.faces.http.problems import problem
from cinepeer_client.page import HEADERS, TYPES, framed, headers_of, policy, read_assets

WIDTH, HEIGHT = 640, 360
MIN_WIDTH = 160
_PATH = re.compile(r"^/(?:film|embed)/([^/]+)$")


@dataclass(frozen=True, slots=True)
class Shared:
    """What a link to a film shows; `root` is the folder of the version that is shown, where there is one."""

    film: str
    name: str
    synopsis: str
    root: str | None
    duration_s: int


Size = Annotated[int, Query(ge=1, le=10_000)]
Films = Callable[[str], Shared | None]
Gateways = Callable[[], Sequence[str]]


def embedding(folder: Path, films: Films, gateways: Gateways = lambda: (), *, is_public: bool = False) -> APIRouter:
    """The routes for other sites, from the page that was built into `folder`.

    Nothing here sets or reads a cookie, so a frame on another site can do nothing in this node's name. A public one
    has the files of the page with it, and no page to link to.
    """
    router = APIRouter()
    frame = (folder / "embed.html").read_bytes() if (folder / "embed.html").is_file() else b""

    @router.api_route("/embed/{film}", methods=["GET", "HEAD"], include_in_schema=False)
    def embed(film: str, request: Request) -> Response:
        found = films(film)
        if found is None or not frame:
            return problem(
                404, f"found no film {film[:80]!r} here, expected one that this node has a record of", HEADERS
            )
        base = _base(request)
        head = preview(found, base, has_page=not is_public)
        headers = framed(policy(gateways()))
        return Response(frame.replace(b"</head>", head + b"</head>", 1), media_type=TYPES[".html"], headers=headers)

    @router.api_route("/oembed", methods=["GET", "HEAD"], include_in_schema=False)
    def oembed(
        request: Request,
        url: str,
        maxwidth: Size = WIDTH,
        maxheight: Size = HEIGHT,
        form: Annotated[str, Query(alias="format")] = "json",
    ) -> Response:
        base = _base(request)
        if form != "json":
            return problem(501, f"found the format {form[:20]!r}, expected json")
        wanted = _PATH.match(urlsplit(url).path) if url.startswith(f"{base}/") else None
        found = None if wanted is None else films(unquote(wanted[1]))
        if found is None:
            return problem(404, f"found {url[:80]!r}, expected the address of a film of this node")
        return JSONResponse(card(found, base, maxwidth, maxheight), headers={"access-control-allow-origin": "*"})

    if is_public:
        assets = read_assets(folder)

        @router.api_route("/assets/{name}", methods=["GET", "HEAD"], include_in_schema=False)
        def asset(name: str) -> Response:
            data = assets.get(name)
            if data is None:
                return problem(404, f"found no file {name[:80]!r} of the page, expected one of its build")
            told = headers_of(name)
            del told["cross-origin-resource-policy"]  # this listener's own word on it is another
            return Response(data, media_type=TYPES[Path(name).suffix], headers=told)

    return router


def shared(parts: Parts) -> Films:
    """Films as links show them: also those that lists leave out, for whoever has the link."""

    def one(film: str) -> Shared | None:
        found = parts.library.catalogue.films.get(film)
        if found is None:
            return None
        last = max(found.versions, key=lambda version: version.fields["duration_ms"], default=None)
        length = 0 if last is None else int(last.fields["duration_ms"]) // 1000
        synopsis = str(found.fields["synopsis"])
        return Shared(found.id, found.name, synopsis, None if last is None else str(last.root), length)

    return one


def preview(found: Shared, base: str, *, has_page: bool) -> bytes:
    """What stands in the head of a film's page for those who show a link to it: Open Graph, and where oEmbed is."""
    address = f"{base}/embed/{quote(found.film)}"
    told = {
        "og:type": "video.other",
        "og:site_name": "Cinepeer",
        "og:title": found.name,
        "og:description": found.synopsis[:300],
        "og:url": f"{base}/film/{quote(found.film)}" if has_page else address,
        "og:video": address,
        "og:video:type": "text/html",
        "video:duration": str(found.duration_s),
    }
    if has_page and found.root is not None:
        told["og:image"] = f"{base}/ipfs/{found.root}/poster.jpg"
        told["page"] = "/film/"
    lines = [f'<meta property="{name}" content="{escape(value)}" />' for name, value in told.items() if value]
    query = f"{base}/oembed?url={quote(address, safe='')}"
    lines.append(f'<link rel="alternate" type="application/json+oembed" href="{escape(query)}" />')
    return "".join(lines).encode()


def card(found: Shared, base: str, max_width: int, max_height: int) -> dict[str, Any]:
    """The answer of oEmbed: a frame of 16 to 9 that fits."""
    width = max(MIN_WIDTH, min(max_width, max_height * 16 // 9, 3840))
    height = width * 9 // 16
    address = f"{base}/embed/{quote(found.film)}"
    frame = (
        f'<iframe src="{escape(address)}" width="{width}" height="{height}" title="{escape(found.name)}" '
        'allow="fullscreen; picture-in-picture" loading="lazy" style="border:0"></iframe>'
    )
    told = {"version": "1.0", "type": "video", "provider_name": "Cinepeer", "provider_url": base, "title": found.name}
    return {**told, "html": frame, "width": width, "height": height}


def heads(films: Films) -> Callable[[str, Request], bytes]:
    """What stands in the head of a film's own screen."""

    def head(film: str, request: Request) -> bytes:
        found = films(film)
        return b"" if found is None else preview(found, _base(request), has_page=True)

    return head


def _base(request: Request) -> str:
    """This node's address as whoever asks knows it."""
    return str(request.base_url).rstrip("/")
