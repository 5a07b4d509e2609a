"""Devices: the root admits and revokes, never on a feed that may be behind, and a phrase always gives one author."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from cinepeer.adapters.store.records import RecordStore
from cinepeer.app.devices import Devices, admit_when_possible
from cinepeer.app.identity import Author, open_author
from cinepeer.errors import BadInput, CheckFailed, Unreachable
from cinepeer.records.phrase import inception_nonce, root_seed
from unit.app.people import World

T = TypeVar("T")
ENTROPY = bytes(range(32))
ROOTS = tuple(root_seed(ENTROPY, number) for number in range(4))
RATING = {"ratings": [["imdb:tt0111161", 9]]}


@dataclass
class Neighbour:
    peer_id: str = "peer"


@dataclass
class Synced:
    waiting: int = 0
    withheld: int = 0
    refused: int = 0


class Home:
    """One node of the author of `ENTROPY`, with the key `device`; `meets` is whom it reconciles with."""

    def __init__(self, world: World, author: Author, is_restored: bool) -> None:
        self.world = world
        self.author = author
        self.meets: Home | None = None
        self.leaves_undone = Synced()
        self.devices = Devices(
            world.store, author, ROOTS, world.clock_ms, world.entropy, is_restored, self.neighbours, self.sync
        )

    @classmethod
    async def open(cls, path: Path, device: bytes, is_restored: bool) -> Home:
        world = World(await RecordStore.open(path / f"{device[:1].hex()}.db"))
        author = await open_author(
            world.store, *ROOTS[:2], device, world.clock_ms, world.entropy, inception_nonce(ENTROPY), is_restored
        )
        return cls(world, author, is_restored)

    def neighbours(self) -> list[Neighbour]:
        return [] if self.meets is None else [Neighbour()]

    async def sync(self, _: str) -> Synced:
        assert self.meets is not None
        for one, other in ((self, self.meets), (self.meets, self)):
            pairs = [(held.record, held.body) for held in await one.world.store.after(0, 1_000)]
            await other.world.store.add(pairs, self.world.clock_ms())
        return self.leaves_undone


def in_homes(path: Path, story: Callable[[Home, Home], Awaitable[T]]) -> T:
    """Runs `story` on the home that began the author and one restored from the same words."""

    async def run() -> T:
        first = await Home.open(path, b"\1" * 32, False)
        second = await Home.open(path, b"\2" * 32, True)
        try:
            return await story(first, second)
        finally:
            await first.world.store.close()
            await second.world.store.close()

    return asyncio.run(run())


def test_the_same_words_are_the_same_author_before_a_record_has_come(tmp_path: Path) -> None:
    async def story(first: Home, second: Home) -> None:
        assert first.author.id == second.author.id
        assert str(first.author.id) == "bafyreiaa5yvjlnozf7dv2gwxe3g6cwbajwhepkkizcnmlw53tflo5tmsmi"
        assert first.author.device != second.author.device
        assert await second.world.store.count() == 0

    in_homes(tmp_path, story)


def test_a_restored_home_signs_nothing_before_it_has_reconciled(tmp_path: Path) -> None:
    async def story(first: Home, second: Home) -> None:
        with pytest.raises(BadInput, match="not admitted by its author yet"):
            await second.author.sign("rating", RATING)
        for alone in (False, True):
            with pytest.raises(Unreachable, match="expected"):
                await second.devices.admit(alone)
        assert await second.world.store.count() == 0
        second.meets = first
        assert await second.devices.admit() is not None
        assert await second.devices.admit() is None
        await second.author.sign("rating", RATING)
        await first.author.sign("rating", RATING)
        await second.sync("")
        for home in (first, second):
            told = await home.devices.told()
            assert [key["state"] for key in told["keys"]] == ["speaks for the author", "admitted", "admitted"]
            assert [key["counted"] for key in told["keys"]] == [3, 1, 1]
            assert sorted(key["name"] for key in told["keys"][1:]) == ["node", "node 2"]

    in_homes(tmp_path, story)


def test_a_peer_that_keeps_something_back_is_not_enough(tmp_path: Path) -> None:
    async def story(first: Home, second: Home) -> None:
        second.meets, second.leaves_undone = first, Synced(withheld=1)
        with pytest.raises(Unreachable, match="no neighbour to reconcile"):
            await second.devices.admit()
        assert await second.devices.admit(alone=True) is not None

    in_homes(tmp_path, story)


def test_the_inception_alone_is_not_enough_even_for_a_person_who_says_so(tmp_path: Path) -> None:
    async def story(first: Home, second: Home) -> None:
        [inception] = await first.world.store.by_kind("inception")
        await second.world.store.add([(inception.record, inception.body)], second.world.clock_ms())
        with pytest.raises(Unreachable, match="inception alone"):
            await second.devices.admit(alone=True)

    in_homes(tmp_path, story)


def test_a_lost_device_is_revoked_after_its_last_record_and_what_it_signs_later_counts_nowhere(tmp_path: Path) -> None:
    async def story(first: Home, second: Home) -> None:
        kept = await first.author.sign("rating", RATING)
        second.meets = first
        await second.devices.admit()
        revocation = await second.devices.revoke(first.author.device.hex()[:8], None, "lost")
        second.meets = None
        await first.author.sign("rating", RATING)  # it has not heard of it yet
        second.meets = first
        await second.sync("")
        assert revocation.kind == "revocation"
        for home in (first, second):
            held = [one.record for one in await home.world.store.by_kind("rating")]
            counted = [record for record in held if home.world.store.feeds.counts(record)]
            assert (len(held), counted) == (2, [kept])
        with pytest.raises(BadInput, match="revoked by its author"):
            await first.author.sign("rating", RATING)

    in_homes(tmp_path, story)


def test_a_revocation_may_name_an_earlier_record_or_none(tmp_path: Path) -> None:
    async def story(first: Home, second: Home) -> None:
        records = [await first.author.sign("rating", RATING) for _ in range(3)]
        second.meets = first
        await second.devices.admit()
        device = first.author.device.hex()
        with pytest.raises(BadInput, match="no record of that device at seq 3"):
            await second.devices.revoke(device, 3, "")
        await second.devices.revoke(device, 1, "")
        counts = second.world.store.feeds.counts
        assert [counts(record) for record in records] == [True, True, False]
        await second.devices.revoke(device, -1, "")
        assert [counts(record) for record in records] == [False, False, False]

    in_homes(tmp_path, story)


@pytest.mark.parametrize(("text", "sentence"), [("00", "too few signs"), ("0" * 64, "found 0"), ("own", "itself")])
def test_only_one_other_device_can_be_revoked(tmp_path: Path, text: str, sentence: str) -> None:
    async def story(first: Home, _: Home) -> None:
        named = first.author.device.hex() if text == "own" else text
        with pytest.raises(BadInput, match=sentence):
            await first.devices.revoke(named, None, "")
        assert await first.world.store.count() == 2

    in_homes(tmp_path, story)


def test_a_forked_root_is_followed_by_the_next_and_the_author_goes_on(tmp_path: Path) -> None:
    async def story(first: Home, second: Home) -> None:
        kept = await first.author.sign("rating", RATING)
        second.meets = first
        await second.sync("")
        second.meets = None
        # Two machines with the same words, and each lets its root sign without asking: the root forks.
        await first.devices.delegate(b"\5" * 32, "page")
        await second.devices.admit(alone=True)
        second.meets = first
        await second.sync("")
        with pytest.raises(CheckFailed, match="forked, expected it whole: `cinepeer keys rotate`"):
            await first.devices.delegate(b"\6" * 32, "page")
        rotation = await first.devices.rotate()
        await second.sync("")
        assert not second.author.is_admitted  # the fork took both admissions away
        await second.devices.admit()
        await second.author.sign("rating", RATING)
        await second.sync("")
        for home in (first, second):
            told = await home.devices.told()
            assert [key["state"] for key in told["keys"][:2]] == [
                "forked at seq 2: nothing counts from there on",
                "speaks for the author",
            ]
            assert told["keys"][0]["last"]["seq"] == 1
            assert told["keys"][1]["key"] == rotation.device.hex()
            named = {key["key"]: (key["state"], key["counted"]) for key in told["keys"]}
            assert named[first.author.device.hex()] == ("admitted", 1)
            assert named[second.author.device.hex()] == ("admitted", 1)
            assert home.world.store.feeds.counts(kept)

    in_homes(tmp_path, story)


def test_a_rotation_ends_a_whole_feed_with_its_last_record_and_leaves_the_devices(tmp_path: Path) -> None:
    async def story(first: Home, _: Home) -> None:
        before = await first.devices.told()
        rotation = await first.devices.rotate()
        assert rotation.device.hex() == before["following"]
        told = await first.devices.told()
        assert [(key["state"], key["counted"]) for key in told["keys"]] == [
            ("followed by another root", 2),
            ("speaks for the author", 1),
            ("admitted", 0),
        ]
        [delegate] = await first.world.store.by_kind("delegate")
        assert told["keys"][0]["last"] == {"seq": 1, "head": str(delegate.record.id)}
        assert told["keys"][1]["last"] is told["keys"][2]["last"] is None
        await first.author.sign("rating", RATING)
        page = b"\5" * 32
        record = await first.devices.delegate(page, "page")
        assert record is not None and (record.device, record.seq) == (rotation.device, 1)
        again = await first.devices.rotate()
        assert again.device.hex() == told["following"] != before["following"]
        with pytest.raises(BadInput, match="no further root on this machine"):
            await first.devices.rotate()  # of four seeds the last one is promised, and nothing follows it

    in_homes(tmp_path, story)


def test_a_restored_home_learns_of_a_rotation_before_its_roots_sign(tmp_path: Path) -> None:
    async def story(first: Home, second: Home) -> None:
        rotation = await first.devices.rotate()
        for sign in (second.devices.admit, second.devices.rotate):
            with pytest.raises(Unreachable):
                await sign()
        with pytest.raises(Unreachable):
            await second.devices.rotate(alone=True)
        second.meets = first
        admitted = await second.devices.admit()
        assert admitted is not None and admitted.device == rotation.device
        assert (await second.devices.told())["keys"][1]["state"] == "speaks for the author"

    in_homes(tmp_path, story)


def test_two_rotations_by_one_root_end_the_roots_and_say_so(tmp_path: Path) -> None:
    async def story(first: Home, second: Home) -> None:
        second.meets = first
        await second.sync("")
        second.meets = None
        await first.devices.rotate()
        await second.devices.rotate(alone=True)
        second.meets = first
        await second.sync("")
        with pytest.raises(CheckFailed, match="used before, and forked"):
            await first.devices.rotate()
        assert first.author.is_admitted
        await first.author.sign("rating", RATING)

    in_homes(tmp_path, story)


def test_the_root_of_another_machine_does_not_sign_here(tmp_path: Path) -> None:
    async def story(first: Home, second: Home) -> None:
        second.meets = first
        other = (b"\7" * 32, b"\x08" * 32)
        world = second.world
        devices = Devices(world.store, second.author, other, world.clock_ms, world.entropy, True, sync=second.sync)
        await second.sync("")
        with pytest.raises(BadInput, match="expected one of this machine"):
            await devices.admit(alone=True)
        assert not any(key["here"] for key in (await devices.told())["keys"])

    in_homes(tmp_path, story)


def test_a_key_made_elsewhere_is_admitted_once_and_never_after_its_revocation(tmp_path: Path) -> None:
    async def story(first: Home, _: Home) -> None:
        page = b"\5" * 32
        record = await first.devices.delegate(page, "page")
        assert record is not None
        assert await first.devices.delegate(page, "page") is None
        told = await first.devices.told()
        assert [(key["name"], key["state"]) for key in told["keys"][1:]] == [("page", "admitted"), ("node", "admitted")]
        await first.devices.revoke(page.hex(), None, "")
        with pytest.raises(BadInput, match="revoked or forked, expected a fresh key"):
            await first.devices.delegate(page, "page")
        assert await first.world.store.count() == 4

    in_homes(tmp_path, story)


def test_a_forked_root_says_so_and_signs_no_more(tmp_path: Path) -> None:
    async def story(first: Home, second: Home) -> None:
        third = await Home.open(tmp_path, b"\3" * 32, True)
        try:
            for home in (second, third):  # both have the words, and neither hears of the other
                home.meets = first
                await home.sync("")
                home.meets = None
                await home.devices.admit(alone=True)
            second.meets = third
            await second.sync("")
            told = await second.devices.told()
            assert told["keys"][0]["state"] == "forked at seq 2: nothing counts from there on"
            with pytest.raises(CheckFailed, match="cinepeer keys rotate"):
                await second.devices.revoke(first.author.device.hex(), None, "")
            first.meets = second
            await first.sync("")
            await first.author.sign("rating", RATING)  # admitted before the fork, so it goes on
        finally:
            await third.world.store.close()

    in_homes(tmp_path, story)


def test_a_waiting_device_is_admitted_as_soon_as_a_peer_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cinepeer.app.devices.RETRY_PAUSE_S", 0.01)

    async def story(first: Home, second: Home) -> None:
        admitted: list[bool] = []

        async def note() -> None:
            admitted.append(second.author.is_admitted)

        task = asyncio.create_task(admit_when_possible(second.devices, note))
        await asyncio.sleep(0.05)
        assert not admitted
        second.meets = first
        await asyncio.wait_for(task, 10)
        assert admitted == [True]
        await admit_when_possible(first.devices, note)
        assert admitted == [True]

    in_homes(tmp_path, story)
