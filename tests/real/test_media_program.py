"""ffmpeg runs under limits, and nothing of it is left however the run ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cinepeer.adapters.media import program
from cinepeer.adapters.media.program import Limits, find_program, run_program
from cinepeer.errors import BadInput, LimitReached

pytestmark = pytest.mark.ffmpeg

LIMITS = Limits(cpu_s=20, memory_bytes=4 << 30, file_bytes=1 << 20, wall_s=20)
ENDLESS = (
    "-nostdin",
    "-v",
    "error",
    "-progress",
    "pipe:1",
    "-re",
    "-f",
    "lavfi",
    "-i",
    "testsrc2=s=64x64",
    "-f",
    "null",
    "-",
)
QUIET = ENDLESS[:3] + ENDLESS[5:]
NOISE = ("-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=640x480:d=5", "-f", "rawvideo")


def listed(columns: str) -> list[list[str]]:
    """The processes of this machine as words, by ps."""
    done = subprocess.run(["ps", "-A", "-o", columns], capture_output=True, text=True, check=True)
    return [line.split() for line in done.stdout.splitlines()]


def processes_of(group: int) -> list[list[str]]:
    """The running processes of a process group."""
    return [words for words in listed("pgid=,stat=") if words[0] == str(group) and not words[1].startswith("Z")]


def group_under(parent: int) -> int:
    """The group of the one ffmpeg that `parent` started."""
    return next(int(words[0]) for words in listed("pgid=,ppid=,comm=") if words[1:] == [str(parent), "ffmpeg"])


def test_a_missing_ffmpeg_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BadInput, match="no ffmpeg on PATH, expected it to be installed: sudo apt-get install ffmpeg"):
        find_program("ffmpeg")


def test_a_full_disk_is_a_limit_and_not_a_fault_of_the_film() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(LimitReached, match="found the disk full"):
        asyncio.run(run_program("ffmpeg", [*NOISE, "file:/dev/full"], LIMITS))


def test_a_file_larger_than_allowed_ends_the_run(tmp_path: Path) -> None:
    outcome = asyncio.run(run_program("ffmpeg", [*NOISE, f"file:{tmp_path}/large"], LIMITS))
    assert outcome.status != 0
    assert (tmp_path / "large").stat().st_size <= LIMITS.file_bytes


def test_too_much_memory_ends_the_run() -> None:
    small = Limits(cpu_s=20, memory_bytes=64 << 20, file_bytes=0, wall_s=20)
    assert asyncio.run(run_program("ffmpeg", ["-nostdin", "-version"], small)).status != 0


def test_too_much_cpu_ends_the_run() -> None:
    short = Limits(cpu_s=1, memory_bytes=4 << 30, file_bytes=0, wall_s=60)
    busy = ("-nostdin", "-v", "error", "-f", "lavfi", "-i", "mandelbrot=s=1920x1080", "-f", "null", "-")
    outcome = asyncio.run(run_program("ffmpeg", busy, short))
    assert outcome.status in (-signal.SIGXCPU, -signal.SIGKILL)


def test_a_silent_program_is_killed() -> None:
    mute = Limits(cpu_s=20, memory_bytes=4 << 30, file_bytes=0, wall_s=0.3)
    with pytest.raises(BadInput, match="found ffmpeg silent"):
        asyncio.run(run_program("ffmpeg", QUIET, mute))


def test_a_talkative_program_is_killed() -> None:
    few = Limits(cpu_s=20, memory_bytes=4 << 30, file_bytes=0, wall_s=20, output_bytes=1000)
    with pytest.raises(BadInput, match="found more than 1000 bytes"):
        asyncio.run(run_program("ffmpeg", [*NOISE, "pipe:1"], few))


def test_a_program_whose_output_nobody_reads_any_more_is_brought_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    end = program._end

    async def end_late(process: asyncio.subprocess.Process) -> None:
        await asyncio.sleep(0.5)  # time for the pipe to fill, so that nothing reads it
        await end(process)

    async def stopped() -> None:
        async with asyncio.timeout(20):
            await run_program("ffmpeg", [*NOISE, "pipe:1"], few)

    monkeypatch.setattr(program, "_end", end_late)
    few = Limits(cpu_s=20, memory_bytes=4 << 30, file_bytes=0, wall_s=20, output_bytes=1000)
    with pytest.raises(BadInput, match="found more than 1000 bytes"):
        asyncio.run(stopped())


def test_a_cancelled_run_leaves_no_process() -> None:
    async def cancelled() -> int:
        task = asyncio.ensure_future(run_program("ffmpeg", ENDLESS, LIMITS, on_output=lambda piece: said.set()))
        async with asyncio.timeout(20):
            await said.wait()
        group = group_under(os.getpid())
        assert processes_of(group)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return group

    said = asyncio.Event()
    assert processes_of(asyncio.run(cancelled())) == []


def test_the_program_sees_no_secret_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CINEPEER_PASSPHRASE", "open sesame")
    monkeypatch.setattr(program, "find_program", lambda name: f"/usr/bin/{name}")
    outcome = asyncio.run(run_program("env", [], LIMITS))
    assert b"PATH=" in outcome.output and b"sesame" not in outcome.output


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_the_program_dies_with_its_parent() -> None:
    code = (
        "import asyncio, sys\n"
        "from cinepeer.adapters.media.program import Limits, run_program\n"
        "limits = Limits(20, 4 << 30, 0, 20)\n"
        "words = sys.argv[1:]\n"
        "asyncio.run(run_program('ffmpeg', words, limits, on_output=lambda piece: print('on', flush=True)))\n"
    )

    async def orphaned() -> int:
        parent = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", code, *ENDLESS), stdout=asyncio.subprocess.PIPE
        )
        assert parent.stdout is not None
        async with asyncio.timeout(20):
            assert await parent.stdout.readline() == b"on\n"
        group = group_under(parent.pid)
        parent.kill()
        await parent.wait()
        return group

    group = asyncio.run(orphaned())
    until = time.monotonic() + 20
    while processes_of(group) and time.monotonic() < until:
        time.sleep(0.1)
    assert processes_of(group) == []
