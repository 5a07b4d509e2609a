"""The contract set is deployed once, at the addresses that anyone could say before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cinepeer.adapters.chain.founding import found
from cinepeer.adapters.chain.genesis import deployer_key
from cinepeer.adapters.chain.shipment import Artifact, constructor_arguments, read_artifact
from cinepeer.errors import CheckFailed
from cinepeer.rights.deployment import NAMES, predict
from unit.chain.small_chain import ANNA, COUNTER, GENESIS, SEED, SmallChain, address

DEPLOYER = bytes.fromhex(GENESIS["deployer"][2:])


@pytest.fixture
def small_set(tmp_path: Path) -> Path:
    """A folder with a tiny contract under each name of the set."""
    for name in NAMES:
        held = {"abi": [{"type": "constructor", "inputs": []}], "bytecode": "0x" + COUNTER.hex()}
        (tmp_path / f"{name}.json").write_text(json.dumps(held))
    return tmp_path


def test_the_set_stands_at_its_predicted_addresses_after_one_block(small_set: Path) -> None:
    chain = SmallChain()
    stand = predict(DEPLOYER, GENESIS["chain_id"])
    assert found(chain.sequencer, SEED, small_set) == list(stand.named().values())
    assert chain.evm.head.block_number == 1
    for place in stand.named().values():
        assert len(chain.ask("eth_getCode", "0x" + place.hex())) > 2
    assert chain.ask("eth_getTransactionCount", "0x" + DEPLOYER.hex()) == "0x4"


def test_a_set_that_stands_is_left_alone(small_set: Path) -> None:
    chain = SmallChain()
    found(chain.sequencer, SEED, small_set)
    head = chain.evm.head
    assert found(chain.sequencer, SEED, small_set) == []
    assert chain.evm.head is head


def test_a_founding_that_was_cut_off_is_completed(small_set: Path) -> None:
    chain = SmallChain()
    assert address(deployer_key(SEED)) == DEPLOYER
    chain.sealed(chain.send(deployer_key(SEED), b"", COUNTER))
    assert found(chain.sequencer, SEED, small_set) == list(predict(DEPLOYER, GENESIS["chain_id"]).named().values())[1:]


def test_a_deployment_that_fails_is_said(small_set: Path) -> None:
    held = {"abi": [], "bytecode": "0xfe"}
    (small_set / "Licences.json").write_text(json.dumps(held))
    with pytest.raises(CheckFailed, match="found no code of Licences at 0x"):
        found(SmallChain().sequencer, SEED, small_set)


def test_a_genesis_map_with_another_deployer_is_refused(small_set: Path) -> None:
    chain = SmallChain()
    chain.evm.genesis["deployer"] = "0x" + address(ANNA).hex()
    with pytest.raises(CheckFailed, match="found the deployer"):
        found(chain.sequencer, SEED, small_set)


def test_a_package_without_artifacts_says_so(tmp_path: Path) -> None:
    with pytest.raises(CheckFailed, match="found no artifact of TitleRegistry"):
        found(SmallChain().sequencer, SEED, tmp_path)
    (tmp_path / "TitleRegistry.json").write_text("{}")
    with pytest.raises(CheckFailed, match="found no artifact of TitleRegistry"):
        read_artifact("TitleRegistry", tmp_path)


def test_constructors_are_filled_by_the_names_of_their_parameters() -> None:
    def arguments(*names: str) -> bytes:
        inputs = [{"name": name, "type": "address"} for name in names]
        return constructor_arguments(Artifact("Any", [{"type": "constructor", "inputs": inputs}], b""), DEPLOYER, 1)

    stand = predict(DEPLOYER, 1)
    assert arguments() == b""
    assert arguments("titles", "arbiter_") == stand.titles.rjust(32, b"\0") + DEPLOYER.rjust(32, b"\0")
    assert arguments("disputes", "tokens") == stand.disputes.rjust(32, b"\0") + bytes(96)
    with pytest.raises(CheckFailed, match=r"found the constructor Any\(owner\)"):
        arguments("owner")


def test_every_shipped_artifact_can_be_deployed() -> None:
    chain = SmallChain()
    assert len(found(chain.sequencer, SEED)) == len(NAMES)
    for row in chain.evm.tables.txs(1):
        assert row.ok
