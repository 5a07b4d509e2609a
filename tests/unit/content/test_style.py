"""The style of a version in words: films alike in a measure share its word."""

from __future__ import annotations

import pytest

from cinepeer.content.fingerprint import sketch
from cinepeer.content.style import style_words

FIELDS = {
    "duration_ms": 95 * 60_000,
    "renditions": [{"width": 0, "height": 0}, {"width": 640, "height": 360}, {"width": 1920, "height": 800}],
}


def told(hashes: list[int]) -> list[str]:
    return style_words({**FIELDS, "fingerprint": sketch(hashes).encode()})


def test_length_and_shape_are_cut_into_steps() -> None:
    assert style_words(FIELDS) == ["length 80", "shape 2.4"]
    assert style_words({"duration_ms": 0, "renditions": []}) == ["length 0"]


def test_how_much_the_pictures_change_and_how_many_are_plain_is_told() -> None:
    assert told([255, 255, 255, 255])[2:] == ["change 0", "plain 0"]
    assert told([255, 0, 255, 0, 255])[2:] == ["change 6", "plain 5"]
    long = [255 << at % 8 for at in range(480)]
    assert told(long)[2:] == ["change 0", "plain 0"]


@pytest.mark.parametrize("data", [b"", b"\x09\x00\x01" + bytes(16), sketch([7]).encode()])
def test_a_fingerprint_that_says_nothing_is_left_out(data: bytes) -> None:
    assert style_words({**FIELDS, "fingerprint": data}) == ["length 80", "shape 2.4"]
