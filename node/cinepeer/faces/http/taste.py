"""The API of lists: what to watch next, why, by which wishes and model, and the receipt of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from cinepeer.faces.http import shapes, taste_answers, taste_views, views
from cinepeer.faces.http.nesting import ShallowRoute
from cinepeer.faces.http.parts import Parts

MODEL_TYPE = "application/octet-stream"
_MODEL: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The model's bytes.",
        "content": {MODEL_TYPE: {"schema": {"type": "string", "contentMediaType": MODEL_TYPE}}},
    }
}
_FOR_EVER = "public, max-age=31536000, immutable"

Words = Annotated[list[str] | None, Query()]
Viewer = Annotated[str | None, Query(max_length=100)]
Dial = Annotated[int | None, Query(ge=0, le=1_000)]


def models(parts: Parts) -> APIRouter:
    """The fitted model, which anybody may take and check by its id."""
    router = APIRouter(tags=["lists"], route_class=ShallowRoute)

    @router.get("/api/models", response_model=taste_answers.ModelOf)
    async def get_model() -> dict[str, Any]:
        """The model that lists are ranked by here, fitted first where it was not yet."""
        await parts.recommendations.refresh(parts.author.id)
        return taste_views.model(parts)

    @router.get("/api/models/{model}", response_class=Response, responses=_MODEL)
    async def get_model_bytes(model: str) -> Response:
        """The bytes of a model by their id."""
        data = parts.recommendations.model_bytes(views.cid(model))
        return Response(data, media_type=MODEL_TYPE, headers={"cache-control": _FOR_EVER})

    return router


def taste(parts: Parts) -> APIRouter:
    """Lists, wishes, models, receipts."""
    router = models(parts)
    _add_lists(router, parts)
    _add_wishes(router, parts)
    return router


def _asked(
    rule: Words = None,
    off: Words = None,
    forget: Words = None,
    less: Words = None,
    hide: Words = None,
    language: Words = None,
    territory: str | None = None,
    model: str | None = None,
    diversity: Dial = None,
    against_popularity: Dial = None,
) -> dict[str, Any]:
    """Wishes for one question; those that may be repeated come beside the kept ones."""
    return {
        "rules": rule,
        "off": off,
        "forgotten": forget,
        "less": less,
        "hidden": hide,
        "languages": language,
        "territory": territory,
        "model": model,
        "diversity": diversity,
        "against_popularity": against_popularity,
    }


Asked = Annotated[dict[str, Any], Depends(_asked)]


def _add_lists(router: APIRouter, parts: Parts) -> None:
    """What to watch next, and why."""

    @router.get("/api/recommendations", response_model=taste_answers.Recommendations)
    async def get_recommendations(
        asked: Asked, author: Viewer = None, limit: int = 20, fit: bool = False
    ) -> dict[str, Any]:
        """What to watch next, each with what caused it; `fit` has the model fitted first."""
        viewer, wishes = taste_views.viewer_of(parts, author), taste_views.wishes_of(parts, asked)
        owner = parts.author.id
        await (parts.recommendations.fit(owner) if fit else parts.recommendations.refresh(owner))
        return await taste_views.recommendations(parts, viewer, wishes, limit)

    @router.get("/api/fairness", response_model=taste_answers.Fairness)
    async def get_fairness(sample: Annotated[int, Query(ge=10, le=2_000)] = 300) -> dict[str, Any]:
        """Whom the lists of a sample of authors favour, at several settings of the dial against popularity."""
        await parts.recommendations.refresh(parts.author.id)
        return await parts.recommendations.fairness(sample)

    @router.get("/api/recommendations/{film}", response_model=taste_answers.OpenedFilm)
    async def get_recommendation(film: str, asked: Asked, author: Viewer = None, limit: int = 20) -> dict[str, Any]:
        """Why a film is among the `limit` best or why it is not, and which own ratings keep it there."""
        viewer, wishes = taste_views.viewer_of(parts, author), taste_views.wishes_of(parts, asked)
        await parts.recommendations.refresh(parts.author.id)
        return await taste_views.opened(parts, viewer, film, wishes, limit)


def _add_wishes(router: APIRouter, parts: Parts) -> None:
    """How lists are made, and their receipts."""

    @router.get("/api/wishes", response_model=taste_answers.WishesOf)
    async def get_wishes() -> dict[str, Any]:
        """How lists are made here; kept in the home, never a record."""
        return taste_views.wishes(parts.recommendations.taste.wishes)

    @router.patch("/api/wishes", response_model=taste_answers.WishesOf)
    async def change_wishes(wanted: shapes.WishesRequest) -> dict[str, Any]:
        """Changes what is named and keeps the rest."""
        return taste_views.wishes(parts.recommendations.change(wanted.model_dump(exclude_none=True)))

    @router.post("/api/receipts", response_model=taste_answers.StatedReceipt)
    async def state_receipt(wanted: shapes.ReceiptRequest) -> dict[str, Any]:
        """States the list as it is now, signed by this device; its model's bytes are at `/api/models/{model}`."""
        wishes = taste_views.wishes_of(parts, wanted.wishes.model_dump(exclude_none=True))
        return await taste_views.receipt(parts, wishes, wanted.limit, wanted.sealed)

    @router.post("/api/refits/{root}", response_class=Response, responses=_MODEL)
    async def refit(
        root: str, share: Annotated[list[int] | None, Query(max_length=8)] = None, author: Viewer = None
    ) -> Response:
        """Fits anew on the counted ratings that `root` (hex) names, and answers the model's bytes.

        `share`: per cent of each of the model's parts, as the model in question names them. `author`: whose receipt
        it is; words on which ids mean one film count as they do for them.
        """
        whose = None if author is None else views.cid(author)
        fitted = await parts.receipts.refit(taste_views.digest(root), share or (), whose)
        return Response(fitted.data, media_type=MODEL_TYPE)
