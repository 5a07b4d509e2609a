"""The API of ratings from elsewhere: read, reported, kept privately, signed when their owner asks for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request

from cinepeer.app.imports import movielens_titles
from cinepeer.errors import BadInput
from cinepeer.faces.http import shapes, taste_answers
from cinepeer.faces.http.nesting import ShallowRoute
from cinepeer.faces.http.parts import Parts
from cinepeer.recommend.matching import Known

EXPORT_TYPE = "application/octet-stream"
_BODY = {
    "requestBody": {
        "required": True,
        "description": "An export of Letterboxd, IMDb, Trakt, Douban or MovieLens: CSV, JSON, or an archive.",
        "content": {EXPORT_TYPE: {"schema": {"type": "string", "contentMediaType": EXPORT_TYPE}}},
    }
}


def imports(parts: Parts) -> APIRouter:
    """Routes below `/api/imports`."""
    router = APIRouter(tags=["lists"], route_class=ShallowRoute)

    @router.post("/api/imports", response_model=taste_answers.ImportReport, openapi_extra=_BODY)
    async def import_ratings(request: Request, keep: bool = False, titles: str | None = None) -> dict[str, Any]:
        """Reads an export and tells what it comes to; `keep` keeps the ratings on this device, for own lists alone.

        `titles`: a MovieLens folder on the node's own machine, by whose titles and links films are found too.
        """
        known = [] if titles is None else _titles(Path(titles))
        return parts.imports.take(await request.body(), known, keep=keep)

    @router.get("/api/imports", response_model=taste_answers.PrivateRatings)
    async def get_private_ratings() -> dict[str, Any]:
        """The ratings that only this home knows."""
        return parts.imports.private()

    @router.delete("/api/imports", response_model=taste_answers.Forgotten)
    async def forget_private_ratings() -> dict[str, Any]:
        """Lets all of them go."""
        return {"forgotten": parts.imports.forget()}

    @router.post("/api/imports/publications", response_model=taste_answers.PublishedRatings)
    async def publish_private_ratings(wanted: shapes.PrivateRequest) -> dict[str, Any]:
        """Signs them as records that anybody may read, for good."""
        return await parts.imports.publish(wanted.films)

    return router


def _titles(folder: Path) -> list[Known]:
    """What a MovieLens folder says of films; raises `BadInput`."""
    try:
        return movielens_titles((folder / "movies.csv").read_bytes(), (folder / "links.csv").read_bytes())
    except OSError as error:
        raise BadInput(f"found no titles in {folder} ({error.strerror}), expected movies.csv and links.csv") from error
