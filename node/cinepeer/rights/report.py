"""What an audit found, line by line, and its forms: canonical JSON, plain text, and one page of HTML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from html import escape

from cinepeer.rights.packed import Packed

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


def packed_lines() -> Packed[Line]:
    """An empty list for very many lines."""
    return Packed(lambda line: [getattr(line, name) for name in _LINE], lambda said: Line(*said))


def packed_rows() -> Packed[FilmRow]:
    """An empty list for very many rows."""
    return Packed(
        lambda row: [getattr(row, name) for name in _ROW], lambda said: FilmRow(*(*said[:-1], tuple(said[-1])))
    )


_LINE = tuple(field.name for field in fields(Line))
_ROW = tuple(field.name for field in fields(FilmRow))


@dataclass(frozen=True, slots=True)
class Report:
    """
    All checks of one bundle; `subject` says what was audited, `basis` what a reader has to trust, `films` is a table of
    the titles in it.
    """

    lines: Sequence[Line]
    subject: Mapping[str, str | int] = field(default_factory=dict)
    basis: tuple[str, ...] = ()
    films: Sequence[FilmRow] = ()
    more: tuple[Line, ...] = ()
    """Lines that were added to those of the bundle."""

    @property
    def all_lines(self) -> Iterator[Line]:
        """Every line, in order."""
        yield from self.lines
        yield from self.more

    @property
    def ok(self) -> bool:
        """Whether every check held; a report without checks does not."""
        return bool(self.lines) and all(line.ok for line in self.all_lines)

    @property
    def failures(self) -> tuple[Line, ...]:
        """The lines that did not hold, in order."""
        return tuple(line for line in self.all_lines if not line.ok)


def report_map(report: Report) -> dict[str, object]:
    """The report as plain values, ready for JSON; amounts are text, since they outgrow what JSON readers keep."""
    return {
        **report_head(report),
        "lines": [line_map(line) for line in report.all_lines],
        "films": [row_map(row) for row in report.films],
    }


def report_head(report: Report) -> dict[str, object]:
    """What a report's map says beside its lines and its table."""
    return {"format": FORMAT, "ok": report.ok, "subject": dict(report.subject), "basis": list(report.basis)}


def line_map(line: Line) -> dict[str, object]:
    """A line as plain values."""
    return {name: getattr(line, name) for name in _LINE}


def row_map(row: FilmRow) -> dict[str, object]:
    """A row as plain values."""
    return asdict(row) | {"paid_in": str(row.paid_in), "paid_out": str(row.paid_out), "failed": list(row.failed)}


def report_json(report: Report) -> bytes:
    """Canonical JSON: sorted keys, no spaces, UTF-8, so that one report has one SHA-256."""
    return "".join(json_pieces(report)).encode()


def json_pieces(report: Report, more: Mapping[str, object] | None = None) -> Iterator[str]:
    """The canonical JSON of a report and of what is added to its map, piece by piece."""
    values = {**report_head(report), **(more or {})}
    listed: dict[str, Iterator[dict[str, object]]] = {
        "lines": map(line_map, report.all_lines),
        "films": map(row_map, report.films),
    }
    for at, name in enumerate(sorted([*values, *listed])):
        yield ("," if at else "{") + json.dumps(name) + ":"
        if name in values:
            yield _canonical(values[name])
            continue
        yield "["
        for place, one in enumerate(listed[name]):
            yield ("," if place else "") + _canonical(one)
        yield "]"
    yield "}"


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def report_html(report: Report, signed: str = "") -> str:
    """
    The report as one page that needs nothing else and runs nothing: a row for each check, then the basis of trust.
    `signed` says who made it.
    """
    return "".join(html_pieces(report, signed))


def html_pieces(report: Report, signed: str = "") -> Iterator[str]:
    """That page, piece by piece."""
    verdict = _verdict(report)
    subject = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in report.subject.items())
    basis = "".join(f"<li>{escape(sentence)}</li>" for sentence in report.basis)
    yield (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>Audit: {verdict}</title><style>{_STYLE}</style></head><body>'
        f"<h1>Audit: {verdict}</h1><p>{escape(signed or 'This report is not signed.')} Each row is one check: what was "
        "found in the bundle, what had to be found for the check to hold, and what a reader has to trust for it. "
        "Nothing here has to be believed: the same bundle, checked again by anybody, gives the same rows.</p>"
        f"<dl>{subject}</dl><table><caption>The checks</caption><thead><tr><th scope=col>Result</th>"
        "<th scope=col>Check</th><th scope=col>Found</th><th scope=col>Expected</th><th scope=col>Rests on</th></tr>"
        "</thead><tbody>"
    )
    for line in report.all_lines:
        cells = "".join(f"<td>{escape(text)}</td>" for text in (line.check, line.found, line.expected, line.rests_on))
        said = "holds" if line.ok else "does not hold"
        yield f'<tr class="{"ok" if line.ok else "fail"}"><td>{said}</td>{cells}</tr>'
    yield f"</tbody></table><h2>What this rests on, as a whole</h2><ul>{basis}</ul></body></html>\n"


def report_text(report: Report) -> str:
    """The report for a terminal: a verdict, the subject, one line per check and the basis of trust."""
    return "".join(text_pieces(report))


def text_pieces(report: Report) -> Iterator[str]:
    """That text, piece by piece."""
    yield f"audit: {_verdict(report)}\n"
    yield "".join(f"  {name:<9} {value}\n" for name, value in report.subject.items()) + "\n"
    for line in report.all_lines:
        expected = "" if line.ok else f"      expected: {line.expected}\n"
        said = f"{'ok  ' if line.ok else 'FAIL'}  {line.check}: {line.found}\n"
        yield f"{said}{expected}      rests on: {line.rests_on}\n"
    if report.basis:
        yield "\nWhat this rests on, as a whole:\n" + "".join(f"  - {sentence}\n" for sentence in report.basis)


def _verdict(report: Report) -> str:
    if report.ok:
        return "every check held"
    return f"{len(report.failures)} of {len(report.lines) + len(report.more)} checks did not hold"
