"""A report of a screening over real libp2p: from the viewer's node through a neighbour's to the creator's."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from cinepeer.adapters.p2p.network import P2P
from cinepeer.adapters.system.notes import Notes
from cinepeer.app.screenings import PROTOCOL, Question, Screenings, encode_question
from cinepeer.errors import Unreachable
from cinepeer.records import dagcbor
from real.p2p_rig import LOOPBACK, Blocks, plan
from unit.app.custody_stage import device_seed
from unit.app.people import World, in_world

FILM = {
    "name": "First Light",
    "year": 2026,
    "external": [],
    "credits": [],
    "genres": [],
    "languages": [],
    "synopsis": "",
}


async def _ignore(*_: object) -> None:
    """Nothing follows from it here."""


async def _stand_up(world: World, name: str, number: int, home: Path, stack: AsyncExitStack) -> tuple[Screenings, P2P]:
    """A node that answers nothing but reports."""
    box: list[P2P] = []
    author, notes = await world.author(name), Notes(home / name)
    made = Screenings(author, device_seed(name), world.library, lambda: box[0], notes, world.clock_ms, lambda: 0.5)
    responders = {PROTOCOL: made.responder}
    p2p = await P2P.start(
        bytes([number]) * 32, [LOOPBACK], Blocks(), lambda *_: True, responders, [], _ignore, _ignore, plan=plan(number)
    )
    box.append(p2p)
    stack.push_async_callback(p2p.stop)
    where = {"versions": [], "addrs": p2p.addrs, "gateway": None, "custody": False}
    await author.sign("host", where)
    return made, p2p


def test_a_report_goes_over_libp2p_through_a_neighbour_and_never_straight(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        async with AsyncExitStack() as stack:
            creator, creators = await _stand_up(world, "creator", 91, tmp_path, stack)
            _, relays = await _stand_up(world, "relay", 92, tmp_path, stack)
            viewer, viewers = await _stand_up(world, "viewer", 93, tmp_path, stack)
            await creator._author.sign("film", {**FILM, "synopsis": ""})
            await world.library.refresh()
            (film,) = world.library.catalogue.films.values()
            with pytest.raises(Unreachable, match="no neighbour"):
                await viewer.send(film, 7)
            peer = await viewers.connect(creators.addrs[0])
            with pytest.raises(Unreachable, match="beside the creator"):
                await viewer.send(film, 7)
            await viewers.connect(relays.addrs[0])
            await viewer.send(film, 7)  # the relay dials the creator, whom it did not know
            assert creator.counts(film) == [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]
            # What is not sealed for it ends that stream, and the next question is answered.
            async with viewers.conversation(peer, PROTOCOL) as talk:
                with pytest.raises(Unreachable):
                    await talk.ask(encode_question(Question(b"not sealed")), 10)
            async with viewers.conversation(peer, PROTOCOL) as talk:
                assert dagcbor.decode(await talk.ask(encode_question(Question(b"", bytes(32))), 10)) is False

    in_world(tmp_path, story)
