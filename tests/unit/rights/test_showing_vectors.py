"""The frozen answers about what may be shown: this rule gives them as every other verifier does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vectors.showing_cases import QUESTIONS, answers

FILE = Path(__file__).resolve().parents[2] / "vectors" / "showing.json"
FROZEN: dict[str, Any] = json.loads(FILE.read_text("utf-8"))["vectors"]


@pytest.mark.parametrize("case", FROZEN["cases"], ids=lambda case: case["name"])
def test_the_answers_are_those_that_every_verifier_gives(case: dict[str, Any]) -> None:
    assert [list(one) for one in QUESTIONS] == FROZEN["questions"]
    assert answers(case["state"]) == case["answers"]


def test_the_cases_reach_every_answer_about_a_registered_title() -> None:
    codes = {answer[1] for case in FROZEN["cases"] for answer in case["answers"]}
    assert codes == {
        *("open", "suspended", "void", "exclusive", "exclusive-somewhere", "licensed", "controller", "unlicensed"),
    }
