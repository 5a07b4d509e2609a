"""A bucket lets no more through than its rate, whatever the sizes and the pauses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinepeer.content.allowance import BURST_S, Bucket, is_night

RATE = 1000


@given(st.lists(st.tuples(st.integers(1, 5000), st.floats(0, 3)), min_size=1, max_size=40))
def test_whoever_waits_as_told_stays_within_the_rate(steps: list[tuple[int, float]]) -> None:
    bucket, now_s, sent = Bucket(RATE), 10.0, 0
    for size, pause_s in steps:
        sent += size
        now_s += bucket.take(size, now_s) + pause_s
        # All that was sent by now, and had to be paid for by waiting, fits the time that went by.
        assert sent <= RATE * (now_s - 10.0 + BURST_S) + 1e-6


@given(st.lists(st.integers(1, 10**9), max_size=20))
def test_without_a_rate_nobody_waits(sizes: list[int]) -> None:
    bucket = Bucket(0)
    assert all(bucket.take(size, 0.0) == 0.0 for size in sizes)


def test_what_was_not_used_may_be_used_for_a_second_alone() -> None:
    bucket = Bucket(RATE)
    assert bucket.take(RATE, 0.0) == 0.0
    assert bucket.take(500, 100.0) == 0.0
    assert bucket.take(1500, 100.0) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("hours", "nights"),
    [
        (None, []),
        ((1, 4), [1, 2, 3]),
        ((23, 2), [23, 0, 1]),
        ((22, 0), [22, 23]),
    ],
)
def test_a_night_may_pass_midnight(hours: tuple[int, int] | None, nights: list[int]) -> None:
    assert [hour for hour in [*range(12, 24), *range(12)] if is_night(hour, hours)] == nights
