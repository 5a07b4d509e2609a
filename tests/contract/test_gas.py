"""What people pay: every act stays below its gate, and the table in the documentation says what is measured."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from contract.meter import measure

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT, SNAPSHOT = ROOT / "docs" / "contracts.md", ROOT / "docs" / "results" / "gas.json"
GATES = {
    "register, 3 holders": 200_000,
    "register, 3 holders, relayed": 210_000,
    "register, 1 holder": 135_000,
    "buy, first of an offer and of a title": 245_000,
    "buy, next of an offer": 115_000,
    "buy, renewal": 98_000,
    "buy, exclusive beside two others": 220_000,
    "pay, next": 46_000,
    "pay by a plain send, before the purse has code": 21_000,
    "pay by a plain send, after": 21_300,
    "withdraw, next": 68_000,
    "royalties, one title up": 85_000,
    "notice": 140_000,
    "anchor, in a batch of 20, each": 22_000,
}


@pytest.fixture(scope="module")
def spent() -> dict[str, int]:
    return measure()


@pytest.mark.parametrize("act", GATES)
def test_nothing_costs_more_than_its_gate(spent: dict[str, int], act: str) -> None:
    assert spent[act] <= GATES[act]


def test_nothing_costs_otherwise_than_in_the_snapshot(spent: dict[str, int]) -> None:
    held = json.loads(SNAPSHOT.read_text())
    moved = {act: (held.get(act), spent.get(act)) for act in held | spent if held.get(act) != spent.get(act)}
    assert not moved, (
        "found other gas (snapshot, now); if it is meant: python -m contract.meter > docs/results/gas.json"
    )


def test_the_documented_table_is_what_is_measured(spent: dict[str, int]) -> None:
    rows = re.findall(r"^\| ([^|]+?) \| ([\d,]+) \|", DOCUMENT.read_text(), re.MULTILINE)
    said = {name: int(gas.replace(",", "")) for name, gas in rows}
    assert said == spent, "write the measured figures into docs/contracts.md"
