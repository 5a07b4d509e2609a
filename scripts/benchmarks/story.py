"""The story's figures: the demo, an idle node, help, import, verify and store, and a list after a rating."""

from __future__ import annotations

import asyncio
import csv
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import content
import psutil
import store as storing

COMMAND = [sys.executable, "-m", "cinepeer.faces.cli.main"]
RUNS = 5
IDLE_S = 20
MOVIELENS = Path(__file__).resolve().parents[3] / "shared" / "data" / "ml-latest-small"


def figures(*_: str) -> dict[str, Any]:
    """All figures of the story; the demo's own steps stand in the notes."""
    found: dict[str, Any] = {key: {} for key in ("figures", "intervals", "baselines", "ratios", "notes")}
    for part in (help_time, idle_node, demo, recommendation, content.figures, storing.figures):
        for key, values in part().items():
            found[key] |= values
    return found


def help_time() -> dict[str, Any]:
    """`cinepeer --help` beside an empty Python."""
    helped = [_seconds([*COMMAND, "--help"]) for _ in range(RUNS)]
    empty = [_seconds([sys.executable, "-c", ""]) for _ in range(RUNS)]
    return {
        "figures": {"help_s": statistics.median(helped)},
        "intervals": {"help_s": [min(helped), max(helped)]},
        "baselines": {"help_s": statistics.median(empty)},
    }


def _seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun


def idle_node() -> dict[str, Any]:
    """A node's first and second start, and its memory (PSS over all processes) and CPU at rest."""
    with tempfile.TemporaryDirectory() as folder:
        starts = []
        for _ in range(2):
            begun = time.perf_counter()
            node = subprocess.Popen(
                [*COMMAND, "run", "--json", "--home", f"{folder}/home"],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            assert node.stdout is not None and node.stdout.readline(), "the node says where it listens"
            starts.append(time.perf_counter() - begun)
            if len(starts) == 1:
                node.terminate()
                node.wait()
        time.sleep(3)
        processes = [psutil.Process(node.pid), *psutil.Process(node.pid).children(recursive=True)]
        before = sum(sum(one.cpu_times()[:2]) for one in processes)
        time.sleep(IDLE_S)
        used = sum(sum(one.cpu_times()[:2]) for one in processes) - before
        pss = sum(one.memory_full_info().pss for one in processes)
        node.terminate()
        node.wait()
    return {
        "figures": {
            "first_start_s": starts[0],
            "second_start_s": starts[1],
            "idle_pss_mb": pss / 1e6,
            "idle_cpu_percent": 100 * used / IDLE_S,
        },
        "notes": {"idle_pss_mb": f"{len(processes)} processes"},
    }


def demo() -> dict[str, Any]:
    """The whole demo, in a process of its own."""
    ended = subprocess.run([*COMMAND, "demo", "--json"], capture_output=True, check=False)
    result = json.loads(ended.stdout.splitlines()[-1])
    if not result["ok"]:
        raise SystemExit(f"the demo did not hold: {json.dumps(result)}")
    steps = {f"demo.{name}_s": step["seconds"] for name, step in result["steps"].items()}
    return {"figures": {"demo_s": result["seconds"], **steps}}


def recommendation() -> dict[str, Any]:
    """From a viewer's rating on MovieLens' small set to the list that counts it: signed, stored, folded, ranked."""
    if not MOVIELENS.is_dir():
        return {"notes": {"recommend_after_rating_ms": "no MovieLens folder at hand"}}
    return asyncio.run(_recommendation())


async def _recommendation() -> dict[str, Any]:
    import os

    from cinepeer.adapters.store.records import RecordStore
    from cinepeer.adapters.system.notes import Notes
    from cinepeer.app.facts import Ground
    from cinepeer.app.identity import open_author
    from cinepeer.app.library import Library
    from cinepeer.app.recommend import Recommendations
    from cinepeer.app.taste import Taste
    from cinepeer.faces.cli import crowd
    from cinepeer.rights.state import State

    with (MOVIELENS / "ratings.csv").open() as lines:
        people: dict[str, dict[str, int]] = {}
        for row in csv.DictReader(lines):
            people.setdefault(row["userId"], {})[f"movielens:{row['movieId']}"] = round(float(row["rating"]) * 2)
    with tempfile.TemporaryDirectory() as folder:
        store = await RecordStore.open(Path(folder) / "records.db")
        now_ms = time.time_ns() // 1_000_000
        for pairs in crowd.sign(list(people.values()), 1, now_ms):
            await store.add(pairs, now_ms)
        author = await open_author(
            store, os.urandom(32), os.urandom(32), os.urandom(32), lambda: time.time_ns() // 1_000_000, os.urandom
        )
        library = Library(store)
        await library.refresh()

        async def no_pins() -> set[Any]:
            return set()

        async def ground(territory: str) -> Ground:
            return Ground(State(), 0, territory, now_ms // 1000)

        recommendations = Recommendations(library, Taste(Notes(Path(folder) / "taste")), no_pins, ground)
        await recommendations.fit(author.id)
        films = sorted(people["1"])[:40]
        times = []
        for film in films:
            begun = time.perf_counter()
            await author.sign("rating", {"ratings": [[film, 9]]})
            await library.refresh()
            await recommendations.best(author.id, recommendations.taste.wishes, 10)
            times.append((time.perf_counter() - begun) * 1000)
        await store.close()
    return {
        "figures": {"recommend_after_rating_ms": statistics.median(times)},
        "intervals": {"recommend_after_rating_ms": [min(times), max(times)]},
        "notes": {"recommend_after_rating_ms": f"{sum(map(len, people.values()))} ratings of {len(people)} people"},
    }
