"""The laws, asked of all nodes at once; numbered as the design numbers them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cinepeer.records.cid import Cid
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


def is_whole(nodes: Sequence[Node], lives: Lives) -> bool:
    """Whether all hold the same records, with all bodies that any of them has and that they did not forget.

    A node that holds a part holds all records of the authors it names, and the bodies that it wants.
    """
    held = {one for node in nodes for one in node.disk.held}
    bodied = {one for node in nodes for one, (_, body) in node.disk.held.items() if body is not None}
    return all(
        all(one in node.disk.held for one in held if is_concerned(node, one, lives))
        and all(node.disk.held[one][1] is not None for one in bodied - node.disk.forgotten if wants(node, one, lives))
        for node in nodes
    )


def is_concerned(node: Node, one: Cid, lives: Lives) -> bool:
    """Whether a node holds a record, be it without its body."""
    return node.scope.authors is None or lives.facts[one].author in node.scope.authors


def wants(node: Node, one: Cid, lives: Lives) -> bool:
    """Whether a node holds a record with its body."""
    scope = node.scope
    if scope.is_everything:
        return True
    films = None if scope.films is None else set(scope.films)
    return oracle.is_wanted(lives.facts[one], scope.authors, films, scope.since_ms, scope.until_ms)


def verify_same(nodes: Sequence[Node], lives: Lives, now_ms: int) -> None:
    """Laws 1 and 5: after all is healed every node holds and counts what the oracle says, forks with their proofs."""
    facts = expected(nodes, lives, now_ms)
    counts = oracle.counted(facts)
    forked: dict[bytes, int] = {}
    for (_, device), seq in oracle.forks(facts).items():
        forked[device] = min(seq, forked.get(device, seq))
    for node in nodes:
        held = {bytes(one) for one in node.disk.held}
        if not node.scope.is_everything:
            _verify_part(node, facts, lives)
            continue
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


def _verify_part(node: Node, facts: oracle.Facts, lives: Lives) -> None:
    """What a part shows of the authors it names is what the whole shows of them."""
    authors = {fact.author for one, fact in facts.items() if is_concerned(node, Cid(one), lives)}
    concerned = {one: fact for one, fact in facts.items() if fact.author in authors}
    held = {bytes(one) for one in node.disk.held if is_concerned(node, one, lives)}
    if held != concerned.keys():
        raise BrokenLawError("1 one state", f"{node.name} lacks {len(concerned.keys() - held)} records of its part")
    if {one for one in held if node.disk.feeds.counts(lives.pairs[one][0])} != oracle.counted(concerned):
        raise BrokenLawError("1 one state", f"{node.name} counts records of its part otherwise")


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
