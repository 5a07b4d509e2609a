"""A creator's keys go to custodians, and a licensee gets them from any of these."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cinepeer.adapters.system.keystore import Keystore
from cinepeer.adapters.system.notes import Notes
from cinepeer.app.custody import Custody
from cinepeer.app.identity import Author
from cinepeer.app.licensed import Licensed, parse_custodians, standing
from cinepeer.content import wrapping
from cinepeer.content.cipher import Sealed, commitment_of, sealed_of, verify_key
from cinepeer.errors import BadInput, CinepeerError, Refused, Unreachable
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.rights.deposit import PROTOCOL, parse_question
from cinepeer.rights.release import KeyRequest, Release, encode_release, request_context
from unit.app.custody_stage import AGREEMENT, KEY, LICENSEE, PRIVATE, Stage, device_seed
from unit.app.people import World, in_world


class Network:
    """Custodians by peer id, some of them away."""

    def __init__(self, hosts: dict[str, Custody]) -> None:
        self.hosts = hosts
        self.asked: list[str] = []

    async def connect(self, multiaddr: str) -> str:
        peer = multiaddr.rpartition("/p2p/")[2]
        if peer not in self.hosts:
            raise Unreachable(f"{peer} could not be reached")
        return peer

    def neighbours(self) -> list[Any]:
        return [SimpleNamespace(peer_id=peer) for peer in self.hosts]

    @asynccontextmanager
    async def conversation(self, peer_id: str, protocol: str) -> Any:
        assert protocol == PROTOCOL
        if peer_id not in self.hosts:
            raise Unreachable(f"{peer_id} has gone")
        self.asked.append(peer_id)
        responder = self.hosts[peer_id].responder("us")
        yield SimpleNamespace(ask=lambda question, timeout_s: responder(question))


class Pair:
    """The creator's own side beside one custodian of another author."""

    def __init__(self, stage: Stage, home: Path, host: Author) -> None:
        self.stage, self.host = stage, host
        self.own = stage.of(device_seed("creator"), Keystore(home / "own"), False)
        self.network = Network({"host": stage.custody})
        self.notes = home / "notes"
        self.licensed = self.new()

    def new(self, account: bytes = LICENSEE) -> Licensed:
        keys = (device_seed("creator"), account)
        stage = self.stage
        return Licensed(
            self.own, stage.world.library, stage.creator, stage.titles,  # type: ignore[arg-type]
            self.network, Notes(self.notes), keys, stage.world.clock_ms, stage.world.entropy,
        )  # fmt: skip

    @classmethod
    async def set(cls, world: World, home: Path, *, custody: bool = True, named: bool = True) -> Pair:
        host = await world.author("host")
        stage = await Stage.set(world, home, [host.id] if named else [])
        stage.custody = stage.of(device_seed("host"), stage.vault, True)
        addrs = ["/ip4/127.0.0.1/tcp/1/p2p/host"]
        await host.sign("host", {"versions": [], "addrs": addrs, "gateway": None, "custody": custody})
        await world.library.refresh()
        return cls(stage, home, host)


def pair_up(tmp_path: Path, story: Callable[[Pair], Awaitable[None]], **more: Any) -> None:
    async def run(world: World) -> None:
        await story(await Pair.set(world, tmp_path, **more))

    in_world(tmp_path, run)


async def acquired(pair: Pair, territory: str = "FR", medium: str | None = "cinema") -> Release:
    version = pair.stage.world.library.catalogue.version(pair.stage.version)
    assert version is not None
    return (await pair.licensed.acquire(version, AGREEMENT, territory, medium)).release


def test_a_creator_s_key_goes_to_its_custodians_once_and_that_is_remembered(tmp_path: Path) -> None:
    async def story(pair: Pair) -> None:
        assert await pair.licensed.give() == 0
        pair.own.keep(KEY)
        assert await pair.licensed.give() == 1
        assert await pair.licensed.give() == 0
        assert await pair.new().give() == 0
        (film,) = standing(pair.new())
        own, host = film["custodians"]
        assert (host["author"], host["given"], host["problem"]) == (str(pair.host.id), True, None)
        assert own["author"] == str(pair.stage.creator.id)

    pair_up(tmp_path, story)


def test_a_custodian_that_is_away_or_says_no_custody_gets_the_key_later(tmp_path: Path) -> None:
    async def story(pair: Pair) -> None:
        pair.own.keep(KEY)
        assert await pair.licensed.give() == 0
        assert "expected one with `custody` set" in _problem(pair)
        fields = {"versions": [], "addrs": ["/ip4/127.0.0.1/tcp/1/p2p/host"], "gateway": None, "custody": True}
        await pair.host.sign("host", fields)
        await pair.stage.world.library.refresh()
        pair.network.hosts.clear()
        assert await pair.licensed.give() == 0
        assert "could not be reached" in _problem(pair)
        pair.network.hosts["host"] = pair.stage.custody
        assert await pair.licensed.give() == 1

    pair_up(tmp_path, story, custody=False)


def _problem(pair: Pair) -> str:
    (film,) = standing(pair.licensed)
    return str(film["custodians"][1]["problem"])


def test_more_custodians_are_named_later(tmp_path: Path) -> None:
    async def story(pair: Pair) -> None:
        film = next(iter(pair.stage.world.library.catalogue.films.values()))
        with pytest.raises(BadInput, match="no key"):
            pair.licensed.appoint(film, [str(pair.host.id)])
        pair.own.keep(KEY)
        assert await pair.licensed.give() == 0
        pair.licensed.appoint(film, [str(pair.host.id)])
        assert await pair.new().give() == 1
        crowd = [str(Cid.of(bytes([number]), DAG_CBOR)) for number in range(16)]
        with pytest.raises(BadInput, match="17 custodians"):
            pair.licensed.appoint(film, crowd)

    pair_up(tmp_path, story, named=False)


def test_any_custodian_suffices_and_the_most_telling_refusal_is_told(tmp_path: Path) -> None:
    async def story(pair: Pair) -> None:
        with pytest.raises(Refused) as caught:
            await acquired(pair)
        assert caught.value.reason == "no-key"
        pair.stage.custody.keep(KEY)
        release = await acquired(pair)
        assert wrapping.unwrap(release.wrapped, PRIVATE, request_context(pair.stage.version, AGREEMENT)) == KEY
        with pytest.raises(Refused, match="without IT"):
            await acquired(pair, territory="IT")
        with pytest.raises(CinepeerError, match="XX"):
            await acquired(pair, territory="XX")
        pair.network.hosts.clear()
        with pytest.raises(Unreachable, match="could not be reached"):
            await acquired(pair)
        pair.own.keep(KEY)
        assert (await acquired(pair)).block == 9

    pair_up(tmp_path, story)


class Liar:
    """A custodian whose node gives whoever asks a key of its own making."""

    def responder(self, _peer: str) -> Callable[[bytes], Awaitable[bytes]]:
        async def answer(data: bytes) -> bytes:
            request = parse_question(data)
            assert isinstance(request, KeyRequest)
            context = request_context(request.version, request.agreement)
            wrapped = wrapping.wrap(b"\5" * 32, request.agreement, b"\6" * 32, context)
            return encode_release(Release(wrapped, 9, "so", None))

        return answer


def test_of_several_custodians_one_sleeps_one_refuses_one_lies_and_one_gives_the_key(tmp_path: Path) -> None:
    async def story(pair: Pair) -> None:
        stage, world = pair.stage, pair.stage.world
        pair.stage.custody.keep(KEY)
        nobody = stage.of(device_seed("poor"), Keystore(tmp_path / "poor"), True)  # has no key
        pair.network.hosts = {"poor": nobody, "liar": Liar(), "host": stage.custody}  # type: ignore[dict-item]
        names: dict[Cid, str] = {pair.host.id: "host"}
        for name in ("asleep", "poor", "liar"):
            author = await world.author(name)
            names[author.id] = name
            addrs = [f"/ip4/127.0.0.1/tcp/1/p2p/{name}"]
            await author.sign("host", {"versions": [], "addrs": addrs, "gateway": None, "custody": True})
        await world.library.refresh()
        film = next(iter(world.library.catalogue.films.values()))
        # The liar stands before the honest one in the record.
        order = sorted(names, key=lambda author: ("asleep", "poor", "liar", "host").index(names[author]))
        held = await world.store.get(film.record)
        assert held is not None
        cut = await stage.cut(held[0], sealed=Sealed(commitment_of(KEY), tuple(order)).to_map(), label="second")
        version = world.library.catalogue.version(cut.id)
        assert version is not None
        asked: list[list[str]] = []

        async def ask(without: list[str]) -> Mapping[str, Any]:
            asked.append([names[Cid.parse(one)] for one in without])
            skipped = [Cid.parse(one) for one in without]
            found = await pair.licensed.acquire(version, AGREEMENT, "FR", "cinema", skipped)
            return {"key": found.release.wrapped, "custodian": str(found.custodian)}

        first = await ask([])
        sealed = sealed_of(version.fields)
        assert sealed is not None
        with pytest.raises(Refused, match="another key"):
            verify_key(wrapping.unwrap(first["key"], PRIVATE, request_context(cut.id, AGREEMENT)), sealed)
        assert names[Cid.parse(first["custodian"])] == "liar"
        second = await ask([first["custodian"]])
        assert wrapping.unwrap(second["key"], PRIVATE, request_context(cut.id, AGREEMENT)) == KEY
        assert names[Cid.parse(second["custodian"])] == "host"
        assert asked == [[], ["liar"]]
        # What ends, stops all of them: the licence is asked for at each.
        stage.titles.licences.clear()
        stage.titles.block += 1
        with pytest.raises(Refused, match="no licence of 0x"):
            await ask([first["custodian"]])

    pair_up(tmp_path, story)


def test_without_a_medium_the_account_s_own_licence_says_it(tmp_path: Path) -> None:
    async def story(pair: Pair) -> None:
        pair.stage.custody.keep(KEY)
        film = next(iter(pair.stage.world.library.catalogue.films.values()))
        pair.stage.titles.films[film.id] = film
        assert (await acquired(pair, medium=None)).block == 9
        pair.stage.titles.licences.clear()
        pair.stage.titles.block += 1
        with pytest.raises(Refused, match="no licence of 0x"):
            await acquired(pair, medium=None)

    pair_up(tmp_path, story)


def test_custodians_are_authors_each_once_and_not_too_many() -> None:
    author = str(Cid.of(b"a", DAG_CBOR))
    assert parse_custodians([author]) == (Cid.parse(author),)
    for wrong in (["nobody"], [author, author], [str(Cid.of(b"a", 0x55))]):
        with pytest.raises(BadInput, match=r"expected|author"):
            parse_custodians(wrong)
    with pytest.raises(BadInput, match="17"):
        parse_custodians([str(Cid.of(bytes([number]), DAG_CBOR)) for number in range(17)])
