"""What an author is called, and an account that is theirs only when both signed."""

from __future__ import annotations

from pathlib import Path

import pytest

from cinepeer.app.identity import Author
from cinepeer.app.profile import Profiles, Wallet
from cinepeer.errors import BadInput
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.rights.binding import sign_binding
from cinepeer.rights.deployment import ContractSet
from cinepeer.rights.signatures import address_of
from unit.app.people import World, in_world

KEY, OTHER_KEY = bytes([7]) * 32, bytes([8]) * 32
CONTRACTS = ContractSet(7, *(bytes([number]) * 20 for number in (11, 12, 13, 14)), from_block=0)


def profiles(world: World, author: Author, key: bytes = KEY) -> Profiles:
    return Profiles(author, world.library, world.store, Wallet(key, CONTRACTS))


def test_a_name_and_an_account_stay_until_they_are_said_anew(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        anna = profiles(world, author := await world.author("anna"))
        assert (await anna.read(author.id))["record"] is None
        assert (await anna.sign("  Anna \t Reel ", None))["name"] == "Anna Reel"
        bound = await anna.sign(None, True)
        assert (bound["name"], bound["account"], bound["chain"]) == ("Anna Reel", "0x" + address_of(KEY).hex(), 7)
        assert (await anna.sign("Anna Reel", True))["record"] == bound["record"], "nothing new was signed"
        assert (await anna.sign("Anna", None))["account"] == bound["account"]
        parted = await anna.sign(None, False)
        assert (parted["name"], parted["account"], parted["objection"]) == ("Anna", None, None)

    in_world(tmp_path, story)


def test_an_account_that_signed_for_somebody_else_is_not_named(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        thief = await world.author("thief")
        other = Cid.of(b"somebody else", DAG_CBOR)
        lent = sign_binding(OTHER_KEY, other, 7)
        await thief.sign("profile", {"name": "Thief", "account": lent})
        await world.library.refresh()
        found = await profiles(world, thief).read(thief.id)
        assert (found["name"], found["account"]) == ("Thief", None)
        assert f"expected that of 0x{address_of(OTHER_KEY).hex()}" in found["objection"]

    in_world(tmp_path, story)


def test_an_author_without_a_profile_is_told_as_one(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        anna = profiles(world, await world.author("anna"))
        found = await anna.read(Cid.of(b"nobody", DAG_CBOR))
        assert (found["name"], found["record"], found["account"], found["objection"]) == ("", None, None, None)

    in_world(tmp_path, story)


@pytest.mark.parametrize("name", ["a" * 81, "a\u202eb", "a\x00b", "\u200b"])
def test_a_name_that_nobody_could_read_is_refused(tmp_path: Path, name: str) -> None:
    async def story(world: World) -> None:
        with pytest.raises(BadInput):
            await profiles(world, await world.author("anna")).sign(name, None)

    in_world(tmp_path, story)


def test_a_wallet_never_shows_its_key() -> None:
    assert KEY.hex() not in repr(Wallet(KEY, CONTRACTS))
    assert repr(KEY) not in repr(Wallet(KEY, CONTRACTS))
