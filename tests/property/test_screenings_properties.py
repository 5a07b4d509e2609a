"""What reports told by lot come to: without a lean, within intervals that hold the truth, and no report tells much."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinepeer.errors import Refused
from cinepeer.records.cid import DAG_CBOR, RAW, Cid
from cinepeer.trust.screenings import (
    EPSILON,
    ODDS,
    PARTS,
    Report,
    average,
    encode_report,
    parse_report,
    retention,
)

FILM = Cid.of(b"a film", DAG_CBOR)
WORLDS = 300
reached = st.lists(st.integers(0, PARTS), min_size=1, max_size=200)


def told(chance: random.Random, part: int) -> int:
    """What a page tells for `part`: half of the time the truth, otherwise one of the ten others."""
    if chance.random() < ODDS / (ODDS + PARTS):
        return part
    return chance.choice([other for other in range(PARTS + 1) if other != part])


def counted(parts: list[int]) -> list[int]:
    return [parts.count(part) for part in range(PARTS + 1)]


@given(reached)
def test_the_estimate_has_no_lean(parts: list[int]) -> None:
    # Twenty viewers for each: ten tell the truth, and each other part is told once, just as the lot has it on average.
    drawn = [other for part in parts for other in [part] * (ODDS - 1) + list(range(PARTS + 1))]
    for tenth, found in enumerate(retention(counted(drawn)), 1):
        assert found.share == pytest.approx(sum(part >= tenth for part in parts) / len(parts), abs=1e-9)
        assert 0 <= found.low <= found.high <= 1
        assert found.low - 1e-9 <= found.share <= found.high + 1e-9
    assert average(counted(drawn)).share == pytest.approx(sum(parts) / len(parts) / PARTS, abs=1e-9)


@pytest.mark.parametrize("viewers", [30, 400])
def test_nine_of_ten_intervals_and_more_hold_the_truth(viewers: int) -> None:
    chance = random.Random(11)
    held = asked = held_average = 0
    for _ in range(WORLDS):
        leaving = chance.random() * 0.3
        parts = [next((part for part in range(PARTS) if chance.random() < leaving), PARTS) for _ in range(viewers)]
        counts = counted([told(chance, part) for part in parts])
        for tenth, found in enumerate(retention(counts), 1):
            truth = sum(part >= tenth for part in parts) / viewers
            held += found.low <= truth <= found.high
            asked += 1
        mean = average(counts)
        held_average += mean.low <= sum(parts) / viewers / PARTS <= mean.high
    assert held / asked >= 0.93
    assert held_average / WORLDS >= 0.93


def test_no_part_is_more_than_ten_times_as_likely_under_one_truth_as_under_another() -> None:
    chances = {True: ODDS / (ODDS + PARTS), False: 1 / (ODDS + PARTS)}
    assert chances[True] + PARTS * chances[False] == pytest.approx(1)
    assert chances[True] / chances[False] == pytest.approx(math.exp(EPSILON))


@given(st.integers(0, PARTS))
def test_a_report_reads_back_and_all_are_of_one_length(part: int) -> None:
    data = encode_report(Report(FILM, part))
    assert parse_report(data) == Report(FILM, part)
    assert len(data) == len(encode_report(Report(FILM, 0)))


@given(st.binary(max_size=80))
def test_bytes_that_are_no_report_are_refused(data: bytes) -> None:
    try:
        report = parse_report(data)
    except Refused:
        return
    assert encode_report(report) == data


@pytest.mark.parametrize(
    "value", [[], [FILM], [FILM, 3], [FILM, b""], [FILM, b"\x0b"], [FILM, b"\x01\x02"], [b"f", b"\x01"], {"film": FILM}]
)
def test_a_report_of_another_form_is_refused(value: object) -> None:
    from cinepeer.records import dagcbor

    with pytest.raises(Refused, match="no report"):
        parse_report(dagcbor.encode(value))  # type: ignore[arg-type]


def test_a_film_is_named_by_its_record() -> None:
    assert parse_report(encode_report(Report(Cid.of(b"x", RAW), 0))).film == Cid.of(b"x", RAW)
