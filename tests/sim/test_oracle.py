"""The oracle and the real feeds, made apart from the same rules, say the same of any story in any order."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from cinepeer.errors import Refused
from cinepeer.records.feed import Feeds
from cinepeer.records.ratings import newest
from cinepeer.records.record import verify_record
from sim import oracle
from sim.lives import FALSE, Lives, Pair, Step, draw_steps
from vectors.people import BORN_MS

SPAN_MS = 60_000
NOW_MS = BORN_MS + SPAN_MS


def story(seed: int, count: int) -> Lives:
    """What two or three authors and some liars signed."""
    chance = Random(seed)
    steps = draw_steps(chance, count, authors=1 + seed % 3, nodes=3, span_ms=SPAN_MS, twisted=0.4)
    lies = [Step(SPAN_MS, chance.randrange(3), what, 0, chance.randrange(8), chance.randrange(8)) for what in FALSE]
    return Lives([*steps, *lies])


def take(feeds: Feeds, pairs: list[Pair]) -> dict[bytes, Pair]:
    """Folds in what may be, again and again; returns what was."""
    held: dict[bytes, Pair] = {}
    left = pairs
    while left:
        waiting = []
        for record, body in left:
            if feeds.missing(record, NOW_MS) is not None:
                waiting.append((record, body))
                continue
            try:
                verify_record(record)
                feeds.verify(record, body)
            except Refused:
                continue
            feeds.apply(record, body)
            held[bytes(record.id)] = (record, body)
        if len(waiting) == len(left):
            break
        left = waiting
    return held


def test_the_oracle_and_the_feeds_agree_on_what_stands_what_counts_and_what_forked() -> None:
    reached: Counter[str] = Counter()

    @settings(max_examples=300)
    @given(seed=st.integers(0, 10**6), count=st.integers(1, 60), share=st.sampled_from((1.0, 0.9, 0.5)))
    def compare(seed: int, count: int, share: float) -> None:
        lives, chance = story(seed, count), Random(seed)
        part = [one for one in lives.pairs if chance.random() < share]
        chance.shuffle(part)
        feeds = Feeds()
        held = take(feeds, [lives.pairs[one] for one in part])
        expected = oracle.valid([lives.facts[one] for one in part], NOW_MS)
        assert held.keys() == expected.keys()
        counts = {one for one, (record, _) in held.items() if feeds.counts(record)}
        assert counts == oracle.counted(expected)
        broken = oracle.forks(expected)
        for device in {record.device for record, _ in held.values()}:
            proof = feeds.fork(device)
            lowest = min((seq for (_, forked), seq in broken.items() if forked == device), default=None)
            assert (proof and proof.seq) == lowest
        ratings = [(held[one][0], held[one][1]) for one in counts if held[one][0].kind == "rating" and held[one][1]]
        standing = {
            (bytes(author), film): (rating.time, bytes(rating.record), rating.stars)
            for (author, film), rating in newest((record, body or b"") for record, body in ratings).items()
        }
        assert standing == oracle.standing_ratings(expected)
        reached["something is not valid"] += len(held) < len(part)
        reached["something does not count"] += len(counts) < len(held)
        reached["a root forked"] += any(fact.kind == "delegate" and fact.id not in counts for fact in expected.values())
        reached["a fork"] += bool(broken)
        reached["a rotation counts"] += any(held[one][0].kind == "rotation" for one in counts)
        reached["a revocation counts"] += any(held[one][0].kind == "revocation" for one in counts)

    compare()
    assert len(reached) == 6 and min(reached.values()) >= 20, reached


def test_nothing_that_is_false_ever_stands_and_each_sort_is_tried() -> None:
    for seed in range(20):
        lives = story(seed, 20)
        false = {bytes(record.id) for birth in lives.births if birth.is_false for record, _ in birth.pairs[-1:]}
        assert false.isdisjoint(oracle.valid(lives.facts.values(), NOW_MS))
    sorts = {fact.kind for one in false if (fact := lives.facts[one])}
    assert len(false) >= len(FALSE) - 2 and {"rating", "delegate", "rotation"} <= sorts
