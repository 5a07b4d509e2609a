"""The API of films: the list, one film, its records, and what viewers gave."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from cinepeer.faces.http import answers, views
from cinepeer.faces.http.parts import Parts
from cinepeer.records import dagcbor

DAG_CBOR_TYPE = "application/vnd.ipld.dag-cbor"
# A route that answers records as they are signed, for the OpenAPI document.
RECORDS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Records as they are signed, each with its body or null.",
        "content": {DAG_CBOR_TYPE: {"schema": {"type": "string", "contentMediaType": DAG_CBOR_TYPE}}},
    }
}

PageLimit = Annotated[int | None, Query(ge=1, le=1_000)]
Limit = Annotated[int, Query(ge=1, le=1_000)]


def films(parts: Parts, is_own: bool = True) -> APIRouter:
    """
    Routes below `/api/films`, without those of the ledger. `is_own`: for this node's author, whose own films are in
    the list before their premiere too.
    """
    router = APIRouter(tags=["films"])

    @router.get("/api/films", response_model=list[answers.Film])
    async def list_films(limit: PageLimit = None, offset: Annotated[int, Query(ge=0)] = 0) -> list[dict[str, Any]]:
        """All films with a record here, playable ones first; with `limit` a page of them, from `offset` on."""
        return await views.films(parts, limit, offset, is_own)

    @router.get("/api/films/{film}", response_model=answers.Film)
    async def get_film(film: str) -> dict[str, Any]:
        """One film with its versions and what viewers gave."""
        return await views.film(parts, film)

    @router.get("/api/films/{film}/records", response_class=Response, responses=RECORDS)
    async def get_film_records(film: str) -> Response:
        """The film's records and all that its author's chain of keys needs, in an order that a client can admit."""
        pairs = await views.film_records(parts, film)
        return Response(dagcbor.encode([[record.block, body] for record, body in pairs]), media_type=DAG_CBOR_TYPE)

    @router.get("/api/films/{film}/ratings", response_model=list[answers.GivenStars])
    async def list_ratings(film: str, limit: Limit = 100, after: str | None = None) -> list[dict[str, Any]]:
        """The counted stars of a film (also of one known by an external id), newest first; `after` is a record."""
        return await views.ratings(parts, film, limit, after)

    @router.get("/api/films/{film}/ratings/records", response_class=Response, responses=RECORDS)
    async def get_rating_records(film: str, limit: Limit = 100, after: str | None = None) -> Response:
        """The records behind the same list of stars, with the chains of keys that a client checks them by."""
        pairs = await views.rating_records(parts, film, limit, after)
        return Response(dagcbor.encode([[record.block, body] for record, body in pairs]), media_type=DAG_CBOR_TYPE)

    return router
