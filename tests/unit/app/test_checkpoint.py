"""A checkpoint is shown as what it is: computed by someone, replayed here, contradicted, or not what it says."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cinepeer.app.checkpoint import Replay
from cinepeer.errors import Absent, CheckFailed, Refused, Unreachable
from cinepeer.records.cid import DAG_CBOR, RAW, Cid
from cinepeer.replication import checkpoint
from cinepeer.replication.scope import EVERYTHING, Scope
from cinepeer.replication.snapshot import Said
from unit.app.two_nodes import Node, revoked, state, tell
from unit.store.people import Person, rater


def test_a_fresh_node_shows_it_first_and_replays_it_then(tmp_path: Path) -> None:
    async def story(anna: Node, bela: Node) -> None:
        made = await anna.checkpoints.make()
        assert (made.records, made.ratings, made.label) == (10, 7, "computed here")
        # At first only what it needs to know who says it: her keys, her feed, not Carl's ratings.
        feed = await anna.store.ids(anna.author.device)
        keys = [one.record.id for kind in ("inception", "delegate") for one in await anna.store.by_kind(kind)]
        await bela.store.add(await anna.store.records([*keys, *feed]), bela.world.clock_ms())
        found, stated = await bela.checkpoints.load(made.record)
        assert stated.label == f"computed by {anna.author.id}, not replayed"
        assert found.spread()["movielens:1"] == [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
        assert bela.fetched == 9
        assert await bela.checkpoints.replay(made.record) == Replay(stated.label, missing_records=5)
        await bela.bring(anna)
        await bela.author.sign("rating", {"ratings": [["movielens:1", 1]]})  # what is not of it does not matter
        assert await bela.checkpoints.replay(made.record) == Replay("replayed here")
        assert await bela.label(made.record) == "replayed here"
        assert [one.label for one in await bela.begin().listed()] == ["replayed here"]
        assert bela.fetched == 9
        assert made.root in await bela.ipfs.pins()

    tell(tmp_path, story)


def test_the_same_records_and_moment_make_the_same_root(tmp_path: Path) -> None:
    async def story(anna: Node, bela: Node) -> None:
        made = await anna.checkpoints.make()
        await bela.bring(anna)
        found, _ = await bela.checkpoints.load(made.record)
        again = await anna.checkpoints.make()
        assert again.moment_ms > made.moment_ms
        assert again.root != made.root  # it is over the first one's record, too
        assert (await anna.ipfs.pins()) == {again.root}
        assert (found.records, again.records) == (10, 11)
        assert [one.record for one in await anna.checkpoints.listed()] == [again.record, made.record]

    tell(tmp_path, story)


def test_it_is_replayed_whatever_half_of_a_fork_came_first_here(tmp_path: Path) -> None:
    async def story(anna: Node, bela: Node) -> None:
        dora = Person("dora")
        rated = dora.rate(1, 9)
        other_half = dora.root.write("delegate", after=dora.inception, device=dora.device.device, name="other")
        inception, delegate = dora.root.pairs[:2]
        await anna.store.add([inception, delegate, rated], anna.world.clock_ms())
        made = await anna.checkpoints.make()
        for pair in (inception, other_half, rated, delegate):
            await bela.store.add([pair], bela.world.clock_ms())
        await bela.bring(anna)
        assert await bela.checkpoints.replay(made.record) == Replay("replayed here")

    tell(tmp_path, story)


def test_of_the_checkpoints_of_one_device_the_newest_that_was_shown_is_kept(tmp_path: Path) -> None:
    async def story(anna: Node, bela: Node) -> None:
        first = await anna.checkpoints.make()
        await bela.bring(anna)
        await bela.checkpoints.load(first.record)
        assert await bela.ipfs.pins() == {first.root}
        second = await anna.checkpoints.make()
        await bela.bring(anna)
        await bela.checkpoints.load(second.record)
        assert await bela.ipfs.pins() == {second.root}

    tell(tmp_path, story)


def test_a_scope_takes_its_own_authors_and_films(tmp_path: Path) -> None:
    async def story(anna: Node, bela: Node) -> None:
        made = await anna.checkpoints.make()
        assert (made.records, made.ratings) == (10, 2)  # both who rated it, whole; of the ratings those of the film
        await bela.bring(anna)
        found, _ = await bela.checkpoints.load(made.record)
        assert found.films == ["movielens:1"]
        assert await bela.checkpoints.replay(made.record) == Replay("replayed here")

    tell(tmp_path, story, Scope(films=frozenset({"movielens:1"})))


def test_bodies_outside_of_the_scope_are_not_missed(tmp_path: Path) -> None:
    async def story(anna: Node, bela: Node) -> None:
        carl = rater("carl", 5)
        await anna.store.forget([carl.device.pairs[0][0].id])
        with pytest.raises(CheckFailed):
            await anna.checkpoints.make()
        anna.scope = Scope(since_ms=carl.device.pairs[1][0].time)
        anna.checkpoints = anna.begin()
        made = await anna.checkpoints.make()
        assert (made.records, made.ratings) == (10, 6)
        assert bela.fetched == 0

    tell(tmp_path, story)


def test_a_lie_about_the_ratings_is_found_by_replaying(tmp_path: Path) -> None:
    async def story(anna: Node, bela: Node) -> None:
        [said] = await anna.store.by_kind("rating", anna.author.id)
        lie = Said(bytes(anna.author.id), said.record.id.digest, said.record.time, [("movielens:1", 10)])
        record = await state(anna, [lie])
        await bela.bring(anna)
        ended = await bela.checkpoints.replay(record)
        assert ended.label == f"computed by {anna.author.id}, and not what its records come to here: " + (
            "0 ratings too many, 6 too few, 1 otherwise"
        )
        assert [one.label for one in await bela.begin().listed()] == [ended.label]

    tell(tmp_path, story)


def test_one_of_a_device_that_was_revoked_before_is_named_so_and_told_to_nobody(tmp_path: Path) -> None:
    async def story(anna: Node, bela: Node) -> None:
        before = await anna.checkpoints.make()
        made = await anna.checkpoints.make()
        await bela.bring(anna)
        assert [one.counts for one in await bela.checkpoints.listed()] == [True, True]
        assert [one.record.id for one in await bela.checkpoints.introductions()] == [made.record]
        await bela.store.add([await revoked(anna, before.record)], bela.world.clock_ms())
        labels = [one.label for one in await bela.checkpoints.listed()]
        assert labels == [
            f"computed by {anna.author.id} on a device that was revoked or forked before",
            f"computed by {anna.author.id}, not replayed",
        ]
        assert [one.record.id for one in await bela.checkpoints.introductions()] == [before.record]
        assert await bela.checkpoints.replay(made.record) == Replay("replayed here")  # what it says may be true

    tell(tmp_path, story)


def test_two_that_differ_for_one_moment_contradict_each_other(tmp_path: Path) -> None:
    async def story(anna: Node, bela: Node) -> None:
        one = await state(anna, [], 7)
        other = await state(anna, [], 7)
        later = await state(anna, [], 8)
        await bela.bring(anna)
        found = {stated.record: stated.contradicts for stated in await bela.checkpoints.listed()}
        assert found == {one: (other,), other: (one,), later: ()}
        assert bela.store.feeds.fork(anna.author.device) is None
        assert [stated.moment_ms for stated in await bela.checkpoints.listed()] == [8, 7, 7]

    tell(tmp_path, story)


def test_blocks_that_are_not_what_the_record_states_are_refused(tmp_path: Path) -> None:
    async def story(anna: Node, bela: Node) -> None:
        record = await state(anna, [], ratings=5)
        nobody = await state(anna, [], 9, root=Cid.of(b"nobody has it", DAG_CBOR))
        await bela.bring(anna)
        with pytest.raises(Refused, match="found 5 as ratings of a checkpoint"):
            await bela.checkpoints.load(record)
        assert await bela.ipfs.pins() == set()
        with pytest.raises(Unreachable, match="found nobody connected who gives the checkpoint"):
            await bela.checkpoints.load(nobody)
        with pytest.raises(Absent, match="found no checkpoint"):
            await bela.checkpoints.load(anna.author.id)

    tell(tmp_path, story)


def test_a_block_that_nobody_has_is_named(tmp_path: Path) -> None:
    async def story(anna: Node, bela: Node) -> None:
        made = await anna.checkpoints.make()
        await anna.ipfs.unpin(made.root)
        gone = next(cid for cid in checkpoint.outline(made.root, await anna.ipfs.get_block(made.root) or b""))
        assert gone.codec == RAW
        await asyncio.to_thread(anna.ipfs.blocks.delete, gone)
        await bela.bring(anna)
        with pytest.raises(Unreachable, match=f"found the block {gone} of a checkpoint nowhere"):
            await bela.checkpoints.load(made.record)

    tell(tmp_path, story)


def test_a_set_that_does_not_stand_on_itself_is_refused(tmp_path: Path) -> None:
    async def story(anna: Node, bela: Node) -> None:
        held = await anna.store.after(0, 99)
        keys = b"".join(
            sorted(one.record.time.to_bytes(8, "big") + one.record.id.digest for one in held if one.record.seq)
        )
        with pytest.raises(Refused, match="in a checkpoint without what it needs") as caught:
            await anna.store.at_once(lambda moment: list(moment.said(EVERYTHING, keys)))
        assert caught.value.reason == "wrong-checkpoint"
        assert bela.fetched == 0

    tell(tmp_path, story)


def test_none_is_made_while_bodies_of_ratings_are_missing(tmp_path: Path) -> None:
    async def story(anna: Node, bela: Node) -> None:
        rated = [one.record for one in await anna.store.by_kind("rating")]
        await anna.store.forget([rated[0].id])
        with pytest.raises(CheckFailed, match="found 1 ratings here without their bodies"):
            await anna.checkpoints.make()
        assert await anna.checkpoints.listed() == []
        # What its author took back is missed by nobody.
        own = await anna.store.by_kind("rating", anna.author.id)
        await anna.store.add(rater("carl", 5).pairs, anna.world.clock_ms())
        assert bela.fetched == 0
        await anna.author.sign("retraction", {"records": [own[0].record.id], "reason": "a mistake"})
        await anna.store.forget([own[0].record.id])
        with pytest.raises(CheckFailed, match="found 1 ratings here"):
            await anna.checkpoints.make()

    tell(tmp_path, story)


def test_a_rating_that_was_taken_back_and_forgotten_is_none(tmp_path: Path) -> None:
    async def story(anna: Node, bela: Node) -> None:
        [own] = await anna.store.by_kind("rating", anna.author.id)
        await anna.author.sign("retraction", {"records": [own.record.id], "reason": "a mistake"})
        before = await anna.checkpoints.make()
        assert (before.records, before.ratings) == (11, 5)
        await anna.store.forget([own.record.id])
        assert (await anna.checkpoints.make()).ratings == 5
        await bela.bring(anna)
        assert await bela.checkpoints.replay(before.record) == Replay("replayed here")

    tell(tmp_path, story)
