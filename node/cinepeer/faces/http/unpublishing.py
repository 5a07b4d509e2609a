"""The API of unpublishing: what it undoes and what it cannot, then the deed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from pydantic import Field

from cinepeer.app.unpublish import Unpublishing
from cinepeer.faces.http import views
from cinepeer.faces.http.answers import Answer
from cinepeer.faces.http.nesting import ShallowRoute
from cinepeer.faces.http.parts import Parts
from cinepeer.faces.http.shapes import Shape


class TraceOf(Answer):
    """Something that a publication left: whether unpublishing undoes it."""

    undone: bool
    sentence: str


class UnpublishRequest(Shape):
    """Why a film is taken back, for all who hear of it."""

    reason: str = Field(default="", max_length=4_000)


class Unpublished(Answer):
    """The record that takes the film back, and what that undid and did not."""

    record: str
    traces: list[TraceOf]


def unpublishing(parts: Parts) -> APIRouter:
    """Routes at `/api/films/{film}/unpublishing`."""
    router = APIRouter(tags=["publications"], route_class=ShallowRoute)

    def made() -> Unpublishing:
        return Unpublishing(parts.author, parts.library, parts.hosting, parts.titles)

    @router.get("/api/films/{film}/unpublishing", response_model=list[TraceOf])
    async def tell_unpublishing(film: str) -> list[dict[str, Any]]:
        """What unpublishing an own film would undo, and what it could not."""
        return [asdict(trace) for trace in await made().traces(views.film_of(parts, film))]

    @router.post("/api/films/{film}/unpublishing", response_model=Unpublished)
    async def unpublish(film: str, wanted: UnpublishRequest) -> dict[str, Any]:
        """Takes an own film back."""
        record, traces = await made().unpublish(views.film_of(parts, film), wanted.reason)
        return {"record": record, "traces": [asdict(trace) for trace in traces]}

    return router
