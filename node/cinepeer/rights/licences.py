"""May this film be shown: by territory, medium and time, from the ledger's state alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations

from cinepeer.errors import BadInput
from cinepeer.rights.events import Entry
from cinepeer.rights.inspection import moment
from cinepeer.rights.state import Licence, State, Status, Title
from cinepeer.rights.territories import WORLD, territory_bit, territory_codes

FOREVER = (1 << 40) - 1
"""The end of a licence without end, in seconds."""

REMIX = 1 << 31
"""The bit of a licence to make another film of this one."""

# Frozen: a medium's place is its bit in licences that were sold. A new medium is added at the end.
MEDIA = (
    "cinema", "television", "streaming", "rental", "download", "disc", "education", "festival", "transport", "venue",
)  # fmt: skip
_BITS = {name: 1 << at for at, name in enumerate(MEDIA)} | {"remix": REMIX}


REASONS: Mapping[str, tuple[str, ...]] = {
    "unregistered": ("title",),
    "suspended": (),
    "void": (),
    "kept": (),
    "exclusive": ("holder", "medium", "territory"),
    "exclusive-somewhere": ("holder", "medium", "territories"),
    "open": ("medium", "territory"),
    "licensed": ("end", "paid"),
    "controller": (),
    "unlicensed": ("account",),
    "untitled": (),
    "screener": ("until",),
    "premiere": ("at",),
}
"""Why a film may be shown or not, each with the names of its facts."""


@dataclass(frozen=True, slots=True)
class Answer:
    """
    Whether the film may be shown, why in one sentence, and the ledger's entry that decides (None: there is none). The
    same reason for a page that says it in its own language: `code`, one of `REASONS`, with `facts` by name (times in
    seconds, accounts in hex, territories by their codes).
    """

    allowed: bool
    reason: str
    entry: Entry | None = None
    code: str = ""
    facts: Mapping[str, str | int] = field(default_factory=dict)


def medium_bit(name: str) -> int:
    """The bit of a medium; raises `BadInput` for any other word."""
    bit = _BITS.get(name)
    if bit is None:
        raise BadInput(f"found the medium {name!r}, expected one of {', '.join(_BITS)}")
    return bit


def medium_names(bits: int) -> list[str]:
    """The media of a map, in the table's order."""
    return [name for name, bit in _BITS.items() if bits & bit]


def can_show(
    state: State, title: bytes, territory: str, medium: str, time: int, licensee: bytes | None = None
) -> Answer:
    """
    Whether the film of `title` (20 bytes) may be shown at `time` (seconds).

    Without a `licensee` the question is a viewer's, about a film that its creator published openly: it may be shown
    unless the title is suspended or void, or somebody holds an exclusive licence there and then. A `licensee`
    (20 bytes) needs a live licence that covers the territory (ISO 3166-1 alpha-2), the medium and the time. An empty
    territory was not told: then an exclusive licence anywhere stands against a viewer.
    """
    where, how = _where(territory), medium_bit(medium)
    found = state.titles.get(title)
    if found is None:
        said = f"found no title 0x{title.hex()} on the ledger, expected one that is registered"
        return Answer(False, said, None, "unregistered", {"title": f"0x{title.hex()}"})
    kept = may_keep(state, title)
    if not kept.allowed:
        return kept
    covering = [one for one in _live(state, title, time) if _covers(state, one, where, how)]
    if licensee is not None:
        return _for_licensee(found, covering, licensee)
    for licence in covering:
        if state.offers[licence.offer].exclusive:
            return _excluded(state, licence, territory, medium)
    place = f" in {territory}" if territory else ""
    said = f"published openly, and no exclusive licence for {medium}{place} stands against it"
    return Answer(True, said, None, "open", {"medium": medium, "territory": territory})


def _excluded(state: State, licence: Licence, territory: str, medium: str) -> Answer:
    facts: dict[str, str | int] = {"holder": f"0x{licence.licensee.hex()}", "medium": medium}
    holder = f"{facts['holder']} holds an exclusive licence for {medium} in"
    if territory:
        return Answer(False, f"{holder} {territory}", licence.entry, "exclusive", facts | {"territory": territory})
    places = ", ".join(territory_codes(state.offers[licence.offer].territory) or [])
    said = f"{holder} {places or 'the whole world'}, and it was not told where the film is to be shown"
    return Answer(False, said, licence.entry, "exclusive-somewhere", facts | {"territories": places})


def _where(territory: str) -> int:
    return territory_bit(territory) if territory else WORLD


def may_keep(state: State, title: bytes) -> Answer:
    """Whether anybody may show a title's film (20 bytes) or keep it for others: not while a dispute has closed it."""
    found = state.titles.get(title)
    if found is not None and found.status in (Status.SUSPENDED, Status.VOID):
        status = found.status.name.lower()
        return Answer(False, f"the title is {status} by a dispute", None, status)
    return Answer(True, "no dispute has closed the title", None, "kept")


def overlaps(state: State) -> list[tuple[Licence, Licence]]:
    """Pairs of licences of one title that meet in territory, medium and time although one is exclusive: none, ever."""
    by_title: dict[bytes, list[Licence]] = {}
    for licence in state.licences:
        by_title.setdefault(licence.title, []).append(licence)
    pairs = (pair for licences in by_title.values() for pair in combinations(licences, 2))
    return [(one, other) for one, other in pairs if _conflict(state, one, other)]


def _for_licensee(title: Title, covering: list[Licence], licensee: bytes) -> Answer:
    for licence in covering:
        if licence.licensee == licensee:
            said = f"licensed until {moment(licence.end)}, paid {licence.paid:,}"
            return Answer(True, said, licence.entry, "licensed", {"end": licence.end, "paid": str(licence.paid)})
    if licensee == title.controller:
        return Answer(True, "the title's controller shows the film", None, "controller")
    said = f"found no licence of 0x{licensee.hex()} that covers this place, medium and time"
    return Answer(False, said, None, "unlicensed", {"account": f"0x{licensee.hex()}"})


def _live(state: State, title: bytes, time: int) -> list[Licence]:
    return [one for one in state.licences if one.title == title and not one.revoked and one.start <= time <= one.end]


def _covers(state: State, licence: Licence, territory: int, medium: int) -> bool:
    offer = state.offers[licence.offer]
    return bool(offer.territory & territory and offer.media & medium)


def _conflict(state: State, one: Licence, other: Licence) -> bool:
    first, second = state.offers[one.offer], state.offers[other.offer]
    exclusive = first.exclusive or second.exclusive
    renewal = (one.offer, one.licensee) == (other.offer, other.licensee)
    meets = one.start <= other.end and other.start <= one.end
    if one.revoked or other.revoked or renewal or not exclusive or not meets:
        return False
    return bool(first.territory & second.territory and first.media & second.media)
