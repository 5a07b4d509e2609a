"""Statistics of a peer as plain values."""

from __future__ import annotations

from dataclasses import asdict

from cinepeer.replication.statistics import PeerStatistics


def test_reasons_are_counted_and_told_by_name() -> None:
    found = PeerStatistics()
    for _ in range(2):
        found.refused["bad-signature"] += 1
    assert asdict(found)["refused"] == {"bad-signature": 2}
    assert asdict(found)["waiting"] == {}
    assert (found.refused["bad-frame"], dict(found.refused)) == (0, {"bad-signature": 2})
