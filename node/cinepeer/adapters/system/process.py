"""Child processes: each in a group of its own, gone when the node is gone, and stopped whole."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from cinepeer.adapters.system import confine
from cinepeer.adapters.system.durable import in_words
from cinepeer.errors import BadInput, Unreachable

_LINE_BYTES = 1 << 20
_TAIL_BYTES = 400
_DRAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use; None leaves a limit as it is. Each goes for one process, not for the group."""

    address_space_bytes: int | None = None
    cpu_s: int | None = None
    file_size_bytes: int | None = None
    open_files: int | None = None

    def named(self) -> list[str]:
        """The limits that are set, as `RLIMIT` names and values."""
        values = {
            "AS": self.address_space_bytes,
            "CPU": self.cpu_s,
            "FSIZE": self.file_size_bytes,
            "NOFILE": self.open_files,
        }
        return [f"{name}={value}" for name, value in values.items() if value is not None]


class Child:
    """A running child process with its group; `async with` stops it at the end."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, stderr: Path | None) -> None:
        """Made by `start`."""
        self.name = name
        self.process = process
        self._stderr = stderr
        self._drains: list[asyncio.Task[None]] = []

    @property
    def pid(self) -> int:
        """Process id, which is also the id of its group."""
        return self.process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code (a signal as its negative number), or None while it runs."""
        return self.process.returncode

    async def wait(self) -> int:
        """Waits for the end; returns the exit code."""
        return await self.process.wait()

    async def first_line(self, timeout_s: float) -> str:
        """The first line of its stdout, without the newline; what follows on stdout is read and dropped.

        Raises `Unreachable` when it ends, or `timeout_s` passes, before a line has come.
        """
        stdout = self.process.stdout
        assert stdout is not None, "start the child with stdout=PIPE"
        try:
            line = await asyncio.wait_for(stdout.readline(), timeout_s)
        except TimeoutError:
            raise Unreachable(f"found no word from {self.name} in {timeout_s:g} s, expected it ready") from None
        if not line:
            code = await self.wait()
            raise Unreachable(f"found {self.name} ended with code {code}, expected it ready{self._last_words()}")
        self._drains.append(asyncio.create_task(_drop(stdout), name=f"drain {self.name}"))
        return line.decode("utf-8", "replace").rstrip("\n")

    async def stop(self, grace_s: float = 5.0) -> int:
        """Asks the group to end (SIGTERM), kills what is left after `grace_s`; returns the exit code."""
        if self.exit_code is None:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.process.wait(), grace_s)
        return await self.kill()

    async def kill(self) -> int:
        """Kills the whole group at once (SIGKILL), also what its leader left behind; returns the exit code."""
        self._signal(signal.SIGKILL)
        code = await self.process.wait()
        if not self._drains:
            streams = [stream for stream in (self.process.stdout, self.process.stderr) if stream is not None]
            self._drains = [asyncio.create_task(_drop(stream), name=f"drain {self.name}") for stream in streams]
        if self._drains:  # bounded, because a process that left the group may keep a pipe open
            await asyncio.wait(self._drains, timeout=_DRAIN_S)
        return code

    def _signal(self, number: signal.Signals) -> None:
        """Sends `number` to every process of the group that is left."""
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS says EPERM of a group of the dead
            os.killpg(self.pid, number)

    def _last_words(self) -> str:
        """The end of its stderr, where that went to a file."""
        if self._stderr is None or not self._stderr.exists():
            return ""
        with self._stderr.open("rb") as file:
            file.seek(max(0, self._stderr.stat().st_size - _TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
        return f"; its last words: {lines[-1]}" if lines else ""

    async def __aenter__(self) -> Child:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


async def start(
    command: Sequence[str | Path],
    *,
    name: str | None = None,
    limits: Limits | None = None,
    nice: int = 0,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    stdin: int = asyncio.subprocess.DEVNULL,
    stdout: int | None = asyncio.subprocess.PIPE,
    stderr: int | Path | None = None,
) -> Child:
    """Starts `command` in a new session, so that a terminal's Ctrl-C reaches the node alone, which then stops it.

    On Linux the child is killed when the thread that called this ends, so call it from the main thread's loop.
    `stderr` may be a file to append to; None shares the node's. Raises `BadInput` when there is no such program.
    """
    program, *arguments = (str(part) for part in command)
    found = shutil.which(program, path=None if environment is None else environment.get("PATH"))
    if found is None:
        raise BadInput(f"found no program {program!r}, expected it installed and on PATH")
    words = (limits or Limits()).named()
    wrapper = [sys.executable, "-I", "-S", confine.__file__, str(os.getpid()), str(nice), *words, "--"]
    log: IO[bytes] | None = None
    try:
        if isinstance(stderr, Path):
            log = stderr.open("ab")
        process = await asyncio.create_subprocess_exec(
            *wrapper,
            found,
            *arguments,
            start_new_session=True,
            env=None if environment is None else dict(environment),
            cwd=folder,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr if log is None and not isinstance(stderr, Path) else log,
            limit=_LINE_BYTES,
        )
    except OSError as error:
        raise in_words(error, stderr if isinstance(stderr, Path) else Path(found)) from error
    finally:
        if log is not None:
            log.close()
    return Child(name or Path(program).name, process, stderr if isinstance(stderr, Path) else None)


async def _drop(stream: asyncio.StreamReader) -> None:
    """Reads a stream to its end, so that a child that writes never waits for a reader."""
    with contextlib.suppress(RuntimeError):  # somebody else reads it already
        while await stream.read(65_536):
            pass
