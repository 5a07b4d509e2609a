"""Signed transactions that wait on the disk until their sequencer is there again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cinepeer.errors import BadInput, LimitReached
from cinepeer.rights.keccak import keccak

MAX_WAITING = 256
MAX_BYTES = 128 * 1024


class Outbox:
    """At most `MAX_WAITING` transactions, as hexadecimal, in the order in which they came."""

    def __init__(self, lines: Sequence[str], write: Callable[[Sequence[str]], None]) -> None:
        """`lines` are those of the last run; `write` puts all of them durably on the disk."""
        self._lines = [line for line in lines if line]
        self._write = write

    def __len__(self) -> int:
        return len(self._lines)

    def keep(self, raw: Any) -> str:
        """Keeps a signed transaction (`0x…`) and gives its hash; raises `BadInput` or `LimitReached`."""
        try:
            data = bytes.fromhex(str(raw).removeprefix("0x"))
        except ValueError:
            data = b""
        if not 0 < len(data) <= MAX_BYTES:
            raise BadInput(f"found {len(data)} bytes, expected a signed transaction of at most {MAX_BYTES}")
        line = "0x" + data.hex()
        if line not in self._lines:
            if len(self._lines) >= MAX_WAITING:
                raise LimitReached(f"found {len(self._lines)} transactions waiting, expected fewer than {MAX_WAITING}")
            self._write([*self._lines, line])
            self._lines.append(line)
        return "0x" + keccak(data).hex()

    def waiting(self) -> list[str]:
        """What waits, the first first."""
        return list(self._lines)

    def drop(self, raw: str) -> None:
        """Forgets one that was handed over."""
        left = [line for line in self._lines if line != raw]
        self._write(left)
        self._lines = left
