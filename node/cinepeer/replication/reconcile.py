"""Set reconciliation by negentropy protocol v1: which ids each of two sides lacks, in few and small frames.

The side that opens learns both differences; the other side only answers. Where the two fingerprints of a range differ,
the range is split in sixteen, and a small one is listed. The transport bounds the frames that come in.
"""

from __future__ import annotations

from dataclasses import dataclass

from cinepeer.errors import BadInput, Refused
from cinepeer.replication.fingerprints import SealedSet
from cinepeer.replication.ranges import (
    END,
    ID_BYTES,
    VERSION,
    Bound,
    Frame,
    Mode,
    Range,
    is_other_version,
    key_bound,
    parse_ranges,
)

BUCKETS = 16
# A range of this many items with one or two differences costs less in 32 parts: its lists, which come next, are halved.
FINE_BUCKETS = 32
FINE_ITEMS = range(352, 2 * BUCKETS * BUCKETS)
MIN_FRAME_BYTES = 4096
RESERVE_BYTES = 200
MAX_ROUNDS = 1 << 16
MAX_NEEDED = 1 << 22
MAX_TAUGHT = 1 << 62


@dataclass(frozen=True, slots=True)
class Found:
    """What one answer taught: ids only we have, ids only they have, and the next frame, or none when all is known.

    When it is cut, there were more ids of ours than one answer may teach; another reconciliation finds the rest.
    """

    have: tuple[bytes, ...]
    need: tuple[bytes, ...]
    frame: bytes | None
    is_cut: bool = False


class Initiator:
    """The side that opens: it learns what each side lacks, and names every id once."""

    def __init__(
        self,
        items: SealedSet,
        frame_limit_bytes: int = 0,
        *,
        max_rounds: int = MAX_ROUNDS,
        max_needed: int = MAX_NEEDED,
        max_taught: int = MAX_TAUGHT,
    ) -> None:
        """`frame_limit_bytes` is 0 for none, or at least 4096; raises `BadInput` else.

        The bounds on answers and on ids that are needed hold against a peer that never comes to an end; `max_taught`
        is how many ids of ours one answer may teach, however many it says that the other side lacks.
        """
        self._items = items
        self._limit_bytes = _checked_limit(frame_limit_bytes)
        self._max_rounds = max_rounds
        self._max_needed = max_needed
        self._max_taught = max_taught
        self._have: set[bytes] = set()
        self._need: set[bytes] = set()
        self.reached = Bound(0)  # up to where ids were listed
        self.rounds = 0

    def open(self, begin: Bound | None = None) -> bytes:
        """The first frame; with `begin` nothing below it is looked at."""
        turn = _Turn(self._items, self._limit_bytes)
        first = 0
        if begin is not None:
            first = self._items.index(begin)
            turn.skip(first, begin)
        turn.split(first, len(self._items), END)
        return bytes(turn.frame)

    def answer(self, frame: bytes) -> Found:
        """What an answer taught and the next question; raises `Refused`, with nothing kept, for one that is malformed.

        Also refused: more answers or more needed ids than the bounds given at the start.
        """
        if is_other_version(frame):
            raise Refused("other-version", f"found version {frame[0] - 0x60} of the protocol, expected 1")
        if self.rounds >= self._max_rounds:
            raise Refused("too-many-rounds", f"found no end after {self.rounds} answers")
        have: dict[bytes, None] = {}
        need: dict[bytes, None] = {}

        def compare(stated: Range, begin: int, end: int) -> bool:
            theirs = dict.fromkeys(stated.ids)
            room = self._max_taught - len(have) + len(theirs)
            ours = self._items.ids(begin, min(end, begin + room))
            have.update(dict.fromkeys([one for one in ours if one not in theirs and one not in self._have]))
            if end - begin > room:
                self._reach(key_bound(self._items[begin + room]))
                return False
            here = set(ours)
            need.update(dict.fromkeys([one for one in theirs if one not in here and one not in self._need]))
            if len(need) + len(self._need) > self._max_needed:
                raise Refused("too-many-ids", f"found more than {self._max_needed} ids that are not held here")
            return True

        turn = _Turn(self._items, self._limit_bytes, is_fine=not self._limit_bytes and self._is_scattered(frame))
        begin = 0
        is_cut = False
        for stated in parse_ranges(frame):
            end = self._items.index(stated.bound, begin)
            if stated.mode is Mode.IDS:
                if end - begin > self._max_taught - len(have) + len(stated.ids) and not turn.frame.is_empty:
                    turn.close()  # what comes before it is to be known first: others stand on it
                    break
                if not compare(stated, begin, end):
                    is_cut = True
                    break
                turn.skip(end, stated.bound)
                self._reach(stated.bound)
            elif not turn.meet(stated, begin, end):
                break
            begin = end
        self.rounds += 1
        self._have |= have.keys()
        self._need |= need.keys()
        is_over = is_cut or turn.frame.is_empty
        return Found(tuple(have), tuple(need), None if is_over else bytes(turn.frame), is_cut)

    def _reach(self, bound: Bound) -> None:
        self.reached = max(self.reached, bound, key=lambda one: one.key)

    def _is_scattered(self, frame: bytes) -> bool:
        """Whether many ranges differ and many do not, so that one that differs holds one or two differences."""
        if len(self._items) < FINE_ITEMS.start:
            return False
        equal = different = begin = 0
        for stated in parse_ranges(frame):
            end = self._items.index(stated.bound, begin)
            if stated.mode is Mode.FINGERPRINT:
                is_equal = stated.digest == self._items.fingerprint(begin, end)
                equal, different = equal + is_equal, different + (not is_equal)
            begin = end
        return different >= BUCKETS and equal * 3 >= different * 2


class Responder:
    """The side that answers each frame with one frame, and keeps nothing between them."""

    def __init__(self, items: SealedSet, frame_limit_bytes: int = 0) -> None:
        """`frame_limit_bytes` is 0 for none, or at least 4096; raises `BadInput` else."""
        self._items = items
        self._limit_bytes = _checked_limit(frame_limit_bytes)

    def answer(self, frame: bytes) -> bytes:
        """The answer; to another version of the protocol our version alone. Raises `Refused` for a malformed frame."""
        if is_other_version(frame):
            return bytes([VERSION])
        turn = _Turn(self._items, self._limit_bytes)
        begin = 0
        for stated in parse_ranges(frame):
            end = self._items.index(stated.bound, begin)
            if stated.mode is Mode.IDS:
                if not turn.list_ids(begin, end, stated.bound):
                    break
            elif not turn.meet(stated, begin, end):
                break
            begin = end
        return bytes(turn.frame)


class _Turn:
    """One frame in the making; each step is false once the frame is full and closed over all that is left.

    Under a limit the other side has to answer within one too, so a range is never said in part: what does not fit is
    taken back and left to the closing fingerprint. Only a list of ids ends where the room ends.
    """

    def __init__(self, items: SealedSet, limit_bytes: int, *, is_fine: bool = False) -> None:
        self._items = items
        self._is_fine = is_fine
        # Room for a skip, the bounds of a list, its last id and the closing fingerprint is kept.
        self._room_bytes = limit_bytes - RESERVE_BYTES if limit_bytes else 0
        self._skipped: tuple[int, Bound] | None = None
        # The index and the bound up to which the frame speaks, skips that are not written yet left out.
        self._covered = 0
        self._bound = Bound(0)
        self.frame = Frame()

    def skip(self, end: int, bound: Bound) -> None:
        """Nothing is to be said up to the bound; it is written only when something is said after it."""
        self._skipped = end, bound

    def meet(self, stated: Range, begin: int, end: int) -> bool:
        """Skips a range that is skipped or equal, else splits it."""
        if stated.mode is Mode.SKIP or stated.digest == self._items.fingerprint(begin, end):
            self.skip(end, stated.bound)
            return True
        return self.split(begin, end, stated.bound)

    def split(self, begin: int, end: int, bound: Bound) -> bool:
        """Says more of a range: sixteen fingerprints, or all ids when it is small."""
        mark = self.frame.mark()
        if self._skipped:
            self.frame.skip(self._skipped[1])
        if end - begin < 2 * BUCKETS:
            self.frame.ids(bound, self._items.ids(begin, end))
        else:
            buckets = FINE_BUCKETS if self._is_fine and end - begin in FINE_ITEMS else BUCKETS
            size, larger = divmod(end - begin, buckets)
            for bucket in range(buckets):
                until = begin + size + (bucket < larger)
                digest = self._items.fingerprint(begin, until)
                self.frame.fingerprint(bound if until == end else self._items.bound(until), digest)
                begin = until
        if self._is_full():
            self.frame.take_back(mark)
            return self.close()
        self._cover(end, bound)
        return True

    def list_ids(self, begin: int, end: int, bound: Bound) -> bool:
        """Lists all ids of a range, or as many as there is room for."""
        if self._room_bytes:
            fitting = max(self._room_bytes - len(self.frame), -1) // ID_BYTES + 1
            if begin + fitting < end:
                end = begin + fitting
                bound = key_bound(self._items[end])
        if self._skipped:
            self.frame.skip(self._skipped[1])
        self.frame.ids(bound, self._items.ids(begin, end))
        self._cover(end, bound)
        return not self._is_full() or self.close()

    def _is_full(self) -> bool:
        return self._room_bytes > 0 and len(self.frame) > self._room_bytes

    def _cover(self, end: int, bound: Bound) -> None:
        self._covered, self._bound, self._skipped = end, bound, None

    def close(self) -> bool:
        """Leaves all that the frame does not speak of to one fingerprint."""
        if self._bound != END:
            self.frame.fingerprint(END, self._items.fingerprint(self._covered, len(self._items)))
        return False


def _checked_limit(limit_bytes: int) -> int:
    if limit_bytes and limit_bytes < MIN_FRAME_BYTES:
        raise BadInput(f"found a frame limit of {limit_bytes} bytes, expected 0 or at least {MIN_FRAME_BYTES}")
    return limit_bytes
