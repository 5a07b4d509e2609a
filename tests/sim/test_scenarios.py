"""Hundreds of small worlds: whatever goes wrong in them, all honest nodes end with what the oracle says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from sim import liars, scenario
from sim.lives import FALSE, HONEST, TWISTED, Lives, Step
from sim.run import Report, run
from sim.scenario import Scenario
from sim.shrink import shrink

SEEDS = range(300)
KEPT = Path(__file__).parent / "kept"


def run_seed(seed: int) -> Report:
    """Runs the scenario of a seed; when it fails, says with which seed and how little of it is needed."""
    drawn = scenario.draw(seed)
    try:
        return run(drawn)
    except Exception as error:  # noqa: BLE001  whatever a machine raises is a finding
        pytest.fail(f"seed {seed}: {error!r}; the least that fails so, to be kept in {KEPT}:\n{shrink(drawn).text()}")


def test_every_world_heals_to_what_the_oracle_says_and_enough_is_seen_on_the_way() -> None:
    states: Counter[tuple[str, ...]] = Counter()
    reached: Counter[str] = Counter()
    for seed in SEEDS:
        report = run_seed(seed)
        states += report.states
        reached += report.reached
    print(f"seeds {SEEDS.start} to {SEEDS.stop - 1}: {len(states)} states of a machine, {dict(reached)}")
    assert len(states) >= 200
    for fault in scenario.FAULTS:
        assert reached[f"fault: {fault}"] >= 40, fault
    for reason in ("bad-signature", "not-canonical", "bad-chain", "not-root", "wrong-root", "wrong-body"):
        assert reached[f"refused: {reason}"] >= 100, reason
    for reason in ("frame-too-large", "refused-by-peer", "bad-frame", "other-network", "unasked-record"):
        assert reached[f"refused: {reason}"] >= 5, reason
    for failure in ("unreachable", "timeout", "disk-full"):
        assert reached[f"done: {failure}"] >= 40, failure
    assert reached["checkpoint replayed"] >= 40
    assert reached["bodies evicted"] >= 100
    assert reached["crash before a store is on the disk"] >= 40
    assert reached["crash after a store is on the disk"] >= 40


def test_the_seeds_draw_every_sort_of_step_fault_and_liar() -> None:
    drawn = [scenario.draw(seed) for seed in SEEDS]
    assert {kind for one in drawn for kind in one.liars} == liars.KINDS.keys()
    assert {fault.what for one in drawn for fault in one.faults} == {*scenario.FAULTS}
    assert {step.what for one in drawn for step in one.steps} == {*HONEST, *TWISTED, *FALSE}
    scopes = Counter(words.split()[0] for one in drawn for _, words in one.scopes)
    assert scopes.keys() == {"authors", "films", "since", "until"} and min(scopes.values()) >= 8
    assert all(map(scenario.is_sound, drawn))


@pytest.mark.parametrize("seed", range(4))
def test_a_wild_world_heals_too(seed: int) -> None:
    run(scenario.draw_wild(seed))


@pytest.mark.parametrize("other", [0, 5])
def test_a_world_in_which_a_device_forks_hundreds_of_times_heals_to_its_lowest_fork(other: int) -> None:
    steps = (Step(0, 0, "rate", 0), Step(50, 0, "many", 1), Step(900, 0, "fork-many", 2, 0, other))
    places = Counter(record.seq for record, _ in Lives(steps).pairs.values() if record.kind == "rating")
    assert max(places.values()) >= 60 + 40 * other
    links = ((0, 1), (1, 2), (0, 3))
    run(Scenario(7, 3, links, ("flipper",), (*steps, Step(9_000, 1, "rate", 0)), loss=0.3))


@pytest.mark.parametrize("seed", [3, 9, 60])
def test_one_seed_lives_the_same_life_twice(seed: int) -> None:
    one, other = run_seed(seed), run_seed(seed)
    assert (one.healed_ms, one.sent_bytes, one.states) == (other.healed_ms, other.sent_bytes, other.states)


def test_a_scenario_reads_as_it_was_written() -> None:
    for seed in range(20):
        assert scenario.parse(scenario.draw(seed).text()) == scenario.draw(seed)


@pytest.mark.parametrize("path", sorted(KEPT.glob("*.json")), ids=lambda path: path.stem)
def test_what_failed_once_heals_now(path: Path) -> None:
    run(scenario.parse(path.read_text()))
