"""What a person wants to happen on a ledger, before it is a transaction with a number and a fee."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from cinepeer.adapters.chain.journal import act_of
from cinepeer.adapters.chain.values import tohex, unhex
from cinepeer.rights import rlp

_FEE_MARKET = 2


def account_of(key: bytes) -> Any:
    """The account that signs with a secp256k1 `key` (32 bytes)."""
    from eth_account import Account

    return Account.from_key(key)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to happen: from whom, to whom (None deploys), with which data and wei."""

    account: Any
    sender: bytes
    to: bytes | None
    data: bytes
    value: int

    @property
    def act(self) -> bytes:
        """Its name, whichever number and fee it is given."""
        return act_of(self.sender, self.to, self.data, self.value)

    def call(self) -> dict[str, Any]:
        """The fields of a call that would do the same."""
        fields = {"from": tohex(self.sender), "data": tohex(self.data), "value": hex(self.value)}
        return fields | ({"to": tohex(self.to)} if self.to else {})

    def fields(self, chain_id: int, **numbers: int) -> dict[str, Any]:
        """The fields of the transaction that is signed, with its `numbers`: gas, fees, nonce."""
        told = {"type": _FEE_MARKET, "chainId": chain_id, "value": self.value, "data": self.data, "to": self.to or b""}
        return told | numbers

    @classmethod
    def of(cls, account: Any, raw: bytes) -> Self:
        """What a transaction that this program signed for `account` (EIP-1559, its bytes) is to do."""
        fields = rlp.decode(raw[1:])
        assert isinstance(fields, list) and raw[0] == _FEE_MARKET, (
            "every transaction here is signed by one piece of code"
        )
        to, value, data = (bytes(one) for one in fields[5:8])  # type: ignore[arg-type]
        return cls(account, unhex(account.address), to or None, data, int.from_bytes(value))
