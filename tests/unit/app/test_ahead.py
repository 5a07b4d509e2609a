"""What a player asks for next is under way before it asks, and is asked for once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

import pytest

from cinepeer.app.ahead import MAX_COMING, Ahead, followers
from cinepeer.content.unixfs import directory, import_file
from cinepeer.errors import Unreachable
from cinepeer.records.cid import DAG_PB, RAW, Cid


class Hosts:
    """The hosts of one version, as a node reaches them."""

    def __init__(self) -> None:
        self.held: dict[Cid, bytes] = {}
        self.asked: list[Cid] = []
        self.are_away = False
        put = self.held.__setitem__
        names = ("index.m3u8", "init.mp4", "seg_00000.m4s", "seg_00001.m4s", "seg_00010.m4s")
        self.files = {name: import_file([os.urandom(600_000 if name.endswith("m4s") else 900)], put) for name in names}
        folder = directory(list(self.files.items()), put)
        self.folder = folder.cid
        poster = import_file([os.urandom(700_000)], put)
        master = import_file([b"#EXTM3U"], put)
        self.root = directory([("720", folder), ("master.m3u8", master), ("poster.jpg", poster)], put).cid
        self.master = master.cid

    async def get(self, cid: Cid, addrs: Sequence[str]) -> bytes | None:
        assert addrs == ["host"]
        self.asked.append(cid)
        await asyncio.sleep(0)
        if self.are_away:
            raise Unreachable("found nobody, expected a host")
        return self.held.get(cid)


async def _settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_a_folder_brings_what_playing_begins_with_and_a_file_its_parts() -> None:
    async def story() -> None:
        hosts = Hosts()
        ahead = Ahead(hosts.get, lambda _: False)
        assert await ahead.block(hosts.root, ["host"]) == hosts.held[hosts.root]
        await _settle()
        assert hosts.asked == [hosts.root, hosts.master, hosts.folder]
        await ahead.block(hosts.folder, ["host"])
        await _settle()
        first = hosts.files["seg_00000.m4s"].cid
        parts = followers(first, hosts.held[first])
        assert len(parts) == 3
        begun = [hosts.files["init.mp4"].cid, hosts.files["index.m3u8"].cid, first]
        assert set(hosts.asked[3:]) == {*begun, *parts} and len(hosts.asked) == 9
        for cid in (hosts.master, *begun, *parts):
            assert await ahead.block(cid, ["host"]) == hosts.held[cid]
        assert len(hosts.asked) == 9  # each once
        await ahead.block(parts[0], ["host"])
        assert len(hosts.asked) == 10  # given once, then asked for again
        await ahead.stop()

    asyncio.run(story())


def test_what_does_not_come_ahead_is_asked_for_again_and_its_error_told() -> None:
    async def story() -> None:
        hosts = Hosts()
        ahead = Ahead(hosts.get, lambda _: False)
        await ahead.block(hosts.root, ["host"])
        hosts.are_away = True
        await _settle()
        with pytest.raises(Unreachable):
            await ahead.block(hosts.folder, ["host"])
        hosts.are_away = False
        assert await ahead.block(hosts.folder, ["host"]) == hosts.held[hosts.folder]
        assert await ahead.block(Cid.of(b"unknown", RAW), ["host"]) is None
        await ahead.stop()

    asyncio.run(story())


def test_denied_blocks_are_not_asked_for_and_few_are_under_way() -> None:
    async def story() -> None:
        hosts = Hosts()
        ahead = Ahead(hosts.get, hosts.folder.__eq__)
        await ahead.block(hosts.root, ["host"])
        await _settle()
        assert hosts.asked == [hosts.root, hosts.master]
        for _ in range(MAX_COMING):
            other = Hosts()
            hosts.held |= other.held
            await ahead.block(other.folder, ["host"])
        assert len(ahead._coming) <= MAX_COMING
        await ahead.stop()
        assert not ahead._coming

    asyncio.run(story())


def test_what_is_no_file_and_no_folder_is_followed_by_nothing() -> None:
    assert followers(Cid.of(b"raw", RAW), b"raw") == []
    assert followers(Cid.of(b"\xff", DAG_PB), b"\xff") == []
    held: dict[Cid, bytes] = {}
    large = import_file([bytes([number]) * 262_144 for number in range(40)], held.__setitem__)
    assert len(followers(large.cid, held[large.cid])) == 16
