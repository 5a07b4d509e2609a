"""Passing JSON-RPC bodies on to a ledger's own address."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from cinepeer.adapters.chain import jsonrpc
from cinepeer.adapters.chain.client import Ledger
from cinepeer.adapters.chain.endpoint import Answered, Reverted
from cinepeer.adapters.chain.readthrough import ALLOWED, MAX_BATCH
from cinepeer.errors import CinepeerError, Unreachable

TIMEOUT_S = 30.0
MAX_ANSWER_BYTES = 32 << 20
"""The own ledger's largest answer: ten thousand log entries fit."""


def forward_to(url: str) -> Callable[[bytes], Awaitable[bytes]]:
    """A function that posts a body to `url` and returns the answer's bytes; it raises `Unreachable`."""
    address = urlsplit(url)

    def post(body: bytes) -> bytes:
        connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=TIMEOUT_S)
        try:
            connection.request("POST", "/", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = response.read(MAX_ANSWER_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"found no answer from the ledger at {url} ({error}), expected one") from error
        finally:
            connection.close()
        if len(answer) > MAX_ANSWER_BYTES:
            raise Unreachable(f"found an answer above {MAX_ANSWER_BYTES} bytes from {url}, expected a smaller one")
        if response.length:
            # A process that is killed while it answers leaves a part, which reading does not tell by itself.
            raise Unreachable(
                f"found an answer cut off {response.length} bytes before its end from {url}, expected all"
            )
        return answer

    return lambda body: asyncio.to_thread(post, body)


def forward_by(ledger: Ledger) -> Callable[[bytes], Awaitable[bytes]]:
    """A function that answers a JSON-RPC body by a ledger's endpoints, call by call."""

    async def one(call: Any) -> dict[str, Any]:
        identity = call.get("id") if isinstance(call, dict) else None
        if not isinstance(call, dict) or not isinstance(call.get("method"), str):
            return jsonrpc.error(identity, jsonrpc.BAD_REQUEST, "found no method name, expected a JSON-RPC 2.0 request")
        if call["method"] not in ALLOWED:
            return jsonrpc.error(identity, jsonrpc.NO_METHOD, f"the method {call['method'][:80]} does not exist here")
        parameters = call.get("params") or []
        if not isinstance(parameters, list):
            return jsonrpc.error(identity, jsonrpc.BAD_PARAMETERS, "found parameters by name, expected them in order")
        try:
            return {"jsonrpc": "2.0", "id": identity, "result": await ledger.ask(call["method"], *parameters)}
        except Reverted as error:
            return jsonrpc.error(identity, jsonrpc.REVERTED, str(error), "0x" + error.data.hex())
        except Answered as error:
            return jsonrpc.error(identity, error.code or jsonrpc.FAILED, str(error))
        except CinepeerError as error:
            return jsonrpc.error(identity, jsonrpc.AWAY, str(error))

    async def answer(body: bytes) -> bytes:
        try:
            asked = jsonrpc.decode(body)
        except (ValueError, RecursionError):
            sentence = "found a body that is not JSON, expected a JSON-RPC request"
            return jsonrpc.encode(jsonrpc.error(None, jsonrpc.PARSE_ERROR, sentence))
        if isinstance(asked, list):
            return jsonrpc.encode([await one(call) for call in asked[:MAX_BATCH]])
        return jsonrpc.encode(await one(asked))

    return answer
