"""A few records reach every node of a larger network soon, and telling of them does not grow with the network."""

from __future__ import annotations

import pytest

from sim.convergence import converge


@pytest.mark.parametrize("loss", [0.01, 0.1, 0.3])
def test_ten_nodes_hold_what_three_authors_signed_within_seconds_whatever_is_lost(loss: float) -> None:
    found = converge(10, loss)
    assert found.half_ms <= found.most_ms <= found.all_ms <= 8_000


def test_what_a_node_sends_does_not_grow_with_the_network() -> None:
    few, many = converge(12, 0.1), converge(96, 0.1)
    assert many.all_ms <= 60_000
    assert many.sent_bytes <= 2 * few.sent_bytes
