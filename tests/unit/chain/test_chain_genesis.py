"""A network's beginning: one map, one id, and keys and addresses that follow from the sequencer's seed."""

from __future__ import annotations

from typing import Any

import pytest

from cinepeer.adapters.chain.genesis import (
    address_of,
    check_genesis,
    deployer_key,
    faucet_key,
    found_network,
    network_id,
    new_genesis,
)
from cinepeer.errors import BadInput

SEED = bytes(range(32))


def test_a_genesis_map_follows_from_the_seed_and_names_no_secret() -> None:
    genesis = found_network(SEED, "Film club", 7171, 1_700_000_000)
    assert genesis == found_network(SEED, "Film club", 7171, 1_700_000_000)
    assert genesis["deployer"] == "0x" + address_of(deployer_key(SEED)).hex()
    assert list(genesis["credits"]) == ["0x" + address_of(faucet_key(SEED)).hex()]
    written = str(genesis)
    assert all(secret.hex() not in written for secret in (SEED, deployer_key(SEED), faucet_key(SEED)))


def test_keys_of_different_purposes_and_seeds_differ() -> None:
    keys = {make(seed) for make in (deployer_key, faucet_key) for seed in (SEED, bytes(32))}
    assert len(keys) == 4
    assert SEED not in keys


def test_the_network_id_changes_with_every_field() -> None:
    genesis = found_network(SEED, "Film club", 7171, 1_700_000_000)
    changes: list[dict[str, Any]] = [
        {"name": "film club"},
        {"chain_id": 7172},
        {"time": 1_700_000_001},
        {"sequencer": "00" * 32},
        {"deployer": "0x" + "00" * 20},
        {"credits": {}},
    ]
    ids = {network_id({**genesis, **change}) for change in [{}, *changes]}
    assert len(ids) == len(changes) + 1


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": 7},
        {"chain_id": 0},
        {"chain_id": 1 << 52},
        {"chain_id": "1"},
        {"time": 0},
        {"time": 1.5},
        {"sequencer": "00" * 31},
        {"sequencer": "zz" * 32},
        {"sequencer": None},
        {"deployer": "0x" + "00" * 21},
        {"credits": {"0x00": 1}},
        {"credits": {"0x" + "00" * 20: -1}},
        {"credits": {"0x" + "00" * 20: 1 << 63}},
        {"credits": ["0x" + "00" * 20]},
    ],
    ids=str,
)
def test_a_genesis_map_that_nodes_might_read_differently_is_refused(change: dict[str, Any]) -> None:
    genesis = found_network(SEED, "Film club", 7171, 1_700_000_000)
    check_genesis(genesis)
    with pytest.raises(BadInput, match=r"^found .*expected"):
        check_genesis({**genesis, **change})


@pytest.mark.parametrize("name", ["name", "chain_id", "time", "sequencer", "deployer"])
def test_a_genesis_map_without_a_field_is_refused(name: str) -> None:
    genesis = found_network(SEED, "Film club", 7171, 1_700_000_000)
    del genesis[name]
    with pytest.raises(BadInput, match="cannot be read"):
        check_genesis(genesis)


def test_a_network_may_begin_without_credits() -> None:
    genesis = new_genesis("Bare", 1, 1_700_000_000, bytes(32), bytes(20))
    assert genesis["credits"] == {}
    assert network_id(genesis) != network_id(found_network(SEED, "Bare", 1, 1_700_000_000))
