"""Custodians take keys from a film's author alone, and give them to licensees alone; each refusal has its name."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinepeer.adapters.system.keystore import Keystore
from cinepeer.adapters.system.notes import Notes
from cinepeer.app.custody import MAX_QUESTIONS, MINUTE_MS, Custody
from cinepeer.app.identity import Author
from cinepeer.app.licensed import Licensed, parse_custodians, standing
from cinepeer.content import wrapping
from cinepeer.content.cipher import Sealed, commitment_of
from cinepeer.errors import BadInput, CinepeerError, Refused, Unreachable
from cinepeer.records import dagcbor
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.keys import public_key
from cinepeer.records.record import Record
from cinepeer.rights.deployment import predict
from cinepeer.rights.deposit import (
    PROTOCOL,
    Deposit,
    deposit_context,
    encode_question,
    parse_kept,
    parse_question,
    sign_deposit,
)
from cinepeer.rights.release import KeyRequest, Release, parse_release, request_context, sign_request
from cinepeer.rights.signatures import address_of
from unit.app.people import World, in_world
from unit.rights.test_licence_questions import TITLE, granted, state

KEY, HOST_SEED, LICENSEE, PRIVATE = b"\1" * 32, b"\2" * 32, b"\3" * 32, b"\4" * 32
CONTRACTS = predict(b"\1" * 20, 7373)
AGREEMENT = wrapping.agreement_key(PRIVATE)
HOST = public_key(HOST_SEED)


def device_seed(name: str) -> bytes:
    """The seed of an author's device in these tests' world."""
    return hashlib.sha256(f"{name} device".encode()).digest()


class Titles:
    """The ledger as far as custody reads it."""

    def __init__(self, now_s: int) -> None:
        self.contracts = CONTRACTS
        self.address = address_of(LICENSEE)
        self.licences = [granted(b"a", address_of(LICENSEE), now_s - 99_999, now_s + 99_999)]
        self.block = 9
        self.folds = 0
        self.ledger = self
        self.title: bytes | None = TITLE
        self.films: dict[str, Any] = {}

    async def head(self) -> int:
        return self.block

    async def state(self) -> tuple[Any, int]:
        self.folds += 1
        return state(*self.licences), self.block

    def title_of(self, film: Any) -> bytes:
        if self.title is None:
            raise BadInput("found no title of it, expected it registered first")
        return self.title

    def film(self, film: str) -> Any:
        return self.films[film]


class Stage:
    """A creator with a licensed film, and a custodian on the same records."""

    def __init__(self, world: World, home: Path, creator: Author) -> None:
        self.world, self.creator = world, creator
        self.vault = Keystore(home / "keys")
        self.titles = Titles(world.clock_ms() // 1000)
        self.custody = self.of(HOST_SEED, self.vault, True)
        self.version: Cid = Cid()

    def of(self, seed: bytes, vault: Keystore, is_willing: bool) -> Custody:
        return Custody(
            vault,
            self.world.store,
            self.world.library,
            self.titles,  # type: ignore[arg-type]
            seed,
            self.world.clock_ms,
            self.world.entropy,
            is_willing=is_willing,
        )

    @classmethod
    async def set(cls, world: World, home: Path, custodians: Sequence[Cid] = (), key: bytes = KEY) -> Stage:
        stage = cls(world, home, await world.author("creator"))
        film = await stage.film("Sealed")
        sealed = Sealed(commitment_of(key), (stage.creator.id, *custodians))
        stage.version = (await stage.cut(film, sealed=sealed.to_map())).id
        return stage

    async def film(self, name: str) -> Record:
        facts: dict[str, Any] = {"name": name, "year": None, "synopsis": ""}
        lists: dict[str, Any] = {one: [] for one in ("external", "credits", "genres", "languages")}
        return await self.creator.sign("film", facts | lists)

    async def cut(self, film: Record, **more: Any) -> Record:
        numbers: dict[str, Any] = dict.fromkeys(("duration_ms", "size_bytes", "blocks"), 1)
        fields = {"film": film.id, "label": "cut", "root": Cid.of(str(film.id).encode(), DAG_CBOR), "renditions": []}
        record = await self.creator.sign("version", {**fields, **numbers, "source": bytes(32), **more})
        await self.world.library.refresh()
        return record

    def deposit(self, key: bytes = KEY, seed: bytes | None = None, host: bytes = HOST) -> Deposit:
        context = deposit_context(self.version, host)
        wrapped = wrapping.wrap(key, wrapping.device_agreement(host), b"\7" * 32, context)
        return sign_deposit(seed or device_seed("creator"), self.version, host, wrapped)

    def request(self, account: bytes = LICENSEE, territory: str = "FR", medium: str = "cinema") -> KeyRequest:
        now_s = self.world.clock_ms() // 1000
        return sign_request(account, CONTRACTS, self.version, AGREEMENT, territory, medium, now_s)

    async def ask(self, question: KeyRequest | Deposit | bytes, peer: str = "peer") -> bytes:
        data = question if isinstance(question, bytes) else encode_question(question)
        return await self.custody.responder(peer)(data)


def play(tmp_path: Path, story: Callable[[Stage], Awaitable[None]], **more: Any) -> None:
    async def run(world: World) -> None:
        await story(await Stage.set(world, tmp_path, **more))

    in_world(tmp_path, run)


def refusal(data: bytes) -> str:
    with pytest.raises(Refused) as caught:
        parse_release(data)
    return caught.value.reason


def test_a_key_is_taken_kept_and_released_to_a_licensee(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        parse_kept(await stage.ask(stage.deposit()))
        parse_kept(await stage.ask(stage.deposit()))
        release = parse_release(await stage.ask(stage.request()))
        assert wrapping.unwrap(release.wrapped, PRIVATE, request_context(stage.version, AGREEMENT)) == KEY
        assert (release.block, release.entry) == (9, (7, 0))
        assert [(film.name, version.id) for film, version, _ in stage.custody.held()] == [("Sealed", stage.version)]
        assert stage.custody.counts == {"taken": 2, "released": 1}
        assert not stage.custody.is_encrypted
        again = Keystore(tmp_path / "keys")
        assert [name for name in again.names() if again.secret(name) == KEY] == [f"content-{commitment_of(KEY).hex()}"]

    play(tmp_path, story)


def test_a_key_is_taken_from_the_film_s_own_author_alone(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        other = await stage.world.author("other")
        honest = stage.deposit()
        for wrong, reason in (
            (stage.deposit(key=b"\5" * 32), "wrong-key"),
            (stage.deposit(seed=device_seed("other")), "wrong-author"),
            (stage.deposit(host=other.device), "wrong-custodian"),
            (replace(honest, version=Cid.of(b"none", DAG_CBOR)), "bad-signature"),
            (replace(honest, wrapped=bytes(80)), "bad-signature"),
        ):
            assert refusal(await stage.ask(wrong)) == reason
        stage.version = Cid.of(b"none", DAG_CBOR)
        assert refusal(await stage.ask(stage.deposit())) == "unknown-version"
        assert stage.custody.held() == []

    play(tmp_path, story)


def test_who_keeps_no_keys_takes_none(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.custody.is_willing = False
        assert refusal(await stage.ask(stage.deposit())) == "not-custodian"

    play(tmp_path, story)


def test_every_missing_right_is_refused_by_name(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        assert refusal(await stage.ask(stage.request())) == "no-key"
        stage.custody.keep(KEY)
        assert refusal(await stage.ask(stage.request(account=b"\6" * 32))) == "no-licence"
        assert refusal(await stage.ask(stage.request(territory="IT"))) == "no-licence"
        assert refusal(await stage.ask(replace(stage.request(), territory="XX"))) == "bad-signature"
        assert refusal(await stage.ask(replace(stage.request(), account=bytes(20)))) == "bad-signature"
        late = stage.request()
        stage.world.pass_ms(3_600_000)
        assert refusal(await stage.ask(late)) == "stale"
        stage.titles.title = None
        assert refusal(await stage.ask(stage.request())) == "no-licence"
        assert stage.custody.counts["no-licence"] == 3
        assert stage.custody.counts["released"] == 0

    play(tmp_path, story)


def test_a_licence_that_ends_or_is_taken_back_stops_the_next_release(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.custody.keep(KEY)
        assert parse_release(await stage.ask(stage.request())).block == 9
        stage.titles.licences[0].revoked = True
        stage.titles.block += 1
        with pytest.raises(Refused, match=r"taken back .* \(as of block 10\)"):
            parse_release(await stage.ask(stage.request()))
        stage.titles.licences[0].revoked = False
        stage.titles.block += 1
        stage.world.pass_ms(200_000_000)
        with pytest.raises(Refused, match="over since"):
            parse_release(await stage.ask(stage.request()))

    play(tmp_path, story)


def test_a_licence_that_ended_a_minute_ago_is_over_whatever_time_is_asked_for(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.custody.keep(KEY)
        request = stage.request()
        stage.titles.licences = [granted(b"a", address_of(LICENSEE), request.time - 9, request.time)]
        stage.world.pass_ms(60_000)
        with pytest.raises(Refused, match="over since"):
            parse_release(await stage.ask(request))

    play(tmp_path, story)


def test_a_film_that_the_owner_denies_gets_no_key_here(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.custody.keep(KEY)
        for denied in (stage.creator.id, stage.world.library.catalogue.versions()[0].root):
            stage.custody._is_denied = lambda cid, denied=denied: cid == denied
            assert refusal(await stage.ask(stage.request())) == "denied"
            assert refusal(await stage.ask(stage.deposit())) == "denied"

    play(tmp_path, story)


def test_the_ledger_is_folded_once_for_a_block(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.custody.keep(KEY)
        for _ in range(3):
            parse_release(await stage.ask(stage.request()))
        assert stage.titles.folds == 1
        stage.titles.block += 1
        parse_release(await stage.ask(stage.request()))
        assert stage.titles.folds == 2

    play(tmp_path, story)


def test_an_open_film_has_no_key(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.version = (await stage.cut(await stage.film("Open"))).id
        assert refusal(await stage.ask(stage.request())) == "not-sealed"
        assert refusal(await stage.ask(stage.deposit())) == "not-sealed"

    play(tmp_path, story)


def test_who_asks_too_often_waits_for_the_next_minute(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.world.clock_ms = lambda: 1_790_000_000_000  # type: ignore[method-assign]
        stage.custody = stage.of(HOST_SEED, stage.vault, True)
        request = stage.request()
        reasons = [refusal(await stage.ask(request)) for _ in range(MAX_QUESTIONS + 1)]
        assert (reasons[0], reasons[-2], reasons[-1]) == ("no-key", "no-key", "too-often")
        assert refusal(await stage.ask(request, "another")) == "no-key"
        with pytest.raises(Refused, match="no key"):
            await stage.custody.answer(request, "http somebody")
        stage.world.clock_ms = lambda: 1_790_000_000_000 + MINUTE_MS  # type: ignore[method-assign]
        stage.custody._clock_ms = stage.world.clock_ms
        assert refusal(await stage.ask(request)) == "no-key"

    play(tmp_path, story)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_question_or_refused(data: bytes) -> None:
    try:
        assert encode_question(parse_question(data)) == data
    except Refused as error:
        assert error.reason == "bad-frame"


VALUES = st.recursive(
    st.none() | st.integers(-3, 3) | st.text(max_size=4) | st.binary(max_size=90),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["request", "deposit", "version", "custodian", "wrapped", "device", "signature"]), inner
        )
    ),
    max_leaves=8,
)


@given(VALUES)
def test_any_map_is_a_question_or_refused(value: Any) -> None:
    with pytest.raises(Refused) as caught:
        parse_question(dagcbor.encode(value))
    assert caught.value.reason == "bad-frame"


def test_a_frame_of_another_form_is_blamed_and_counted(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        whole = encode_question(stage.request())
        for data in (b"", whole[:-1], whole + b"\0", bytes(3_000), dagcbor.encode({"request": b"", "more": 1})):
            with pytest.raises(Refused):
                await stage.ask(data)
        assert stage.custody.counts == {"bad-frame": 5}

    play(tmp_path, story)


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
