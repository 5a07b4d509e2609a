"""Who has earned what: a title's purse by its holders' shares, exact to the smallest unit."""

from __future__ import annotations

from dataclasses import dataclass

from cinepeer.rights.deeds import NATIVE, WHOLE
from cinepeer.rights.state import Purse, Status, Title


@dataclass(frozen=True, slots=True)
class Statement:
    """One holder's part of a title: shares, and what is claimable now in the smallest unit of a currency."""

    holder: bytes
    shares: int
    claimable: int


def claimable(title: Title, holder: bytes, token: bytes = NATIVE) -> int:
    """What `holder` may withdraw now; rounded down, and what rounding leaves stays claimable later."""
    earned = title.purses.get(token, Purse()).paid_in * title.shares.get(holder, 0)
    return (earned - title.debts.get((token, holder), 0)) // WHOLE


def statements(title: Title, token: bytes = NATIVE) -> list[Statement]:
    """Everybody who holds shares or is still owed, in the order of their addresses."""
    holders = {holder for holder, shares in title.shares.items() if shares}
    holders |= {holder for (currency, holder) in title.debts if currency == token and claimable(title, holder, token)}
    return [
        Statement(holder, title.shares.get(holder, 0), claimable(title, holder, token)) for holder in sorted(holders)
    ]


def is_payable(title: Title) -> bool:
    """Whether royalties are paid out now: not while the title is disputed."""
    return title.status == Status.CLEAR
