"""The API of the author's keys: who may sign, and what the root says to it. The phrase never passes over HTTP."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path

from cinepeer.errors import Absent
from cinepeer.faces.http import key_answers, shapes
from cinepeer.faces.http.nesting import ShallowRoute
from cinepeer.faces.http.parts import Parts

DeviceKey = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]


def keys(parts: Parts) -> APIRouter:
    """Routes below `/api/keys`, the delegation of other devices, and where those stand."""
    router = APIRouter(tags=["keys"], route_class=ShallowRoute)

    @router.get("/api/keys", response_model=key_answers.Keys)
    async def get_keys() -> dict[str, Any]:
        """Who may sign what."""
        return {**await parts.devices.told(), "account": "0x" + parts.titles.address.hex()}

    @router.post("/api/keys/revocations", response_model=key_answers.Revoked)
    async def revoke(wanted: shapes.RevocationRequest) -> dict[str, Any]:
        """Has the root revoke a device."""
        record = await parts.devices.revoke(wanted.device, wanted.after, wanted.reason, wanted.alone)
        await parts.library.refresh()
        return {"record": str(record.id), "seq": record.seq}

    @router.post("/api/keys/admissions", response_model=key_answers.Admitted)
    async def admit(wanted: shapes.AdmissionRequest) -> dict[str, Any]:
        """Has the root admit this node's own device."""
        record = await parts.devices.admit(wanted.alone)
        if record is not None:
            await parts.hosting.tell()
        return {"device": parts.author.device.hex(), "record": None if record is None else str(record.id)}

    @router.post("/api/keys/rotations", response_model=key_answers.Rotated)
    async def rotate(wanted: shapes.AdmissionRequest) -> dict[str, Any]:
        """Has the author's next root follow the one that speaks."""
        record = await parts.devices.rotate(wanted.alone)
        await parts.library.refresh()
        return {"record": str(record.id), "root": record.device.hex()}

    @router.post("/api/delegations", response_model=key_answers.Delegated)
    async def delegate(wanted: shapes.DelegationRequest) -> dict[str, Any]:
        """Has the root admit a device whose key was made elsewhere, such as in a page; safe to repeat."""
        device = bytes.fromhex(wanted.device)
        record = await parts.devices.delegated(device, wanted.name)
        await parts.library.refresh()
        return {"author": str(parts.author.id), "device": wanted.device, "record": str(record.id)}

    @router.get("/api/devices/{device}", response_model=key_answers.DeviceState)
    async def get_device(device: DeviceKey) -> dict[str, Any]:
        """Where a device of this node's author stands, and what its next record must carry."""
        found = await parts.devices.state(bytes.fromhex(device))
        if found is None:
            raise Absent(f"found no device {device} of this node's author, expected one that its root has admitted")
        return found

    return router
