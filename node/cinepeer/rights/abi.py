"""The Solidity ABI as far as our contracts use it: words, dynamic bytes, arrays of words, and structs of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from cinepeer.errors import Refused
from cinepeer.rights.keccak import keccak

WORD = 32
"""Bytes of one ABI word."""

Kind: TypeAlias = "str | tuple[Kind, ...]"
"""A Solidity type: `uintN`, `intN`, `bool`, `address`, `bytesN`, `bytes`, `string`, words `T[]`, a struct as tuple."""

Value: TypeAlias = "int | bytes | Sequence[Value]"


def selector(signature: str) -> bytes:
    """The 4-byte selector of a function's signature such as `anchor(bytes32,uint64)`."""
    return keccak(signature.encode())[:4]


def topic(signature: str) -> bytes:
    """The 32-byte first topic of an event's signature."""
    return keccak(signature.encode())


def written(kind: Kind) -> str:
    """A kind as signatures spell it: `(address,uint16[])`."""
    return kind if isinstance(kind, str) else "(" + ",".join(written(part) for part in kind) + ")"


def word(kind: str, value: Value) -> bytes:
    """One value as a word: numbers and `address` right-aligned, `bytesN` left-aligned; raises `Refused` (`bad-abi`)."""
    if isinstance(value, bytes):
        if kind == "address" and len(value) == 20:
            return value.rjust(WORD, b"\0")
        if kind == f"bytes{len(value)}" and 0 < len(value) <= WORD:
            return value.ljust(WORD, b"\0")
        raise Refused("bad-abi", f"found {len(value)} bytes, expected {kind}")
    if isinstance(value, int) and _low(kind) <= value < _high(kind):
        return (int(value) % (1 << 256)).to_bytes(WORD, "big")
    raise Refused("bad-abi", f"found {value!r}, expected {kind}")


def unword(kind: str, data: bytes) -> int | bytes:
    """The value of a word, with nothing but its padding beside it; raises `Refused` (`bad-abi`)."""
    value: int | bytes
    if kind == "address":
        value = data[12:]
    elif kind.startswith("bytes"):
        value = data[: int(kind[5:])]
    else:
        value = int.from_bytes(data, "big", signed=kind.startswith("int"))
        if kind == "bool":
            value = bool(value) if value < 2 else value
    if len(data) != WORD or word(kind, value) != data:
        raise Refused("bad-abi", f"found the word {data.hex()}, expected {kind}")
    return value


def encode(kinds: Sequence[Kind], values: Sequence[Value]) -> bytes:
    """A tuple of values as `abi.encode` gives it; raises `Refused` (`bad-abi`) for a value that does not fit."""
    if isinstance(values, bytes) or len(kinds) != len(values):
        raise Refused("bad-abi", f"found {len(values)} values, expected {len(kinds)}")
    heads: list[bytes] = []
    tails: list[bytes] = []
    at = sum(_head_size(kind) for kind in kinds)
    for kind, value in zip(kinds, values, strict=True):
        data = _encode_one(kind, value)
        if is_dynamic(kind):
            heads.append(word("uint256", at))
            tails.append(data)
            at += len(data)
        else:
            heads.append(data)
    return b"".join(heads + tails)


def decode(kinds: Sequence[Kind], data: bytes) -> list[Value]:
    """Reads exactly what `encode` writes: offsets in order, padding zero, nothing after; raises `Refused`."""
    values = _decode(kinds, data)
    if encode(kinds, values) != data:
        raise Refused("bad-abi", f"found {len(data)} bytes laid out otherwise, expected {written(tuple(kinds))}")
    return values


def is_dynamic(kind: Kind) -> bool:
    """Whether a kind lies in the tail of its tuple."""
    if isinstance(kind, tuple):
        return any(is_dynamic(part) for part in kind)
    return kind in ("bytes", "string") or kind.endswith("[]")


def packed(kind: str, values: Sequence[Value]) -> bytes:
    """An array's elements, each as a word, without its length: `abi.encodePacked` of the array."""
    return b"".join(word(kind, value) for value in values)


def _low(kind: str) -> int:
    return -(1 << int(kind[3:]) - 1) if kind.startswith("int") else 0


def _high(kind: str) -> int:
    if kind == "bool":
        return 2
    if kind.startswith("uint"):
        return 1 << int(kind[4:])
    return 1 << int(kind[3:]) - 1 if kind.startswith("int") else 0


def _head_size(kind: Kind) -> int:
    if is_dynamic(kind) or isinstance(kind, str):
        return WORD
    return sum(_head_size(part) for part in kind)


def _encode_one(kind: Kind, value: Value) -> bytes:
    if isinstance(kind, tuple):
        return encode(kind, _several(kind, value))
    if kind in ("bytes", "string"):
        if not isinstance(value, bytes):
            raise Refused("bad-abi", f"found {value!r}, expected {kind}")
        return word("uint256", len(value)) + value + bytes(-len(value) % WORD)
    if kind.endswith("[]"):
        items = _several(kind, value)
        return word("uint256", len(items)) + packed(kind[:-2], items)
    return word(kind, value)


def _several(kind: Kind, value: Value) -> Sequence[Value]:
    if isinstance(value, int | bytes):
        raise Refused("bad-abi", f"found {value!r}, expected {written(kind)}")
    return value


def _decode(kinds: Sequence[Kind], data: bytes) -> list[Value]:
    values: list[Value] = []
    at = 0
    for kind in kinds:
        size = _head_size(kind)
        if is_dynamic(kind):
            values.append(_decode_tail(kind, data[_length(data, at) :]))
        elif isinstance(kind, tuple):
            values.append(_decode(kind, data[at : at + size]))
        else:
            values.append(unword(kind, data[at : at + size]))
        at += size
    return values


def _decode_tail(kind: Kind, data: bytes) -> Value:
    if isinstance(kind, tuple):
        return _decode(kind, data)
    length = _length(data, 0)
    if kind.endswith("[]"):
        if WORD + length * WORD > len(data):
            raise Refused("bad-abi", f"found {len(data)} bytes, expected {length} words")
        return [unword(kind[:-2], data[at : at + WORD]) for at in range(WORD, WORD + length * WORD, WORD)]
    return data[WORD : WORD + length]


def _length(data: bytes, at: int) -> int:
    """An offset or a length at `at`; beyond the data it is clamped, so that re-encoding tells the difference."""
    return min(int.from_bytes(data[at : at + WORD], "big"), len(data))
