"""The API of publishing: jobs that go on without the page that began them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse

from cinepeer.app.publication import Publication
from cinepeer.faces.http import publication_answers as answers
from cinepeer.faces.http import shapes
from cinepeer.faces.http.nesting import ShallowRoute
from cinepeer.faces.http.parts import Parts

LINES_TYPE = "application/x-ndjson"
_LINES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "JSON lines: stages with their measures, then `done` or `problem`.",
        "content": {LINES_TYPE: {"schema": {"type": "string", "contentMediaType": LINES_TYPE}}},
    }
}


def publications(parts: Parts) -> APIRouter:
    """Routes below `/api/publications`, and `/api/publish` for a file of this machine."""
    router = APIRouter(tags=["publications"], route_class=ShallowRoute)

    @router.post("/api/publications", status_code=202, response_model=answers.PublicationBegun)
    async def add_publication(wanted: shapes.PublicationRequest) -> dict[str, str]:
        """Takes a film to be published; what can be refused at once is."""
        return {"id": parts.publications.add(wanted.wish(), wanted.priority).id}

    @router.post("/api/publications/estimates", response_model=answers.Estimate)
    async def estimate_publication(wanted: shapes.SourceRequest) -> dict[str, Any]:
        """Looks into a film without publishing it."""
        return await parts.estimates.estimate(parts.publications.file_of(wanted.upload, wanted.path))

    @router.get("/api/publications", response_model=list[answers.PublicationState], response_model_exclude_unset=True)
    async def list_publications() -> list[dict[str, Any]]:
        """Every job that is remembered, newest first."""
        return [_shown(parts, job) for job in parts.publications.all()]

    @router.get(
        "/api/publications/{publication}", response_model=answers.PublicationState, response_model_exclude_unset=True
    )
    async def get_publication(publication: str) -> dict[str, Any]:
        """One job as it stands."""
        return _shown(parts, parts.publications.get(publication))

    @router.post("/api/publish", response_class=Response, responses=_LINES)
    async def publish(wanted: shapes.PublishRequest) -> Response:
        """Publishes a file of this machine and follows the job."""
        job = parts.publications.add(wanted.wish(), wanted.priority)
        return StreamingResponse(_lines(parts, job), media_type=LINES_TYPE)

    _change(router, parts)
    return router


def _change(router: APIRouter, parts: Parts) -> None:
    """The routes that change what becomes of a job."""

    @router.patch(
        "/api/publications/{publication}", response_model=answers.PublicationState, response_model_exclude_unset=True
    )
    async def prefer_publication(publication: str, wanted: shapes.PlaceRequest) -> dict[str, Any]:
        """Gives a job that waits another place in the queue."""
        return _shown(parts, parts.publications.prefer(publication, wanted.priority))

    @router.get("/api/publications/{publication}/events", response_class=Response, responses=_LINES)
    async def follow_publication(publication: str) -> Response:
        """A job's stages so far, then each change as it comes, until its end."""
        job = parts.publications.get(publication)
        return StreamingResponse(_lines(parts, job), media_type=LINES_TYPE)

    @router.post(
        "/api/publications/{publication}/decisions",
        response_model=answers.PublicationState,
        response_model_exclude_unset=True,
    )
    async def decide_publication(publication: str, wanted: shapes.DecisionRequest) -> dict[str, Any]:
        """Goes on with a job that asks its creator, because the film is like another's."""
        return _shown(parts, parts.publications.decide(publication, wanted.parent, wanted.parent_shares))

    @router.delete(
        "/api/publications/{publication}", response_model=answers.PublicationState, response_model_exclude_unset=True
    )
    async def cancel_publication(publication: str) -> dict[str, Any]:
        """Cancels a job before anything of it is signed."""
        return _shown(parts, await parts.publications.cancel(publication))

    @router.post(
        "/api/publications/{publication}/attempts",
        status_code=202,
        response_model=answers.PublicationState,
        response_model_exclude_unset=True,
    )
    async def retry_publication(publication: str) -> dict[str, Any]:
        """Tries a job again that failed or was cancelled; what was signed is not signed twice."""
        return _shown(parts, parts.publications.retry(publication))


def _shown(parts: Parts, job: Publication) -> dict[str, Any]:
    return {**job.shown(), "ahead": parts.publications.place(job)}


async def _lines(parts: Parts, job: Publication) -> AsyncIterator[str]:
    async for line in parts.publications.events(job):
        yield json.dumps(line) + "\n"
