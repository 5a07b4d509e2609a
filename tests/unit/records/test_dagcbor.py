"""What has no encoding is refused when it is written, too."""

from __future__ import annotations

from typing import Any

import pytest

from cinepeer.errors import Refused
from cinepeer.records.dagcbor import MAX_DEPTH, decode, encode


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth - 1):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    "value",
    [
        2**64,
        -(2**64) - 1,
        float("nan"),
        float("inf"),
        float("-inf"),
        "\ud800",
        {"\ud800": 1},
        {1: 2},
        {b"a": 1},
        {None: 1},
        bytearray(b"x"),
        {1, 2},
        object(),
        [1j],
        {"a": [set()]},
        nested(MAX_DEPTH + 1),
    ],
    ids=lambda value: f"{type(value).__name__} {str(value)[:20]!a}",
)
def test_a_value_without_an_encoding_is_refused(value: Any) -> None:
    with pytest.raises(Refused) as caught:
        encode(value)
    assert caught.value.reason == "not-canonical"


def test_a_tuple_is_written_as_a_list() -> None:
    value: Any = ("a", (1,))
    assert decode(encode(value)) == ["a", [1]]


def test_the_bound_on_depth_can_be_set() -> None:
    block = encode([[1]])
    assert decode(block, max_depth=2) == [[1]]
    with pytest.raises(Refused, match="nested too deep"):
        decode(block, max_depth=1)
    with pytest.raises(Refused, match="nested too deep"):
        encode([[1]], max_depth=1)


def test_sentences_say_what_was_found_and_expected() -> None:
    for data, words in (
        (b"\x18\x17", "found 23 in 1 bytes, expected the shortest form"),
        (b"\xa2\x61a\x01\x61a\x02", "out of order or twice"),
        (b"\x82\x01", "found the end after 2 bytes"),
        (b"\xf6\xf6", "found 1 bytes after the value, expected none"),
        (b"\xc1\x00", "found the tag 1, expected 42"),
    ):
        with pytest.raises(Refused, match=words):
            decode(data)
