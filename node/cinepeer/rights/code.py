"""Whether the code at an address is a contract of ours: the shipped bytes, and in their holes what belongs there.

A contract's immutables are written into its code when it is created, so the code differs from network to network in
known places ("holes"). The shape of a contract is its code with the holes blank, and what each hole must hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cinepeer.errors import Refused
from cinepeer.rights import signatures
from cinepeer.rights.abi import WORD, word
from cinepeer.rights.deployment import ContractSet
from cinepeer.rights.keccak import keccak

DOMAINS = {"TitleRegistry": "CinepeerTitles", "Licences": "CinepeerLicences", "Anchors": "CinepeerAnchors"}
"""The EIP-712 domain of each contract that checks signatures."""


@dataclass(frozen=True, slots=True)
class CodeShape:
    """A contract's runtime code: its Keccak with blank holes, and each hole's place with the role of its word."""

    digest: bytes
    holes: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Shipped:
    """What a verifier knows of the contracts: their shapes, the purse's creation code (Keccak), the least bond."""

    shapes: Mapping[str, CodeShape]
    purse: bytes
    bond: int


def describe(
    name: str, runtime: bytes, holes: Iterable[int], contracts: ContractSet, arbiter: bytes, purse: bytes, bond: int
) -> CodeShape:
    """The shape of a contract, from the runtime code of one deployment whose words are known."""
    roles = {value: role for role, value in reversed(_words(name, contracts, arbiter, purse, bond).items())}
    known = tuple((start, roles[runtime[start : start + WORD]]) for start in sorted(holes))
    return CodeShape(keccak(_blank(runtime, known)), known)


def verify_code(name: str, code: bytes, shipped: Shipped, contracts: ContractSet, arbiter: bytes) -> None:
    """Raises `Refused` (`wrong-code`) unless `code` is the shipped contract `name`, made for this set and arbiter."""
    shape = shipped.shapes[name]
    found = keccak(_blank(code, shape.holes))
    if found != shape.digest:
        raise Refused("wrong-code", f"found code {found.hex()} at {name}, expected the shipped {shape.digest.hex()}")
    words = _words(name, contracts, arbiter, shipped.purse, shipped.bond)
    for start, role in shape.holes:
        value = code[start : start + WORD]
        if value != words[role]:
            raise Refused(
                "wrong-code", f"found {value.hex()} as {role} in the code of {name}, expected {words[role].hex()}"
            )


def _blank(code: bytes, holes: Iterable[tuple[int, str]]) -> bytes:
    blank = bytearray(code)
    for start, _ in holes:
        if start + WORD <= len(code):
            blank[start : start + WORD] = bytes(WORD)
    return bytes(blank)


def _words(name: str, contracts: ContractSet, arbiter: bytes, purse: bytes, bond: int) -> dict[str, bytes]:
    """The word of each role: addresses of the set, the constants, and what OpenZeppelin's EIP712 keeps."""
    words = {
        "titles": word("address", contracts.titles),
        "disputes": word("address", contracts.disputes),
        "arbiter": word("address", arbiter),
        "bond": word("uint256", bond),
        "no token": bytes(WORD),
        "purse": purse,
    }
    domain = DOMAINS.get(name)
    if domain is not None:
        own = contracts.named()[name]
        words |= {
            "own address": word("address", own),
            "domain": signatures.domain(domain, contracts.chain_id, own),
            "chain id": word("uint256", contracts.chain_id),
            "hash of the domain's name": keccak(domain.encode()),
            "hash of the domain's version": keccak(b"1"),
            "domain's name": _short(domain),
            "domain's version": _short("1"),
        }
    return words


def _short(text: str) -> bytes:
    """A string under 32 bytes in one word, its length in the last byte (OpenZeppelin ShortStrings)."""
    return text.encode().ljust(WORD - 1, b"\0") + bytes((len(text),))
