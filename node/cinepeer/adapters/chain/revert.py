"""Why a contract refused: the custom error's name and arguments from the shipped interfaces, in one sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cinepeer.errors import Refused
from cinepeer.rights.abi import WORD, selector, unword

_FOLDER = Path(__file__).parent / "artifacts"
_REASON = selector("Error(string)")
_PANIC = selector("Panic(uint256)")

Declared = Mapping[bytes, tuple[str, tuple[str, ...], tuple[str, ...]]]
"""Custom errors by selector: name, argument names, argument types."""


def declared(abi: list[dict[str, Any]]) -> dict[bytes, tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """The custom errors of one interface."""
    found = {}
    for entry in abi:
        if entry.get("type") == "error":
            kinds = tuple(part["type"] for part in entry["inputs"])
            names = tuple(part["name"] for part in entry["inputs"])
            found[selector(f"{entry['name']}({','.join(kinds)})")] = (entry["name"], names, kinds)
    return found


@cache
def shipped() -> Declared:
    """The custom errors of all shipped contracts."""
    found: dict[bytes, tuple[str, tuple[str, ...], tuple[str, ...]]] = {}
    for file in sorted(_FOLDER.glob("*.json")):
        found.update(declared(json.loads(file.read_text())["abi"]))
    return found


def explain(data: bytes, errors: Declared) -> str:
    """What revert data says: `BadShares(sum=9999)`, a reason in words, or the bare bytes when nobody declared them."""
    chosen, rest = data[:4], data[4:]
    if chosen == _REASON and len(rest) >= 2 * WORD:
        size = int.from_bytes(rest[WORD : 2 * WORD], "big")
        return rest[2 * WORD : 2 * WORD + size].decode(errors="replace")
    if chosen == _PANIC and len(rest) == WORD:
        return f"Panic(0x{int.from_bytes(rest, 'big'):x})"
    if chosen not in errors:
        return f"error 0x{data[:36].hex()}" if data else "no reason given"
    name, names, kinds = errors[chosen]
    parts = enumerate(zip(names, kinds, strict=True))
    return f"{name}({', '.join(_argument(part, kind, rest[at * WORD :]) for at, (part, kind) in parts)})"


def _argument(name: str, kind: str, data: bytes) -> str:
    try:
        value = unword(kind, data[:WORD])
    except (Refused, ValueError):
        return name or kind
    shown = "0x" + value.hex() if isinstance(value, bytes) else str(value)
    return f"{name}={shown}" if name else shown
