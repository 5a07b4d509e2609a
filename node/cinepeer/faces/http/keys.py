"""The API of the author's keys: who may sign, and what the root says to it. The phrase never passes over HTTP."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from cinepeer.faces.http import shapes
from cinepeer.faces.http.parts import Parts


def keys(parts: Parts) -> APIRouter:
    """Routes below `/api/keys`."""
    router = APIRouter()

    @router.get("/api/keys")
    async def told() -> dict[str, Any]:
        return {**await parts.devices.told(), "account": "0x" + parts.titles.address.hex()}

    @router.post("/api/keys/revocations")
    async def revoke(wanted: shapes.RevocationRequest) -> dict[str, Any]:
        record = await parts.devices.revoke(wanted.device, wanted.after, wanted.reason, wanted.alone)
        await parts.library.refresh()
        return {"record": str(record.id), "seq": record.seq}

    @router.post("/api/keys/admissions")
    async def admit(wanted: shapes.AdmissionRequest) -> dict[str, Any]:
        record = await parts.devices.admit(wanted.alone)
        if record is not None:
            await parts.hosting.tell()
        return {"device": parts.author.device.hex(), "record": None if record is None else str(record.id)}

    return router
