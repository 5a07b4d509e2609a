"""A model that was fitted anew: within ε it agrees, films whose scores lie within it are ties, all else is named."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from cinepeer.recommend import receipt as receipts
from cinepeer.recommend.receipt import Entry, Receipt, read_receipt
from cinepeer.recommend.refit import refitted, unlike
from cinepeer.recommend.replay import is_held
from cinepeer.recommend.served import FIT, Recipe, ServedModel, save, served_of
from cinepeer.recommend.wishes import Wishes
from cinepeer.records.keys import public_key
from unit.recommend.served_models import DISLIKED, FILMS, LIKED, ONE, THREE, TWO, channel, small_model

SEED = hashlib.sha256(b"device").digest()
ENTRIES = (Entry(ONE, 9, None, None, bytes(16)),)


def receipt() -> Receipt:
    data = save(small_model())
    told = receipts.state(
        small_model(), data, ENTRIES, Wishes(), {}, limit=5, author=None, device=public_key(SEED), origin=None
    )
    return read_receipt(receipts.write_receipt(told, SEED, data, ENTRIES))


def moved(steps: int) -> ServedModel:
    """The small model with what liking the first film says of the third moved."""
    liked = {**LIKED, ONE: {**LIKED[ONE], THREE: LIKED[ONE][THREE] + steps}}
    before = small_model()
    channels = [channel("disliked.item", DISLIKED, 5), channel("liked.item", liked)]
    return served_of(FILMS, before.likes, before.records, channels)


def test_the_same_model_agrees_and_the_list_is_the_same() -> None:
    findings = refitted(receipt(), ENTRIES, small_model())
    assert is_held(findings) is True
    assert [finding.found for finding in findings] == ["weights at most 0.00 steps apart", "the same list"]


def test_weights_within_two_steps_agree_and_beyond_them_do_not() -> None:
    assert [one.ok for one in refitted(receipt(), None, moved(2))] == [True]
    (weights,) = refitted(receipt(), None, moved(-3))
    assert weights.ok is False
    assert "3.00 steps" in weights.found


def test_films_that_change_places_within_what_can_move_are_named_as_ties_and_others_are_not() -> None:
    near = {**LIKED, ONE: {**LIKED[ONE], THREE: LIKED[ONE][TWO] + 1}}
    model = served_of(FILMS, small_model().likes, 129, [channel("liked.item", near)])
    data = save(model)
    told = receipts.state(
        model, data, ENTRIES, Wishes(), {}, limit=5, author=None, device=public_key(SEED), origin=None
    )
    found = read_receipt(receipts.write_receipt(told, SEED, data, ENTRIES))
    again = {**near, ONE: {**near[ONE], THREE: near[ONE][TWO] - 1}}
    _, ties = refitted(found, ENTRIES, served_of(FILMS, model.likes, 129, [channel("liked.item", again)]))
    assert ties.ok is True
    assert ties.found == f"ties: {THREE} ~ {TWO}, {TWO} ~ {THREE}"
    far = {**near, ONE: {**near[ONE], THREE: 5}}
    _, ties = refitted(found, ENTRIES, served_of(FILMS, model.likes, 129, [channel("liked.item", far)]))
    assert ties.ok is False


def test_a_model_of_another_fit_is_not_called_wrong_but_one_that_cannot_be_made_here() -> None:
    (line,) = refitted(receipt(), ENTRIES, replace(moved(9), recipe=Recipe(FIT)))
    assert (line.ok, line.found) == (None, "a model that does not name the fit that made it")
    assert f"fit {FIT}" in line.expected
    theirs = replace(small_model(), recipe=Recipe(FIT + 1))
    line = unlike(theirs)
    assert line is not None
    assert (line.ok, line.found) == (None, f"a model made by fit {FIT + 1}")
    assert unlike(replace(theirs, recipe=Recipe(FIT))) is None


def test_other_facts_of_films_are_named_where_the_weights_differ_and_only_there() -> None:
    (line,) = refitted(receipt(), ENTRIES, replace(moved(-3), recipe=Recipe(0, bytes(32))))
    assert line.ok is None
    assert line.found == "weights at most 3.00 steps apart, but other facts are told of films here"
    assert is_held(refitted(receipt(), ENTRIES, replace(small_model(), recipe=Recipe(0, bytes(32))))) is True


def test_a_model_of_other_films_or_channels_does_not_agree() -> None:
    before = small_model()
    for other in (
        replace(before, records=7),
        replace(before, likes=(1,) * len(FILMS)),
        served_of(FILMS, before.likes, before.records, [before.channels[1]]),
    ):
        assert refitted(receipt(), None, other)[0].ok is False
