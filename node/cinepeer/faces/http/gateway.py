"""The IPFS gateway of a node: blocks, CARs and files by their ids (https://specs.ipfs.tech/http-gateways/)."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from cinepeer.content.cidv0 import parse_any
from cinepeer.content.hamt import is_shard, parse_shard
from cinepeer.content.identity import is_identity, read_identity
from cinepeer.content.path import Way
from cinepeer.content.unixfs import Directory, parse_node
from cinepeer.errors import Refused
from cinepeer.faces.http.gateway_car import Car, car_pieces, identity_car
from cinepeer.ports import IpfsBackend
from cinepeer.records.cid import Cid

# Nothing that a browser would run is ever served under its own type: the node's page lives at the same origin.
TYPES = {
    "m3u8": "application/vnd.apple.mpegurl",
    "m4s": "video/iso.segment",
    "mp4": "video/mp4",
    "m4a": "audio/mp4",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "vtt": "text/vtt; charset=utf-8",
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
}
UNKNOWN = "application/octet-stream"
RAW_TYPE = "application/vnd.ipld.raw"
CAR_TYPE = "application/vnd.ipld.car"

_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "public, max-age=29030400, immutable",
}
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_STATUS = {"missing-block": 404, "no-entry": 404, "not-a-folder": 404, "denied": 410, "unsupported-node": 406}
MAX_LISTED = 10_000


Get = Callable[[Cid], Awaitable[bytes]]
Bring = Callable[[Cid], Awaitable[bytes | None]]
Fetch = Callable[[Cid, Cid], Awaitable[bytes | None]]
"""(root of a version, one of its blocks) -> the block from a host of that version, checked, or None."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What a path leads to, the blocks on the way to it (itself last), and the id of each of the path's names."""

    cid: Cid
    block: bytes
    way: list[tuple[Cid, bytes]]
    roots: list[Cid]


def gateway(
    ipfs: IpfsBackend, denied: Callable[[Cid], bool], *, trustless: bool = False, fetch: Fetch | None = None
) -> APIRouter:
    """GET and HEAD of `/ipfs/CID[/PATH]`, `?format=raw` or `car`, byte ranges; errors are problem documents.

    A `trustless` one gives nothing that its reader cannot check: blocks and CARs, no files. With `fetch`, a block that
    is not held comes from the hosts of the version whose root `?of=` names; it is passed on and not kept.
    """
    router = APIRouter()

    @router.api_route("/ipfs/{root}", methods=["GET", "HEAD"], include_in_schema=False)
    @router.api_route("/ipfs/{root}/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
    async def read(request: Request, root: str, path: str = "") -> Response:
        try:
            form = _form(request)
            if trustless and not form:
                return _problem(406, "found no format, expected ?format=raw or car: files come from a node's own page")
            if is_identity(root) and not path:
                return _inline_car(request, root) if form == "car" else _inline(request, root)
            bring = _bring(request, fetch)
            get = partial(_block, ipfs, denied, bring=bring)
            found = await _resolve(get, parse_any(root), path)
            if form == "raw":
                return _raw(request, found, path)
            if form == "car":
                # A CAR is of what is held here: its blocks are not fetched one after another.
                return _car(request, found, path, partial(_block, ipfs, denied), is_older=root.startswith("Qm"))
            return await _file(request, found, path, ipfs, get)
        except Refused as error:
            if error.reason == "missing-block" and "only-if-cached" in request.headers.get("cache-control", ""):
                return _problem(412, str(error))
            return _problem(_STATUS.get(error.reason, 400), str(error))

    return router


def _bring(request: Request, fetch: Fetch | None) -> Bring | None:
    """How a block comes that is not held, for this node's own page and programs: no other site spends its line."""
    root = request.query_params.get("of")
    if fetch is None or root is None or request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return None
    return partial(fetch, parse_any(root))


async def _resolve(get: Get, root: Cid, path: str) -> _Found:
    way = Way(root, path)
    block = await get(root)
    blocks, roots = [(root, block)], [root]
    while way.needed is not None:
        left = way.left
        way.feed(block)
        block = await get(way.cid)
        blocks.append((way.cid, block))
        if way.left < left:
            roots.append(way.cid)
    return _Found(way.cid, block, blocks, roots)


async def _block(ipfs: IpfsBackend, denied: Callable[[Cid], bool], cid: Cid, bring: Bring | None = None) -> bytes:
    if denied(cid):
        raise Refused("denied", f"found {cid} on this node's deny list, expected something it may serve")
    block = await ipfs.get_block(cid)
    if block is None and bring is not None:
        block = await bring(cid)
    if block is None:
        raise Refused("missing-block", f"found no block {cid} here, expected it to be held")
    return block


def _form(request: Request) -> str:
    """`raw`, `car` or `` for the content itself: the parameter first, then what the client accepts."""
    asked = request.query_params.get("format")
    if asked is not None:
        if asked not in ("raw", "car"):
            raise Refused("bad-format", f"found the format {asked[:40]!r}, expected raw or car")
        return asked
    accepted = request.headers.get("accept", "")
    return "raw" if RAW_TYPE in accepted else "car" if CAR_TYPE in accepted else ""


def _inline(request: Request, text: str) -> Response:
    """What an identity CID holds itself; the empty one is how a trustless gateway is known to be one."""
    block = read_identity(text)
    name = _attached(request, f"{text}.bin")
    headers = {**_SAFE, "ETag": f'"{text}.raw"', **name, "X-Ipfs-Path": f"/ipfs/{text}", "X-Ipfs-Roots": text}
    return Response(block, headers=headers, media_type=RAW_TYPE)


def _inline_car(request: Request, text: str) -> Response:
    """The same as a CAR, which has a root and no blocks then."""
    wanted = Car.of(request.query_params, request.headers.getlist("accept"))
    headers = {
        **_SAFE,
        **_attached(request, f"{text}.car"),
        "ETag": f'W/"{text}.car"',
        "Accept-Ranges": "none",
        "Content-Type": wanted.content_type,
        "X-Ipfs-Path": f"/ipfs/{text}",
        "X-Ipfs-Roots": text,
    }
    return Response(identity_car(read_identity(text)), headers=headers)


def _attached(request: Request, name: str) -> dict[str, str]:
    """The name under which a browser keeps the answer: `?filename=`, or the one given."""
    asked = request.query_params.get("filename") or name
    plain = "".join(sign if sign.isascii() and sign.isprintable() and sign not in '"\\' else "_" for sign in asked)
    named = f"filename=\"{plain[:200]}\"; filename*=UTF-8''{quote(asked[:200], safe='')}"
    return {"Content-Disposition": f"attachment; {named}"}


def _whence(request: Request, found: _Found, path: str, form: str) -> dict[str, str]:
    """The path that was asked for, the id of each of its names, and where this form has an address of its own."""
    whole = quote(f"/ipfs/{found.roots[0]}" + (f"/{path}" if path else ""))
    headers = {"X-Ipfs-Path": whole, "X-Ipfs-Roots": ",".join(map(str, found.roots))}
    if form and "format" not in request.query_params:
        headers |= {"Content-Location": f"{whole}?format={form}", "Vary": "Accept"}
    return headers


def _raw(request: Request, found: _Found, path: str) -> Response:
    headers = {
        **_SAFE,
        **_attached(request, f"{found.cid}.bin"),
        **_whence(request, found, path, "raw"),
        "ETag": f'"{found.cid}.raw"',
        "Accept-Ranges": "bytes",
    }
    if _is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    size = len(found.block)
    span = _span(request, size, headers["ETag"])
    if span is None:
        return _problem(416, f"found a range outside of {size} bytes", {"Content-Range": f"bytes */{size}"})
    start, stop, status = span
    if status == 206:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return Response(found.block[start:stop], status, headers, RAW_TYPE)


def _car(request: Request, found: _Found, path: str, get: Get, *, is_older: bool) -> Response:
    wanted = Car.of(request.query_params, request.headers.getlist("accept"))
    last = path.rstrip("/").rpartition("/")[2]
    headers = {
        **_SAFE,
        **_attached(request, f"{found.roots[0]}{'_' + last if last else ''}.car"),
        **_whence(request, found, path, "car"),
        "ETag": wanted.tag(found.roots[0], f"v0:{path}" if is_older else path),
        "Accept-Ranges": "none",
        "Content-Type": wanted.content_type,
    }
    if _is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if request.method == "HEAD":
        return Response(headers=headers)
    return StreamingResponse(car_pieces(wanted, found.way, get, is_older=is_older), headers=headers)


async def _file(request: Request, found: _Found, path: str, ipfs: IpfsBackend, get: Get) -> Response:
    headers = {**_SAFE, "ETag": f'"{found.cid}"', **_whence(request, found, path, "")}
    if _is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if is_shard(found.cid, found.block):
        return JSONResponse({"entries": await _sharded(found.block, get)}, headers=headers)
    node = parse_node(found.cid, found.block)
    if isinstance(node, Directory):
        entries = [{"name": link.name, "cid": str(link.cid), "size": link.tsize} for link in node.entries.values()]
        return JSONResponse({"entries": entries}, headers=headers)
    name = path.rstrip("/").rpartition("/")[2]
    kind = TYPES.get(name.rpartition(".")[2].lower(), UNKNOWN)
    headers |= {"Accept-Ranges": "bytes", "Content-Type": kind}
    if kind == UNKNOWN:
        headers["Content-Disposition"] = "attachment"
    span = _span(request, node.size, headers["ETag"])
    if span is None:
        return _problem(416, f"found a range outside of {node.size} bytes", {"Content-Range": f"bytes */{node.size}"})
    start, stop, status = span
    headers["Content-Length"] = str(stop - start)
    if status == 206:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{node.size}"
    if request.method == "HEAD" or start == stop:
        return Response(status_code=status, headers=headers)
    pieces = ipfs.cat(found.cid, start, stop - start)
    # The first piece is read before the answer begins, so that a hole there can still be told as 404.
    return StreamingResponse(_after(await anext(pieces), pieces), status, headers)


async def _sharded(block: bytes, get: Get) -> list[dict[str, object]]:
    """The entries of a sharded folder, by name."""
    shards, found, seen = [parse_shard(block)], {}, set[Cid]()
    while shards:
        shard = shards.pop()
        found |= {name: link for name, (_, link) in shard.entries.items()}
        if len(found) > MAX_LISTED:
            raise Refused("too-large", f"found more than {MAX_LISTED:,} entries, expected a folder that can be listed")
        for cid in shard.shards.values():
            if cid not in seen:
                seen.add(cid)
                shards.append(parse_shard(await get(cid)))
    return [{"name": name, "cid": str(link.cid), "size": link.tsize} for name, link in sorted(found.items())]


async def _after(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


def _span(request: Request, size: int, tag: str) -> tuple[int, int, int] | None:
    """(first, behind the last, status) of what is asked for; None when outside. Several ranges give the whole."""
    match = _RANGE.fullmatch(request.headers.get("range", ""))
    if match is None or request.headers.get("if-range", tag) != tag or not (match[1] or match[2]):
        return 0, size, 200
    if not match[1]:
        start, stop = max(0, size - int(match[2])), size
    else:
        start, stop = int(match[1]), min(size, int(match[2]) + 1) if match[2] else size
    return (start, stop, 206) if start < stop else None


def _is_known(request: Request, tag: str) -> bool:
    """Whether the client holds it already: what an id names never changes."""
    offered = [one.strip() for one in request.headers.get("if-none-match", "").split(",")]
    return "*" in offered or tag in offered or f"W/{tag}" in offered


def _problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps({"type": "about:blank", "status": status, "detail": detail})
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, "application/problem+json")
