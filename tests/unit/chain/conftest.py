"""Closes the ledgers that a test opened."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def ledgers_are_closed() -> Iterator[None]:
    """Every ledger in memory or on disk is closed after its test."""
    from unit.chain.small_chain import SmallChain

    yield
    while SmallChain.opened:
        chain = SmallChain.opened.pop()
        if hasattr(chain, "evm"):
            chain.evm.close()
