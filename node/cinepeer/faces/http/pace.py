"""Film blocks over HTTP count like those over bitswap: paced by the second, and none once the month's share is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from cinepeer.app.bandwidth import Bandwidth
from cinepeer.faces.http.guard import Asgi, Receive, Scope, Send, send_problem

COUNTED = "/ipfs/"


def paced(inner: Asgi, bandwidth: Bandwidth, sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep) -> Asgi:
    """`inner`, whose answers below `/ipfs/` keep to what the owner lets be sent."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(COUNTED):
            await inner(scope, receive, send)
            return
        if not bandwidth.may_send():
            told = "found this month's share of film blocks sent, expected another host or another month"
            await send_problem(send, 503, told)
            return

        async def send_paced(event: Any) -> None:
            await send(event)
            if size_bytes := len(event.get("body", b"")):
                await sleep(bandwidth.sending(size_bytes))

        await inner(scope, receive, send_paced)

    return answer
