"""Contract sets that stand side by side: an older one keeps its titles while a newer one takes new ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cinepeer.errors import BadInput, Refused
from cinepeer.rights.deployment import ContractSet
from cinepeer.rights.events import Entry, Log, decode


def decode_sets(logs: Iterable[Log], sets: Sequence[ContractSet]) -> list[Entry]:
    """
    The events of the log entries of all `sets`, in the ledger's order; `state.fold` makes one state of them, in which
    each title, case and anchor belongs to the contract that entered it.

    Raises `BadInput` when one contract stands in two sets, and `Refused` (`bad-log`) for an entry of none of them, of
    before its set was in force, or out of order.
    """
    home = by_address(sets)
    entries: list[Entry] = []
    last = (-1, -1)
    for log in logs:
        where = f"log {log.index} of block {log.block}"
        contracts = home.get(log.address)
        if contracts is None:
            found = f"{where}: found an entry of {log.address.hex()}"
            raise Refused("bad-log", f"{found}, expected one of the {len(sets)} sets")
        if log.block < contracts.from_block:
            raise Refused("bad-log", f"{where}: found it before block {contracts.from_block}, where its set begins")
        if (log.block, log.index) <= last:
            raise Refused("bad-log", f"{where}: found it out of the ledger's order")
        last = (log.block, log.index)
        entries.append(Entry(decode(log, contracts), log))
    return entries


def by_address(sets: Sequence[ContractSet]) -> dict[bytes, ContractSet]:
    """The set of each contract (20 bytes); raises `BadInput` when one contract stands in two."""
    home: dict[bytes, ContractSet] = {}
    for one in sets:
        for name, address in one.named().items():
            if address in home:
                raise BadInput(f"found {name} at 0x{address.hex()} in two contract sets, expected each contract in one")
            home[address] = one
    return home
