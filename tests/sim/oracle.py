"""What every honest node must hold and count: the rules of docs/records.md, said once more and in another way.

Nothing here is shared with the code that it judges. A fact is plain data: what somebody signed, and whether the
signature is good. Sets of facts go in, sets of ids come out, by looking at all of them again and again.

Law 1 is asked of `counted` and `standing_ratings`, which know no order; law 2 of `valid`, which knows no receiver; law
3 of `valid` over what was acknowledged; law 4 of `valid` over all that anybody ever said; law 5 of `forks`.
"""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

AHEAD_MS = 600_000
ROOT_FEED_ENDS = 1024
CHAIN_ENDS = 64
COMMON = ("inception", "rotation", "delegate", "revocation", "profile", "network")  # part of everything about an author


@dataclass(frozen=True)
class Fact:
    """One record in plain words. `said` is its body's fields, None where nobody has a right body."""

    id: bytes
    author: bytes
    device: bytes
    seq: int
    prev: bytes | None
    time_ms: int
    kind: str
    said: dict[str, Any] | None
    is_signed: bool = True


Facts = dict[bytes, Fact]
Standing = dict[tuple[bytes, str], tuple[int, bytes, int | None]]


def valid(facts: Iterable[Fact], now_ms: int) -> Facts:
    """Laws 2 to 4: all that can stand, by id, for a clock that shows `now_ms`, until nothing more can be added."""
    left = sorted((one for one in facts if one.is_signed), key=lambda one: (one.time_ms, one.seq))
    standing: Facts = {}
    ground = _Ground()
    while True:
        waiting = []
        for one in left:
            if one.time_ms <= now_ms + AHEAD_MS and ground.carries(one, standing):
                standing[one.id] = one
                ground.take(one)
            else:
                waiting.append(one)
        if len(waiting) == len(left):
            return standing
        left = waiting


class _Ground:
    """What of the standing facts others stand on."""

    def __init__(self) -> None:
        self.admitted: set[tuple[bytes, bytes]] = set()  # (author, device), by a root's delegation
        self.promised: set[tuple[bytes, bytes]] = set()  # (author, digest of a key)
        self.firsts: dict[bytes, bytes] = {}  # the first root of each author
        self.rooted: set[bytes] = set()  # ids of facts in a root's own feed

    def carries(self, fact: Fact, standing: Facts) -> bool:
        """Whether a fact can stand now."""
        says_keys = fact.kind in ("inception", "rotation", "delegate", "revocation")
        if says_keys and fact.said is None:
            return False
        if fact.kind in ("inception", "rotation") and (fact.said or {})["root"] != fact.device:
            return False
        if fact.kind == "inception":
            return fact.seq == 0 and fact.author == fact.id
        if fact.author not in self.firsts:
            return False
        if fact.prev is None:
            if fact.seq != 0 or fact.device == self.firsts[fact.author]:
                return False
            if fact.kind == "rotation":
                return (fact.author, _digest(fact.device)) in self.promised
            return not says_keys and (fact.author, fact.device) in self.admitted
        before = standing.get(fact.prev)
        if before is None or (before.author, before.device) != (fact.author, fact.device):
            return False
        if fact.seq != before.seq + 1 or fact.time_ms < before.time_ms or fact.kind == "rotation":
            return False
        is_rooted = before.id in self.rooted
        return fact.seq < ROOT_FEED_ENDS if is_rooted else not says_keys

    def take(self, fact: Fact) -> None:
        """Lets others stand on a fact."""
        said = fact.said or {}
        if fact.kind == "inception":
            self.firsts[fact.author] = fact.device
        if fact.kind in ("inception", "rotation"):
            self.promised.add((fact.author, said["next"]))
        if fact.kind in ("inception", "rotation") or fact.prev in self.rooted:
            self.rooted.add(fact.id)
        if fact.kind == "delegate":
            self.admitted.add((fact.author, said["device"]))


def forks(held: Facts) -> dict[tuple[bytes, bytes], int]:
    """Law 5: the lowest seq that each (author, device) signed twice, of those that did."""
    places = Counter((one.author, one.device, one.seq) for one in held.values())
    found: dict[tuple[bytes, bytes], int] = {}
    for (author, device, seq), times in places.items():
        if times > 1:
            found[author, device] = min(seq, found.get((author, device), seq))
    return found


def counted(held: Facts) -> set[bytes]:
    """Laws 1, 2 and 5: the ids of all that counts among the facts that are held (and valid)."""
    broken = forks(held)
    of_author: dict[bytes, list[Fact]] = defaultdict(list)
    for one in held.values():
        if one.seq < broken.get((one.author, one.device), one.seq + 1):
            of_author[one.author].append(one)
    found: set[bytes] = set()
    for author, unforked in of_author.items():
        openings = [one for one in held.values() if one.author == author and one.kind in ("inception", "rotation")]
        at_once = {device for (of, device), seq in broken.items() if of == author and seq == 0}
        found |= _counted_of(unforked, openings, at_once)
    return found


def _counted_of(unforked: list[Fact], openings: list[Fact], broken: set[bytes]) -> set[bytes]:
    """What counts of one author: `unforked` lies below all forks, `openings` begin roots' feeds, some `broken`."""
    ends = _ends(openings, broken)
    acts = [one for one in unforked if one.device in ends and _is_left(one, ends[one.device], keeps_first=True)]
    admitted = {one.said["device"] for one in acts if one.kind == "delegate" and one.said}
    limits: dict[bytes, list[Any]] = defaultdict(list)
    for one in acts:
        if one.kind == "revocation" and one.said:
            limits[one.said["device"]].append(one.said)
    devices = (one for one in unforked if one.device not in ends and one.device in admitted)
    return {one.id for one in acts} | {one.id for one in devices if _is_left(one, limits[one.device])}


def _ends(openings: list[Fact], broken: set[bytes]) -> dict[bytes, list[Any]]:
    """The roots in force, each with all that rotations say of where its feed ends."""
    at = next(one for one in openings if one.kind == "inception")
    ends: dict[bytes, list[Any]] = {}
    while True:
        promise = (at.said or {})["next"]
        following = [one for one in openings if one.kind == "rotation" and _digest(one.device) == promise]
        is_end = len(ends) + 1 == CHAIN_ENDS or any(one.device in {*ends, at.device} for one in following)
        ends[at.device] = [] if is_end else [(one.said or {})["previous"] for one in following]
        if is_end or len(following) != 1 or following[0].device in broken:
            return ends
        at = following[0]


def _is_left(fact: Fact, limits: list[Any], keeps_first: bool = False) -> bool:
    """Whether every limit leaves a fact: a lower seq, or the named head itself."""
    if keeps_first and fact.seq == 0:
        return True
    return all(fact.seq < one["seq"] or (fact.seq, fact.id) == (one["seq"], one["head"]) for one in limits)


def standing_ratings(held: Facts) -> Standing:
    """Law 1: by author and film, the (time, id, stars) that hold: of all that counts, the greatest."""
    found: Standing = {}
    for fact_id in counted(held):
        fact = held[fact_id]
        for film, stars in (fact.said or {}).get("ratings", ()) if fact.kind == "rating" else ():
            told = (fact.time_ms, fact.id, stars)
            found[fact.author, film] = max(told, found.get((fact.author, film), told), key=lambda one: one[:2])
    return found


def is_wanted(
    fact: Fact, authors: Iterable[bytes] | None, films: set[str] | None, since_ms: int, until_ms: int
) -> bool:
    """Whether a part that is named so wants a fact's body."""
    if authors is not None and fact.author not in authors:
        return False
    if fact.kind in COMMON:
        return True
    if not since_ms <= fact.time_ms < until_ms:
        return False
    said = fact.said or {}
    about = {film for film, _ in said.get("ratings", ())} | {*said.get("external", ())}
    if fact.kind == "film":
        about.add("b" + b32encode(fact.id).decode().lower().rstrip("="))
    return films is None or bool(about & films)


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
