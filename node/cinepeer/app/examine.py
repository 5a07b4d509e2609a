"""Examines held records as if a stranger had brought them: every chain is folded anew, signatures are verified."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from cinepeer.app.parts import Pair
from cinepeer.errors import Refused
from cinepeer.records.cid import Cid
from cinepeer.records.feed import Feeds
from cinepeer.records.record import Record, verify_body, verify_record


@dataclass(slots=True)
class Examination:
    """What was found: the feeds as folded anew, and the first sentence about each record that does not hold."""

    feeds: Feeds = field(default_factory=Feeds)
    records: int = 0
    verified: int = 0
    bodiless: int = 0
    wrong: list[tuple[Cid, str]] = field(default_factory=list)
    devices: set[bytes] = field(default_factory=set)

    @property
    def forked(self) -> list[bytes]:
        """The devices that forked their feeds."""
        return sorted(device for device in self.devices if self.feeds.fork(device) is not None)


def examine(pairs: Iterable[Pair], is_verified: Callable[[Record], bool], step: Callable[[], None]) -> Examination:
    """Folds `pairs`, in the order of their arrival; verifies the signatures and bodies that `is_verified` chooses."""
    found = Examination()
    for record, body in pairs:
        found.records += 1
        found.bodiless += body is None
        step()
        try:
            if is_verified(record):
                verify_record(record)
                if body is not None:
                    verify_body(record, body)
                found.verified += 1
            # When a record may be held was decided by the clock of its arrival.
            found.feeds.verify(record, body)
        except Refused as error:
            found.wrong.append((record.id, str(error)))
            continue
        found.feeds.apply(record, body)
        found.devices.add(record.device)
    return found
