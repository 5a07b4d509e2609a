"""The loopback face of JSON-RPC answers programs of this machine and refuses pages, rebound names and large bodies."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from cinepeer.adapters.chain import listener
from cinepeer.adapters.chain.listener import is_loopback_host, listen, rpc_app
from cinepeer.errors import BadInput, Unreachable


async def echo(body: bytes) -> bytes:
    return body


def ask(
    app: listener.AsgiApp, *, method: str = "POST", path: str = "/", body: bytes = b"{}", **headers: str
) -> tuple[int, bytes]:
    """Status and body of one request; underscores in header names are dashes."""
    sent: list[dict[str, Any]] = []
    named = {"host": "127.0.0.1:8545", **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(name.encode(), value.encode()) for name, value in named.items() if value],
    }
    parts = [body[at : at + 1_000_000] for at in range(0, len(body) or 1, 1_000_000)]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], sent[1]["body"]


def test_a_program_of_this_machine_is_answered() -> None:
    assert ask(rpc_app(echo), body=b'{"id": 1}') == (200, b'{"id": 1}')
    assert ask(rpc_app(echo), body=b"") == (204, b"")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://127.0.0.1:8545"},
        {"origin": "null"},
        {"origin": "https://elsewhere.example"},
        {"host": "elsewhere.example"},
        {"host": "127.0.0.1.elsewhere.example:8545"},
        {"host": "localhost.elsewhere.example"},
        {"host": "127.0.0.1:8545@elsewhere.example"},
        {"host": "0.0.0.0:8545"},
        {"host": ""},
    ],
    ids=str,
)
def test_a_page_or_a_rebound_name_is_refused(headers: dict[str, str]) -> None:
    status, said = ask(rpc_app(echo), body=b"secret", **headers)
    assert status == 403
    assert b"secret" not in said
    assert "expected" in json.loads(said)["error"]["message"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:1", "localhost:8545", "LOCALHOST", "[::1]", "[::1]:80"])
def test_loopback_names_are_known(host: str) -> None:
    assert is_loopback_host(host)


def test_only_a_post_to_the_root_is_a_question() -> None:
    assert ask(rpc_app(echo), method="GET")[0] == 405
    assert ask(rpc_app(echo), method="OPTIONS")[0] == 405
    assert ask(rpc_app(echo), path="/admin")[0] == 405


def test_a_body_beyond_the_limit_is_refused() -> None:
    assert ask(rpc_app(echo), body=bytes(listener.MAX_BODY_BYTES))[0] == 200
    assert ask(rpc_app(echo), body=bytes(listener.MAX_BODY_BYTES + 1))[0] == 413


def test_a_ledger_that_is_away_is_a_503_with_a_sentence() -> None:
    async def away(body: bytes) -> bytes:
        raise Unreachable("found no node that has the ledger, expected one")

    status, said = ask(rpc_app(away))
    assert status == 503
    assert json.loads(said)["error"] == {"code": -32002, "message": "found no node that has the ledger, expected one"}


def test_a_busy_port_is_said_before_anything_starts() -> None:
    taken = listen(0)
    try:
        assert taken.getsockname()[0] == "127.0.0.1"
        with pytest.raises(BadInput, match=f"found port {taken.getsockname()[1]} in use"):
            listen(taken.getsockname()[1])
    finally:
        taken.close()
