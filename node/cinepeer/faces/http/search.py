"""The API of search."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from cinepeer.errors import BadInput
from cinepeer.faces.http import search_answers, views
from cinepeer.faces.http.parts import Parts
from cinepeer.search.filter import Filter


def search(parts: Parts) -> APIRouter:
    """The route of search over the films that are held."""
    router = APIRouter(tags=["films"])

    @router.get("/api/search", response_model=search_answers.Found)
    async def search_films(
        q: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        year_from: Annotated[int | None, Query(ge=1800, le=9999)] = None,
        year_to: Annotated[int | None, Query(ge=1800, le=9999)] = None,
        genre: Annotated[str, Query(max_length=60)] = "",
        language: Annotated[str, Query(max_length=35)] = "",
        minutes: Annotated[int | None, Query(ge=1, le=100_000)] = None,
        playable: bool = False,
    ) -> dict[str, Any]:
        """Films that have all these words and pass the filters, best first; behind them those in which they are said.

        A word that no film has is asked for as it may be meant. Filters alone list the films that pass them, by name.
        """
        wanted = Filter(year_from, year_to, genre.strip(), language.strip(), minutes, playable)
        if not q.strip() and wanted.is_open:
            raise BadInput("found neither words nor a filter, expected what to search for")
        return await views.search(parts, q, limit, wanted)

    return router
