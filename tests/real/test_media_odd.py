"""Odd films go through the pipeline, or are refused in words; the slow ones only by command (`odd_films.py`)."""

from __future__ import annotations

import pytest

from real.odd_films import KINDS, Odd, told

pytestmark = pytest.mark.ffmpeg


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.slow], ids=lambda kind: kind.name)
def test_an_odd_film_becomes_what_it_should(kind: Odd) -> None:
    result = told(kind)
    assert result["held"], result
