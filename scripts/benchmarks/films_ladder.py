"""The ladder beside the ffmpeg command line alone, with the same arguments, on the same film."""

from __future__ import annotations

import asyncio
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
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        film = _film(folder / "film.mp4")
        found = asyncio.run(probe(film))
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            asyncio.run(package(film, folder / "ladder", found))
            took.append(time.perf_counter() - begun)
            bare = folder / "bare"
            for _, height in sizes(found.width, found.height):
                (bare / f"{height}p").mkdir(parents=True)
            (bare / "audio").mkdir()
            begun = time.perf_counter()
            subprocess.run(["ffmpeg", *encoding(film, found)], cwd=bare, check=True, capture_output=True)
            alone.append(time.perf_counter() - begun)
            for made in (folder / "ladder", bare):
                shutil.rmtree(made)
    ratios = [ours / base for ours, base in zip(took, alone, strict=True)]
    return {
        "figures": {"ladder_s": statistics.median(took)},
        "intervals": {"ladder_s": [min(took), max(took)]},
        "baselines": {"ladder_s": statistics.median(alone)},
        "ratios": {"ladder_s": statistics.median(ratios)},
        "notes": {
            "ladder_s": f"{FILM_S} s of 1280x720 with sound; baseline: the ffmpeg command line alone; "
            f"ratios {min(ratios):.2f}–{max(ratios):.2f}, at most 1.05 wanted"
        },
    }


def _film(path: Path) -> Path:
    """A film that moves, so that it costs what films cost."""
    picture, sound = f"testsrc2=s=1280x720:r=24:d={FILM_S}", f"sine=frequency=330:sample_rate=48000:d={FILM_S}"
    inputs = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
    coded = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", *inputs, *coded, path], check=True)
    return path
