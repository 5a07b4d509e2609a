"""Filters: bounds hold together, and what nobody told passes none."""

from __future__ import annotations

import pytest

from cinepeer.search.filter import Filter

FILM = {"year": 1984, "genres": ["Drama", "war"], "languages": ["zh-Hans", "en"]}
UNTOLD = {"year": None, "genres": [], "languages": []}


@pytest.mark.parametrize(
    ("wanted", "passes"),
    [
        (Filter(), True),
        (Filter(year_from=1984, year_to=1984), True),
        (Filter(year_from=1985), False),
        (Filter(year_to=1983), False),
        (Filter(genre="drama"), True),
        (Filter(genre="dram"), False),
        (Filter(language="zh"), True),
        (Filter(language="ZH-hans"), True),
        (Filter(language="z"), False),
        (Filter(most_minutes=90), True),
        (Filter(most_minutes=89), False),
        (Filter(genre="war", language="en", year_to=1990, most_minutes=200), True),
        (Filter(genre="war", language="de", year_to=1990), False),
    ],
)
def test_a_film_passes_when_every_bound_holds(wanted: Filter, passes: bool) -> None:
    assert wanted.admits(FILM, [120 * 60_000, 90 * 60_000]) is passes


@pytest.mark.parametrize(
    "wanted",
    [Filter(year_from=1), Filter(year_to=9999), Filter(genre="x"), Filter(language="x"), Filter(most_minutes=9)],
)
def test_what_nobody_told_passes_no_bound_on_it(wanted: Filter) -> None:
    assert not wanted.is_open
    assert wanted.admits(UNTOLD, []) is False


def test_a_filter_without_bounds_is_open() -> None:
    assert Filter().is_open and not Filter(is_playable=True).is_open
