"""The API of the log: the node's last lines, for its owner."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from cinepeer.faces.http.answers import Answer
from cinepeer.faces.http.nesting import ShallowRoute
from cinepeer.faces.http.parts import Parts


class LogLineTold(Answer):
    """One line of the log: when, how grave, which part of the node, and what it says."""

    time_ms: int
    level: Literal["debug", "info", "warning", "error"]
    source: str
    text: str


def logs(parts: Parts) -> APIRouter:
    """The route at `/api/logs`."""
    router = APIRouter(tags=["node"], route_class=ShallowRoute)

    @router.get("/api/logs", response_model=list[LogLineTold])
    async def list_log_lines(
        limit: Annotated[int, Query(ge=1, le=500)] = 100, troubles: bool = False
    ) -> list[dict[str, Any]]:
        """The last lines since the node's start, the newest first; with `troubles` warnings and errors alone."""
        return [asdict(line) for line in parts.log_lines.last(limit, troubles=troubles)]

    return router
