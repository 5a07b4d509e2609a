"""The conversation about keys, `/cinepeer/keys/1`: deposits of creators and requests of licensees."""

from __future__ import annotations

from dataclasses import dataclass

from cinepeer.errors import Refused
from cinepeer.records import dagcbor, keys
from cinepeer.records.cid import Cid
from cinepeer.records.dagcbor import Value
from cinepeer.rights.fields import Fields
from cinepeer.rights.release import KeyRequest, encode_request, parse_request

PROTOCOL = "/cinepeer/keys/1"
MAX_FRAME_BYTES = 2_048

_DOMAIN = b"cinepeer/deposit/1\0"
_KEPT = {"kept": True}


@dataclass(frozen=True, slots=True)
class Deposit:
    """The key of a version, wrapped for a custodian's device, signed by a device of the version's author."""

    version: Cid
    custodian: bytes
    wrapped: bytes
    device: bytes
    signature: bytes


def deposit_context(version: Cid, custodian: bytes) -> bytes:
    """What the key of a version is wrapped for, when it is given to a custodian's device (32 bytes)."""
    return b"deposit\0" + bytes(version) + custodian


def sign_deposit(seed: bytes, version: Cid, custodian: bytes, wrapped: bytes) -> Deposit:
    """A deposit by the device of the 32-byte Ed25519 `seed`."""
    device = keys.public_key(seed)
    return Deposit(version, custodian, wrapped, device, keys.sign(seed, _message(version, custodian, wrapped)))


def verify_deposit(deposit: Deposit) -> None:
    """Raises `Refused` (`bad-signature`) unless its device signed it; whose device that is, the records say."""
    keys.verify(deposit.device, _message(deposit.version, deposit.custodian, deposit.wrapped), deposit.signature)


def encode_question(question: KeyRequest | Deposit) -> bytes:
    """A frame to a custodian."""
    if isinstance(question, KeyRequest):
        return dagcbor.encode({"request": encode_request(question)})
    fields: dict[str, Value] = {
        "version": question.version,
        "custodian": question.custodian,
        "wrapped": question.wrapped,
        "device": question.device,
        "signature": question.signature,
    }
    return dagcbor.encode({"deposit": fields})


def parse_question(data: bytes) -> KeyRequest | Deposit:
    """Reads a frame to a custodian; raises `Refused` (`bad-frame`) for anything that is no question."""
    try:
        if len(data) > MAX_FRAME_BYTES:
            raise Refused("bad-form", f"found {len(data)} bytes, expected at most {MAX_FRAME_BYTES}")
        said = dagcbor.decode(data)
        fields = Fields(said, "a question about a key")
        if isinstance(said, dict) and "request" in said:
            request = parse_request(fields.data("request"))
            fields.verify_end()
            return request
        deposit = _parse_deposit(Fields(fields.value("deposit"), "a deposit"))
        fields.verify_end()
        return deposit
    except Refused as error:
        raise Refused("bad-frame", f"{error} (a question about a key)") from error


def _parse_deposit(fields: Fields) -> Deposit:
    deposit = Deposit(
        fields.cid("version"),
        fields.data("custodian", 32),
        fields.data("wrapped", 80),
        fields.data("device", 32),
        fields.data("signature", 64),
    )
    fields.verify_end()
    return deposit


def encode_kept() -> bytes:
    """A custodian's word that it keeps what was deposited."""
    return dagcbor.encode(dict(_KEPT))


def parse_kept(data: bytes) -> None:
    """Raises `Refused` unless a custodian says that it keeps a deposit: its own refusal by its name, or `bad-form`."""
    said = dagcbor.decode(data)
    if said == _KEPT:
        return
    fields = Fields(said, "a custodian's answer")
    reason, sentence = fields.take("refused", str), fields.take("sentence", str)
    fields.verify_end()
    raise Refused(reason[:40], sentence[:400])


def _message(version: Cid, custodian: bytes, wrapped: bytes) -> bytes:
    return _DOMAIN + bytes(version) + custodian + wrapped
