"""The API of takedown: reports, how the owner of this node ruled on them, and what was said against that."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field

from cinepeer.app.reported import Appeal, Report, Ruling
from cinepeer.app.takedown import Takedown
from cinepeer.faces.http import review_answers, takedown_answers, views
from cinepeer.faces.http.films import DAG_CBOR_TYPE, RECORDS
from cinepeer.faces.http.nesting import ShallowRoute
from cinepeer.faces.http.parts import Parts
from cinepeer.faces.http.shapes import Shape
from cinepeer.records import dagcbor
from cinepeer.records.cid import Cid

MAX_APPEALS = 100  # told of one ruling

Limit = Annotated[int, Query(ge=1, le=200)]
Language = Annotated[str, Field(max_length=35)]


class ClaimRequest(Shape):
    """What should not be held or shown, and why; everything in it is public, `contact` too."""

    on: str = Field(max_length=100)
    ground: str = Field(min_length=1, max_length=64)
    text: str = Field(min_length=1, max_length=4_096)
    language: Language = ""
    contact: str | None = Field(default=None, max_length=300)


class RulingRequest(Shape):
    """A report, or any record, and whether this node denies what it is about."""

    on: str = Field(max_length=100)
    denied: bool
    reason: str = Field(min_length=1, max_length=4_096)
    language: Language = ""


class AppealRequest(Shape):
    """Words against a ruling."""

    ruling: str = Field(max_length=100)
    text: str = Field(min_length=1, max_length=4_096)
    language: Language = ""


def reading_takedown(parts: Parts) -> APIRouter:
    """What anybody may read of reports and rulings."""
    router = APIRouter(tags=["takedown"], route_class=ShallowRoute)

    @router.get("/api/films/{film}/reports", response_model=takedown_answers.Reported)
    async def get_reported(film: str, limit: Limit = 50) -> dict[str, Any]:
        """What was reported of a film, its versions and its author, and how nodes ruled."""
        reports, rulings = _of_film(parts, film, limit)
        return {
            "reports": [await _report(parts, one) for one in reports],
            "rulings": [await _ruling(parts, one) for one in rulings],
        }

    @router.get("/api/films/{film}/reports/records", response_class=Response, responses=RECORDS)
    async def get_reported_records(film: str, limit: Limit = 50) -> Response:
        """The records behind the same answer, with the chains of keys that a client checks them by."""
        reports, rulings = _of_film(parts, film, limit)
        wanted = {one.record for one in (*reports, *rulings)}
        told = parts.library.catalogue.reported
        for ruling in rulings:
            wanted.update(one.record for one in islice(told.appeals_to(ruling.record), MAX_APPEALS))
        pairs = await views.with_chains(parts, wanted)
        return Response(dagcbor.encode([[record.block, body] for record, body in pairs]), media_type=DAG_CBOR_TYPE)

    @router.get("/api/rulings", response_model=list[takedown_answers.RulingOf])
    async def list_rulings(limit: Limit = 50) -> list[dict[str, Any]]:
        """How the owner of this node ruled, newest first."""
        found = parts.library.catalogue.reported.rulings_of(parts.author.id)
        return [await _ruling(parts, one) for one in found[:limit]]

    return router


def takedown(parts: Parts) -> APIRouter:
    """Reading, what waits for a ruling, and signing by the node's own device."""
    router = reading_takedown(parts)

    def made() -> Takedown:
        return Takedown(parts.author, parts.library, parts.store, parts.moderation)

    @router.get("/api/reports", response_model=list[takedown_answers.ReportOf])
    async def list_reports(limit: Limit = 50) -> list[dict[str, Any]]:
        """The reports that wait for a ruling of this node's owner, oldest first."""
        return [await _report(parts, one) for one in made().waiting()[:limit]]

    @router.post("/api/reports", response_model=review_answers.Signed)
    async def report(wanted: ClaimRequest) -> dict[str, Any]:
        """Signs a report on a film, a version, an author or words that are held here."""
        fields = (wanted.ground, wanted.text, wanted.language, wanted.contact)
        return {"record": str(await made().report(views.cid(wanted.on), *fields))}

    @router.post("/api/rulings", response_model=takedown_answers.RulingOf)
    async def rule(wanted: RulingRequest) -> dict[str, Any]:
        """Denies or keeps what a report is about, or a record itself; the reason is signed for everybody to read."""
        words = {"reason": wanted.reason, "language": wanted.language}
        return await _ruling(parts, await made().rule(views.cid(wanted.on), denied=wanted.denied, **words))

    @router.post("/api/appeals", response_model=review_answers.Signed)
    async def appeal(wanted: AppealRequest) -> dict[str, Any]:
        """Signs words against a ruling."""
        return {"record": str(await made().appeal(views.cid(wanted.ruling), wanted.text, wanted.language))}

    return router


def _of_film(parts: Parts, text: str, limit: int) -> tuple[list[Report], list[Ruling]]:
    """What was said of a film, its versions and its author; raises `Absent` for a film that is not known."""
    film = views.film_of(parts, text)
    named = [film.record, film.author, *(version.id for version in film.versions)]
    told = parts.library.catalogue.reported
    return told.reports_on(named)[:limit], told.rulings_on(named)[:limit]


def _signature(parts: Parts, one: Report | Ruling | Appeal) -> dict[str, Any]:
    name = parts.library.catalogue.names.get(one.author)
    return {"record": str(one.record), "author": str(one.author), "name": name, "time_ms": one.time}


async def _report(parts: Parts, one: Report) -> dict[str, Any]:
    words = {"ground": one.ground, "text": one.text, "language": one.language, "contact": one.contact}
    return {**_signature(parts, one), "about": await _about(parts, one.on), **words}


async def _ruling(parts: Parts, one: Ruling) -> dict[str, Any]:
    told = parts.library.catalogue.reported
    held = await parts.store.get(one.on)
    return {
        **_signature(parts, one),
        "about": await _about(parts, one.on),
        "report": None if one.report is None else str(one.report),
        **{"denied": one.denied, "reason": one.reason, "language": one.language},
        "stands": told.stands(one),
        "appeals": [
            {
                **_signature(parts, appeal),
                **{"text": appeal.text, "language": appeal.language},
                "is_concerned": held is not None and held[0].author == appeal.author,
            }
            for appeal in islice(told.appeals_to(one.record), MAX_APPEALS)
        ],
    }


async def _about(parts: Parts, on: Cid) -> dict[str, Any]:
    """What is named, as far as this node knows it."""
    catalogue = parts.library.catalogue
    if (film := catalogue.films.get(str(on))) is not None:
        return {"on": str(on), "sort": "film", "name": film.name, "film": film.id}
    for film in catalogue.films.values():
        for version in film.versions:
            if version.id == on:
                label = version.fields["label"]
                return {"on": str(on), "sort": "version", "name": f"{film.name}: {label}", "film": film.id}
    if parts.store.feeds.author(on) is not None:
        return {"on": str(on), "sort": "author", "name": catalogue.names.get(on), "film": None}
    held = await parts.store.get(on)
    return {"on": str(on), "sort": "record" if held is None else held[0].kind, "name": None, "film": None}
