"""DAG-CBOR: one value, one form; and the verdict is that of a decoder which we did not write."""

from __future__ import annotations

import math
from typing import Any

import libipld
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cinepeer.errors import Refused
from cinepeer.records.cid import CODECS, Cid
from cinepeer.records.dagcbor import MAX_DEPTH, Value, decode, encode

LINKS = st.builds(Cid.of, st.binary(max_size=8), st.sampled_from(sorted(CODECS)))
SCALARS: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**64), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda number: number or 0.0),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.binary(max_size=300),
    LINKS,
)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUES: st.SearchStrategy[Value] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=30) | st.dictionaries(KEYS, inner, max_size=30), max_leaves=40
)


def same(one: Value, other: Value) -> bool:
    """Equal in value and type: 1, 1.0 and True are three values, and so are a link and its bytes."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, float) and isinstance(other, float):
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    return one == other


def unlinked(value: Value) -> Any:
    """A value as libipld reads it: it has no type for links and gives their bytes."""
    if isinstance(value, Cid):
        return bytes(value)
    if isinstance(value, list):
        return [unlinked(item) for item in value]
    if isinstance(value, dict):
        return {key: unlinked(item) for key, item in value.items()}
    return value


@st.composite
def mangled(draw: st.DrawFn, block: bytes) -> bytes:
    """A block with a few bytes changed, put in or taken out."""
    found = bytearray(block)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(found)))
        match draw(st.sampled_from("xid")):
            case "x":
                found[place : place + 1] = draw(st.binary(min_size=1, max_size=1))
            case "i":
                found[place:place] = draw(st.binary(min_size=1, max_size=9))
            case "d":
                del found[place : place + draw(st.integers(1, 4))]
    return bytes(found)


@settings(max_examples=300)
@given(value=VALUES)
def test_every_value_comes_back(value: Value) -> None:
    assert same(decode(encode(value)), value)


@settings(max_examples=200)
@given(value=st.dictionaries(KEYS, SCALARS, max_size=40), data=st.data())
def test_the_order_of_a_map_does_not_matter(value: dict[str, Value], data: st.DataObject) -> None:
    shuffled = dict(data.draw(st.permutations(list(value.items()))))
    assert encode(shuffled) == encode(value)


@settings(max_examples=300)
@given(value=VALUES, data=st.data())
def test_what_is_taken_has_no_second_form(value: Value, data: st.DataObject) -> None:
    """Bytes near a good encoding are refused, or are themselves what `encode` gives for what they say."""
    block = data.draw(mangled(encode(value)))
    try:
        read = decode(block)
    except Refused as error:
        assert error.reason == "not-canonical"
    else:
        assert encode(read) == block


@settings(max_examples=300)
@given(value=VALUES)
@example(value=2**64 - 1)
@example(value=-(2**64))
@example(value={"aa": 1, "b": [], "é": {"": None}})
def test_our_bytes_are_those_of_libipld(value: Value) -> None:
    block = encode(value)
    assert same(libipld.decode_dag_cbor(block), unlinked(value))
    assert libipld.encode_dag_cbor(value) == block


@settings(max_examples=500)
@given(block=st.binary(max_size=40) | VALUES.map(encode).flatmap(mangled))
def test_what_libipld_refuses_we_refuse(block: bytes) -> None:
    try:
        ours = decode(block)
    except Refused:
        return
    assert same(libipld.decode_dag_cbor(block), unlinked(ours))


def test_minus_zero_is_written_as_zero() -> None:
    assert encode(-0.0) == encode(0.0) != encode(0)


def test_nesting_is_taken_up_to_its_bound_and_no_further() -> None:
    for kind in (b"\x81", b"\xa1\x61a"):
        block = kind * (MAX_DEPTH - 1) + b"\x80"
        assert encode(decode(block)) == block
        for deeper in (kind * MAX_DEPTH + b"\x80", kind * 100_000 + b"\x80"):
            try:
                decode(deeper)
            except Refused:
                continue
            raise AssertionError("nested too deep and taken")
