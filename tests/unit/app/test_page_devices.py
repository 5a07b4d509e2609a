"""A page's own device: admitted once, told where its feed stands, and refused where the root is elsewhere."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cinepeer.app.devices import Devices
from cinepeer.errors import Conflict
from cinepeer.records.bodies import new_body
from cinepeer.records.keys import public_key
from cinepeer.records.record import Record, sign_record
from unit.app.people import World, in_world

SEED = hashlib.sha256(b"page").digest()
PAGE = public_key(SEED)
ROOTS = [hashlib.sha256(f"ann {key}".encode()).digest() for key in ("root", "next")]


async def devices_of(world: World, *roots: bytes) -> Devices:
    author = await world.author("ann")
    return Devices(world.store, author, roots, world.clock_ms, world.entropy, is_restored=False)


async def rate(world: World, devices: Devices, stars: int, seq: int, prev: Record | None) -> Record:
    """A rating that the page signs by itself."""
    author = (await world.author("ann")).id
    body = new_body("rating", world.entropy(16), ratings=[["imdb:tt0111161", stars]])
    record = sign_record(
        SEED,
        author=author,
        seq=seq,
        prev=None if prev is None else prev.id,
        time=world.clock_ms(),
        kind="rating",
        body=body,
    )
    outcome = await world.store.add([(record, body)], world.clock_ms())
    assert [one.id for one in outcome.added] == [record.id]
    return record


def test_a_device_is_admitted_once_and_told_its_next_place(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        devices = await devices_of(world, *ROOTS)
        assert await devices.state(PAGE) is None
        record = await devices.delegated(PAGE, "a browser")
        assert await devices.delegated(PAGE, "another name") == record
        state = await devices.state(PAGE)
        assert state is not None
        assert (state["name"], state["delegated"], state["revoked"]) == ("a browser", True, False)
        assert state["next"] == {"seq": 0, "prev": None, "time_ms": 0}
        first = await rate(world, devices, 9, 0, None)
        state = await devices.state(PAGE)
        assert state is not None
        assert state["next"] == {"seq": 1, "prev": str(first.id), "time_ms": first.time + 1}

    in_world(tmp_path, story)


def test_a_root_is_no_device_of_a_page(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        devices = await devices_of(world, *ROOTS)
        assert await devices.state(public_key(ROOTS[0])) is None
        assert await devices.state(bytes(32)) is None

    in_world(tmp_path, story)


def test_a_device_whose_feed_forked_has_no_next_place_and_is_not_admitted_again(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        devices = await devices_of(world, *ROOTS)
        await devices.delegated(PAGE, "two tabs")
        await rate(world, devices, 9, 0, None)
        await rate(world, devices, 3, 0, None)
        state = await devices.state(PAGE)
        assert state is not None
        assert (state["revoked"], state["next"]) == (True, None)

    in_world(tmp_path, story)


def test_without_the_root_at_hand_no_device_is_admitted(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        devices = await devices_of(world)
        with pytest.raises(Conflict, match="expected one of this machine"):
            await devices.delegated(PAGE, "a browser")
        assert await devices.state(PAGE) is None

    in_world(tmp_path, story)
