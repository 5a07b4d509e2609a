"""Who made a report: the signature of the auditor's device over its canonical JSON, and what differs between two."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cinepeer.errors import Refused
from cinepeer.records import keys
from cinepeer.records.cid import Cid
from cinepeer.rights.report import FORMAT

_DOMAIN = b"cinepeer/audit-report/1\0"


@dataclass(frozen=True, slots=True)
class Auditor:
    """Whose word a report is: an author, and the device of theirs (Ed25519 public key) that signs."""

    author: Cid
    device: bytes


def canonical(report: Mapping[str, Any]) -> bytes:
    """The one JSON of a report's map without its signature: sorted keys, no spaces, UTF-8."""
    rest = {name: value for name, value in report.items() if name != "signature"}
    return json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def report_digest(report: Mapping[str, Any]) -> bytes:
    """The SHA-256 of a report's canonical JSON without its signature."""
    return hashlib.sha256(canonical(report)).digest()


def report_message(sha256: bytes) -> bytes:
    """What a device signs for a report of this hash (32 bytes)."""
    return _DOMAIN + sha256


def named_report(report: Mapping[str, Any], auditor: Auditor) -> dict[str, Any]:
    """The report with who vouches for it, ready to be signed."""
    return {**report, "auditor": {"author": str(auditor.author), "device": auditor.device.hex()}}


def parse_report(data: bytes) -> tuple[dict[str, Any], Auditor | None]:
    """
    A report from its JSON, and who signed it, None for one without a signature; raises `Refused` (`bad-form`,
    `bad-signature`). That the author admitted the device is for the reader of that author's feed to see.
    """
    try:
        report = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Refused("bad-form", "found no JSON, expected a report") from error
    if not isinstance(report, dict) or report.get("format") != FORMAT or not _is_whole(report):
        raise Refused("bad-form", f"found another value, expected a report of the format {FORMAT}")
    signature, named = report.get("signature"), report.get("auditor")
    if signature is None and named is None:
        return report, None
    try:
        if not isinstance(named, dict) or not isinstance(signature, str):
            raise TypeError
        auditor = Auditor(Cid.parse(str(named["author"])), bytes.fromhex(named["device"]))
        signed = bytes.fromhex(signature)
    except (ValueError, KeyError, TypeError, Refused) as error:
        raise Refused("bad-form", "found no auditor with a signature in the report, expected both or none") from error
    keys.verify(auditor.device, report_message(report_digest(report)), signed)
    return report, auditor


def _is_whole(report: Mapping[str, Any]) -> bool:
    lines, subject = report.get("lines"), report.get("subject")
    return (
        isinstance(subject, dict)
        and isinstance(lines, list)
        and all(
            isinstance(line, dict)
            and type(line.get("ok")) is bool
            and all(isinstance(line.get(name), str) for name in ("check", "found", "expected", "rests_on"))
            for line in lines
        )
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """What two reports say differently of one thing; None where one of them says nothing."""

    what: str
    one: str | None
    other: str | None


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[Difference]:
    """What differs between two reports: of their subjects, then check by check, in the order of the first."""
    found = [
        Difference(name, _text(one["subject"].get(name)), _text(other["subject"].get(name)))
        for name in dict.fromkeys([*one["subject"], *other["subject"]])
        if one["subject"].get(name) != other["subject"].get(name)
    ]
    first, second = _said(one), _said(other)
    for check in dict.fromkeys([*first, *second]):
        if first.get(check) != second.get(check):
            found.append(Difference(check, first.get(check), second.get(check)))
    return found


def _said(report: Mapping[str, Any]) -> dict[str, str]:
    return {line["check"]: ("" if line["ok"] else "does not hold: ") + line["found"] for line in report["lines"]}


def _text(value: object) -> str | None:
    return None if value is None else str(value)
