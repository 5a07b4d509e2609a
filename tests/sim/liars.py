"""Liars: nodes that run the real machine and lie around it, so that whatever they say is as near to true as can be."""

from __future__ import annotations

import hashlib

from cinepeer.errors import Refused
from cinepeer.records.record import Record, parse_record
from cinepeer.replication import events, gossip
from cinepeer.replication.events import Effect, Pair, Stored
from cinepeer.replication.fingerprints import SealedSet
from cinepeer.replication.scope import Scope
from sim.disk import Disk
from sim.node import Node

HUGE_BYTES = 5 << 20


class LooseDisk(Disk):
    """Keeps whatever it is given and judges nothing."""

    def add(self, ticket: int, batch, now_ms: int) -> Stored:  # type: ignore[no-untyped-def]
        """Stores everything."""
        added = []
        for record, body in batch:
            if record.id not in self.held:
                self.keep(record, body)
                added.append(record)
        return Stored(ticket, added, (), len(batch) - len(added))

    def restart(self) -> None:
        """There is nothing to fold."""


class Liar(Node):
    """An honest program over a disk that checks nothing: it hands on records that are not valid."""

    is_honest = False

    def __init__(self, *args, **named) -> None:  # type: ignore[no-untyped-def]
        super().__init__(*args, **named)
        self.disk = LooseDisk()

    def judged(self, stored: Stored) -> None:
        """A liar's verdicts are nobody's."""

    def verify_sent(self, data: bytes) -> None:
        """A liar sends what it likes."""

    def verify_took(self, question: bytes, answer: bytes) -> None:
        """A liar says what it likes."""


class Mute(Liar):
    """Never answers."""

    def perform(self, effect: Effect) -> None:
        if not isinstance(effect, events.Answer):
            super().perform(effect)


class Babbler(Liar):
    """Says noise: as answers, as questions, and as gossip."""

    def perform(self, effect: Effect) -> None:
        chance = self.world.chance
        match effect:
            case events.Answer(peer, stream, _):
                effect = events.Answer(peer, stream, chance.randbytes(chance.randrange(200)))
                super().perform(events.Publish(chance.randbytes(chance.randrange(200))))
            case events.Ask(ticket, peer, conversation, _, timeout_ms):
                effect = events.Ask(ticket, peer, conversation, chance.randbytes(chance.randrange(200)), timeout_ms)
        super().perform(effect)


class Flipper(Liar):
    """Changes a bit in half of what it sends."""

    def perform(self, effect: Effect) -> None:
        match effect:
            case events.Answer(peer, stream, frame):
                effect = events.Answer(peer, stream, self._flipped(frame))
            case events.Ask(ticket, peer, conversation, frame, timeout_ms):
                effect = events.Ask(ticket, peer, conversation, self._flipped(frame), timeout_ms)
            case events.Publish(data):
                effect = events.Publish(self._flipped(data))
        super().perform(effect)

    def _flipped(self, frame: bytes) -> bytes:
        chance = self.world.chance
        changed = bytearray(frame)
        if changed and chance.random() < 0.5:
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        return bytes(changed)


class Huge(Liar):
    """Answers with five megabytes."""

    def perform(self, effect: Effect) -> None:
        if isinstance(effect, events.Answer):
            effect = events.Answer(effect.peer, effect.stream, bytes(HUGE_BYTES))
        super().perform(effect)


class EqualClaimer(Liar):
    """Says that it holds just what the asker holds."""

    hello = b""

    def asked(self, stream, frame: bytes) -> None:  # type: ignore[no-untyped-def]
        self.hello = frame if frame[1:7] == b"\x65hello" else self.hello
        super().asked(stream, frame)

    def perform(self, effect: Effect) -> None:
        if isinstance(effect, events.Answer) and effect.frame[1:7] == b"\x65hello":
            effect = events.Answer(effect.peer, effect.stream, self.hello)
        super().perform(effect)


class WithholdingDisk(LooseDisk):
    """Lists everything and hands over nothing."""

    def records(self, ids) -> list[Pair]:  # type: ignore[no-untyped-def]
        return []


class Withholder(Liar):
    """Lists records that it never hands over."""

    def __init__(self, *args, **named) -> None:  # type: ignore[no-untyped-def]
        super().__init__(*args, **named)
        self.disk = WithholdingDisk()


class PhantomDisk(LooseDisk):
    """Lists, beside what it holds, records that do not exist: others each time, so that there is no end to it."""

    phantoms = 500
    times = 0

    def sealed(self, scope: Scope) -> SealedSet:
        self.times += 1
        base = max((record.time for record, _ in self.held.values()), default=1_700_000_000_000)
        invented = (
            (base + number, hashlib.sha256(b"%d %d" % (self.times, number)).digest()) for number in range(self.phantoms)
        )
        return super().sealed(scope).with_items(invented)


class Phantom(Liar):
    """Endless haves and wrong fingerprints."""

    def __init__(self, *args, **named) -> None:  # type: ignore[no-untyped-def]
        super().__init__(*args, **named)
        self.disk = PhantomDisk()


class SwappingDisk(LooseDisk):
    """Hands over true records with false bodies."""

    def records(self, ids) -> list[Pair]:  # type: ignore[no-untyped-def]
        found = super().records(ids)
        bodies = [body for _, body in found]
        return [(record, body) for (record, _), body in zip(found, [*bodies[1:], *bodies[:1]], strict=True)]


class Swapper(Liar):
    """Hands over true records with false bodies."""

    def __init__(self, *args, **named) -> None:  # type: ignore[no-untyped-def]
        super().__init__(*args, **named)
        self.disk = SwappingDisk()


class Forger(Liar):
    """Gossips all that it hears again with other signatures, and keeps it to offer in every sync."""

    def gossiped(self, origin: str, data: bytes) -> None:
        super().gossiped(origin, data)
        try:
            heard = gossip.parse_message(data)
        except Refused:  # another liar's noise
            return
        forged = [(_forged(record), body) for record, body in heard]
        forged = [(record, body) for record, body in forged if record.id not in self.disk.held]
        for record, body in forged:
            self.disk.keep(record, body)
        for message in gossip.messages(forged):
            self.world.publish(self, message)


def _forged(record: Record) -> Record:
    changed = bytearray(record.block)
    changed[-60] ^= 1
    return parse_record(bytes(changed))


class Asker(Liar):
    """Opens stream after stream to all its neighbours, and asks each of them things without waiting."""

    opened = 1_000_000

    def connected(self, peer: str) -> None:
        super().connected(peer)
        hello = None
        for effect in self.machine.handle(events.Wanted(peer, 0), self.clock_ms):
            hello = effect.frame if isinstance(effect, events.Ask) else hello
        for _ in range(60):
            self.opened += 1
            frame = hello or self.world.chance.randbytes(60)
            self.world.ask(self, peer, self.opened, self.opened, frame, 30_000)


KINDS: dict[str, type[Liar]] = {
    "loose": Liar,
    "mute": Mute,
    "babbler": Babbler,
    "flipper": Flipper,
    "huge": Huge,
    "equal": EqualClaimer,
    "withholder": Withholder,
    "phantom": Phantom,
    "swapper": Swapper,
    "forger": Forger,
    "asker": Asker,
}
