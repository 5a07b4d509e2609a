"""The API of search."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from cinepeer.faces.http import search_answers, views
from cinepeer.faces.http.parts import Parts


def search(parts: Parts) -> APIRouter:
    """The route of search over the films that are held."""
    router = APIRouter(tags=["films"])

    @router.get("/api/search", response_model=search_answers.Found)
    async def search_films(
        q: Annotated[str, Query(min_length=1, max_length=200)], limit: Annotated[int, Query(ge=1, le=100)] = 20
    ) -> dict[str, Any]:
        """Films that have all these words, best first; a word that no film has is asked for as it may be meant."""
        return await views.search(parts, q, limit)

    return router
