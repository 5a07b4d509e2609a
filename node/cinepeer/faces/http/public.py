"""The second listener, off by default: what anybody may read from this node and check for themselves.

GET and HEAD alone; records, the gateway's blocks and CARs, and what the ledger says. No cookie, no token, no secret:
so that any page and any light client may ask it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, FastAPI

from cinepeer import __version__
from cinepeer.faces.http import answers, ledger_answers, views
from cinepeer.faces.http.chain import chain
from cinepeer.faces.http.checkpoints import reading_checkpoints
from cinepeer.faces.http.custody import releases
from cinepeer.faces.http.films import films
from cinepeer.faces.http.gateway import gateway
from cinepeer.faces.http.guard import Asgi, Receive, Scope, Send, headed, send_problem
from cinepeer.faces.http.opinions import reading_records
from cinepeer.faces.http.pace import paced
from cinepeer.faces.http.parts import Parts
from cinepeer.faces.http.people import reading_people
from cinepeer.faces.http.problems import ERRORS, tell_problems
from cinepeer.faces.http.reviews import reading_reviews
from cinepeer.faces.http.routing import routing
from cinepeer.faces.http.takedown import reading_takedown
from cinepeer.faces.http.taste import models
from cinepeer.ports import IpfsBackend
from cinepeer.records.cid import Cid

_METHODS = "GET, HEAD, OPTIONS"
_OPEN = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"Content-Length, Content-Range, ETag"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"x-content-type-options", b"nosniff"),
]
_PREFLIGHT = [
    (b"access-control-allow-methods", _METHODS.encode()),
    (b"access-control-allow-headers", b"Accept, If-None-Match, Range"),
    (b"access-control-max-age", b"86400"),
]


def public(parts: Parts, ipfs: IpfsBackend, denied: Callable[[Cid], bool], *frames: APIRouter) -> Asgi:
    """The second listener's application; `frames` show films on other sites, where the page was built."""
    app = FastAPI(
        title="Cinepeer, public", version=__version__, openapi_url=None, docs_url=None, redoc_url=None, responses=ERRORS
    )
    tell_problems(app)
    for router in (*readable(parts, ipfs, denied), *frames):
        app.include_router(router)
    return _opened(paced(headed(app), parts.bandwidth))


def readable(parts: Parts, ipfs: IpfsBackend, denied: Callable[[Cid], bool]) -> list[APIRouter]:
    """Every route of the second listener."""
    return [
        gateway(ipfs, denied, trustless=True),
        films(parts, is_own=False),
        reading_records(parts),
        models(parts),
        reading_checkpoints(parts),
        reading_reviews(parts),
        reading_people(parts, is_own=False),
        reading_takedown(parts),
        _summary(parts),
        chain(parts),
        releases(parts),
        routing(parts),
    ]


def _summary(parts: Parts) -> APIRouter:
    """What a stranger may know of the node and of the ledger."""
    router = APIRouter()

    @router.get("/api/status", response_model=answers.PublicStatus)
    async def get_public_status() -> dict[str, Any]:
        """Who this is, and how much it holds."""
        return await views.public_status(parts)

    @router.get("/api/films/{film}/rights", response_model=ledger_answers.Rights)
    async def get_public_rights(film: str) -> dict[str, Any]:
        """A film's rights as they stand."""
        views.film_of(parts, film)
        return await parts.titles.rights(film)

    return router


def _opened(inner: Asgi) -> Asgi:
    """`inner` for readers of every origin, and for nobody who would write."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await inner(scope, receive, send)
            return

        async def send_open(event: Any) -> None:
            if event["type"] == "http.response.start":
                event = {**event, "headers": [*event.get("headers", []), *_OPEN]}
            await send(event)

        if scope["method"] == "OPTIONS":
            await send_open({"type": "http.response.start", "status": 204, "headers": _PREFLIGHT})
            await send({"type": "http.response.body", "body": b""})
        elif scope["method"] not in ("GET", "HEAD"):
            told = f"found the method {scope['method'][:20]}, expected one of {_METHODS}: nobody writes here"
            await send_problem(send_open, 405, told)
        else:
            await inner(scope, receive, send_open)

    return answer
