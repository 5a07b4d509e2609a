"""The stage of the tests about custody: a creator, a custodian that asks the ledger, and a licensee."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from cinepeer.adapters.system.keystore import Keystore
from cinepeer.app.contracts import Contracts
from cinepeer.app.custody import Custody
from cinepeer.app.identity import Author
from cinepeer.app.network import Network
from cinepeer.content import wrapping
from cinepeer.content.cipher import Sealed, commitment_of
from cinepeer.errors import BadInput, Refused
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.keys import public_key
from cinepeer.records.record import Record
from cinepeer.rights.deposit import (
    Deposit,
    deposit_context,
    encode_question,
    sign_deposit,
)
from cinepeer.rights.release import KeyRequest, parse_release, sign_request
from cinepeer.rights.signatures import address_of
from unit.app.people import World, in_world
from unit.rights.test_licence_questions import TITLE, granted, state

KEY, HOST_SEED, LICENSEE, PRIVATE = b"\1" * 32, b"\2" * 32, b"\3" * 32, b"\4" * 32
SETS = Contracts(Network({"deployer": "0x" + "01" * 20, "chain_id": 7373, "sequencer": "00" * 32}, ()))
CONTRACTS = SETS.first
AGREEMENT = wrapping.agreement_key(PRIVATE)
HOST = public_key(HOST_SEED)


def device_seed(name: str) -> bytes:
    """The seed of an author's device in these tests' world."""
    return hashlib.sha256(f"{name} device".encode()).digest()


class Titles:
    """The ledger as far as custody reads it."""

    def __init__(self, clock_ms: Callable[[], int]) -> None:
        now_s = clock_ms() // 1000
        self.clock_ms = clock_ms
        self.ahead_s = 0
        self.sets = SETS
        self.address = address_of(LICENSEE)
        self.licences = [granted(b"a", address_of(LICENSEE), now_s - 99_999, now_s + 99_999)]
        self.block = 9
        self.folds = 0
        self.ledger = self
        self.title: bytes | None = TITLE
        self.films: dict[str, Any] = {}

    async def head(self) -> int:
        return self.block

    async def now_s(self, block: int) -> int:
        assert block == self.block
        return self.clock_ms() // 1000 + self.ahead_s

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
        self.titles = Titles(world.clock_ms)
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
