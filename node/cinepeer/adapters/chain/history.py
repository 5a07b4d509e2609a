"""The log of a contract set, kept level with its chain: linked by hashes, so that what was taken back goes again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from cinepeer.errors import CheckFailed, Refused
from cinepeer.rights.deployment import ContractSet
from cinepeer.rights.events import Log, decode_all
from cinepeer.rights.state import fold

MARKS = 128
"""Blocks whose hashes are remembered: the newest of each reading."""

PROVED = 400
"""Most titles whose heads are proved in one reading."""

_TRIES = 4
_NARROWER = 16
_WIDEST = 5_000

Block = tuple[int, bytes]
Verify = Callable[[ContractSet, Mapping[bytes, bytes], int], Awaitable[list[bytes]]]


class Logs(Protocol):
    """Asks for log entries from block to block, `width` blocks at once."""

    async def __call__(
        self, addresses: Sequence[bytes], from_block: int, to_block: int, width: int = ...
    ) -> list[Log]: ...


class History:
    """Every log entry up to the newest block, read on from where the last reading ended."""

    def __init__(
        self,
        block: Callable[[int | str], Awaitable[Block | None]],
        logs: Logs,
        contracts: ContractSet,
        verify: Verify | None,
    ) -> None:
        """
        `block` gives number and hash of a block by number or tag; `verify` names the titles whose head in the state
        differs from the log's, None where the log was made here.
        """
        self._block = block
        self._ask = logs
        self._contracts = contracts
        self._verify = verify
        self._addresses = list(contracts.named().values())
        self._logs: list[Log] = []
        self._marks: list[Block] = []
        self._turn = asyncio.Lock()
        self._next = 0

    async def read(self) -> tuple[list[Log], int]:
        """All entries and the block they were read up to; raises `CheckFailed` for a log with entries left out."""
        async with self._turn:
            width = _WIDEST
            for _ in range(_TRIES):
                head = await self._newest()
                await self._step_back(head)
                first = self._marks[-1][0] + 1 if self._marks else self._contracts.from_block
                new = await self._ask(self._addresses, first, head[0], width) if first <= head[0] else []
                if not await self._still(head, new):
                    continue
                found = [*self._logs, *new]
                wrong = await self._wrong(found, head[0])
                if not wrong:
                    self._logs = found
                    self._mark(head)
                    return list(found), head[0]
                # An endpoint that cuts long answers short gives short ones whole.
                width = max(1, width // _NARROWER)
            if width < _WIDEST:
                raise CheckFailed(
                    f"found a log without entries of the title 0x{wrong[0].hex()} that the state of block {head[0]} "
                    "proves, expected all of them: ask another endpoint"
                )
            raise CheckFailed("found a chain that changed while it was read, expected it to hold still for a moment")

    async def _newest(self) -> Block:
        found = await self._block("latest")
        if found is None:
            raise CheckFailed("found no newest block, expected one")
        return found

    async def _step_back(self, head: Block) -> None:
        """Forgets what was read above the last block that is still on the chain."""
        while self._marks:
            number, known = self._marks[-1]
            if number <= head[0] and await self._block(number) == (number, known):
                break
            self._marks.pop()
        last = self._marks[-1][0] if self._marks else -1
        self._logs = [entry for entry in self._logs if entry.block <= last]

    async def _still(self, head: Block, new: Sequence[Log]) -> bool:
        """Whether the blocks that were read are still those of the chain."""
        if await self._block(head[0]) != head:
            return False
        return not new or await self._block(new[-1].block) == (new[-1].block, new[-1].block_hash)

    async def _wrong(self, found: Sequence[Log], height: int) -> list[bytes]:
        """Titles whose record is not whole. Beyond `PROVED` of them, each reading proves the next part."""
        if self._verify is None or not found:
            return []
        try:
            heads = {title: one.head for title, one in fold(decode_all(found, self._contracts)).titles.items()}
        except Refused:
            return [self._contracts.titles]
        titles = sorted(heads)
        if len(titles) > PROVED:
            first = self._next % len(titles)
            titles = [*titles, *titles][first : first + PROVED]
            self._next = first + PROVED
        return await self._verify(self._contracts, {title: heads[title] for title in titles}, height)

    def _mark(self, head: Block) -> None:
        if not self._marks or self._marks[-1] != head:
            self._marks = [*self._marks[-MARKS + 1 :], head]
