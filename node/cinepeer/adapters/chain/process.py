"""The parent's side of the embedded ledger: starts its process, starts it again after a crash, ends it in order."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cinepeer.errors import BadInput, CinepeerError, Unreachable

_READY_S = 60.0
_STOP_S = 10.0
_BACKOFF_S = (0.2, 1.0, 3.0, 10.0, 30.0)
_HEALTHY_S = 60.0
_MODULE = ("-m", "cinepeer.adapters.chain.embedded")

_log = logging.getLogger(__name__)


class EmbeddedLedger:
    """One ledger process and its watch. The key reaches it by a pipe, whose end tells it that its parent is gone."""

    def __init__(self, program: Sequence[str] = _MODULE) -> None:
        """`program` is what Python runs: the arguments before the ledger's own."""
        self._program = tuple(program)
        self._child: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._arguments: tuple[str, ...] = ()
        self._key = b""
        self.url = ""
        self.restarts = 0
        self.failure: CinepeerError | None = None

    @property
    def pid(self) -> int | None:
        """The ledger's process id while it runs."""
        return self._child.pid if self._child is not None else None

    async def start(
        self, db: Path, port: int, genesis: Mapping[str, Any], key: bytes = b"", holds: bool = False
    ) -> str:
        """
        Starts the ledger of `genesis` in the file `db` with the sequencer's Ed25519 seed `key`, or without one as a
        copy that follows, and gives its URL once it answers; port 0 takes a free one. One that `holds`
        waits for its release. Raises `BadInput` (busy port, wrong file or key) or `Unreachable`.
        """
        beside = db.with_suffix(".genesis.json")
        beside.write_text(json.dumps(dict(genesis), indent=1, sort_keys=True) + "\n")
        self._key = key
        self._arguments = ("--db", str(db), "--genesis", str(beside), "--key", "-", *(("--hold",) if holds else ()))
        ready = await self._spawn(port)
        self.url = ready["url"]
        self._watch = asyncio.create_task(self._restart(int(self.url.rpartition(":")[2])))
        return self.url

    def release(self) -> None:
        """Its next process, after a crash, need not be held any more."""
        self._arguments = tuple(one for one in self._arguments if one != "--hold")

    async def stop(self) -> None:
        """Ends the process by closing its input, after ten seconds by force; harmless when nothing runs."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None
        if self._child is not None:
            await _end(self._child)
            self._child = None

    async def _spawn(self, port: int) -> dict[str, Any]:
        """One process, up to its line of readiness."""
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            *self._program,
            *self._arguments,
            "--port",
            str(port),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if not name.startswith("CINEPEER_")},
            start_new_session=True,  # an interrupt at the terminal is the parent's to act on, in its order
        )
        self._child = child
        assert child.stdin is not None and child.stdout is not None
        try:
            child.stdin.write(self._key.hex().encode() + b"\n")
            with contextlib.suppress(ConnectionError):
                await child.stdin.drain()
            line = await asyncio.wait_for(child.stdout.readline(), _READY_S)
        except BaseException:
            await _end(child)
            raise
        said = _parse(line)
        if "url" not in said:
            await _end(child)
            self._child = None
            raise _failure(said)
        return said

    async def _restart(self, port: int) -> None:
        """Waits for the end of the process and starts another, later each time, for as long as this object runs."""
        failures = 0
        while True:
            began = time.monotonic()
            if self._child is not None:
                code = await self._child.wait()
                _log.error("the ledger's process ended with %s; it is started again", code)
            failures = 0 if time.monotonic() - began > _HEALTHY_S else failures + 1
            await asyncio.sleep(_BACKOFF_S[min(failures, len(_BACKOFF_S)) - 1])
            self.restarts += 1
            try:
                await self._spawn(port)
                self.failure = None
            except (CinepeerError, OSError, TimeoutError) as error:
                self._child = None
                self.failure = (
                    error
                    if isinstance(error, CinepeerError)
                    else Unreachable(f"found {error!r}, expected the ledger to start")
                )
                _log.error("the ledger did not start: %s", error)


def _parse(line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _failure(said: Mapping[str, Any]) -> CinepeerError:
    """What the process said instead of being ready, as the error it was there."""
    if said.get("code") == BadInput.exit_code:
        return BadInput(str(said["error"]))
    return Unreachable(
        str(said.get("error", "found no answer of the ledger's process, expected its line of readiness"))
    )


async def _end(child: asyncio.subprocess.Process) -> None:
    """Closes the child's input and waits; kills it when it does not go."""
    if child.stdin is not None and not child.stdin.is_closing():
        child.stdin.close()
    try:
        await asyncio.wait_for(child.wait(), _STOP_S)
    except TimeoutError:
        child.kill()
        await child.wait()
    # The pipe's transport ends a turn of the loop after the process does.
    await asyncio.sleep(0)
