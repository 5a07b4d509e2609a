"""The API of checkpoints: what ratings come to as someone computed it, and whether that was replayed here."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from cinepeer.app.checkpoint import Stated
from cinepeer.faces.http import checkpoint_answers as answers
from cinepeer.faces.http import views
from cinepeer.faces.http.films import DAG_CBOR_TYPE, RECORDS
from cinepeer.faces.http.parts import Parts
from cinepeer.replication.introduction import encode_introductions


def reading_checkpoints(parts: Parts) -> APIRouter:
    """What a client without records needs to begin with a checkpoint: its record, and the keys of who signed it."""
    router = APIRouter(tags=["checkpoints"])

    @router.get("/api/checkpoints/introductions", response_class=Response, responses=RECORDS)
    async def list_introductions() -> Response:
        """The newest checkpoints of each device, each as signed, with its author's chain of keys."""
        found = await parts.checkpoints.introductions()
        return Response(encode_introductions(found), media_type=DAG_CBOR_TYPE)

    return router


def checkpoints(parts: Parts) -> APIRouter:
    """Listing, making, showing and replaying checkpoints."""
    router = reading_checkpoints(parts)

    @router.get("/api/checkpoints", response_model=list[answers.Checkpoint])
    async def list_checkpoints() -> list[dict[str, Any]]:
        """The newest checkpoints that are held, each with its label and the records that contradict it."""
        return [_told(one) for one in await parts.checkpoints.listed()]

    @router.post("/api/checkpoints", response_model=answers.Checkpoint)
    async def make_checkpoint() -> dict[str, Any]:
        """Makes one of all that this node holds in its scope, and signs it."""
        return _told(await parts.checkpoints.make())

    @router.get("/api/checkpoints/{record}", response_model=answers.Counted)
    async def show_checkpoint(record: str) -> dict[str, Any]:
        """What a checkpoint says of each film, fetched first if need be; nothing of it counts here."""
        found, stated = await parts.checkpoints.load(views.cid(record))
        return {"checkpoint": _told(stated), "films": found.spread()}

    @router.post("/api/checkpoints/{record}/replay", response_model=answers.Replayed)
    async def replay_checkpoint(record: str) -> dict[str, Any]:
        """Makes a checkpoint anew from the records that it names, as far as they are held here."""
        return asdict(await parts.checkpoints.replay(views.cid(record)))

    return router


def _told(stated: Stated) -> dict[str, Any]:
    return {
        "record": str(stated.record),
        "author": str(stated.author),
        "device": stated.device.hex(),
        "scope": str(stated.scope),
        "moment_ms": stated.moment_ms,
        "records": stated.records,
        "ratings": stated.ratings,
        "root": str(stated.root),
        "label": stated.label,
        "contradicts": [str(record) for record in stated.contradicts],
    }
