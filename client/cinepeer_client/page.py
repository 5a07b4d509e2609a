"""The built page as the package carries it: its files, and the strict policy under which they are served."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from cinepeer.content.unixfs import Node, directory, import_file
from cinepeer.records.cid import Cid

SCREENS = ("", "film", "author", "list", "news", "search", "studio", "audit", "node", "me")
"""The first part of each screen's path."""

_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob:",
    "media-src 'self' blob: data:",  # hls.js loads an empty track before it adds captions
    "font-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)


def policy(gateways: Sequence[str] = ()) -> str:
    """The page's Content-Security-Policy: it asks its own origin, and of all others `gateways` alone (origins)."""
    return "; ".join((*_POLICY, " ".join(("connect-src 'self'", *gateways))))


def with_gateways(index: bytes, gateways: Sequence[str]) -> bytes:
    """The page with the gateways named that its policy lets it ask; origins hold nothing that HTML could misread."""
    meta = f'<meta name="gateways" content="{" ".join(gateways)}" />'.encode()
    return index.replace(b"</head>", meta + b"</head>", 1)


HEADERS = {
    "content-security-policy": policy(),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def framed(policy_text: str) -> dict[str, str]:
    """The headers of what other sites may show in a frame."""
    told = policy_text.replace("frame-ancestors 'none'", "frame-ancestors *")
    kept = {name: value for name, value in HEADERS.items() if name != "cross-origin-opener-policy"}
    fresh = {"cross-origin-resource-policy": "cross-origin", "cache-control": "no-cache"}
    return kept | fresh | {"content-security-policy": told}


TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
MANIFEST = "/manifest.webmanifest"
MANIFEST_TYPE = "application/manifest+json"
FOR_EVER = "public, max-age=31536000, immutable"


def manifest(assets: Iterable[str]) -> bytes:
    """What a browser needs to install the page: its name, and the icon among the page's files (their names)."""
    icons = [
        {"src": f"/assets/{name}", "type": "image/svg+xml", "sizes": "any"}
        for name in sorted(assets)
        if name.startswith("icon-")
    ]
    told = {"name": "Cinepeer", "short_name": "Cinepeer", "id": "/", "start_url": "/", "scope": "/"}
    return json.dumps({**told, "display": "standalone", "icons": icons}).encode()


def headers_of(name: str) -> dict[str, str]:
    """The headers of one of the page's files, whose names hold their bytes' hash."""
    if name.startswith("keeper-"):  # it keeps the whole page for when the node is away
        return HEADERS | {"service-worker-allowed": "/", "cache-control": "no-cache"}
    return HEADERS | {"cache-control": FOR_EVER}


def built_page() -> Path | None:
    """The folder that the build of the page left in this package, or None when there is no build."""
    folder = Path(str(files("cinepeer_client"))) / "web"
    return folder if (folder / "index.html").is_file() else None


@cache
def build_id(folder: Path) -> str:
    """The CID of the built page as IPFS software names its folder (UnixFS): the same sources give the same."""

    def node_of(path: Path) -> Node:
        if path.is_dir():
            inside = sorted(one for one in path.iterdir() if not one.name.startswith("."))
            return directory([(one.name, node_of(one)) for one in inside], _forget)
        return import_file([path.read_bytes()], _forget)

    return str(node_of(folder).cid)


def read_index(folder: Path) -> bytes:
    """The page itself, which names its build, so that its reader can compare that with a copy of their own."""
    meta = f'<meta name="build" content="{build_id(folder)}" />'.encode()
    return (folder / "index.html").read_bytes().replace(b"</head>", meta + b"</head>", 1)


def _forget(_cid: Cid, _block: bytes) -> None: ...


def read_assets(folder: Path) -> dict[str, bytes]:
    """The page's files by name. They are few and small, and a path that is none of theirs cannot lead anywhere."""
    return {file.name: file.read_bytes() for file in (folder / "assets").iterdir() if file.suffix in TYPES}
