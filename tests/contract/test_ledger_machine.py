"""A season of random business by everybody at once, and what must hold after every single transaction of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import boa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from contract.replay import rebuild
from contract.stage import BOND, CLEAR, CONTESTED, NONE, NONE32, SUSPENDED, VOID, ZERO, Reverted, Stage, person
from contract.words import content, deed, offer

PEOPLE = [person(name) for name in ("Ada", "Ben", "Cleo", "Dan")]
LABELS = ("one", "two", "three", "four")
MOST_TITLES = 4
DAY = 86_400
BALANCES, PURSES, DEBTS, RESERVES = 0, 6, 7, 9
"""Where the registry keeps them in its storage."""
STEPS = ("notice", "answer", "suspend", "rule", "lapse", "answer", "rule", "drop", "suspend", "rule", "collect")
reached: Counter[str] = Counter()
"""How often each thing happened, and how often each refusal did, over all runs."""

FLOORS = {
    "register": 50,
    "register, held by a film": 40,
    "credit": 40,
    "sweep": 20,
    "move": 40,
    "move to a film": 5,
    "withdraw": 20,
    "withdraw to a film": 3,
    "redeem": 1,
    "buy": 60,
    "buy exclusive": 20,
    "renew": 5,
    "buy refused: Conflict": 10,
    "buy refused: Frozen": 1,
    "revoke": 3,
    "close": 5,
    "prune": 10,
    "hand over": 20,
    "notice": 15,
    "answer": 5,
    "suspend": 3,
    "rule": 10,
    "lapse": 2,
    "drop": 2,
    "collect": 2,
    "withdraw refused: Frozen": 3,
    "move refused: Frozen": 3,
}
"""A machine that does not get this far has tested little, and fails."""


@dataclass
class Grant:
    """A licence as its buyer knows it."""

    title: int
    offer: bytes
    terms: tuple
    licensee: str
    start: int
    end: int


class Season(RuleBasedStateMachine):
    """Four people, up to four films that may hold each other, and an arbiter."""

    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        self.anchor = boa.env.anchor()
        self.anchor.__enter__()
        self.stage.logs.clear()
        self.began = self.stage.now
        self.films: list[tuple[int, Any, bytes]] = []
        self.grants: list[Grant] = []
        self.cases: list[int] = []
        self.is_new = False
        self.turns = 0

    @initialize(first=st.integers(1, 9999), second=st.integers(1, 9999))
    def begin(self, first: int, second: int) -> None:
        """Two films, of which the second is partly the first one's."""
        self._register(PEOPLE[0], "one", [(PEOPLE[0], first), (PEOPLE[1], 10_000 - first)])
        self._register(PEOPLE[2], "two", [(PEOPLE[2], second), (self.holder(8), 10_000 - second)])

    def teardown(self) -> None:
        try:
            for title, one in rebuild(self.stage.logs, self.stage.titles).items():
                assert one.head == self.stage.titles.titles(title)[5], "the log gives the head"
        finally:
            self.anchor.__exit__(None, None, None)

    # What people do; a refusal is counted, and only those that the contracts name are refusals.

    def attempt(self, name: str, call: Any, *values: Any, **how: Any) -> Any:
        try:
            result = call(*values, **how)
        except Reverted as reverted:
            assert reverted.name not in ("Panic", "nothing said", "NotTaken"), f"{name}: {reverted}"
            reached[f"{name} refused: {reverted.name}"] += 1
            return None
        reached[name] += 1
        self.is_new = True
        return result if result is not None else True

    def turn(self, pick: int, steps: tuple[str, ...]) -> str:
        """One step after the other, moved on by `pick`: equal draws in a row make no equal steps."""
        self.turns += 1
        return steps[(pick + self.turns) % len(steps)]

    def film(self, pick: int) -> int:
        return self.films[pick % len(self.films)][0] if self.films else 7

    def holder(self, pick: int) -> str:
        """A person, or a film's own address."""
        films = [f"0x{title:040x}" for title, _, _ in self.films]
        everyone = [one.address for one in PEOPLE] * 2 + films
        return everyone[pick % len(everyone)]

    def act_for(self, title: int) -> Any:
        controller = self.stage.titles.titles(title)[0]
        return next((one for one in PEOPLE if one.address == controller), PEOPLE[0])

    @rule(
        by=st.sampled_from(PEOPLE), label=st.sampled_from(LABELS), first=st.integers(1, 9999), pick=st.integers(0, 99)
    )
    def register(self, by: Any, label: str, first: int, pick: int) -> None:
        if len(self.films) >= MOST_TITLES:
            return
        self._register(by, label, [(by, first), (self.holder(pick), 10_000 - first)])

    def _register(self, by: Any, label: str, parts: list[tuple[Any, int]]) -> None:
        title = self.attempt("register", self.stage.titles.register, deed(by, parts, label), b"", sender=by)
        if title:
            self.films.append((title, by, content(label)))
            reached["register, held by a film"] += parts[1][0] not in [one.address for one in PEOPLE]

    @rule(pick=st.integers(0, 9), amount=st.one_of(st.integers(0, 30), st.integers(0, 10**21)))
    def credit(self, pick: int, amount: int) -> None:
        self.attempt("credit", self.stage.titles.credit, self.film(pick), ZERO, NONE32, value=amount)

    @rule(pick=st.integers(0, 9), amount=st.integers(0, 10**6))
    def sweep(self, pick: int, amount: int) -> None:
        if not self.films:
            return
        title, by, what = self.films[pick % len(self.films)]
        self.stage.send(PEOPLE[0], f"0x{title:040x}", value=amount)
        self.attempt("sweep", self.stage.titles.sweep, by.address, what, ZERO)

    @rule(pick=st.integers(0, 9), by=st.sampled_from(PEOPLE), to=st.integers(0, 99), part=st.integers(1, 100))
    def move(self, pick: int, by: Any, to: int, part: int) -> None:
        title, receiver = self.film(pick), self.holder(to)
        by = next((one for one in (by, *PEOPLE) if self.shares(title, one.address)), by)
        shares = max(1, self.shares(title, by.address) * part // 100)
        call = self.stage.titles.safeTransferFrom
        done = self.attempt("move", call, by.address, receiver, title, shares, b"", sender=by)
        reached["move to a film"] += bool(done) and receiver not in [one.address for one in PEOPLE]

    @rule(pick=st.integers(0, 9), to=st.integers(0, 99))
    def withdraw(self, pick: int, to: int) -> None:
        holder, title = self.holder(to), self.film(pick)
        if to % 5:
            word = self.stage.word(self.stage.titles, PURSES, title, 0)
            rich = [who for who in self.accounts() if self.claim(title, who, word & 2**128 - 1) >= 10_000]
            holder = rich[to % len(rich)] if rich else holder
        done = self.attempt("withdraw", self.stage.titles.withdraw, title, ZERO, holder)
        reached["withdraw to a film"] += bool(done) and holder not in [one.address for one in PEOPLE]

    def redeem(self, pick: int) -> None:
        void = [title for title, _, _ in self.films if self.stage.titles.statusOf(title) == VOID]
        title = void[pick % len(void)] if void and pick % 4 else self.film(pick)
        self.attempt("redeem", self.stage.titles.redeem, title, ZERO)

    @rule(
        pick=st.integers(0, 99),
        to=st.sampled_from(PEOPLE),
    )
    def govern(self, pick: int, to: Any) -> None:
        """A step of who acts for a film."""
        what = self.turn(pick, ("hand over", "revoke", "close", "prune"))
        title = self.film(pick)
        if what == "hand over":
            self.attempt("hand over", self.stage.titles.handOver, title, to.address, sender=self.act_for(title))
        if what == "prune":
            self.attempt("prune", self.stage.licences.prune, title)
        if not self.grants:
            return
        one = self.grants[pick % len(self.grants)]
        by = self.act_for(one.title)
        if what == "close":
            self.attempt("close", self.stage.licences.close, one.terms, sender=by)
        if what == "revoke" and self.attempt("revoke", self.stage.licences.revoke, one.terms, one.licensee, sender=by):
            self.grants = [g for g in self.grants if (g.offer, g.licensee) != (one.offer, one.licensee)]

    @rule(
        pick=st.integers(0, 9),
        who=st.sampled_from(PEOPLE),
        exclusive=st.booleans(),
        media=st.sampled_from([1, 2, 3]),
        territory=st.sampled_from([1, 2, 3, 2**256 - 1]),
        begin=st.sampled_from([0, 5, 40]),
        term=st.sampled_from([1, 10, 60]),
        price=st.sampled_from([0, 10**9 + 7]),
    )
    def buy(self, pick: int, who: Any, begin: int, price: int, **terms: Any) -> None:
        title = self.film(pick)
        seller = self.act_for(title)
        wanted = offer(
            title, seller, start=begin and self.began + begin * DAY, price=price, revocable=True,
            **{**terms, "term": terms["term"] * DAY},
        )  # fmt: skip
        self._take(wanted, who, seller)

    @precondition(lambda self: self.grants)
    @rule(pick=st.integers(0, 99), same=st.booleans(), who=st.sampled_from(PEOPLE))
    def buy_again(self, pick: int, same: bool, who: Any) -> None:
        """An offer that somebody took before, for the same or for another."""
        known = self.grants[pick % len(self.grants)]
        licensee = next(one for one in PEOPLE if one.address == known.licensee) if same else who
        done = self._take(known.terms, licensee, self.act_for(known.title))
        reached["renew"] += done and same

    def _take(self, terms: tuple, who: Any, seller: Any) -> bool:
        if terms[1] != seller.address:
            terms = (terms[0], seller.address, *terms[2:])
        said = self.attempt("buy", self.stage.licences.buy, terms, b"", who.address, sender=seller, value=terms[3])
        if said:
            last = self.stage.licences.read(self.stage.logs[-1])[1]
            assert last["offer"] == said
            self.grants.append(Grant(terms[0], said, terms, who.address, last["start"], last["end"]))
            reached["buy exclusive"] += terms[12]
        return bool(said)

    @rule(
        pick=st.integers(0, 99),
        by=st.sampled_from(PEOPLE),
        upheld=st.sampled_from([True, True, False]),
        days=st.sampled_from([0, 15, 45]),
    )
    def dispute(self, pick: int, by: Any, upheld: bool, days: int) -> None:
        """A step of a dispute; where there is none, a notice."""
        what = self.turn(pick, STEPS)
        disputes = self.stage.disputes
        if what == "collect":
            self.redeem(pick)
            self.attempt("collect", disputes.collect, by.address)
            return
        still = [case for case in self.cases if disputes.cases(case)[2] in (1, 2)]
        if what == "notice" or not self.cases:
            self.notice(pick, by)
            return
        unanswered = [case for case in still if disputes.cases(case)[2] == 1]
        wanted = unanswered if what in ("suspend", "answer") else still
        among = wanted if wanted and pick % 5 else self.cases
        case = among[pick % len(among)]
        if case in still:
            self.stage.wait(days * DAY)
        self.settle(case, what, by if pick % 3 == 0 else None, upheld)

    def notice(self, pick: int, by: Any) -> None:
        title = self.film(pick)
        value = self.stage.disputes.bondFor(title) + pick % 3
        case = self.attempt("notice", self.stage.disputes.notice, title, 1, NONE32, sender=by, value=value)
        if case is not None:
            self.cases.append(case if case is not True else 0)

    def settle(self, case: int, what: str, by: Any, upheld: bool) -> None:
        disputes = self.stage.disputes
        title, claimant = disputes.cases(case)[0], disputes.cases(case)[4]
        if what == "answer":
            self.attempt("answer", disputes.answer, case, NONE32, sender=by or self.act_for(title), value=BOND)
        elif what == "rule":
            self.attempt("rule", disputes.rule, case, upheld, NONE32, sender=by or self.stage.arbiter)
        elif what == "drop":
            self.attempt("drop", disputes.drop, case, sender=by or claimant)
        else:
            self.attempt(what, getattr(disputes, what), case)

    @rule(days=st.sampled_from([1, 6, 15, 31]))
    def wait(self, days: int) -> None:
        self.stage.wait(days * DAY)

    # What must hold

    @invariant()
    def everything_holds(self) -> None:
        if self.is_new:  # a refused call changed nothing
            self.is_new = False
            self.shares_make_the_whole()
            self.purses_are_backed()
            self.bonds_are_backed()
            self.no_exclusive_licence_meets_another()

    def shares_make_the_whole(self) -> None:
        for title, _, _ in self.films:
            assert sum(self.shares(title, who) for who in self.accounts()) == 10_000

    def accounts(self) -> list[str]:
        return [one.address for one in PEOPLE] + [f"0x{title:040x}" for title, _, _ in self.films]

    def shares(self, title: int, who: str) -> int:
        return self.stage.word(self.stage.titles, BALANCES, title, who)

    def claim(self, title: int, who: str, paid_in: int) -> int:
        """What a holder has coming, ten-thousandths included."""
        debt = self.stage.word(self.stage.titles, DEBTS, title, 0, who)
        return paid_in * self.shares(title, who) - (debt - 2**256 if debt >> 255 else debt)

    def purses_are_backed(self) -> None:
        titles = self.stage.titles
        left = 0
        for title, _, _ in self.films:
            word = self.stage.word(titles, PURSES, title, 0)
            paid_in, paid_out = word & 2**128 - 1, word >> 128
            assert paid_out <= paid_in
            left += paid_in - paid_out
            if titles.statusOf(title) != VOID:
                claims = [self.claim(title, who, paid_in) for who in self.accounts()]
                assert min(claims) >= 0
                assert sum(claims) == (paid_in - paid_out) * 10_000, "all claims are the purse, to the last part"
        assert left == self.stage.word(titles, RESERVES, 0) == self.stage.balance(titles)

    def bonds_are_backed(self) -> None:
        disputes = self.stage.disputes
        cases = [disputes.cases(case) for case in self.cases]
        bonds = sum(case[5] + (BOND if case[2] == 2 else 0) for case in cases if case[2] in (1, 2))
        owed = sum(disputes.owed(one.address) for one in PEOPLE)
        assert self.stage.balance(disputes) == bonds + owed
        for title, _, _ in self.films:
            open_cases = sum(case[0] == title and case[2] in (1, 2) for case in cases)
            assert disputes.live(title) == open_cases
            status = self.stage.titles.statusOf(title)
            assert status != NONE
            if status != VOID:
                assert (status == CLEAR) == (open_cases == 0)
                assert status in (CLEAR, CONTESTED, SUSPENDED)

    def no_exclusive_licence_meets_another(self) -> None:
        live = [one for one in self.grants if one.end >= self.stage.now]
        for at, one in enumerate(live):
            for other in live[at + 1 :]:
                if one.title != other.title or not (one.terms[12] or other.terms[12]):
                    continue
                same_place = one.terms[10] & other.terms[10] and one.terms[14] & other.terms[14]
                same_time = one.start <= other.end and other.start <= one.end
                assert not (same_place and same_time), f"{one} meets {other}"


def test_a_season_of_business_keeps_every_promise(stage: Stage) -> None:
    reached.clear()
    machine = type("ThisSeason", (Season,), {"stage": stage})
    examples = max(64, settings.default.max_examples // 2)
    plan = settings(
        max_examples=examples, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(machine, settings=plan)
    missed = {name: (reached[name], floor) for name, floor in FLOORS.items() if reached[name] < floor}
    assert not missed, f"found fewer than wanted (found, wanted): {missed}"
