"""What a browser has by itself: the page while its node is away, and an author whose keys lie in the browser alone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from browser.journeys import is_clean, journey, publish
from cinepeer.adapters.media.sample import make_sample
from cinepeer.adapters.system.backup import restore_backup
from cinepeer.adapters.system.keyring import open_roots, show_phrase
from cinepeer.adapters.system.keystore import Keystore
from cinepeer.records import dagcbor
from cinepeer.records.keys import public_key
from cinepeer.records.record import parse_record
from cinepeer_client.fetch import Source
from cinepeer_client.open import Opened
from real.nodes import Running, running

pytestmark = [pytest.mark.npm, pytest.mark.ffmpeg]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str]]:
    """A node and a film that it published."""
    folder = tmp_path_factory.mktemp("alone")
    asyncio.run(make_sample(folder / "4.mp4", 4))
    with running(folder / "home") as node:
        yield node, publish(node, folder / "4.mp4", "First Light")


def test_the_page_opens_while_its_node_is_away_and_says_so(
    chromium: str, stand: tuple[Running, str], tmp_path: Path
) -> None:
    node, film = stand
    asked = {"film": film, "name": "First Light"}
    told = journey("away.mjs", tmp_path, page=node.told["page"], chromium=chromium, **asked)
    assert told["scope"] == "/"
    assert told["kept"] == ["", "assets"]
    assert told["manifest"] == "Cinepeer"
    assert (told["away"], told["style"]) == ("Me", "uppercase")
    assert told["names"] == 0
    assert told["back"] == "First Light"
    assert is_clean(told)


def test_an_author_is_made_in_the_page_admits_and_ends_a_device_and_is_the_same_in_a_home(
    chromium: str, stand: tuple[Running, str], tmp_path: Path
) -> None:
    node, film = stand
    file = tmp_path / "author.bak"
    with Opened([Source.of(node.told["page"])]) as opened:
        told = journey("own.mjs", tmp_path, page=opened.url, chromium=chromium, film=film, file=str(file))
    assert told["light"].startswith("The node behind this page is somebody else’s")
    assert (told["wrong"], told["sameWords"], told["locked"]) == (True, True, True)
    assert re.fullmatch(r"cinepeer:device/1/[0-9a-f]{64}/page%20in%20Chrome", told["code"])
    assert told["unread"].startswith("Found a text that is no such code")
    assert told["consequence"].startswith("What it signed so far counts on (1 record)")
    assert told["ended"].startswith("The key of this page counts no more")
    assert told["brought"] == told["listOf"] == told["author"]
    assert told["barred"] == "This film does not say what it shows, so it stays out."
    assert told["tried"] == "That is another PIN. 4 tries are left before a wait."
    assert is_clean(told)

    # One author: of its stars the last count, and what its revoked device signed before its end still stood.
    given = node.api.get(f"/api/films/{film}/ratings")
    assert [(one["author"], one["stars"]) for one in given] == [(told["author"], 8)]
    with file.open("rb") as source:
        restore_backup(source, tmp_path / "new", lambda: "a tin of old buttons", None, step=lambda: None)
    keys = Keystore(tmp_path / "new" / "keys", "a tin of old buttons")
    assert show_phrase(keys) == told["words"]
    held = dagcbor.decode(node.api.read("GET", f"/api/records/{told['author']}"))
    assert isinstance(held, list) and isinstance(held[0], bytes)
    assert parse_record(held[0]).device == public_key(open_roots(keys).first)
