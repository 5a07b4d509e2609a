"""The ladder beside the ffmpeg command line alone, with the same arguments, on the same film."""

from __future__ import annotations

import asyncio
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

FILM_S = 12
ROUNDS = 3


def figures(*_: str) -> dict[str, Any]:
    """Seconds of the whole way from a probed file to a folder ready to import; the ratio is theirs beside ours."""
    from cinepeer.adapters.media.ladder import encoding, package, sizes
    from cinepeer.adapters.media.probe import probe

    took, alone = [], []
    work, work_alone = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        film = _film(folder / "film.mp4")
        found = asyncio.run(probe(film))
        for _ in range(ROUNDS):
            begun, worked = time.perf_counter(), _processor_s()
            asyncio.run(package(film, folder / "ladder", found))
            took.append(time.perf_counter() - begun)
            work.append(_processor_s() - worked)
            bare = folder / "bare"
            for _, height in sizes(found.width, found.height):
                (bare / f"{height}p").mkdir(parents=True)
            (bare / "audio").mkdir()
            begun, worked = time.perf_counter(), _processor_s()
            subprocess.run(["ffmpeg", *encoding(film, found)], cwd=bare, check=True, capture_output=True)
            alone.append(time.perf_counter() - begun)
            work_alone.append(_processor_s() - worked)
            for made in (folder / "ladder", bare):
                shutil.rmtree(made)
    ratios = [ours / base for ours, base in zip(took, alone, strict=True)]
    works = [ours / base for ours, base in zip(work, work_alone, strict=True)]
    return {
        "figures": {"ladder_s": statistics.median(took), "ladder_processor_s": statistics.median(work)},
        "intervals": {"ladder_s": [min(took), max(took)]},
        "baselines": {"ladder_s": statistics.median(alone), "ladder_processor_s": statistics.median(work_alone)},
        "ratios": {"ladder_s": statistics.median(ratios), "ladder_processor_s": statistics.median(works)},
        "notes": {
            "ladder_s": f"{FILM_S} s of 1280x720 with sound; baseline: the ffmpeg command line alone; "
            f"ratios {min(ratios):.2f}–{max(ratios):.2f}, at most 1.05 wanted",
            "ladder_processor_s": "of all processes; ours looks at the film as well",
        },
    }


def _processor_s() -> float:
    """Seconds of processor time of this process and of all that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _film(path: Path) -> Path:
    """A film that moves, so that it costs what films cost."""
    picture, sound = f"testsrc2=s=1280x720:r=24:d={FILM_S}", f"sine=frequency=330:sample_rate=48000:d={FILM_S}"
    inputs = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
    coded = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", *inputs, *coded, path], check=True)
    return path
