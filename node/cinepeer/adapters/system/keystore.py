"""Secrets of 32 bytes, each in a file of its own, sealed under a passphrase when the owner has one.

A file is `MAGIC`, its sort and its content. Plain: the secret and its sha256. Sealed: the cost and the salt of scrypt
(RFC 7914), a nonce, and AES-256-GCM over the secret with everything before it, and the name, as associated data; so a
changed byte or a swapped file never opens. All sealed files of one folder share a salt, so that opening them costs one
scrypt.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cinepeer.adapters.system.durable import in_words, write_whole
from cinepeer.errors import BadInput

SECRET_BYTES = 32

_MAGIC = b"cinepeer/key/1\0"
_PLAIN, _SEALED = b"p", b"s"
_SALT_BYTES, _NONCE_BYTES, _TAG_BYTES = 16, 12, 16
_START = len(_MAGIC) + 1
_PLAIN_BYTES = _START + 2 * SECRET_BYTES
_SEALED_BYTES = _START + 1 + _SALT_BYTES + _NONCE_BYTES + SECRET_BYTES + _TAG_BYTES
# log2 of scrypt's N with r = 8: 17 takes 128 MiB for a moment. A damaged file may not ask for more.
COST, LOWEST_COST, HIGHEST_COST = 17, 12, 18
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,95}")


def stretch(passphrase: bytes, salt: bytes, cost: int) -> bytes:
    """A key of 32 bytes by scrypt (RFC 7914) with r = 8; `cost` is log2 of its N and takes 2^cost KiB for a moment."""
    return hashlib.scrypt(passphrase, salt=salt, n=1 << cost, r=8, p=1, maxmem=(1 << cost) * 1040, dklen=32)


def has_sealed(folder: Path) -> bool:
    """Whether a secret in `folder` is sealed, so that its keystore needs the passphrase."""
    for path in folder.glob("*.key"):
        with path.open("rb") as file:
            if file.read(_START) == _MAGIC + _SEALED:
                return True
    return False


class Keystore:
    """The secrets of one home, by name. No secret is ever printed, logged or part of an error."""

    def __init__(self, folder: Path, passphrase: str | None = None, *, cost: int = COST) -> None:
        """Opens `folder` (made with mode 0700); with a passphrase, secrets that lie there in plain are sealed now.

        Raises `BadInput` when the passphrase is wrong, or missing where a secret is sealed. An empty one is none.
        """
        self._folder = folder
        self._passphrase = passphrase.encode() if passphrase else None
        self._cost = cost
        self._salt: bytes | None = None
        self._derived: dict[tuple[int, bytes], bytes] = {}
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise in_words(error, folder) from error
        self._check_and_seal()

    def __repr__(self) -> str:
        return f"Keystore({str(self._folder)!r}, encrypted={self.encrypted})"

    @property
    def encrypted(self) -> bool:
        """Whether the secrets are sealed at rest."""
        return self._passphrase is not None

    def names(self) -> list[str]:
        """The names of all secrets held, sorted."""
        return sorted(path.stem for path in self._folder.glob("*.key") if _NAME.fullmatch(path.stem))

    def secret(self, name: str) -> bytes:
        """The 32 bytes kept under `name`, made from the system's entropy the first time they are asked for."""
        path = self._path(name)
        if not path.exists():
            self._write(name, os.urandom(SECRET_BYTES))
        return self._read(name)

    def keep(self, name: str, secret: bytes) -> None:
        """Keeps a `secret` made elsewhere (from a phrase); raises `BadInput` when another one has that name."""
        if len(secret) != SECRET_BYTES:
            raise BadInput(f"found a secret of {len(secret)} bytes, expected {SECRET_BYTES}")
        if not self._path(name).exists():
            self._write(name, secret)
        elif self._read(name) != secret:
            raise BadInput(f"found another secret under the name {name!r} in {self._folder}, expected that name free")

    def _path(self, name: str) -> Path:
        """The file of `name`."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"found the key name {name!r}, expected lower-case letters, digits and hyphens")
        return self._folder / f"{name}.key"

    def _check_and_seal(self) -> None:
        """Opens every secret once, so that a wrong passphrase shows before a new secret is sealed under it."""
        plain = []
        for name in self.names():
            secret, sealed = self._open(name)
            if not sealed:
                plain.append((name, secret))
        if self.encrypted:
            for name, secret in plain:
                self._write(name, secret)

    def _read(self, name: str) -> bytes:
        """The secret in the file of `name`."""
        return self._open(name)[0]

    def _open(self, name: str) -> tuple[bytes, bool]:
        """The secret of `name`, and whether its file is sealed."""
        path = self._path(name)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise in_words(error, path) from error
        sort = data[len(_MAGIC) : _START]
        if data.startswith(_MAGIC) and sort == _PLAIN and len(data) == _PLAIN_BYTES:
            secret, check = data[_START : _START + SECRET_BYTES], data[_START + SECRET_BYTES :]
            if hashlib.sha256(secret).digest() == check:
                return secret, False
        if data.startswith(_MAGIC) and sort == _SEALED and len(data) == _SEALED_BYTES:
            return self._unseal(name, data), True
        raise BadInput(f"found the key file {path} damaged, expected it as it was written: restore it from a backup")

    def _unseal(self, name: str, data: bytes) -> bytes:
        """The secret in the sealed file `data`; raises `BadInput`."""
        path = self._path(name)
        if self._passphrase is None:
            raise BadInput(f"found {path} sealed, expected its passphrase in CINEPEER_PASSPHRASE")
        cost, salt = data[_START], data[_START + 1 : _START + 1 + _SALT_BYTES]
        body = _START + 1 + _SALT_BYTES + _NONCE_BYTES
        wrong = BadInput(
            f"found a passphrase that does not open {path}, expected the one it was sealed with and the file unchanged"
        )
        if not LOWEST_COST <= cost <= HIGHEST_COST:
            raise wrong
        nonce, sealed = data[body - _NONCE_BYTES : body], data[body:]
        try:
            secret = AESGCM(self._derive(cost, salt)).decrypt(nonce, sealed, data[:body] + name.encode())
        except InvalidTag:
            raise wrong from None
        if self._salt is None:
            self._salt, self._cost = salt, cost
        return secret

    def _write(self, name: str, secret: bytes) -> None:
        """Writes the file of `name`, sealed when there is a passphrase."""
        if self._passphrase is None:
            data = _MAGIC + _PLAIN + secret + hashlib.sha256(secret).digest()
        else:
            if self._salt is None:
                self._salt = os.urandom(_SALT_BYTES)
            head = _MAGIC + _SEALED + bytes((self._cost,)) + self._salt + (nonce := os.urandom(_NONCE_BYTES))
            data = head + AESGCM(self._derive(self._cost, self._salt)).encrypt(nonce, secret, head + name.encode())
        write_whole(self._path(name), data, mode=0o600)

    def _derive(self, cost: int, salt: bytes) -> bytes:
        """The AES key for `salt` (one scrypt each, then remembered)."""
        found = self._derived.get((cost, salt))
        if found is None:
            assert self._passphrase is not None
            found = self._derived[cost, salt] = stretch(self._passphrase, salt, cost)
        return found
