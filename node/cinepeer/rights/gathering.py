"""How a node makes the titles' parts of a collection: each title's own entries, and what proves its slots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cinepeer.errors import Refused
from cinepeer.rights import events as ev
from cinepeer.rights.collection import Dossier, Signed
from cinepeer.rights.events import Entry, Log
from cinepeer.rights.keccak import keccak
from cinepeer.rights.proofs import AccountProof
from cinepeer.rights.state import fold, titles_of
from cinepeer.rights.wanted import wanted_slots

_MOST_SHARED_LEVELS = 4


def logs_by_title(entries: Iterable[Entry]) -> dict[bytes, list[Entry]]:
    """The entries of each title, in the ledger's order; one transfer of several titles stands with each of them."""
    found: dict[bytes, list[Entry]] = {}
    for entry in entries:
        for title in dict.fromkeys(titles_of(entry.event)):
            found.setdefault(title, []).append(entry)
    return found


def film_logs(entries: Iterable[Entry], title: bytes, accounts: Iterable[bytes]) -> list[Log]:
    """
    Of a ledger's whole log what the audit of one film needs, in its order: the entries of the title and of those that
    claim the same film or share a transfer with one of them, and the anchors of `accounts` (20 bytes).
    """
    entries, anchoring = list(entries), set(accounts)
    registered = {one.event.title: one.event for one in entries if isinstance(one.event, ev.Registered)}
    mine = registered.get(title)
    wanted = {title}
    if mine is not None:
        claims = (mine.content, mine.metadata)
        wanted |= {
            other.title for other in registered.values() if other.content == claims[0] or other.metadata == claims[1]
        }
    together = [one.event.titles for one in entries if isinstance(one.event, ev.Shares) and len(one.event.titles) > 1]
    size = 0
    while size != len(wanted):
        size = len(wanted)
        wanted.update(*(titles for titles in together if wanted.intersection(titles)))
    return [one.log for one in entries if _is_wanted(one.event, wanted, anchoring)]


def _is_wanted(event: ev.Event, titles: set[bytes], accounts: set[bytes]) -> bool:
    if isinstance(event, ev.Anchored):
        return event.account in accounts
    return not titles.isdisjoint(titles_of(event))


def anchor_logs(entries: Iterable[Entry]) -> list[Log]:
    """The entries of anchors."""
    return [entry.log for entry in entries if isinstance(entry.event, ev.Anchored)]


def title_slots(title: bytes, entries: Iterable[Entry]) -> dict[str, list[int]]:
    """The slots that the audit of a title asks for, by contract name; raises `Refused` when its entries do not fold."""
    return wanted_slots(fold(entries, only=title), title, ())


def shared_levels(slots: int) -> int:
    """How many levels of a trie with so many slots are worth sharing: those whose nodes most proofs pass."""
    levels = 1
    while levels < _MOST_SHARED_LEVELS and 16**levels <= slots // 4:
        levels += 1
    return levels


class Sharing:
    """Splits proofs into the nodes that all titles share, kept here once, and a title's own."""

    def __init__(self, levels: int) -> None:
        """`levels` from the root down are shared."""
        self.nodes: dict[bytes, bytes] = {}
        self._levels = levels

    def dossier(
        self, title: bytes, entries: Iterable[Entry], proofs: Mapping[str, AccountProof], signed: Signed | None
    ) -> Dossier:
        """A title's part, from proofs by contract name that hold at least its slots; raises `Refused` otherwise."""
        entries = list(entries)
        own: dict[bytes, bytes] = {}
        for name, slots in title_slots(title, entries).items():
            ways = {one.slot: one.nodes for one in proofs[name].slots} if slots else {}
            for slot in slots:
                if slot not in ways:
                    raise Refused("bad-proof", f"found no proof of slot {slot:#x} of {name}, expected one")
                for level, node in enumerate(ways[slot]):
                    # A node shorter than a hash lies within its parent; some endpoints list it all the same.
                    if len(node) >= 32 or level == 0:
                        (self.nodes if level < self._levels else own)[keccak(node)] = node
        logs = tuple(entry.log for entry in entries)
        return Dossier(title, logs, tuple(node for key, node in own.items() if key not in self.nodes), signed)
