"""Checkpoints in the simulator: made in the middle of a story, made again by every other node when all is healed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cinepeer.records.bodies import parse_body
from cinepeer.records.cid import Cid
from cinepeer.records.feed import Feeds
from cinepeer.records.record import Record
from cinepeer.replication import checkpoint
from cinepeer.replication.scope import EVERYTHING
from cinepeer.replication.snapshot import Said, Snapshot, snapshot
from sim import oracle
from sim.lives import Lives
from sim.node import Node
from sim.world import BrokenLawError


@dataclass(frozen=True)
class Checkpoint:
    """What a node stated at a moment over the records that it held, and which of them had no body there."""

    by: str
    moment_ms: int
    ids: frozenset[Cid]
    root: Cid


def make_checkpoint(node: Node, moment_ms: int) -> Checkpoint | None:
    """A node's checkpoint over all that it holds; None while it lacks a rating's body or holds a part, as in life."""
    ids = frozenset(node.disk.held)
    if not node.scope.is_everything or not has_bodies(node, ids):
        return None
    return Checkpoint(node.name, moment_ms, ids, root_of(snapshot_of(node, ids, moment_ms)))


def has_bodies(node: Node, ids: frozenset[Cid]) -> bool:
    """Whether a node holds these records, and the bodies of the ratings among them."""
    held = (node.disk.held.get(one) for one in ids)
    return all(pair is not None and (pair[0].kind != "rating" or pair[1] is not None) for pair in held)


def snapshot_of(node: Node, ids: frozenset[Cid], moment_ms: int) -> Snapshot:
    """What these of a node's records come to, folded as if no others were held."""
    records = [node.disk.held[one][0] for one in ids]
    keys = b"".join(sorted(one.time.to_bytes(8, "big") + one.id.digest for one in records))
    return snapshot(EVERYTHING, moment_ms, keys, _said(node, ids))


def _said(node: Node, ids: frozenset[Cid]) -> Iterator[Said]:
    feeds = Feeds()
    pairs = [pair for one, pair in node.disk.held.items() if one in ids]  # in the order of arrival
    left = pairs
    while (
        left
    ):  # some alone may need another order: the half of a fork that admitted a device first may not be among them
        waiting = [pair for pair in left if not _is_admitted(feeds, *pair)]
        if len(waiting) == len(left):
            feeds.verify(*waiting[0])  # says what it needs
        left = waiting
    for record, body in pairs:
        if record.kind == "rating" and body is not None and feeds.counts(record):
            ratings = parse_body("rating", body)["ratings"]
            yield Said(bytes(record.author), record.id.digest, record.time, ratings)  # type: ignore[arg-type]


def _is_admitted(feeds: Feeds, record: Record, body: bytes | None) -> bool:
    """Whether nothing that a record needs is missing; then it is folded in."""
    if feeds.missing(record, record.time) is not None:
        return False
    feeds.verify(record, body)
    feeds.apply(record, body)
    return True


def root_of(found: Snapshot) -> Cid:
    """The name of its blocks."""
    return checkpoint.write(found, lambda _cid, _block: None)


def verify_checkpoints(made: list[Checkpoint], nodes: list[Node], lives: Lives) -> None:
    """Law 1 for what is handed on: whoever holds the records comes to the same root, and to what the oracle says."""
    for one in made:
        for node in nodes:
            if not node.scope.is_everything or not has_bodies(node, one.ids):
                continue
            found = snapshot_of(node, one.ids, one.moment_ms)
            node.world.reached["checkpoint replayed"] += node.name != one.by
            if root_of(found) != one.root:
                raise BrokenLawError("1 one state", f"{node.name} replays the checkpoint of {one.by} to another root")
            facts = {bytes(each): _as_held(node, each, lives) for each in one.ids}
            told = {(bytes(each.author), each.film): (each.time, each.stars) for each in found.standing()}
            truth = {place: (time, stars) for place, (time, _, stars) in oracle.standing_ratings(facts).items()}
            if told != truth:
                raise BrokenLawError("1 one state", f"the checkpoint of {one.by} says other ratings than hold")


def _as_held(node: Node, record: Cid, lives: Lives) -> oracle.Fact:
    fact = lives.facts[bytes(record)]
    return fact if node.disk.held[record][1] is not None else replace(fact, said=None)
