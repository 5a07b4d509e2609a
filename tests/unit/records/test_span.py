"""Spans: beginnings of a feed, and what two of them have in common."""

from __future__ import annotations

from itertools import product

from cinepeer.records.cid import RAW, Cid
from cinepeer.records.span import ALL, NOTHING, Span

ONE, OTHER = Cid.of(b"one", RAW), Cid.of(b"other", RAW)
SPANS = [ALL, NOTHING, *(Span(before, head) for before in range(4) for head in (None, ONE, OTHER))]
PLACES = [(seq, cid) for seq in range(6) for cid in (ONE, OTHER)]


def covered(span: Span) -> set[tuple[int, Cid]]:
    return {place for place in PLACES if span.covers(*place)}


def test_a_span_covers_what_is_below_and_its_head() -> None:
    assert covered(ALL) == set(PLACES)
    assert covered(NOTHING) == set()
    assert covered(Span(1, ONE)) == {(0, ONE), (0, OTHER), (1, ONE)}


def test_two_spans_meet_in_what_both_cover() -> None:
    for one, other in product(SPANS, SPANS):
        assert covered(one.meet(other)) == covered(one) & covered(other)
        assert one.meet(other) == other.meet(one)
