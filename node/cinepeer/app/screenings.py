"""Reports of screenings on their way to the films' creators: sealed, late, and through a neighbour.

So a creator does not learn whose a report is, and the neighbour does not learn what it says.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from nacl import bindings
from nacl.exceptions import CryptoError

from cinepeer.app.catalogue import Film, Provider
from cinepeer.app.identity import Author
from cinepeer.app.library import Library
from cinepeer.app.talk import Notes, Reaching
from cinepeer.content.wrapping import agreement_key, device_agreement, device_secret
from cinepeer.errors import BadInput, CinepeerError, Refused, Unreachable
from cinepeer.records import dagcbor
from cinepeer.trust.screenings import PARTS, Report, encode_report, parse_report

log = logging.getLogger("cinepeer.screenings")

PROTOCOL = "/cinepeer/screenings/1"
TIMEOUT_S = 15.0
WITHIN_S = 3600.0
MAX_WAITING = 256
MAX_ASKED = 3
HOUR_MS = 3_600_000
MAX_PASSED = 60  # for one neighbour, in an hour
MAX_TAKEN = 600  # from one peer, in an hour: it may pass for many
MAX_PEERS = 4_096
SEALED_BYTES = 256

_PASS, _TAKE = "pass", "take"


@dataclass(frozen=True, slots=True)
class Question:
    """What a node asks of another: to take a sealed report (`device` is None), or to pass it on to that device."""

    sealed: bytes
    device: bytes | None = None


class Screenings:
    """Sends own reports, passes on those of neighbours, and counts those of this author's films."""

    def __init__(
        self,
        author: Author,
        seed: bytes,
        library: Library,
        network: Callable[[], Reaching],
        notes: Notes,
        clock_ms: Callable[[], int],
        chance: Callable[[], float],
    ) -> None:
        """`seed` is of this node's device; `chance` gives a number in [0, 1)."""
        self._author = author
        self._secret = device_secret(seed)
        self._library = library
        self._network = network
        self._notes = notes
        self._clock_ms = clock_ms
        self._chance = chance
        self._counts = {str(note["film"]): _counts_of(note) for note in notes.all()}
        self._waiting: set[asyncio.Task[None]] = set()
        self._served: dict[str, Counter[str]] = {_PASS: Counter(), _TAKE: Counter()}
        self._hour = 0

    def counts(self, film: Film) -> list[int] | None:
        """How many reports told each part of a film, from 0 to `PARTS`; None for a film of another author."""
        if film.author != self._author.id:
            return None
        return list(self._counts.get(film.id, [0] * (PARTS + 1)))

    def report(self, film: Film, reached: int) -> float:
        """Sends what a page told, at some moment within as many seconds as this returns.

        Raises `BadInput` for a part that is none and for this author's own film, `Unreachable` where no node of its
        creator is known.
        """
        if not 0 <= reached <= PARTS:
            raise BadInput(f"found the part {reached}, expected one from 0 to {PARTS}")
        if film.author == self._author.id:
            raise BadInput("found a film of your own, expected another's: nobody reports to themselves")
        if not self._creators(film):
            raise Unreachable("found no node of this film's creator, expected one that takes reports")
        if len(self._waiting) < MAX_WAITING:
            task = asyncio.create_task(self._send_later(film, reached, self._chance() * WITHIN_S))
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)
        return WITHIN_S

    async def stop(self) -> None:
        """Drops what still waits: a report that was not sent is nobody's."""
        for task in list(self._waiting):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _send_later(self, film: Film, reached: int, wait_s: float) -> None:
        await asyncio.sleep(wait_s)
        try:
            await self.send(film, reached)
        except CinepeerError as error:
            log.info("screening.unsent reason=%s", error)

    async def send(self, film: Film, reached: int) -> None:
        """Hands a report to a neighbour that is no node of the creator's; raises `Unreachable` where none takes it."""
        report = encode_report(Report(film.record, reached))
        for creator in self._creators(film):
            sealed = bytes(bindings.crypto_box_seal(report, device_agreement(creator.device)))
            own = _peers(creator)
            others = [found.peer_id for found in self._network().neighbours() if found.peer_id not in own]
            for _ in range(min(MAX_ASKED, len(others))):
                peer = others.pop(int(self._chance() * len(others)))
                if await self._ask(peer, Question(sealed, creator.device)):
                    return
        raise Unreachable("found no neighbour that passed the report on, expected one beside the creator's own node")

    def responder(self, peer_id: str) -> Callable[[bytes], Awaitable[bytes]]:
        """Answers one peer: true where the report was taken or passed on."""

        async def answer(data: bytes) -> bytes:
            question = parse_question(data)
            if question.device is None:
                is_done = self._may(_TAKE, peer_id, MAX_TAKEN) and self._take(question.sealed)
            else:
                is_done = self._may(_PASS, peer_id, MAX_PASSED) and await self._pass(question)
            return dagcbor.encode(is_done)

        return answer

    def _creators(self, film: Film) -> list[Provider]:
        """The nodes of a film's creator, those heard of last first."""
        found = [one for one in self._library.catalogue.providers.values() if one.author == film.author and one.addrs]
        return sorted(found, key=lambda one: (-one.time, one.device))

    async def _pass(self, question: Question) -> bool:
        """Hands a neighbour's report to the device that it is for: only to one that says in a record where it is."""
        known = [one for one in self._library.catalogue.providers.values() if one.device == question.device]
        connected = {found.peer_id for found in self._network().neighbours()}
        for provider in known:
            for peer, addr in _peers(provider).items():
                try:
                    if peer not in connected:
                        await self._network().connect(addr)
                except (Unreachable, BadInput) as error:
                    log.debug("screening.unpassed peer=%s reason=%s", peer, error)
                    continue
                if await self._ask(peer, Question(question.sealed)):
                    return True
        return False

    async def _ask(self, peer_id: str, question: Question) -> bool:
        """Whether a peer did what it was asked."""
        try:
            async with self._network().conversation(peer_id, PROTOCOL) as talk:
                return dagcbor.decode(await talk.ask(encode_question(question), TIMEOUT_S)) is True
        except CinepeerError as error:  # an older node, or one that is busy
            log.debug("screening.unasked peer=%s reason=%s", peer_id, error)
            return False

    def _take(self, sealed: bytes) -> bool:
        """Counts a report of one of this author's films."""
        try:
            plain = bindings.crypto_box_seal_open(sealed, agreement_key(self._secret), self._secret)
        except (CryptoError, ValueError, TypeError):
            raise Refused("bad-form", "found a report that is not sealed for this device, expected one") from None
        report = parse_report(bytes(plain))
        film = self._library.catalogue.films.get(str(report.film))
        if film is None or film.author != self._author.id:
            return False
        counts = self._counts.setdefault(film.id, [0] * (PARTS + 1))
        counts[report.reached] += 1
        self._notes.save(film.id, {"film": film.id, "counts": counts})
        return True

    def _may(self, what: str, peer_id: str, most: int) -> bool:
        """Counts a peer's question against its limit of this hour. Peers' names are forgotten with the hour."""
        hour = self._clock_ms() // HOUR_MS
        if hour != self._hour:
            self._hour = hour
            for served in self._served.values():
                served.clear()
        served = self._served[what]
        if served[peer_id] >= most or (peer_id not in served and len(served) >= MAX_PEERS):
            return False
        served[peer_id] += 1
        return True


def encode_question(question: Question) -> bytes:
    """A question as bytes."""
    return dagcbor.encode([question.sealed] if question.device is None else [question.sealed, question.device])


def parse_question(data: bytes) -> Question:
    """Raises `Refused` (`not-canonical`, `bad-form`)."""
    found = dagcbor.decode(data)
    if isinstance(found, list) and 1 <= len(found) <= 2 and all(type(one) is bytes for one in found):
        sealed, *device = [one for one in found if isinstance(one, bytes)]
        if len(sealed) <= SEALED_BYTES and all(len(one) == 32 for one in device):
            return Question(sealed, device[0] if device else None)
    raise Refused("bad-form", "found no sealed report, expected one, and perhaps the device that it is for")


def _peers(provider: Provider) -> dict[str, str]:
    """Where a node is dialled, by peer id."""
    return {addr.rpartition("/p2p/")[2]: addr for addr in reversed(provider.addrs)}


def _counts_of(note: dict[str, Any]) -> list[int]:
    """The counts of a note; all zero for one of another form."""
    found = note.get("counts")
    if isinstance(found, list) and len(found) == PARTS + 1 and all(type(one) is int and one >= 0 for one in found):
        return list(found)
    return [0] * (PARTS + 1)
