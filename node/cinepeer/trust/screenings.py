"""Reports of screenings: how far a viewer came, told by randomised response, and what many of them say together.

A viewer's page tells by lot, half of the time, another part of the film than the one that was reached (Warner 1965, for
eleven values: Kairouz, Bonawitz, Ramage 2016). No report makes any part more than `ODDS` times as likely as another,
and nobody can tell which reports are true; of many of them the lot can be reckoned out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import Cid

PARTS = 10
"""A film is told in tenths: 0 says that not even the first was watched through, 10 that the last was."""
ODDS = 10
"""The true part is told with ODDS / (ODDS + PARTS), each other with 1 / (ODDS + PARTS)."""
EPSILON = math.log(ODDS)
"""What one report gives away at most, as local differential privacy counts it."""

_TRUE = ODDS / (ODDS + PARTS)
_OTHER = 1 / (ODDS + PARTS)
_LOT_VARIANCE = _OTHER * sum((part - PARTS / 2) ** 2 for part in range(PARTS + 1))  # of one report, at least
_Z = 1.959963984540054  # 95 % of a normal distribution lie within


@dataclass(frozen=True, slots=True)
class Report:
    """What one viewer's page told of one screening: the film's record, and the part, true or drawn by lot."""

    film: Cid
    reached: int


@dataclass(frozen=True, slots=True)
class Share:
    """A share of the screenings, unbiased, so that it may fall outside of 0 to 1; 95 % of such intervals hold it."""

    low: float
    share: float
    high: float


def encode_report(report: Report) -> bytes:
    """A report as bytes, all of them of one length: who passes it on cannot tell one from another."""
    return dagcbor.encode([report.film, bytes([report.reached])])


def parse_report(data: bytes) -> Report:
    """Raises `Refused` (`not-canonical`, `bad-form`)."""
    found = dagcbor.decode(data)
    if isinstance(found, list) and len(found) == 2:
        film, reached = found
        if isinstance(film, Cid) and type(reached) is bytes and len(reached) == 1 and reached[0] <= PARTS:
            return Report(film, reached[0])
    raise Refused("bad-form", f"found no report of a screening, expected a film and a part from 0 to {PARTS}")


def retention(counts: Sequence[int]) -> list[Share]:
    """Which share of the screenings came through the first tenth, the second, … the last one.

    `counts`: how many reports told each part, from 0 to `PARTS`; there has to be at least one.
    """
    reports = sum(counts)
    return [_unmixed(sum(counts[part:]), reports, PARTS + 1 - part) for part in range(1, PARTS + 1)]


def average(counts: Sequence[int]) -> Share:
    """Which part of the film was watched on average, 0 to 1; the same `counts`."""
    reports = sum(counts)
    told = sum(part * count for part, count in enumerate(counts)) / reports
    squares = sum(part * part * count for part, count in enumerate(counts)) / reports
    # A few that happen to tell the same part were drawn by lot all the same.
    wide = _Z * math.sqrt(max(squares - told * told, _LOT_VARIANCE) / reports)
    low, middle, high = (_without_lot(value) / PARTS for value in (told - wide, told, told + wide))
    return Share(max(0.0, min(1.0, low)), middle, max(0.0, min(1.0, high)))


def _without_lot(told: float) -> float:
    """The mean part that was reached, by the mean that was told."""
    return (told - _OTHER * PARTS * (PARTS + 1) / 2) / (_TRUE - _OTHER)


def _unmixed(told: int, reports: int, values: int) -> Share:
    """The share of what `told` of the `reports` say, where the lot may draw `values` parts that say so too.

    The interval is Wilson's (1927) of the share that was told, taken through the same line.
    """
    share = told / reports
    scale = 1 + _Z * _Z / reports
    middle = (share + _Z * _Z / (2 * reports)) / scale
    wide = _Z / scale * math.sqrt(share * (1 - share) / reports + _Z * _Z / (4 * reports * reports))
    low, true, high = ((value - _OTHER * values) / (_TRUE - _OTHER) for value in (middle - wide, share, middle + wide))
    return Share(max(0.0, min(1.0, low)), true, max(0.0, min(1.0, high)))
