"""The ledger for nodes without one: requests travel to a node that has it, within limits, and answers travel back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from cinepeer.adapters.chain import jsonrpc
from cinepeer.adapters.chain.listener import AsgiApp, rpc_app
from cinepeer.errors import CinepeerError

PROTOCOL = "/cinepeer/ledger/1"
"""The libp2p protocol of these conversations: one JSON-RPC body asks, one answers."""

MAX_QUESTION_BYTES = 512 * 1024
MAX_ANSWER_BYTES = 3 * 1024 * 1024
"""The largest answer that fits into a conversation's frame with room to spare."""

MAX_BATCH = 100
"""Most calls in one question of a peer."""

MAX_BLOCKS = 200
"""Most blocks in one answer."""

ALLOWED = frozenset(
    {
        "eth_chainId",
        "net_version",
        "web3_clientVersion",
        "eth_accounts",
        "eth_syncing",
        "eth_gasPrice",
        "eth_maxPriorityFeePerGas",
        "eth_feeHistory",
        "eth_blockNumber",
        "eth_getBalance",
        "eth_getCode",
        "eth_getTransactionCount",
        "eth_getStorageAt",
        "eth_sendRawTransaction",
        "eth_call",
        "eth_estimateGas",
        "eth_getLogs",
        "eth_getTransactionByHash",
        "eth_getTransactionReceipt",
        "eth_getBlockReceipts",
        "eth_getBlockByNumber",
        "eth_getBlockByHash",
        "eth_getProof",
        "cinepeer_signedHeader",
        "cinepeer_blocks",
        "cinepeer_history",
        "cinepeer_nodes",
        "cinepeer_faults",
        "cinepeer_handovers",
        "cinepeer_genesis",
        "cinepeer_faucet",
    }
)
"""What a peer may ask."""

Forward = Callable[[bytes], Awaitable[bytes]]


async def answer(body: bytes, forward: Forward) -> bytes:
    """
    A peer's question, answered by `forward` as far as it is allowed: known methods, bounded batch, bounded sizes.
    What is refused is answered with a JSON-RPC error of its own; nothing here raises for what the peer sent.
    """
    if len(body) > MAX_QUESTION_BYTES:
        return jsonrpc.encode(
            jsonrpc.error(None, jsonrpc.BAD_REQUEST, f"found {len(body)} bytes, expected at most {MAX_QUESTION_BYTES}")
        )
    try:
        asked = jsonrpc.decode(body)
    except (ValueError, RecursionError):
        return jsonrpc.encode(
            jsonrpc.error(None, jsonrpc.PARSE_ERROR, "found a body that is not JSON, expected a JSON-RPC request")
        )
    calls = asked if isinstance(asked, list) else [asked]
    if not 0 < len(calls) <= MAX_BATCH:
        return jsonrpc.encode(
            jsonrpc.error(None, jsonrpc.BAD_REQUEST, f"found a batch of {len(calls)}, expected 1 to {MAX_BATCH}")
        )
    refused = [said for call in calls if (said := _refusal(call)) is not None]
    allowed = [call for call in calls if _refusal(call) is None]
    answers = [*await _ask(allowed, body if not refused else jsonrpc.encode(allowed), forward), *refused]
    if not answers:
        return b""
    return jsonrpc.encode(answers if isinstance(asked, list) else answers[0])


async def _ask(calls: list[dict[str, Any]], body: bytes, forward: Forward) -> list[Any]:
    """The answers to allowed calls; a ledger that is away, or says too much, gives each an error of its own."""
    if not calls:
        return []
    try:
        said = await forward(body)
    except CinepeerError as error:
        return [jsonrpc.error(call.get("id"), jsonrpc.AWAY, str(error)) for call in calls]
    if len(said) > MAX_ANSWER_BYTES:
        found = f"found an answer of {len(said)} bytes, expected at most {MAX_ANSWER_BYTES}: ask for less at once"
        return [jsonrpc.error(call.get("id"), jsonrpc.TOO_MUCH, found) for call in calls]
    answers = jsonrpc.decode(said) if said else []
    return answers if isinstance(answers, list) else [answers]


def _refusal(call: Any) -> dict[str, Any] | None:
    if not isinstance(call, dict) or not isinstance(call.get("method"), str):
        return jsonrpc.error(None, jsonrpc.BAD_REQUEST, "found no method name, expected a JSON-RPC 2.0 request")
    if call["method"] not in ALLOWED:
        return jsonrpc.error(
            call.get("id"), jsonrpc.NO_METHOD, f"the method {call['method'][:80]} does not exist/is not available"
        )
    return None


def readthrough_app(ask: Forward) -> AsgiApp:
    """The loopback face of a ledger elsewhere: every request goes to `ask`; when it raises, the answer is a 503."""
    return rpc_app(ask)
