"""A fresh node shows the newest checkpoint first, labelled, and comes to its own numbers when the records are there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cinepeer.app.facts import Ground
from cinepeer.app.head_start import HeadStart, Pace
from cinepeer.app.recommend import Recommendations
from cinepeer.app.talk import Neighbour
from cinepeer.app.taste import Taste
from cinepeer.errors import Refused, Unreachable
from cinepeer.records.cid import Cid
from cinepeer.replication.checkpoint import scope_link
from cinepeer.replication.introduction import encode_introductions, parse_introductions
from cinepeer.replication.scope import EVERYTHING
from cinepeer.replication.snapshot import Said
from cinepeer.rights.state import State
from unit.app.two_nodes import Node, revoked, state, tell
from unit.store.people import rater


class Near:
    """A neighbour by its name."""

    def __init__(self, peer_id: str) -> None:
        self.peer_id = peer_id


class Wire:
    """A network of neighbours, each with what it answers; None never answers."""

    def __init__(self, **answers: bytes | None) -> None:
        self.answers = answers

    def neighbours(self) -> Sequence[Neighbour]:
        return [Near(name) for name in self.answers]

    @asynccontextmanager
    async def conversation(self, peer_id: str, _protocol: str) -> AsyncIterator[Wire]:
        self.asked = peer_id
        yield self

    async def ask(self, _question: bytes, _timeout_s: float) -> bytes:
        answer = self.answers[self.asked]
        if answer is None:
            raise Unreachable("found no answer, expected one")
        return answer


class Start:
    """A head start of a node, with all that it blamed others for."""

    def __init__(self, node: Node, wire: Wire, patience_s: float = 60.0) -> None:
        self.blamed: list[tuple[str, str]] = []
        self.it = HeadStart(
            node.checkpoints,
            node.store,
            scope_link(node.scope),
            clock_ms=node.world.clock_ms,
            blame=lambda peer, reason: self.blamed.append((peer, reason)),
            pace=Pace(look_s=0.0, patience_s=patience_s),
        )
        self.wire = wire

    async def look(self) -> None:
        """One look, as its task makes it again and again."""
        await self.it.look(self.wire)


async def told(node: Node) -> bytes:
    """What a node answers to whoever asks for checkpoints."""
    start = Start(node, Wire())
    return await start.it.answer(b"")


def test_without_any_record_it_shows_what_a_neighbour_computed_and_then_its_own(tmp_path: Path) -> None:
    async def story(anna: Node, bela: Node) -> None:
        made = await anna.checkpoints.make()
        start = Start(bela, Wire(anna=await told(anna), mute=None))
        assert start.it.stars("movielens:1") is None
        await start.look()
        label = f"computed by {anna.author.id}, not replayed"
        assert start.it.shown is not None
        assert start.it.shown.stated == replace(made, label=label)
        assert start.it.stars("movielens:1") == ([2, 9], label)
        assert start.it.stars("movielens:77") is None
        await start.look()  # nothing came: it stays
        assert start.it.shown.stated.label == label
        await bela.bring(anna)
        await start.look()
        assert start.it.shown is None and start.it.ended is not None
        assert start.it.ended.label == "replayed here"
        assert await bela.label(made.record) == "replayed here"
        await start.look()
        assert start.it.shown is None and start.blamed == []

    tell(tmp_path, story)


def test_one_of_a_device_that_turns_out_to_be_revoked_is_shown_no_longer(tmp_path: Path) -> None:
    async def story(anna: Node, bela: Node) -> None:
        last = (await anna.store.by_kind("rating", anna.author.id))[-1].record
        await anna.checkpoints.make()
        start = Start(bela, Wire(anna=await told(anna)))
        await start.look()
        assert start.it.shown is not None
        root = [one for one in await anna.store.after(0, 9) if one.record.kind in ("inception", "delegate")]
        await bela.store.add([(one.record, one.body) for one in root], bela.world.clock_ms())
        await start.look()
        assert start.it.shown is not None
        await bela.store.add([await revoked(anna, last.id)], bela.world.clock_ms())
        await start.look()
        assert start.it.shown is None and start.it.ended is not None
        assert start.it.ended.label.endswith("on a device that was revoked or forked before")
        await start.look()
        assert start.it.shown is None

    tell(tmp_path, story)


def test_one_that_lies_is_named_with_the_difference(tmp_path: Path) -> None:
    async def story(anna: Node, bela: Node) -> None:
        [said] = await anna.store.by_kind("rating", anna.author.id)
        await state(anna, [Said(bytes(anna.author.id), said.record.id.digest, said.record.time, [("movielens:1", 10)])])
        start = Start(bela, Wire(anna=await told(anna)))
        await start.look()
        assert start.it.stars("movielens:1") == ([10], f"computed by {anna.author.id}, not replayed")
        await bela.bring(anna)
        await start.look()
        assert start.it.shown is None and start.it.ended is not None
        assert start.it.ended.label.endswith("come to here: 0 ratings too many, 6 too few, 1 otherwise")
        assert await bela.checkpoints.introductions() == []  # nobody else is told of it

    tell(tmp_path, story)


def test_a_contradicted_one_is_not_shown_and_one_that_is_contradicted_later_goes(tmp_path: Path) -> None:
    async def story(anna: Node, bela: Node) -> None:
        one = await state(anna, [], 7)
        start = Start(bela, Wire(anna=await told(anna)))
        await start.look()
        assert start.it.shown is not None and start.it.shown.stated.record == one
        other = await state(anna, [], 7)
        bela.checkpoints.introduce(parse_introductions(await told(anna), bela.world.clock_ms()))
        await start.look()
        assert start.it.shown is None and start.it.ended is not None
        assert set(start.it.ended.contradicts) | {start.it.ended.record} == {one, other}
        await start.look()
        assert start.it.shown is None

    tell(tmp_path, story)


def test_records_that_nobody_has_are_not_waited_for_without_end(tmp_path: Path) -> None:
    async def story(anna: Node, bela: Node) -> None:
        await anna.checkpoints.make()
        start = Start(bela, Wire(anna=await told(anna)), patience_s=-1.0)
        await start.look()
        assert start.it.shown is not None
        await start.look()
        assert start.it.shown is None and start.it.ended is not None
        assert start.it.ended.label.endswith("not replayed: nobody brings all of its records")

    tell(tmp_path, story)


def test_a_node_that_holds_as_much_needs_none_and_other_scopes_are_left(tmp_path: Path) -> None:
    async def story(anna: Node, bela: Node) -> None:
        await anna.checkpoints.make()
        data = await told(anna)
        await bela.bring(anna)
        start = Start(bela, Wire(anna=data))
        await start.look()
        assert start.it.shown is None
        carl = Start(anna, Wire())
        carl.it._scope = Cid.of(b"another scope", 0x71)
        await carl.look()
        assert carl.it.shown is None

    tell(tmp_path, story)


def test_a_list_is_made_of_the_checkpoint_until_the_ratings_are_here(tmp_path: Path) -> None:
    async def story(anna: Node, bela: Node) -> None:
        for number in range(3):
            like = rater(f"like {number}", 0)
            for film in (1, 11, 12):
                like.rate(film, 9)
            await anna.store.add(like.pairs, anna.world.clock_ms())
        await anna.checkpoints.make()
        await bela.author.sign("rating", {"ratings": [["movielens:1", 9]]})
        await bela.world.library.refresh()
        start = Start(bela, Wire(anna=await told(anna)))
        found = Recommendations(
            bela.world.library, Taste(Pages()), no_pins, ground, patience_s=600.0, claim=start.it.claim
        )
        await found.refresh(bela.author.id)
        assert found.source is None and await films(found, bela) == []
        await start.look()
        assert not found.is_current
        await found.refresh(bela.author.id)
        assert found.source == f"computed by {anna.author.id}, not replayed"
        assert found.is_current and found.serves(bela.author.id)
        assert {"movielens:11", "movielens:12"} <= set(await films(found, bela))
        claimed = start.it.claim()
        assert claimed is not None and found.fitted.ratings == len(claimed.arrays)
        await bela.bring(anna)
        await start.look()
        await bela.world.library.refresh()
        assert start.it.claim() is None and not found.is_current
        await found.refresh(bela.author.id)
        assert found.source is None and found.is_current
        assert {"movielens:11", "movielens:12"} <= set(await films(found, bela))
        # What was claimed has the form, and so the name, of what is counted.
        await anna.world.library.refresh()
        assert claimed.arrays.root == anna.world.library.counted.arrays().root

    tell(tmp_path, story)


class Pages:
    """Wishes that nobody keeps."""

    def all(self) -> list[dict[str, object]]:
        return []

    def save(self, name: str, note: dict[str, object]) -> None:
        raise AssertionError(name, note)

    def remove(self, name: str) -> None:
        raise AssertionError(name)


async def no_pins() -> set[Cid]:
    return set()


async def ground(territory: str) -> Ground:
    return Ground(State(), 7, territory, 1_790_000_000)


async def films(found: Recommendations, node: Node) -> list[str]:
    """What is listed for a node's author."""
    explained, _ = await found.best(node.author.id, found.taste.wishes)
    return [one.listed.film for one in explained]


@pytest.mark.parametrize("spoil", ["signature", "keys", "stranger", "shape", "moment", "long"])
def test_an_introduction_that_does_not_hold_is_refused_and_counted(tmp_path: Path, spoil: str) -> None:
    async def story(anna: Node, bela: Node) -> None:
        if spoil == "moment":
            await state(anna, [], anna.world.clock_ms() + 10**9)
        await anna.checkpoints.make() if spoil != "moment" else None
        [good] = await anna.checkpoints.introductions()
        dave = rater("dave", 1)
        data = encode_introductions([good])
        match spoil:
            case "signature":
                data = data.replace(
                    good.record.signature, bytes([good.record.signature[0] ^ 1]) + good.record.signature[1:]
                )
            case "keys":
                data = encode_introductions([replace(good, keys=good.keys[:1])])
            case "stranger":
                data = encode_introductions([replace(good, keys=(*good.keys, dave.pairs[0]))])
            case "shape":
                data = encode_introductions([replace(good, record=dave.device.pairs[0][0])])
            case "long":
                data = data + bytes(3 << 20)
        with pytest.raises(Refused) as caught:
            parse_introductions(data, bela.world.clock_ms())
        start = Start(bela, Wire(liar=data))
        await start.look()
        assert start.blamed == [("liar", caught.value.reason)]
        assert start.it.shown is None and await bela.checkpoints.listed() == []

    tell(tmp_path, story)


def test_an_answer_is_told_again_for_a_while(tmp_path: Path) -> None:
    async def story(anna: Node, bela: Node) -> None:
        await anna.checkpoints.make()
        start = Start(anna, Wire())
        before = await start.it.answer(b"")
        await anna.checkpoints.make()
        assert await start.it.answer(b"anything") == before
        start.it._told_until_s = 0.0
        assert await start.it.answer(b"") != before
        assert bela.fetched == 0

    tell(tmp_path, story)


def test_scopes_are_named_as_in_the_record(tmp_path: Path) -> None:
    async def story(anna: Node, bela: Node) -> None:
        assert (await anna.checkpoints.make()).scope == scope_link(EVERYTHING)
        assert bela.fetched == 0

    tell(tmp_path, story)
