"""The people of the contract tests, and what several of them do with titles: sell, dispute, count what is owed."""

from __future__ import annotations

from typing import Any

from eth_utils import keccak

from contract.stage import Stage, person
from contract.words import OFFER, address, digest

ADA, BEN, CLEO, DAN, EVE = (person(name) for name in ("Ada", "Ben", "Cleo", "Dan", "Eve"))
PRICE = 10**15
DAY = 86_400
EVIDENCE, REASONS = keccak(text="evidence"), keccak(text="reasons")
NOTICED, ANSWERED, UPHELD, DISMISSED, LAPSED = range(1, 6)


def buy(stage: Stage, terms: tuple, who: Any = EVE, value: int | None = None, sender: Any = None) -> bytes:
    """Takes an offer of Ada's for somebody, at its price unless another is named."""
    signature = ADA.sign(digest(OFFER, terms, stage.licences))
    paid = terms[3] if value is None else value
    return stage.licences.buy(terms, signature, address(who), sender=sender or EVE, value=paid)


def state_of(stage: Stage, case: int) -> int:
    """Where a case stands."""
    return stage.disputes.cases(case)[2]


def owed(stage: Stage, *people: Any) -> list[int]:
    """What each of them may collect."""
    return [stage.disputes.owed(who.address) for who in people]
