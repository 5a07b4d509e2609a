"""Statements by holder and period: they sum to the ledger to the wei, whatever happened and wherever they are cut."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinepeer.errors import Refused
from cinepeer.rights import events as ev
from cinepeer.rights.deeds import NATIVE, WHOLE
from cinepeer.rights.events import Entry, Event, Log
from cinepeer.rights.royalties import claimable
from cinepeer.rights.state import NOBODY, Status, fold
from cinepeer.rights.statement import of_holder, parts_text, rows_csv, statement_of, verify_statement
from unit.rights.scene import PARTNER, address_of, story

FILM, REMIX, ADA, BEA, SHOP = (bytes([number]) * 20 for number in (1, 2, 3, 4, 5))


def entries(*events: Event) -> list[Entry]:
    return [Entry(event, Log(SHOP, (bytes(32),), b"", at, 0)) for at, event in enumerate(events)]


def registered(title: bytes, time: int = 0) -> ev.Registered:
    return ev.Registered(title, ADA, bytes(32), bytes(32), bytes(32), 0x70, 0, time)


def moved(origin: bytes, to: bytes, amount: int, title: bytes = FILM) -> ev.Shares:
    return ev.Shares(ADA, origin, to, (title,), (amount,))


def credited(amount: int, time: int, payer: bytes = BEA, title: bytes = FILM) -> ev.Credited:
    return ev.Credited(title, payer, bytes(32), NATIVE, amount, time)


def withdrawn(holder: bytes, amount: int, time: int, title: bytes = FILM) -> ev.Withdrawn:
    return ev.Withdrawn(title, holder, NATIVE, amount, time)


BEGUN = (registered(FILM), moved(NOBODY, ADA, 7_000), moved(NOBODY, BEA, 3_000))


def test_a_payment_is_shared_to_the_last_part_of_a_unit():
    found = statement_of(entries(*BEGUN, credited(333, 10)), 0, 100, [SHOP])
    verify_statement(found)
    assert [(row.holder, parts_text(row.earned)) for row in found.rows] == [(ADA, "233.1000"), (BEA, "99.9000")]


def test_a_period_begins_with_what_was_left_and_ends_before_its_end():
    log = entries(*BEGUN, credited(1_000, 10), withdrawn(BEA, 300, 15), credited(1_000, 20), credited(1_000, 30))
    found = statement_of(log, 15, 30, [SHOP])
    verify_statement(found)
    ada, bea = found.rows
    assert (ada.opening, ada.earned, ada.paid, ada.closing) == (700 * WHOLE, 700 * WHOLE, 0, 1_400 * WHOLE)
    assert (bea.opening, bea.earned, bea.paid, bea.closing) == (300 * WHOLE, 300 * WHOLE, 300, 300 * WHOLE)
    assert [(one.opening, one.credited, one.paid, one.closing) for one in found.purses] == [(1_000, 1_000, 300, 1_700)]
    assert statement_of(log, 40, 50, [SHOP]).rows[0].opening == 2_100 * WHOLE


def test_what_was_earned_before_a_transfer_stays_with_the_one_who_gives():
    log = entries(*BEGUN, credited(1_000, 10), moved(ADA, BEA, 7_000), credited(1_000, 20))
    found = statement_of(log, 0, 100, [SHOP])
    verify_statement(found)
    assert [(row.shares, row.earned) for row in found.rows] == [(0, 700 * WHOLE), (WHOLE, 1_300 * WHOLE)]


def test_money_through_a_remix_comes_into_the_parents_purse_and_says_so():
    """The remix gave its parent 2,000 of its shares; what the parent withdraws there is shared by its own holders."""
    log = entries(
        *BEGUN, registered(REMIX), moved(NOBODY, ADA, 8_000, REMIX), moved(NOBODY, FILM, 2_000, REMIX),
        credited(1_000, 10, SHOP, REMIX), withdrawn(FILM, 200, 11, REMIX), credited(200, 11, REMIX, FILM),
    )  # fmt: skip
    found = statement_of(log, 0, 100, [SHOP])
    verify_statement(found)
    mine = of_holder(found, BEA)
    assert [(row.title, row.earned) for row in mine.rows] == [(FILM, 60 * WHOLE)]
    assert [(one.title, one.sort, one.amount) for one in found.sources] == [(FILM, "film", 200), (REMIX, "sale", 1_000)]


def test_a_void_titles_purse_goes_to_its_successor_outside_the_shares():
    log = entries(
        *BEGUN, credited(1_000, 10), ev.StatusSet(FILM, Status.VOID, SHOP, 20), withdrawn(SHOP, 1_000, 21)
    )  # fmt: skip
    found = statement_of(log, 0, 100, [SHOP])
    verify_statement(found)
    assert [(row.holder, row.paid, row.redeemed) for row in found.rows] == [
        (ADA, 0, 0),
        (BEA, 0, 0),
        (SHOP, 1_000, 1_000),
    ]


def test_a_statement_that_was_altered_does_not_add_up():
    found = statement_of(entries(*BEGUN, credited(333, 10)), 0, 100, [SHOP])
    for change in ({"earned": 1}, {"paid": 1}, {"closing": 1}):
        with pytest.raises(Refused):
            verify_statement(replace(found, rows=(replace(found.rows[0], **change), *found.rows[1:])))
    with pytest.raises(Refused):
        verify_statement(replace(found, purses=(replace(found.purses[0], closing=1),)))


def test_the_table_is_exact_and_holds_no_formula():
    found = statement_of(entries(*BEGUN, credited(333, 10)), 0, 100, [SHOP])
    rows = list(csv.DictReader(rows_csv(found, {FILM: "=1"}).splitlines()))
    assert [(row["film"], row["earned"], row["closing"]) for row in rows] == [
        ("'=1", "233.1000", "233.1000"), ("'=1", "99.9000", "99.9000"),
    ]  # fmt: skip
    assert parts_text(-15_000) == "-1.5000"


def test_the_statement_of_a_real_ledger_is_what_its_contracts_owe():
    chain = story().chain
    log = ev.decode_all(chain.logs(), chain.contracts)
    found = statement_of(log, 0, 1 << 40, [chain.contracts.licences])
    verify_statement(found)
    title = fold(log).titles[story().title]
    assert {row.holder: row.closing // WHOLE for row in found.rows} == {
        holder: claimable(title, holder) for holder in title.shares
    }
    assert of_holder(found, address_of(PARTNER)).rows[0].paid > 0
    assert [one.sort for one in found.sources] == ["payment", "sale"] or {one.sort for one in found.sources} == {
        "sale", "payment",
    }  # fmt: skip


ACTS = st.lists(
    st.tuples(st.sampled_from(["pay", "move", "draw"]), st.booleans(), st.integers(1, 10_000)), max_size=30
)  # fmt: skip


@given(acts=ACTS, begin=st.integers(0, 32), length=st.integers(0, 32))
def test_whatever_happens_every_period_sums_to_the_purse(acts: list[tuple[str, bool, int]], begin: int, length: int):
    log: list[Event] = list(BEGUN)
    for time, (act, is_ada, amount) in enumerate(acts, 1):
        state = fold(entries(*log)).titles[FILM]
        one, other = (ADA, BEA) if is_ada else (BEA, ADA)
        if act == "pay":
            log.append(credited(amount, time))
        elif act == "move" and (held := state.shares.get(one, 0)):
            log.append(moved(one, other, amount % held + 1))
        elif act == "draw" and (due := claimable(state, one)):
            log.append(withdrawn(one, due, time))
    found = statement_of(entries(*log), begin, begin + length, [SHOP])
    verify_statement(found)
    whole = statement_of(entries(*log), 0, 100, [SHOP])
    state = fold(entries(*log)).titles[FILM]
    assert {row.holder: row.closing // WHOLE for row in whole.rows if row.closing // WHOLE} == {
        holder: claimable(state, holder) for holder in state.shares if claimable(state, holder)
    }
