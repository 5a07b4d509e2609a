"""RLP: the examples of the Yellow Paper's community, and every form that is not the shortest."""

from __future__ import annotations

import pytest

from cinepeer.errors import Refused
from cinepeer.rights import rlp


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (b"", "80"),
        (b"\x00", "00"),
        (b"\x0f", "0f"),
        (b"\x7f", "7f"),
        (b"\x80", "8180"),
        (b"dog", "83646f67"),
        ([], "c0"),
        ([b"cat", b"dog"], "c88363617483646f67"),
        ([[], [[]], [[], [[]]]], "c7c0c1c0c3c0c1c0"),
        (
            b"Lorem ipsum dolor sit amet, consectetur adipisicing elit",
            "b838" + b"Lorem ipsum dolor sit amet, consectetur adipisicing elit".hex(),
        ),
    ],
)
def test_known_examples_are_written_and_read(item, text):
    assert rlp.encode(item).hex() == text
    assert rlp.decode(bytes.fromhex(text)) == item


@pytest.mark.parametrize(
    "text",
    [
        "",  # nothing
        "8100",  # a small byte with a prefix
        "817f",
        "b800",  # the long form of a short length
        "b837" + "61" * 55,
        "b90038" + "61" * 56,  # a length with a leading zero
        "83646f",  # truncated
        "c883636174",
        "c0c0",  # bytes after the item
        "c28363",  # an item that leaves its list
        "f800",
        "bfffffffffffffffff",  # a length beyond any memory
        "c1" * 20 + "c0",  # nested too deep and truncated
    ],
)
def test_any_other_form_is_refused(text):
    with pytest.raises(Refused) as refused:
        rlp.decode(bytes.fromhex(text))
    assert refused.value.reason == "bad-rlp"


def test_lists_nested_deeper_than_any_node_are_refused():
    item: list = []
    for _ in range(40):
        item = [item]
    with pytest.raises(Refused, match="nested deeper"):
        rlp.decode(rlp.encode(item))


@pytest.mark.parametrize("value", [0, 1, 127, 128, 255, 256, 2**64, 2**256 - 1])
def test_integers_go_both_ways(value):
    assert rlp.decode_uint(rlp.encode_uint(value)) == value


@pytest.mark.parametrize("data", [b"\0", b"\0\1", b"\1" * 33])
def test_integers_with_leading_zeros_or_too_long_are_refused(data):
    with pytest.raises(Refused):
        rlp.decode_uint(data)
