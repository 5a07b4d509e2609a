"""Verifies a list's receipt from a file: its signature, model, history, and the list made again from them alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cinepeer.errors import BadInput, Refused
from cinepeer.recommend.receipt import (
    MAGIC,
    MAX_RECEIPT_BYTES,
    Entry,
    Receipt,
    is_receipt,
    read_opening,
    read_receipt,
)
from cinepeer.recommend.replay import Finding, is_held, replay

FORMAT = "cinepeer/receipt-report/1"
CODES = {True: 0, False: 1, None: 3}
"""Exit codes by whether everything held; None: something could not be checked."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A receipt that was read, with what opens its history, or why it could not be read."""

    receipt: Receipt | None
    entries: tuple[Entry, ...] | None
    findings: list[Finding]

    @property
    def code(self) -> int:
        """The exit code: 0 held, 1 did not, 3 could not be checked."""
        return CODES[is_held(self.findings)]

    def told(self) -> dict[str, Any]:
        """The report as plain values."""
        subject: dict[str, Any] = {}
        if self.receipt is not None:
            said = self.receipt.statement
            subject = {
                "author": None if said.author is None else str(said.author),
                "device": said.device.hex(),
                "model": str(said.model),
                "history": said.root.hex(),
                "ratings": None if said.origin is None else said.origin.root.hex(),
                "films": [film for film, *_ in said.films],
            }
        held = is_held(self.findings)
        return {"format": FORMAT, "ok": held, "subject": subject, "lines": [asdict(one) for one in self.findings]}

    def render(self, as_json: bool) -> str:
        """The report as one line of JSON, or as text for a terminal."""
        if as_json:
            return json.dumps(self.told(), ensure_ascii=False)
        words = {True: "held", False: "FAILED", None: "not checked"}
        lines = [f"{words[one.ok]:12}{one.check}: {one.found}" for one in self.findings]
        lines += [f"{'':12}expected {one.expected} (rests on {one.rests_on})" for one in self.findings if not one.ok]
        return "\n".join(lines)


def is_receipt_file(path: Path) -> bool:
    """Whether the file begins like a receipt; False where it cannot be read."""
    try:
        with path.open("rb") as file:
            return is_receipt(file.read(len(MAGIC)))
    except OSError:
        return False


def read_file(path: Path, opening: Path | None = None) -> Reading:
    """Reads and verifies a receipt; raises `BadInput` for a file that cannot be read."""
    data = _bytes(path)
    try:
        receipt = read_receipt(data)
        entries = receipt.history if opening is None else read_opening(_bytes(opening))
    except Refused as error:
        found = Finding("form", False, str(error), "a whole receipt", "the form of cinepeer/receipt/1")
        return Reading(None, None, [found])
    return Reading(receipt, entries, replay(receipt, entries))


def with_findings(reading: Reading, more: Sequence[Finding]) -> Reading:
    """The reading with further checks."""
    return Reading(reading.receipt, reading.entries, [*reading.findings, *more])


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_RECEIPT_BYTES:
            raise BadInput(f"found {path} longer than {MAX_RECEIPT_BYTES:,} bytes, expected a receipt")
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"found {path} impossible to read ({error.strerror}), expected a file") from error
