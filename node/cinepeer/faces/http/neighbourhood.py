"""The API of the node's neighbourhood: its reach, the peers it knows, its bans, and the numbers that monitors read."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from cinepeer.faces.http import neighbourhood_answers as answers
from cinepeer.faces.http import views
from cinepeer.faces.http.metrics import CONTENT_TYPE, metrics
from cinepeer.faces.http.parts import Parts


def neighbourhood(parts: Parts) -> APIRouter:
    """Reach, known peers, bans, metrics."""
    router = APIRouter(tags=["node"])

    @router.get("/api/neighbourhood", response_model=answers.Neighbourhood)
    async def get_neighbourhood() -> dict[str, Any]:
        """Whether others reach this node, how many peers it knows, and whom it turns away."""
        return views.neighbourhood(parts)

    @router.delete("/api/bans/{peer_id}", response_model=answers.Neighbourhood)
    async def forgive(peer_id: str) -> dict[str, Any]:
        """Ends a peer's ban."""
        await parts.peers.forgive(peer_id)
        return views.neighbourhood(parts)

    @router.get("/metrics", include_in_schema=False, response_class=PlainTextResponse)
    async def get_metrics() -> PlainTextResponse:
        """The node's numbers in the text format of Prometheus."""
        return PlainTextResponse(await metrics(parts), media_type=CONTENT_TYPE)

    return router
