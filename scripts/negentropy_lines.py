"""The lines of scripts/negentropy: item, seal, initiate and msg on stdin; msg, have, need and done on stdout."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "node"))

from cinepeer.errors import BadInput, CinepeerError
from cinepeer.replication.fingerprints import SealedSet
from cinepeer.replication.reconcile import Initiator, Responder


class Conversation:
    """One side: items until the seal, then either role."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._items: list[tuple[int, bytes]] = []
        self._sealed: SealedSet | None = None
        self._initiator: Initiator | None = None

    def answer(self, line: str) -> list[str]:
        """The lines that answer one line; raises `BadInput` or `Refused` for one that is malformed or out of place."""
        match line.split(","):
            case ["item", time, item_id] if self._sealed is None:
                self._items.append((_time(time), _bytes(item_id.strip(), 32)))
                return []
            case ["seal"] if self._sealed is None:
                self._sealed = SealedSet(self._items)
                self._items = []
                return []
            case ["initiate"] if self._sealed is not None and self._initiator is None:
                self._initiator = Initiator(self._sealed, self._limit_bytes)
                return [f"msg,{self._initiator.open().hex()}"]
            case ["msg", frame] if self._sealed is not None:
                return self._message(self._sealed, _bytes(frame.strip()))
        raise BadInput(
            f"found the line {line[:80]!r}, expected item,TIME,ID before seal, then initiate once or msg,FRAME"
        )

    def _message(self, items: SealedSet, frame: bytes) -> list[str]:
        if self._initiator is None:
            return [f"msg,{Responder(items, self._limit_bytes).answer(frame).hex()}"]
        found = self._initiator.answer(frame)
        last = "done" if found.frame is None else f"msg,{found.frame.hex()}"
        return [*(f"have,{one.hex()}" for one in found.have), *(f"need,{one.hex()}" for one in found.need), last]


def _time(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 20):
        raise BadInput(f"found the time {text[:80]!r}, expected a whole number below 2^64 - 1")
    return int(text)


def _bytes(text: str, size: int | None = None) -> bytes:
    expected = "hex digits" if size is None else f"{size * 2} hex digits"
    try:
        found = bytes.fromhex(text)
    except ValueError:
        raise BadInput(f"found {text[:80]!r}, expected {expected}") from None
    if len(found) * 2 != len(text) or size not in (None, len(found)):
        raise BadInput(f"found {text[:80]!r}, expected {expected}")
    return found


def main() -> int:
    """Answers line by line until stdin ends; 2 after one sentence on stderr for a line that is malformed."""
    limit = os.environ.get("FRAMESIZELIMIT", "").strip() or "0"
    try:
        if not (limit.isascii() and limit.isdecimal()):
            raise BadInput(f"found FRAMESIZELIMIT={limit}, expected a number of bytes, or 0 for none")
        conversation = Conversation(int(limit))
        Responder(SealedSet(()), int(limit))
        for line in sys.stdin:
            if line.strip():
                for answer in conversation.answer(line.strip()):
                    print(answer, flush=True)
    except CinepeerError as problem:
        print(problem, file=sys.stderr)
        return 2
    except BrokenPipeError:
        # Whoever drove us is gone; nothing is left to flush to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
