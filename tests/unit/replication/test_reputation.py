"""Bans: what earns one, how long it lasts, and what nobody is to blame for."""

from __future__ import annotations

import pytest

from cinepeer.replication.reputation import POINTS, Ban, Reputation, Rules

MINUTE_MS = 60_000


def held(reputation: Reputation, reason: str, times: int, now_ms: int = 0) -> Ban | None:
    """Holds a reason against the peer so often; the last answer."""
    found = None
    for _ in range(times):
        found = reputation.hold_against("peer", reason, now_ms)
    return found


def test_three_malformed_frames_or_ten_bad_records_ban_a_peer() -> None:
    for reason, times in (("bad-frame", 3), ("bad-signature", 10)):
        reputation = Reputation()
        assert held(reputation, reason, times - 1) is None
        assert not reputation.is_banned("peer", 0)
        assert held(reputation, reason, 1) == Ban("peer", 15 * MINUTE_MS, reason, 1)
        assert reputation.is_banned("peer", 15 * MINUTE_MS - 1)
        assert reputation.standing("peer", 0) == "lying"
        assert not reputation.is_banned("other", 0)


def test_a_ban_ends_by_itself_and_the_next_one_is_twice_as_long_up_to_a_day() -> None:
    reputation = Reputation()
    now_ms, lasted = 0, []
    for _ in range(9):
        ban = held(reputation, "bad-frame", 3, now_ms)
        assert ban is not None
        lasted.append((ban.until_ms - now_ms) // MINUTE_MS)
        now_ms = ban.until_ms
        assert not reputation.is_banned("peer", now_ms)
    assert lasted == [15, 30, 60, 120, 240, 480, 960, 1440, 1440]


def test_what_happens_during_a_ban_does_not_lengthen_it() -> None:
    reputation = Reputation()
    held(reputation, "bad-frame", 3)
    assert held(reputation, "bad-frame", 10, 1) is None
    assert [ban.until_ms for ban in reputation.bans(1)] == [15 * MINUTE_MS]


def test_what_is_held_against_a_peer_fades() -> None:
    reputation = Reputation()
    for tenth in range(40):
        assert reputation.hold_against("peer", "bad-signature", tenth * 10 * MINUTE_MS) is None
    assert reputation.standing("peer", 40 * 10 * MINUTE_MS) == "new"


@pytest.mark.parametrize("reason", sorted(reason for reason, points in POINTS.items() if not points))
def test_a_difference_that_nobody_is_to_blame_for_never_bans(reason: str) -> None:
    assert held(Reputation(), reason, 1000) is None


def test_bans_outlive_a_restart_with_their_count() -> None:
    first = Reputation()
    held(first, "bad-frame", 3)
    second = Reputation(bans=first.bans(0))
    assert second.is_banned("peer", 1)
    ban = held(second, "bad-frame", 3, 15 * MINUTE_MS)
    assert ban is not None and ban.times == 2
    assert Reputation(bans=first.bans(15 * MINUTE_MS)).standing("peer", 0) == "new"


def test_one_word_says_how_a_peer_behaves() -> None:
    reputation = Reputation()
    assert reputation.standing("peer", 0) == "new"
    reputation.praise("peer", 3)
    assert reputation.standing("peer", 0) == "useful"
    for _ in range(3):
        reputation.note_silence("peer")
    assert reputation.standing("peer", 0) == "silent"
    reputation.praise("peer", 1)
    assert reputation.standing("peer", 0) == "useful"
    held(reputation, "bad-frame", 2)
    assert reputation.standing("peer", 0) == "lying"
    assert not reputation.is_banned("peer", 0)


def test_the_owner_may_end_a_ban() -> None:
    reputation = Reputation()
    assert not reputation.forgive("peer")
    held(reputation, "bad-frame", 3)
    assert reputation.forgive("peer")
    assert reputation.bans(0) == []


def test_strangers_without_end_cost_a_bounded_memory_and_push_no_ban_out() -> None:
    reputation = Reputation(Rules(peers=8))
    held(reputation, "bad-frame", 3)
    for number in range(100):
        reputation.hold_against(str(number), "bad-signature", 0)
    assert reputation.is_banned("peer", 1)
    assert reputation.standing("0", 0) == "new"
