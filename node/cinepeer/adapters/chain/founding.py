"""The contract set, deployed once at a network's first start, at the addresses that were predicted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cinepeer.adapters.chain.evm import Evm
from cinepeer.adapters.chain.genesis import address_of, deployer_key
from cinepeer.adapters.chain.sequencer import Sequencer
from cinepeer.adapters.chain.signing import sign_transaction
from cinepeer.errors import CheckFailed
from cinepeer.rights.abi import WORD
from cinepeer.rights.deployment import NAMES, created_address, predict

ARTIFACTS = Path(__file__).parent / "artifacts"
"""The compiled contracts: one JSON file each."""

BOND_WEI = 10**17
"""The least bond that goes with a notice: a tenth of a credit."""

_DEPLOY_GAS = 7_000_000


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


def found(sequencer: Sequencer, seed: bytes, folder: Path = ARTIFACTS) -> list[bytes]:
    """Deploys what is missing of the contract set, in one block, and gives the new addresses."""
    evm = sequencer.evm
    key = deployer_key(seed)
    deployer = bytes.fromhex(evm.genesis["deployer"].removeprefix("0x"))
    if address_of(key) != deployer:
        raise CheckFailed(f"found the deployer 0x{deployer.hex()} in the genesis map, expected the sequencer's own")
    first = evm.state(evm.head).get_nonce(deployer)
    missing = list(enumerate(NAMES))[first:]
    for nonce, name in missing:
        artifact = read_artifact(name, folder)
        payload = artifact.creation + constructor_arguments(artifact, deployer, evm.chain_id)
        signed = sign_transaction(key, evm.chain_id, nonce, to=b"", payload=payload, gas=_DEPLOY_GAS)
        sequencer.submit(signed.encode())
    if missing:
        sequencer.seal()
    check_founded(evm, deployer)
    return [created_address(deployer, nonce) for nonce, _ in missing]


def check_founded(evm: Evm, deployer: bytes) -> None:
    """Raises `CheckFailed` when a contract of the set has no code at its address."""
    state = evm.state(evm.head)
    for name, address in predict(deployer, evm.chain_id).named().items():
        if not state.get_code(address):
            raise CheckFailed(f"found no code of {name} at 0x{address.hex()}, expected the shipped contract")


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
