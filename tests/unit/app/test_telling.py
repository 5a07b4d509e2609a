"""What is told of films for the models of content: facts, topics, year and style, under the ids that are rated."""

from __future__ import annotations

from pathlib import Path

from cinepeer.app.telling import shared_words, words_of
from unit.app.people import World, in_world

FILM = {
    "name": "Harbour", "year": 1994, "genres": ["Drama"], "languages": ["en"], "synopsis": "A Heist in 東京, quickly.",
    "credits": [{"name": "Ann Lee", "role": "Director"}], "external": ["imdb:tt0111161", "movielens:318"],
}  # fmt: skip


def test_facts_topics_year_and_style_are_told_under_every_id_that_is_rated(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        ann = await world.author("ann")
        film = await ann.sign("film", FILM)
        fields = {"film": film.id, "label": "cut", "root": film.id, "duration_ms": 5_700_000, "size_bytes": 1}
        renditions = [{"name": "720p", "width": 1280, "height": 720, "bandwidth": 9}]
        await ann.sign("version", {**fields, "blocks": 1, "renditions": renditions, "source": bytes(32)})
        other = await ann.sign("film", {**FILM, "name": "Quay", "year": 1999, "synopsis": ""})
        await world.library.refresh()
        told = words_of(world.library.catalogue, ["imdb:tt0111161", "movielens:1"])
        assert set(told) == {str(film.id), str(other.id), "imdb:tt0111161"}
        assert told["imdb:tt0111161"] is told[str(film.id)]  # of two that name it, the first
        assert set(told[str(film.id)]) == {
            "genre drama", "language en", "director ann lee", "decade 1990", "year 1994",
            "topic heist", "topic 東京", "topic quickly", "length 80", "shape 1.8",
        }  # fmt: skip
        common = shared_words(world.library.catalogue, str(film.id), str(other.id))
        assert common == ["decade 1990", "director ann lee", "genre drama", "language en"]

    in_world(tmp_path, story)
