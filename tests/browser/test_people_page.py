"""People on the page of a real node: a creator followed, news, lists, hidden scores, and what others can see."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from browser.journeys import is_clean, journey, publish, rate_by_crowd
from cinepeer.adapters.media.sample import make_sample
from real.nodes import running
from real.strangers import FILM, Stranger

pytestmark = [pytest.mark.npm, pytest.mark.ffmpeg]


def test_a_viewer_follows_lists_and_sees_what_others_see(chromium: str, tmp_path: Path) -> None:
    file = tmp_path / "4.mp4"
    asyncio.run(make_sample(file, 4))
    with running(tmp_path / "home") as node:
        film = publish(node, file, "First Light")
        rate_by_crowd(node, film, "imdb:tt0111161")
        ada = Stranger(node, "ada")
        ada.sign("profile", name="Ada Marsh")
        other = str(ada.sign("film", name="Far Light", **FILM))
        listed = str(
            ada.sign("collection", list=None, name="Nights", about="", language="en", films=[film, "imdb:tt0111161"])
        )
        asked = {"film": film, "other": other, "ada": str(ada.id), "list": listed}
        told = journey("people.mjs", tmp_path, page=node.told["page"], chromium=chromium, **asked)

        assert told["name"] == "Ada Marsh"
        assert told["before"] == "Follow"
        assert told["after"] == "You follow: end it"
        assert told["row"] == ["Far Light"]
        assert told["why"].startswith("You follow Ada Marsh, who signed it on")
        assert told["count"] == "News, 2 new"
        assert told["news"] == ["changed the list Nights", "published Far Light"]
        assert told["countAfter"] == "News, 0 new"

        assert told["hidden"].startswith("Hidden until you rate")
        assert told["bars"] == 0
        assert told["shown"].startswith("Half of viewers") or "ratings" in told["shown"]

        assert told["private"] == ["First Light"]
        assert told["public"] == ["Nobody published this film here.", "First Light"]
        assert told["mine"] == ["Later", "Best"]
        (mine,) = node.api.get(f"/api/authors/{node.told['author']}")["collections"]
        assert (mine["name"], mine["films"]) == ("Best", [film])

        assert told["seen"][:3] == ["rating", "collection", "follow"]
        assert told["effect"] == "What you said about it before holds again."
        assert told["withdrawn"] == "Taken back: it counts no more."
        assert node.api.get("/api/follows") == []
        assert told["erased"].startswith("Erased")
        assert told["reported"] == ["It pretends to be something else"]
        assert told["ruled"] == ["Kept by", "It pretends to be something else"]
        (ruling,) = node.api.get("/api/rulings")
        assert (ruling["about"]["on"], ruling["denied"], ruling["stands"]) == (other, False, True)
        assert told["shift"] <= 0.02
        assert is_clean(told)
