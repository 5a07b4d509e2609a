"""Which records two sides lack of each other, from summaries per device and from lists of ids."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

from cinepeer.records.cid import Cid
from cinepeer.records.record import Record
from cinepeer.replication.frames import DIGEST_BYTES, Compare, Differs, Summary


def page(mine: Sequence[Summary], after: bytes, limit: int) -> Compare:
    """The next `limit` summaries after a device, as a question; `mine` is sorted by device."""
    begin = bisect_right(mine, after, key=lambda one: one.device)
    until = mine[begin + limit - 1].device if begin + limit < len(mine) else None
    return Compare(after, until, tuple(mine[begin : begin + limit]))


def differing(mine: Sequence[Summary], question: Compare, limit: int) -> Differs:
    """The devices of the question's range where the two sides differ, as held here; a device not held counts 0.

    At most `limit` of them: the answer's `until` says how far it reaches.
    """
    here = {one.device: one for one in mine if _is_within(one.device, question)}
    there = {one.device: one for one in question.summaries}
    found: list[Summary] = []
    for device in sorted(here.keys() | there.keys()):
        held = here.get(device, Summary(device, 0, bytes(DIGEST_BYTES)))
        if held == there.get(device):
            continue
        if len(found) == limit:
            return Differs(found[-1].device, tuple(found))
        found.append(held)
    return Differs(question.until, tuple(found))


def _is_within(device: bytes, question: Compare) -> bool:
    return device > question.after and (question.until is None or device <= question.until)


def split(mine: Iterable[Cid], theirs: Iterable[Cid]) -> tuple[list[Cid], list[Cid]]:
    """What is wanted from them and what is to be given to them, each in its holder's order."""
    here, there = list(mine), list(theirs)
    held, listed = set(here), set(there)
    return [one for one in there if one not in held], [one for one in here if one not in listed]


def admission_order(firsts: Mapping[bytes, Record]) -> list[bytes]:
    """Devices in an order in which their feeds can be admitted, judged by the first record of each.

    Root keys come before the devices that they admit, first roots before the roots that replaced them; what this
    cannot know (a root replaced twice within one millisecond) waits and is admitted in the next round.
    """
    ranks = {"inception": 0, "rotation": 1}
    return sorted(firsts, key=lambda device: (ranks.get(firsts[device].kind, 2), firsts[device].time, device))
