"""The API of screenings: reports that viewers chose to send, and what they come to for the film's creator."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from cinepeer.errors import Absent
from cinepeer.faces.http import views
from cinepeer.faces.http.answers import Answer
from cinepeer.faces.http.nesting import ShallowRoute
from cinepeer.faces.http.parts import Parts
from cinepeer.faces.http.shapes import Shape
from cinepeer.trust.screenings import EPSILON, PARTS, Share, average, retention


class ScreeningRequest(Shape):
    """How far a screening came, in tenths, as the page drew it by randomised response: never the plain truth."""

    reached: int = Field(ge=0, le=PARTS)


class ScreeningSent(Answer):
    """The report goes at some moment within so many seconds."""

    within_s: float


class ScreeningShare(Answer):
    """A share of the screenings and the interval that holds it 95 times of a hundred, all from 0 to 1."""

    low: float
    share: float
    high: float


class ScreeningSums(Answer):
    """What the reports of a film come to: `through[0]` is the share that came through the first tenth.

    `average` is the part of the film that was watched on average; both are null without a report. `epsilon` is what
    one report gives away at most.
    """

    film: str
    reports: int
    epsilon: float
    through: list[ScreeningShare] | None
    average: ScreeningShare | None


def screenings(parts: Parts) -> APIRouter:
    """Routes at `/api/films/{film}/screenings`."""
    router = APIRouter(tags=["films"], route_class=ShallowRoute)

    @router.post("/api/films/{film}/screenings", response_model=ScreeningSent)
    async def report_screening(film: str, wanted: ScreeningRequest) -> dict[str, Any]:
        """Sends a report to the film's creator, sealed, within the hour, through a neighbour."""
        return {"within_s": parts.screenings.report(views.film_of(parts, film), wanted.reached)}

    @router.get("/api/films/{film}/screenings", response_model=ScreeningSums)
    async def count_screenings(film: str) -> dict[str, Any]:
        """What the reports of an own film come to."""
        found = views.film_of(parts, film)
        counts = parts.screenings.counts(found)
        if counts is None:
            raise Absent("found a film of another author, expected one of this home's: reports go to a film's creator")
        reports = sum(counts)
        return {
            "film": found.id,
            "reports": reports,
            "epsilon": EPSILON,
            "through": [_told(one) for one in retention(counts)] if reports else None,
            "average": _told(average(counts)) if reports else None,
        }

    return router


def _told(found: Share) -> dict[str, float]:
    return {"low": found.low, "share": min(1.0, max(0.0, found.share)), "high": found.high}
