"""The API of money by holder and period, and of what may be shown where."""

from __future__ import annotations

import time as clock
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field, model_validator

from cinepeer.app.statements import Statements
from cinepeer.app.terms import Terms
from cinepeer.faces.http import views
from cinepeer.faces.http.answers import Answer
from cinepeer.faces.http.ledger_answers import Claim, DisputeOf, OfferOf, OfferText
from cinepeer.faces.http.nesting import ShallowRoute
from cinepeer.faces.http.parts import Parts
from cinepeer.faces.http.shapes import OfferRequest, Shape
from cinepeer.rights.sentence import offer_sentence

Seconds = Annotated[int, Query(ge=0, lt=1 << 53)]
Account = Annotated[str | None, Query(pattern=r"^0x[0-9a-fA-F]{40}$")]
FAR_S = 1 << 40


class StatementRow(Answer):
    """One holder's part of one title; `opening`, `earned`, `closing` are exact decimals of the smallest unit."""

    title: str
    film: str
    name: str
    holder: str
    currency: str
    shares: int
    opening: str
    earned: str
    paid_out: str
    redeemed: str
    closing: str


class PurseRow(Answer):
    """A title's purse over the period, in the smallest unit."""

    title: str
    currency: str
    opening: str
    credited: str
    paid_out: str
    closing: str


class SourceRow(Answer):
    """What came into a purse, from whom: a `sale`, another `film`'s purse, or a `payment`."""

    title: str
    currency: str
    payer: str
    sort: str
    amount: str


class StatementOf(Answer):
    """A statement from `begin` to before `end` (seconds), as of a block; `csv` is the same rows as a table."""

    begin: int
    end: int
    block: int
    rows: list[StatementRow]
    purses: list[PurseRow]
    sources: list[SourceRow]
    csv: str


class Place(Answer):
    """An entry of the ledger's log."""

    block: int
    log: int


class Showing(Answer):
    """
    Whether a film may be shown, why (in English, and as a code with its facts), and the entry that decides (null: none
    does).
    """

    allowed: bool
    reason: str
    code: str
    facts: dict[str, str | int]
    entry: Place | None
    block: int
    time: int
    title: str | None
    disputes: list[DisputeOf]
    claims: list[Claim]


class ScreenerRequest(Shape):
    """An own film, and for how many days its screener link holds, or until when (seconds)."""

    film: str
    days: int | None = Field(default=None, ge=1, le=3_650)
    until: int | None = Field(default=None, ge=0, lt=FAR_S)

    @model_validator(mode="after")
    def check_end(self) -> ScreenerRequest:
        """One end, told one way."""
        if (self.days is None) == (self.until is None):
            raise ValueError("expected days or until, and not both")
        return self


class ScreenerOf(Answer):
    """A screener link's text, until when (seconds) it holds, and where any node's page opens it."""

    film: str
    until: int
    screener: str
    path: str


def _now_s() -> int:
    return int(clock.time())


def statements(parts: Parts) -> APIRouter:
    """What the ledger owes whom, and what may be shown."""
    router = APIRouter(tags=["titles"], route_class=ShallowRoute)

    def told() -> Statements:
        return Statements(parts.titles, parts.library, parts.store, parts.author, _now_s)

    @router.get("/api/statements", response_model=StatementOf)
    async def get_statement(
        film: str | None = None, holder: Account = None, begin: Seconds = 0, end: Seconds = FAR_S
    ) -> dict[str, Any]:
        """What each holder earned and was paid in a period, exact to the smallest unit."""
        chosen = None if film is None else views.film_of(parts, film)
        return await told().statement(chosen, None if holder is None else bytes.fromhex(holder[2:]), begin, end)

    @router.get("/api/films/{film}/showing", response_model=Showing)
    async def get_showing(
        film: str,
        territory: str = "",
        medium: str = "streaming",
        time: Seconds | None = None,
        block: Seconds | None = None,
        licensee: Account = None,
        screener: Annotated[str | None, Query(max_length=1_000)] = None,
        own: bool = False,
    ) -> dict[str, Any]:
        """Whether a film may be shown there (without `territory`: wherever), so, then, and by whom."""
        who = None if licensee is None else bytes.fromhex(licensee[2:])
        return await told().showing(views.film_of(parts, film), territory, medium, time, block, who, screener, own)

    @router.get("/api/films/{film}/offers", response_model=list[OfferOf])
    async def get_offers(film: str, language: Literal["en", "zh"] = "en") -> list[dict[str, Any]]:
        """A film's licence offers: terms, where each stands, and one plain text that can be read back."""
        return await told().offers(views.film_of(parts, film), language)

    @router.post("/api/offers/readings", response_model=OfferText)
    async def read_offer(wanted: OfferRequest, language: Literal["en", "zh"] = "en") -> dict[str, Any]:
        """An own film's offer in words, before it is signed; nothing is."""
        draft = parts.titles.draft(wanted.film, Terms.of(wanted.terms()))
        return {"text": offer_sentence(draft, language), "opens": draft.opens, "salt": f"0x{draft.salt:064x}"}

    @router.post("/api/screeners", response_model=ScreenerOf)
    async def new_screener(wanted: ScreenerRequest) -> dict[str, Any]:
        """A link by which an own film may be seen before its premiere."""
        until = _now_s() + wanted.days * 86_400 if wanted.days is not None else wanted.until
        assert until is not None, "the shape has one of them"
        return told().screener(views.film_of(parts, wanted.film), until)

    return router
