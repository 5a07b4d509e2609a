"""Seeks in the player, until the very frame is shown: its blocks on another node, on this one, in the browser."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import page

from cinepeer.adapters.media import sample
from cinepeer.faces.cli.call import Node

SECONDS = 160
SEEKS = 20
SEED = 7


def figures(*_: str) -> dict[str, Any]:
    """Milliseconds of a seek, with every frame's number read in Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None or shutil.which("node") is None:
        raise SystemExit("found no chromium or no node on PATH, expected both: apt-get install chromium nodejs npm")
    subprocess.run([page.ROOT / "scripts" / "build_web"], check=True, timeout=page.PATIENCE_S)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "film.mp4"
        asyncio.run(sample.make_sample(file, SECONDS))
        with page.running(Path(folder) / "creator") as creator:
            *_, last = Node.of(Path(creator["home"])).lines("/api/publish", {"path": str(file), "name": "Numbers"})
            film = str(last["done"]["film"])
            joined = ("--join", creator["p2p"][0], "--host-films", "no")
            with page.running(Path(folder) / "viewer", *joined) as viewer:
                page.await_films(viewer, [film])
                far = _measure(chromium, viewer["page"], film)
            own = _measure(chromium, creator["page"], film)
    return _told(far, own)


def _measure(chromium: str, url: str, film: str) -> dict[str, Any]:
    chance = random.Random(SEED)
    # Each in a segment of its own, far enough from the last one that the player has not read ahead.
    places = [8 + 4 * number + chance.random() * 3 for number in range(10, SECONDS // 4 - 3)]
    bar = {
        "left": sample._BAR_LEFT,
        "top": sample._BAR_TOP + sample._BAR_HEIGHT / 2,
        "cell": sample._CELL_WIDTH,
        "bits": sample.BITS,
        "width": sample.WIDTH,
        "height": sample.HEIGHT,
    }
    asked = {
        "chromium": chromium,
        "page": url,
        "film": film,
        "rate": sample.RATE,
        "bar": bar,
        "places": chance.sample(places, SEEKS),
    }
    script = Path(__file__).with_name("seek.mjs")
    words = ["node", script, json.dumps(asked)]
    done = subprocess.run(words, capture_output=True, timeout=page.PATIENCE_S, check=False)
    if done.returncode:
        raise SystemExit(done.stderr.decode()[-2000:])
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def _told(far: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    rows: dict[str, Sequence[float]] = {
        "seek_other_node_ms": sorted(far["far"]),
        "seek_own_node_ms": sorted(own["far"]),
        "seek_in_browser_ms": sorted([*far["near"], *own["near"]]),
    }
    rows = {name: found for name, found in rows.items() if found}
    return {
        "figures": {
            f"{name}_p{part}": page._part(list(found), part / 100) for name, found in rows.items() for part in (50, 95)
        },
        "intervals": {f"{name}_p50": [found[0], found[-1]] for name, found in rows.items()},
        "notes": {
            **{f"{name}_p50": f"{len(found)} seeks" for name, found in rows.items()},
            "seek_other_node_ms_p95": f"{len(far['missed']) + len(own['missed'])} seeks never showed their frame",
        },
    }
