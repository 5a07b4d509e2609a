"""The API of trips: a film made whole on this node, so that it plays without a network."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from cinepeer.app.catalogue import Version
from cinepeer.app.trip import Standing
from cinepeer.errors import Absent
from cinepeer.faces.http import views
from cinepeer.faces.http.answers import Answer
from cinepeer.faces.http.nesting import ShallowRoute
from cinepeer.faces.http.parts import Parts
from cinepeer.faces.http.shapes import Shape

Cut = Annotated[str, Query(max_length=120)]


class TripRequest(Shape):
    """The version that is to come here whole; the first one without it."""

    version: str = Field(default="", max_length=120)


class TripState(Answer):
    """How far a version is: blocks that are here of all; `kept`: it never leaves for another film."""

    version: str
    state: Literal["whole", "coming", "failed", "absent"]
    blocks: int
    of: int
    kept: bool
    problem: str | None


def trips(parts: Parts) -> APIRouter:
    """Routes at `/api/films/{film}/trip`."""
    router = APIRouter(tags=["node"], route_class=ShallowRoute)

    @router.get("/api/films/{film}/trip", response_model=TripState)
    async def get_trip(film: str, version: Cut = "") -> dict[str, Any]:
        """How far a version is."""
        found = _version(parts, film, version)
        return _told(found, await parts.trips.standing(found))

    @router.post("/api/films/{film}/trip", response_model=TripState)
    async def keep_for_trip(film: str, wanted: TripRequest) -> dict[str, Any]:
        """Has a version come here whole and stay."""
        found = _version(parts, film, wanted.version)
        return _told(found, await parts.trips.keep(found))

    @router.delete("/api/films/{film}/trip", response_model=TripState)
    async def end_trip(film: str, version: Cut = "") -> dict[str, Any]:
        """Lets a version go again, and gives its disk back."""
        found = _version(parts, film, version)
        return _told(found, await parts.trips.let_go(found))

    return router


def _version(parts: Parts, film_id: str, version_id: str) -> Version:
    film = views.film_of(parts, film_id)
    for version in film.versions:
        if version_id in ("", str(version.id)):
            return version
    raise Absent(f"found no version {version_id} of {film.name!r}, expected one that this node knows")


def _told(version: Version, found: Standing) -> dict[str, Any]:
    names = ("state", "blocks", "of", "kept", "problem")
    return {"version": str(version.id), **{name: getattr(found, name) for name in names}}
