"""What is held against peers and for them: bans that expire, and one word for how each behaves. Pure: time is given."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

# What a reason weighs; one that is not named here is a record that does not hold, which an honest peer, who verifies
# before it passes anything on, never sends.
RECORD_POINTS = 10.0
POINTS = {
    "bad-frame": 34.0,  # no version of the protocol of ours says such a thing
    "frame-too-large": 34.0,
    "message-too-large": 34.0,
    "too-many-ids": 34.0,
    "too-many-rounds": 34.0,
    "too-many-blocks": 34.0,
    "bad-addresses": 20.0,
    "unasked-record": 10.0,
    # Differences that nobody is to blame for.
    "other-network": 0.0,
    "other-version": 0.0,
    "unknown-protocol": 0.0,
    "refused-by-peer": 0.0,
    "unreachable": 0.0,
}


@dataclass(frozen=True, slots=True)
class Rules:
    """When a peer is banned and for how long; times in ms. What is held against it fades by half every half-life."""

    ban_at: float = 100.0
    half_life_ms: int = 600_000
    first_ban_ms: int = 900_000
    most_ban_ms: int = 86_400_000
    silent_after: int = 3
    peers: int = 1024


@dataclass(frozen=True, slots=True)
class Ban:
    """A peer that is turned away until a time (Unix, ms); `times` is how often it was banned, this one included."""

    peer: str
    until_ms: int
    reason: str
    times: int


@dataclass(slots=True)
class _Record:
    points: float = 0.0
    at_ms: int = 0
    useful: int = 0
    silences: int = 0
    times: int = 0
    until_ms: int = 0
    reason: str = ""


class Reputation:
    """How the peers behave, as far as this node saw it itself; nobody else's word counts."""

    def __init__(self, rules: Rules | None = None, bans: Iterable[Ban] = ()) -> None:
        """`bans` are those that an earlier run kept."""
        self._rules = rules or Rules()
        self._found: OrderedDict[str, _Record] = OrderedDict()
        for ban in bans:
            found = self._of(ban.peer)
            found.times, found.until_ms, found.reason = max(1, ban.times), ban.until_ms, ban.reason

    def hold_against(self, peer: str, reason: str, now_ms: int) -> Ban | None:
        """Holds one thing against a peer; returns the ban that begins by it, if any."""
        rules, found = self._rules, self._of(peer)
        found.points = self._points(found, now_ms) + POINTS.get(reason, RECORD_POINTS)
        found.at_ms = now_ms
        if found.points < rules.ban_at or found.until_ms > now_ms:
            return None
        found.points = 0.0
        found.times += 1
        found.reason = reason
        found.until_ms = now_ms + min(rules.first_ban_ms * 2 ** min(found.times - 1, 30), rules.most_ban_ms)
        return Ban(peer, found.until_ms, reason, found.times)

    def praise(self, peer: str, count: int) -> None:
        """Notes that a peer brought so many records that hold, or answered a question well."""
        found = self._of(peer)
        found.useful += count
        found.silences = 0

    def note_silence(self, peer: str) -> None:
        """Notes a question of ours that a peer left unanswered."""
        self._of(peer).silences += 1

    def is_banned(self, peer: str, now_ms: int) -> bool:
        """Whether a peer is turned away now."""
        found = self._found.get(peer)
        return found is not None and found.until_ms > now_ms

    def bans(self, now_ms: int) -> list[Ban]:
        """The bans in force, the one that ends first at the head."""
        found = [
            Ban(peer, one.until_ms, one.reason, one.times) for peer, one in self._found.items() if one.until_ms > now_ms
        ]
        return sorted(found, key=lambda ban: (ban.until_ms, ban.peer))

    def standing(self, peer: str, now_ms: int) -> str:
        """One word: `lying` (banned, or half way to it), `silent`, `useful` or `new`."""
        found = self._found.get(peer)
        if found is None:
            return "new"
        if found.until_ms > now_ms or self._points(found, now_ms) >= self._rules.ban_at / 2:
            return "lying"
        if found.silences >= self._rules.silent_after:
            return "silent"
        return "useful" if found.useful else "new"

    def forgive(self, peer: str) -> bool:
        """Ends a ban at its owner's word; False when there was none."""
        found = self._found.get(peer)
        if found is None or not found.times:
            return False
        del self._found[peer]
        return True

    def _points(self, found: _Record, now_ms: int) -> float:
        """What is held against a peer now."""
        return float(found.points * 0.5 ** (max(0, now_ms - found.at_ms) / self._rules.half_life_ms))

    def _of(self, peer: str) -> _Record:
        """A peer's record; of too many, the one heard of longest ago goes, an unbanned one before a banned one."""
        found = self._found.get(peer)
        if found is None:
            if len(self._found) >= self._rules.peers:
                del self._found[
                    next((one for one, kept in self._found.items() if not kept.times), next(iter(self._found)))
                ]
            found = self._found[peer] = _Record()
        self._found.move_to_end(peer)
        return found
