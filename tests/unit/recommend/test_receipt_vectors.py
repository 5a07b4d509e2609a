"""The frozen receipts are those that this code makes and checks; the browser's own checks read the same file."""

from __future__ import annotations

import json

from vectors.receipt_cases import FILE, text


def test_the_frozen_receipts_are_made_and_checked_as_they_were() -> None:
    assert text() == FILE.read_text("utf-8"), (
        "a changed vector is a broken format: receipts kept today must stay readable"
    )


def test_they_hold_unless_something_was_changed() -> None:
    cases = {case["name"]: case["lines"] for case in json.loads(FILE.read_text("utf-8"))["vectors"]}
    changed = {name for name, lines in cases.items() if lines is None or any(ok is False for _, ok in lines)}
    assert {name for name in cases if name.startswith(("another", "other", "opened by", "cut"))} == changed
    assert [ok for _, ok in cases["sealed"]] == [True, True, None, None]
