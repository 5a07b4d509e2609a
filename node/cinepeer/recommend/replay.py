"""Whether a receipt holds: its signature, its model, its history, and the list made again from them alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cinepeer.errors import Refused
from cinepeer.recommend.receipt import DOMAIN, Entry, Receipt, model_of, relist
from cinepeer.records import keys

BY_SIGNATURE = "the device's Ed25519 signature over the whole statement"
BY_BYTES = "sha2-256 of the bytes in the receipt"
BY_REPLAY = "ranking anew by whole numbers from the model's bytes and the history"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: held, did not, or None where it could not be checked. All else are sentences."""

    check: str
    ok: bool | None
    found: str
    expected: str
    rests_on: str


def replay(receipt: Receipt, opening: Sequence[Entry] | None = None) -> list[Finding]:
    """Every check that the receipt's own bytes allow, in order; `opening` opens a commitment."""
    entries = receipt.history if receipt.history is not None else opening
    findings = [_signed(receipt), _modelled(receipt), _committed(receipt, entries)]
    if all(finding.ok for finding in findings[1:]) and entries is not None:
        findings.append(_listed(receipt, entries))
    else:
        why = "no history to rank from" if entries is None else "a model or a history that does not hold"
        findings.append(Finding("list", None, why, "both, so that the list can be made again", BY_REPLAY))
    return findings


def is_held(findings: Sequence[Finding]) -> bool | None:
    """False where one did not hold; else None where one could not be checked; else True."""
    if any(finding.ok is False for finding in findings):
        return False
    return None if any(finding.ok is None for finding in findings) else True


def _signed(receipt: Receipt) -> Finding:
    device = receipt.statement.device
    try:
        keys.verify(device, DOMAIN + receipt.header, receipt.signature)
    except Refused as error:
        return Finding("signature", False, _found(error), f"one by the device {device.hex()[:16]}…", BY_SIGNATURE)
    whose = "" if receipt.statement.author is None else f" of the author {receipt.statement.author}"
    return Finding("signature", True, f"signed by the device {device.hex()[:16]}…{whose}", "a signature", BY_SIGNATURE)


def _modelled(receipt: Receipt) -> Finding:
    named = receipt.statement.model
    try:
        model = model_of(receipt)
    except Refused as error:
        return Finding("model", False, _found(error), f"the model {named}", BY_BYTES)
    told = f"{named}: {len(model.films):,} films, fitted on {model.records:,} ratings"
    return Finding("model", True, told, f"the model {named}", BY_BYTES)


def _committed(receipt: Receipt, entries: Sequence[Entry] | None) -> Finding:
    leaves = receipt.statement.leaves
    root = receipt.statement.root.hex()
    expected = f"{len(leaves)} ratings under the root {root[:16]}…"
    if entries is None:
        return Finding("history", None, "a commitment alone, not opened here", expected, BY_BYTES)
    if len(entries) != len(leaves):
        return Finding("history", False, f"{len(entries)} ratings", expected, BY_BYTES)
    for entry, leaf in zip(entries, leaves, strict=True):
        if entry.leaf != leaf:
            told = f"another rating of {entry.film[:80]} ({entry.stars} stars) than was committed to"
            return Finding("history", False, told, expected, BY_BYTES)
    if len({entry.film for entry in entries}) != len(entries):
        return Finding("history", False, "a film twice", expected, BY_BYTES)
    return Finding("history", True, f"{len(entries)} ratings, each as it was committed to", expected, BY_BYTES)


def _listed(receipt: Receipt, entries: Sequence[Entry]) -> Finding:
    told = receipt.statement
    listed = relist(model_of(receipt), entries, told.wishes, told.facts, told.limit)
    films = tuple((one.film, one.score, one.likes, one.by) for one in listed.films)
    expected = f"the {len(told.films)} films of the receipt, bit for bit"
    if films == told.films and listed.left_out == told.left_out:
        return Finding("list", True, f"the same {len(films)} films with the same scores", expected, BY_REPLAY)
    for place, (mine, theirs) in enumerate(zip(films, told.films, strict=False), 1):
        if mine != theirs:
            found = f"{mine[0]} with the score {mine[1]} in place {place}"
            return Finding("list", False, found, f"{theirs[0][:80]} with the score {theirs[1]}", BY_REPLAY)
    return Finding("list", False, f"{len(films)} films", expected, BY_REPLAY)


def _found(error: Refused) -> str:
    """What an error's sentence says was found."""
    return str(error).removeprefix("found ").partition(", expected")[0]
