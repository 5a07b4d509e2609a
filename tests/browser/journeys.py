"""Journeys through the page of a real node: each is a script that drives Chromium and tells what it saw."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

from cinepeer.faces.cli import crowd
from cinepeer.records import dagcbor
from real.nodes import Running

PATIENCE_S = 900
SEED = 7
PICTURES = os.environ.get("CINEPEER_PICTURES")
"""A folder that keeps the pictures of all journeys; without it they lie in the test's own."""


def journey(script: str, pictures: Path | None = None, **asked: Any) -> dict[str, Any]:
    """What `script` told; `asked` is handed to it, with the folder for its pictures."""
    if pictures is not None:
        asked["pictures"] = str(Path(PICTURES) if PICTURES else pictures)
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


def is_clean(told: dict[str, Any]) -> bool:
    """Whether the page kept to itself: an empty console, nothing off its origin, all fits and all can be reached."""
    assert told["complaints"] == [], told["complaints"]
    assert told["abroad"] == [], told["abroad"]
    assert told["overflows"] == [], told["overflows"]
    assert told["barriers"] == [], told["barriers"]
    return True


def publish(node: Running, file: Path, name: str, **facts: Any) -> str:
    """Publishes a film by the API of `node`; returns its id."""
    wish = {"path": str(file), "name": name, "synopsis": "A bar counts its own frames.", **facts}
    *_, last = node.api.lines("/api/publish", wish)
    return str(last["done"]["film"])


def rate_by_crowd(node: Running, film: str, other: str) -> None:
    """Sixty others rate both films, so that one leads to the other."""
    stars = crowd.invented(SEED, film)
    for number, given in enumerate(stars):
        if film in given:
            given[other] = max(1, given[film] - number % 2)
    now_ms = time.time_ns() // 1_000_000
    pairs = [[record.block, body] for batch in crowd.sign(stars, SEED, now_ms) for record, body in batch]
    node.api.read("POST", "/api/records", dagcbor.encode(pairs), "application/vnd.ipld.dag-cbor")
