"""One call for blocks: what is still wanted, what came, and whether it is over."""

from __future__ import annotations

from collections.abc import Callable

import trio

from cinepeer.content.exchange import Exchange
from cinepeer.content.unixfs import links
from cinepeer.errors import CinepeerError, Refused
from cinepeer.ports import BlockSource
from cinepeer.records.cid import RAW, Cid

MAX_DAG_BLOCKS = 1_000_000


class Retrieval:
    """One call of `want` or `fetch`: its exchange, and what to do with the blocks."""

    def __init__(self, exchange: Exchange, keep: Callable[[list[tuple[Cid, bytes]]], list[Cid]]) -> None:
        """`keep` runs in threads, several at once; it takes checked blocks and names what is wanted next."""
        self.exchange = exchange
        self.error: CinepeerError | None = None
        self.blocks = 0
        self._keep = keep
        self._keeping = 0
        self._news = trio.Event()

    @property
    def is_done(self) -> bool:
        """Whether everything came and is kept, or an error ended it."""
        return self.error is not None or (self.exchange.is_done and not self._keeping)

    @property
    def is_stuck(self) -> bool:
        """Whether nobody is asked and nothing is being kept."""
        return self.exchange.is_stuck and not self._keeping

    def wake(self) -> None:
        """Something happened."""
        self._news.set()

    async def news(self, timeout_s: float) -> None:
        """Waits until something happened."""
        with trio.move_on_after(timeout_s):
            await self._news.wait()
        self._news = trio.Event()

    def expect(self) -> None:
        """Blocks that the exchange has taken are about to be given to `take`, once: it is not over before."""
        self._keeping += 1

    async def take(self, blocks: list[tuple[Cid, bytes]]) -> None:
        """Keeps blocks that were expected."""
        try:
            self.exchange.want(await trio.to_thread.run_sync(self._keep, blocks))
            self.blocks += len(blocks)
        except CinepeerError as error:
            self.error = error
        finally:
            self._keeping -= 1
            self.wake()


def missing(blocks: BlockSource, cids: list[Cid], seen: set[Cid]) -> list[Cid]:
    """The blocks under `cids` that are not held, as far as the held ones name them, depth first; fills `seen`."""
    found: list[Cid] = []
    waiting = list(reversed(cids))
    while waiting:
        cid = waiting.pop()
        if cid in seen:
            continue
        seen.add(cid)
        if len(seen) > MAX_DAG_BLOCKS:
            raise Refused("too-many-blocks", f"found more than {MAX_DAG_BLOCKS} blocks, expected a film")
        if cid.codec == RAW:
            if not blocks.has(cid):
                found.append(cid)
            continue
        block = blocks.get(cid)
        if block is None:
            found.append(cid)
        else:
            waiting.extend(reversed(links(cid, block)))
    return found
