"""Recommendations: own ratings change the list at once, other people's with a fit that is waited for."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cinepeer.app.facts import Ground
from cinepeer.app.fit import Fitted
from cinepeer.app.receipts import Receipts
from cinepeer.app.recommend import Recommendations
from cinepeer.app.taste import Private, Taste
from cinepeer.errors import Absent, BadInput, LimitReached, Unreachable
from cinepeer.recommend.served import FIT, Recipe, load, save
from cinepeer.recommend.wishes import Wishes
from cinepeer.records.cid import Cid
from cinepeer.rights.state import State
from unit.app.people import World, in_world

FILMS = [f"movielens:{number}" for number in range(1, 8)]


async def rate(world: World, name: str, *given: tuple[str, int]) -> Cid:
    author = await world.author(name)
    await author.sign("rating", {"ratings": [[film, stars] for film, stars in given]})
    await world.library.refresh()
    return author.id


async def crowd(world: World) -> Cid:
    """Two tastes of four people each, and the viewer, who shares a film with the first."""
    for number in range(4):
        await rate(world, f"first {number}", *((film, 9) for film in FILMS[:4]))
        await rate(world, f"second {number}", *((film, 9) for film in FILMS[3:]))
    return await rate(world, "viewer", (FILMS[0], 9))


class Pages:
    """A notebook in memory."""

    def __init__(self) -> None:
        self.notes: dict[str, dict[str, Any]] = {}

    def all(self) -> list[dict[str, Any]]:
        return list(self.notes.values())

    def save(self, name: str, note: dict[str, Any]) -> None:
        self.notes[name] = json.loads(json.dumps(note))

    def remove(self, name: str) -> None:
        self.notes.pop(name, None)


class Shelf:
    """A shelf in memory that counts what is put on it."""

    def __init__(self) -> None:
        self.fitted: Fitted | None = None
        self.written = 0

    def read(self) -> Fitted | None:
        return self.fitted

    def write(self, fitted: Fitted) -> None:
        self.fitted = fitted
        self.written += 1


def made(
    world: World, pages: Pages | None = None, shelf: Shelf | None = None, owner: Cid | None = None
) -> Recommendations:
    async def no_pins() -> set[Cid]:
        return set()

    async def ground(territory: str) -> Ground:
        return Ground(State(), 7, territory, 1_790_000_000)

    return Recommendations(
        world.library, Taste(pages or Pages()), no_pins, ground, shelf, patience_s=600.0, owner=owner
    )


async def films(found: Recommendations, viewer: Cid, wishes: Wishes | None = None) -> Sequence[str]:
    explained, _ = await found.best(viewer, wishes or found.taste.wishes)
    return [one.listed.film for one in explained]


def test_an_own_rating_of_a_known_film_counts_without_waiting_for_a_fit(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        viewer = await crowd(world)
        found = made(world)
        assert not found.serves(viewer)
        await found.refresh(viewer)
        model = found.model_id
        before = await films(found, viewer)
        assert found.serves(viewer)

        await rate(world, "viewer", (FILMS[6], 10))
        assert found.serves(viewer)
        assert not found.is_current
        after = await films(found, viewer)
        assert FILMS[6] not in after
        assert after != [film for film in before if film != FILMS[6]]
        await found.refresh(viewer)
        assert found.model_id == model  # nobody waited
        await found.fit(viewer)
        assert found.is_current
        assert found.model_id != model

    in_world(tmp_path, story)


def test_what_others_rate_and_films_that_are_new_are_waited_for(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        viewer = await crowd(world)
        found = made(world)
        await found.refresh(viewer)
        await rate(world, "another", (FILMS[1], 2))
        assert not found.serves(viewer)
        await found.refresh(viewer)
        assert found.is_current
        await rate(world, "viewer", ("movielens:99", 9))
        assert not found.serves(viewer)
        assert not found.serves(await rate(world, "viewer", (FILMS[1], 9)))

    in_world(tmp_path, story)


def test_each_film_opens_to_parts_that_sum_to_its_score_and_to_their_records(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        viewer = await crowd(world)
        found = made(world)
        await found.refresh(viewer)
        explained, _ = await found.best(viewer, Wishes(diversity=50, against_popularity=50, less=frozenset(FILMS[5:6])))
        assert explained
        for one in explained:
            assert sum(cause.part.adds for cause in one.causes) == one.listed.score
            own = [cause for cause in one.causes if cause.part.channel == "liked"]
            assert all(cause.record is not None and cause.stars == 9 for cause in own)
        best = next(one for one in explained if one.listed.film in FILMS[1:3])
        assert best.causes[0].both == 4
        assert len(best.causes[0].viewers) == 3

    in_world(tmp_path, story)


def test_what_keeps_a_film_in_the_list_is_told_and_holds_when_it_is_tried(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        viewer = await crowd(world)
        found = made(world)
        await found.refresh(viewer)
        best = (await films(found, viewer))[0]
        opened = await found.open(viewer, best, Wishes(), limit=1)
        assert opened.place == 1
        change = opened.counterfactual
        assert change is not None
        assert change.films == (FILMS[0],)
        assert change.is_smallest
        without = await films(found, viewer, Wishes(forgotten=frozenset(change.films)))
        assert without[0] == change.instead != best

    in_world(tmp_path, story)


def test_why_a_film_is_not_in_the_list_is_told(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        viewer = await crowd(world)
        found = made(world)
        await found.refresh(viewer)
        asked = {FILMS[0]: "rated", "imdb:tt0111161": "nobody's ratings tell anything of it yet"}
        for film, reason in asked.items():
            assert (await found.open(viewer, film, Wishes())).reason == reason
        last = (await films(found, viewer))[-1]
        below = await found.open(viewer, last, Wishes(), limit=1)
        assert (below.place, below.reason) == (None, "its score is below the last one listed")
        assert below.explained is not None
        assert below.needed is not None
        assert below.explained.listed.score <= below.needed
        ruled = await found.open(viewer, last, Wishes(rules=("nothing violent",)))
        assert ruled.reason == "nothing violent: not known of it"

    in_world(tmp_path, story)


def test_private_ratings_count_for_the_owner_alone_and_stay_over_a_restart(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        viewer = await crowd(world)
        pages = Pages()
        found = made(world, pages)
        await found.refresh(viewer)
        before, model = await films(found, viewer), found.model_id
        found.taste.keep([(FILMS[6], Private(10, 5, "letterboxd")), (FILMS[0], Private(1, 5, "letterboxd"))])
        found.change({"hidden": [FILMS[1]], "territory": "fr"})

        again = made(world, pages)
        await again.refresh(viewer)
        assert again.model_id == model
        assert again.history(viewer).stars == {FILMS[0]: 9, FILMS[6]: 10}
        after = await films(again, viewer)
        assert after != before
        assert not {FILMS[1], FILMS[6]} & set(after)
        assert again.taste.wishes.territory == "FR"
        private = [c for one in (await again.best(viewer, Wishes()))[0] for c in one.causes if c.part.film == FILMS[6]]
        assert private
        assert all(cause.record is None for cause in private)
        other = (await world.author("another")).id
        owned = made(world, pages, owner=viewer)
        assert owned.history(viewer).stars == again.history(viewer).stars
        assert owned.history(other).stars == owned.history(Cid()).stars == {}, "nobody else has them"
        assert again.taste.forget() == 2
        assert again.history(viewer).stars == {FILMS[0]: 9}

    in_world(tmp_path, story)


def test_a_wish_that_cannot_be_changes_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        found = made(world)
        for told in ({"territory": "XX"}, {"rules": ["fine ones"]}, {"diversity": 101}):
            with pytest.raises(BadInput):
                found.change(told)
        assert found.taste.wishes == Wishes()

    in_world(tmp_path, story)


def test_a_system_without_room_for_a_model_on_its_way_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(world: World) -> None:
        viewer = await crowd(world)
        with monkeypatch.context() as changed:
            changed.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
            with pytest.raises(LimitReached, match="found no room for a fitted model on its way"):
                await made(world).refresh(viewer)

    in_world(tmp_path, story)


def test_a_kept_model_of_another_version_is_fitted_anew(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        viewer, shelf = await crowd(world), Shelf()
        first = made(world, shelf=shelf)
        await first.refresh(viewer)
        shelf.write(replace(first.fitted, data=first.fitted.data.replace(b"model/1", b"model/9", 1)))
        again = made(world, shelf=shelf)
        await again.refresh(viewer)
        assert again.model_id == first.model_id and shelf.read() == again.fitted

    in_world(tmp_path, story)


def test_a_kept_model_of_another_fit_serves_the_list_and_is_fitted_anew_behind_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        viewer, shelf = await crowd(world), Shelf()
        first = made(world, shelf=shelf)
        await first.refresh(viewer)
        old = shelf.fitted = _of_another_fit(first.fitted)
        again = made(world, shelf=shelf)
        await again.refresh(viewer)
        assert again.fitted == old and not again.is_current
        assert await films(again, viewer) == await films(first, viewer)
        await again.fit(viewer)
        assert again.is_current and again.model_id == first.model_id
        assert shelf.read() == again.fitted

    in_world(tmp_path, story)


def _of_another_fit(fitted: Fitted) -> Fitted:
    return replace(fitted, data=save(replace(load(fitted.data), recipe=Recipe(FIT + 1))))


def test_a_model_is_kept_over_a_restart_and_named_by_what_it_was_fitted_on(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        viewer, shelf = await crowd(world), Shelf()
        first = made(world, shelf=shelf)
        await first.refresh(viewer)
        again = made(world, shelf=shelf)
        await again.refresh(viewer)
        assert again.model_id == first.model_id
        assert shelf.written == 1
        assert again.model_bytes(again.model_id) == first.fitted.data
        with pytest.raises(Absent):
            again.model_bytes(viewer)
        await rate(world, "another", (FILMS[1], 9))
        last = made(world, shelf=shelf)
        await last.refresh(viewer)
        assert shelf.written == 2
        assert last.fitted.root != first.fitted.root

    in_world(tmp_path, story)


def test_ratings_under_another_id_count_for_the_film_once_its_ids_are_joined(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        other, listed = "imdb:tt0000009", "imdb:tt0000010"
        await rate(world, "viewer", (other, 10))
        viewer = await crowd(world)
        for number in range(4):
            await rate(world, f"first {number}", (other, 9))
        found = made(world, owner=viewer)
        await found.fit(viewer)
        assert found.history(viewer).stars == {other: 10, FILMS[0]: 9}

        author = await world.author("viewer")
        joined = [await author.sign("same", {"films": [other, FILMS[0]], "same": True})]
        joined.append(await author.sign("same", {"films": [listed, FILMS[1]], "same": True}))
        await world.library.refresh()
        assert not found.is_current and not found.serves(viewer)
        await found.refresh(viewer)
        assert found.is_current and found.serves(viewer)
        assert not {FILMS[0], FILMS[1]} & set(found.model.films)
        history = found.history(viewer)
        assert (history.stars, history.others) == ({other: 9}, {other: FILMS[0]})

        explained, _ = await found.best(viewer, Wishes())
        assert {cause.rated_as for one in explained for cause in one.causes} == {FILMS[0]}
        words = {one.listed.film: [word.record for word in one.joined] for one in explained}
        assert words.pop(listed) == [joined[1].id]
        assert set(map(tuple, words.values())) == {()}
        assert [one.causes[0].both for one in explained if one.listed.film == listed] == [4]
        assert (await found.open(viewer, FILMS[0], Wishes())).film == other
        assert found.named(Wishes(less=frozenset(FILMS[:3]))).less == {other, listed, FILMS[2]}

        receipts = Receipts(found, world.library, bytes(32), lambda _: bytes(64), bytes)
        again = await receipts.refit(found.fitted.root, found.model.shares, viewer)
        assert again.data == found.fitted.data
        with pytest.raises(Unreachable, match="only a node that holds the same records"):
            await receipts.refit(found.fitted.root, found.model.shares)
        await author.sign("retraction", {"records": [joined[0].id], "reason": ""})
        await world.library.refresh()
        assert not found.is_current

    in_world(tmp_path, story)
