"""The shipped contracts on a second EVM: drawn values, invariants over random business, and what every act costs.

With FOUNDRY_FUZZ_RUNS=20000 and FOUNDRY_INVARIANT_RUNS=500 in the environment it is a longer campaign.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from eth_abi import encode

from contract.meter import measured
from real.npm_rig import installed

pytestmark = pytest.mark.npm
CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
CACHE = CONTRACTS / "cache"
FLOORS = {
    "answer": 10,
    "buy": 50,
    "buy exclusive": 30,
    "buy refused: Conflict": 15,
    "buy refused: Frozen": 2,
    "close": 10,
    "collect": 10,
    "credit": 80,
    "drop": 10,
    "elect": 30,
    "elect refused: NoMajority": 30,
    "hand over": 80,
    "lapse": 1,
    "move": 40,
    "move refused: Frozen": 2,
    "move to a film": 30,
    "move two": 2,
    "notice": 25,
    "prune": 80,
    "redeem": 1,
    "register": 40,
    "register, carried": 40,
    "register, held by a film": 20,
    "renew": 1,
    "revoke": 20,
    "rule, dismissed": 2,
    "rule, upheld": 1,
    "suspend": 2,
    "sweep": 80,
    "withdraw": 40,
    "withdraw refused: Frozen": 2,
    "withdraw to a film": 2,
}
"""A campaign that does not get this far has tested little, and fails; chance decides how often rare acts are met."""


@pytest.fixture(scope="module")
def forge() -> str:
    """The forge of the lock; the compiler and the library lie beside the contracts, as their build installs them."""
    build = CONTRACTS.parent / "scripts" / "build_contracts"
    subprocess.run([str(build), "--check"], check=True, timeout=540)
    return str(installed("forge") / "node_modules" / "@foundry-rs" / "forge-linux-amd64" / "bin" / "forge")


def run(forge: str, path: str) -> str:
    """What forge says of the tests in a file, all of which must hold."""
    command = [forge, "test", "--color", "never", "--match-path", f"test/{path}"]
    plain = {name: value for name, value in os.environ.items() if name != "FORCE_COLOR"}
    done = subprocess.run(command, cwd=CONTRACTS, env=plain, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


def test_every_act_costs_the_same_gas_on_both_machines(forge: str) -> None:
    CACHE.mkdir(exist_ok=True)
    sent = [tuple(one) for one in measured().sent]
    (CACHE / "sent").write_text("0x" + encode(["(address,address,uint256,bytes,uint256)[]"], [sent]).hex())
    assert "1 passed" in run(forge, "Gas.t.sol")


def test_rules_hold_over_drawn_values(forge: str) -> None:
    assert "10 passed" in run(forge, "Fuzz.t.sol")


def test_random_business_keeps_every_promise(forge: str) -> None:
    reached = CACHE / "reached"
    CACHE.mkdir(exist_ok=True)
    reached.unlink(missing_ok=True)
    shutil.rmtree(CACHE / "failures", ignore_errors=True)
    assert "1 passed" in run(forge, "Invariants.t.sol")
    found: Counter[str] = Counter()
    for line in reached.read_text().splitlines():
        count, _, name = line.partition(" ")
        found[name] += int(count)
    missed = {name: (found[name], floor) for name, floor in FLOORS.items() if found[name] < floor}
    assert not missed, f"found fewer than wanted (found, wanted): {missed}"
