"""Libraries of the parts that are built last, loaded by a thread while a child process still loads its own."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from importlib import import_module
from typing import Any, TypeVar

T = TypeVar("T")

# What takes longest of all that a node has not loaded when its ledger's process starts: libp2p and the web's.
LATER = ("cinepeer.adapters.p2p.network", "cinepeer.faces.http.api", "cinepeer.faces.http.listener")


async def load_beside(starting: Coroutine[Any, Any, T]) -> T:
    """What `starting` comes to, which begins its process at once and waits for it; the wait is spent on loading."""
    begun = asyncio.create_task(starting)
    try:
        await asyncio.sleep(0)
        await asyncio.to_thread(_load)
        return await begun
    finally:
        begun.cancel()


def _load() -> None:
    for name in LATER:
        import_module(name)
