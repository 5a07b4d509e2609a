"""Every decoder against all sorts of bytes: `Refused` or a value, in steps and memory bounded by their length."""

from __future__ import annotations

import re
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.bodies import KINDS, new_body, parse_body, parse_film_id
from cinepeer.records.cid import CODECS, DAG_CBOR, Cid
from cinepeer.records.film_id import is_external_id, is_film_id
from cinepeer.records.record import pack, parse_record, unpack
from vectors.dagcbor_cases import REFUSED, VALUES
from vectors.people import Person
from vectors.record_cases import BODIES, NONCE

anna = Person("anna")
laptop = anna.device()
laptop.rate(1)
anna.revoke(laptop, None)

BLOCKS = [record.block for record, _ in anna.pairs]
BODY_BLOCKS = [new_body(kind, NONCE, **fields) for kind, fields in BODIES if len(str(fields)) < 4000]
PACKED = [pack(record, body) for record, body in anna.pairs]
CBOR = [dagcbor.encode(value) for value in VALUES.values()] + [bytes.fromhex(data)[:200] for data in REFUSED]
HEADER: dict[str, Any] = dagcbor.decode(laptop.pairs[0][0].block)["header"]  # type: ignore[assignment,call-overload,index]
TEXTS = [str(record.id) for record, _ in anna.pairs] + ["imdb:tt0111161", "wikidata:Q42"]

# Heads of CBOR, so that mangled input is often well formed.
HEADS = st.sampled_from([bytes((head,)) for head in range(256)] + [b"\xd8\x2a\x58\x25\0", b"\x9b" + b"\xff" * 8])


@st.composite
def near(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """A good input with something changed, cut, doubled, spliced with another, or none of it at all."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, 4))):
        at, size = draw(st.integers(0, len(data))), draw(st.integers(0, 8))
        match draw(st.sampled_from("bhcdsr")):
            case "b":
                data = data[:at] + draw(st.binary(max_size=8)) + data[at + size :]
            case "h":
                data = data[:at] + draw(HEADS) + data[at + 1 :]
            case "c":
                data = data[:at]
            case "d":
                data = data[: at + size] + data[at:]
            case "s":
                data = data[:at] + draw(st.sampled_from(seeds))[at:]
            case "r":
                data = draw(st.binary(max_size=64))
    return data


def bounded(decode: Callable[..., Any], data: bytes | str, *before: object) -> Any:
    """What `decode` gives, or None when it refuses; fails beyond its bounds of calls and memory."""
    steps = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal steps
        steps += event == "call"

    sys.setprofile(count)
    try:
        return decode(*before, data)
    except Refused as error:
        assert error.reason and str(error)
        assert len(str(error)) < 500, "a sentence stays a sentence, whatever the input"
        return None
    finally:
        sys.setprofile(None)
        assert steps <= 20 * len(data) + 200, steps


@settings(max_examples=600)
@given(data=near(CBOR))
def test_dagcbor(data: bytes) -> None:
    value = bounded(dagcbor.decode, data)
    assert value is None or dagcbor.encode(value) == data


@settings(max_examples=600)
@given(data=near(BLOCKS))
def test_records(data: bytes) -> None:
    record = bounded(parse_record, data)
    assert record is None or record.block == data == dagcbor.encode(dagcbor.decode(data))


FIELDS: st.SearchStrategy[dagcbor.Value] = st.one_of(
    st.sampled_from([None, True, 0, 1, -1, 1.0, 23, 24, 32_768, 32_769, 2**53 - 1, 2**53, "", "rating", "inception"]),
    st.sampled_from(["k" * 23, "k" * 24, "a-1", "1a", "Kind", "ä", bytes(32), bytes(31), bytes(64), [], {}]),
    st.sampled_from([Cid.of(b"", codec) for codec in CODECS]),
)


@settings(max_examples=600)
@given(changes=st.dictionaries(st.sampled_from([*HEADER, "signature", "x"]), FIELDS, max_size=4))
def test_the_grammar_takes_what_the_rules_take(changes: dict[str, dagcbor.Value]) -> None:
    """The one expression that reads records gives the verdict of the rules, written out one by one."""
    value: dict[str, Any] = {"header": {**HEADER, **changes}, "signature": bytes(64)}
    if "signature" in changes:
        value["signature"] = value["header"].pop("signature")
    record = bounded(parse_record, dagcbor.encode(value))
    assert (record is not None) == is_record(value)
    if record is not None:
        found = {name: getattr(record.header, name) for name in HEADER if name != "v"}
        assert {"v": 1, **found} == value["header"]


def is_record(value: dict[str, Any]) -> bool:
    """The rules of docs/records.md for a block."""
    header, signature = value["header"], value["signature"]

    def is_link(name: str) -> bool:
        return isinstance(header[name], Cid) and header[name].codec == DAG_CBOR

    def is_number(name: str, least: int, most: int) -> bool:
        return type(header[name]) is int and least <= header[name] <= most

    return (
        type(signature) is bytes
        and len(signature) == 64
        and header.keys() == HEADER.keys()
        and is_number("v", 1, 1)
        and is_number("seq", 0, 2**53 - 1)
        and is_number("time", 0, 2**53 - 1)
        and is_number("size", 1, 32_768)
        and is_link("body")
        and type(header["device"]) is bytes
        and len(header["device"]) == 32
        and type(header["kind"]) is str
        and re.fullmatch("[a-z][a-z0-9-]{0,22}", header["kind"]) is not None
        and (header["prev"] is None if header["seq"] == 0 else is_link("prev"))
        and (header["author"] is None if header["kind"] == "inception" else is_link("author"))
        and not (header["kind"] == "inception" and header["seq"])
    )


@settings(max_examples=600)
@given(data=near(BODY_BLOCKS), kind=st.sampled_from([*KINDS, "letter"]))
def test_bodies(data: bytes, kind: str) -> None:
    fields = bounded(parse_body, data, kind)
    assert fields is None or dagcbor.encode(fields) == data


@settings(max_examples=400)
@given(data=near(PACKED))
def test_pairs(data: bytes) -> None:
    pair = bounded(unpack, data)
    assert pair is None or pack(*pair) == data


@settings(max_examples=400)
@given(
    text=st.text(max_size=70)
    | near([text.encode() for text in TEXTS]).map(lambda data: data.decode("utf-8", "replace"))
)
def test_texts_of_ids(text: str) -> None:
    for parse in (Cid.parse, parse_film_id):
        found = bounded(parse, text)
        assert found is None or str(found) == text
    cid = bounded(Cid.parse, text)
    assert is_film_id(text) == (is_external_id(text) or (cid is not None and cid.codec == DAG_CBOR))


@settings(max_examples=200)
@given(data=near([record.id for record, _ in anna.pairs]))
def test_bytes_of_ids(data: bytes) -> None:
    cid = bounded(Cid.from_bytes, data)
    assert cid is None or Cid.parse(str(cid)) == data


BOMBS = [
    b"\x9b" + b"\xff" * 8,
    b"\x9a\xff\xff\xff\xff" + b"\xf6" * 1000,
    b"\xba\x7f\xff\xff\xff" + b"\x60\xf6" * 500,
    b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\x7a\xff\xff\xff\xff" + b"x" * 1000,
    b"\x81" * 30_000,
    b"\xa1\x60" * 15_000,
    (b"\x9a\xff\xff\xff\xff") * 6000,
    b"\x99\x75\x30" + b"\x80" * 30_000,
    b"\x99\x75\x30" + b"\xf6" * 30_000,
    b"\xd8\x2a" * 15_000,
]


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: f"{bomb[:6].hex()} of {len(bomb)}")
def test_false_lengths_and_nesting_cost_no_more_than_their_bytes(bomb: bytes) -> None:
    for decode in (dagcbor.decode, unpack, parse_record, lambda data: parse_body("rating", data)):
        tracemalloc.start()
        try:
            bounded(decode, bomb)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak_bytes <= 100 * len(bomb) + 200_000


@pytest.mark.parametrize("size", [1_000, 10_000, 30_000])
def test_a_long_kind_or_number_does_not_make_the_grammar_wander(size: int) -> None:
    """Matching stays linear: nothing in the grammar can be read in two ways."""
    block = laptop.pairs[0][0].block
    for filling in (b"\x64prev", b"\x64kind\x66rating", b"a", b"\x1b\0", block[7:60]):
        assert bounded(parse_record, block[:60] + filling * (900 // len(filling)) + block[60:]) is None
        assert bounded(parse_record, filling * (size // len(filling))) is None
