"""The API of signed records and ratings."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cinepeer.errors import Absent, BadInput
from cinepeer.faces.http import answers, shapes, views
from cinepeer.faces.http.films import DAG_CBOR_TYPE, RECORDS
from cinepeer.faces.http.nesting import ShallowRoute
from cinepeer.faces.http.parts import Parts
from cinepeer.records import dagcbor
from cinepeer.records.record import unpack

MAX_IMPORTED = 10_000
_BODY = {
    "requestBody": {
        "required": True,
        "description": f"A DAG-CBOR list of at most {MAX_IMPORTED:,} pairs [record, body].",
        "content": {DAG_CBOR_TYPE: {"schema": {"type": "string", "contentMediaType": DAG_CBOR_TYPE}}},
    }
}


def reading_records(parts: Parts) -> APIRouter:
    """Records by their ids."""
    router = APIRouter(tags=["opinions"], route_class=ShallowRoute)

    @router.get("/api/records/{record}", response_class=Response, responses=RECORDS)
    async def get_record(record: str) -> Response:
        """One record with its body."""
        held = await parts.store.get(views.cid(record))
        if held is None:
            raise Absent(f"found no record {record} here, expected one that this node holds")
        return Response(dagcbor.encode([held[0].block, held[1]]), media_type=DAG_CBOR_TYPE)

    return router


def opinions(parts: Parts) -> APIRouter:
    """Records and ratings."""
    router = reading_records(parts)

    @router.post("/api/records", response_model=answers.Imported, openapi_extra=_BODY)
    async def import_records(request: Request) -> dict[str, Any]:
        """Takes signed records from anybody: they are verified like a peer's, counted at once and announced."""
        found = dagcbor.decode(await request.body())
        if not isinstance(found, list) or len(found) > MAX_IMPORTED:
            raise BadInput(f"found no list of records, expected at most {MAX_IMPORTED} pairs of record and body")
        pairs = [unpack(dagcbor.encode(pair)) for pair in found]
        outcome = await parts.store.add(pairs, parts.clock_ms())
        await parts.library.refresh(outcome.added)
        added = {record.id for record in outcome.added}
        await parts.replication.announce([pair for pair in pairs if pair[0].id in added])
        refused = [{"record": str(record), "reason": str(error)} for record, error in outcome.refused]
        waiting = [{"record": str(record.id), "for": why} for record, _, why in outcome.waiting]
        return {"added": len(outcome.added), "refused": refused, "waiting": waiting}

    @router.post("/api/ratings", response_model=answers.Rated)
    async def rate(wanted: shapes.RatingRequest) -> dict[str, Any]:
        """Signs stars by the node's own device; null withdraws."""
        return await views.rate(parts, wanted.ratings)

    return router
