"""A sealed stream: one file under a passphrase, or in plain with checksums, that shows every change and every cut.

`MAGIC` and its sort; sealed, the cost and salt of scrypt and the begin of all nonces. Then frames: whether it is the
last (1 byte), its size (4 bytes), its bytes, and a tag of 16 bytes: of AES-256-GCM with everything before the frames
and the frame's head as associated data, its number in the nonce (STREAM, Hoang et al. 2015); in plain, of sha2-256.
"""

from __future__ import annotations

import hashlib
import os
from typing import BinaryIO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cinepeer.adapters.system.keystore import COST, HIGHEST_COST, LOWEST_COST, stretch
from cinepeer.errors import BadInput

MAGIC = b"cinepeer/backup/1\n"
FRAME_BYTES = 1 << 20

_PLAIN, _SEALED = b"p", b"s"
_SALT_BYTES, _PREFIX_BYTES, _TAG_BYTES, _SIZE_BYTES = 16, 8, 16, 4


class _Tagging(Protocol):
    """How a frame is written and read."""

    def close(self, number: int, head: bytes, data: bytes) -> bytes: ...
    def open(self, number: int, head: bytes, data: bytes) -> bytes: ...


class _Plain:
    def close(self, number: int, head: bytes, data: bytes) -> bytes:
        return data + hashlib.sha256(number.to_bytes(8, "big") + head + data).digest()[:_TAG_BYTES]

    def open(self, number: int, head: bytes, data: bytes) -> bytes:
        inner = data[:-_TAG_BYTES]
        if self.close(number, head, inner) != data:
            raise BadInput("found bytes of the backup changed, expected the file as it was written")
        return inner


class _Sealed:
    def __init__(self, begin: bytes, passphrase: bytes) -> None:
        """`begin` is everything before the frames."""
        cost, salt = begin[len(MAGIC) + 1], begin[-_SALT_BYTES - _PREFIX_BYTES : -_PREFIX_BYTES]
        if not LOWEST_COST <= cost <= HIGHEST_COST:
            raise BadInput(f"found the cost {cost} in the backup, expected {LOWEST_COST} to {HIGHEST_COST}")
        self._begin = begin
        self._prefix = begin[-_PREFIX_BYTES:]
        self._key = AESGCM(stretch(passphrase, salt, cost))

    def close(self, number: int, head: bytes, data: bytes) -> bytes:
        return self._key.encrypt(self._nonce(number), data, self._begin + head)

    def open(self, number: int, head: bytes, data: bytes) -> bytes:
        try:
            return self._key.decrypt(self._nonce(number), data, self._begin + head)
        except InvalidTag:
            raise BadInput(
                "found a passphrase that does not open the backup, or bytes of it changed, "
                "expected the one it was made with and the file as it was written"
            ) from None

    def _nonce(self, number: int) -> bytes:
        return self._prefix + number.to_bytes(12 - _PREFIX_BYTES, "big")


class SealedWriter:
    """Writes to `file`; what is not ended by `finish` will not be read."""

    def __init__(
        self, file: BinaryIO, passphrase: str | None, *, cost: int = COST, frame_bytes: int = FRAME_BYTES
    ) -> None:
        """Without a passphrase the stream is plain."""
        self._file = file
        self._frame_bytes = frame_bytes
        self._waiting = bytearray()
        self._number = 0
        self._tagging: _Tagging
        if passphrase is None:
            begin, self._tagging = MAGIC + _PLAIN, _Plain()
        else:
            begin = MAGIC + _SEALED + bytes((cost,)) + os.urandom(_SALT_BYTES) + os.urandom(_PREFIX_BYTES)
            self._tagging = _Sealed(begin, passphrase.encode())
        file.write(begin)

    def write(self, data: bytes) -> int:
        """Takes more bytes."""
        self._waiting += data
        while len(self._waiting) > self._frame_bytes:
            self._frame(bytes(self._waiting[: self._frame_bytes]), is_last=False)
            del self._waiting[: self._frame_bytes]
        return len(data)

    def finish(self) -> None:
        """Ends the stream."""
        self._frame(bytes(self._waiting), is_last=True)

    def _frame(self, data: bytes, is_last: bool) -> None:
        head = bytes((is_last,)) + len(data).to_bytes(_SIZE_BYTES, "big")
        self._file.write(head + self._tagging.close(self._number, head, data))
        self._number += 1


class SealedReader:
    """Reads what `SealedWriter` wrote; every byte that it gives is checked. Raises `BadInput`."""

    def __init__(self, file: BinaryIO) -> None:
        """Reads as far as the sort; a sealed one needs `unseal` before the first `read`."""
        if file.read(len(MAGIC)) != MAGIC or (sort := file.read(1)) not in (_PLAIN, _SEALED):
            raise BadInput("found something else, expected a file that `cinepeer backup` made")
        self._file = file
        self._waiting = b""
        self._number = 0
        self._is_ended = False
        self.is_sealed = sort == _SEALED
        self._tagging: _Tagging | None = None if self.is_sealed else _Plain()

    def unseal(self, passphrase: str) -> None:
        """Takes the passphrase of a sealed stream and tries it on the first frame."""
        begin = MAGIC + _SEALED + self._exactly(1 + _SALT_BYTES + _PREFIX_BYTES)
        self._tagging = _Sealed(begin, passphrase.encode())
        self._waiting = self._frame()

    def read(self, size: int) -> bytes:
        """The next `size` bytes; fewer only at the end."""
        found = bytearray(self._waiting[:size])
        self._waiting = self._waiting[size:]
        while len(found) < size and not self._is_ended:
            frame = self._frame()
            wanted = size - len(found)
            found += frame[:wanted]
            self._waiting = frame[wanted:]
        return bytes(found)

    def finish(self) -> None:
        """Reads to the end, so that nothing after it and nothing missing goes unseen."""
        while not self._is_ended:
            self._frame()
        if self._file.read(1):
            raise BadInput("found bytes after the end of the backup, expected none")

    def _frame(self) -> bytes:
        assert self._tagging is not None
        head = self._exactly(1 + _SIZE_BYTES)
        size = int.from_bytes(head[1:], "big")
        if head[0] > 1 or size > FRAME_BYTES:
            raise BadInput("found bytes of the backup changed, expected the file as it was written")
        data = self._tagging.open(self._number, head, self._exactly(size + _TAG_BYTES))
        self._number += 1
        self._is_ended = head[0] == 1
        return data

    def _exactly(self, size: int) -> bytes:
        data = self._file.read(size)
        if len(data) != size:
            raise BadInput("found the backup cut off, expected the file whole")
        return data
