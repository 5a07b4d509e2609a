"""What is sent is counted by month, paced by second, and free at night."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from cinepeer.app.bandwidth import PIECE_BYTES, Bandwidth, Limits, parse_night
from cinepeer.errors import BadInput


@dataclass
class Day:
    """A clock and a calendar that the test turns."""

    now_s: float = 0.0
    month: str = "2026-11"
    hour: int = 12
    written: list[tuple[str, int]] = field(default_factory=list)

    def bandwidth(self, limits: Limits, sent: tuple[str, int] = ("", 0)) -> Bandwidth:
        return Bandwidth(
            limits, lambda: self.now_s, lambda: (self.month, self.hour), sent, lambda *now: self.written.append(now)
        )


def test_each_way_has_its_own_rate() -> None:
    day = Day()
    found = day.bandwidth(Limits(upload_rate=1000, download_rate=500))
    assert found.sending(3000) == pytest.approx(2.0)
    assert found.receiving(1000) == pytest.approx(1.0)
    day.now_s = 3.0
    assert found.sending(0) == 0.0


def test_the_rates_do_not_hold_at_night() -> None:
    day = Day(hour=23)
    found = day.bandwidth(Limits(upload_rate=1, download_rate=1, night=(23, 7)))
    assert (found.sending(1000), found.receiving(1000)) == (0.0, 0.0)
    day.hour = 7
    assert found.sending(1000) > 0 and found.receiving(1000) > 0
    assert found.sent == ("2026-11", 2000)


def test_a_month_that_is_used_up_ends_with_the_month() -> None:
    day = Day()
    found = day.bandwidth(Limits(upload_month=1000), ("2026-11", 900))
    assert found.may_send()
    found.sending(100)
    assert not found.may_send()
    found.write()
    assert day.written == [("2026-11", 1000)]
    day.month = "2026-12"
    assert found.may_send() and found.sent == ("2026-12", 0)


def test_what_an_earlier_month_sent_does_not_count() -> None:
    assert Day().bandwidth(Limits(upload_month=1), ("2026-10", 10**12)).may_send()


def test_a_message_holds_a_second_at_most() -> None:
    assert Day().bandwidth(Limits(upload_rate=5000)).piece_bytes == 5000
    assert Day().bandwidth(Limits()).piece_bytes == PIECE_BYTES
    assert Day().bandwidth(Limits(upload_rate=10**9)).piece_bytes == PIECE_BYTES


@pytest.mark.parametrize(("text", "hours"), [("", None), ("23-7", (23, 7)), ("0-6", (0, 6)), ("22-24", (22, 0))])
def test_a_night_is_two_hours(text: str, hours: tuple[int, int] | None) -> None:
    assert parse_night(text) == hours


@pytest.mark.parametrize("text", ["night", "23", "7-7", "25-3", "23-7h", "1-2-3"])
def test_anything_else_is_no_night(text: str) -> None:
    with pytest.raises(BadInput, match="expected two hours such as 23-7"):
        parse_night(text)
