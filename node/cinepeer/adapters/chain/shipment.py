"""The contracts as they are shipped: interfaces, creation code, and what each is created with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cinepeer.errors import CheckFailed
from cinepeer.rights.abi import WORD
from cinepeer.rights.deployment import predict

ARTIFACTS = Path(__file__).parent / "artifacts"
"""The compiled contracts: one JSON file each."""

BOND_WEI = 10**17
"""The least bond that goes with a notice: a tenth of a credit."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A compiled contract: its interface, and the code that creates it."""

    name: str
    abi: list[dict[str, Any]]
    creation: bytes


def read_artifact(name: str, folder: Path = ARTIFACTS) -> Artifact:
    """The shipped artifact of a contract; raises `CheckFailed` when the package lacks it."""
    try:
        held = json.loads((folder / f"{name}.json").read_text())
        return Artifact(name, held["abi"], bytes.fromhex(held["bytecode"].removeprefix("0x")))
    except (OSError, ValueError, KeyError) as error:
        raise CheckFailed(f"found no artifact of {name} in {folder} ({error!r}), expected the shipped one") from error


def constructor_arguments(artifact: Artifact, deployer: bytes, chain_id: int) -> bytes:
    """What a contract is created with, ABI-encoded by the names of its constructor's parameters."""
    stand = predict(deployer, chain_id)
    known = {
        "disputes": _word(stand.disputes),
        "titles": _word(stand.titles),
        "licences": _word(stand.licences),
        "arbiter": _word(deployer),
        "tokens": bytes(3 * WORD),  # the native currency alone
        "bond": BOND_WEI.to_bytes(WORD, "big"),
    }
    inputs: list[dict[str, Any]] = next(
        (entry["inputs"] for entry in artifact.abi if entry["type"] == "constructor"), []
    )
    names = [part["name"].strip("_") for part in inputs]
    if not set(names) <= set(known):
        raise CheckFailed(f"found the constructor {artifact.name}({', '.join(names)}), expected {', '.join(known)}")
    return b"".join(known[name] for name in names)


def _word(address: bytes) -> bytes:
    return bytes(WORD - len(address)) + address
