"""The node's API: parsing and showing only; what it does is done in `cinepeer.app`."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse

from cinepeer import __version__
from cinepeer.app.publish import FilmFacts
from cinepeer.app.titles import parse_owners
from cinepeer.errors import BadInput, CinepeerError, LimitReached, Refused, Unreachable
from cinepeer.faces.http import shapes, views
from cinepeer.faces.http.keys import keys
from cinepeer.faces.http.parts import Parts
from cinepeer.records import dagcbor
from cinepeer.records.record import unpack

log = logging.getLogger("cinepeer.http")

DAG_CBOR_TYPE = "application/vnd.ipld.dag-cbor"
MAX_IMPORTED = 10_000


def application(parts: Parts, *routers: APIRouter) -> FastAPI:
    """The page's origin: `routers` first, the API below `/api`, and the status at `/` where no page was built."""
    app = FastAPI(title="Cinepeer", version=__version__, docs_url=None, redoc_url=None)
    app.add_exception_handler(CinepeerError, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _unforeseen)
    for router in (*routers, reading(parts), writing(parts), ledger(parts), keys(parts)):
        app.include_router(router)
    return app


async def _problem(_: Request, error: Exception) -> Response:
    status = 500
    for kind, code in ((LimitReached, 507), (BadInput, 400), (Unreachable, 503), (Refused, 422)):
        if isinstance(error, kind):
            status = code
            break
    return problem(status, str(error))


async def _unforeseen(request: Request, error: Exception) -> Response:
    log.error("http.failed path=%s", request.url.path, exc_info=error)
    return problem(500, "found a mistake of this node's own, expected an answer: its log says more")


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body")
    return problem(422, f"found {str(first.get('input'))[:80]!r} for {where or 'the body'}, expected: {first['msg']}")


def problem(status: int, detail: str) -> JSONResponse:
    """An RFC 9457 problem document."""
    content = {"type": "about:blank", "status": status, "detail": detail}
    return JSONResponse(content, status_code=status, media_type="application/problem+json")


def reading(parts: Parts) -> APIRouter:
    """What anybody on this machine may read."""
    router = APIRouter()

    @router.get("/")
    @router.get("/api/status")
    async def status() -> dict[str, Any]:
        return await views.status(parts)

    @router.get("/api/films")
    async def films() -> list[dict[str, Any]]:
        return await views.films(parts)

    @router.get("/api/films/{film}")
    async def film(film: str) -> dict[str, Any]:
        return await views.film(parts, film)

    @router.get("/api/films/{film}/records")
    async def film_records(film: str) -> Response:
        pairs = await views.film_records(parts, film)
        return Response(dagcbor.encode([[record.block, body] for record, body in pairs]), media_type=DAG_CBOR_TYPE)

    @router.get("/api/records/{record}")
    async def record(record: str) -> Response:
        held = await parts.store.get(views.cid(record))
        if held is None:
            return problem(404, f"found no record {record} here, expected one that this node holds")
        return Response(dagcbor.encode([held[0].block, held[1]]), media_type=DAG_CBOR_TYPE)

    @router.get("/api/recommendations")
    async def recommendations(limit: int = 20, fit: bool = False) -> dict[str, Any]:
        if fit or not parts.recommendations.is_current:
            await parts.recommendations.fit()
        return views.recommendations(parts, limit)

    @router.get("/api/peers")
    async def peers() -> list[dict[str, Any]]:
        return views.peers(parts)

    @router.get("/api/hosting")
    async def hosting() -> dict[str, Any]:
        return await views.hosting(parts)

    return router


def writing(parts: Parts) -> APIRouter:
    """What changes this node: every route but the import of signed records needs the node's token."""
    router = APIRouter()

    @router.post("/api/records")
    async def import_records(request: Request) -> dict[str, Any]:
        found = dagcbor.decode(await request.body())
        if not isinstance(found, list) or len(found) > MAX_IMPORTED:
            raise BadInput(f"found no list of records, expected at most {MAX_IMPORTED} pairs of record and body")
        pairs = [unpack(dagcbor.encode(pair)) for pair in found]
        outcome = await parts.store.add(pairs, parts.clock_ms())
        await parts.library.refresh()
        added = {record.id for record in outcome.added}
        await parts.replication.announce([pair for pair in pairs if pair[0].id in added])
        refused = [{"record": str(record), "reason": str(error)} for record, error in outcome.refused]
        waiting = [{"record": str(record.id), "for": why} for record, _, why in outcome.waiting]
        return {"added": len(outcome.added), "refused": refused, "waiting": waiting}

    @router.post("/api/publish")
    async def publish(wanted: shapes.PublishRequest) -> Response:
        return StreamingResponse(_publish(parts, wanted), media_type="application/x-ndjson")

    @router.post("/api/ratings")
    async def rate(wanted: shapes.RatingRequest) -> dict[str, Any]:
        return await views.rate(parts, wanted.ratings)

    @router.post("/api/peers")
    async def connect(wanted: shapes.AddressRequest) -> dict[str, str]:
        return {"peer_id": await parts.connect(wanted.addr)}

    @router.post("/api/sync")
    async def sync() -> list[dict[str, Any]]:
        return await views.sync(parts)

    @router.post("/api/hosting")
    async def pursue() -> dict[str, Any]:
        taken = await parts.hosting.pursue()
        return {"taken": taken, **await views.hosting(parts)}

    @router.post("/api/denied")
    async def deny(wanted: shapes.DenyRequest) -> dict[str, int]:
        return {"blocks": await parts.moderation.deny(wanted.cid)}

    return router


async def _publish(parts: Parts, wanted: shapes.PublishRequest) -> AsyncIterator[str]:
    """One JSON line for each step as it happens; the last holds `done` or `problem`."""
    facts = FilmFacts(
        name=wanted.name,
        year=wanted.year,
        external=tuple(wanted.external),
        genres=tuple(wanted.genres),
        synopsis=wanted.synopsis,
        languages=tuple(wanted.languages),
        credits=tuple(wanted.credits),
    )
    told: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

    async def work() -> None:
        try:
            owners = parse_owners([(share.holder, share.shares) for share in wanted.owners])
            published = await parts.publishing.publish(
                Path(wanted.path), facts, lambda stage, measure: told.put_nowait({"stage": stage, **measure})
            )
            done = views.published(published)
            if wanted.title:
                title = await parts.titles.register(str(published.film), owners)
                told.put_nowait({"stage": "title", **title})
                done["title"] = title
            told.put_nowait({"done": done})
        except CinepeerError as error:
            told.put_nowait({"problem": str(error), "exit_code": error.exit_code})
        finally:
            told.put_nowait(None)

    task = asyncio.create_task(work())
    try:
        while (line := await told.get()) is not None:
            yield json.dumps(line) + "\n"
        await task
    finally:
        task.cancel()


def ledger(parts: Parts) -> APIRouter:
    """Titles, licences, money and proof."""
    router = APIRouter()

    @router.get("/api/account")
    async def account() -> dict[str, Any]:
        return await parts.titles.account()

    @router.post("/api/account/credits")
    async def credits() -> dict[str, Any]:
        return await parts.titles.take_credits()

    @router.get("/api/films/{film}/rights")
    async def rights(film: str) -> dict[str, Any]:
        return await parts.titles.rights(film)

    @router.post("/api/titles")
    async def register(wanted: shapes.TitleRequest) -> dict[str, Any]:
        owners = parse_owners([(share.holder, share.shares) for share in wanted.owners])
        return await parts.titles.register(wanted.film, owners)

    @router.post("/api/offers")
    async def offer(wanted: shapes.OfferRequest) -> dict[str, Any]:
        return await parts.titles.offer(
            wanted.film,
            price=int(wanted.price),
            medium=wanted.medium,
            territory=wanted.territory,
            days=wanted.days,
            supply=wanted.supply,
            exclusive=wanted.exclusive,
        )

    @router.post("/api/licences")
    async def buy(wanted: shapes.LicenceRequest) -> dict[str, Any]:
        return await parts.titles.buy(views.cid(wanted.offer))

    @router.post("/api/payments")
    async def pay(wanted: shapes.PaymentRequest) -> dict[str, Any]:
        return await parts.titles.pay(wanted.film, int(wanted.amount), wanted.memo)

    @router.post("/api/withdrawals")
    async def withdraw(wanted: shapes.WithdrawalRequest) -> dict[str, Any]:
        return await parts.titles.withdraw(wanted.film, bytes.fromhex(wanted.holder[2:]))

    @router.post("/api/anchors")
    async def anchor() -> dict[str, Any]:
        return await parts.titles.anchor()

    @router.post("/api/audits")
    async def audit(wanted: shapes.AuditRequest) -> Response:
        raters = [views.cid(author) for author in wanted.raters]
        bundle = await parts.auditing.bundle(wanted.film, raters)
        return StreamingResponse(bundle, media_type="application/vnd.ipld.car")

    return router
