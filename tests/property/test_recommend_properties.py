"""Served models of any shape: one list by numpy and by plain Python, parts that sum to it, bytes that come back."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from cinepeer.errors import BadInput, Refused
from cinepeer.recommend import ranking, served, sums
from cinepeer.recommend.distilled import compact
from cinepeer.recommend.fast_ranking import FastRanking

NAMES = ("disliked", "lately.0", "lately.1", "liked")
EXAMPLES = 40


@st.composite
def models(draw: st.DrawFn) -> served.ServedModel:
    films = draw(st.integers(1, 9))
    ids = [f"film{number}" for number in range(films)]
    channels = []
    for name in draw(st.sets(st.sampled_from(NAMES))):
        rows = sorted(draw(st.sets(st.integers(0, films - 1))))
        weights = draw(st.binary(min_size=len(rows) * films, max_size=len(rows) * films))
        scales = draw(st.lists(st.integers(0, served.MAX_SCALE), min_size=films, max_size=films))
        values = draw(st.lists(st.integers(0, served.MAX_VALUE), min_size=1, max_size=4))
        channels.append(served.channel_of(name, values, rows, scales, "dense", weights))
    likes = draw(st.lists(st.integers(0, 1 << 40), min_size=films, max_size=films))
    return served.served_of(ids, likes, 7, sorted(channels, key=lambda channel: channel.name))


HISTORIES = st.dictionaries(
    st.integers(0, 11).map(lambda number: f"film{number}"), st.tuples(st.integers(1, 10), st.integers(0, 5)), max_size=8
)
DIALS = st.dictionaries(st.sampled_from((*NAMES, "lately")), st.integers(0, ranking.MAX_DIAL))


@given(models(), HISTORIES, DIALS, st.integers(0, 1000), st.integers(0, 12), st.booleans())
@settings(max_examples=EXAMPLES)
def test_numpy_and_plain_python_agree_and_every_score_is_the_sum_of_its_parts(
    model: served.ServedModel, told: dict, dials: dict[str, int], against: int, limit: int, has_times: bool
) -> None:
    stars = {film: given for film, (given, _) in told.items()}
    times = {film: when for film, (_, when) in told.items()} if has_times else None
    given = {"limit": limit, "dials": dials, "against_popularity": against}
    found = ranking.rank(model, stars, times, **given)
    assert FastRanking(model).rank(stars, times, **given) == found
    assert len(found) == min(limit, len(set(model.films) - set(stars)))
    for one in found:
        opened = ranking.explain(model, stars, one.film, times, dials=dials, against_popularity=against)
        assert opened.score == one.score == sum(part.adds for part in opened.parts)


@given(models(), HISTORIES)
@settings(max_examples=EXAMPLES)
def test_bytes_come_back_and_a_whole_light_copy_ranks_the_same(model: served.ServedModel, told: dict) -> None:
    assert served.load(served.save(model)) == model
    stars = {film: given for film, (given, _) in told.items()}
    light = served.load(served.save(compact(model, 1 << 20)))
    assert ranking.rank(light, stars) == ranking.rank(model, stars)


@given(models(), st.integers(0, 2_000), st.integers(0, 255))
@settings(max_examples=EXAMPLES)
def test_a_changed_byte_is_refused_or_another_model(model: served.ServedModel, place: int, byte: int) -> None:
    data = bytearray(served.save(model))
    data[place % len(data)] = byte
    try:
        found = served.load(bytes(data))
    except Refused:
        return
    assert served.save(found) == bytes(data)


@given(st.lists(st.lists(st.integers(0, 10), min_size=6, max_size=6), min_size=1, max_size=12), st.randoms())
@settings(max_examples=EXAMPLES)
def test_sums_do_not_know_the_order_in_which_shards_came(table: list[list[int]], chance: object) -> None:
    stars = np.array(table)
    whole = sums.sums_of(csr_array(stars))
    order = list(range(len(table)))
    chance.shuffle(order)  # type: ignore[attr-defined]
    total = sums.sums_of(csr_array((0, 6)))
    for author in order:
        total = sums.merged(total, sums.sums_of(csr_array(stars[[author]])))
    assert np.array_equal(total.gram, whole.gram) and np.array_equal(total.likes, whole.likes)
    for author in order:
        total = sums.without(total, sums.sums_of(csr_array(stars[[author]])))
    assert not total.gram.any() and not total.likes.any() and total.authors == 0


@given(models(), st.integers(0, 400))
@settings(max_examples=EXAMPLES)
def test_a_light_copy_keeps_to_its_bytes_or_says_that_it_cannot(model: served.ServedModel, room: int) -> None:
    try:
        light = compact(model, room)
    except BadInput:
        return
    assert len(served.save(light)) <= room
