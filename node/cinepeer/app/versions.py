"""Which version of the program the neighbours say that they run: told to the owner, never fetched.

No server knows of a newer version; neighbours do, since some of them run it. What they say is a hint.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from cinepeer.errors import CinepeerError, Refused
from cinepeer.records import dagcbor

log = logging.getLogger(__name__)

VERSION_OF = "/cinepeer/version/1"
MAX_VERSION_BYTES = 40
ASK_TIMEOUT_S = 10.0
_FORM = re.compile(r"(\d{1,5})\.(\d{1,5})\.(\d{1,5})([A-Za-z0-9.+-]{0,20})", re.ASCII)

Number = tuple[int, int, int]


class Versions:
    """Asks each neighbour now and again which version it runs, and answers the same question."""

    def __init__(self, own: str, clock_ms: Callable[[], int], blame: Callable[[str, str], None]) -> None:
        """`own` is this program's version; `blame(peer_id, reason)` hears of answers of no form.

        `p2p` is set once the network runs.
        """
        self._own = own
        self._clock_ms = clock_ms
        self._blame = blame
        self._said: dict[str, str] = {}
        self._asked_ms: dict[str, int] = {}
        self.p2p: Any = None

    def forget(self, peer_id: str) -> None:
        """Leaves out a neighbour that went."""
        self._said.pop(peer_id, None)
        self._asked_ms.pop(peer_id, None)

    async def look(self, every_s: float) -> None:
        """Asks the neighbours that were not asked lately."""
        now_ms = self._clock_ms()
        near = [found.peer_id for found in self.p2p.neighbours()]
        due = [peer for peer in near if now_ms - self._asked_ms.get(peer, -(1 << 60)) >= 1000 * every_s]
        self._asked_ms.update(dict.fromkeys(due, now_ms))
        await asyncio.gather(*map(self._ask, due))

    async def _ask(self, peer_id: str) -> None:
        try:
            async with self.p2p.conversation(peer_id, VERSION_OF) as talk:
                said = dagcbor.decode(await talk.ask(dagcbor.encode(None), ASK_TIMEOUT_S))
            number_of(said)
            if peer_id in self._asked_ms:  # it may have gone meanwhile
                self._said[peer_id] = str(said)
        except Refused as error:
            self._blame(peer_id, error.reason)
        except CinepeerError as error:  # an older node, or one that is busy
            log.debug("version.unasked peer=%s reason=%s", peer_id, error)

    def told(self) -> dict[str, Any]:
        """What the neighbours say: `own`, how many `said` theirs, how many run a `newer` one, and which most do.

        `newest` is None where nobody runs a newer one.
        """
        own = number_of(self._own)
        newer = Counter(said for said in self._said.values() if number_of(said) > own)
        most = max(newer, key=lambda said: (newer[said], number_of(said), said), default=None)
        return {"own": self._own, "said": len(self._said), "newer": newer.total(), "newest": most}

    def responder(self, _peer_id: str) -> Callable[[bytes], Awaitable[bytes]]:
        """Answers which version this is."""

        async def answer(question: bytes) -> bytes:
            if dagcbor.decode(question) is not None:
                raise Refused("bad-frame", "found something in the question for a version, expected null")
            return dagcbor.encode(self._own)

        return answer


def number_of(said: object) -> Number:
    """The three numbers of a version such as `0.2.0`, whatever follows them; raises `Refused` (`bad-frame`)."""
    found = _FORM.fullmatch(said) if isinstance(said, str) and len(said) <= MAX_VERSION_BYTES else None
    if found is None:
        raise Refused("bad-frame", f"found the version {str(said)[:40]!r}, expected one such as 0.2.0")
    major, minor, patch = map(int, found.groups()[:3])
    return major, minor, patch
