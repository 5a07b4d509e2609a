"""Contract sets that stand side by side: an older one keeps its titles while a newer one takes new ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cinepeer.errors import BadInput, Refused
from cinepeer.rights.deployment import ContractSet
from cinepeer.rights.events import Log, decode_all
from cinepeer.rights.state import State, Title, fold


@dataclass(frozen=True, slots=True)
class Sets:
    """What the entries of several contract sets say, each set's by itself, in the order in which they were given.

    A title is in one set alone, because its id follows from its registry. Case numbers and anchors belong to their set.
    """

    states: tuple[tuple[ContractSet, State], ...]

    def home(self, title: bytes) -> tuple[ContractSet, State] | None:
        """The set in which a title (20 bytes) is registered, with that set's state; None for an unknown one."""
        return next(((one, state) for one, state in self.states if title in state.titles), None)

    def claims(self, content: bytes) -> list[Title]:
        """All titles over one content (32 bytes), of every set and creator, the earliest first."""
        found = [title for _, state in self.states for title in state.titles.values() if title.deed.content == content]
        return sorted(found, key=lambda title: (title.since, title.id))


def fold_sets(logs: Iterable[Log], sets: Sequence[ContractSet]) -> Sets:
    """
    What the log entries of all `sets`, in the ledger's order, say: each set folds its own entries alone.

    Raises `BadInput` when one contract stands in two sets, and `Refused`: `bad-log` for an entry of none of them or out
    of order, `bad-ledger` for one that contradicts those before it in its own set.
    """
    home: dict[bytes, ContractSet] = {}
    for one in sets:
        for name, address in one.named().items():
            if address in home:
                raise BadInput(f"found {name} at 0x{address.hex()} in two contract sets, expected each contract in one")
            home[address] = one
    parts: dict[ContractSet, list[Log]] = {one: [] for one in sets}
    last = (-1, -1)
    for log in logs:
        where = f"log {log.index} of block {log.block}"
        if log.address not in home:
            found = f"{where}: found an entry of {log.address.hex()}"
            raise Refused("bad-log", f"{found}, expected one of the {len(sets)} sets")
        if (log.block, log.index) <= last:
            raise Refused("bad-log", f"{where}: found it out of the ledger's order")
        last = (log.block, log.index)
        parts[home[log.address]].append(log)
    return Sets(tuple((one, fold(decode_all(own, one))) for one, own in parts.items()))
