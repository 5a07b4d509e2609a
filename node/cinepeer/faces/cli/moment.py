"""A day or a moment that a person types."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from cinepeer.errors import BadInput


class Moment(click.ParamType):
    """A day as 2026-11-21, or a time as 2026-11-21T12:00:00Z, in UTC; as seconds since 1970."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ARG002 (click's signature)
        """Reads it; raises `BadInput`. A default is seconds already."""
        if isinstance(value, int):
            return value
        try:
            said = datetime.fromisoformat(str(value))
        except ValueError as error:
            raise BadInput(f"found the time {str(value)[:40]!r}, expected one such as 2026-11-21") from error
        seconds = int((said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp())
        if seconds < 0:
            raise BadInput(f"found the time {str(value)[:40]!r}, expected one from 1970 on")
        return seconds


MOMENT = Moment()
