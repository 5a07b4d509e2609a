"""Licensed films' files, sealed: AES-256-GCM under a key of each file's own, and what a version record says of it.

docs/licensed.md says what is sealed and why. Every file's key follows from the version's content key and the file's
path, so that no nonce can meet another one under the same key, whatever the nonces are.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cinepeer.errors import Refused
from cinepeer.records.cid import Cid
from cinepeer.records.dagcbor import Value
from cinepeer.records.forms import data, distinct, mapped, record_link, text

SCHEME = "cinepeer/sealed/1"
KEY_METHOD = "CINEPEER-SEALED-1"  # in playlists: other players stop at a method that they do not know
KEY_BYTES = 32
TAG_BYTES = 16
MAX_CUSTODIANS = 16

_DOMAIN = SCHEME.encode() + b"\0"
_NONCE_BYTES = 12
_NUMBERED = re.compile(r"([0-9]{1,9})\.[a-z0-9]{1,8}")
_NAMES = ("scheme", "key", "custodians")
_is_form = mapped(scheme=text(64), key=data(32), custodians=distinct(record_link, MAX_CUSTODIANS))
# What anybody may read: which files there are and how long they play, the poster, and who made them.
_OPEN = frozenset({"poster.jpg", "credentials.c2pa"})


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a version record says of a sealed version: the digest of its content key, and authors who keep that key."""

    commitment: bytes
    custodians: tuple[Cid, ...]

    def to_map(self) -> dict[str, Value]:
        """As the version record's field `sealed`."""
        return {"scheme": SCHEME, "key": self.commitment, "custodians": list(self.custodians)}


def sealed_of(fields: Mapping[str, Value]) -> Sealed | None:
    """What a version's body says in its field `sealed`, None without one.

    Raises `Refused` (`bad-form`, `unknown-scheme`) where it says something else: such a version plays nowhere, but its
    record holds, because what is valid does not change with what a reader knows.
    """
    said = fields.get("sealed")
    if "sealed" not in fields:
        return None
    if not _is_form(said) or not isinstance(said, dict) or len(said) != len(_NAMES):
        raise Refused("bad-form", f"found a version sealed as {said!r:.80}, expected a map of {', '.join(_NAMES)}")
    scheme, commitment, named = (said[name] for name in _NAMES)
    if scheme != SCHEME:
        raise Refused("unknown-scheme", f"found a version sealed by {scheme!r:.40}, expected {SCHEME}")
    custodians = named if isinstance(named, list) else []
    return Sealed(bytes(commitment), tuple(one for one in custodians if isinstance(one, Cid)))  # type: ignore[arg-type]


def content_key(secret: bytes, files: Iterable[tuple[str, bytes]]) -> bytes:
    """The content key (32 bytes) of a version, by its creator's `secret` and each file's path and sha256.

    The same films packaged again get the same key and so the same files; a single other byte gives another key, so
    that two plaintexts never stand under one.
    """
    whole = hashlib.sha256()
    for path, digest in sorted(files):
        name = path.encode()
        whole.update(len(name).to_bytes(4, "big") + name + digest)
    return _derive(secret, whole.digest(), b"content key")


def commitment_of(key: bytes) -> bytes:
    """The digest (32 bytes) by which a content key is known without being told."""
    return hashlib.sha256(_DOMAIN + b"commitment\0" + key).digest()


def verify_key(key: bytes, sealed: Sealed) -> None:
    """Raises `Refused` (`wrong-key`) unless this is the content key that the version's record commits to."""
    if len(key) != KEY_BYTES or commitment_of(key) != sealed.commitment:
        raise Refused("wrong-key", "found another key than the one that the version's record names, expected that one")


def is_sealed_path(path: str) -> bool:
    """Whether the file at `path` of a sealed version is sealed: all but playlists, the poster and the credentials."""
    return not path.endswith(".m3u8") and path not in _OPEN


def file_key(key: bytes, path: str) -> bytes:
    """The key (32 bytes) of the file at `path` of a version, by its content key."""
    return _derive(key, b"", b"file\0" + path.encode())


def nonce_of(path: str) -> bytes:
    """The nonce (12 bytes) of the file at `path`: the number of its segment from 1 on, 0 for a file without one."""
    numbered = _NUMBERED.fullmatch(posixpath.basename(path))
    return (int(numbered[1]) + 1 if numbered else 0).to_bytes(_NONCE_BYTES, "big")


def seal(key: bytes, path: str, plain: bytes) -> bytes:
    """The sealed file at `path`: its ciphertext and a tag of 16 bytes, bound to the content key and to the path."""
    return AESGCM(file_key(key, path)).encrypt(nonce_of(path), plain, _bound(key, path))


def unseal(key: bytes, path: str, sealed: bytes) -> bytes:
    """The plain file at `path`; raises `Refused` (`bad-seal`) for another key, another path or a changed byte."""
    try:
        return AESGCM(file_key(key, path)).decrypt(nonce_of(path), sealed, _bound(key, path))
    except InvalidTag:
        raise Refused("bad-seal", f"found {path} sealed otherwise, expected the film's key to open it") from None


def _bound(key: bytes, path: str) -> bytes:
    return _DOMAIN + commitment_of(key) + path.encode()


def _derive(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt, _DOMAIN + info).derive(key)
