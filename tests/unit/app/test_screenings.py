"""Reports of screenings reach a film's creator through a neighbour who cannot read them, and say not whose they are."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cinepeer.adapters.system.notes import Notes
from cinepeer.app import screenings
from cinepeer.app.catalogue import Film
from cinepeer.app.identity import Author
from cinepeer.app.screenings import PROTOCOL, Question, Screenings, encode_question, parse_question
from cinepeer.errors import BadInput, Refused, Unreachable
from cinepeer.records import dagcbor
from cinepeer.trust.screenings import PARTS
from unit.app.custody_stage import device_seed
from unit.app.people import World, in_world

NAMES = ("creator", "viewer", "relay")


class Wire:
    """Three nodes that reach each other, and what passed between them."""

    def __init__(self) -> None:
        self.nodes: dict[str, Screenings] = {}
        self.passed: list[tuple[str, str, bytes]] = []
        self.away: set[str] = set()

    def side(self, own: str, near: tuple[str, ...]) -> Any:
        """The network as one of them sees it."""

        async def connect(addr: str) -> str:
            peer = addr.rpartition("/p2p/")[2]
            if peer in self.away:
                raise Unreachable(f"{peer} could not be reached")
            return peer

        @asynccontextmanager
        async def conversation(peer: str, protocol: str) -> Any:
            assert protocol == PROTOCOL
            if peer in self.away:
                raise Unreachable(f"{peer} has gone")

            async def ask(question: bytes, timeout_s: float) -> bytes:
                self.passed.append((own, peer, question))
                return await self.nodes[peer].responder(own)(question)

            yield SimpleNamespace(ask=ask)

        neighbours = [SimpleNamespace(peer_id=peer) for peer in near]
        return SimpleNamespace(connect=connect, conversation=conversation, neighbours=lambda: neighbours)


class Stage:
    """A creator with a film, a viewer, and a neighbour of both."""

    def __init__(self, world: World, authors: dict[str, Author], home: Path) -> None:
        self.world, self.authors, self.home = world, authors, home
        self.wire = Wire()
        self.restart("creator", ())
        self.restart("relay", ())
        self.restart("viewer", ("creator", "relay"))

    def restart(self, name: str, near: tuple[str, ...]) -> Screenings:
        side = self.wire.side(name, near)
        made = Screenings(
            self.authors[name],
            device_seed(name),
            self.world.library,
            lambda: side,
            Notes(self.home / name),
            self.world.clock_ms,
            lambda: 0.5,
        )
        self.wire.nodes[name] = made
        return made

    @property
    def film(self) -> Film:
        (film,) = self.world.library.catalogue.films.values()
        return film

    def counts(self) -> list[int] | None:
        return self.wire.nodes["creator"].counts(self.film)


def on_stage(tmp_path: Path, story: Callable[[Stage], Awaitable[None]]) -> None:
    async def run(world: World) -> None:
        authors = {name: await world.author(name) for name in NAMES}
        fields = {"name": "First Light", "year": 2026, "external": [], "credits": [], "genres": [], "languages": []}
        await authors["creator"].sign("film", {**fields, "synopsis": ""})
        for name in NAMES[::2]:
            addrs = [f"/ip4/127.0.0.1/tcp/1/p2p/{name}"]
            await authors[name].sign("host", {"versions": [], "addrs": addrs, "gateway": None, "custody": False})
        await world.library.refresh()
        await story(Stage(world, authors, tmp_path))

    in_world(tmp_path, run)


def test_a_report_goes_through_a_neighbour_that_cannot_read_it_and_is_counted(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        viewer = stage.wire.nodes["viewer"]
        await viewer.send(stage.film, 7)
        await viewer.send(stage.film, 10)
        assert stage.counts() == [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1]
        assert [(one, other) for one, other, _ in stage.wire.passed] == [("viewer", "relay"), ("relay", "creator")] * 2
        first, *_ = stage.wire.passed
        assert bytes(stage.film.record) not in first[2]
        assert len({len(question) for one, _, question in stage.wire.passed if one == "relay"}) == 1
        # What was counted is there after a restart; nothing but numbers was kept.
        stage.restart("creator", ())
        assert sum(stage.counts() or []) == 2
        assert "viewer" not in "".join(path.read_text() for path in (stage.home / "creator").iterdir())

    on_stage(tmp_path, story)


def test_a_report_waits_a_while_and_is_dropped_when_the_node_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(stage: Stage) -> None:
        viewer = stage.wire.nodes["viewer"]
        assert viewer.report(stage.film, 3) == 3600
        await asyncio.sleep(0)
        assert stage.wire.passed == []
        await viewer.stop()
        monkeypatch.setattr(screenings, "WITHIN_S", 0.0)
        viewer.report(stage.film, 3)
        async with asyncio.timeout(10):
            while not sum(stage.counts() or []):
                await asyncio.sleep(0.01)
        assert stage.counts() == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]

    on_stage(tmp_path, story)


def test_without_a_neighbour_between_nothing_is_sent(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        alone = stage.restart("viewer", ("creator",))
        with pytest.raises(Unreachable, match="beside the creator"):
            await alone.send(stage.film, 5)
        assert stage.wire.passed == []
        both = stage.restart("viewer", ("creator", "relay"))
        stage.wire.away.add("creator")
        with pytest.raises(Unreachable, match="no neighbour that passed"):
            await both.send(stage.film, 5)
        stage.wire.away = {"relay"}
        with pytest.raises(Unreachable):
            await both.send(stage.film, 5)
        assert sum(stage.counts() or []) == 0

    on_stage(tmp_path, story)


def test_what_cannot_be_reported_is_said_at_once(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        with pytest.raises(BadInput, match="from 0 to 10"):
            stage.wire.nodes["viewer"].report(stage.film, PARTS + 1)
        with pytest.raises(BadInput, match="your own"):
            stage.wire.nodes["creator"].report(stage.film, 3)
        assert stage.wire.nodes["viewer"].counts(stage.film) is None
        nowhere = {"versions": [], "addrs": [], "gateway": None, "custody": False}
        await stage.authors["creator"].sign("host", nowhere)
        await stage.world.library.refresh()
        with pytest.raises(Unreachable, match="no node of this film's creator"):
            stage.wire.nodes["viewer"].report(stage.film, 3)

    on_stage(tmp_path, story)


def test_a_peer_is_served_so_often_in_an_hour(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        viewer = stage.wire.nodes["viewer"]
        for _ in range(screenings.MAX_PASSED):
            await viewer.send(stage.film, 1)
        with pytest.raises(Unreachable):
            await viewer.send(stage.film, 1)
        stage.world.pass_ms(screenings.HOUR_MS)
        await viewer.send(stage.film, 1)
        assert sum(stage.counts() or []) == screenings.MAX_PASSED + 1

    on_stage(tmp_path, story)


def test_only_reports_that_are_sealed_for_this_device_about_its_own_films_count(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        await stage.wire.nodes["viewer"].send(stage.film, 4)
        sealed = parse_question(stage.wire.passed[-1][2]).sealed
        for name in ("relay", "viewer"):
            with pytest.raises(Refused, match="not sealed for this device"):
                await stage.wire.nodes[name].responder("x")(encode_question(Question(sealed)))
        with pytest.raises(Refused, match="not sealed"):
            await stage.wire.nodes["creator"].responder("x")(encode_question(Question(sealed[:-1])))
        lost = await stage.wire.nodes["relay"].responder("x")(encode_question(Question(sealed, bytes(32))))
        assert dagcbor.decode(lost) is False
        assert sum(stage.counts() or []) == 1

    on_stage(tmp_path, story)


@pytest.mark.parametrize("value", [[], {}, [b"a", b"b"], [b"a" * 257], [1], [b"a", bytes(32), b"c"], "pass"])
def test_a_question_of_another_form_is_refused(value: Any) -> None:
    with pytest.raises(Refused, match="no sealed report"):
        parse_question(dagcbor.encode(value))
