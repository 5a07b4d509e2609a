"""Licensed films: asks nodes for a version's key by a request that the licensee signs; no answer is believed."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cinepeer.content import wrapping
from cinepeer.content.cipher import MAX_CUSTODIANS, Sealed, sealed_of, verify_key
from cinepeer.errors import BadInput, CheckFailed, CinepeerError, Refused, Unreachable
from cinepeer.rights.deployment import ContractSet
from cinepeer.rights.licences import medium_bit
from cinepeer.rights.release import Release, parse_release, request_context, request_text, sign_request
from cinepeer.rights.territories import territory_bit
from cinepeer_client.fetch import Nodes, Source, Unavailable
from cinepeer_client.films import Version

MAX_ANSWER_BYTES = 64 << 10
NAMES = ("TitleRegistry", "Licences", "Disputes", "Anchors")
WORDS = (12, 15, 18, 21, 24)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who watches: the key of an account on the ledger (32 bytes), where, and in which medium."""

    account: bytes
    territory: str
    medium: str


@dataclass(frozen=True, slots=True)
class Unlocked:
    """A version's key, what its custodian said of the licence, and who gave it: a node's address or an author."""

    key: bytes
    release: Release
    giver: str

    def shown(self) -> dict[str, Any]:
        """What may be told of it: all but the key."""
        entry = self.release.entry
        return {
            "giver": self.giver,
            "reason": self.release.reason,
            "block": self.release.block,
            "entry": None if entry is None else {"block": entry[0], "log": entry[1]},
        }


def viewer_of(account: Path | None, territory: str | None, medium: str) -> Viewer | None:
    """Who watches, by a file with the account's key; None where nobody is named. Raises `BadInput` for half of it."""
    if account is None:
        return None
    if territory is None:
        raise BadInput("found an account and no territory, expected where the film is watched: --territory DE")
    territory_bit(territory), medium_bit(medium)
    return Viewer(read_account(account), territory, medium)


def read_account(path: Path) -> bytes:
    """The account's key (32 bytes) in a file: 64 hexadecimal digits, or the words of a phrase; raises `BadInput`."""
    try:
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"found {path} unreadable ({error}), expected an account's key in it") from error
    words = text.split()
    if len(words) in WORDS and all(word.isalpha() for word in words):
        from cinepeer.rights.wallet import account_key

        return account_key(" ".join(words))
    try:
        key = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        key = b""
    if len(key) != 32 or not any(key):
        raise BadInput(f"found something else in {path}, expected 64 hexadecimal digits or the words of a phrase")
    return key


def sealing_of(version: Version) -> Sealed | None:
    """How a version is sealed, None for an open one; raises `CheckFailed` for a way that is not known here."""
    try:
        return sealed_of(version.sealing)
    except Refused as error:
        raise CheckFailed(str(error)) from error


def unlock(nodes: Nodes, version: Version, viewer: Viewer | None, now_s: int) -> Unlocked | None:
    """The key of a sealed version, None for an open one.

    Raises `BadInput` without a viewer or where the custodians refuse the licence, `CheckFailed` where a node gave
    another key, and `Unreachable` where none that was named has the key.
    """
    sealed = sealing_of(version)
    if sealed is None:
        return None
    if viewer is None:
        raise BadInput(
            "found a licensed film, expected who watches it: --account FILE with the licensee's key, and --territory"
        )
    refusals: list[Refused] = []
    reasons: list[str] = []
    for source in (one for one in nodes.sources if one.trusted_to_ask):
        try:
            return _ask(source, version, sealed, viewer, now_s)
        except Unavailable as error:
            reasons.append(f"{source.url}: {error}")
        except Refused as error:
            if error.reason in ("wrong-key", "bad-wrapping", "bad-form", "not-canonical"):
                nodes.blame(source, error)
            refusals.append(error)
    raise _why(refusals, reasons, bool(nodes.lies))


def unlock_by(ask: Callable[[dict[str, Any]], Mapping[str, Any]], version: Version, sealed: Sealed) -> Unlocked:
    """The key of a sealed version by a node that signs the request itself: `ask` gives its answer as JSON.

    A custodian that gives another key is left out of the next question. Raises `CheckFailed` where no answer holds, and
    whatever `ask` raises as long as nobody lied.
    """
    private = secrets.token_bytes(32)
    agreement = wrapping.agreement_key(private)
    wish: dict[str, Any] = {"version": str(version.id), "agreement": agreement.hex()}
    liars: list[str] = []
    lie: Exception | None = None
    while True:
        try:
            told = ask({**wish, **({"without": liars} if liars else {})})
        except CinepeerError as error:
            if lie is None:
                raise
            raise CheckFailed(f"found that {liars[-1]} gave another key ({lie}), and of the others: {error}") from error
        try:
            entry = told["entry"] and (int(told["entry"]["block"]), int(told["entry"]["log"]))
            release = Release(bytes.fromhex(told["wrapped"]), int(told["block"]), str(told["reason"]), entry)
            key = wrapping.unwrap(release.wrapped, private, request_context(version.id, agreement))
            verify_key(key, sealed)
        except (Refused, KeyError, TypeError, ValueError) as error:
            lie, liar = error, str(told.get("custodian", ""))
            if not liar or liar in liars or len(liars) == MAX_CUSTODIANS:
                raise CheckFailed(f"found no key in the node's answer ({error}), expected the film's") from error
            liars.append(liar)
            continue
        return Unlocked(key, release, str(told.get("custodian", "")))


def _ask(source: Source, version: Version, sealed: Sealed, viewer: Viewer, now_s: int) -> Unlocked:
    """One node's key, checked against what the version's record commits to."""
    contracts = _contracts(source)
    private = secrets.token_bytes(32)
    agreement = wrapping.agreement_key(private)
    asked = (version.id, agreement, viewer.territory, viewer.medium, now_s)
    request = sign_request(viewer.account, contracts, *asked)
    answer = source.get(f"/api/custody/releases/{request_text(request)}", MAX_ANSWER_BYTES)
    release = parse_release(answer)
    key = wrapping.unwrap(release.wrapped, private, request_context(version.id, agreement))
    verify_key(key, sealed)
    return Unlocked(key, release, source.url)


def _contracts(source: Source) -> ContractSet:
    """The contracts that a node reads; whoever lies here gets a signature that is good nowhere."""
    try:
        told = json.loads(source.get("/api/ledger", MAX_ANSWER_BYTES))
        chain, named = told["chain_id"], told["contracts"]
        titles, licences, disputes, anchors = (bytes.fromhex(named[name].removeprefix("0x")) for name in NAMES)
        if type(chain) is not int or not 0 <= chain < 1 << 53 or {*map(len, (titles, licences))} != {20}:
            raise ValueError
        return ContractSet(chain, titles, licences, disputes, anchors)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Refused("bad-form", "found no contracts in what a node tells of its ledger, expected four") from None


def _why(refusals: list[Refused], reasons: list[str], has_lied: bool) -> CinepeerError:
    for refused in refusals:
        if refused.reason in ("no-licence", "stale"):
            return BadInput(str(refused))
    if has_lied:
        return CheckFailed(f"found no key that holds ({refusals[-1]}), expected one from an honest custodian")
    told = "; ".join([*map(str, refusals), *reasons]) or "no node is left"
    return Unreachable(f"found no custodian of this film among the nodes ({told}), expected one: name another --node")
