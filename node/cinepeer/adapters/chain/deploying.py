"""The contract set on a chain of others: created once by one account, and compared with what is shipped."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cinepeer.adapters.chain.client import Ledger
from cinepeer.adapters.chain.shipment import constructor_arguments, read_artifact
from cinepeer.adapters.chain.values import Receipt, tohex
from cinepeer.errors import BadInput, CheckFailed, Refused
from cinepeer.rights.code import verify_code
from cinepeer.rights.deployment import NAMES, ContractSet, created_address, predict
from cinepeer.rights.keccak import keccak
from cinepeer.rights.shipped import SHIPPED
from cinepeer.rights.signatures import address_of

DEPLOY_GAS = 12_000_000
"""About the gas of the whole set, with room: what a founder should be able to pay for."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One contract of a set as it was found: `sentence` says what differs, empty where nothing does."""

    name: str
    address: bytes
    sentence: str = ""


async def compare(ledger: Ledger, contracts: ContractSet, deployer: bytes) -> list[Compared]:
    """Each contract of a set, its code here compared with the shipped one made for this set and `deployer`."""
    found = []
    for name, address in contracts.named().items():
        code = await ledger.code(address)
        sentence = f"found no code of {name} at {tohex(address)}, expected the shipped contract" if not code else ""
        if code:
            try:
                verify_code(name, code, SHIPPED, contracts, deployer)
            except Refused as error:
                sentence = f"{error} ({tohex(address)})"
        found.append(Compared(name, address, sentence))
    return found


async def check_contracts(ledger: Ledger, contracts: ContractSet, deployer: bytes) -> None:
    """Raises `CheckFailed` with both hashes when other code than the shipped stands at an address of the set."""
    for one in await compare(ledger, contracts, deployer):
        if one.sentence:
            raise CheckFailed(f"{one.sentence}: nothing was sent")


async def check_chain(ledger: Ledger, contracts: ContractSet, deployer: bytes, parent: bytes) -> None:
    """
    Raises `CheckFailed` unless this is the chain on which the set was made, known by the hash `parent` of the block
    before it (32 bytes), and the set is the shipped one.
    """
    before = max(0, contracts.from_block - 1)
    found = keccak(await ledger.header(before))
    if found != parent:
        raise CheckFailed(
            f"found block {before} as {tohex(found)} at {ledger.url}, expected {tohex(parent)}: "
            f"this is another chain of the number {ledger.chain_id}, nothing was sent"
        )
    await check_contracts(ledger, contracts, deployer)


async def deploy(ledger: Ledger, key: bytes) -> tuple[ContractSet, list[Receipt]]:
    """
    Creates what is missing of the set with the account of `key` (32 bytes), which must be used for nothing else, and
    gives the set, in force from the block of its first contract on, with the receipts. Raises `BadInput`.
    """
    deployer = address_of(key)
    contracts = predict(deployer, ledger.chain_id)
    done = await ledger.count(deployer)
    if done > len(NAMES):
        raise BadInput(
            f"found {done} transactions of {tohex(deployer)}, expected only the {len(NAMES)} that make the contracts"
        )
    before = await ledger.head()
    receipts = []
    for nonce, name in list(enumerate(NAMES))[done:]:
        artifact = read_artifact(name)
        data = artifact.creation + constructor_arguments(artifact, deployer, ledger.chain_id)
        receipt = await ledger.send(key, None, data)
        if receipt.created != created_address(deployer, nonce):
            raise CheckFailed(
                f"found {name} made at another address, expected {tohex(created_address(deployer, nonce))}"
            )
        receipts.append(receipt)
    await check_contracts(ledger, contracts, deployer)
    return replace(contracts, from_block=before + 1 if not done else 0), receipts
