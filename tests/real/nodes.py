"""Real nodes for tests: processes of their own, with homes in a temporary folder."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cinepeer.faces.cli.call import Node

COMMAND = [sys.executable, "-m", "cinepeer.faces.cli.main"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("CINEPEER_")}


def command(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs one `cinepeer` command to its end."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=ENVIRONMENT | environment,
    )


class Running:
    """A running node: what it told when it was ready, and its API."""

    def __init__(self, process: subprocess.Popen[str], told: dict[str, Any]) -> None:
        self.process = process
        self.told = told
        self.home = Path(told["home"])
        self.api = Node.of(self.home)


@contextlib.contextmanager
def running(home: Path, *arguments: str, **environment: str) -> Iterator[Running]:
    """A node on `home` until the block ends; its log is beside the home."""
    with home.with_suffix(".log").open("w") as log:
        process = subprocess.Popen(
            [*COMMAND, "run", "--json", "--home", str(home), *arguments],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=ENVIRONMENT | {"CINEPEER_SYNC_INTERVAL": "5"} | environment,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, home.with_suffix(".log").read_text()[-3000:]
        yield Running(process, json.loads(line))
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(15)
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
