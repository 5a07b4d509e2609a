"""What the ratings come to, from a checkpoint that nodes hand on: verified as whose word it is, not replayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cinepeer.errors import BadInput, Refused
from cinepeer.records.bodies import parse_body
from cinepeer.records.cid import Cid
from cinepeer.replication.checkpoint import read, verify_statement
from cinepeer.replication.introduction import MAX_BYTES, Introduction, parse_introductions
from cinepeer.replication.snapshot import Snapshot
from cinepeer_client.fetch import Nodes, Source, Unavailable

SHOWN = 100
_OLDER = (404, 405)


@dataclass(frozen=True, slots=True)
class Claim:
    """A checkpoint whose record, keys and blocks hold; `contradicts` are others by the same device for its moment."""

    record: Cid
    author: Cid
    device: bytes
    found: Snapshot
    contradicts: tuple[Cid, ...]

    @property
    def label(self) -> str:
        """How it is shown."""
        return f"computed by {self.author}, not replayed"


def find_checkpoint(nodes: Nodes, now_ms: int, wanted: Cid | None = None) -> Claim:
    """The newest checkpoint that a node tells of, or the one of the record `wanted`; its every block is checked.

    `now_ms` is the reader's own time. Raises `BadInput` where no node tells of one; what does not hold is kept against
    its node.
    """

    def ask(source: Source) -> list[Introduction]:
        try:
            return parse_introductions(source.get("/api/checkpoints/introductions", MAX_BYTES), now_ms)
        except Unavailable as error:
            if error.status not in _OLDER:
                raise
            return []

    told = {one.record.id: one for _, found in nodes.each(ask) for one in found}
    chosen = [one for one in told.values() if wanted is None or one.record.id == wanted]
    if not chosen:
        named = "any checkpoint" if wanted is None else f"the checkpoint {wanted}"
        asked = ", ".join(source.url for source in nodes.sources)
        raise BadInput(f"found no word of {named} at {asked}, expected a node that holds one")
    newest = max(chosen, key=lambda one: (_place(one)[1], one.record.id))
    others = [one for one in told.values() if one is not newest and _place(one) == _place(newest)]
    return Claim(
        newest.record.id,
        newest.record.author,
        newest.record.device,
        _load(nodes, newest),
        tuple(sorted(one.record.id for one in others if _says(one) != _says(newest))),
    )


def _load(nodes: Nodes, one: Introduction) -> Snapshot:
    """The arrays that a checkpoint's record states, without the digests of its records."""
    fields = parse_body("checkpoint", one.body)
    root = fields["root"]
    assert isinstance(root, Cid)
    found = read(root, nodes.block)
    verify_statement(fields, found, root)
    return found


def _place(one: Introduction) -> tuple[bytes, int, Cid]:
    """Device, moment and scope: two that differ for one of them contradict each other."""
    fields = parse_body("checkpoint", one.body)
    moment, scope = fields["moment"], fields["scope"]
    if not isinstance(moment, int) or not isinstance(scope, Cid):
        raise Refused("bad-introduction", "found no moment in a checkpoint's body, expected one")
    return one.record.device, moment, scope


def _says(one: Introduction) -> tuple[object, ...]:
    fields = parse_body("checkpoint", one.body)
    return fields["records"], fields["ratings"], fields["root"]


def tell(claim: Claim, films: Sequence[str] = ()) -> dict[str, Any]:
    """A claim as plain values, with the scores of `films`, or of the hundred that most people rated."""
    spread = claim.found.spread()
    most = sorted(spread, key=lambda film: (-sum(spread[film]), film))[:SHOWN]
    return {
        "record": str(claim.record),
        "author": str(claim.author),
        "device": claim.device.hex(),
        "moment_ms": claim.found.moment_ms,
        "records": claim.found.records,
        "ratings": claim.found.ratings,
        "label": claim.label,
        "contradicts": list(map(str, claim.contradicts)),
        "films": [{"film": film, **score(spread.get(film, [0] * 10))} for film in films or most],
    }


def score(counts: list[int]) -> dict[str, int | None]:
    """How many gave stars, and the lower median of them, from how often 1, 2 … 10 were given."""
    count = sum(counts)
    place, median = (count - 1) // 2, None
    for stars, times in enumerate(counts, 1):
        if times > place >= 0:
            median = stars
            break
        place -= times
    return {"count": count, "median": median}
