"""Asking for the key of a licensed film: the request that a licensee's account signs, and what a custodian decides."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import Cid
from cinepeer.records.dagcbor import Value
from cinepeer.rights import signatures
from cinepeer.rights.abi import word
from cinepeer.rights.deployment import ContractSet
from cinepeer.rights.events import Entry
from cinepeer.rights.fields import Fields
from cinepeer.rights.inspection import moment
from cinepeer.rights.keccak import keccak
from cinepeer.rights.licences import FOREVER, Answer, can_show, may_keep, medium_bit, medium_names
from cinepeer.rights.state import Licence, State
from cinepeer.rights.territories import territory_bit

MAX_REQUEST_BYTES = 1_024
FRESH_S = 600
"""How far a request's time may lie from the custodian's own clock."""

_TYPE = keccak(b"KeyRequest(bytes version,bytes32 agreement,string territory,string medium,uint256 time)")


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """Who wants the key of a version: to which X25519 key (32 bytes), for which place, medium and time (seconds).

    `signature` is the account's (65 bytes) over the EIP-712 digest of the rest.
    """

    version: Cid
    agreement: bytes
    account: bytes
    territory: str
    medium: str
    time: int
    signature: bytes

    @property
    def context(self) -> bytes:
        """What the key is wrapped for, so that an answer to another question opens nothing."""
        return request_context(self.version, self.agreement)


def request_context(version: Cid, agreement: bytes) -> bytes:
    """What the key of a version is wrapped for, when it is released to an X25519 key."""
    return b"release\0" + bytes(version) + agreement


def request_digest(
    contracts: ContractSet, version: Cid, agreement: bytes, territory: str, medium: str, time: int
) -> bytes:
    """What the account signs (EIP-712, domain `CinepeerKeys` of the network's licences contract): 32 bytes."""
    separator = signatures.domain("CinepeerKeys", contracts.chain_id, contracts.licences)
    fields = (keccak(bytes(version)), agreement, keccak(territory.encode()), keccak(medium.encode()))
    return signatures.typed_digest(separator, keccak(_TYPE, *fields, word("uint256", time)))


def sign_request(
    key: bytes, contracts: ContractSet, version: Cid, agreement: bytes, territory: str, medium: str, time: int
) -> KeyRequest:
    """A request by the account of the secp256k1 `key` (32 bytes); raises `BadInput` for no territory or medium."""
    territory_bit(territory), medium_bit(medium)
    signature = signatures.sign(key, request_digest(contracts, version, agreement, territory, medium, time))
    return KeyRequest(version, agreement, signatures.address_of(key), territory, medium, time, signature)


def verify_request(request: KeyRequest, contracts: ContractSet, now: int) -> None:
    """Raises `Refused` (`stale`, `bad-signature`) unless its account signed it for this network, a short while ago."""
    if abs(now - request.time) > FRESH_S:
        raise Refused("stale", f"found a request of {moment(request.time)}, expected one of the last {FRESH_S} seconds")
    parts = (request.version, request.agreement, request.territory, request.medium, request.time)
    signer = signatures.recover(request_digest(contracts, *parts), request.signature)
    if signer != request.account:
        raise Refused(
            "bad-signature",
            f"found the signature of 0x{signer.hex()}, expected that of 0x{request.account.hex()} for this network",
        )


def encode_request(request: KeyRequest) -> bytes:
    """A request as DAG-CBOR."""
    fields: dict[str, Value] = {
        "version": request.version,
        "agreement": request.agreement,
        "account": request.account,
        "territory": request.territory,
        "medium": request.medium,
        "time": request.time,
        "signature": request.signature,
    }
    return dagcbor.encode(fields)


def parse_request(data: bytes) -> KeyRequest:
    """Reads a request; raises `Refused` (`bad-form`, `not-canonical`), also for a territory or medium too long."""
    if len(data) > MAX_REQUEST_BYTES:
        raise Refused("bad-form", f"found a request of {len(data)} bytes, expected at most {MAX_REQUEST_BYTES}")
    fields = Fields.of(data, "a request for a key")
    request = KeyRequest(
        fields.cid("version"),
        fields.data("agreement", 32),
        fields.data("account", 20),
        fields.take("territory", str),
        fields.take("medium", str),
        fields.number("time"),
        fields.data("signature", 65),
    )
    fields.verify_end()
    return request


def request_text(request: KeyRequest) -> str:
    """A request as it stands in a path: DAG-CBOR in unpadded base64url. Nothing in it is secret."""
    return base64.urlsafe_b64encode(encode_request(request)).rstrip(b"=").decode()


def parse_request_text(text: str) -> KeyRequest:
    """Reads `request_text`; raises `Refused` (`bad-form`, `not-canonical`)."""
    try:
        data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise Refused("bad-form", f"found the request {text[:40]!r}, expected base64url") from None
    return parse_request(data)


def decide(state: State, title: bytes, request: KeyRequest) -> Answer:
    """
    Whether the account of a request may have the key now, by the ledger's state. What is refused says why: the title
    is closed, or the account's own licences are over, taken back, of another place or medium, or there are none.
    Raises `BadInput` for an unknown territory or medium.
    """
    answer = can_show(state, title, request.territory, request.medium, request.time, request.account)
    own = [one for one in state.licences if one.title == title and one.licensee == request.account]
    if answer.allowed:
        until = [one.end for one in own if one.entry == answer.entry]
        return Answer(True, _until(until[0]), answer.entry) if until else answer
    if title not in state.titles or not may_keep(state, title).allowed:
        return answer
    whys = [why for one in own if (why := _why_not(state, one, request))]
    if not whys:
        account = f"0x{request.account.hex()}"
        return Answer(False, f"found no licence of {account} for this film, expected one bought for that very account")
    worst = max(whys, key=lambda why: why[0])
    return Answer(False, worst[1], worst[2].entry)


def _until(end: int) -> str:
    return "licensed without end" if end >= FOREVER else f"licensed until {moment(end)}"


def _why_not(state: State, licence: Licence, request: KeyRequest) -> tuple[int, str, Licence] | None:
    """Why a licence does not cover a request, and how near it comes to covering it."""
    offer = state.offers[licence.offer]
    if licence.revoked:
        return 1, "found the licence taken back by its licensor, expected one that stands", licence
    if not offer.territory & territory_bit(request.territory):
        return 2, f"found the licence without {request.territory}, expected one for that territory", licence
    if not offer.media & medium_bit(request.medium):
        media = ", ".join(medium_names(offer.media))
        return 3, f"found the licence for {media}, expected one for {request.medium}", licence
    if request.time > licence.end:
        return 4, f"found the licence over since {moment(licence.end)}, expected one that still runs", licence
    if request.time < licence.start:
        return 5, f"found the licence to begin on {moment(licence.start)}, expected one that runs already", licence
    return None


@dataclass(frozen=True, slots=True)
class Release:
    """A custodian's answer: the key wrapped for the one who asked, and what decided at which block."""

    wrapped: bytes
    block: int
    reason: str
    entry: tuple[int, int] | None  # block and place in it of the ledger's entry

    @classmethod
    def of(cls, wrapped: bytes, block: int, answer: Answer) -> Release:
        """The answer to a request that was allowed."""
        return cls(wrapped, block, answer.reason, _place(answer.entry))


def encode_release(release: Release) -> bytes:
    """A release as DAG-CBOR."""
    entry: Sequence[int] | None = release.entry
    fields: dict[str, Value] = {
        "wrapped": release.wrapped,
        "block": release.block,
        "reason": release.reason,
        "entry": None if entry is None else list(entry),
    }
    return dagcbor.encode(fields)


def encode_refusal(refused: Refused) -> bytes:
    """A refusal by name as DAG-CBOR."""
    return dagcbor.encode({"refused": refused.reason, "sentence": str(refused)})


def parse_release(data: bytes) -> Release:
    """Reads a custodian's answer; raises `Refused`: its own refusal by its name, or `bad-form`, `not-canonical`."""
    fields = Fields.of(data, "a custodian's answer")
    said = dagcbor.decode(data)
    if isinstance(said, dict) and "refused" in said:
        reason, sentence = fields.take("refused", str), fields.take("sentence", str)
        fields.verify_end()
        raise Refused(reason[:40], sentence[:400])
    release = Release(
        fields.data("wrapped", 80), fields.number("block"), fields.take("reason", str), _parse_place(fields)
    )
    fields.verify_end()
    return release


def _place(entry: Entry | None) -> tuple[int, int] | None:
    return None if entry is None else (entry.block, entry.log.index)


def _parse_place(fields: Fields) -> tuple[int, int] | None:
    found = fields.value("entry")
    if found is None:
        return None
    if isinstance(found, list) and len(found) == 2:
        block, index = found
        if type(block) is int and type(index) is int and block >= 0 and index >= 0:
            return block, index
    raise Refused("bad-form", "found an entry that is no place in the ledger, expected block and number")
