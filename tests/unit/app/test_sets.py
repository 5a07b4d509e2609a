"""Sets for reconciling: made anew only when something came, and never for longer than a share of the time."""

from __future__ import annotations

import asyncio

from cinepeer.app.sets import FREE_S, KEPT, Sets
from cinepeer.replication.fingerprints import SealedSet
from cinepeer.replication.scope import EVERYTHING, Scope
from unit.replication.rig import NOW_MS, Author, MemoryStore


class Slow(MemoryStore):
    """Counts how often a set is made, and takes its time."""

    made = 0
    seconds = 0.0

    async def sealed(self, scope: Scope) -> SealedSet:
        self.made += 1
        await asyncio.sleep(self.seconds)
        return self.sealed_now(scope)


def rated(count: int) -> Author:
    author = Author(1)
    author.rate(count)
    return author


def test_a_scopes_set_is_made_once_until_something_comes() -> None:
    async def body() -> None:
        author = rated(3)
        store, scope = Slow(author.pairs[:4]), Scope(frozenset({author.id}))
        sets = Sets(store)
        first = await asyncio.gather(*(sets.sealed(scope) for _ in range(5)))
        assert (store.made, {len(one) for one in first}) == (1, {4})
        await store.add(author.pairs, NOW_MS)
        assert len(await sets.sealed(scope)) == 5
        assert store.made == 2

    asyncio.run(body())


def test_a_set_that_took_long_does_for_a_while_although_something_came() -> None:
    async def body() -> None:
        author = rated(3)
        store, scope = Slow(author.pairs[:4]), Scope(frozenset({author.id}))
        store.seconds = FREE_S + 0.2
        sets = Sets(store)
        await sets.sealed(scope)
        await store.add(author.pairs, NOW_MS)
        assert len(await sets.sealed(scope)) == 4
        assert store.made == 1

    asyncio.run(body())


def test_few_sets_are_kept_and_the_one_of_everything_is_the_stores_own() -> None:
    async def body() -> None:
        store = Slow(rated(1).pairs)
        sets = Sets(store)
        scopes = [Scope(since_ms=number) for number in range(1, KEPT + 2)]
        for scope in (*scopes, *reversed(scopes[1:])):
            await sets.sealed(scope)
        assert store.made == KEPT + 1
        await sets.sealed(scopes[0])
        assert store.made == KEPT + 2
        for _ in range(2):
            await sets.sealed(EVERYTHING)
        assert store.made == KEPT + 4

    asyncio.run(body())
