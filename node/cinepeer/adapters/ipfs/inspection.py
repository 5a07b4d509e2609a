"""Looks at kept blocks and changes nothing: whether each pinned DAG is whole, and its bytes are those of its ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cinepeer.content.unixfs import links
from cinepeer.errors import Refused
from cinepeer.records.cid import RAW, Cid


@dataclass(slots=True)
class Inspection:
    """What was found: how many blocks were named and how many of them read, and those that do not hold."""

    named: int = 0
    read: int = 0
    missing: list[Cid] = field(default_factory=list)
    wrong: list[Cid] = field(default_factory=list)


def inspect_dags(
    folders: Sequence[Path], roots: Iterable[Cid], is_read: Callable[[Cid], bool], step: Callable[[], None]
) -> Inspection:
    """Walks the DAGs under `roots` in a store's `folders`; of leaves it reads those that `is_read` chooses."""
    found = Inspection()
    seen: set[Cid] = set()
    waiting = list(roots)
    while waiting:
        cid = waiting.pop()
        if cid in seen:
            continue
        seen.add(cid)
        found.named += 1
        step()
        places = [folder / str(cid)[-3:-1] / str(cid) for folder in folders]
        path = next((place for place in places if place.is_file()), places[0])
        if cid.codec == RAW and not is_read(cid):
            if not path.is_file():
                found.missing.append(cid)
            continue
        waiting.extend(_read(cid, path, found))
    return found


def _read(cid: Cid, path: Path, found: Inspection) -> list[Cid]:
    """Reads one block; returns the ids that it names."""
    try:
        block = path.read_bytes()
    except FileNotFoundError:
        found.missing.append(cid)
        return []
    found.read += 1
    if not cid.matches(block):
        found.wrong.append(cid)
        return []
    try:
        return [] if cid.codec == RAW else list(links(cid, block))
    except Refused:
        found.wrong.append(cid)
        return []
