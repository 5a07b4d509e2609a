"""What an author is called and which ledger account is theirs: a profile record, bound from both sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cinepeer.app.identity import Author
from cinepeer.app.library import Library
from cinepeer.app.parts import RecordStore
from cinepeer.errors import BadInput, Refused
from cinepeer.records.bodies import parse_body
from cinepeer.records.cid import Cid
from cinepeer.records.dagcbor import Value
from cinepeer.rights.binding import recover_bound, sign_binding
from cinepeer.rights.deployment import ContractSet

MAX_NAME = 80


@dataclass(frozen=True, slots=True)
class Wallet:
    """The home's own ledger account: its secp256k1 key (32 bytes), and the contracts whose chain it is for."""

    key: bytes = field(repr=False)
    contracts: ContractSet


class Profiles:
    """Reads everybody's newest profile and signs this home's."""

    def __init__(self, author: Author, library: Library, store: RecordStore, wallet: Wallet) -> None:
        self._author = author
        self._library = library
        self._store = store
        self._wallet = wallet

    async def read(self, author: Cid) -> dict[str, Any]:
        """
        What an author's newest profile says: `account` only where that account signed for this author too, else null
        with the `objection`.
        """
        record, fields = await self._newest(author)
        told: dict[str, Any] = {"author": str(author), "name": "", "record": None, "account": None, "chain": None}
        told["objection"] = None
        if record is None:
            return told
        told |= {"name": str(fields["name"]), "record": str(record)}
        account = fields.get("account")
        if isinstance(account, Mapping):
            try:
                told |= {"account": "0x" + recover_bound(author, account).hex(), "chain": account["chain"]}
            except Refused as refused:
                told["objection"] = str(refused)
        return told

    async def sign(self, name: str | None, is_bound: bool | None) -> dict[str, Any]:
        """
        Signs the next profile: a `name` (None: as it was), and whether it names this home's account, which then signs
        for the author (None: as it was). Raises `BadInput` for a name that nobody could read.
        """
        _, before = await self._newest(self._author.id)
        fields: dict[str, Value] = {"name": self._checked(str(before.get("name", "")) if name is None else name)}
        if is_bound:
            fields["account"] = sign_binding(self._wallet.key, self._author.id, self._wallet.contracts.chain_id)
        elif is_bound is None and "account" in before:
            fields["account"] = before["account"]
        if fields == {key: before[key] for key in ("name", "account") if key in before}:
            return await self.read(self._author.id)  # it says so already: no second record of the same
        await self._author.sign("profile", fields)
        await self._library.refresh()
        return await self.read(self._author.id)

    async def _newest(self, author: Cid) -> tuple[Cid | None, dict[str, Value]]:
        record = self._library.catalogue.profile_of(author)
        held = None if record is None else await self._store.get(record)
        if held is None or held[1] is None:
            return None, {}
        return record, parse_body("profile", held[1])

    @staticmethod
    def _checked(name: str) -> str:
        said = " ".join(name.split())
        if len(said) > MAX_NAME or not said.isprintable():
            raise BadInput(f"found a name of {len(said)} signs, expected at most {MAX_NAME} that can be read")
        return said
