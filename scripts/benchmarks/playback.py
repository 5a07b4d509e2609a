"""Half an hour of playback in Chromium, blocks of another node checked as they come: does memory stay flat?"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import page

RESULT = page.ROOT / "docs" / "results" / "playback.json"
MINUTES = 30
EVERY_S = 15
PATIENCE_S = 7_200


def figures(*arguments: str) -> dict[str, Any]:
    """Memory of the page at the begin and the end of a film of `--minutes`, what was dropped, where it stood still."""
    parser = argparse.ArgumentParser(prog="scripts/bench playback")
    parser.add_argument("--minutes", type=int, default=MINUTES, help=f"how long the film is ({MINUTES})")
    parser.add_argument("--write", action="store_true", help="keep the figures under docs/results")
    wish = parser.parse_args(arguments)
    found = told(_played(wish.minutes))
    if wish.write:
        commit = subprocess.check_output(["git", "-C", page.ROOT, "rev-parse", "HEAD"], text=True).strip()
        kept = {"commit": commit, "minutes": wish.minutes, **found["figures"]}
        RESULT.write_text(json.dumps(kept, indent=1) + "\n")
    return found


def _played(minutes: int) -> dict[str, Any]:
    """What Chromium told of a film that another node holds, played to its end."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None or shutil.which("node") is None:
        raise SystemExit("found no chromium or no node on PATH, expected both: apt-get install chromium nodejs npm")
    subprocess.run([page.ROOT / "scripts" / "build_web"], check=True, timeout=page.PATIENCE_S)
    with tempfile.TemporaryDirectory() as folder, page.running(Path(folder) / "creator") as creator:
        film = _publish(creator, Path(folder), minutes)
        joined = ("--join", creator["p2p"][0], "--host-films", "no")
        with page.running(Path(folder) / "viewer", *joined) as viewer:
            page.await_films(viewer, [film])
            asked = {"chromium": chromium, "page": viewer["page"], "film": film, "seconds": minutes * 60}
            script = Path(__file__).with_name("playback.mjs")
            words = ["node", script, json.dumps({**asked, "everySeconds": EVERY_S})]
            done = subprocess.run(words, capture_output=True, timeout=PATIENCE_S, check=False)
    if done.returncode:
        raise SystemExit(done.stderr.decode()[-2000:])
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def _publish(node: dict[str, Any], folder: Path, minutes: int) -> str:
    """Publishes a film whose every second is another; returns its id."""
    file = folder / "long.mp4"
    seconds = minutes * 60
    inputs = ["-f", "lavfi", "-i", f"testsrc2=s=426x240:r=24:d={seconds}"]
    inputs += ["-f", "lavfi", "-i", f"sine=frequency=220:sample_rate=48000:d={seconds}"]
    coded = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", *inputs, *coded, file], check=True, timeout=PATIENCE_S)
    *_, last = page.Node.of(Path(node["home"])).lines("/api/publish", {"path": str(file), "name": "A long film"})
    return str(last["done"]["film"])


def told(measured: dict[str, Any]) -> dict[str, Any]:
    """The figures: medians of the third third beside those of the second, for the first third fills the buffers."""
    samples = measured["samples"]
    third = max(1, len(samples) // 3)
    middle, last = samples[third : 2 * third], samples[2 * third :]
    result: dict[str, Any] = {"figures": {}, "baselines": {}, "intervals": {}, "notes": {}}
    for name in ("heap_mb", "process_mb", "nodes"):
        values = [sample[name] for sample in last]
        result["figures"][name] = statistics.median(values)
        result["baselines"][name] = statistics.median(sample[name] for sample in middle or last)
        result["intervals"][name] = [min(values), max(values)]
    result["figures"]["played_s"] = measured["played_s"]
    result["figures"]["waits"] = measured["waits"]
    result["figures"]["dropped_share"] = measured["dropped"] / max(1, measured["frames"])
    result["figures"]["blocks"] = measured["blocks"]
    result["notes"]["heap_mb"] = (
        f"of the page after a collection, last third of {len(samples)} samples; baseline: middle"
    )
    result["notes"]["process_mb"] = "resident, the renderer's process with its worker"
    result["notes"]["waits"] = "times that the picture stood still for want of data"
    return result
