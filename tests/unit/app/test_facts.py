"""What lists are told of films whose creator keeps them out, or shows them later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cinepeer.app.facts import Ground, facts_of
from cinepeer.rights.state import State
from unit.app.people import World, in_world
from unit.app.test_library import FILM

NOW = 1_000


def licensed(tmp_path: Path, ground: Ground | None, **release: Any) -> bool | None:
    async def story(world: World) -> bool | None:
        creator = await world.author("creator")
        film = await creator.sign("film", {**FILM, **release})
        await world.library.refresh()
        return facts_of(world.library.catalogue, [], [], ground)[str(film.id)].is_licensed

    return in_world(tmp_path, story)


def test_a_film_is_for_no_list_before_its_premiere_and_for_all_from_then_on(tmp_path: Path) -> None:
    for folder, premiere, expected in (("a", NOW + 1, False), ("b", NOW, None), ("c", "soon", None)):
        (tmp_path / folder).mkdir()
        assert licensed(tmp_path / folder, Ground(State(), 1, "FR", NOW), premiere=premiere) is expected


def test_an_unlisted_film_is_for_no_list_even_where_no_ledger_answers(tmp_path: Path) -> None:
    for folder, ground in (("a", None), ("b", Ground(State(), 1, "", NOW))):
        (tmp_path / folder).mkdir()
        assert licensed(tmp_path / folder, ground, unlisted=True) is False
