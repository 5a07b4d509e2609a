"""Ten nodes, each a process of its own: python -m real.ten_processes FOLDER; prints their ids and what each holds.

One process loads the libraries and forks the ten before it starts any thread: that spares nine times the loading.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from real.stored_node import node, rated

NODES = 10
AUTHORS, RATINGS = 5, 20
RECORDS = AUTHORS * (RATINGS + 2)
WAIT_S = 150.0


@dataclass
class Child:
    """A process that was forked, and the lines to and from it."""

    pid: int
    told: TextIO
    tell: TextIO

    def hear(self) -> str:
        """Its next line; it has died where there is none."""
        line = self.told.readline()
        if not line:
            raise SystemExit(f"found that the process {self.pid} ended, expected a line of it")
        return line.strip()

    def say(self, line: str) -> None:
        """Gives it a line."""
        self.tell.write(line + "\n")
        self.tell.flush()


def fork(folder: Path, number: int) -> Child:
    """A process that lives as the node numbered so."""
    (told, telling), (hearing, tell) = os.pipe(), os.pipe()
    pid = os.fork()
    if pid:
        os.close(telling)
        os.close(hearing)
        return Child(pid, os.fdopen(told), os.fdopen(tell, "w"))
    try:
        os.close(told)
        os.close(tell)
        asyncio.run(live(folder, number, os.fdopen(hearing), os.fdopen(telling, "w", buffering=1)))
    finally:
        os._exit(0)


async def live(folder: Path, number: int, hearing: TextIO, telling: TextIO) -> None:
    """Tells its address, dials those that it is told, publishes, and tells what it holds once it holds all."""
    async with node(folder, 100 + number, interval_s=2.0) as one:
        telling.write(one.p2p.addrs[0] + "\n")
        for addr in json.loads(await asyncio.to_thread(hearing.readline)):
            await one.p2p.connect(addr)
        if number % 2 == 0:
            await one.publish(rated(1 + number // 2, RATINGS).pairs)
        async with asyncio.timeout(WAIT_S):
            while await one.store.count() < RECORDS:
                await asyncio.sleep(0.05)
        telling.write(hashlib.sha256(b"".join(sorted(await one.store.leaves()))).hexdigest() + "\n")
        await asyncio.to_thread(hearing.readline)  # it goes on until all have told


def main(folder: Path) -> None:
    """A ring with a few chords, until all ten have told what they hold."""
    children = [fork(folder, number) for number in range(NODES)]
    addrs = [child.hear() for child in children]
    for number, child in enumerate(children):
        chords = [addrs[(number + 5) % NODES]] if number % 3 == 0 else []
        child.say(json.dumps([addrs[(number + 1) % NODES], *chords]))
    held = [child.hear() for child in children]
    for child in children:
        child.say("enough")
    for child in children:
        os.waitpid(child.pid, 0)
    print(json.dumps({"pids": [child.pid for child in children], "held": held}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
