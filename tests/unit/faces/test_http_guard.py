"""The HTTP guard: loopback names only, no foreign origin, writes by token or same-site cookie, bounded bodies."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from cinepeer.faces.http.guard import MAX_BODY_BYTES, MAX_RECORDS_BYTES, Guard

PORT = 4711
TOKEN = "right-token"


async def _inner(scope: Any, receive: Any, send: Any) -> None:
    """Reads the whole body and says how long it was, or by 400 that it broke off."""
    length = 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            await send({"type": "http.response.start", "status": 400, "headers": []})
            await send({"type": "http.response.body", "body": b"broken off"})
            return
        length += len(event.get("body", b""))
        if not event.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(length).encode()})


def ask(
    method: str = "GET", path: str = "/api/status", body: list[bytes] | None = None, **headers: str
) -> tuple[int | None, bytes]:
    """The guard's answer to one request: (status, body); status None when the connection just ends."""
    named = {"host": f"localhost:{PORT}"} | {name.replace("_", "-"): value for name, value in headers.items()}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }
    events = [{"type": "http.request", "body": part, "more_body": True} for part in body or []]
    events.append({"type": "http.request", "body": b"", "more_body": False})
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return events.pop(0)

    async def send(event: Any) -> None:
        sent.append(event)

    guard = Guard(_inner, PORT, TOKEN, frozenset({"/api/records"}))
    asyncio.run(guard(scope, receive, send))
    return (sent[0]["status"], sent[1]["body"]) if sent else (None, b"")


def test_a_read_from_this_machine_passes() -> None:
    assert ask()[0] == 200
    assert ask(host=f"127.0.0.1:{PORT}")[0] == 200
    assert ask(origin=f"http://localhost:{PORT}")[0] == 200


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{PORT}", "localhost", "localhost:1", ""])
def test_a_rebound_name_is_refused(host: str) -> None:
    status, body = ask(host=host)
    assert status == 403
    assert "expected this node's own loopback name" in json.loads(body)["detail"]


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1", f"https://localhost:{PORT}"])
def test_a_foreign_page_is_refused_even_for_reading(origin: str) -> None:
    assert ask(origin=origin)[0] == 403


def test_a_write_needs_the_token_or_the_cookie() -> None:
    assert ask("POST", "/api/ratings")[0] == 401
    assert ask("POST", "/api/ratings", authorization="Bearer wrong-token")[0] == 401
    assert ask("POST", "/api/ratings", cookie=f"cinepeer-{PORT}=wrong")[0] == 401
    assert ask("POST", "/api/ratings", authorization=f"Bearer {TOKEN}")[0] == 200
    assert ask("POST", "/api/ratings", cookie=f"other=1; cinepeer-{PORT}={TOKEN}")[0] == 200
    assert ask("POST", "/api/ratings", cookie=f"cinepeer-1={TOKEN}")[0] == 401  # another node's page
    assert ask("DELETE", "/api/records")[0] == 200  # an open path: what it takes is signed itself


def test_signed_records_need_no_token() -> None:
    assert ask("POST", "/api/records", [b"abc"]) == (200, b"3")


def test_a_large_body_is_refused_before_it_is_read() -> None:
    for path, limit in (("/api/records", MAX_RECORDS_BYTES), ("/api/ratings", MAX_BODY_BYTES)):
        for length in (str(limit + 1), "9" * 40, "-1", "many"):
            assert ask("POST", path, content_length=length, authorization=f"Bearer {TOKEN}")[0] == 413
        assert ask("POST", path, content_length=str(limit), authorization=f"Bearer {TOKEN}")[0] == 200


def test_a_body_without_a_stated_length_is_cut_off_at_the_limit() -> None:
    part = bytes(MAX_RECORDS_BYTES // 4)
    assert ask("POST", "/api/records", [part] * 4)[0] == 200
    assert ask("POST", "/api/records", [part] * 5)[0] == 413


def test_an_upload_counts_its_own_bytes() -> None:
    part = bytes(MAX_RECORDS_BYTES // 4)
    assert ask("PATCH", "/api/uploads/ab", [part] * 5, authorization=f"Bearer {TOKEN}")[0] == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_a_browser_asks_for_another_site_s_page_is_refused_below_api(site: str) -> None:
    assert ask(sec_fetch_site=site)[0] == 403
    assert ask(path="/film/x", sec_fetch_site=site)[0] == 200
    assert ask(sec_fetch_site="same-origin")[0] == 200
