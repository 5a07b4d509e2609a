"""Renewal: a node that serves checkpoints makes a new one now and again, where there is something new to tell."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from cinepeer.app.checkpoint import Stated
from cinepeer.records.cid import Cid


class Making(Protocol):
    """The checkpoints of this node, as far as one is renewed."""

    async def newest_own(self) -> Stated | None: ...
    async def make(self) -> Stated: ...
    async def held(self) -> int: ...


class Renewal:
    """`look()` makes a checkpoint when the last one is old and records came since, or when they are twice as many."""

    def __init__(
        self,
        checkpoints: Making,
        every_ms: int,
        clock_ms: Callable[[], int],
        let_go: Callable[[Cid], Awaitable[None]],
    ) -> None:
        """`let_go(root)` gives back the disk of the one that was made before; the moments outlive a restart."""
        self._checkpoints = checkpoints
        self._every_ms = every_ms
        self._clock_ms = clock_ms
        self._let_go = let_go

    async def look(self) -> Stated | None:
        """The checkpoint that was made, or None where none is due; raises as `Checkpoints.make`."""
        last, held = await self._checkpoints.newest_own(), await self._checkpoints.held()
        if not held or (last is not None and not self._is_due(last, held)):
            return None
        made = await self._checkpoints.make()
        if last is not None and last.root != made.root:
            await self._let_go(last.root)
        return made

    def _is_due(self, last: Stated, held: int) -> bool:
        known = last.records + 1  # its own record came after it: that alone is nothing to tell
        is_old = self._clock_ms() - last.moment_ms >= self._every_ms
        return held >= 2 * known or (is_old and held > known)
