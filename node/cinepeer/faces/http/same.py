"""The API of sameness: which ids mean one film here, who says so, and own words on it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from cinepeer.errors import Absent, BadInput, Refused
from cinepeer.faces.http import review_answers, taste_answers, taste_views
from cinepeer.faces.http.nesting import ShallowRoute
from cinepeer.faces.http.parts import Parts
from cinepeer.faces.http.shapes import Shape
from cinepeer.faces.http.signing import sign
from cinepeer.records.bodies import parse_film_id
from cinepeer.trust.same import Standing, Word


class SameRequest(Shape):
    """Two film ids; `same` false: they are two films."""

    one: str = Field(max_length=100)
    other: str = Field(max_length=100)
    same: bool = True


def same(parts: Parts) -> APIRouter:
    """Reading, and signing by the node's own device."""
    router = APIRouter(tags=["lists"], route_class=ShallowRoute)

    @router.get("/api/same", response_model=list[taste_answers.JoinedOf])
    async def list_same() -> list[dict[str, Any]]:
        """This node's author's own words on which ids mean one film."""
        own = parts.author.id
        return [
            taste_views.joined(Word(pair, Standing.OWN, said.is_same, own, said.record))
            for pair, said in parts.library.catalogue.joining.of(own)
        ]

    @router.get("/api/same/{film}", response_model=taste_answers.SameOf)
    async def get_same(film: str) -> dict[str, Any]:
        """The ids that mean this film in lists here, and whose words join them."""
        try:
            known = parse_film_id(film)
        except Refused as error:
            raise Absent(str(error)) from error
        found = parts.recommendations.classes(parts.author.id)
        name = found.name(known)
        words = found.words.get(name, ())
        return {"film": name, "ids": list(found.ids(name)), "joined": [taste_views.joined(word) for word in words]}

    @router.post("/api/same", response_model=review_answers.Signed)
    async def join(wanted: SameRequest) -> dict[str, Any]:
        """Signs that two ids mean one film, or do not, for everybody to see; it counts here and with followers."""
        try:
            pair = sorted((parse_film_id(wanted.one), parse_film_id(wanted.other)))
        except Refused as error:
            raise BadInput(str(error)) from error
        if pair[0] == pair[1]:
            raise BadInput(f"found the film id {pair[0]} twice, expected two ids")
        return await sign(parts, "same", {"films": list(pair), "same": wanted.same})

    return router
