"""The demo's cast: nodes as process groups of their own, each with its own home."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cinepeer.adapters.system.process import Child, start
from cinepeer.errors import CheckFailed, Unreachable
from cinepeer.faces.cli.call import Node

START_TIMEOUT_S = 60.0
STOP_GRACE_S = 8.0


class Player:
    """One node of the demo: started, stopped and spoken with over its own HTTP address."""

    def __init__(self, name: str, home: Path) -> None:
        self.name = name
        self.home = home
        self.told: dict[str, Any] = {}
        self._child: Child | None = None

    async def start(self, join: str | None = None) -> None:
        """Starts the node and waits until it says where it listens."""
        command = [sys.executable, "-m", "cinepeer.faces.cli.main", "run", "--json", "--home", str(self.home)]
        if join is not None:
            command += ["--join", join]
        log = self.home.with_suffix(".log")
        environment = {**os.environ, "CINEPEER_SYNC_INTERVAL": "5", "CINEPEER_WITNESS_INTERVAL": "2"}
        self._child = await start(command, name=f"the {self.name}'s node", environment=environment, stderr=log)
        self.told = json.loads(await self._child.first_line(START_TIMEOUT_S))

    async def stop(self) -> None:
        """Stops the node and everything that it started."""
        if self._child is not None:
            await self._child.stop(STOP_GRACE_S)
            self._child = None

    async def get(self, path: str) -> Any:
        """The JSON answer to a GET."""
        return await asyncio.to_thread(lambda: Node.of(self.home).get(path))

    async def post(self, path: str, value: Any = None) -> Any:
        """The JSON answer to a POST."""
        return await asyncio.to_thread(lambda: Node.of(self.home).post(path, value))

    async def read(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> bytes:
        """The bytes of an answer."""
        return await asyncio.to_thread(lambda: Node.of(self.home).read(method, path, body, kind))

    async def publish(self, wanted: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Publishes a film; returns what was made and every line told on the way."""
        lines = await asyncio.to_thread(lambda: list(Node.of(self.home).lines("/api/publish", wanted)))
        last = lines[-1]
        if "done" not in last:
            raise CheckFailed(f"publishing failed: {last.get('problem', 'without a word')}")
        return last["done"], lines


async def until(found: Callable[[], Any], what: str, timeout_s: float = 30.0) -> Any:
    """Asks `found` (a coroutine function) again and again until its answer is true; raises `CheckFailed`."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while True:
        answer = await found()
        if answer:
            return answer
        if asyncio.get_running_loop().time() > deadline:
            raise CheckFailed(f"found nothing within {timeout_s:.0f} s, expected {what}")
        await asyncio.sleep(0.1)


async def run_client(*arguments: str, offline: bool = False, folder: Path | None = None) -> tuple[int, bytes, bytes]:
    """Runs the light client apart: (exit code, stdout, stderr); `offline` leaves it neither network nor home."""
    command = [sys.executable, "-m", "cinepeer_client.cli", *arguments]
    environment = dict(os.environ)
    if offline:
        command = [sys.executable, "-m", "cinepeer.adapters.system.offline", *command[1:]]
        environment = {"PATH": environment.get("PATH", ""), "LANG": environment.get("LANG", "C.UTF-8")}
    process = await asyncio.create_subprocess_exec(
        *command,
        env=environment,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), 120)
    except TimeoutError:
        process.kill()
        raise Unreachable(f"found the light client still busy after 120 s ({' '.join(arguments)})") from None
    return process.returncode or 0, out, err
