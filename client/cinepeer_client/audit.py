"""Verifies an audit bundle from a file, without a network, a home or a node."""

from __future__ import annotations

import mmap
from pathlib import Path

from cinepeer.errors import BadInput
from cinepeer.rights.audit import Expectations, Report, verify
from cinepeer.rights.report import report_json, report_text
from cinepeer.rights.shipped import SHIPPED

EXPECTATIONS = Expectations(SHIPPED)
"""What this release knows of the contracts; any network is taken, and the report names it."""


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


def render(report: Report, *, as_json: bool = False) -> str:
    """The report as text for a terminal, or as its canonical JSON on one line."""
    return report_json(report).decode() if as_json else report_text(report).rstrip("\n")
