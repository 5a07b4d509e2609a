"""A node that serves checkpoints makes a new one when it is time and something new is here, over restarts too."""

from __future__ import annotations

from pathlib import Path

import pytest

from cinepeer.app.renewal import Renewal
from cinepeer.errors import CheckFailed
from cinepeer.records.cid import Cid
from cinepeer.replication.scope import Scope
from unit.app.two_nodes import Node, state, tell
from unit.store.people import rater

EVERY_MS = 1_000_000_000


class Clock:
    """A clock that stands still until it is set forward."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.ahead_ms = 0

    def __call__(self) -> int:
        return self._node.world.clock_ms() + self.ahead_ms


def renewal(node: Node, clock: Clock, gone: list[Cid] | None = None) -> Renewal:
    async def let_go(root: Cid) -> None:
        (gone if gone is not None else []).append(root)

    return Renewal(node.checkpoints, EVERY_MS, clock, let_go)


def test_one_is_made_at_first_and_then_when_it_is_old_and_something_came(tmp_path: Path) -> None:
    async def story(anna: Node, _bela: Node) -> None:
        clock, gone = Clock(anna), list[Cid]()
        renewing = renewal(anna, clock, gone)
        first = await renewing.look()
        assert first is not None and first.label == "computed here"
        clock.ahead_ms = EVERY_MS + 1000
        assert await renewing.look() is None  # nothing but its own record came
        await anna.author.sign("rating", {"ratings": [["movielens:4", 4]]})
        clock.ahead_ms = 0
        assert await renewing.look() is None  # it is not old yet
        clock.ahead_ms = EVERY_MS + 1000
        second = await renewing.look()
        assert second is not None
        assert (second.records, second.ratings) == (first.records + 2, first.ratings + 1)
        assert gone == [first.root]
        assert await anna.ipfs.pins() == {second.root}

    tell(tmp_path, story)


def test_when_twice_as_many_records_are_here_nobody_waits(tmp_path: Path) -> None:
    async def story(anna: Node, _bela: Node) -> None:
        renewing = renewal(anna, Clock(anna))
        first = await renewing.look()
        assert first is not None
        for number in range(first.records):
            assert await renewing.look() is None
            await anna.author.sign("rating", {"ratings": [[f"movielens:{100 + number}", 5]]})
        assert await renewing.look() is None
        await anna.author.sign("rating", {"ratings": [["movielens:99", 5]]})
        assert await renewing.look() is not None

    tell(tmp_path, story)


def test_a_restart_knows_when_the_last_was_made_and_whose_it_was(tmp_path: Path) -> None:
    async def story(anna: Node, bela: Node) -> None:
        assert await renewal(anna, Clock(anna)).look() is not None
        anna.checkpoints = anna.begin()
        await anna.author.sign("rating", {"ratings": [["movielens:4", 4]]})
        assert await renewal(anna, Clock(anna)).look() is None
        await bela.bring(anna)  # what another device stated is not this node's
        assert await bela.checkpoints.newest_own() is None
        assert await renewal(bela, Clock(bela)).look() is not None

    tell(tmp_path, story)


def test_one_of_another_scope_is_not_the_last_one(tmp_path: Path) -> None:
    async def story(anna: Node, _bela: Node) -> None:
        await state(anna, [])
        assert await anna.checkpoints.newest_own() is None
        made = await renewal(anna, Clock(anna)).look()
        assert made is not None and made.ratings == 2
        assert await anna.checkpoints.newest_own() == made

    tell(tmp_path, story, Scope(films=frozenset({"movielens:1"})))


def test_it_waits_while_bodies_are_missing(tmp_path: Path) -> None:
    async def story(anna: Node, _bela: Node) -> None:
        await anna.store.forget([rater("carl", 5).device.pairs[0][0].id])
        with pytest.raises(CheckFailed, match="1 ratings here without their bodies"):
            await renewal(anna, Clock(anna)).look()
        assert await anna.checkpoints.newest_own() is None

    tell(tmp_path, story)
