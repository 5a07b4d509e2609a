"""Neighbours say which version of the program they run; a newer one is told, and what is no version is refused."""

from __future__ import annotations

import asyncio

import pytest

from cinepeer.app.peers import Pace
from cinepeer.app.versions import VERSION_OF, number_of
from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from unit.app.hub import Hub, Node, a_while, link, part, started, until


def neighbours(hub: Hub, *versions: str) -> list[Node]:
    return [Node(hub, number, f"10.0.0.{number}", version=version) for number, version in enumerate(versions, 2)]


def test_the_owner_is_told_how_many_neighbours_run_a_newer_version_and_which_most_do() -> None:
    async def body() -> None:
        hub = Hub()
        one = Node(hub, 1, "10.0.0.1", version="0.9.0")
        others = neighbours(hub, "0.10.0", "0.10.0", "1.0.0", "0.9.0", "0.8.9")
        async with started(one, *others):
            assert one.peers.versions.told() == {"own": "0.9.0", "said": 0, "newer": 0, "newest": None}
            for other in others:
                await link(one, other)
            await until(lambda: one.peers.versions.told()["said"] == 5)
            assert one.peers.versions.told() == {"own": "0.9.0", "said": 5, "newer": 3, "newest": "0.10.0"}
            assert others[2].peers.versions.told()["newer"] == 0
            for other in others[:2]:
                await part(one, other)
            assert one.peers.versions.told() == {"own": "0.9.0", "said": 3, "newer": 1, "newest": "1.0.0"}

    asyncio.run(body())


def test_a_neighbour_is_asked_again_after_a_while_and_not_before() -> None:
    async def body() -> None:
        hub, asked = Hub(), []

        async def told(question: bytes) -> bytes:
            asked.append(question)
            return dagcbor.encode(f"0.1.{len(asked)}")

        one, other = Node(hub, 1, "10.0.0.1", pace=Pace(look_s=0.01)), Node(hub, 2, "10.0.0.2")
        other.odd[VERSION_OF] = told
        async with started(one):
            await link(one, other)
            await until(lambda: one.peers.versions.told()["newest"] == "0.1.1")
            await a_while()
            assert asked == [dagcbor.encode(None)]
            hub.now_ms += 3_600_000
            await until(lambda: one.peers.versions.told()["newest"] == "0.1.2")

    asyncio.run(body())


@pytest.mark.parametrize(
    "said", ["", "1", "1.2", "v1.2.3", "1.2.3 <b>", "123456.0.0", "0.2.0" + "b" * 21, "٠.١.٢", 7, None, []]
)
def test_what_is_no_version_is_refused_and_held_against_who_said_it(said: object) -> None:
    with pytest.raises(Refused, match="expected one such as"):
        number_of(said)

    async def body() -> None:
        hub = Hub()
        one, other = Node(hub, 1, "10.0.0.1"), Node(hub, 2, "10.0.0.2")

        async def told(_: bytes) -> bytes:
            return dagcbor.encode(said)  # type: ignore[arg-type]

        other.odd[VERSION_OF] = told
        async with started(one):
            await link(one, other)
            await until(lambda: one.peers.refused.get("bad-frame") == 1)
            assert one.peers.versions.told()["said"] == 0

    asyncio.run(body())


def test_letters_behind_the_numbers_make_no_version_newer() -> None:
    assert number_of("1.2.3") == number_of("1.2.3rc1") == number_of("1.2.3+local.1") == (1, 2, 3)


def test_a_question_with_something_in_it_is_refused() -> None:
    one = Node(Hub(), 1, "10.0.0.1")
    with pytest.raises(Refused, match="expected null"):
        asyncio.run(one.peers.versions.responder("anybody")(dagcbor.encode("1.0.0")))
