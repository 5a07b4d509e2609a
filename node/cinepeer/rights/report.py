"""What an audit found, line by line, and its forms: canonical JSON, plain text, and one page of HTML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from html import escape

FORMAT = "cinepeer/audit-report/1"
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;overflow-wrap:anywhere}"
    "table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ccc;padding:.4rem;text-align:left;"
    "vertical-align:top}caption{text-align:left;font-weight:600}@media print{body{font-size:10pt;margin:0}}"
    ".fail{background:#fdecea;font-weight:600}dt{font-weight:600}"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One check: whether it held, what was found and expected, and what its truth rests on. All are sentences."""

    check: str
    ok: bool
    found: str
    expected: str
    rests_on: str


@dataclass(frozen=True, slots=True)
class FilmRow:
    """One title in a row of a table: ids in text, money in the smallest unit, and the checks that did not hold."""

    title: str
    film: str
    name: str
    registered: str
    status: str
    controller: str
    shares: str
    licences: int
    paid_in: int
    paid_out: int
    entries: int
    failed: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What the title is, in words."""
        return (
            f"{self.status}, registered {self.registered}, controlled by {self.controller}; shares {self.shares}; "
            f"{self.licences} licences; {self.paid_in} paid in and {self.paid_out} paid out"
        )


@dataclass(frozen=True, slots=True)
class Report:
    """
    All checks of one bundle; `subject` says what was audited, `basis` what a reader has to trust, `films` is a table of
    the titles in it.
    """

    lines: tuple[Line, ...]
    subject: Mapping[str, str | int] = field(default_factory=dict)
    basis: tuple[str, ...] = ()
    films: tuple[FilmRow, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every check held; a report without checks does not."""
        return bool(self.lines) and all(line.ok for line in self.lines)

    @property
    def failures(self) -> tuple[Line, ...]:
        """The lines that did not hold, in order."""
        return tuple(line for line in self.lines if not line.ok)


def report_map(report: Report) -> dict[str, object]:
    """The report as plain values, ready for JSON; amounts are text, since they outgrow what JSON readers keep."""
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
        "films": [
            asdict(row) | {"paid_in": str(row.paid_in), "paid_out": str(row.paid_out), "failed": list(row.failed)}
            for row in report.films
        ],
    }


def report_json(report: Report) -> bytes:
    """Canonical JSON: sorted keys, no spaces, UTF-8, so that one report has one SHA-256."""
    return json.dumps(report_map(report), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def report_html(report: Report, signed: str = "") -> str:
    """
    The report as one page that needs nothing else and runs nothing: a row for each check, then the basis of trust.
    `signed` says who made it.
    """
    verdict = _verdict(report)
    subject = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in report.subject.items())
    rows = "".join(
        f'<tr class="{"ok" if line.ok else "fail"}"><td>{"holds" if line.ok else "does not hold"}</td>'
        + "".join(f"<td>{escape(text)}</td>" for text in (line.check, line.found, line.expected, line.rests_on))
        + "</tr>"
        for line in report.lines
    )
    basis = "".join(f"<li>{escape(sentence)}</li>" for sentence in report.basis)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>Audit: {verdict}</title><style>{_STYLE}</style></head><body>'
        f"<h1>Audit: {verdict}</h1><p>{escape(signed or 'This report is not signed.')} Each row is one check: what was "
        "found in the bundle, what had to be found for the check to hold, and what a reader has to trust for it. "
        "Nothing here has to be believed: the same bundle, checked again by anybody, gives the same rows.</p>"
        f"<dl>{subject}</dl><table><caption>The checks</caption><thead><tr><th scope=col>Result</th>"
        "<th scope=col>Check</th><th scope=col>Found</th><th scope=col>Expected</th><th scope=col>Rests on</th></tr>"
        f"</thead><tbody>{rows}</tbody></table><h2>What this rests on, as a whole</h2><ul>{basis}</ul></body></html>\n"
    )


def report_text(report: Report) -> str:
    """The report for a terminal: a verdict, the subject, one line per check and the basis of trust."""
    rows = [f"audit: {_verdict(report)}", *(f"  {name:<9} {value}" for name, value in report.subject.items()), ""]
    for line in report.lines:
        rows.append(f"{'ok  ' if line.ok else 'FAIL'}  {line.check}: {line.found}")
        if not line.ok:
            rows.append(f"      expected: {line.expected}")
        rows.append(f"      rests on: {line.rests_on}")
    if report.basis:
        rows += ["", "What this rests on, as a whole:", *(f"  - {sentence}" for sentence in report.basis)]
    return "\n".join(rows) + "\n"


def _verdict(report: Report) -> str:
    if report.ok:
        return "every check held"
    return f"{len(report.failures)} of {len(report.lines)} checks did not hold"
