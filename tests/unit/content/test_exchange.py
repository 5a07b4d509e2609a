"""Providers that are slow, silent, gone or without a block are replaced; nothing is asked without need."""

from __future__ import annotations

from cinepeer.content.exchange import FIRST_WINDOW, MAX_ASKERS, MAX_STALLS, MAX_WINDOW, Exchange
from cinepeer.records.cid import RAW, Cid

CIDS = [Cid.of(str(number).encode(), RAW) for number in range(200)]
PATIENCE_S = 4.0


def exchange(*providers: str, wanted: int = 200) -> Exchange:
    made = Exchange(providers, PATIENCE_S)
    made.want(CIDS[:wanted])
    return made


def test_a_provider_is_asked_in_order_and_no_more_than_its_window() -> None:
    made = exchange("a")
    assert made.questions(0.0) == [("a", CIDS[:FIRST_WINDOW])]
    assert made.questions(0.1) == []
    assert made.take("a", CIDS[0], 0.2)
    assert made.questions(0.3) == [("a", CIDS[FIRST_WINDOW : FIRST_WINDOW + 2])]  # one answered, and the window grew


def test_the_window_grows_with_answers_up_to_its_limit() -> None:
    made = exchange("a")
    for cid in CIDS[:150]:
        made.questions(0.0)
        assert made.take("a", cid, 0.0)
    made.questions(0.0)
    assert len(made.asked[0][1]) == min(MAX_WINDOW, 50)


def test_questions_are_shared_among_providers() -> None:
    questions = dict(exchange("a", "b").questions(0.0))
    assert len(questions["a"]) == len(questions["b"]) == FIRST_WINDOW
    assert not set(questions["a"]) & set(questions["b"])


def test_new_wants_come_first_and_no_block_is_wanted_twice() -> None:
    made = exchange("a", wanted=100)
    made.questions(0.0)
    made.want([CIDS[150], CIDS[150], CIDS[1]])
    made.take("a", CIDS[0], 0.0)
    assert made.questions(0.0)[0][1][0] == CIDS[150]
    assert len(made.wanted) == 100


def test_a_block_that_nobody_wants_is_not_taken() -> None:
    made = exchange("a", wanted=1)
    assert not made.take("a", CIDS[5], 0.0)
    assert made.take("a", CIDS[0], 0.0)
    assert not made.take("a", CIDS[0], 0.0)
    assert made.is_done


def test_a_block_is_asked_of_the_next_provider_when_one_lacks_it() -> None:
    made = exchange("a", "b", wanted=1)
    ((first, _),) = made.questions(0.0)
    made.miss(first, CIDS[0], 0.1)
    ((second, asked),) = made.questions(0.2)
    assert {first, second} == {"a", "b"} and asked == CIDS[:1]
    made.miss(second, CIDS[0], 0.3)
    assert made.questions(0.4) == [] and made.is_stuck and not made.is_done


def test_a_silent_provider_loses_its_questions_to_the_other() -> None:
    made = exchange("silent", "good", wanted=2)
    questions = dict(made.questions(0.0))
    assert set(questions) == {"silent", "good"}
    made.take("good", questions["good"][0], 0.1)
    moved = dict(made.questions(PATIENCE_S))
    assert moved == {"good": questions["silent"]}
    assert made.take("good", questions["silent"][0], PATIENCE_S) and made.is_done


def test_a_slow_provider_is_not_taken_for_a_silent_one() -> None:
    made = exchange("slow", wanted=1)
    made.questions(0.0)
    for second in range(1, 60):
        made.hear("slow", float(second))
        assert made.questions(float(second)) == []
    assert not made.is_stuck


def test_a_provider_that_stays_silent_is_given_up() -> None:
    made = exchange("silent", wanted=1)
    now = 0.0
    for _ in range(MAX_STALLS):
        assert made.questions(now) == [("silent", CIDS[:1])]
        now += PATIENCE_S
    assert made.questions(now) == [] and made.is_stuck


def test_a_provider_that_is_gone_or_lied_is_not_asked_again() -> None:
    made = exchange("liar", "good", wanted=4)
    questions = dict(made.questions(0.0))
    made.drop("liar")
    moved = dict(made.questions(0.1))
    assert moved == {"good": questions["liar"]}
    made.drop("liar")
    made.miss("liar", CIDS[0], 0.2)
    made.hear("liar", 0.2)
    assert set(dict(made.asked)) == {"good"}


def test_an_idle_provider_is_asked_for_what_a_slower_one_owes_at_the_end() -> None:
    made = exchange("slow", "fast", wanted=2)
    questions = dict(made.questions(0.0))
    made.take("fast", questions["fast"][0], 0.1)
    made.hear("slow", 0.9)
    assert made.questions(0.5) == []
    assert made.questions(PATIENCE_S / 4) == [("fast", questions["slow"])]
    made.hear("slow", 2.0)
    assert made.questions(2.0) == []  # never more than two are asked for one block
    assert made.take("fast", questions["slow"][0], 2.0)
    assert made.asked == [] and made.is_done
    assert MAX_ASKERS == 2


def test_without_providers_nothing_is_asked() -> None:
    made = exchange()
    assert made.questions(0.0) == [] and made.is_stuck
