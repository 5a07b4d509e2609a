"""Passing JSON-RPC bodies on to a ledger's own address."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from cinepeer.errors import Unreachable

TIMEOUT_S = 30.0
MAX_ANSWER_BYTES = 4 << 20


def forward_to(url: str) -> Callable[[bytes], Awaitable[bytes]]:
    """A function that posts a body to `url` and returns the answer's bytes; it raises `Unreachable`."""
    address = urlsplit(url)

    def post(body: bytes) -> bytes:
        connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=TIMEOUT_S)
        try:
            connection.request("POST", "/", body, {"Content-Type": "application/json"})
            answer = connection.getresponse().read(MAX_ANSWER_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"found no answer from the ledger at {url} ({error}), expected one") from error
        finally:
            connection.close()
        if len(answer) > MAX_ANSWER_BYTES:
            raise Unreachable(f"found an answer above {MAX_ANSWER_BYTES} bytes from {url}, expected a smaller one")
        return answer

    return lambda body: asyncio.to_thread(post, body)
