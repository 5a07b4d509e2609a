"""Delegated routing (https://specs.ipfs.tech/routing/http-routing-v1/): who provides a CID, by `host` records."""

from __future__ import annotations

import json
from collections.abc import Iterable
from ipaddress import IPv4Address, ip_address
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from cinepeer.content.cidv0 import parse_any
from cinepeer.errors import BadInput, Refused
from cinepeer.faces.http.parts import Parts

LINES_TYPE = "application/x-ndjson"
MAX_PROVIDERS = 100

_BITSWAP, _GATEWAY = "transport-bitswap", "transport-ipfs-gateway-http"
_KEPT = {True: "public, max-age=60", False: "public, max-age=15"}


def routing(parts: Parts) -> APIRouter:
    """GET of `/routing/v1/providers/CID`, as JSON, or as lines where the client accepts them."""
    router = APIRouter()

    @router.get("/routing/v1/providers/{cid}", include_in_schema=False)
    async def list_providers(request: Request, cid: str) -> Response:
        """The hosts of the version whose root this is, and this node where it holds the block."""
        found = await _providers(parts, cid)
        headers = {"Cache-Control": _KEPT[bool(found)], "Vary": "Accept"}
        if LINES_TYPE in request.headers.get("accept", ""):
            lines = "".join(json.dumps(one) + "\n" for one in found)
            return Response(lines, headers=headers, media_type=LINES_TYPE)
        return JSONResponse({"Providers": found}, headers=headers)

    return router


async def _providers(parts: Parts, text: str) -> list[dict[str, Any]]:
    try:
        cid = parse_any(text)
    except Refused as error:
        raise BadInput(str(error)) from error
    if parts.denied.is_denied(cid):
        return []
    addrs: list[str] = []
    if await parts.ipfs.has([cid]):
        addrs += parts.status()["p2p"]
    addrs += parts.library.catalogue.hosts_of(cid)
    return peers(addrs, parts.library.catalogue.gateways_of(cid))


def peers(addrs: Iterable[str], gateways: dict[str, str]) -> list[dict[str, Any]]:
    """One entry for each peer of `addrs` (`/ip4/…/tcp/…/p2p/ID`); `gateways`: peer → the URL where it gives blocks."""
    by_peer: dict[str, list[str]] = {}
    for addr in addrs:
        where, _, peer = addr.rpartition("/p2p/")
        if where and where not in by_peer.setdefault(peer, []):
            by_peer[peer].append(where)
    found = []
    for peer, places in list(by_peer.items())[:MAX_PROVIDERS]:
        over_http = [addr for addr in [http_addr(gateways.get(peer, ""))] if addr]
        protocols = [_BITSWAP, *([_GATEWAY] if over_http else [])]
        found.append({"Schema": "peer", "ID": peer, "Addrs": [*places, *over_http], "Protocols": protocols})
    return found


def http_addr(url: str) -> str | None:
    """A gateway's URL as a multiaddr; None for what is no address of a host alone. Never raises."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or parts.path.strip("/") or "/" in host:
        return None
    try:
        name = f"/ip{4 if isinstance(ip_address(host), IPv4Address) else 6}/{host}"
    except ValueError:
        name = f"/dns/{host}"
    return f"{name}/tcp/{port or (443 if parts.scheme == 'https' else 80)}/{parts.scheme}"
