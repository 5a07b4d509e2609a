"""Where the contracts keep what an auditor proves: storage positions, and how packed words come apart.

Positions follow from the storage layout in the contracts' artifacts (Solidity docs, "Layout of State Variables in
Storage and Transient Storage").
"""

from __future__ import annotations

from dataclasses import dataclass

from cinepeer.rights.abi import word
from cinepeer.rights.keccak import keccak

BASES: dict[str, dict[str, int]] = {
    "TitleRegistry": {"titles": 5, "purses": 6},
    "Licences": {"until": 3},
    "Anchors": {"slots": 2},
}
"""The position of each mapping, by contract and variable."""


@dataclass(frozen=True, slots=True)
class TitleWord:
    """The first word of a title: controller, registration (seconds), resale royalty (basis points), status, tenure."""

    controller: bytes
    since: int
    royalty: int
    status: int
    tenure: int


def title_slot(title: bytes) -> int:
    """The first of a title's three words: control; the next is its head, the last its metadata."""
    return _entry(BASES["TitleRegistry"]["titles"], title)


def purse_slot(title: bytes, token: bytes) -> int:
    """The word of a title's purse in one currency."""
    return _entry(_entry(BASES["TitleRegistry"]["purses"], title), token)


def until_slot(offer: bytes, licensee: bytes) -> int:
    """The word that says until when (seconds) a licensee holds a licence of an offer."""
    return _entry(_entry(BASES["Licences"]["until"], offer), licensee)


def anchor_slot(author: bytes) -> int:
    """The word of an account's anchors."""
    return _entry(BASES["Anchors"]["slots"], author)


def split_title(value: int) -> TitleWord:
    """The fields packed in a title's first word."""
    controller = (value & (1 << 160) - 1).to_bytes(20, "big")
    return TitleWord(controller, value >> 160 & (1 << 40) - 1, value >> 200 & 0xFFFF, value >> 216 & 0xFF, value >> 224)


def split_purse(value: int) -> tuple[int, int]:
    """(paid in, paid out) of a purse's word."""
    return value & (1 << 128) - 1, value >> 128


def split_anchor(value: int) -> tuple[bytes, int]:
    """(head of 24 bytes, leaves) of an anchors' word."""
    return value.to_bytes(32, "big")[:24], value & (1 << 64) - 1


def _entry(base: int, key: bytes) -> int:
    """The position of a mapping's entry; keys of 20 bytes are numbers or addresses, of 32 bytes are as they are."""
    return int.from_bytes(keccak(key.rjust(32, b"\0"), word("uint256", base)), "big")
