"""The API of what a network's founder announces."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from cinepeer.app.announcing import Announced
from cinepeer.app.network import MAX_ADDRS, MAX_ENDPOINTS
from cinepeer.faces.http.answers import Answer
from cinepeer.faces.http.nesting import ShallowRoute
from cinepeer.faces.http.parts import Parts
from cinepeer.faces.http.shapes import Shape


class AnnouncementRequest(Shape):
    """Peers to begin with, and endpoints of a chain of others; what was announced before is replaced."""

    bootstrap: list[str] = Field(default=[], max_length=MAX_ADDRS)
    endpoints: list[str] = Field(default=[], max_length=MAX_ENDPOINTS)


class AnnouncementTold(Answer):
    """The founder's newest announcement; number 0 and no record before the first."""

    number: int
    bootstrap: list[str]
    endpoints: list[str]
    record: str | None


def networks(parts: Parts) -> APIRouter:
    """Routes of the network as its founder announces it."""
    router = APIRouter(tags=["network"], route_class=ShallowRoute)

    @router.get("/api/network", response_model=AnnouncementTold)
    async def get_network() -> dict[str, Any]:
        """What the founder announced last."""
        return _told(await parts.announcements.newest())

    @router.post("/api/network", response_model=AnnouncementTold)
    async def announce(wanted: AnnouncementRequest) -> dict[str, Any]:
        """Announces it, at the founder's node."""
        return _told(await parts.announcements.announce(wanted.bootstrap, wanted.endpoints))

    return router


def _told(found: Announced | None) -> dict[str, Any]:
    if found is None:
        return {"number": 0, "bootstrap": [], "endpoints": [], "record": None}
    return {
        "number": found.number,
        "bootstrap": list(found.bootstrap),
        "endpoints": list(found.endpoints),
        "record": str(found.record),
    }
