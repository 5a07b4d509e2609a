"""The contract set, deployed once at a network's first start, at the addresses that were predicted."""

from __future__ import annotations

from pathlib import Path

from cinepeer.adapters.chain.evm import Evm
from cinepeer.adapters.chain.genesis import deployer_key
from cinepeer.adapters.chain.sequencer import Sequencer
from cinepeer.adapters.chain.shipment import ARTIFACTS, constructor_arguments, read_artifact
from cinepeer.adapters.chain.signing import sign_transaction
from cinepeer.errors import CheckFailed
from cinepeer.rights.deployment import NAMES, created_address, predict
from cinepeer.rights.signatures import address_of

_DEPLOY_GAS = 7_000_000


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
