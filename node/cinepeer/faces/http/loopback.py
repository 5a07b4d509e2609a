"""Lets only programs of this machine in: no page of a browser, and no name that may come to mean this machine."""

from __future__ import annotations

import ipaddress
from collections.abc import MutableMapping
from typing import Any

from fastapi.responses import JSONResponse


class Loopback:
    """Refuses browsers (any Origin) and names that are not loopback (DNS rebinding)."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            host = headers.get(b"host", b"").decode("latin-1")
            if b"origin" in headers or not _is_loopback(host):
                refusal = {"Message": "found an Origin or a foreign Host, expected a local tool", "Type": "error"}
                await JSONResponse(refusal, 403)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _is_loopback(host: str) -> bool:
    name = host.partition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
