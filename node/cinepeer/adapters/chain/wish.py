"""What a person wants to happen on a ledger, before it is a transaction with a number and a fee."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cinepeer.adapters.chain.journal import act_of
from cinepeer.adapters.chain.values import tohex


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
