"""What a creator wishes of a package is checked before any work is done."""

from __future__ import annotations

import dataclasses
import json

import pytest

from cinepeer.content.cues import Chapter
from cinepeer.content.packaging import MAX_CAPTIONS, Packaging, Words
from cinepeer.errors import BadInput

WORDS = Words("en", "English", "00:01.000 --> 00:02.000\nHello\n")


def test_a_whole_wish_survives_the_disk() -> None:
    wish = Packaging((WORDS,), "0:00 Start\n1:00 End", 12.5, -23.0)
    wish.check()
    assert Packaging.parse(json.loads(json.dumps(dataclasses.asdict(wish)))) == wish
    assert wish.own_chapters() == [Chapter(0, "Start"), Chapter(60_000, "End")]
    assert Packaging().own_chapters() is None and Packaging(chapters="").own_chapters() == []


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        (Packaging((WORDS,) * (MAX_CAPTIONS + 1)), "caption tracks"),
        (Packaging((Words("English", "x", WORDS.text),)), "expected a language"),
        (Packaging((Words("en", "x", "no times"),)), "found no caption"),
        (Packaging(chapters="storm"), "expected a time and a title"),
        (Packaging(loudness=-5.0), "expected -40 to -10"),
        (Packaging(loudness=float("nan")), "expected -40 to -10"),
        (Packaging(poster_s=-1.0), "expected a moment"),
    ],
)
def test_what_cannot_be_is_told_at_once(wish: Packaging, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        wish.check()
