"""Which storage slots a bundle has to prove, by contract."""

from __future__ import annotations

from collections.abc import Iterable

from cinepeer.rights.deeds import NATIVE
from cinepeer.rights.slots import anchor_slot, purse_slot, title_slot, until_slot
from cinepeer.rights.state import State


def wanted_slots(state: State, title: bytes, accounts: Iterable[bytes]) -> dict[str, list[int]]:
    """
    The slots that an audit of `title` asks for, by contract name, in a fixed order: the title's three words and its
    purses, its licences, the anchors of `accounts` (20 bytes each). Disputes proves its code only.
    """
    first = title_slot(title)
    found = state.titles.get(title)
    tokens = sorted({NATIVE, *(found.purses if found else ())})
    granted = sorted({(one.offer, one.licensee) for one in state.licences if one.title == title})
    return {
        "TitleRegistry": [first, first + 1, first + 2, *(purse_slot(title, token) for token in tokens)],
        "Disputes": [],
        "Licences": [until_slot(offer, licensee) for offer, licensee in granted],
        "Anchors": [anchor_slot(account) for account in sorted(set(accounts))],
    }
