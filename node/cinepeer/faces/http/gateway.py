"""The IPFS gateway of a node: blocks, CARs and files by their ids (https://specs.ipfs.tech/http-gateways/)."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from cinepeer.content.car import write
from cinepeer.content.cidv0 import parse_any
from cinepeer.content.unixfs import Directory, entry, links, parse_node, split_path
from cinepeer.errors import Refused
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


Bring = Callable[[Cid], Awaitable[bytes | None]]
Fetch = Callable[[Cid, Cid], Awaitable[bytes | None]]
"""(root of a version, one of its blocks) -> the block from a host of that version, checked, or None."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What a path leads to, and the blocks on the way to it (itself last)."""

    cid: Cid
    block: bytes
    way: list[tuple[Cid, bytes]]


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
            bring = _bring(request, fetch)
            found = await _resolve(ipfs, denied, parse_any(root), path, bring)
            if form == "raw":
                return _raw(request, found)
            if form == "car":
                return _car(request, found, ipfs, denied)
            return await _file(request, found, path, ipfs)
        except Refused as error:
            return _problem(_STATUS.get(error.reason, 400), str(error))

    return router


def _bring(request: Request, fetch: Fetch | None) -> Bring | None:
    """How a block comes that is not held, for this node's own page and programs: no other site spends its line."""
    root = request.query_params.get("of")
    if fetch is None or root is None or request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return None
    return partial(fetch, parse_any(root))


async def _resolve(
    ipfs: IpfsBackend, denied: Callable[[Cid], bool], root: Cid, path: str, bring: Bring | None
) -> _Found:
    cid, block = root, await _block(ipfs, denied, root, bring)
    way = [(cid, block)]
    for name in split_path(path):
        cid = entry(cid, block, name)
        block = await _block(ipfs, denied, cid, bring)
        way.append((cid, block))
    return _Found(cid, block, way)


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


def _raw(request: Request, found: _Found) -> Response:
    headers = {**_SAFE, "ETag": f'"{found.cid}.raw"', "Content-Disposition": f'attachment; filename="{found.cid}.bin"'}
    if _is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(found.block, headers=headers, media_type=RAW_TYPE)


def _car(request: Request, found: _Found, ipfs: IpfsBackend, denied: Callable[[Cid], bool]) -> Response:
    scope = request.query_params.get("dag-scope", "all")
    if scope not in ("block", "entity", "all"):
        raise Refused("bad-format", f"found the scope {scope[:40]!r}, expected block, entity or all")
    headers = {
        **_SAFE,
        "ETag": f'W/"{found.cid}.car.{scope}"',
        "Content-Disposition": f'attachment; filename="{found.cid}.car"',
        "Content-Type": f"{CAR_TYPE}; version=1; order=dfs; dups=n",
    }
    if _is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if request.method == "HEAD":
        return Response(headers=headers)
    whole = scope == "all" or (scope == "entity" and not isinstance(parse_node(found.cid, found.block), Directory))
    return StreamingResponse(_car_pieces(found, ipfs, denied, whole), headers=headers)


async def _car_pieces(
    found: _Found, ipfs: IpfsBackend, denied: Callable[[Cid], bool], whole: bool
) -> AsyncIterator[bytes]:
    """The CAR with the blocks on the way and, when `whole`, the DAG, depth first. A hole breaks the stream off."""
    yield next(write([found.cid], []))
    seen: set[Cid] = set()
    for cid, block in found.way:
        if cid not in seen:
            seen.add(cid)
            yield _section(cid, block)
    waiting = list(reversed(links(found.cid, found.block))) if whole else []
    while waiting:
        cid = waiting.pop()
        if cid in seen:
            continue
        seen.add(cid)
        block = await _block(ipfs, denied, cid)
        yield _section(cid, block)
        waiting.extend(reversed(links(cid, block)))


def _section(cid: Cid, block: bytes) -> bytes:
    _, section = write([cid], [(cid, block)])
    return section


async def _file(request: Request, found: _Found, path: str, ipfs: IpfsBackend) -> Response:
    node = parse_node(found.cid, found.block)
    headers = {**_SAFE, "ETag": f'"{found.cid}"'}
    if _is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
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
