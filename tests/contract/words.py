"""What people sign and send, as tests write it: deeds, offers, votes and anchors with sensible fields left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eth_account.messages import encode_typed_data
from eth_utils import keccak

from contract.stage import BIRTH, NONE32, ZERO, Contract, Person

FAR = 2**39
"""A time that does not come."""
WORLD = 2**256 - 1
REMIX = 1 << 31
CINEMA, STREAM = 1, 2
FRANCE, JAPAN = 1 << 7, 1 << 9

DEED = (
    "Deed(address creator,bytes32 content,bytes32 metadata,bytes32 fingerprint,uint8 codec,uint16 royalty,"
    "uint256 deadline,address[] holders,uint16[] shares)"
)
OFFER = (
    "Offer(uint256 title,address seller,address token,uint128 price,uint40 opens,uint40 closes,uint40 start,"
    "uint40 end,uint40 term,uint32 supply,uint32 media,uint16 remixShares,bool exclusive,bool revocable,"
    "uint256 territory,bytes32 terms,uint256 salt)"
)
ELECT = "Elect(uint256 title,address from,address to,uint32 tenure,uint256 deadline)"
ANCHOR = "Anchor(address account,bytes32 root,uint64 size,uint64 from)"
DOMAINS = {DEED: "CinepeerTitles", ELECT: "CinepeerTitles", OFFER: "CinepeerLicences", ANCHOR: "CinepeerAnchors"}


def digest(kind: str, values: Sequence[Any], contract: Any, chain_id: int = 1) -> bytes:
    """The EIP-712 digest of a struct, by a library that knows nothing of ours; `contract` has or is the address."""
    name, _, inner = kind.rstrip(")").partition("(")
    fields = [dict(zip(("type", "name"), part.split(" "), strict=True)) for part in inner.split(",")]
    domain = {
        "name": DOMAINS[kind],
        "version": "1",
        "chainId": chain_id,
        "verifyingContract": address(contract),
    }
    message = dict(zip((field["name"] for field in fields), values, strict=True))
    said = encode_typed_data(domain, {name: fields}, message)
    return keccak(b"\x19" + said.version + said.header + said.body)


def content(label: str = "film") -> bytes:
    """The digest of a film's root block."""
    return keccak(text=f"content of {label}")


def address(who: Any) -> str:
    """The address of a person or a contract, in lower case."""
    return str(getattr(who, "address", who)).lower()


def deed(by: Any, parts: Sequence[tuple[Any, int]] = (), label: str = "film", **fields: Any) -> tuple:
    """A deed: all shares the creator's when no parts are named."""
    named = [(address(who), shares) for who, shares in parts or [(by, 10_000)]]
    plain = {
        "creator": address(by),
        "content": content(label),
        "metadata": keccak(text=f"metadata of {label}"),
        "fingerprint": keccak(text=f"fingerprint of {label}"),
        "codec": 0x70,
        "royalty": 500,
        "deadline": FAR,
        "holders": [who for who, _ in named],
        "shares": [shares for _, shares in named],
    }
    assert fields.keys() <= plain.keys()
    return tuple({**plain, **fields}.values())


def offer(title: int, by: Any, **fields: Any) -> tuple:
    """An offer of a cinema licence for the world, without end, for a credit's thousandth."""
    plain = {
        "title": title,
        "seller": address(by),
        "token": ZERO,
        "price": 10**15,
        "opens": 0,
        "closes": FAR,
        "start": 0,
        "end": 0,
        "term": 0,
        "supply": 100,
        "media": CINEMA,
        "remixShares": 0,
        "exclusive": False,
        "revocable": False,
        "territory": WORLD,
        "terms": keccak(text="legal text"),
        "salt": 0,
    }
    assert fields.keys() <= plain.keys()
    return tuple({**plain, **fields}.values())


def election(titles: Contract, title: int, to: Any, voters: Sequence[Person], **fields: Any) -> tuple:
    """Votes of `voters` for the controller `to`, in the order that the registry wants."""
    to = address(to)
    deadline = fields.pop("deadline", BIRTH + 3600)
    controller, _, _, _, tenure, _, _ = titles.titles(title)
    said = digest(ELECT, [title, controller, to, tenure, deadline], titles)
    voters = sorted(voters, key=lambda voter: int(voter.address, 16))
    plain = {
        "title": title,
        "to": to,
        "deadline": deadline,
        "voters": [voter.address for voter in voters],
        "signatures": [voter.sign(said) for voter in voters],
        "silent": [],
    }
    assert fields.keys() <= plain.keys()
    return tuple({**plain, **fields}.values())


def memo(offer_id: bytes, licensee: Any, start: int, end: int) -> bytes:
    """What a sale's entry in the title's record says."""
    who = bytes.fromhex(address(licensee)[2:])
    return keccak(offer_id + bytes(12) + who + start.to_bytes(32, "big") + end.to_bytes(32, "big"))


__all__ = [
    "ANCHOR", "CINEMA", "DEED", "ELECT", "FAR", "FRANCE", "JAPAN", "NONE32", "OFFER", "REMIX", "STREAM", "WORLD",
    "address", "content", "deed", "digest", "election", "memo", "offer",
]  # fmt: skip
