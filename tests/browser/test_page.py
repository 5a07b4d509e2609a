"""The page of a real node in a real browser: a first run, a viewer's whole way, a block that lies."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cinepeer.adapters.media.sample import make_sample
from cinepeer.faces.cli import crowd
from cinepeer.records import dagcbor
from real.nodes import Running, running

ROOT = Path(__file__).parents[2]
SEED = 7
PATIENCE_S = 300

pytestmark = [pytest.mark.npm, pytest.mark.ffmpeg]


@pytest.fixture(scope="module")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None and os.environ.get("CI") != "true":
        pytest.skip("chromium not found on PATH")
    assert found, "found no chromium on PATH, expected one: apt-get install chromium"
    subprocess.run([ROOT / "scripts" / "build_web"], check=True, timeout=PATIENCE_S)
    return found


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three films of different bytes."""
    folder = tmp_path_factory.mktemp("films")
    files = [folder / f"{seconds}.mp4" for seconds in (8, 4, 3)]
    for file in files:
        asyncio.run(make_sample(file, int(file.stem)))
    return files


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("nodes") / "home") as found:
        yield found


def _journey(script: str, **asked: Any) -> dict[str, Any]:
    """What a journey through the page told."""
    done = subprocess.run(
        ["node", str(Path(__file__).parent / script), json.dumps(asked)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _publish(node: Running, file: Path, name: str) -> str:
    wish = {"path": str(file), "name": name, "synopsis": "A bar counts its own frames."}
    *_, last = node.api.lines("/api/publish", wish)
    return str(last["done"]["film"])


def _rate(node: Running, film: str, other: str) -> None:
    """A crowd that rates both films, so that one leads to the other."""
    stars = crowd.invented(SEED, film)
    for number, given in enumerate(stars):
        if film in given:
            given[other] = max(1, given[film] - number % 2)
    now_ms = time.time_ns() // 1_000_000
    pairs = [[record.block, body] for batch in crowd.sign(stars, SEED, now_ms) for record, body in batch]
    node.api.read("POST", "/api/records", dagcbor.encode(pairs), "application/vnd.ipld.dag-cbor")


def _is_clean(told: dict[str, Any]) -> bool:
    """Whether the page kept to itself: nothing in the console, nothing off its origin, nothing that does not fit."""
    assert told["complaints"] == []
    assert told["abroad"] == []
    assert told["overflows"] == []
    assert told["barriers"] == []
    return True


def test_a_first_run_says_what_to_do(node: Running, chromium: str) -> None:
    told = _journey("first_run.mjs", page=node.told["page"], chromium=chromium)
    assert told["films"] == 0
    assert told["name"] == "No film yet"
    assert told["ways"] == ["/studio", "/node"]
    assert told["chinese"] == "还没有影片"
    assert told["isDark"] is True
    assert told["away"].startswith("The node is away.")
    assert told["isBack"] is True
    assert _is_clean(told)


def test_a_viewer_plays_rates_and_sees_why(node: Running, chromium: str, films: list[Path]) -> None:
    first = _publish(node, films[0], "First Light")
    other = _publish(node, films[1], "Second Light")
    _rate(node, first, other)
    told = _journey("journey.mjs", page=node.told["page"], film=first, chromium=chromium, file=str(films[2]))

    assert told["name"] == "First Light"
    assert told["hasSource"] is True
    assert told["blocksBefore"] == 0
    assert told["frames"] > 0
    assert told["blocksAfter"] > 0
    assert "blocks checked" in told["proof"]
    assert told["playedByCall"] is True

    assert told["rated"] == "9"
    assert any(line.startswith("Second Light") for line in told["next"])
    assert all("you gave 9 to “First Light”" in line for line in told["next"])
    assert "You gave 9 to “First Light”" in told["why"]
    assert told["ratedAgain"] == 200

    assert told["lie"].startswith("Stopped: a block does not hold.")
    assert "other bytes for the block" in told["lie"]
    assert told["playedLie"] == 0
    assert told["lost"].startswith("Stopped: a block does not come.")
    assert told["isFound"] is True
    assert told["unknown"] == told["external"] == "No such film here"

    assert len(told["steps"]) == 5
    assert told["bundle"].endswith(".audit.car")
    assert _is_clean(told)
