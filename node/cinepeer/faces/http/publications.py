"""The API of publishing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse

from cinepeer.app.publish import FilmFacts
from cinepeer.app.titles import parse_owners
from cinepeer.errors import CinepeerError
from cinepeer.faces.http import shapes, views
from cinepeer.faces.http.parts import Parts

LINES_TYPE = "application/x-ndjson"
LINES: dict[int | str, dict[str, Any]] = {
    200: {"description": "JSON lines.", "content": {LINES_TYPE: {"schema": {"type": "string"}}}}
}


def publications(parts: Parts) -> APIRouter:
    """Publishing a film of this machine."""
    router = APIRouter(tags=["publications"])

    @router.post("/api/publish", response_class=Response, responses=LINES)
    async def publish(wanted: shapes.PublishRequest) -> Response:
        """Publishes a file; one JSON line for each step, the last holds `done` or `problem`."""
        return StreamingResponse(_publish(parts, wanted), media_type=LINES_TYPE)

    return router


async def _publish(parts: Parts, wanted: shapes.PublishRequest) -> AsyncIterator[str]:
    """One JSON line for each step as it happens; the last holds `done` or `problem`."""
    facts = FilmFacts(
        name=wanted.name,
        year=wanted.year,
        external=tuple(wanted.external),
        genres=tuple(wanted.genres),
        synopsis=wanted.synopsis,
        languages=tuple(wanted.languages),
        credits=tuple(wanted.credits),
    )
    told: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

    async def work() -> None:
        try:
            owners = parse_owners([(share.holder, share.shares) for share in wanted.owners])
            published = await parts.publishing.publish(
                Path(wanted.path), facts, lambda stage, measure: told.put_nowait({"stage": stage, **measure})
            )
            done = views.published(published)
            if wanted.title:
                title = await parts.titles.register(str(published.film), owners)
                told.put_nowait({"stage": "title", **title})
                done["title"] = title
            told.put_nowait({"done": done})
        except CinepeerError as error:
            told.put_nowait({"problem": str(error), "exit_code": error.exit_code})
        finally:
            told.put_nowait(None)

    task = asyncio.create_task(work())
    try:
        while (line := await told.get()) is not None:
            yield json.dumps(line) + "\n"
        await task
    finally:
        task.cancel()
