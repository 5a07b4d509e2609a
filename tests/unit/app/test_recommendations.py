"""Recommendations: own ratings change the list at once, other people's with a fit that is waited for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cinepeer.app.recommend import Recommendations
from cinepeer.records.cid import Cid
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


def films(found: Recommendations, viewer: Cid) -> Sequence[str]:
    return [one.recommendation.film for one in found.explain(viewer)]


def test_an_own_rating_of_a_known_film_counts_without_waiting_for_a_fit(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        viewer = await crowd(world)
        found = Recommendations(world.library)
        assert not found.serves(viewer)
        await found.refresh(viewer)
        model = found.model_id
        before = films(found, viewer)
        assert found.serves(viewer)

        await rate(world, "viewer", (FILMS[6], 10))
        assert found.serves(viewer)
        assert not found.is_current
        after = films(found, viewer)
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
        found = Recommendations(world.library)
        await found.refresh(viewer)
        await rate(world, "another", (FILMS[1], 2))
        assert not found.serves(viewer)
        await found.refresh(viewer)
        assert found.is_current
        await rate(world, "viewer", ("movielens:99", 9))
        assert not found.serves(viewer)
        assert not found.serves(await rate(world, "viewer", (FILMS[1], 9)))

    in_world(tmp_path, story)
