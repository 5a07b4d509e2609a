"""Laws 1 to 5, each by its number, over lives of authors who fork, revoke, rotate and lie; judged by the oracle."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from cinepeer.errors import Refused
from cinepeer.records.fork import verify_fork_proof
from cinepeer.records.record import pack, unpack
from sim import oracle, scenario
from sim.disk import Disk
from sim.lives import FALSE, HONEST, TWISTED, Lives, Pair, Step
from sim.run import run
from sim.scenario import Fault
from vectors.people import BORN_MS

SPAN_MS = 60_000
NOW_MS = BORN_MS + SPAN_MS
KINDS = [one for one in (*HONEST, *TWISTED, *FALSE) if one != "many"]

steps = st.lists(
    st.builds(
        Step,
        st.integers(0, SPAN_MS),
        st.integers(0, 2),
        st.sampled_from(KINDS),
        st.integers(0, 2),
        st.integers(0, 7),
        st.integers(0, 7),
    ),
    min_size=1,
    max_size=30,
)
seeds = st.integers(0, 10**6)


def fed(pairs: list[Pair], chance: Random) -> Disk:
    """A disk that took these records in some order, some of them twice, in batches; what waits comes again."""
    disk, left = Disk(), [*pairs, *chance.choices(pairs, k=3)]
    chance.shuffle(left)
    while left:
        count = chance.randrange(1, 9)
        stored = disk.add(0, left[:count], NOW_MS)
        left = left[count:]
        if stored.added:  # whatever waited may stand on it now
            left += [pair for pair in pairs if pair[0].id not in disk.held and pair not in left]
    return disk


def counted(disk: Disk) -> set[bytes]:
    """What counts on a disk."""
    return {bytes(record.id) for record, _ in disk.held.values() if disk.feeds.counts(record)}


@settings(max_examples=40)
@given(steps, seeds)
def test_law_1_what_a_node_shows_hangs_on_the_set_of_records_alone(taken: list[Step], seed: int) -> None:
    lives = Lives(taken)
    pairs = [*lives.pairs.values()]
    if not pairs:
        return
    one, other = fed(pairs, Random(seed)), fed(pairs, Random(seed + 1))
    facts = oracle.valid(lives.facts.values(), NOW_MS)
    for disk in (one, other):
        assert {bytes(each) for each in disk.held} == facts.keys()
        assert counted(disk) == oracle.counted(facts)
    devices = {fact.device for fact in facts.values()}
    assert [one.feeds.fork(device) for device in devices] == [other.feeds.fork(device) for device in devices]


@settings(max_examples=40)
@given(steps, seeds)
def test_law_2_a_record_that_is_valid_for_one_is_refused_by_nobody_however_little_they_hold(
    taken: list[Step], seed: int
) -> None:
    lives, chance = Lives(taken), Random(seed)
    known = oracle.valid(lives.facts.values(), NOW_MS)
    some = [pair for pair in lives.pairs.values() if chance.random() < 0.7]
    for disk in (Disk(), Disk()):
        chance.shuffle(some)
        for pair in (*some, *some):
            stored = disk.add(0, [pair], NOW_MS)
            assert {bytes(record_id) for record_id, _ in stored.refused}.isdisjoint(known)
            assert {bytes(record.id) for record in stored.added} <= known.keys()


@settings(max_examples=15)
@given(seeds, st.data())
def test_law_3_what_a_node_sent_or_acknowledged_is_there_after_any_crash(seed: int, data: st.DataObject) -> None:
    drawn = scenario.draw(seed)
    whats = st.sampled_from(("crash", "crash-before", "crash-after"))
    times = st.integers(0, drawn.span_ms)
    crashes = st.builds(Fault, times, whats, st.integers(0, drawn.nodes - 1), st.integers(1, 5_000))
    faults = data.draw(st.lists(crashes, min_size=2, max_size=8))
    run(replace(drawn, faults=tuple(sorted(faults, key=lambda one: one.at_ms))))


@settings(max_examples=60)
@given(steps, seeds, st.data())
def test_law_4_nothing_that_is_changed_by_a_bit_is_ever_held(taken: list[Step], seed: int, data: st.DataObject) -> None:
    lives = Lives(taken)
    pairs = [*lives.pairs.values()]
    if not pairs:
        return
    disk = fed(pairs, Random(seed))
    before = set(disk.held)
    record, body = data.draw(st.sampled_from(pairs))
    changed = bytearray(pack(record, body))
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        pair = unpack(bytes(changed))
    except Refused as error:
        assert error.reason
        return
    stored = disk.add(0, [pair], NOW_MS)
    assert set(disk.held) == before
    assert stored.added == [] and all(given is None or given == lives.pairs[one][1] for one, (_, given) in held(disk))


def held(disk: Disk) -> list[tuple[bytes, Pair]]:
    """What a disk holds."""
    return [(bytes(one), pair) for one, pair in disk.held.items()]


@settings(max_examples=40)
@given(steps, seeds)
def test_law_5_both_halves_of_a_fork_are_kept_whichever_came_first_and_nothing_counts_from_it_on(
    taken: list[Step], seed: int
) -> None:
    lives = Lives([*taken, Step(0, 0, "rate", 0), Step(SPAN_MS, 0, "fork", 0)])
    pairs = [*lives.pairs.values()]
    disk = fed(pairs, Random(seed))
    forked = oracle.forks(oracle.valid(lives.facts.values(), NOW_MS))
    for author, device in forked:
        proof = disk.feeds.fork(device)
        assert proof is not None
        verify_fork_proof(proof)
        assert {proof.one.id, proof.other.id} <= disk.held.keys()
        assert proof == disk.feeds.fork(device) == fed(pairs[::-1], Random(seed + 1)).feeds.fork(device)
        later = [one for one, fact in lives.facts.items() if (fact.author, fact.device) == (author, device)]
        assert counted(disk).isdisjoint(one for one in later if lives.facts[one].seq >= forked[author, device])
