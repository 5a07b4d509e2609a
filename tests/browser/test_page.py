"""The page of a real node in a real browser: a first run, a viewer's whole way, a block that lies."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from browser.journeys import is_clean, journey, publish, rate_by_crowd
from cinepeer.adapters.media.sample import make_sample
from cinepeer.records import dagcbor
from cinepeer.records.record import parse_record
from real.nodes import Running, command, running

pytestmark = [pytest.mark.npm, pytest.mark.ffmpeg]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two films of different bytes."""
    folder = tmp_path_factory.mktemp("films")
    files = [folder / f"{seconds}.mp4" for seconds in (8, 4)]
    for file in files:
        asyncio.run(make_sample(file, int(file.stem)))
    return files


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("nodes") / "home") as found:
        yield found


def test_a_first_run_says_what_to_do(node: Running, chromium: str) -> None:
    told = journey("first_run.mjs", page=node.told["page"], chromium=chromium)
    assert told["films"] == 0
    assert told["name"] == "No film yet"
    assert told["ways"] == ["/studio", "/node"]
    assert told["chinese"] == "还没有影片"
    assert told["isDark"] is True
    assert told["away"].startswith("The node is away.")
    assert told["isBack"] is True
    assert is_clean(told)


def test_a_viewer_plays_rates_and_sees_why(node: Running, chromium: str, films: list[Path], tmp_path: Path) -> None:
    first = publish(node, films[0], "First Light", title=True)
    other = publish(node, films[1], "Second Light")
    rate_by_crowd(node, first, other)
    told = journey("journey.mjs", tmp_path, page=node.told["page"], film=first, other=other, chromium=chromium)

    assert told["name"] == "First Light"
    assert told["hasSource"] is True
    assert told["blocksBefore"] == 10, (
        "its poster's folder and leaf, and where its first blocks lie: the list of its renditions, folders, lists and "
        "heads of two of them, and what the first piece of the picture consists of"
    )
    assert told["frames"] > 0
    assert told["blocksAfter"] > 0
    assert "blocks checked" in told["proof"]
    assert told["playedByCall"] is True

    assert told["rated"] == "9"
    assert any(line.startswith("Second Light") for line in told["next"])
    assert all("you gave 9 to “First Light”" in line for line in told["next"])
    assert "You gave 9 to “First Light”" in told["why"]

    choices = ["Let this page sign for you", "Let the node sign", "Make or bring an author of your own"]
    assert told["asked"] == choices
    assert told["signed"].startswith("Signed in this page by its own key.")
    assert told["ratings"] == len(node.api.get(f"/api/films/{first}/ratings"))
    assert told["behind"].startswith(f"{told['ratings']} ratings checked in this browser")
    assert told["ratedAgain"] == {"added": 1, "refused": [], "waiting": []}
    assert told["undone"] == "9"
    assert told["tabs"] == [{"added": 1, "refused": [], "waiting": []}] * 2
    assert told["denied"].startswith("Signed by your node: this browser keeps no key")
    assert _is_of_one_author(node, first, told["record"], told["device"])

    assert told["unwritten"].startswith("Nobody wrote about it yet")
    assert (told["written"], told["writtenStars"]) == ("The bar was the clock.\nAll along.", "9")
    assert told["answer"] == "So I say."
    assert told["reviews"].startswith("Taken back")
    [review] = node.api.get(f"/api/films/{first}/reviews")
    assert (review["spoiler"], review["language"], review["comments"]) == (True, "en", [])

    assert told["lie"].startswith("Stopped: a block does not hold.")
    assert "other bytes for the block" in told["lie"]
    assert told["playedLie"] == 0
    assert told["lost"].startswith("Stopped: a block does not come.")
    assert told["isFound"] is True
    assert told["unknown"] == told["external"] == "No such film here"

    assert told["searched"] == ["Second Light"]
    assert told["meant"] == "No film has “lihgt”. Asked for: light."
    assert told["searchPath"] == "/search/second%20lihgt"
    assert told["wrongYear"] == "Found “84”, expected a year such as 1984."
    assert told["filtered"] >= 1
    assert told["filterSearch"] == "?minutes=100"
    assert told["unfound"].startswith("No film that this node knows is like that.")
    assert told["continued"] == "0:05 of 0:08 seen"
    assert told["goOn"] == "Go on from 0:05 0:08"
    assert told["speed"] == 1.25
    assert 0.5 < told["tenth"] < 2
    assert told["bundle"].endswith(".audit.car")
    assert is_clean(told)


def _is_of_one_author(node: Running, film: str, record: str, device: str) -> bool:
    """Whether the record is by the page's device, in the name of the node's author, for whom the node ranks by it."""
    author = node.api.get("/api/status")["author"]
    block, _ = cast("list[bytes]", dagcbor.decode(node.api.read("GET", f"/api/records/{record}")))
    header = parse_record(block).header
    assert (str(header.author), header.device.hex()) == (author, device)
    keys = {key["key"]: key for key in node.api.get("/api/keys")["keys"]}
    assert (keys[device]["name"], keys[device]["state"], keys[device]["here"]) == ("page in Chrome", "admitted", False)
    assert keys[device]["records"] == keys[device]["counted"] == node.api.get(f"/api/devices/{device}")["next"]["seq"]
    listed = json.loads(command("recommend", "--home", node.home, "--json").stdout)
    newest = next(one for one in node.api.get(f"/api/films/{film}/ratings") if one["author"] == author)
    assert newest["record"] in {cause["record"] for one in listed["films"] for cause in one["evidence"]}
    return True
