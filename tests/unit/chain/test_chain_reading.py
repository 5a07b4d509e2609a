"""A log from a provider with limits, from one that leaves entries out, over a chain that changes; what is final."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from cinepeer.adapters.chain import jsonrpc
from cinepeer.adapters.chain.client import FINAL_DEPTH, Ledger
from cinepeer.adapters.chain.endpoint import Answered
from cinepeer.adapters.chain.history import MARKS, History
from cinepeer.errors import CheckFailed, LimitReached
from cinepeer.rights.deployment import predict
from cinepeer.rights.events import Log

CONTRACTS = predict(b"\1" * 20, 7)
ANCHORED = next(iter(CONTRACTS.named().values()))


def entry(block: int, index: int = 0, fork: int = 0) -> Log:
    return Log(ANCHORED, (), bytes([fork]), block, index, b"", block_hash(block, fork))


def block_hash(number: int, fork: int = 0) -> bytes:
    return number.to_bytes(31, "big") + bytes([fork])


class Provider(Ledger):
    """An endpoint that finds ranges of more than `blocks` blocks, and answers of more than `entries`, too many."""

    def __init__(self, logs: Sequence[Log], blocks: int, entries: int, code: int = jsonrpc.TOO_MUCH) -> None:
        super().__init__("http://127.0.0.1:1", 7, is_checked=True)
        self.held = logs
        self.limits = (blocks, entries)
        self.code = code
        self.asked: list[tuple[int, int]] = []
        self.finalized: Any = None

    async def _read(self, parse: Any, method: str, *parameters: Any) -> Any:
        if method == "eth_getBlockByNumber":
            if isinstance(self.finalized, Exception):
                raise self.finalized
            return self.finalized
        if method == "eth_blockNumber":
            return 1_000
        first, last = (int(parameters[0][name], 16) for name in ("fromBlock", "toBlock"))
        self.asked.append((first, last))
        found = [one for one in self.held if first <= one.block <= last]
        if last - first + 1 > self.limits[0] or len(found) > self.limits[1]:
            raise Answered(self.code, "query returned more than it may")
        return found


@pytest.mark.parametrize(("blocks", "entries"), [(5_000, 10_000), (100, 10_000), (5_000, 3), (7, 2), (1, 2)])
def test_a_range_that_is_too_much_is_asked_for_by_halves_and_every_entry_comes_once(blocks: int, entries: int) -> None:
    held = [entry(block, index) for block in (3, 4, 40, 41, 42, 43, 44, 300) for index in range(2)]
    provider = Provider(held, blocks, entries)
    assert asyncio.run(provider.logs([ANCHORED], 0, 320)) == held
    answered = [one for one in provider.asked if one[1] - one[0] < blocks]
    assert answered[-1][1] == 320


@pytest.mark.parametrize(("entries", "code"), [(1, jsonrpc.TOO_MUCH), (10_000, jsonrpc.NO_METHOD)])
def test_a_block_that_is_too_much_by_itself_is_said(entries: int, code: int) -> None:
    provider = Provider([entry(3), entry(3, 1)], 0 if code == jsonrpc.NO_METHOD else 5_000, entries, code)
    with pytest.raises(LimitReached, match="log entries"):
        asyncio.run(provider.logs([ANCHORED], 0, 10))


@pytest.mark.parametrize(
    ("said", "final"),
    [((990, b"\1" * 32), 990), (None, 1_000 - FINAL_DEPTH), (Answered(-32601, "no such tag"), 1_000 - FINAL_DEPTH)],
)
def test_what_is_final_is_the_endpoints_word_or_a_depth(said: Any, final: int) -> None:
    provider = Provider([], 1, 1)
    provider.finalized = said
    assert asyncio.run(provider.final()) == final


class Chain:
    """A chain of blocks by number, each with its fork; one entry in every tenth."""

    def __init__(self, length: int) -> None:
        self.forks = [0] * length
        self.left_out: set[int] = set()
        self.most = 10_000
        self.widths: list[int] = []

    def reorganise(self, depth: int, fork: int, longer: int = 1) -> None:
        self.forks[-depth:] = [fork] * (depth + longer)

    async def block(self, tag: int | str) -> tuple[int, bytes] | None:
        number = len(self.forks) - 1 if isinstance(tag, str) else tag
        return (number, block_hash(number, self.forks[number])) if number < len(self.forks) else None

    def entries(self) -> list[Log]:
        return [entry(number, 0, fork) for number, fork in enumerate(self.forks) if number % 10 == 0 and number]

    async def logs(self, _addresses: Sequence[bytes], first: int, last: int, width: int = 5_000) -> list[Log]:
        self.widths.append(width)
        found: list[Log] = []
        for begin in range(first, last + 1, width):
            part = [one for one in self.entries() if begin <= one.block <= min(last, begin + width - 1)]
            found += [one for one in part if one.block not in self.left_out][: self.most]
        return found

    def history(self) -> History:
        return History(self.block, self.logs, CONTRACTS, None)


class Proving(History):
    """Proves by the number of entries, in place of heads."""

    def __init__(self, chain: Chain) -> None:
        super().__init__(chain.block, chain.logs, CONTRACTS, None)
        self.chain = chain

    async def _wrong(self, found: Sequence[Log], height: int) -> list[bytes]:
        return [] if list(found) == self.chain.entries() else [b"\x22" * 20]


@pytest.mark.parametrize("depth", [1, 9, 64, 200, 499])
def test_what_a_reorganisation_takes_back_goes_and_what_it_brings_comes(depth: int) -> None:
    chain = Chain(500)
    history = chain.history()
    assert asyncio.run(history.read()) == (chain.entries(), 499)
    chain.reorganise(depth, 1)
    assert asyncio.run(history.read()) == (chain.entries(), 500)
    chain.reorganise(64, 2, 0)
    assert asyncio.run(history.read()) == (chain.entries(), 500), "of the same height"


def test_reading_on_goes_back_no_further_than_the_last_block_that_stands() -> None:
    chain = Chain(50)
    history = chain.history()
    for _ in range(MARKS + 20):
        chain.forks.append(0)
        assert asyncio.run(history.read())[1] == len(chain.forks) - 1
    chain.reorganise(64, 1)
    before = len(chain.widths)
    assert asyncio.run(history.read()) == (chain.entries(), len(chain.forks) - 1)
    assert len(chain.widths) == before + 1
    chain.reorganise(MARKS + 60, 2)
    assert asyncio.run(history.read()) == (chain.entries(), len(chain.forks) - 1), "deeper than what is remembered"


def test_an_answer_cut_short_is_asked_for_in_smaller_parts_and_one_left_out_is_not_believed() -> None:
    chain = Chain(3_000)
    chain.most = 20
    assert asyncio.run(Proving(chain).read())[0] == chain.entries()
    assert chain.widths == [5_000, 312, 19]
    chain.left_out = {500}
    with pytest.raises(CheckFailed, match="ask another endpoint"):
        asyncio.run(Proving(chain).read())


def test_a_chain_that_changes_while_it_is_read_is_read_again_and_one_that_never_holds_still_is_said() -> None:
    chain = Chain(100)
    ask, times = chain.logs, [2]

    async def moving(addresses: Sequence[bytes], first: int, last: int, width: int = 5_000) -> list[Log]:
        found = await ask(addresses, first, last, width)
        if times[0]:
            times[0] -= 1
            chain.reorganise(5, times[0] + 1)
        return found

    history = History(chain.block, moving, CONTRACTS, None)
    assert asyncio.run(history.read()) == (chain.entries(), len(chain.forks) - 1)
    times[0] = 100
    with pytest.raises(CheckFailed, match="hold still"):
        asyncio.run(History(chain.block, moving, CONTRACTS, None).read())
