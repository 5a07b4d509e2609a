"""The frozen bundles, sound and tampered with: this verifier judges each line as every other one does."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cinepeer.content.car import write
from cinepeer.records.cid import Cid
from cinepeer.rights import events, slots
from cinepeer.rights.audit import Expectations, verify
from cinepeer.rights.code import CodeShape, Shipped

FILE = Path(__file__).resolve().parents[2] / "vectors" / "audit.json"
FOUND: dict[str, Any] = json.loads(FILE.read_text("utf-8"))["vectors"]
KNOWN = FOUND["shipped"]
SHIPPED = Shipped(
    {
        name: CodeShape(bytes.fromhex(shape["digest"]), tuple((at, role) for at, role in shape["holes"]))
        for name, shape in KNOWN["shapes"].items()
    },
    bytes.fromhex(KNOWN["purse"]),
    int(KNOWN["bond"]),
)


@cache
def blocks() -> list[tuple[Cid, bytes]]:
    return [(Cid.parse(cid), bytes.fromhex(block)) for cid, block in FOUND["blocks"]]


def car(numbers: list[int]) -> bytes:
    found = [blocks()[number] for number in numbers]
    return b"".join(write([found[0][0]], iter(found)))


def judged(data: bytes) -> list[str]:
    report = verify(data, Expectations(SHIPPED))
    return [("+ " if line.ok else "- ") + line.check for line in report.lines]


def test_there_are_many_and_most_do_not_hold():
    verdicts = [FOUND["verdicts"][case["lines"]] for case in FOUND["cases"]]
    assert sum(any(line[0] == "-" for line in lines) for lines in verdicts) > 100


FALSE_LEDGER = {"title's id", "shares", "exclusivity", "payments and withdrawals"}
"""What only false contracts could break: tests of their own, in `test_audit_title.py`."""


def line_name(check: str) -> str:
    """A line's check without the title, account or number that it is about."""
    return re.sub(r" (0x|\d).*", "", check)


def test_every_line_is_the_first_that_fails_in_some_bundle():
    verdicts = [FOUND["verdicts"][case["lines"]] for case in (*FOUND["cases"], *FOUND["changed"])]
    known = {line_name(line[2:]) for lines in verdicts for line in lines}
    failing = [[line_name(line[2:]) for line in lines if line[0] == "-"] for lines in verdicts]
    assert known - {lines[0] for lines in failing if lines} <= FALSE_LEDGER
    assert len(known) > 35


@pytest.mark.parametrize("case", FOUND["cases"], ids=lambda case: case["name"])
def test_a_bundle_is_judged_line_by_line(case: dict[str, Any]):
    assert judged(car(case["blocks"])) == FOUND["verdicts"][case["lines"]]


def test_a_bundle_with_changed_bytes_is_judged_line_by_line():
    whole = car(FOUND["cases"][0]["blocks"])
    for case in FOUND["changed"]:
        data = bytearray(whole)
        if "flip" in case:
            data[case["flip"][0]] ^= case["flip"][1]
        changed = bytes(data[: case.get("cut", len(data))]) + bytes.fromhex(case.get("more", ""))
        assert judged(changed) == FOUND["verdicts"][case["lines"]], case["name"]


def test_the_auditor_in_the_browser_knows_the_same_entries_and_slots():
    page = FILE.parents[2] / "client" / "web" / "src" / "audit"
    told = (page / "events.ts").read_text("utf-8")
    for declared in (one for shapes in events._DECLARED.values() for _, one in shapes):
        assert f"'{declared}'" in told
    words = (page / "slots.ts").read_text("utf-8")
    for variables in slots.BASES.values():
        for name, base in variables.items():
            assert f"{'anchors' if name == 'slots' else name}: {base}n" in words
