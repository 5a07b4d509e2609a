"""Noise never breaks the ledger: any body is answered by the standard, and nothing of it is an internal fault."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cinepeer.adapters.chain import jsonrpc
from cinepeer.adapters.chain.sequencer import Rejected
from unit.chain.small_chain import ANNA, COUNTER, SmallChain, address

ADDRESS = "0x" + address(ANNA).hex()
plausible = st.sampled_from(
    [
        "latest",
        "pending",
        "earliest",
        "0x0",
        "0x1",
        "0x",
        "0x01",
        "0x" + "00" * 32,
        ADDRESS,
        "0x" + "ff" * 32,
        "soon",
        "",
    ]
)
values = st.recursive(
    plausible | st.none() | st.booleans() | st.integers(-1, 1 << 300) | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["to", "from", "data", "value", "gas", "fromBlock", "toBlock", "blockHash", "address", "topics"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)


def made() -> SmallChain:
    chain = SmallChain()
    chain.deploy(COUNTER)
    return chain


def code_of(said: Any) -> int | None:
    return said.get("error", {}).get("code") if isinstance(said, dict) else None


@settings(max_examples=40)
@given(st.data())
def test_no_parameters_cause_an_internal_fault(data: st.DataObject) -> None:
    chain = made()
    for method in sorted(chain.rpc._methods):
        params = data.draw(st.lists(values, max_size=4))
        said = chain.said({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        assert code_of(said) != jsonrpc.INTERNAL, (method, params)


@settings(max_examples=100)
@given(st.binary(max_size=200) | values.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_answered(body: bytes) -> None:
    said = asyncio.run(SmallChain().rpc.answer(body))
    parsed = json.loads(said)
    assert all(code_of(one) != jsonrpc.INTERNAL for one in (parsed if isinstance(parsed, list) else [parsed]))


@settings(max_examples=300)
@given(st.binary(max_size=300), st.integers(0, 400), st.sampled_from([b"", b"\x01", b"\x02", b"\x03", b"\x04"]))
def test_any_transaction_bytes_are_taken_or_rejected(noise: bytes, at: int, kind: bytes) -> None:
    chain = made()
    raw = chain.sign(ANNA, address(ANNA))
    cut = at % len(raw)
    for changed in (kind + noise, raw[:cut] + noise + raw[cut + len(noise) :], raw[:cut], raw + noise):
        try:
            taken = chain.sequencer.submit(changed)
        except Rejected:
            continue
        assert chain.sequencer.waiting(taken) is not None
