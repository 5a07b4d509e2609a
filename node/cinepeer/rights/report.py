"""What an audit found, line by line, and its two forms: canonical JSON and plain text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

FORMAT = "cinepeer/audit-report/1"


@dataclass(frozen=True, slots=True)
class Line:
    """One check: whether it held, what was found and expected, and what its truth rests on. All are sentences."""

    check: str
    ok: bool
    found: str
    expected: str
    rests_on: str


@dataclass(frozen=True, slots=True)
class Report:
    """All checks of one bundle; `subject` says what was audited, `basis` what a reader has to trust."""

    lines: tuple[Line, ...]
    subject: Mapping[str, str | int] = field(default_factory=dict)
    basis: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every check held; a report without checks does not."""
        return bool(self.lines) and all(line.ok for line in self.lines)

    @property
    def failures(self) -> tuple[Line, ...]:
        """The lines that did not hold, in order."""
        return tuple(line for line in self.lines if not line.ok)


def report_map(report: Report) -> dict[str, object]:
    """The report as plain values, ready for JSON."""
    return {
        "format": FORMAT,
        "ok": report.ok,
        "subject": dict(report.subject),
        "basis": list(report.basis),
        "lines": [
            {
                "check": line.check,
                "ok": line.ok,
                "found": line.found,
                "expected": line.expected,
                "rests_on": line.rests_on,
            }
            for line in report.lines
        ],
    }


def report_json(report: Report) -> bytes:
    """Canonical JSON: sorted keys, no spaces, UTF-8, so that one report has one SHA-256."""
    return json.dumps(report_map(report), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def report_text(report: Report) -> str:
    """The report for a terminal: a verdict, the subject, one line per check and the basis of trust."""
    failed = len(report.failures)
    verdict = "every check held" if report.ok else f"{failed} of {len(report.lines)} checks did not hold"
    rows = [f"audit: {verdict}", *(f"  {name:<9} {value}" for name, value in report.subject.items()), ""]
    for line in report.lines:
        rows.append(f"{'ok  ' if line.ok else 'FAIL'}  {line.check}: {line.found}")
        if not line.ok:
            rows.append(f"      expected: {line.expected}")
        rows.append(f"      rests on: {line.rests_on}")
    if report.basis:
        rows += ["", "What this rests on, as a whole:", *(f"  - {sentence}" for sentence in report.basis)]
    return "\n".join(rows) + "\n"
