"""Takedown: what is reported waits until the owner ruled; what is denied goes before the ruling is signed."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from cinepeer.app.deny import DenyList
from cinepeer.app.identity import Author
from cinepeer.app.moderate import Moderation
from cinepeer.app.reported import Reported
from cinepeer.app.takedown import Takedown
from cinepeer.errors import Absent, BadInput
from cinepeer.records.bodies import new_body, parse_body
from cinepeer.records.cid import DAG_CBOR, DAG_PB, Cid
from cinepeer.records.record import Record, sign_record
from unit.app.people import World, in_world

SEED = bytes(31) + b"\1"
OWNER, STRANGER = Cid.of(b"owner", DAG_CBOR), Cid.of(b"stranger", DAG_CBOR)
FILM, VERSION = Cid.of(b"film", DAG_CBOR), Cid.of(b"version", DAG_CBOR)
FILES = Cid.of(b"files", DAG_PB)


def written(author: Cid, time: int, kind: str, **fields: object) -> tuple[Record, dict]:
    body = new_body(kind, bytes(16), **fields)  # type: ignore[arg-type]
    record = sign_record(SEED, author=author, seq=1, prev=FILM, time=time, kind=kind, body=body)
    return record, parse_body(kind, body)


def report(time: int, on: Cid = FILM, author: Cid = STRANGER) -> tuple[Record, dict]:
    said = {"ground": "copyright", "text": "It is mine.", "language": "en", "contact": None}
    return written(author, time, "report", on=on, **said)


def ruling(time: int, denied: bool, on: Cid = FILM, of: Cid | None = None) -> tuple[Record, dict]:
    return written(OWNER, time, "ruling", on=on, report=of, denied=denied, reason="So it is.", language="en")


def folded(*records: tuple[Record, dict]) -> Reported:
    told = Reported()
    for record, body in records:
        told.apply(record, body)
    return told


def test_any_order_of_the_records_gives_the_same() -> None:
    claims = [report(1), report(2), report(3, VERSION)]
    first, again = ruling(4, True), ruling(5, False)
    appeal = written(STRANGER, 6, "appeal", ruling=first[0].id, text="No.", language="en")
    found = []
    for order in itertools.permutations([*claims, first, again, appeal]):
        told = folded(*order)
        found.append(
            (
                told.reports_on([FILM, VERSION]),
                told.rulings_on([FILM]),
                told.standing(OWNER, FILM),
                told.appeals_to(first[0].id),
                told.open_for(OWNER),
            )
        )
    assert all(one == found[0] for one in found)
    reports, rulings, standing, appeals, waiting = found[0]
    assert [one.time for one in reports] == [3, 2, 1]
    assert [(one.time, one.denied) for one in rulings] == [(5, False), (4, True)]
    assert standing == rulings[0]
    assert [one.text for one in appeals] == ["No."]
    assert [one.on for one in waiting] == [VERSION]


def test_a_report_waits_until_its_owner_ruled_after_it_or_on_it() -> None:
    early, late = report(1), report(9)
    assert [one.time for one in folded(early, late, ruling(5, True)).open_for(OWNER)] == [9]
    # A device whose clock is ahead made it: the ruling names it.
    assert folded(late, ruling(5, True, of=late[0].id)).open_for(OWNER) == []
    assert len(folded(early, ruling(5, True)).open_for(STRANGER)) == 1


def test_the_ruling_before_stands_no_more_and_is_still_told() -> None:
    first, again = ruling(4, True), ruling(5, False)
    told = folded(first, again)
    assert [told.stands(one) for one in told.rulings_on([FILM])] == [True, False]
    assert told.rulings_of(OWNER) == told.rulings_on([FILM])


class Hosting:
    """Notes what was let go."""

    def __init__(self) -> None:
        self.dropped: list[Cid] = []

    async def drop(self, root: Cid) -> None:
        self.dropped.append(root)


class Stand:
    """A node whose owner rules, and a creator with a film."""

    def __init__(self, world: World, owner: Author, creator: Author) -> None:
        self.world, self.owner, self.creator = world, owner, creator
        self.denied, self.hosting, self.lines = DenyList(), Hosting(), list[str]()
        self.moderation = Moderation(
            self.denied,
            self.hosting,  # type: ignore[arg-type]
            world.library,
            lambda _: None,
            lambda lines: self.lines.__setitem__(slice(None), lines),
        )
        self.film = FILM

    def of(self, author: Author) -> Takedown:
        return Takedown(author, self.world.library, self.world.store, self.moderation)

    async def publish(self) -> None:
        facts = {"name": "First Light", "year": None, "external": [], "credits": [], "genres": [], "synopsis": ""}
        self.film = (await self.creator.sign("film", facts | {"languages": []})).id
        said = {"film": self.film, "label": "cut", "root": FILES, "duration_ms": 1, "size_bytes": 1, "blocks": 1}
        await self.creator.sign("version", said | {"renditions": [], "source": bytes(32)})
        await self.world.library.refresh()


def at_a_stand(folder: Path, story: Callable[[Stand], Awaitable[None]]) -> None:
    async def run(world: World) -> None:
        stand = Stand(world, await world.author("owner"), await world.author("creator"))
        await stand.publish()
        await story(stand)

    in_world(folder, run)


def test_a_report_is_ruled_on_carried_out_answered_and_taken_back(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        owner, creator = stand.of(stand.owner), stand.of(stand.creator)
        claim = await creator.report(stand.film, "other", "A test of the path.", "en", "agnes@example.org")
        [waiting] = owner.waiting()
        assert (waiting.record, waiting.on, waiting.contact) == (claim, stand.film, "agnes@example.org")

        ruled = await owner.rule(claim, denied=True, reason="It is shown.", language="en")
        assert (ruled.on, ruled.report, ruled.denied) == (stand.film, claim, True)
        assert stand.hosting.dropped == [FILES]
        assert stand.denied.is_denied(FILES)
        assert stand.lines == [str(stand.film)]
        assert owner.waiting() == []

        await creator.appeal(ruled.record, "I hold the licence.", "en")
        [said] = owner.appeals(ruled)
        assert said.author == await owner.author_of(stand.film) == stand.creator.id

        again = await owner.rule(stand.film, denied=False, reason="The licence is shown.", language="en")
        assert (again.report, again.denied) == (None, False)
        assert not stand.denied.is_denied(FILES)
        assert stand.lines == []
        told = stand.world.library.catalogue.reported
        assert [told.stands(one) for one in told.rulings_on([stand.film])] == [True, False]

    at_a_stand(tmp_path, story)


def test_a_report_that_is_taken_back_waits_no_more(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        claim = await stand.of(stand.creator).report(stand.film, "other", "A mistake.", "en", None)
        await stand.creator.sign("retraction", {"records": [claim], "reason": "a mistake"})
        await stand.world.library.refresh()
        assert stand.of(stand.owner).waiting() == []

    at_a_stand(tmp_path, story)


def test_nothing_is_signed_about_what_is_not_here_or_is_ones_own(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        owner = stand.of(stand.owner)
        before = await stand.world.store.count()
        with pytest.raises(Absent, match="found no record"):
            await owner.report(VERSION, "other", "What?", "en", None)
        with pytest.raises(Absent, match="found no record"):
            await owner.rule(VERSION, denied=True, reason="What?", language="en")
        with pytest.raises(Absent, match="found no ruling"):
            await owner.appeal(stand.film, "What?", "en")
        with pytest.raises(BadInput, match="own author"):
            await owner.rule(stand.owner.id, denied=True, reason="What?", language="en")
        with pytest.raises(BadInput, match="in a body of kind report"):
            await owner.report(stand.film, "other", "", "en", None)
        assert await stand.world.store.count() == before
        assert stand.denied.lines() == []

    at_a_stand(tmp_path, story)
