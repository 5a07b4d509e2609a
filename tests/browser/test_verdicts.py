"""The node and the page give one verdict, with one reason, on inputs of all sorts: honest, changed and noise."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from vectors.mutants import inputs
from vectors.verdicts import Comparison, compare

COUNT, SEED = 4_000, 20
RESULT = Path(__file__).parents[2] / "docs" / "results" / "verdicts.json"


@pytest.fixture(scope="module")
def found(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    *_, last = compare(SEED, COUNT, tmp_path_factory.mktemp("verdicts"))
    return last


@pytest.mark.npm
def test_both_verifiers_say_the_same_of_every_input(found: Comparison) -> None:
    assert sum(found.verdicts.values()) == COUNT
    assert found.differences == []


@pytest.mark.npm
def test_every_sort_of_input_is_taken_and_refused(found: Comparison) -> None:
    for sort in {sort for sort, _ in found.verdicts}:
        said = {verdict for one, verdict in found.verdicts if one == sort}
        assert "ok" in said, sort
        assert said - {"ok"}, sort


def test_the_same_seed_makes_the_same_inputs() -> None:
    first, second = (list(inputs(random.Random(SEED), 40)) for _ in range(2))
    assert first == second


def test_a_hundred_thousand_inputs_were_compared_and_none_differed() -> None:
    result = json.loads(RESULT.read_text())
    assert result["inputs"] >= 100_000
    assert result["differences"] == 0
    assert len(result["commit"]) == 40
