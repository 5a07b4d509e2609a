"""The laws, asked of all nodes at once; numbered as the design numbers them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cinepeer.records.ratings import newest
from sim import oracle
from sim.lives import Lives
from sim.node import Node
from sim.world import BrokenLawError

# What one peer may cost in memory at once, whatever it does.
MAX_PEER_BYTES = 32 << 20


def expected(nodes: Sequence[Node], lives: Lives, now_ms: int) -> oracle.Facts:
    """What every honest node must hold: all that can stand of what any of them was given."""
    held = {bytes(one) for node in nodes for one in node.disk.held}
    return oracle.valid((lives.facts[one] for one in held if one in lives.facts), now_ms)


def is_whole(nodes: Sequence[Node]) -> bool:
    """Whether all hold the same records, with all bodies that any of them has and that they did not forget."""
    first = nodes[0].disk.held.keys()
    if any(node.disk.held.keys() != first for node in nodes):
        return False
    bodied = {one for node in nodes for one, (_, body) in node.disk.held.items() if body is not None}
    return all(node.disk.held[one][1] is not None for node in nodes for one in bodied - node.disk.forgotten)


def verify_same(nodes: Sequence[Node], lives: Lives, now_ms: int) -> None:
    """Laws 1 and 5: after all is healed every node holds and counts what the oracle says, forks with their proofs."""
    facts = expected(nodes, lives, now_ms)
    counts = oracle.counted(facts)
    forked: dict[bytes, int] = {}
    for (_, device), seq in oracle.forks(facts).items():
        forked[device] = min(seq, forked.get(device, seq))
    for node in nodes:
        held = {bytes(one) for one in node.disk.held}
        if held != facts.keys():
            lost, more = len(facts.keys() - held), len(held - facts.keys())
            raise BrokenLawError("1 one state", f"{node.name} lacks {lost} records and holds {more} too many")
        feeds = node.disk.feeds
        found = {one for one in held if feeds.counts(lives.pairs[one][0])}
        if found != counts:
            raise BrokenLawError("1 one state", f"{node.name} counts {len(found ^ counts)} records otherwise")
        proofs = {device: feeds.fork(device) for device in {fact.device for fact in facts.values()}}
        if {device: proof.seq for device, proof in proofs.items() if proof} != forked:
            raise BrokenLawError("5 forks", f"{node.name} knows other forks than there are")
        verify_ratings(node, facts)


def verify_ratings(node: Node, facts: oracle.Facts) -> None:
    """The ratings that hold by the bodies that this node has; that it has all it can have is asked elsewhere."""
    bodied = {bytes(one): (record, body) for one, (record, body) in node.disk.held.items() if body is not None}
    told = {one: fact if one in bodied else replace(fact, said=None) for one, fact in facts.items()}
    counts = [bodied[one] for one in oracle.counted(facts) if one in bodied]
    rated = newest((record, body) for record, body in counts if record.kind == "rating")
    found = {(bytes(author), film): (its.time, bytes(its.record), its.stars) for (author, film), its in rated.items()}
    if found != oracle.standing_ratings(told):
        raise BrokenLawError("1 one state", f"{node.name} shows other ratings than hold")


def verify_truth(nodes: Sequence[Node], lives: Lives, now_ms: int) -> None:
    """Laws 2 and 4: nothing is held that is not valid, and whatever was refused anywhere is refused by the rules."""
    known = oracle.valid(lives.facts.values(), now_ms)
    for node in nodes:
        false = {bytes(one) for one in node.disk.held} - known.keys()
        if false:
            raise BrokenLawError("4 nothing unverified", f"{node.name} holds {len(false)} records that are not valid")
        for record_id, verdict in node.world.verdicts.items():
            if verdict != "valid" and bytes(record_id) in known:
                raise BrokenLawError("2 valid", f"{record_id} is valid and was refused as {verdict}")


def verify_bounds(nodes: Sequence[Node]) -> None:
    """What a peer makes a node keep stays bounded."""
    for node in nodes:
        if node.most_batch_bytes > MAX_PEER_BYTES:
            raise BrokenLawError("bounds", f"{node.name} kept {node.most_batch_bytes} bytes of one peer")
