"""JSON-RPC 2.0 as bytes: requests read within bounds, errors of one shape."""

from __future__ import annotations

import json
import sys
from typing import Any

PARSE_ERROR = -32700
BAD_REQUEST = -32600
NO_METHOD = -32601
BAD_PARAMETERS = -32602
INTERNAL = -32603
FAILED = -32000
NOT_FOUND = -32001
AWAY = -32002
TOO_MUCH = -32005
REVERTED = 3

_DEPTH = 1000


def decode(body: bytes) -> Any:
    """
    The JSON of a body from anywhere; raises `ValueError` or `RecursionError`. py-evm raises Python's recursion limit
    far beyond what the decoder's C stack can follow, so that brackets alone would end the process: here the usual
    limit holds.
    """
    deep = sys.getrecursionlimit()
    sys.setrecursionlimit(min(deep, _DEPTH))
    try:
        return json.loads(body)
    finally:
        sys.setrecursionlimit(deep)


def encode(value: Any) -> bytes:
    """Compact JSON."""
    return json.dumps(value, separators=(",", ":")).encode()


def error(identity: Any, code: int, sentence: str, data: Any = None) -> dict[str, Any]:
    """The answer to a call that cannot be answered otherwise."""
    said: dict[str, Any] = {"code": code, "message": sentence}
    if data is not None:
        said["data"] = data
    return {"jsonrpc": "2.0", "id": identity, "error": said}
