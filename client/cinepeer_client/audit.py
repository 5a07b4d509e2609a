"""Verifies an audit bundle from a file, without a network, a home or a node, and writes what it found."""

from __future__ import annotations

import hashlib
import json
import mmap
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cinepeer.errors import BadInput, CheckFailed, Refused
from cinepeer.rights.audit import Expectations, Report, verify
from cinepeer.rights.auditor import Auditor, differences, named_report, parse_report, report_digest
from cinepeer.rights.film_table import csv_pieces
from cinepeer.rights.report import html_pieces, json_pieces, report_map, text_pieces
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
        self._more: dict[str, object] = {}
        self.signed = ""
        if auditor is not None and sign is not None:
            self._more = named_report({}, auditor)
            hasher = hashlib.sha256()
            for piece in json_pieces(report, self._more):
                hasher.update(piece.encode())
            self._more["signature"] = sign(hasher.digest()).hex()
            self.signed = _signed_by(auditor, hasher.digest())

    def text_pieces(self) -> Iterator[str]:
        """For a terminal, piece by piece: a report of many films is long."""
        yield from text_pieces(self.report)
        yield "\n" + (self.signed or "This report is not signed.")

    def text(self) -> str:
        """For a terminal."""
        return "".join(self.text_pieces())

    def json_pieces(self) -> Iterator[str]:
        """The canonical JSON on one line, the signature with it, piece by piece."""
        return json_pieces(self.report, self._more)

    def json(self) -> str:
        """The canonical JSON on one line, the signature with it."""
        return "".join(self.json_pieces())

    def show(self, as_json: bool) -> None:
        """Prints it, as text or as JSON on one line."""
        for piece in self.json_pieces() if as_json else self.text_pieces():
            sys.stdout.write(piece)
        sys.stdout.write("\n")
        sys.stdout.flush()

    def write(self, html: Path | None, table: Path | None) -> None:
        """Writes the page and the table of films where they are asked for; raises `BadInput`."""
        if html is not None:
            _write(html, html_pieces(self.report, self.signed))
        if table is not None:
            _write(table, csv_pieces(self.report.films))


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


def keep_bundle(out: Path, data: bytes) -> None:
    """Writes a bundle into a new file; raises `BadInput`."""
    try:
        with out.open("xb") as file:
            file.write(data)
    except OSError as error:
        raise BadInput(f"found {out} not writable ({error.strerror}), expected the name of a new file") from error


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


def _write(path: Path, pieces: Iterable[str]) -> None:
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            file.writelines(pieces)
    except OSError as error:
        raise BadInput(f"found {path} not writable ({error.strerror}), expected the name of a new file") from error
