"""A film is made whole here for a trip and stays; what keeps it from coming is told, and it can be let go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from cinepeer.app.catalogue import Version
from cinepeer.app.trip import Standing, Trips
from cinepeer.errors import Unreachable
from cinepeer.records.cid import Cid
from unit.app.host_stand import FILM_BYTES, Stand, on_a_stand


class Trip:
    """A film that lies on another host, and its way here."""

    def __init__(self, stand: Stand, version: Version) -> None:
        self.stand, self.version = stand, version
        self.gate = asyncio.Event()
        self.gate.set()
        self.trips = Trips(stand.hosting)
        stand.hosting.willing = False
        stand.hosting._fetch = self._fetch

    @classmethod
    async def begin(cls, stand: Stand) -> Trip:
        _, version = await stand.film("First Light", stand.hosts[0])
        await stand.say([version], stand.hosts[:1])
        return cls(stand, version)

    async def _fetch(self, root: Cid, addrs: Sequence[str], progress: Callable[[int], None] | None = None, /) -> int:
        assert progress is not None
        progress(2)
        await self.gate.wait()
        return await self.stand._fetch(root, addrs)

    async def settled(self) -> Standing:
        async with asyncio.timeout(10):
            while (found := await self.trips.standing(self.version)).state == "coming":
                await asyncio.sleep(0.01)
        return found


def test_a_film_comes_whole_and_stays_although_this_node_hosts_none(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        trip = await Trip.begin(stand)
        assert await trip.trips.standing(trip.version) == Standing("absent", 0, 4, False)
        trip.gate.clear()
        assert (await trip.trips.keep(trip.version)).state == "coming"
        await asyncio.sleep(0.05)
        assert (await trip.trips.keep(trip.version)).blocks == 2
        trip.gate.set()
        assert await trip.settled() == Standing("whole", 4, 4, True)
        assert await stand.held() == {trip.version.id}
        assert (await trip.trips.keep(trip.version)).state == "whole"

    on_a_stand(tmp_path, story)


def test_a_film_that_cannot_come_says_why_and_is_tried_again(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        trip = await Trip.begin(stand)
        stand.away.add(trip.version.root)
        await trip.trips.keep(trip.version)
        found = await trip.settled()
        assert found.state == "failed"
        assert "expected a provider" in (found.problem or "")
        stand.away.clear()
        await trip.trips.keep(trip.version)
        assert (await trip.settled()).state == "whole"

    on_a_stand(tmp_path, story)


def test_a_film_beyond_the_disk_cap_is_not_fetched(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        trip = await Trip.begin(stand)
        stand.hosting.cap_bytes = FILM_BYTES // 2
        await trip.trips.keep(trip.version)
        assert "under the disk cap" in str((await trip.settled()).problem)
        stand.hosting.cap_bytes = 10 * FILM_BYTES
        stand.hosting._denied.deny(trip.version.root, lambda _: None)
        await trip.trips.keep(trip.version)
        assert "denied" in str((await trip.settled()).problem)

    on_a_stand(tmp_path, story)


def test_a_film_that_is_let_go_gives_its_disk_back(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        trip = await Trip.begin(stand)
        await trip.trips.keep(trip.version)
        await trip.settled()
        assert await trip.trips.let_go(trip.version) == Standing("absent", 0, 4, False)
        assert await stand.held() == set()
        trip.gate.clear()
        await trip.trips.keep(trip.version)
        assert (await trip.trips.let_go(trip.version)).state == "absent"
        await trip.trips.keep(trip.version)
        await trip.trips.stop()
        assert (await trip.trips.standing(trip.version)).state == "absent"

    on_a_stand(tmp_path, story)


def test_what_nobody_gives_is_told_even_if_it_raises_late(tmp_path: Path) -> None:
    async def story(stand: Stand) -> None:
        trip = await Trip.begin(stand)

        async def fail(*_: object) -> int:
            raise Unreachable("found the last provider gone, expected it to stay")

        stand.hosting._fetch = fail
        await trip.trips.keep(trip.version)
        assert (await trip.settled()).problem == "found the last provider gone, expected it to stay"

    on_a_stand(tmp_path, story)
