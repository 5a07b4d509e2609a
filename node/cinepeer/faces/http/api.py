"""The node's API: parsing and showing only; what it does is done in `cinepeer.app`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from cinepeer import __version__
from cinepeer.faces.http import answers, views
from cinepeer.faces.http.acts import acts
from cinepeer.faces.http.chain import chain
from cinepeer.faces.http.checkpoints import checkpoints
from cinepeer.faces.http.custody import custody, releases
from cinepeer.faces.http.films import films
from cinepeer.faces.http.hosting import hosting
from cinepeer.faces.http.imports import imports
from cinepeer.faces.http.keys import keys
from cinepeer.faces.http.ledger import ledger, titles
from cinepeer.faces.http.logs import logs
from cinepeer.faces.http.neighbourhood import neighbourhood
from cinepeer.faces.http.networks import networks
from cinepeer.faces.http.node import node
from cinepeer.faces.http.opinions import opinions
from cinepeer.faces.http.parts import Parts
from cinepeer.faces.http.people import people
from cinepeer.faces.http.problems import ERRORS, tell_problems
from cinepeer.faces.http.profiles import profiles
from cinepeer.faces.http.provenance import provenance
from cinepeer.faces.http.publications import publications
from cinepeer.faces.http.reviews import reviews
from cinepeer.faces.http.routing import routing
from cinepeer.faces.http.same import same
from cinepeer.faces.http.screenings import screenings
from cinepeer.faces.http.search import search
from cinepeer.faces.http.statements import statements
from cinepeer.faces.http.takedown import takedown
from cinepeer.faces.http.taste import taste
from cinepeer.faces.http.trips import trips
from cinepeer.faces.http.unpublishing import unpublishing
from cinepeer.faces.http.uploads import uploads

ROUTERS = (
    films,
    provenance,
    search,
    opinions,
    taste,
    same,
    imports,
    reviews,
    people,
    takedown,
    uploads,
    publications,
    unpublishing,
    node,
    neighbourhood,
    keys,
    profiles,
    ledger,
    titles,
    acts,
    statements,
    chain,
    networks,
    checkpoints,
    custody,
    releases,
    routing,
    hosting,
    trips,
    screenings,
    logs,
)


def application(
    parts: Parts, *routers: APIRouter, elsewhere: Callable[[Request], Response | None] = lambda _: None
) -> FastAPI:
    """The page's origin: `routers` first, the API below `/api`, and the status at `/` where no page was built.

    `elsewhere` may show the page for a path that nothing answers.
    """
    app = FastAPI(
        title="Cinepeer",
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_named,
        responses=ERRORS,
    )
    tell_problems(app, elsewhere)
    for router in (*routers, *(routes(parts) for routes in ROUTERS)):
        app.include_router(router)

    @app.get("/", include_in_schema=False)
    async def status() -> dict[str, Any]:
        return await views.status(parts)

    document = app.openapi

    def complete() -> dict[str, Any]:
        """The document with the shape of problems, which no route answers by a model."""
        made = document()
        made["components"]["schemas"].setdefault("Problem", answers.Problem.model_json_schema())
        return made

    app.openapi = complete  # type: ignore[method-assign]
    return app


def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document of the API, made without a node."""
    return application(cast(Parts, None)).openapi()


def _named(route: APIRoute) -> str:
    """The operation's id: the name of the function that answers."""
    return route.name
