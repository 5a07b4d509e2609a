"""What a version is to its film, and which of several plays first: the newest whole one, never a trailer."""

from __future__ import annotations

from collections.abc import Mapping

from cinepeer.records.cid import Cid
from cinepeer.records.dagcbor import Value

FILM = "film"
# Each with its rank: films and other cuts of them come first, trailers last.
RANKS = {FILM: 0, "cut": 0, "dub": 1, "trailer": 2}
SORTS = tuple(RANKS)


def sort_of(fields: Mapping[str, Value]) -> str:
    """What a version record's body says that it is: one of `SORTS`; odd values say that it is the film."""
    said = fields.get("sort")
    return said if isinstance(said, str) and said in RANKS else FILM


def place_of(sort: str, time: int, record: Cid) -> tuple[int, int, Cid]:
    """Where a version stands among a film's, the first to play with the greatest."""
    return -RANKS[sort], time, record
