"""What is read over HTTP counts against what the owner lets be sent."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cinepeer.app.bandwidth import Bandwidth, Limits
from cinepeer.faces.http.guard import Receive, Scope, Send
from cinepeer.faces.http.pace import paced


async def giving(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(2):
        await send({"type": "http.response.body", "body": bytes(1000), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def read(limits: Limits, path: str, sent: int = 0) -> tuple[int, list[float], Bandwidth]:
    """(status, pauses, what was counted) of one answer."""
    bandwidth = Bandwidth(limits, lambda: 0.0, lambda: ("2026-11", 12), ("2026-11", sent))
    pauses: list[float] = []
    statuses: list[int] = []

    async def send(event: Any) -> None:
        if event["type"] == "http.response.start":
            statuses.append(event["status"])

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    scope: Any = {"type": "http", "path": path, "method": "GET", "headers": []}
    asyncio.run(paced(giving, bandwidth, sleep)(scope, receive, send))
    return statuses[0], pauses, bandwidth


def test_blocks_wait_for_the_rate_and_are_counted() -> None:
    status, pauses, bandwidth = read(Limits(upload_rate=1000), "/ipfs/bafy")
    assert (status, bandwidth.sent) == (200, ("2026-11", 2000))
    assert pauses == [pytest.approx(0.0), pytest.approx(1.0)]


def test_records_do_not_count() -> None:
    status, pauses, bandwidth = read(Limits(upload_rate=1), "/api/films")
    assert (status, pauses, bandwidth.sent[1]) == (200, [], 0)


def test_once_the_month_is_sent_a_reader_is_told() -> None:
    status, pauses, bandwidth = read(Limits(upload_month=500), "/ipfs/bafy", sent=500)
    assert (status, pauses, bandwidth.sent[1]) == (503, [], 500)
