"""The README's shell blocks, run in order as they stand, in a fresh home.

The word behind `sh` says how: none, to its end; `background`, a node that runs while the rest goes on; `demo`, in the
test of the story; `elsewhere`, not here.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from cinepeer.adapters.media.sample import make_sample
from real.nodes import ENVIRONMENT

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"^```sh *(\w*)\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
READY = "Cinepeer runs at http://localhost:"


def test_no_block_is_left_unrun_without_a_reason() -> None:
    how = [word for word, _ in BLOCKS]
    assert set(how) == {"", "background", "demo", "elsewhere"}
    assert [block.split()[0] for word, block in BLOCKS if word == "elsewhere"] == ["./scripts/test"]
    assert how.count("demo") == 1
    assert sum(block.count("./scripts/") for word, block in BLOCKS if word in ("", "background")) >= 10


@contextmanager
def background(block: str, environment: dict[str, str], log: Path) -> Iterator[None]:
    """A block that runs a node until it is told to stop."""
    with log.open("w") as out:
        process = subprocess.Popen(
            ["bash", "-ec", block], cwd=ROOT, env=environment, stdout=out, stderr=out, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 120
        while READY not in log.read_text():
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(0.1)
        yield
    finally:
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(30) == 0, log.read_text()[-3000:]


def run(block: str, environment: dict[str, str]) -> str:
    """Runs a block to its good end; returns what it said."""
    ended = subprocess.run(
        ["bash", "-ec", block], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    assert ended.returncode == 0, f"{block}\n{ended.stdout[-2000:]}\n{ended.stderr[-2000:]}"
    return ended.stdout


@pytest.mark.ffmpeg
def test_every_block_runs(tmp_path: Path) -> None:
    asyncio.run(make_sample(tmp_path / "film.mp4", seconds=3))
    environment = ENVIRONMENT | {"HOME": str(tmp_path), "CINEPEER_SYNC_INTERVAL": "5"}
    told = ""
    with ExitStack() as nodes:
        for number, (how, block) in enumerate(BLOCKS):
            if how == "background":
                nodes.enter_context(background(block, environment, tmp_path / f"{number}.log"))
            elif how == "":
                told = run(block, environment)
        deadline = time.monotonic() + 60
        while not ("received" in told and "First Light" in told):  # the second node hears of the first one's film
            assert time.monotonic() < deadline, told
            told = run(BLOCKS[-1][1], environment)
    assert (tmp_path / "first-light.mp4").stat().st_size > 10_000
