"""What a route has the node's author sign."""

from __future__ import annotations

from typing import Any

from cinepeer.errors import BadInput, Refused
from cinepeer.faces.http.parts import Parts


async def sign(parts: Parts, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Signs a record and takes it up; returns its id. Raises `BadInput` where its body has no such form."""
    try:
        record = await parts.author.sign(kind, fields)
    except Refused as error:
        raise BadInput(str(error)) from error
    await parts.library.refresh()
    return {"record": str(record.id)}
