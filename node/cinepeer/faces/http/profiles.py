"""The API of profiles: what an author is called, and the ledger account that is theirs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from cinepeer.app.profile import Profiles
from cinepeer.faces.http import views
from cinepeer.faces.http.answers import Answer
from cinepeer.faces.http.nesting import ShallowRoute
from cinepeer.faces.http.parts import Parts
from cinepeer.faces.http.shapes import Shape


class ProfileRequest(Shape):
    """A new name, and whether this node's account is to be named; what is left out stays as it is."""

    name: str | None = Field(default=None, max_length=200)
    bound: bool | None = None


class ProfileOf(Answer):
    """An author's newest profile; `account` only where that account signed for the author too, else `objection`."""

    author: str
    name: str
    record: str | None
    account: str | None
    chain: int | None
    objection: str | None


def profiles(parts: Parts) -> APIRouter:
    """Routes of profiles."""
    router = APIRouter(tags=["keys"], route_class=ShallowRoute)

    def told() -> Profiles:
        return Profiles(parts.author, parts.library, parts.store, parts.titles.wallet)

    @router.get("/api/profiles/{author}", response_model=ProfileOf)
    async def get_profile(author: str) -> dict[str, Any]:
        """What an author is called, and their ledger account; `own` is this node's author."""
        return await told().read(parts.author.id if author == "own" else views.cid(author))

    @router.post("/api/profiles", response_model=ProfileOf)
    async def sign_profile(wanted: ProfileRequest) -> dict[str, Any]:
        """Signs this node's author's profile."""
        return await told().sign(wanted.name, wanted.bound)

    return router
