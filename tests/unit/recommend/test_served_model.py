"""The model that a node serves: near the blend it is made from, opened exactly, the same list wherever it is ranked."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from cinepeer.errors import BadInput, Refused
from cinepeer.recommend import ranking, served, tuning
from cinepeer.recommend.distilled import compact, fit_served
from cinepeer.recommend.fast_ranking import FastRanking
from cinepeer.recommend.history import likes
from cinepeer.recommend.recommender import fit
from cinepeer.records import dagcbor
from unit.recommend.behaviour import FILMS, rows, world

NAMES = [f"imdb:tt{number:07d}" for number in range(FILMS)]
EVERY = {"liked": 100, "disliked": 70, "lately": 40}


def made(**given: object) -> served.ServedModel:
    here = world()
    stars, times = rows(here.stars, here.times)
    return fit_served(stars, NAMES, times, csr_array(here.content), max_next=FILMS, **given)  # type: ignore[arg-type]


def histories(count: int = 12) -> list[tuple[dict[str, int], dict[str, int]]]:
    here = world(1)
    found = []
    for stars, times in zip(here.stars[:count], here.times[:count], strict=True):
        own = np.flatnonzero(stars)
        found.append(({NAMES[j]: int(stars[j]) for j in own}, {NAMES[j]: int(times[j]) for j in own}))
    return found


def test_a_model_has_a_channel_for_likes_dislikes_and_every_scale_of_time() -> None:
    assert [channel.name for channel in made().channels] == ["disliked", "lately.0", "lately.1", "lately.2", "liked"]


def test_the_parts_of_every_score_add_up_to_it_exactly() -> None:
    model = made()
    for stars, times in histories():
        for found in ranking.rank(model, stars, times, limit=FILMS, dials=EVERY, against_popularity=50):
            opened = ranking.explain(model, stars, found.film, times, dials=EVERY, against_popularity=50)
            assert opened.score == found.score == sum(part.adds for part in opened.parts)
            assert {part.film for part in opened.parts} <= {*stars, found.film}


@pytest.mark.parametrize("dials", [ranking.TASTE, served.NEXT, EVERY, {"liked": 100, "lately.1": 30}, {}])
@pytest.mark.parametrize("against", [0, 80])
def test_numpy_and_plain_python_give_the_same_list(dials: dict[str, int], against: int) -> None:
    for model in (made(), compact(made(), 3_000)):
        fast = FastRanking(model)
        for stars, times in [*histories(), ({}, {}), ({"imdb:tt9": 9}, {"imdb:tt9": 1})]:
            for when in (times, None):
                given = {"limit": 7, "excluded": [NAMES[3], "nowhere"], "dials": dials, "against_popularity": against}
                assert fast.rank(stars, when, **given) == ranking.rank(model, stars, when, **given)  # type: ignore[arg-type]


def test_a_long_history_leaves_the_short_sums_behind() -> None:
    count = 300
    names = [f"film{number:03}" for number in range(count)]
    chance = np.random.default_rng(0)
    weights = chance.integers(-127, 128, (count, count)).astype(np.int8)
    weights[:, 0] = 127
    channel = served.channel_of("liked", (64,), range(count), [7] * count, "dense", weights.tobytes())
    model = served.served_of(names, [1] * count, count, [channel])
    stars = dict.fromkeys(names[1:], 9)
    [found] = FastRanking(model).rank(stars)
    assert [found] == ranking.rank(model, stars)
    assert found.score == 100 * 7 * 64 * 127 * (count - 1)


def test_the_served_model_ranks_like_the_blend_it_was_made_from() -> None:
    here = world()
    liked = likes(csr_array(here.stars))
    liked.data = liked.data * 9
    blend, model = fit(liked), fit_served(liked, NAMES)
    viewers = likes(csr_array(world(1).stars))
    viewers.data = viewers.data * 9
    same = []
    for viewer, scores in enumerate(blend.scores(viewers)):
        stars = {NAMES[film]: 9 for film in viewers[[viewer]].indices}
        theirs = {found.film for found in ranking.rank(model, stars, limit=6)}
        order = [film for film in np.argsort(-scores) if NAMES[film] not in stars][:6]
        same.append(len(theirs & {NAMES[film] for film in order}) / 6)
    assert np.mean(same) > 0.85


def test_permuted_authors_and_films_give_the_same_bytes() -> None:
    here = world()
    authors = np.random.default_rng(3).permutation(len(here.stars))
    films = np.random.default_rng(4).permutation(FILMS)
    stars, times = rows(here.stars[authors][:, films], here.times[authors][:, films])
    content = csr_array(here.content[films])
    other = fit_served(stars, [NAMES[film] for film in films], times, content, max_next=FILMS)
    assert served.save(other) == served.save(made())


def test_shares_that_were_tried_stand_in_the_model_and_give_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "tuned", lambda *_: (0.3, 0.2, 0.0, 0.5))
    tried = made(tries=20)
    assert tried.shares == (30, 20, 0, 50)
    assert served.load(served.save(tried)) == tried
    assert compact(tried, 3_000).shares == tried.shares
    assert made().shares == ()
    monkeypatch.setattr(tuning, "tuned", None)  # they are not tried again
    assert served.save(made(shares=tried.shares)) == served.save(tried)


@pytest.mark.parametrize("wrong", [(100,), (50, 50, 0), (50, 10, 10, 40), (130, -30, 0, 0)])
def test_shares_that_cannot_be_are_refused(wrong: tuple[int, ...]) -> None:
    with pytest.raises(BadInput, match="of 100 per cent together"):
        made(shares=wrong)
    model = made()
    with pytest.raises(Refused, match="expected 100 together"):
        served.served_of(model.films, model.likes, model.records, model.channels, (60, 60))


def test_a_film_that_nobody_liked_is_spoken_of_by_its_content_alone() -> None:
    here = world()
    stars = here.stars.copy()
    stars[:, [0, 1]] = 0
    given, times = rows(stars, here.times)
    model = fit_served(given, NAMES, times, csr_array(here.content))
    even = {NAMES[number]: 9 for number in range(2, 12, 2)}
    found = {ranked.film: ranked for ranked in ranking.rank(model, even, limit=FILMS)}
    assert found[NAMES[0]].score > found[NAMES[1]].score
    assert found[NAMES[0]].likes == 0 and found[NAMES[0]].by == "taste"
    assert NAMES[0] not in fit_served(given, NAMES, times).films


def test_a_dislike_lowers_what_those_who_dislike_it_do_not_like() -> None:
    model = made(least_dislikes=1)
    liked, both = {NAMES[0]: 9}, {NAMES[0]: 9, NAMES[2]: 1, NAMES[4]: 1}
    plain = {found.film: found.score for found in ranking.rank(model, liked, limit=FILMS)}
    lowered = {found.film: found.score for found in ranking.rank(model, both, limit=FILMS)}
    even, odd = ([lowered[name] - plain[name] for name in NAMES[start::2]] for start in (6, 7))
    assert np.mean(even) < np.mean(odd)


def test_the_dial_against_popularity_lowers_the_likes_of_the_list() -> None:
    here = world()
    stars = here.stars.copy()
    stars[12:, 12:] = 0
    model = fit_served(csr_array(stars), NAMES)
    sums = []
    for dial in (0, 300, 1_000):
        found = ranking.rank(model, {NAMES[0]: 9}, limit=5, against_popularity=dial)
        sums.append(sum(one.likes for one in found))
    assert sums[0] > sums[2] and sums == sorted(sums, reverse=True)


def test_a_light_copy_is_small_and_keeps_the_largest_weights() -> None:
    model = made()
    light = compact(model, 2_800)
    assert len(served.save(light)) <= 2_800 < len(served.save(model))
    assert served.load(served.save(light)) == light
    whole = compact(model, 1 << 20)
    for stars, times in histories():
        expected = ranking.rank(model, stars, times, dials=EVERY)
        assert ranking.rank(whole, stars, times, dials=EVERY) == expected
    with pytest.raises(BadInput, match="expected at least"):
        compact(model, 500)


def test_nobody_rated_anything_or_one_author_one_film() -> None:
    nothing = fit_served(csr_array((0, 2)), ["a", "b"])
    assert ranking.rank(nothing, {"a": 9}) == [] and FastRanking(nothing).rank({"a": 9}) == []
    assert served.load(served.save(nothing)) == nothing
    one = fit_served(csr_array(np.array([[9]])), ["a"], np.array([5]), max_next=4)
    assert [found.film for found in ranking.rank(one, {})] == ["a"]
    assert ranking.rank(one, {"a": 9}) == FastRanking(one).rank({"a": 9}) == []


def test_one_author_who_rates_very_many_films_gives_a_model_of_the_films_it_has_room_for() -> None:
    films = 100_000
    chance = np.random.default_rng(3)
    rows = [np.full(films, 9), *(np.where(np.arange(films) < 40, chance.integers(1, 11, films), 0) for _ in range(9))]
    names = [f"{number:06}" for number in range(films)]
    model = fit_served(csr_array(np.array(rows)), names, max_films=60)
    assert len(model.films) == 60
    assert len(ranking.rank(model, {names[0]: 9}, limit=100)) == 59
    with pytest.raises(BadInput, match="expected at most"):
        fit(csr_array(np.array(rows)), model="ease")


def test_a_model_of_another_version_is_refused_in_a_sentence() -> None:
    with pytest.raises(Refused, match="expected"):
        served.load(served.save(made()).replace(served.FORMAT.encode(), b"cinepeer/served-model/9", 1))


@pytest.mark.parametrize("cut", [0, 3, 4, 20, 400, -1])
def test_a_truncated_model_is_refused(cut: int) -> None:
    with pytest.raises(Refused):
        served.load(served.save(made())[:cut])


@pytest.mark.parametrize(
    ("name", "values", "numbers", "scales", "coding", "weights"),
    [
        ("loved", (1,), [0], [1], "dense", b"0"),
        ("liked", (), [0], [1], "dense", b"0"),
        ("liked", (257,), [0], [1], "dense", b"0"),
        ("liked", (1,), [1], [1], "dense", b"0"),
        ("liked", (1,), [0, 0], [1], "dense", b"00"),
        ("liked", (1,), [0], [1 << 21], "dense", b"0"),
        ("liked", (1,), [0], [1], "dense", b"00"),
        ("liked", (1,), [0], [1], "packed", b"0"),
        ("liked", (1,), [0], [1], "sparse", b"\x02"),
        ("liked", (1,), [0], [1], "sparse", b"\x01"),
    ],
)
def test_channels_of_strangers_are_refused(
    name: str, values: tuple[int, ...], numbers: list[int], scales: list[int], coding: str, weights: bytes
) -> None:
    with pytest.raises(Refused) as found:
        served.channel_of(name, values, numbers, scales, coding, weights)
    assert found.value.reason == "bad-model"


def test_models_whose_parts_do_not_fit_are_refused() -> None:
    channel = served.channel_of("liked", (1,), [0], [1], "dense", b"0")
    for films, counts, channels in (
        (["b", "a"], [1, 1], []),
        (["a"], [], []),
        (["a", "b"], [1, 1], [channel]),
        (["a"], [1], [channel, channel]),
    ):
        with pytest.raises(Refused):
            served.served_of(films, counts, 1, channels)
    data = served.save(made())
    for wrong in (data + b"0", data.replace(b"served-model/1", b"served-model/2")):
        with pytest.raises(Refused):
            served.load(wrong)


def test_a_model_names_its_fit_and_what_was_told_of_films_and_its_light_copy_does_too() -> None:
    model = made(told=bytes(range(32)))
    assert model.recipe == served.Recipe(served.FIT, bytes(range(32)))
    assert served.load(served.save(model)) == model
    assert compact(model, 3_000).recipe == model.recipe
    unnamed = served.save(replace(model, recipe=served.UNNAMED))
    assert served.load(unnamed).recipe == served.UNNAMED  # models from before fits were named
    for told in (7, {"fit": 1}, {"fit": -1, "told": b""}, {"fit": 1, "told": b"short"}, {"fit": 0, "told": bytes(32)}):
        with pytest.raises(Refused) as found:
            served.load(_with_recipe(unnamed, told))
        assert found.value.reason == "bad-model"


def _with_recipe(data: bytes, told: dagcbor.Value) -> bytes:
    size = int.from_bytes(data[:4], "big")
    header = dagcbor.decode(data[4 : 4 + size])
    assert isinstance(header, dict)
    said = dagcbor.encode({**header, "recipe": told})
    return len(said).to_bytes(4, "big") + said + data[4 + size :]


def test_wrong_requests_are_refused_in_words() -> None:
    model = made()
    for rank in (ranking.rank, FastRanking(model).rank):
        given = (model,) if rank is ranking.rank else ()
        with pytest.raises(BadInput, match="expected 1 to 10"):
            rank(*given, {NAMES[0]: 11})  # type: ignore[operator]
        with pytest.raises(BadInput, match="dial"):
            rank(*given, {NAMES[0]: 9}, dials={"liked": 1_001})  # type: ignore[operator]
    with pytest.raises(BadInput, match="films of the model"):
        ranking.explain(model, {NAMES[0]: 9}, "imdb:tt9999999")
    with pytest.raises(BadInput, match="expected 2"):
        fit_served(csr_array(np.array([[9, 9]])), ["a", "b"], content=csr_array((3, 1)))


RANK = """
import sys, hashlib
from cinepeer.recommend import served
from cinepeer.recommend.fast_ranking import FastRanking
model = served.load(open(sys.argv[1], "rb").read())
stars = {film: 1 + place % 10 for place, film in enumerate(model.films[::3])}
times = {film: place * 7 % 11 for place, film in enumerate(stars)}
found = FastRanking(model).rank(stars, times, dials={"liked": 100, "disliked": 50, "lately": 20})
print(hashlib.sha256(repr(found).encode()).hexdigest())
"""


def test_the_list_is_the_same_under_other_kernels_and_thread_counts(tmp_path: Path) -> None:
    model = made()
    (tmp_path / "model").write_bytes(served.save(model))
    stars = {film: 1 + place % 10 for place, film in enumerate(model.films[::3])}
    times = {film: place * 7 % 11 for place, film in enumerate(stars)}
    expected = ranking.rank(model, stars, times, dials={"liked": 100, "disliked": 50, "lately": 20})
    wanted = hashlib.sha256(repr(expected).encode()).hexdigest()
    for kernel, threads in (("Prescott", "1"), ("Haswell", "2")):
        surroundings = {**os.environ, "OPENBLAS_CORETYPE": kernel, "OPENBLAS_NUM_THREADS": threads}
        ran = subprocess.run(
            [sys.executable, "-c", RANK, str(tmp_path / "model")],
            env=surroundings, capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        assert ran.stdout.strip() == wanted
