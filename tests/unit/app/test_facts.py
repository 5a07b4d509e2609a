"""What lists are told of films whose creator keeps them out, or shows them later."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cinepeer.app.catalogue import Catalogue, Film, Provider, Version
from cinepeer.app.facts import FactBook, Ground, facts_of
from cinepeer.recommend.rules import Facts
from cinepeer.records.cid import RAW, Cid
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


def test_facts_that_are_kept_follow_versions_hosts_pins_and_own_ratings() -> None:
    film, version, host = (Cid.of(name, RAW) for name in (b"film", b"version", b"host"))
    root = Cid.of(b"root", RAW)
    fields = {"name": "F", "year": 1990, "external": ["imdb:tt0000001"], "genres": ["War"], "languages": ["en"]}
    catalogue = Catalogue({str(film): Film(str(film), film, host, 1, fields)})
    book = FactBook()

    def told(name: str, rated: Sequence[str] = (), pins: Sequence[Cid] = ()) -> Facts:
        found = book.facts(catalogue, rated, pins, None)
        assert found == facts_of(catalogue, rated, pins, None), "what is kept is what is read"
        return found[name]

    assert told(str(film)) == Facts(None, 1990, ("en",), ("war",))
    catalogue.films[str(film)].versions.append(Version(version, host, root, {"duration_ms": 60_001}))
    assert told("imdb:tt0000001").minutes == 2
    assert not told(str(film)).is_ready and told(str(film), pins=[root]).is_ready
    catalogue.providers[(host, bytes(32))] = Provider(host, bytes(32), 1, host, frozenset((version,)), (), None)
    assert told(str(film)).is_ready
    assert told(str(film), rated=["imdb:tt0000001"]).is_seen and not told(str(film)).is_seen
    assert book.titles(catalogue, {"imdb:tt0000001", "imdb:tt0000002"}) == {"imdb:tt0000001": "F"}
    catalogue.films.clear()
    assert book.facts(catalogue, (), (), None) == {}
