"""The contract set, deployed once at a network's first start, at the addresses that were predicted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cinepeer.adapters.chain.evm import Evm
from cinepeer.adapters.chain.genesis import deployer_key
from cinepeer.adapters.chain.sequencer import Sequencer
from cinepeer.adapters.chain.signing import sign_transaction
from cinepeer.errors import CheckFailed
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
    """The shipped artifact of a contract; raises `OSError` or `ValueError` when the package is broken."""
    held = json.loads((folder / f"{name}.json").read_text())
    return Artifact(name, held["abi"], bytes.fromhex(held["bytecode"].removeprefix("0x")))


def found(sequencer: Sequencer, seed: bytes, folder: Path = ARTIFACTS) -> list[bytes]:
    """Deploys what is missing of the contract set, in one block, and gives the new addresses."""
    evm = sequencer.evm
    deployer = bytes.fromhex(evm.genesis["deployer"].removeprefix("0x"))
    first = evm.state(evm.head).get_nonce(deployer)
    if first >= len(NAMES):
        return []
    arguments = constructor_arguments(deployer, evm.chain_id)
    for nonce, name in list(enumerate(NAMES))[first:]:
        payload = read_artifact(name, folder).creation + b"".join(arguments[name])
        key = deployer_key(seed)
        signed = sign_transaction(key, evm.chain_id, nonce, to=b"", payload=payload, gas=_DEPLOY_GAS)
        sequencer.submit(signed.encode())
    sequencer.seal()
    made = [created_address(deployer, nonce) for nonce in range(first, len(NAMES))]
    check_founded(evm, deployer)
    return made


def check_founded(evm: Evm, deployer: bytes) -> None:
    """Raises `CheckFailed` when a contract of the set has no code at its address."""
    state = evm.state(evm.head)
    for name, address in predict(deployer, evm.chain_id).named().items():
        if not state.get_code(address):
            raise CheckFailed(f"found no code of {name} at 0x{address.hex()}, expected the shipped contract")


def constructor_arguments(deployer: bytes, chain_id: int) -> dict[str, tuple[bytes, ...]]:
    """What each contract is created with, as ABI words of 32 bytes, by contract name."""
    stand = predict(deployer, chain_id)
    no_token = bytes(32)
    return {
        "TitleRegistry": (_word(stand.disputes), no_token, no_token, no_token),
        "Disputes": (_word(stand.titles), _word(deployer), BOND_WEI.to_bytes(32, "big")),
        "Licences": (_word(stand.titles),),
        "Anchors": (),
    }


def _word(address: bytes) -> bytes:
    return bytes(12) + address
