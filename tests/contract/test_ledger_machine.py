"""Seasons of random business, and what must hold after every single transaction of them."""

from __future__ import annotations

from collections import Counter

import boa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from contract.season import Season
from contract.stage import Stage

SEASONS, ACTS = 40, 45
YEARS = 8
"""Rare acts come late: seasons are added, forty a year, until every floor is reached, or the years are over."""
FLOORS = {
    "register": 80,
    "register, held by a film": 20,
    "credit": 80,
    "sweep": 8,
    "move": 30,
    "move to a film": 5,
    "withdraw": 20,
    "withdraw to a film": 5,
    "redeem": 1,
    "buy": 80,
    "buy exclusive": 20,
    "renew": 5,
    "buy refused: Conflict": 10,
    "buy refused: Frozen": 8,
    "revoke": 3,
    "close": 3,
    "prune": 10,
    "hand over": 10,
    "notice": 30,
    "answer": 5,
    "suspend": 5,
    "rule": 5,
    "lapse": 1,
    "drop": 2,
    "collect": 3,
    "withdraw refused: Frozen": 15,
    "move refused: Frozen": 15,
}
"""Seasons that do not get this far have tested little, and fail."""


def test_seasons_of_business_keep_every_promise(stage: Stage) -> None:
    reached: Counter[str] = Counter()
    for year in range(YEARS):
        _live_through(stage, reached, year)
        missed = {name: (reached[name], floor) for name, floor in FLOORS.items() if reached[name] < floor}
        if not missed:
            return
    raise AssertionError(f"found fewer than wanted (found, wanted): {missed}")


def _live_through(stage: Stage, reached: Counter[str], year: int) -> None:
    """Forty seasons; another year draws other business, also where hypothesis repeats itself."""
    salt = (year * 0x9E3779B97F4A7C15) % 2**40

    class Machine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.anchor = boa.env.anchor()
            self.anchor.__enter__()
            stage.logs.clear()

        @initialize(draw=st.integers(0, 2**40))
        def begin(self, draw: int) -> None:
            self.season = Season(stage, reached, draw ^ salt)

        @rule(draw=st.integers(0, 2**40))
        def act(self, draw: int) -> None:
            self.season.step(draw ^ salt)

        @invariant()
        def everything_holds(self) -> None:
            self.season.check()

        def teardown(self) -> None:
            try:
                self.season.check_heads()
            finally:
                self.anchor.__exit__(None, None, None)

    plan = settings(max_examples=SEASONS, stateful_step_count=ACTS, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Machine, settings=plan)
