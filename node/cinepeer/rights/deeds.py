"""What people sign about a film, deed and offer (EIP-712), and the calls that carry it to the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from cinepeer.errors import Refused
from cinepeer.records.cid import DAG_PB
from cinepeer.records.dagcbor import Value
from cinepeer.rights import abi, signatures
from cinepeer.rights.deployment import ContractSet
from cinepeer.rights.keccak import keccak
from cinepeer.rights.signatures import recover

__all__ = [
    "NATIVE", "WHOLE", "Deed", "Offer", "Struct", "anchor_call", "buy_call", "call", "pay_call", "recover",
    "register_call", "sign_deed", "sign_offer", "title_bytes", "title_number", "withdraw_call",
]  # fmt: skip

WHOLE = 10_000
"""All shares of a title: a share is one basis point of its revenue."""

NATIVE = bytes(20)
"""The address that stands for the ledger's own currency."""

_NARROW_BITS = 63
_ADDRESS, _BYTES32, _UINT256, _UINT64 = "address", "bytes32", "uint256", "uint64"


class Struct:
    """A Solidity struct as a frozen dataclass: its name, and the kind of each field in the contract's order."""

    __slots__ = ()
    NAME: ClassVar[str]
    KINDS: ClassVar[dict[str, str]]

    def values(self) -> list[abi.Value]:
        """The fields as the ABI takes them, in the contract's order; a title's id is widened to its number."""
        return [_widened(kind, getattr(self, name)) for name, kind in self.KINDS.items()]

    @classmethod
    def kind(cls) -> abi.Kind:
        """The struct's kind in calldata."""
        return tuple(cls.KINDS.values())

    @classmethod
    def of_values(cls, values: list[abi.Value]) -> Self:
        """The struct from decoded ABI values."""
        fields = dict(zip(cls.KINDS, values, strict=True))
        title = fields.get("title")
        if isinstance(title, int):
            fields["title"] = title_bytes(title)
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()})

    def struct_hash(self) -> bytes:
        """The EIP-712 hash of the struct: arrays count as the hash of their packed words."""
        typed = f"{self.NAME}({','.join(f'{kind} {name}' for name, kind in self.KINDS.items())})"
        words = [keccak(typed.encode())]
        for kind, value in zip(self.KINDS.values(), self.values(), strict=True):
            if kind.endswith("[]"):
                words.append(keccak(abi.packed(kind[:-2], _listed(value))))
            else:
                words.append(abi.word(kind, value))
        return keccak(*words)

    def to_map(self) -> dict[str, Value]:
        """The struct as a record's body keeps it: by field name, numbers wider than 63 bits as 32 bytes."""
        return {name: _kept(kind, value) for (name, kind), value in zip(self.KINDS.items(), self.values(), strict=True)}

    @classmethod
    def from_map(cls, fields: Mapping[str, Any]) -> Self:
        """Reads `to_map` back; raises `Refused` (`bad-deed`) for another field, type or range."""
        if set(fields) != set(cls.KINDS):
            raise Refused("bad-deed", f"found the fields {sorted(fields)}, expected those of {cls.NAME}")
        try:
            values = [_unkept(kind, fields[name]) for name, kind in cls.KINDS.items()]
            struct = cls.of_values(values)
            if struct.to_map() != dict(fields):
                raise Refused("bad-deed", f"found another form of {cls.NAME}, expected the one that it is written in")
            abi.encode([cls.kind()], [struct.values()])
        except Refused as refused:
            raise Refused("bad-deed", f"{cls.NAME}: {refused}") from refused
        return struct


@dataclass(frozen=True, slots=True)
class Deed(Struct):
    """
    What a creator registers. `content`: sha2-256 digest of the version's root block (`codec` 0x70, dag-pb);
    `metadata`: digest of the film record's block (dag-cbor); `fingerprint`: sha2-256 of the source file; `royalty` in
    basis points of a resale; `deadline` in seconds, after which nobody may carry it; `shares` of the `holders` sum to
    10,000.
    """

    NAME: ClassVar[str] = "Deed"
    KINDS: ClassVar[dict[str, str]] = {
        "creator": "address",
        "content": "bytes32",
        "metadata": "bytes32",
        "fingerprint": "bytes32",
        "codec": "uint8",
        "royalty": "uint16",
        "deadline": "uint256",
        "holders": "address[]",
        "shares": "uint16[]",
    }
    creator: bytes
    content: bytes
    metadata: bytes
    fingerprint: bytes
    royalty: int
    deadline: int
    holders: tuple[bytes, ...]
    shares: tuple[int, ...]
    codec: int = DAG_PB

    def digest(self, contracts: ContractSet) -> bytes:
        """What the creator signs, on this chain and for this registry alone."""
        separator = signatures.domain("CinepeerTitles", contracts.chain_id, contracts.titles)
        return signatures.typed_digest(separator, self.struct_hash())


@dataclass(frozen=True, slots=True)
class Offer(Struct):
    """
    A licence on sale. `price` in the smallest unit of `token`; the offer may be taken from `opens` to `closes`; the
    licence runs from `start` (0: from purchase) to at most `end` (0: no limit), or `term` seconds (0: to `end`);
    `media` and `territory` are bit maps; `terms` is the sha2-256 digest of the legal text. Times in seconds.
    """

    NAME: ClassVar[str] = "Offer"
    KINDS: ClassVar[dict[str, str]] = {
        "title": "uint256",
        "seller": "address",
        "token": "address",
        "price": "uint128",
        "opens": "uint40",
        "closes": "uint40",
        "start": "uint40",
        "end": "uint40",
        "term": "uint40",
        "supply": "uint32",
        "media": "uint32",
        "remixShares": "uint16",
        "exclusive": "bool",
        "revocable": "bool",
        "territory": "uint256",
        "terms": "bytes32",
        "salt": "uint256",
    }
    title: bytes
    seller: bytes
    token: bytes
    price: int
    opens: int
    closes: int
    start: int
    end: int
    term: int
    supply: int
    media: int
    remixShares: int  # the contract's own name of the field, which is signed
    exclusive: bool
    revocable: bool
    territory: int
    terms: bytes
    salt: int

    def digest(self, contracts: ContractSet) -> bytes:
        """What the seller signs; it is also the offer's id on the ledger."""
        separator = signatures.domain("CinepeerLicences", contracts.chain_id, contracts.licences)
        return signatures.typed_digest(separator, self.struct_hash())


def sign_deed(key: bytes, deed: Deed, contracts: ContractSet) -> bytes:
    """The creator's signature (65 bytes) by the secp256k1 `key` (32 bytes)."""
    return signatures.sign(key, deed.digest(contracts))


def sign_offer(key: bytes, offer: Offer, contracts: ContractSet) -> bytes:
    """The seller's signature (65 bytes) by the secp256k1 `key` (32 bytes)."""
    return signatures.sign(key, offer.digest(contracts))


def title_bytes(number: int) -> bytes:
    """A title's id (20 bytes) from its number on the ledger; raises `Refused` (`bad-title`)."""
    if not 0 <= number < 1 << 160:
        raise Refused("bad-title", f"found the title {number:#x}, expected a number of 160 bits")
    return number.to_bytes(20, "big")


def title_number(title: bytes) -> int:
    """A title's number on the ledger from its id (20 bytes)."""
    return int.from_bytes(title, "big")


def call(name: str, kinds: Sequence[abi.Kind], values: Sequence[abi.Value]) -> bytes:
    """Calldata of any function of ours: `name` and the kinds give the selector."""
    return abi.selector(name + abi.written(tuple(kinds))) + abi.encode(kinds, values)


def register_call(deed: Deed, signature: bytes) -> bytes:
    """Registers a title; anyone may carry it with the creator's signature. To TitleRegistry."""
    return call("register", [Deed.kind(), "bytes"], [deed.values(), signature])


def buy_call(offer: Offer, signature: bytes, licensee: bytes) -> bytes:
    """Buys a licence for `licensee`; the price goes with it as value. To Licences."""
    return call("buy", [Offer.kind(), "bytes", _ADDRESS], [offer.values(), signature, licensee])


def pay_call(title: bytes, memo: bytes = bytes(32), token: bytes = NATIVE) -> bytes:
    """Credits the value that goes with it to a title's purse, with a memo of 32 bytes. To TitleRegistry."""
    return call("credit", [_UINT256, _ADDRESS, _BYTES32], [title_number(title), token, memo])


def withdraw_call(title: bytes, holder: bytes, token: bytes = NATIVE) -> bytes:
    """Pays a holder what is claimable; anyone may send it. To TitleRegistry."""
    return call("withdraw", [_UINT256, _ADDRESS, _ADDRESS], [title_number(title), token, holder])


def anchor_call(root: bytes, size: int) -> bytes:
    """Anchors the RFC 6962 root (32 bytes) over `size` leaves as the sender. To Anchors."""
    return call("anchor", [_BYTES32, _UINT64], [root, size])


def _widened(kind: str, value: Any) -> abi.Value:
    if kind == "uint256" and isinstance(value, bytes):
        return int.from_bytes(value, "big")
    return list(value) if isinstance(value, tuple) else value


def _kept(kind: str, value: abi.Value) -> Value:
    if isinstance(value, list):
        return [_kept(kind[:-2], one) for one in value]
    if kind.startswith("uint") and isinstance(value, int) and int(kind[4:]) > _NARROW_BITS:
        return value.to_bytes(32, "big")
    return value  # type: ignore[return-value]


def _unkept(kind: str, value: Any) -> abi.Value:
    if kind.endswith("[]"):
        if not isinstance(value, list):
            raise Refused("bad-deed", f"found {type(value).__name__}, expected a list of {kind[:-2]}")
        return [_unkept(kind[:-2], one) for one in value]
    if kind == "address" or kind.startswith("bytes"):
        wanted: type = bytes
    elif kind == "bool":
        wanted = bool
    else:
        wanted = bytes if int(kind[4:]) > _NARROW_BITS else int
    found = type(value).__name__
    if found != wanted.__name__:
        raise Refused("bad-deed", f"found {found}, expected {wanted.__name__} for {kind}")
    if wanted is bytes and kind.startswith("uint"):
        return int.from_bytes(value, "big")
    return value  # type: ignore[no-any-return]


def _listed(value: abi.Value) -> list[abi.Value]:
    return list(value) if isinstance(value, list) else []
