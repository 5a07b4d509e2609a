"""Deeply nested JSON from a stranger is refused, also after web3 is loaded, which lifts Python's recursion limit."""

from __future__ import annotations

from pathlib import Path

import pytest

from cinepeer.errors import CinepeerError
from real.nodes import running

DEPTH = 200_000


def test_deeply_nested_json_is_refused_and_the_node_lives(tmp_path: Path) -> None:
    with running(tmp_path / "home") as node:
        assert node.api.get("/api/account")["balance"] == "0"  # loads web3 in the node
        for path in ("/api/ratings", "/api/records", "/api/publish"):
            with pytest.raises(CinepeerError):
                node.api.read("POST", path, b"[" * DEPTH + b"]" * DEPTH)
        assert node.api.get("/api/status")["author"] == node.told["author"]
