"""Verifies an audit bundle from a file, without a network, a home or a node, and writes what it found."""

from __future__ import annotations

import json
import mmap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cinepeer.errors import BadInput, CheckFailed, Refused
from cinepeer.rights.audit import Expectations, Report, verify
from cinepeer.rights.auditor import Auditor, canonical, differences, named_report, parse_report, report_digest
from cinepeer.rights.film_table import films_csv
from cinepeer.rights.report import report_html, report_map, report_text
from cinepeer.rights.shipped import SHIPPED

EXPECTATIONS = Expectations(SHIPPED)
"""What this release knows of the contracts; any network is taken, and the report names it."""

MAX_REPORT_BYTES = 256 << 20

# Signs the SHA-256 (32 bytes) of a report as an auditor.
Sign = Callable[[bytes], bytes]


def audit_file(path: Path, expectations: Expectations = EXPECTATIONS) -> Report:
    """Verifies the bundle at `path`, mapped and not read whole; raises `BadInput` when there is no such file."""
    try:
        with path.open("rb") as file:
            if path.stat().st_size == 0:
                return verify(b"", expectations)
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as data:
                return verify(data, expectations)
    except OSError as error:
        raise BadInput(f"found no bundle that can be read at {path} ({error.strerror}), expected a file") from error


def audit_bytes(data: bytes, expectations: Expectations = EXPECTATIONS) -> Report:
    """Verifies a bundle that is at hand already."""
    return verify(data, expectations)


class Finding:
    """A report in its forms, with who vouches for it: nobody, or an auditor whose device signed it."""

    def __init__(self, report: Report, auditor: Auditor | None = None, sign: Sign | None = None) -> None:
        self.report = report
        self.map: dict[str, Any] = report_map(report)
        self.signed = ""
        if auditor is not None and sign is not None:
            self.map = named_report(self.map, auditor)
            digest = report_digest(self.map)
            self.map["signature"] = sign(digest).hex()
            self.signed = _signed_by(auditor, digest)

    def text(self) -> str:
        """For a terminal."""
        return report_text(self.report) + "\n" + (self.signed or "This report is not signed.")

    def json(self) -> str:
        """The canonical JSON on one line, the signature with it."""
        if "signature" not in self.map:
            return canonical(self.map).decode()
        return json.dumps(self.map, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def write(self, html: Path | None, table: Path | None) -> None:
        """Writes the page and the table of films where they are asked for; raises `BadInput`."""
        if html is not None:
            _write(html, report_html(self.report, self.signed))
        if table is not None:
            _write(table, films_csv(self.report.films))


def compare(one: Path, other: Path, *, as_json: bool) -> tuple[str, bool]:
    """What differs between two bundles or reports, as text or JSON, and whether anything does."""
    (first, by), (second, by_other) = _report_of(one), _report_of(other)
    found = differences(first, second)
    if as_json:
        rows = [{"what": row.what, "a": row.one, "b": row.other} for row in found]
        return json.dumps({"same": not found, "differences": rows}, ensure_ascii=False), bool(found)
    words = [f"{row.what}\n  A: {_or_nothing(row.one)}\n  B: {_or_nothing(row.other)}" for row in found]
    words += [f"{name}: {said}" for name, said in (("A", by), ("B", by_other)) if said]
    return "\n".join(words if found else ["A and B say the same.", *words]), bool(found)


def _report_of(path: Path) -> tuple[Mapping[str, Any], str]:
    """The report in a file, or that of the bundle in it; raises `CheckFailed` for a report that nobody signed so."""
    try:
        with path.open("rb") as file:
            if file.read(1) != b"{":
                return report_map(audit_file(path)), ""
            if path.stat().st_size > MAX_REPORT_BYTES:
                raise BadInput(f"found a report of {path.stat().st_size} bytes, expected at most {MAX_REPORT_BYTES}")
            report, auditor = parse_report(b"{" + file.read())
    except OSError as error:
        raise BadInput(f"found nothing that can be read at {path} ({error.strerror}), expected a file") from error
    except Refused as refused:
        raise CheckFailed(f"{path}: {refused}") from refused
    return report, "" if auditor is None else _signed_by(auditor, report_digest(report))


def _signed_by(auditor: Auditor, digest: bytes) -> str:
    return f"Report sha256:{digest.hex()}, signed by the device {auditor.device.hex()} of the author {auditor.author}."


def _or_nothing(said: str | None) -> str:
    return "says nothing of it" if said is None else said


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as error:
        raise BadInput(f"found {path} not writable ({error.strerror}), expected the name of a new file") from error
