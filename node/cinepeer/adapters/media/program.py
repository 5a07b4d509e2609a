"""Runs ffmpeg or ffprobe in a process group of its own, under limits, and always brings it to an end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cinepeer.errors import BadInput, LimitReached

# A source may be a playlist or a text that makes ffmpeg open other files and addresses; these containers hold
# the film themselves. `file` alone may be opened, so an address inside a file leads nowhere.
CONTAINERS = (
    "mov,matroska,webm,avi,mpegts,mpeg,mpegvideo,ogg,flv,asf,mxf,dv,ivf,av1,obu,h264,hevc,m4v,nut,rm,wtv,yuv4mpegpipe"
)
_INSTALL = "sudo apt-get install ffmpeg (macOS: brew install ffmpeg)"
_STDERR_BYTES = 16_384
_READ_BYTES = 1 << 16
_KIB = 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may take of the machine; `wall_s` is the longest time without a word from the program."""

    cpu_s: int
    memory_bytes: int
    file_bytes: int
    wall_s: float
    output_bytes: int = 8 << 20
    niceness: int = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: its exit status (negative: the signal), its output and the end of its complaints."""

    status: int
    output: bytes
    complaints: tuple[str, ...]

    @property
    def last_word(self) -> str:
        """The last line that the program complained with, or how it ended when it said nothing."""
        if self.complaints:
            return self.complaints[-1]
        return f"it ended by signal {-self.status}" if self.status < 0 else f"it ended with {self.status}"

    def says(self, *words: str) -> bool:
        """Whether one of `words` occurs in the complaints."""
        return any(word in line for word in words for line in self.complaints)


def find_program(name: str) -> str:
    """The path of `name`; raises `BadInput` with the command that installs it."""
    found = shutil.which(name)
    if found is None:
        raise BadInput(f"found no {name} on PATH, expected it to be installed: {_INSTALL}")
    return found


def read_only(path: Path) -> tuple[str, ...]:
    """The arguments that make `path` the input: this file, a known container, and nothing that it points to."""
    return ("-protocol_whitelist", "file", "-format_whitelist", CONTAINERS, "-i", f"file:{path.absolute()}")


async def run_program(
    name: str,
    arguments: Sequence[str],
    limits: Limits,
    *,
    stdin: bytes | None = None,
    folder: Path | None = None,
    on_output: Callable[[bytes], None] | None = None,
) -> Outcome:
    """Runs `name`; with `on_output` each piece of its output goes there and is not kept.

    Raises `BadInput` when it is not installed, stays silent for `wall_s`, or says more than `output_bytes`, and
    `LimitReached` when the disk is full. However it ends, no process of its group is left.
    """
    process = await asyncio.create_subprocess_exec(
        *_limited(find_program(name), arguments, limits),
        stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env=_environment(),
        start_new_session=True,
    )
    try:
        return await _follow(name, process, limits, stdin, on_output)
    finally:
        await _end(process)


def _limited(program: str, arguments: Sequence[str], limits: Limits) -> tuple[str, ...]:
    """The command line that sets the limits and then becomes the program."""
    # The shell sets the limits: a hook between fork and exec may hang in a process that has threads. ffmpeg ignores
    # a broken pipe, so the kernel is asked, where setpriv is at hand, to end it when this process dies.
    script = (
        f"ulimit -t {limits.cpu_s}; ulimit -v {limits.memory_bytes // _KIB} 2>/dev/null; "
        f"ulimit -f {limits.file_bytes // 512}; ulimit -c 0; "
        'command -v setpriv >/dev/null && set -- setpriv --pdeathsig KILL -- "$@"; '
        f'exec nice -n {limits.niceness} "$@"'
    )
    return ("/bin/sh", "-c", script, "sh", program, *arguments)


def _environment() -> dict[str, str]:
    """What the program may know: no secret of this process."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "AV_LOG_FORCE_NOCOLOR": "1"}


async def _follow(
    name: str,
    process: asyncio.subprocess.Process,
    limits: Limits,
    stdin: bytes | None,
    on_output: Callable[[bytes], None] | None,
) -> Outcome:
    """Feeds and reads the program until it ends."""
    assert process.stdout is not None and process.stderr is not None
    complaints = bytearray()
    tasks = [asyncio.ensure_future(_keep_tail(process.stderr, complaints))]
    if stdin is not None:
        tasks.append(asyncio.ensure_future(_feed(process, stdin)))
    kept, heard = bytearray(), 0
    try:
        while piece := await asyncio.wait_for(process.stdout.read(_READ_BYTES), limits.wall_s):
            heard += len(piece)
            if heard > limits.output_bytes:
                raise BadInput(
                    f"found more than {limits.output_bytes} bytes from {name}, expected a film it can describe"
                )
            if on_output is None:
                kept += piece
            else:
                on_output(piece)
        await asyncio.wait_for(process.wait(), limits.wall_s)
        await asyncio.gather(*tasks)
    except TimeoutError:
        raise BadInput(f"found {name} silent for {limits.wall_s:.0f} s on this file, expected it to go on") from None
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    lines = tuple(line.strip() for line in complaints.decode(errors="replace").splitlines() if line.strip())
    outcome = Outcome(process.returncode or 0, bytes(kept), lines)
    if outcome.status and outcome.says("No space left on device", "Disk quota exceeded"):
        raise LimitReached("found the disk full, expected room for the renditions; nothing was kept")
    return outcome


async def _keep_tail(stream: asyncio.StreamReader, tail: bytearray) -> None:
    """Reads `stream` to its end, keeping the last of it."""
    while piece := await stream.read(_READ_BYTES):
        tail += piece
        del tail[:-_STDERR_BYTES]


async def _feed(process: asyncio.subprocess.Process, data: bytes) -> None:
    """Writes `data` to the program, which may stop reading when it has seen enough."""
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        await process.stdin.wait_closed()


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kills what is left of the group, and waits for it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    # asyncio ends its wait only when each pipe was read to its end, and stops reading one that nobody empties.
    # Short after SIGKILL; shielded, so that a cancelled caller leaves no zombie either.
    streams = [_empty(stream) for stream in (process.stdout, process.stderr) if stream is not None]
    await asyncio.shield(asyncio.gather(process.wait(), *streams))


async def _empty(stream: asyncio.StreamReader) -> None:
    """Reads what is left of `stream`, and keeps none of it."""
    while await stream.read(_READ_BYTES):
        pass
