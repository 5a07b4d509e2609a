"""The laws, asked of all nodes at once; numbered as the design numbers them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from cinepeer.records.cid import Cid
from cinepeer.records.ratings import newest
from sim import oracle
from sim.lives import Lives
from sim.node import Node
from sim.world import BrokenLawError

# What one peer may cost in memory at once, whatever it does.
MAX_PEER_BYTES = 32 << 20


def expected(born: Iterable[bytes], lives: Lives, now_ms: int) -> oracle.Facts:
    """What every honest node must hold: all that can stand of what was born on honest nodes, whoever holds it now."""
    return oracle.valid((lives.facts[one] for one in born), now_ms)


def is_whole(nodes: Sequence[Node], lives: Lives, facts: oracle.Facts) -> bool:
    """Whether all hold what is expected, and no body that a node wants and did not forget is its neighbour's alone.

    A node that holds a part holds all records of the authors whom it concerns, and the bodies that it wants.
    """
    for node in nodes:
        its = part_of(node, nodes, lives)
        mine = facts.keys() if its is None else {one for one, fact in facts.items() if fact.author in its}
        if not mine <= node.disk.held.keys():
            return False
    return not any(_owes_body(one, other, lives) for one in nodes for other in nodes)


def _owes_body(one: Node, other: Node, lives: Lives) -> bool:
    """Whether a node lacks a body that it wants and its neighbour has."""
    link = one.world.links.get(frozenset((one.name, other.name)))
    return link is not None and any(
        body is not None
        and other.disk.held[record_id][1] is None
        and record_id not in other.disk.gone
        and wants(one, lives.facts[record_id])
        and wants(other, lives.facts[record_id])
        for record_id, (_, body) in one.disk.held.items()
        if record_id in other.disk.held
    )


def part_of(node: Node, nodes: Sequence[Node], lives: Lives) -> set[bytes] | None:
    """The authors whom a node concerns: those with more than keys in its part. None for everyone.

    What a batch is about only its body says, so that those count whose bodies all have who hold everything.
    """
    if node.scope.is_everything:
        return None
    wholes = [one for one in nodes if one.scope.is_everything]
    return authors_in(node, wholes[0], lives, {one for whole in wholes for one in whole.disk.gone})


def authors_in(node: Node, holder: Node, lives: Lives, forgotten: set[Cid]) -> set[bytes]:
    """The authors in a node's part, by what a holder has and nobody forgot."""
    found = set()
    for record_id, (record, body) in holder.disk.held.items():
        fact = lives.facts[record_id]
        is_told = body is not None and record_id not in forgotten
        is_more = node.scope.authors is not None or record.kind not in oracle.COMMON
        if is_more and wants(node, fact if is_told else replace(fact, said=None)):
            found.add(fact.author)
    return found


def wants(node: Node, fact: oracle.Fact) -> bool:
    """Whether a node wants a record's body."""
    scope = node.scope
    if scope.is_everything:
        return True
    films = None if scope.films is None else set(scope.films)
    return oracle.is_wanted(fact, scope.authors, films, scope.since_ms, scope.until_ms)


def verify_kept(nodes: Sequence[Node], facts: oracle.Facts) -> None:
    """Laws 2 and 3: whatever can stand was acknowledged where it was born, nothing else, and is on that disk still."""
    told = set().union(*(node.acknowledged for node in nodes))
    if told != facts.keys():
        lost, more = len(facts.keys() - told), len(told - facts.keys())
        raise BrokenLawError(
            "2 valid", f"{lost} records were not taken where they were born, {more} were taken falsely"
        )
    for node in nodes:
        gone = node.acknowledged - node.disk.held.keys()
        if gone:
            raise BrokenLawError("3 store, then send", f"{node.name} lost {len(gone)} records that it acknowledged")


def verify_same(nodes: Sequence[Node], lives: Lives, facts: oracle.Facts) -> None:
    """Laws 1 and 5: after all is healed every node holds and counts what the oracle says, forks with their proofs."""
    counts = oracle.counted(facts)
    forked: dict[bytes, int] = {}
    for (_, device), seq in oracle.forks(facts).items():
        forked[device] = min(seq, forked.get(device, seq))
    for node in nodes:
        held = {bytes(one) for one in node.disk.held}
        its = part_of(node, nodes, lives)
        if its is not None:
            _verify_part(node, facts, its)
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


def _verify_part(node: Node, facts: oracle.Facts, authors: set[bytes]) -> None:
    """What a part shows of the authors whom it concerns is what the whole shows of them."""
    concerned = {one: fact for one, fact in facts.items() if fact.author in authors}
    held = {bytes(one): record for one, (record, _) in node.disk.held.items() if bytes(one) in concerned}
    if held.keys() != concerned.keys():
        raise BrokenLawError("1 one state", f"{node.name} lacks {len(concerned.keys() - held)} records of its part")
    if {one for one, record in held.items() if node.disk.feeds.counts(record)} != oracle.counted(concerned):
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
