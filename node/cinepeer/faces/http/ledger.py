"""The API of titles, licences, money and proof."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse

from cinepeer.app.terms import Terms
from cinepeer.app.titles import parse_owners
from cinepeer.faces.http import ledger_answers as answers
from cinepeer.faces.http import shapes, views
from cinepeer.faces.http.chain import CAR, CAR_TYPE
from cinepeer.faces.http.nesting import ShallowRoute
from cinepeer.faces.http.parts import Parts


def ledger(parts: Parts) -> APIRouter:
    """What an account does on the ledger."""
    router = APIRouter(tags=["ledger"], route_class=ShallowRoute)

    @router.get("/api/account", response_model=answers.Account)
    async def get_account() -> dict[str, Any]:
        """This node's account."""
        return await parts.titles.account()

    @router.post("/api/account/credits", response_model=answers.Credited)
    async def take_credits() -> dict[str, Any]:
        """Asks an embedded ledger for test credits; they are not money."""
        return await parts.titles.take_credits()

    @router.post("/api/payments", response_model=answers.Paid)
    async def pay(wanted: shapes.PaymentRequest) -> dict[str, Any]:
        """Pays into a film's purse."""
        return await parts.titles.pay(wanted.film, int(wanted.amount), wanted.memo)

    @router.post("/api/withdrawals", response_model=answers.Withdrawn)
    async def withdraw(wanted: shapes.WithdrawalRequest) -> dict[str, Any]:
        """Has a holder's royalties paid out to that holder."""
        return await parts.titles.withdraw(wanted.film, bytes.fromhex(wanted.holder[2:]))

    return router


def titles(parts: Parts) -> APIRouter:
    """What the ledger says of films."""
    router = APIRouter(tags=["titles"], route_class=ShallowRoute)

    @router.get("/api/films/{film}/rights", response_model=answers.Rights)
    async def get_rights(film: str) -> dict[str, Any]:
        """A film's rights as they stand."""
        views.film_of(parts, film)
        return await parts.titles.rights(film)

    @router.post("/api/titles", response_model=answers.Registered, response_model_exclude_unset=True)
    async def register(wanted: shapes.TitleRequest) -> dict[str, Any]:
        """Registers the title of an own film; safe to repeat."""
        owners = parse_owners([(share.holder, share.shares) for share in wanted.owners])
        return await parts.titles.register(wanted.film, owners)

    @router.post("/api/offers", response_model=answers.Offered)
    async def offer(wanted: shapes.OfferRequest) -> dict[str, Any]:
        """Signs a licence offer and announces it."""
        return await parts.titles.offer(wanted.film, Terms.of(wanted.terms()))

    @router.post("/api/licences", response_model=answers.Bought)
    async def buy(wanted: shapes.LicenceRequest) -> dict[str, Any]:
        """Buys a licence."""
        return await parts.titles.buy(views.cid(wanted.offer))

    @router.post("/api/anchors", response_model=answers.Anchored)
    async def anchor() -> dict[str, Any]:
        """Anchors the Merkle root over everything that this node holds."""
        return await parts.titles.anchor()

    @router.post("/api/audits", response_class=Response, responses=CAR)
    async def audit(wanted: shapes.AuditRequest) -> Response:
        """A bundle that proves offline a film's rights, bytes and ratings, or the titles of many films."""
        if wanted.sort == "film":
            raters = [views.cid(author) for author in wanted.raters]
            bundle = await parts.auditing.bundle(wanted.film, raters, wanted.at)
        elif wanted.sort == "title":
            bundle = await parts.auditing.surveying.title(wanted.film, wanted.at)
        else:
            author = views.cid(wanted.author) if wanted.sort == "author" else None
            bundle = await parts.auditing.surveying.bundle(wanted.sort, author, wanted.at, wanted.set)
        return StreamingResponse(bundle, media_type=CAR_TYPE)

    @router.post("/api/audits/signatures", response_model=answers.ReportSigned)
    async def sign_report(wanted: shapes.ReportRequest) -> dict[str, Any]:
        """Signs the hash of an audit's report with this node's device key: who made it, nothing more."""
        author = parts.author
        signature = author.sign_report(bytes.fromhex(wanted.sha256))
        return {"author": str(author.id), "device": author.device.hex(), "signature": signature.hex()}

    return router
