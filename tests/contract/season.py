"""Random business by four people and an arbiter with films that may hold each other, and what must hold of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Any

from eth_utils import keccak

from contract.replay import rebuild
from contract.stage import BOND, CLEAR, CONTESTED, NONE32, SUSPENDED, VOID, ZERO, Reverted, Stage, person
from contract.words import content, deed, offer

PEOPLE = [person(name) for name in ("Ada", "Ben", "Cleo", "Dan")]
ADDRESSES = [one.address for one in PEOPLE]
MOST_FILMS = 4
DAY = 86_400
OPEN = (1, 2)
"""The states of a case that is not over: noticed, answered."""
BALANCES, TITLES, PURSES, DEBTS, RESERVES = 0, 5, 6, 7, 9
"""Where the registry keeps them in its storage."""
CASES, LIVE, OWED = 0, 1, 2
"""Where the disputes do."""
ACTS = {
    "register": 2, "credit": 10, "sweep": 3, "move": 10, "withdraw": 10, "redeem": 2, "buy": 12, "buy_again": 6,
    "revoke": 2, "close": 1, "prune": 2, "hand_over": 3, "notice": 7, "answer": 3, "suspend": 4, "rule": 4,
    "lapse": 2, "drop": 2, "collect": 3, "wait": 6,
}  # fmt: skip
"""What may happen, and how often beside the others."""


@dataclass(frozen=True)
class Film:
    """A registered film, and what its id follows from."""

    title: int
    creator: Any
    content: bytes

    @property
    def purse(self) -> str:
        """The film's own address."""
        return f"0x{self.title:040x}"


@dataclass(frozen=True)
class Grant:
    """A licence as its buyer knows it."""

    offer: bytes
    terms: tuple
    licensee: Any
    start: int
    end: int

    def meets(self, other: Grant) -> bool:
        """Whether two licences may not both be."""
        same_place = self.terms[10] & other.terms[10] and self.terms[14] & other.terms[14]
        same_time = self.start <= other.end and other.start <= self.end
        excludes = self.terms[12] or other.terms[12]
        return bool(self.terms[0] == other.terms[0] and excludes and same_place and same_time)


@dataclass(frozen=True)
class Told:
    """What the storage says of a case."""

    title: int
    state: int
    claimant: str
    bond: int


class Season:
    """The business so far. `reached` counts what happened and what was refused, over all seasons."""

    def __init__(self, stage: Stage, reached: Counter[str], draw: int) -> None:
        self.stage, self.reached = stage, reached
        self.began = stage.now
        self.films: list[Film] = []
        self.grants: list[Grant] = []
        self.cases: list[int] = []
        self.is_new = True
        self.turns = 0
        self.dice = Random(draw)
        self.register()
        self.register()

    def step(self, draw: int) -> None:
        """One act, which follows from `draw`, its turn and what stands: equal draws in a row are not equal acts."""
        self.turns += 1
        self.dice = Random(draw ^ self.turns << 40)
        getattr(self, self.dice.choices(list(ACTS), list(ACTS.values()))[0])()

    def attempt(self, name: str, call: Any, *values: Any, **how: Any) -> Any:
        """Does it, or counts the refusal, which must be one that the contracts have a name for."""
        try:
            result = call(*values, **how)
        except Reverted as reverted:
            assert reverted.name not in ("Panic", "nothing said", "NotTaken"), f"{name}: {reverted}"
            self.reached[f"{name} refused: {reverted.name}"] += 1
            return None
        self.reached[name] += 1
        self.is_new = True
        return (result,)

    # Picks

    def someone(self) -> Any:
        return self.dice.choice(PEOPLE)

    def film(self) -> Film:
        return self.dice.choice(self.films)

    def accounts(self) -> list[str]:
        """Everybody who may hold shares."""
        return ADDRESSES + [film.purse for film in self.films]

    def controller(self, title: int) -> Any:
        word = self.stage.word(self.stage.titles, TITLES, title)
        return PEOPLE[ADDRESSES.index(f"0x{word & 2**160 - 1:040x}")]

    def status(self, film: Film) -> int:
        return self.stage.word(self.stage.titles, TITLES, film.title) >> 216 & 0xFF

    def told(self, case: int) -> Told:
        """A case as the storage has it."""
        place = int.from_bytes(keccak(CASES.to_bytes(32, "big")), "big") + 3 * case
        first, second = (int.from_bytes(self.stage.slot(self.stage.disputes, place + at), "big") for at in (0, 1))
        claimant = f"0x{second & 2**160 - 1:040x}"
        return Told(first & 2**160 - 1, first >> 200 & 0xFF, claimant, second >> 160)

    def rich(self, film: Film) -> list[str]:
        """Who has something coming."""
        return [who for who in self.accounts() if self.claim(film, who) >= 10_000] or self.accounts()

    def case(self, *states: int) -> int | None:
        """A case, mostly one in these states."""
        fitting = [case for case in self.cases if self.told(case).state in states]
        among = fitting if fitting and self.dice.random() < 0.9 else self.cases
        return self.dice.choice(among) if among else None

    # Acts

    def register(self) -> None:
        if len(self.films) == MOST_FILMS:
            return
        by, label = self.someone(), f"film {len(self.films)}"
        other = self.films[-1].purse if self.films and self.dice.random() < 0.7 else self.someone().address
        first = self.dice.randint(1, 9999)
        terms = deed(by, [(by, first), (other, 10_000 - first)], label)
        done = self.attempt("register", self.stage.titles.register, terms, b"", sender=by)
        self.films.append(Film(done[0], by, content(label)))
        self.reached["register, held by a film"] += other not in ADDRESSES

    def credit(self) -> None:
        amount = self.dice.choice([self.dice.randint(0, 30), self.dice.randint(0, 10**21)])
        self.attempt("credit", self.stage.titles.credit, self.film().title, ZERO, NONE32, value=amount)

    def sweep(self) -> None:
        film = self.film()
        self.stage.send(self.someone(), film.purse, value=self.dice.randint(0, 2) * 10**6)
        self.is_new = True
        self.attempt("sweep", self.stage.titles.sweep, film.creator.address, film.content, ZERO)

    def move(self) -> None:
        film, to = self.film(), self.dice.choice(self.accounts())
        by = self.dice.choice([one for one in PEOPLE if self.shares(film, one.address)] or PEOPLE)
        shares = max(1, self.shares(film, by.address) * self.dice.randint(1, 100) // 100)
        call = self.stage.titles.safeTransferFrom
        done = self.attempt("move", call, by.address, to, film.title, shares, b"", sender=by)
        self.reached["move to a film"] += bool(done) and to not in ADDRESSES

    def withdraw(self) -> None:
        film = self.film()
        holder = self.dice.choice(self.rich(film) if self.dice.random() < 0.9 else self.accounts())
        done = self.attempt("withdraw", self.stage.titles.withdraw, film.title, ZERO, holder)
        self.reached["withdraw to a film"] += bool(done) and holder not in ADDRESSES

    def redeem(self) -> None:
        void = [film for film in self.films if self.status(film) == VOID]
        film = self.dice.choice(void) if void and self.dice.random() < 0.8 else self.film()
        self.attempt("redeem", self.stage.titles.redeem, film.title, ZERO)

    def hand_over(self) -> None:
        title = self.film().title
        call = self.stage.titles.handOver
        self.attempt("hand over", call, title, self.someone().address, sender=self.controller(title))

    def buy(self) -> None:
        title = self.film().title
        seller, later = self.controller(title), self.dice.choice([0, 0, 5, 40])
        terms = offer(
            title,
            seller,
            start=later and self.began + later * DAY,
            price=self.dice.choice([0, 10**9 + 7]),
            exclusive=self.dice.random() < 0.4,
            media=self.dice.choice([1, 2, 3]),
            territory=self.dice.choice([1, 2, 3, 2**256 - 1]),
            term=self.dice.choice([1, 10, 60]) * DAY,
            revocable=True,
        )
        self._take(terms, self.someone())

    def buy_again(self) -> None:
        """An offer that somebody took before, for the same or for another."""
        if not self.grants:
            return
        known = self.dice.choice(self.grants)
        who = self.dice.choice([known.licensee, self.someone()])
        terms = (known.terms[0], self.controller(known.terms[0]).address, *known.terms[2:])
        before = self.stage.licences.until(self.stage.licences.hashOf(terms), who.address)
        self.reached["renew"] += bool(self._take(terms, who)) and before >= self.stage.now

    def _take(self, terms: tuple, who: Any) -> Any:
        seller = PEOPLE[ADDRESSES.index(terms[1])]
        done = self.attempt("buy", self.stage.licences.buy, terms, b"", who.address, sender=seller, value=terms[3])
        if done:
            name, last = self.stage.licences.read(self.stage.logs[-1])
            assert (name, last["offer"]) == ("Granted", done[0])
            self.grants.append(Grant(done[0], terms, who, last["start"], last["end"]))
            self.reached["buy exclusive"] += terms[12]
        return done

    def revoke(self) -> None:
        held = [one for one in self.grants if one.end >= self.stage.now] or self.grants
        if not held:
            return
        one = self.dice.choice(held)
        by = self.controller(one.terms[0])
        if self.attempt("revoke", self.stage.licences.revoke, one.terms, one.licensee.address, sender=by):
            gone = (one.offer, one.licensee)
            self.grants = [other for other in self.grants if (other.offer, other.licensee) != gone]

    def close(self) -> None:
        if self.grants:
            terms = self.dice.choice(self.grants).terms
            self.attempt("close", self.stage.licences.close, terms, sender=self.controller(terms[0]))

    def prune(self) -> None:
        self.attempt("prune", self.stage.licences.prune, self.film().title)

    def notice(self) -> None:
        title = self.film().title
        value = self.stage.disputes.bondFor(title) + self.dice.randint(0, 2)
        call = self.stage.disputes.notice
        done = self.attempt("notice", call, title, 1, NONE32, sender=self.someone(), value=value)
        if done:
            self.cases.append(done[0])

    def answer(self) -> None:
        case = self.case(1)
        if case is not None:
            title = self.told(case).title
            by = self.dice.choice([self.controller(title), self.someone()])
            self.attempt("answer", self.stage.disputes.answer, case, NONE32, sender=by, value=BOND)

    def suspend(self) -> None:
        case = self.case(1)
        if case is not None:
            self.stage.wait(self.dice.choice([0, 15, 15, 15]) * DAY)
            self.attempt("suspend", self.stage.disputes.suspend, case)

    def rule(self) -> None:
        case = self.case(*OPEN)
        if case is not None:
            self.stage.wait(self.dice.choice([0, 15]) * DAY)
            upheld = self.dice.random() < 0.4
            self.attempt("rule", self.stage.disputes.rule, case, upheld, NONE32, sender=self.stage.arbiter)

    def lapse(self) -> None:
        case = self.case(*OPEN)
        if case is not None:
            self.stage.wait(self.dice.choice([0, 45]) * DAY)
            self.attempt("lapse", self.stage.disputes.lapse, case)

    def drop(self) -> None:
        case = self.case(*OPEN)
        if case is not None:
            self.attempt("drop", self.stage.disputes.drop, case, sender=self.told(case).claimant)

    def collect(self) -> None:
        self.attempt("collect", self.stage.disputes.collect, self.someone().address)

    def wait(self) -> None:
        self.stage.wait(self.dice.choice([1, 6, 15]) * DAY)

    # What must hold

    def check(self) -> None:
        """What must hold after every act; a refused one changed nothing."""
        if self.is_new:
            self.is_new = False
            self.check_shares()
            self.check_purses()
            self.check_disputes()
            self.check_licences()

    def shares(self, film: Film, who: str) -> int:
        return self.stage.word(self.stage.titles, BALANCES, film.title, who)

    def purse(self, film: Film) -> tuple[int, int]:
        """(paid in, paid out)."""
        word = self.stage.word(self.stage.titles, PURSES, film.title, 0)
        return word & 2**128 - 1, word >> 128

    def claim(self, film: Film, who: str) -> int:
        """What a holder has coming, in ten-thousandths."""
        debt = self.stage.word(self.stage.titles, DEBTS, film.title, 0, who)
        return self.purse(film)[0] * self.shares(film, who) - (debt - 2**256 if debt >> 255 else debt)

    def check_shares(self) -> None:
        for film in self.films:
            assert sum(self.shares(film, who) for who in self.accounts()) == 10_000

    def check_purses(self) -> None:
        titles = self.stage.titles
        left = {film: paid_in - paid_out for film in self.films for paid_in, paid_out in [self.purse(film)]}
        assert min(left.values()) >= 0
        assert sum(left.values()) == self.stage.word(titles, RESERVES, 0) == self.stage.balance(titles)
        for film in self.films:
            claims = [self.claim(film, who) for who in self.accounts()]
            assert min(claims) >= 0
            if self.status(film) != VOID:
                assert sum(claims) == left[film] * 10_000, "all claims are the purse, to the last part"

    def check_disputes(self) -> None:
        disputes = self.stage.disputes
        cases = [self.told(case) for case in self.cases]
        bonds = sum(case.bond + (BOND if case.state == 2 else 0) for case in cases if case.state in OPEN)
        owed = sum(self.stage.word(disputes, OWED, who) for who in ADDRESSES)
        assert self.stage.balance(disputes) == bonds + owed
        for film in self.films:
            own = [case.state for case in cases if case.title == film.title]
            still = sum(state in OPEN for state in own)
            status = self.status(film)
            assert self.stage.word(disputes, LIVE, film.title) == still
            assert status == VOID or status in ((CONTESTED, SUSPENDED) if still else (CLEAR,))
            assert (status == VOID) == (3 in own), "only a ruling makes a title void"

    def check_licences(self) -> None:
        live = [one for one in self.grants if one.end >= self.stage.now]
        for at, one in enumerate(live):
            for other in live[at + 1 :]:
                assert not one.meets(other), f"{one} meets {other}"

    def check_heads(self) -> None:
        """The log alone gives every title's head."""
        for title, one in rebuild(self.stage.logs, self.stage.titles).items():
            assert one.head == self.stage.titles.titles(title)[5]
