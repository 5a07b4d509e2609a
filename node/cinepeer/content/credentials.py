"""Content credentials (C2PA 2): a sidecar that says which bytes, signed by whom, from which source, how made.

The same film, source, author and device give the same sidecar: nothing in it is chance or time. docs/ipfs.md says more.
"""

from __future__ import annotations

import datetime
import hashlib
import struct
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cinepeer.content.jumbf import box, described, linked_digest, parse_described, parse_plain
from cinepeer.errors import Refused
from cinepeer.records.cid import Cid
from cinepeer.records.dagcbor import Value, decode, encode
from cinepeer.records.keys import public_key, sign, verify

T = TypeVar("T")

NAME = "credentials.c2pa"
MAX_BYTES = 8 << 20

_OWN = "org.cinepeer.version"
_C2PA_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
# What a manifest inside the file itself, and an index behind it, would change: the standard has them left out.
_EXCLUSIONS: list[Value] = [
    {"xpath": "/uuid", "data": [{"offset": 8, "value": _C2PA_BOX}]},
    {"xpath": "/ftyp"},
    {"xpath": "/mfra"},
]
_EXCLUDED = (b"ftyp", b"mfra")
_FROM, _UNTIL = datetime.datetime(2020, 1, 1), datetime.datetime(2099, 1, 1)
_EDDSA = b"\xa2\x01\x27\x18\x21"  # a map of two: 1 (algorithm) is -8 (EdDSA), 33 (the chain) follows


@dataclass(frozen=True, slots=True)
class Statement:
    """What is signed: the film's bytes as one file, the source's digest, all files of the version, and the author."""

    film: bytes
    rendition: str
    source: bytes
    author: Cid
    files: Mapping[str, Cid]

    def own(self) -> dict[str, Value]:
        """What the project's own assertion holds."""
        return {
            "author": str(self.author),
            "source": {"alg": "sha256", "hash": self.source},
            "rendition": self.rendition,
            "files": {path: str(cid) for path, cid in self.files.items()},
        }


class FilmDigest:
    """The digest of an MP4 as C2PA hashes it (`c2pa.hash.bmff.v3`), from its pieces in order."""

    def __init__(self) -> None:
        self._sum = hashlib.sha256()
        self._at = 0  # in the file
        self._left = 0  # of the box that is being read
        self._is_counted = True
        self._head = b""

    def feed(self, data: bytes) -> None:
        """Takes the next bytes; raises `Refused` (`bad-credentials`) for boxes that make no sense."""
        view = memoryview(data)
        while view:
            if self._left == 0:
                needed = 16 if self._head[:4] == b"\0\0\0\1" else 8
                taken = bytes(view[: needed - len(self._head)])
                self._head += taken
                view = view[len(taken) :]
                if len(self._head) >= 8 and not (self._head[:4] == b"\0\0\0\1" and len(self._head) < 16):
                    self._begin()
                continue
            piece = view[: self._left]
            if self._is_counted:
                self._sum.update(piece)
            self._left -= len(piece)
            self._at += len(piece)
            view = view[len(piece) :]

    def _begin(self) -> None:
        """The head of a box is whole."""
        length, kind = struct.unpack(">I4s", self._head[:8])
        if length == 1:
            length = struct.unpack(">Q", self._head[8:])[0]
        if length < len(self._head):
            raise Refused("bad-credentials", f"found a box of {length} bytes in the film, expected whole boxes")
        self._is_counted = kind not in _EXCLUDED
        if self._is_counted:
            self._sum.update(struct.pack(">Q", self._at))
            self._sum.update(self._head)
        self._left = length - len(self._head)
        self._at += len(self._head)
        self._head = b""

    def digest(self) -> bytes:
        """Of all that was fed; raises `Refused` (`bad-credentials`) in the middle of a box."""
        if self._left or self._head:
            raise Refused("bad-credentials", "found a film that ends within a box, expected it whole")
        return self._sum.digest()


def write_credentials(statement: Statement, seed: bytes) -> bytes:
    """The sidecar, signed with the device's key."""
    certificate = _certificate(seed, statement.author)
    return _store(statement, certificate, lambda message: sign(seed, message))


def read_credentials(data: bytes) -> tuple[Statement, bytes]:
    """What a sidecar states, and the device's public key that signed it; raises `Refused` (`bad-credentials`).

    Only the form that `write_credentials` gives is read: every byte of it is made again and compared. Whether the key
    is one of the author's, and whether the files are those, is for the caller to check.
    """
    if len(data) > MAX_BYTES:
        raise Refused("bad-credentials", f"found {len(data):,} bytes of credentials, expected at most {MAX_BYTES:,}")
    letters, _, (manifest, *more) = _at_least(parse_described(data), 1)
    _, _, inner = _at_least(parse_described(manifest), 3)
    if letters != b"c2pa" or more or len(inner) != 3:
        raise Refused(
            "bad-credentials", "found another store, expected one manifest of assertions, claim and signature"
        )
    found = {label: decode(parse_plain(one, b"cbor")) for label, one in map(_assertion, parse_described(inner[0])[2])}
    sealed = parse_plain(_at_least(parse_described(inner[2]), 1)[2][0], b"cbor")
    statement = _stated(found)
    signature = sealed[-64:]
    certificate, public = _signer(sealed)
    if _store(statement, certificate, lambda _: signature) != data:
        raise Refused("bad-credentials", "found other credentials than their own statement gives, expected those")
    try:
        verify(public, _signed(_protected(certificate), _claim(statement, certificate)[0]), signature)
    except Refused as error:
        raise Refused("bad-credentials", f"{error}, in the content credentials") from error
    return statement, public


def _assertion(data: bytes) -> tuple[str, bytes]:
    _, label, inner = _at_least(parse_described(data), 1)
    return label, inner[0]


def _at_least(found: tuple[bytes, str, list[bytes]], count: int) -> tuple[bytes, str, list[bytes]]:
    if len(found[2]) < count:
        raise Refused("bad-credentials", f"found {len(found[2])} boxes in {found[1]!r}, expected {count}")
    return found


def _stated(found: Mapping[str, Value]) -> Statement:
    """The statement in the assertions, by label."""
    try:
        own = _of(dict, found[_OWN])
        source, files = _of(dict, own["source"]), _of(dict, own["files"])
        film = _of(bytes, _of(dict, found["c2pa.hash.bmff.v3"])["hash"])
        named = {path: Cid.parse(_of(str, cid)) for path, cid in files.items()}
        author = Cid.parse(_of(str, own["author"]))
        return Statement(film, _of(str, own["rendition"]), _of(bytes, source["hash"]), author, named)
    except (KeyError, TypeError) as error:
        raise Refused("bad-credentials", "found assertions of another form, expected those of a version") from error


def _of(kind: type[T], value: object) -> T:
    if not isinstance(value, kind):
        raise TypeError
    return value


def _store(statement: Statement, certificate: bytes, signed: Callable[[bytes], bytes]) -> bytes:
    claim, name, assertions = _claim(statement, certificate)
    protected = _protected(certificate)
    signature = signed(_signed(protected, claim))
    # A tagged COSE_Sign1: the protected header, no other one, the claim left out, the signature.
    sealed = b"\xd2\x84" + _octets(protected) + b"\xa0\xf6" + _octets(signature)
    manifest = described(
        b"c2ma",
        name,
        described(b"c2as", "c2pa.assertions", *assertions),
        described(b"c2cl", "c2pa.claim.v2", box(b"cbor", claim)),
        described(b"c2cs", "c2pa.signature", box(b"cbor", sealed)),
    )
    return described(b"c2pa", "c2pa", manifest)


def _claim(statement: Statement, certificate: bytes) -> tuple[bytes, str, list[bytes]]:
    """(claim, the manifest's name, assertions), the name being made of all that is claimed."""
    source = _named("c2pa.ingredient.v3", {"relationship": "parentOf", "dc:title": "source"})
    opened: Value = {"action": "c2pa.opened", "parameters": {"ingredients": [_link("c2pa.ingredient.v3", source)]}}
    actions = _named("c2pa.actions.v2", {"actions": [opened, {"action": "c2pa.transcoded"}]})
    own = _named(_OWN, statement.own())
    film: Value = {"exclusions": _EXCLUSIONS, "alg": "sha256", "hash": statement.film, "name": "jumbf manifest"}
    digest = _named("c2pa.hash.bmff.v3", film)
    names = {"c2pa.ingredient.v3": source, "c2pa.actions.v2": actions, _OWN: own, "c2pa.hash.bmff.v3": digest}
    seen = hashlib.sha256(certificate + b"".join(map(linked_digest, names.values()))).digest()
    name = f"urn:c2pa:{uuid.UUID(bytes=seen[:16], version=5)}"
    claim: dict[str, Value] = {
        "instanceID": f"xmp:iid:{uuid.UUID(bytes=seen[16:], version=5)}",
        "claim_generator_info": {"name": "Cinepeer"},
        "signature": f"self#jumbf=/c2pa/{name}/c2pa.signature",
        "created_assertions": [_link(label, one) for label, one in names.items()],
        "alg": "sha256",
    }
    return encode(claim), name, list(names.values())


def _named(label: str, value: Value) -> bytes:
    return described(b"cbor", label, box(b"cbor", encode(value)))


def _link(label: str, assertion: bytes) -> dict[str, Value]:
    return {"url": f"self#jumbf=c2pa.assertions/{label}", "hash": linked_digest(assertion)}


def _protected(certificate: bytes) -> bytes:
    return _EDDSA + _octets(certificate)


def _signed(protected: bytes, claim: bytes) -> bytes:
    """What COSE has signed (RFC 9052 §4.4)."""
    return encode(["Signature1", protected, b"", claim])


def _octets(data: bytes) -> bytes:
    return encode(data)


def _signer(sealed: bytes) -> tuple[bytes, bytes]:
    """The certificate in a signature box, and its public key."""
    try:
        start = sealed.index(_EDDSA) + len(_EDDSA)
        length = struct.unpack(">H", sealed[start + 1 : start + 3])[0]
        certificate = sealed[start + 3 : start + 3 + length]
        key = x509.load_der_x509_certificate(certificate).public_key()
    except (ValueError, struct.error) as error:
        raise Refused("bad-credentials", "found no certificate in the credentials, expected the signer's") from error
    if not isinstance(key, Ed25519PublicKey):
        raise Refused("bad-credentials", "found a key of another kind in the credentials, expected Ed25519")
    return certificate, key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _certificate(seed: bytes, author: Cid) -> bytes:
    """The device's own word for its key, as X.509: nobody vouches for it but the author's feed of records."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Cinepeer"),
            x509.NameAttribute(NameOID.COMMON_NAME, str(author)[:64]),
        ]
    )
    use = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    built = (
        x509.CertificateBuilder(name, name, key.public_key())
        .serial_number(int.from_bytes(hashlib.sha256(public_key(seed)).digest()[:16]) | 1)
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(use, True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), False)
    )
    return built.sign(key, None).public_bytes(Encoding.DER)
