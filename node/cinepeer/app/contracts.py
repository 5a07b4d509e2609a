"""The contract sets of this node's network: the genesis's own, and those that its founder named since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cinepeer.app.network import Network
from cinepeer.app.parts import Ledger
from cinepeer.rights.deployment import ContractSet
from cinepeer.rights.events import Entry, Log
from cinepeer.rights.further import FurtherSet
from cinepeer.rights.sets import by_address, decode_sets


class Contracts:
    """Where the contracts are; a title stays in the set in which it was registered, new ones go into the newest."""

    def __init__(self, network: Network) -> None:
        self._chain_id = network.chain_id
        self.further: tuple[FurtherSet, ...] = ()
        self.sets: tuple[ContractSet, ...] = (network.contracts,)
        self._home: Mapping[bytes, ContractSet] = by_address(self.sets)
        self.take(network.further)

    @property
    def first(self) -> ContractSet:
        """The genesis's own set."""
        return self.sets[0]

    @property
    def newest(self) -> ContractSet:
        """The set into which new titles go."""
        return self.sets[-1]

    def take(self, further: Sequence[FurtherSet]) -> None:
        """Uses these sets beside the first from now on; whether they hold was checked before."""
        sets = (self.first, *(one.contracts(self._chain_id) for one in further))
        self._home = by_address(sets)
        self.further, self.sets = tuple(further), sets

    def at(self, address: bytes) -> ContractSet | None:
        """The set to which the contract at an address (20 bytes) belongs, or None."""
        return self._home.get(address)

    def named_by(self, fields: Mapping[str, Any]) -> ContractSet | None:
        """The set whose contract a title's or an offer's record names, or None for one elsewhere."""
        found = self._home.get(bytes(fields["contract"]))
        return found if found is not None and fields["chain"] == self._chain_id else None

    def number(self, one: ContractSet) -> int:
        """A set's number: the genesis's own is 1."""
        return self.sets.index(one) + 1

    def naming(self, one: ContractSet) -> tuple[FurtherSet, ...]:
        """What a bundle about a set shows: the founder's naming of it and of those before it."""
        return self.further[: self.number(one) - 1]

    async def history(self, ledger: Ledger) -> tuple[list[Entry], int]:
        """Every entry of all sets in the ledger's order, and the block up to which they were read."""
        sets = self.sets
        read = [await ledger.history(one) for one in sets]
        block = min(head for _, head in read)
        logs = [log for found, _ in read for log in found if log.block <= block]
        return self._decoded(logs, sets), block

    def decode(self, logs: Iterable[Log]) -> list[Entry]:
        """The events of log entries of these sets, put into the ledger's order."""
        return self._decoded(logs, self.sets)

    def _decoded(self, logs: Iterable[Log], sets: Sequence[ContractSet]) -> list[Entry]:
        found = logs if len(sets) == 1 else sorted(logs, key=lambda log: (log.block, log.index))
        return decode_sets(found, sets)
