"""Which films a host takes first and lets go first: scarce ones come and stay; its own and kept ones never leave."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cinepeer.records.cid import Cid

SPARE = 3  # so many others must have proved to hold a film before it may leave for a scarcer one


@dataclass(frozen=True, slots=True)
class Copy:
    """A version as this host sees it.

    `others`: how many other devices say that they hold it and did not fail to prove it; `proven`: how many hosts of
    different peers gave the block that they were asked for last. Nothing ever leaves on a word alone. `chosen`: why the
    owner of this node wants it beside its scarcity, in words, or nothing.
    """

    version: Cid
    root: Cid
    size_bytes: int
    others: int
    is_held: bool
    is_own: bool
    is_kept: bool
    proven: int = 0
    chosen: str = ""

    @property
    def may_leave(self) -> bool:
        """Whether it may ever be let go for another film."""
        return self.is_held and not self.is_own and not self.is_kept


def take_first(copies: Iterable[Copy]) -> list[Copy]:
    """What is not held, in the order in which it is taken: kept by the owner, then chosen, then scarce, then small."""
    wanted = [copy for copy in copies if not copy.is_held]
    return sorted(
        wanted, key=lambda copy: (not copy.is_kept, not copy.chosen, copy.others, copy.size_bytes, copy.version)
    )


def leave_first(copies: Iterable[Copy]) -> list[Copy]:
    """What may leave, in its order: not chosen, what most others proved to hold, what most say to hold, large."""
    leaving = [copy for copy in copies if copy.may_leave]
    return sorted(
        leaving, key=lambda copy: (bool(copy.chosen), -copy.proven, -copy.others, -copy.size_bytes, copy.version)
    )


def make_room(copies: Iterable[Copy], wanted: Copy, lacking_bytes: int) -> list[Copy] | None:
    """What leaves so that `wanted` fits; None where nothing may: a film leaves for a scarcer one, or for a chosen one.

    The one that comes must have two holders fewer than the one that leaves, or two hosts would trade places for ever.
    """
    chosen: list[Copy] = []
    for copy in leave_first(copies):
        if lacking_bytes <= 0:
            break
        is_rather = wanted.is_kept or (bool(wanted.chosen) and not copy.chosen)
        if copy.proven < SPARE or not (is_rather or wanted.others + 1 < copy.proven):
            break
        chosen.append(copy)
        lacking_bytes -= copy.size_bytes
    return chosen if lacking_bytes <= 0 else None


def reason(copy: Copy) -> str:
    """Why a film is here, or why it is wanted, in words."""
    if copy.is_own:
        return "published by this author"
    if copy.is_kept:
        return "kept by the owner of this node"
    if copy.chosen:
        return copy.chosen
    if copy.others == 0:
        return "nobody else is known to hold it"
    if copy.others < SPARE:
        return f"scarce: {copy.others} other{'' if copy.others == 1 else 's'} hold{'s' if copy.others == 1 else ''} it"
    return f"{copy.others} others hold it, {copy.proven} of them proved it"


def creator_may_leave(copy: Copy) -> str:
    """What the creator of a film may conclude, in words."""
    if copy.proven >= SPARE:
        return f"{copy.proven} hosts hold it whole; you may switch off"
    hosts = {0: "no other host", 1: "1 other host"}.get(copy.proven, f"{copy.proven} other hosts")
    said = f"{copy.others} say{'s' if copy.others == 1 else ''} so"
    return f"{hosts} proved to hold it whole ({said}); stay on until {SPARE} do"
