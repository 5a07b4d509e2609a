"""The page's figures: first paint, size, change of screen, click to first frame, and checking beside raw hashing."""

from __future__ import annotations

import contextlib
import gzip
import json
import math
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cinepeer.faces.cli.call import Node

ROOT = Path(__file__).resolve().parents[2]
ASSETS = ROOT / "client" / "cinepeer_client" / "web" / "assets"
COMMAND = [sys.executable, "-m", "cinepeer.faces.cli.main"]
FILMS = 20
FILM_S = 6
PATIENCE_S = 600


def figures(*_: str) -> dict[str, Any]:
    """All figures of the page, measured in Chromium against two nodes of this machine."""
    return told(measured_in_browser())


def measured_in_browser(crowd: Path | None = None) -> dict[str, Any]:
    """What Chromium measured at two nodes, and at one on the home `crowd` where it is named."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None or shutil.which("node") is None:
        raise SystemExit("found no chromium or no node on PATH, expected both: apt-get install chromium nodejs npm")
    subprocess.run([ROOT / "scripts" / "build_web"], check=True, timeout=PATIENCE_S)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        creator = stack.enter_context(running(Path(folder) / "creator"))
        films = _publish(creator, Path(folder))
        viewer = stack.enter_context(
            running(Path(folder) / "viewer", "--join", creator["p2p"][0], "--host-films", "no")
        )
        await_films(viewer, films)
        asked = {"chromium": chromium, "page": viewer["page"], "films": films}
        if crowd is not None:
            asked["crowd"] = stack.enter_context(running(crowd))["page"]
        return _measure(**asked)


@contextlib.contextmanager
def running(home: Path, *arguments: str) -> Iterator[dict[str, Any]]:
    """A running node and what it told."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CINEPEER_")}
    node = subprocess.Popen(
        [*COMMAND, "run", "--json", "--home", str(home), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    assert node.stdout is not None
    try:
        yield json.loads(node.stdout.readline())
    finally:
        node.send_signal(signal.SIGTERM)
        node.wait(30)


def _publish(node: dict[str, Any], folder: Path) -> list[str]:
    """Publishes films that share no block; returns their ids."""
    api = Node.of(Path(node["home"]))
    found = []
    for number in range(FILMS):
        file = folder / f"{number}.mp4"
        picture = f"testsrc2=s=854x480:r=24:d={FILM_S},hue=h={number * 360 // FILMS}"
        sound = f"sine=frequency={200 + 20 * number}:sample_rate=48000:d={FILM_S}"
        inputs = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
        coded = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", *inputs, *coded, file], check=True, timeout=PATIENCE_S)
        *_, last = api.lines("/api/publish", {"path": str(file), "name": f"Film {number}"})
        found.append(str(last["done"]["film"]))
        file.unlink()
    return found


def await_films(node: dict[str, Any], films: list[str]) -> None:
    """Waits until the node has heard of all films."""
    api = Node.of(Path(node["home"]))
    deadline = time.monotonic() + 60
    while {film["id"] for film in api.get("/api/films")} < set(films):
        if time.monotonic() > deadline:
            raise SystemExit("found films that did not reach the viewer's node within 60 s, expected all of them")
        time.sleep(0.5)


def _measure(**asked: Any) -> dict[str, Any]:
    """What the script in the browser measured."""
    script = Path(__file__).with_name("page.mjs")
    done = subprocess.run(["node", script, json.dumps(asked)], capture_output=True, timeout=PATIENCE_S, check=False)
    if done.returncode:
        raise SystemExit(done.stderr.decode()[-2000:])
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def told(measured: dict[str, Any]) -> dict[str, Any]:
    """The figures, each with its interval and what it stands beside."""
    sizes = {file.name: len(gzip.compress(file.read_bytes(), 9)) for file in ASSETS.iterdir()}
    player = sum(size for name, size in sizes.items() if name.startswith("hls-"))
    asked_first = sum(
        size for name, size in sizes.items() if name in measured["initial"] and not name.startswith("hls-")
    )
    route, frame, near = (sorted(measured[name]) for name in ("route_ms", "frame_ms", "frame_local_ms"))
    return {
        "figures": {
            "fcp_s": statistics.median(measured["fcp_s"]),
            "bundle_kb": asked_first / 1000,
            "player_kb": player / 1000,
            "route_change_ms_p50": _part(route, 0.5),
            "route_change_ms_p95": _part(route, 0.95),
            "first_frame_ms_p50": _part(frame, 0.5),
            "first_frame_ms_p95": _part(frame, 0.95),
            "verify_ratio": statistics.median(measured["verify_ratio"]),
            "signature_ratio": statistics.median(measured["signature_ratio"]),
        },
        "intervals": {
            "fcp_s": [min(measured["fcp_s"]), max(measured["fcp_s"])],
            "route_change_ms_p50": [route[0], route[-1]],
            "first_frame_ms_p50": [frame[0], frame[-1]],
            "verify_ratio": [min(measured["verify_ratio"]), max(measured["verify_ratio"])],
            "signature_ratio": [min(measured["signature_ratio"]), max(measured["signature_ratio"])],
        },
        "baselines": {"first_frame_ms_p50": _part(near, 0.5), "first_frame_ms_p95": _part(near, 0.95)},
        "notes": {
            "bundle_kb": "script, style and font that the first screen asks for, gzip -9",
            "first_frame_ms_p50": f"{len(frame)} clicks, blocks on another node; baseline: the same, blocks at hand",
            "verify_ratio": f"{measured['verify_mb_s']:.0f} MB/s beside SHA-256 alone, 256 KiB blocks",
            "signature_ratio": f"{measured['signatures_s']:.0f} records a second, whole, beside their signatures alone",
            "route_change_ms_p50": f"{len(route)} changes",
        },
    }


def _part(values: list[float], share: float) -> float:
    """The least of sorted values that `share` of them do not exceed."""
    return float(values[math.ceil(share * len(values)) - 1])
