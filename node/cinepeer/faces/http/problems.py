"""Every error of the API as an RFC 9457 problem document: one sentence with what was found and what was expected."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from cinepeer.errors import Absent, BadInput, CheckFailed, CinepeerError, Conflict, LimitReached, Refused, Unreachable
from cinepeer.faces.http import answers

log = logging.getLogger("cinepeer.http")

PROBLEM_TYPE = "application/problem+json"


_STATUS: tuple[tuple[type[CinepeerError], int], ...] = (
    (Absent, 404),
    (Conflict, 409),
    (BadInput, 400),
    (LimitReached, 507),
    (Unreachable, 503),
    (Refused, 422),
    (CheckFailed, 500),
)
# For every route's `responses`: what an error looks like.
ERRORS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A problem: what was found and what was expected, in one sentence.",
        "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """A problem document."""
    document = answers.Problem(type="about:blank", status=status, detail=detail)
    return Response(json.dumps(document.model_dump()), status, headers, PROBLEM_TYPE)


def status_of(error: CinepeerError) -> int:
    """The HTTP status that says whose fault an error is."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def tell_problems(app: FastAPI, elsewhere: Callable[[Request], Response | None] = lambda _: None) -> None:
    """Has `app` answer every error by a problem document; `elsewhere` may show a page for a path that is none."""

    async def of_the_framework(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        page = elsewhere(request) if error.status_code == 404 else None
        return page or _of_the_framework(request, error)

    app.add_exception_handler(CinepeerError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, of_the_framework)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unforeseen)


async def _ours(_: Request, error: Exception) -> Response:
    assert isinstance(error, CinepeerError)
    return problem(status_of(error), str(error))


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body")
    return problem(422, f"found {str(first.get('input'))[:80]!r} for {where or 'the body'}, expected: {first['msg']}")


def _of_the_framework(request: Request, error: HTTPException) -> Response:
    path = request.url.path[:80]
    sentences = {
        400: "found a body that is no JSON, expected an object of the route's shape",
        404: f"found nothing at {path}, expected one of the paths of /api/openapi.json",
        405: f"found the method {request.method} for {path}, expected one that it takes",
    }
    is_ours = str(error.detail).startswith("found ")
    told = str(error.detail) if is_ours else sentences.get(error.status_code, f"{error.detail}, expected otherwise")
    return problem(error.status_code, told, dict(error.headers or {}))


async def _gone(_: Request, __: Exception) -> Response:
    return problem(400, "found the request broken off, expected all of its body")


async def _unforeseen(request: Request, error: Exception) -> Response:
    log.error("http.failed path=%s", request.url.path, exc_info=error)
    return problem(500, "found a mistake of this node's own, expected an answer: its log says more")
