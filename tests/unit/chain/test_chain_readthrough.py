"""Questions of peers reach the ledger within limits: known methods, small batches, small bodies, small answers."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from cinepeer.adapters.chain import readthrough
from cinepeer.errors import Unreachable


class Behind:
    """A ledger that notes what reaches it and answers each call with its method's name."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    async def __call__(self, body: bytes) -> bytes:
        asked = json.loads(body)
        self.asked.append(asked)
        if isinstance(asked, list):
            return json.dumps([{"id": call.get("id"), "result": call["method"]} for call in asked]).encode()
        return json.dumps({"id": asked.get("id"), "result": asked["method"]}).encode()


def through(body: Any, forward: readthrough.Forward | None = None) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    said = asyncio.run(readthrough.answer(raw, forward or Behind()))
    return json.loads(said) if said else None


def test_an_allowed_question_and_a_batch_of_them_pass() -> None:
    assert through({"id": 7, "method": "eth_blockNumber"}) == {"id": 7, "result": "eth_blockNumber"}
    batch = [{"id": n, "method": method} for n, method in enumerate(sorted(readthrough.ALLOWED))]
    assert [one["result"] for one in through(batch)] == sorted(readthrough.ALLOWED)


@pytest.mark.parametrize("method", ["eth_sendTransaction", "personal_sign", "admin_peers", "cinepeer_refusal", ""])
def test_any_other_method_is_refused_and_never_reaches_the_ledger(method: str) -> None:
    behind = Behind()
    assert through({"id": 7, "method": method}, behind)["error"]["code"] == -32601
    assert behind.asked == []


def test_a_mixed_batch_is_answered_where_it_is_allowed() -> None:
    behind = Behind()
    said = through([{"id": 1, "method": "eth_call"}, {"id": 2, "method": "miner_stop"}, "noise"], behind)
    assert {one["id"]: one.get("result", one.get("error", {}).get("code")) for one in said} == {
        1: "eth_call",
        2: -32601,
        None: -32600,
    }
    assert behind.asked == [[{"id": 1, "method": "eth_call"}]]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b"[" * 50_000, -32700),
        (b"\xff\xfe", -32700),
        (b"[]", -32600),
        (b"7", -32600),
        (b'{"method": 7}', -32600),
        (
            b"[" + b'{"id":1,"method":"eth_chainId"},' * readthrough.MAX_BATCH + b'{"id":1,"method":"eth_chainId"}]',
            -32600,
        ),
        (b" " * (readthrough.MAX_QUESTION_BYTES + 1), -32600),
    ],
    ids=lambda part: str(part)[:24],
)
def test_noise_and_excess_are_answered_with_an_error_of_the_standard(body: bytes, code: int) -> None:
    behind = Behind()
    assert through(body, behind)["error"]["code"] == code
    assert behind.asked == []


def test_an_answer_too_large_for_a_conversation_is_refused_not_cut() -> None:
    async def wordy(body: bytes) -> bytes:
        return json.dumps({"id": 3, "result": "x" * readthrough.MAX_ANSWER_BYTES}).encode()

    assert through({"id": 3, "method": "eth_getLogs"}, wordy) == {
        "jsonrpc": "2.0",
        "id": 3,
        "error": {"code": -32005, "message": through({"id": 3, "method": "eth_getLogs"}, wordy)["error"]["message"]},
    }


def test_a_ledger_that_is_away_is_said_to_each_question() -> None:
    async def away(body: bytes) -> bytes:
        raise Unreachable("found no ledger")

    said = through([{"id": 1, "method": "eth_call"}, {"id": 2, "method": "eth_call"}], away)
    assert [(one["id"], one["error"]["code"], one["error"]["message"]) for one in said] == [
        (1, -32002, "found no ledger"),
        (2, -32002, "found no ledger"),
    ]


def test_a_note_without_id_has_no_answer() -> None:
    async def silent(body: bytes) -> bytes:
        return b""

    assert through({"method": "eth_call"}, silent) is None
