"""Whatever the order and repetition, the feeds end in one state, and it is the one that the rules say."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cinepeer.records.bodies import parse_body
from cinepeer.records.cid import Cid
from cinepeer.records.feed import Feeds
from cinepeer.records.fork import verify_fork_proof
from cinepeer.records.ratings import newest
from cinepeer.records.record import Record
from vectors.people import NOW_MS, Pair, Person, Writer, fold

# One step of a story: who acts, how, and two numbers that choose devices and records.
STEPS = st.lists(
    st.tuples(st.sampled_from("rrrrffddDvvVttTRRooxwpbn"), st.integers(0, 7), st.integers(0, 7)), max_size=18
)
LIVES = st.tuples(STEPS, STEPS)


def live(name: str, steps: Iterable[tuple[str, int, int]], strangers: list[Writer]) -> Person:
    """A person's life: rates, forks, admits, revokes, rotates, as the steps say."""
    person = Person(name)
    devices = [person.device("laptop")]
    is_promised = True  # whether the root that would come next was promised
    for what, one, other in steps:
        device = devices[one % len(devices)]
        records = [record for record, _ in device.pairs]
        match what:
            case "r":
                device.rate(1 + other % 3, 1 + one)
            case "f" if records:  # signs on after an earlier record
                device.rate(90 + other, after=records[other % len(records)])
            case "w":  # signs its first record again
                device.begin("rating", ratings=[["movielens:5", 1 + other]])
            case "d":
                devices.append(person.device(f"device {len(devices)}"))
            case "D":
                person.delegate(device, f"again {other}")
            case "x" if strangers:
                person.delegate(strangers[other % len(strangers)], "not mine")
            case "v":
                person.revoke(device, records[other % len(records)] if records else None)
            case "V":
                person.revoke(device, None)
            case "t" if is_promised:  # rotates, and says where the feed before ends
                person.rotate(person.root.pairs[other % len(person.root.pairs)][0])
            case "T":  # a root forks its feed
                before = person.root.pairs[other % len(person.root.pairs)][0]
                person.delegate(device, f"forked {one}", after=before)
            case "R" if len(person.roots) > 1:  # a root opens its feed twice
                older = person.roots[-2].pairs
                person.begin_root(person.root, 50 + one, older[other % len(older)][0])
            case "p":  # the key that is promised signs as a device, too
                early = Writer(person, f"root {len(person.roots)}")
                person.delegate(early)
                early.rate(1 + other % 3)
            case "b" if is_promised:  # the next root promises one that was there before
                before = person.root.pairs[other % len(person.root.pairs)][0]
                person.rotate(before, promise=one % (len(person.roots) + 1))
                is_promised = False
            case "n" if is_promised and len(person.root.pairs) > 1:  # the next root names another begin than there is
                person.rotate(before=(0, person.root.pairs[-1][0].id))
            case "o":  # an older root speaks on
                person.roots[one % len(person.roots)].write("delegate", device=device.key, name="old")
    strangers.extend(devices)
    return person


def lives(steps: tuple[list[Any], list[Any]]) -> list[Pair]:
    """All that two people sign, each record after what it needs."""
    strangers: list[Writer] = []
    people = [live(name, its, strangers) for name, its in zip(("anna", "bela"), steps, strict=True)]
    return list({pair[0].id: pair for person in people for pair in person.pairs}.values())


def state(feeds: Feeds, pairs: Iterable[Pair]) -> list[Any]:
    """All that the feeds say of these records."""
    by_id = {record.id: record for record, _ in pairs}
    records = [by_id[one] for one in sorted(by_id)]
    devices = sorted({record.device for record in records})
    return [
        [feeds.counts(record) for record in records],
        [feeds.heads(device) for device in devices],
        [feeds.fork(device) for device in devices],
        [list(feeds.devices(author).items()) for author in sorted({record.author for record in records})],
    ]


@settings(max_examples=60)
@given(steps=LIVES, data=st.data())
def test_any_order_and_repetition_ends_in_one_state(steps: tuple[list[Any], list[Any]], data: st.DataObject) -> None:
    pairs = lives(steps)
    whole, left = fold(pairs)
    assert left == []
    shuffled = data.draw(st.permutations(range(len(pairs))))
    again = data.draw(st.lists(st.integers(0, len(pairs) - 1), max_size=10))
    feeds, left = fold(pairs[at] for at in [*shuffled, *again, *shuffled[:3]])
    assert left == []
    assert state(feeds, pairs) == state(whole, pairs)


@settings(max_examples=60)
@given(steps=LIVES, kept=st.sets(st.integers(0, 40)), data=st.data())
def test_a_part_of_the_records_is_admitted_and_counted_by_the_rules(
    steps: tuple[list[Any], list[Any]], kept: set[int], data: st.DataObject
) -> None:
    """What is admitted of a part, and what counts of it, hangs on that part alone; the rest heals it."""
    pairs = lives(steps)
    part = [pair for at, pair in enumerate(pairs) if at not in kept]
    feeds, waiting = fold(part)
    held = [pair for pair in part if pair not in waiting]
    shuffled, waits = fold(data.draw(st.permutations(part)))
    assert sorted(r.id for r, _ in waits) == sorted(r.id for r, _ in waiting)
    assert state(shuffled, held) == state(feeds, held)
    assert {record.id for record, _ in held if feeds.counts(record)} == counted(held)
    healed, left = fold(pairs, feeds)
    assert left == []
    assert state(healed, pairs) == state(fold(pairs)[0], pairs)


def test_what_counts_is_what_the_rules_say_after_every_record() -> None:
    reached: Counter[str] = Counter()

    @settings(max_examples=150)
    @given(steps=LIVES)
    def follow(steps: tuple[list[Any], list[Any]]) -> None:
        pairs = lives(steps)
        feeds = follow_rules(pairs)
        for author in {record.author for record, _ in pairs}:
            devices = feeds.devices(author)
            roots = [device for device, found in devices.items() if found.is_root]
            reached["an author with three roots in force"] += len(roots) > 2
            reached["a root that is cut"] += any(devices[root].span.head is not None for root in roots)
            reached["a root that is forked"] += any(feeds.fork(root) for root in roots)
            reached["a rotation that is forked"] += any(
                record.kind == "rotation" and not feeds.counts(record) for record, _ in pairs
            )
            reached["a revoked device"] += any(not found.is_root and found.span.head for found in devices.values())
            reached["a device not admitted"] += any(not f.is_root and f.name is None for f in devices.values())

    follow()
    assert len(reached) == 6 and min(reached.values()) >= 5, reached


def follow_rules(pairs: list[Pair]) -> Feeds:
    """Folds records one by one and compares what counts with the rules."""
    feeds = Feeds()
    before: set[Cid] = set()
    for at, (record, body) in enumerate(pairs):
        revision = feeds.revision
        fold([(record, body)], feeds)
        held = pairs[: at + 1]
        now = {one.id for one, _ in held if feeds.counts(one)}
        assert now == counted(held)
        # A fold over what counts stays right without looking back, as long as the revision stays.
        assert feeds.revision > revision or now - {record.id} == before
        before = now
    return feeds


@settings(max_examples=30)
@given(steps=LIVES)
def test_every_fork_has_a_proof_that_holds(steps: tuple[list[Any], list[Any]]) -> None:
    pairs = lives(steps)
    feeds, _ = fold(pairs)
    for device in {record.device for record, _ in pairs}:
        places = [(record.author, record.seq) for record, _ in pairs if record.device == device]
        proof = feeds.fork(device)
        assert (proof is not None) == (len(places) > len(set(places)))
        if proof is not None:
            verify_fork_proof(proof)
            assert proof.seq == min(seq for author, seq in places if places.count((author, seq)) > 1)


@settings(max_examples=30)
@given(steps=LIVES, data=st.data())
def test_the_newest_rating_holds_whatever_the_order(steps: tuple[list[Any], list[Any]], data: st.DataObject) -> None:
    ratings = [(record, body) for record, body in lives(steps) if record.kind == "rating"]
    standing = newest(ratings)
    assert newest(data.draw(st.permutations([*ratings, *ratings]))) == standing
    for (author, film), rating in standing.items():
        said = [
            (record.time, record.id, stars)
            for record, body in ratings
            for rated, stars in ratings_in(body)
            if (record.author, rated) == (author, film)
        ]
        assert (rating.time, rating.record, rating.stars) == max(said)


def ratings_in(body: bytes) -> list[list[Any]]:
    """The pairs of film and stars in a rating's body."""
    fields: dict[str, Any] = parse_body("rating", body)
    found: list[list[Any]] = fields["ratings"]
    return found


# The rules once more, word by word and without any state kept: docs/records.md, "What counts".


def counted(pairs: list[Pair]) -> set[Cid]:
    """The ids of the records that count among all that are held."""
    held = {record.id: (record, dict[str, Any](parse_body(record.kind, body))) for record, body in pairs}
    return {record.id for record, _ in held.values() if does_count(record, held)}


Held = dict[Cid, tuple[Record, dict[str, Any]]]


def does_count(record: Record, held: Held) -> bool:
    """Whether one record counts."""
    if is_forked(record, held):
        return False
    roots = chain(record.author, held)
    if record.device in roots:
        return in_root(record, roots, held)
    acts = [(act, body) for act, body in held.values() if act.author == record.author and act.device in roots]
    acts = [(act, body) for act, body in acts if not is_forked(act, held) and in_root(act, roots, held)]
    about = [(act.kind, body) for act, body in acts if body.get("device") == record.device]
    return any(kind == "delegate" for kind, _ in about) and all(
        is_left(record, body) for kind, body in about if kind == "revocation"
    )


def is_forked(record: Record, held: Held) -> bool:
    """Whether its device signed twice for the same author, at its seq or below."""
    place = (record.author, record.device)
    seqs = [other.seq for other, _ in held.values() if (other.author, other.device) == place]
    return any(seqs.count(seq) > 1 for seq in seqs if seq <= record.seq)


def chain(author: Cid, held: Held) -> list[bytes]:
    """The roots in force."""
    inception, body = held[author]
    roots, promise = [inception.device], body["next"]
    while True:
        found = rotations(author, promise, held)
        if len(found) != 1 or found[0][0].device in roots or is_forked(found[0][0], held):
            return roots
        roots.append(found[0][0].device)
        promise = found[0][1]["next"]


def rotations(author: Cid, promise: bytes, held: Held) -> list[tuple[Record, dict[str, Any]]]:
    """All rotations by the key that was promised."""
    return [
        (record, body)
        for record, body in held.values()
        if record.author == author and record.kind == "rotation" and digest(record.device) == promise
    ]


def in_root(record: Record, roots: list[bytes], held: Held) -> bool:
    """Whether every rotation after a root's feed leaves its record."""
    opening = next(
        body
        for other, body in held.values()
        if other.author == record.author and other.device == record.device and other.kind in ("inception", "rotation")
    )
    after = [
        body
        for found, body in rotations(record.author, opening["next"], held)
        if found.device not in roots or (record.device, found.device) in pairwise(roots)
    ]
    return all(record.seq == 0 or is_left(record, body["previous"]) for body in after)


def is_left(record: Record, limit: dict[str, Any]) -> bool:
    """Whether a limit leaves a record: a lower seq, or the head itself at that seq."""
    return record.seq < limit["seq"] or (record.seq, record.id) == (limit["seq"], limit["head"])


def digest(key: bytes) -> bytes:
    """What an inception or rotation promises of the next root's key."""
    return hashlib.sha256(key).digest()


def test_waiting_records_are_those_whose_ground_is_not_held() -> None:
    anna = Person("anna")
    laptop = anna.device()
    laptop.rate(1)
    feeds, left = fold(reversed(anna.pairs[1:]))
    assert [feeds.missing(record, NOW_MS) for record, _ in left] == ["author"] * 2
