"""The short way to a level copy: the state at a signed header and its history, taken from another node unexecuted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from cinepeer.errors import Refused, Unreachable

SHORT_BLOCKS = 1_000
"""Fewer blocks than this are executed at once, which takes seconds."""

_PAGE = hex(200)


class Ask(Protocol):
    """Asks a ledger one question: its way, the method, the parameters."""

    async def __call__(self, forward: Callable[[bytes], Awaitable[bytes]], method: str, *parameters: Any) -> Any: ...


async def take_snapshot(
    ask: Ask, copy: Callable[[bytes], Awaitable[bytes]], source: Callable[[bytes], Awaitable[bytes]], head: int
) -> bool:
    """
    Has the own `copy`, which ends at block `head`, take the state and the history at the newest header of a `source`;
    False where that is too near to be worth it. The copy checks all of it. Raises `Refused` or `Unreachable`.
    """
    signed = await ask(source, "cinepeer_signedHeader", "latest")
    if not isinstance(signed, dict) or _number(signed.get("number")) < head + SHORT_BLOCKS:
        return False
    last = _number(signed["number"])
    # Nobody signs block 0 on the way: its signature is kept in both files, so that it can be shown on.
    begun = await ask(source, "cinepeer_signedHeader", "0x0")
    await ask(copy, "cinepeer_compare", begun)
    first = _number(await ask(copy, "cinepeer_snapshot", signed))
    while first <= last:
        blocks = await ask(source, "cinepeer_history", hex(first), _PAGE)
        after = _number(await ask(copy, "cinepeer_takeHistory", blocks))
        if after <= first:
            raise Unreachable(f"found no block {first} at a node that has {last}, expected it")
        first = after
    wanted = await ask(copy, "cinepeer_takeNodes", [])
    while wanted:
        nodes = await ask(source, "cinepeer_nodes", wanted)
        if not nodes:
            raise Unreachable(f"found no part {wanted[0]} of the state at a node that has block {last}, expected it")
        wanted = await ask(copy, "cinepeer_takeNodes", nodes)
    await ask(copy, "cinepeer_compare", begun)
    return True


def _number(told: Any) -> int:
    """A number as JSON-RPC tells it; raises `Refused`."""
    try:
        return int(told, 16)
    except (TypeError, ValueError) as error:
        raise Refused("bad-snapshot", f"found {str(told)[:40]!r}, expected a block's number") from error
