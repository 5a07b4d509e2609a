"""JSON bodies, bounded in depth before they are read: a decoder that recurses would overrun its stack, not raise."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

MAX_DEPTH = 32
_BESIDES_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class ShallowRoute(APIRoute):
    """A route whose JSON body nests at most `MAX_DEPTH` deep; a deeper one is refused by 400."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """As the framework's, with the depth looked at first."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            return await handle(_ShallowRequest(request.scope, request.receive))

        return answer


class _ShallowRequest(Request):
    async def json(self) -> Any:
        if is_deep(await self.body()):
            raise HTTPException(400, f"found JSON nested more than {MAX_DEPTH} deep, expected the route's shape")
        return await super().json()


def is_deep(body: bytes) -> bool:
    """Whether brackets outside of strings nest deeper than `MAX_DEPTH`, in time linear in the body."""
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    depth = 0
    for sign in b"".join(plain.split(b'"')[::2]).translate(None, _BESIDES_BRACKETS):
        depth += 1 if sign in b"[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False
