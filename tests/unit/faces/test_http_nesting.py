"""The depth of JSON is known before it is read, whatever stands in its strings."""

from __future__ import annotations

import json

import pytest

from cinepeer.faces.http.nesting import MAX_DEPTH, is_deep


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":', b'["]]]",'])
def test_what_nests_deeper_is_deep(opening: bytes) -> None:
    each = opening.count(b"[") + opening.count(b"{")
    assert not is_deep(opening * (MAX_DEPTH // each))
    assert is_deep(opening * (MAX_DEPTH // each + 1))


@pytest.mark.parametrize("text", ["[" * 99, '"' + "[" * 99, "\\" + "{" * 99, '\\"' + "{" * 99, '["' * 99, "\\\\" * 9])
def test_brackets_in_strings_nest_nothing(text: str) -> None:
    assert not is_deep(json.dumps({text: [text, {"a": text}]}).encode())


def test_wide_is_not_deep() -> None:
    assert not is_deep(json.dumps([[[]], {"a": {}}] * 10_000).encode())


def test_what_is_no_json_does_not_take_long_or_fail() -> None:
    for body in (b"", b'"', b'\\"' * 300_000, b'"' * 500_001, b"]" * 500_000, b"\xff" * 1000, b"\\" * 500_001):
        assert not is_deep(body)
    assert is_deep(b"[" * 1_000_000)
