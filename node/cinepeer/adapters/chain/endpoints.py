"""Several endpoints of one chain: the next is asked when one is away, and what they say is compared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from cinepeer.adapters.chain.endpoint import PATIENCE_S, Answered, Endpoint, shown_number
from cinepeer.errors import BadInput, CheckFailed, Unreachable

T = TypeVar("T")

COMPARED_S = 5.0
"""How long each of several endpoints is waited for when they are compared."""

COMPARED_DEPTH = 2
"""Blocks below the lowest of the endpoints' newest at which they must agree: the newest travels to each in its time."""


class Endpoints:
    """One chain by one or more URLs. The one that answered last is asked first."""

    def __init__(self, urls: Sequence[str], chain_id: int, timeout_s: float) -> None:
        """Nothing is connected yet; raises `BadInput` when there is no URL."""
        if not urls:
            raise BadInput("found no URL of a ledger, expected one or more")
        self.urls = tuple(urls)
        self.chain_id = chain_id
        # With another one to ask, nobody waits for the first to come back.
        self._all = [Endpoint(url, chain_id, timeout_s, PATIENCE_S if len(urls) == 1 else 0.0) for url in urls]
        # One that hangs must not hold up the comparison of the others.
        self._each_s = timeout_s if len(urls) == 1 else min(timeout_s, COMPARED_S)
        self._at = 0

    @property
    def url(self) -> str:
        """The one that is asked first."""
        return self.urls[self._at]

    async def close(self) -> None:
        """Ends the connections."""
        for one in self._all:
            await one.close()

    async def ask(self, method: str, *parameters: Any) -> Any:
        """The result of the first endpoint that answers; raises what the last said, and a refusal at once."""
        failure: Unreachable | None = None
        for turn in range(len(self._all)):
            at = (self._at + turn) % len(self._all)
            try:
                found = await self._all[at].ask(method, *parameters)
            except Answered:
                self._at = at
                raise
            except Unreachable as error:
                failure = error
                continue
            self._at = at
            return found
        assert failure is not None
        raise failure

    async def read(self, parse: Callable[[Any], T], method: str, *parameters: Any) -> T:
        """The result as a value; raises `Unreachable` for one that cannot be understood."""
        found = await self.ask(method, *parameters)
        try:
            return parse(found)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise Unreachable(
                f"found an answer to {method} at {self.url} that cannot be read ({error!r}), expected the ledger's"
            ) from error

    async def ask_each(self, method: str, *parameters: Any) -> dict[str, Any]:
        """What each endpoint that answers says, by its URL; raises `Unreachable` when none does."""
        asked = (asyncio.wait_for(one.ask(method, *parameters), self._each_s) for one in self._all)
        found = await asyncio.gather(*asked, return_exceptions=True)
        answers: dict[str, Any] = {}
        failure: Unreachable | None = None
        for url, answer in zip(self.urls, found, strict=True):
            if isinstance(answer, TimeoutError):
                failure = Unreachable(f"found no answer at {url} in {self._each_s:g} s, expected one")
            elif isinstance(answer, Unreachable):
                failure = answer
            elif isinstance(answer, BaseException):
                raise answer
            else:
                answers[url] = answer
        if not answers and failure is not None:
            raise failure
        return answers

    async def check(self) -> None:
        """Raises `BadInput` when one has become another chain, `CheckFailed` when two show two histories."""
        for url, said in (await self.ask_each("eth_chainId")).items():
            if said != hex(self.chain_id):
                raise BadInput(
                    f"found chain {shown_number(said)} at {url}, expected chain {self.chain_id}: nothing was sent"
                )
        if len(self._all) == 1:
            return
        heads = [_number(said) for said in (await self.ask_each("eth_blockNumber")).values()]
        height = max(0, min((head for head in heads if head is not None), default=0) - COMPARED_DEPTH)
        blocks = await self.ask_each("eth_getBlockByNumber", hex(height), False)
        hashes = {url: str(block["hash"]) for url, block in blocks.items() if isinstance(block, dict)}
        if len(set(hashes.values())) > 1:
            told = " and ".join(f"{found} at {url}" for url, found in hashes.items())
            raise CheckFailed(f"found block {height} as {told}, expected one history: nothing was sent")


def _number(said: Any) -> int | None:
    try:
        return int(said, 16)
    except (TypeError, ValueError):
        return None
