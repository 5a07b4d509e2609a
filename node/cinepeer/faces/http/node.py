"""The API of the node itself: its status, its neighbours, what it hosts and what it denies."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from cinepeer.faces.http import answers, shapes, views
from cinepeer.faces.http.nesting import ShallowRoute
from cinepeer.faces.http.parts import Parts


def node(parts: Parts) -> APIRouter:
    """Status, peers, hosting, the deny list."""
    router = APIRouter(tags=["node"], route_class=ShallowRoute)

    @router.get("/api/status", response_model=answers.Status, response_model_exclude_unset=True)
    async def get_status() -> dict[str, Any]:
        """The node at a glance."""
        return await views.status(parts)

    @router.get("/api/peers", response_model=list[answers.Peer], response_model_exclude_unset=True)
    async def list_peers() -> list[dict[str, Any]]:
        """The neighbours and what was exchanged with each."""
        return await views.peers_with_blocks(parts)

    @router.post("/api/peers", response_model=answers.Connected)
    async def connect(wanted: shapes.AddressRequest) -> dict[str, str]:
        """Connects to a peer by its multiaddr."""
        return {"peer_id": await parts.connect(wanted.addr)}

    @router.post("/api/sync", response_model=list[answers.SyncDone])
    async def sync() -> list[dict[str, Any]]:
        """Reconciles with every neighbour now."""
        return await views.sync(parts)

    @router.get("/api/hosting", response_model=answers.Hosted)
    async def get_hosting() -> dict[str, Any]:
        """What this node holds, and what it left out and why."""
        return await views.hosting(parts)

    @router.post("/api/hosting", response_model=answers.Pursued)
    async def pursue() -> dict[str, Any]:
        """Tries now to take every film that is wanted and not held."""
        taken = await parts.hosting.pursue()
        return {"taken": taken, **await views.hosting(parts)}

    @router.patch("/api/hosting", response_model=answers.HostingChanged)
    async def change_hosting(wanted: shapes.HostingRequest) -> dict[str, Any]:
        """Sets the disk cap; nothing that is held goes for a smaller one."""
        consequence = await parts.hosting.set_cap(wanted.disk_cap_bytes)
        return {"consequence": consequence, **await views.hosting(parts)}

    @router.post("/api/denied", response_model=answers.Denied)
    async def deny(wanted: shapes.DenyRequest) -> dict[str, int]:
        """Denies an author, a film's files or a block; what is held of it goes."""
        return {"blocks": await parts.moderation.deny(wanted.cid)}

    @router.delete("/api/denied/{cid}", response_model=answers.Allowed)
    async def allow(cid: str) -> dict[str, list[str]]:
        """Denies something no more; what is still denied."""
        parts.moderation.allow(cid)
        return {"denied": parts.denied.lines()}

    return router
