"""Networks on real sockets: ten processes, a partition, a frozen process, and one killed in the middle of a sync."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path

from cinepeer.adapters.store.records import RecordStore
from real.p2p_rig import until
from real.stored_node import node, rated, settled

TESTS = Path(__file__).parents[1]


class Wire:
    """A TCP relay to a port that can be cut: everything in it is dropped, and nothing new gets through."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: set[asyncio.StreamWriter] = set()
        self._carrying: set[asyncio.Task[None]] = set()
        self.is_cut = False
        self.port = 0

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.close()
            return
        other_reader, other_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._open |= {writer, other_writer}
        for source, target in ((reader, other_writer), (other_reader, writer)):
            task = asyncio.create_task(self._carry(source, target))
            self._carrying.add(task)
            task.add_done_callback(self._carrying.discard)

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(1 << 16):
                if not self.is_cut:  # what is sent into a cut wire is lost
                    target.write(data)
                    await target.drain()
        target.close()

    def mend(self) -> None:
        """Lets new connections through; those that were cut have lost bytes, and end."""
        self.is_cut = False
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()


def test_ten_processes_hold_the_same_whoever_said_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "real.ten_processes", str(tmp_path)],
        cwd=TESTS,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(set(told["pids"])) == len(told["held"]) == 10
    assert len(set(told["held"])) == 1


def test_two_halves_of_a_network_heal_when_the_wire_between_them_is_mended(tmp_path: Path) -> None:
    async def body() -> None:
        quick = {"ping_interval_s": 0.3, "ping_timeout_s": 1.5, "dial_timeout_s": 4.0, "redial_most_s": 0.5}
        async with AsyncExitStack() as stack:
            nodes = [
                await stack.enter_async_context(node(tmp_path, 110 + number, interval_s=2.0, **quick))
                for number in range(4)
            ]
            wire = Wire(int(nodes[2].p2p.addrs[0].split("/")[4]))
            server = await wire.start()
            await nodes[0].p2p.connect(nodes[1].p2p.addrs[0])
            await nodes[2].p2p.connect(nodes[3].p2p.addrs[0])
            await nodes[1].p2p.connect(f"/ip4/127.0.0.1/tcp/{wire.port}/p2p/{nodes[2].p2p.peer_id}")
            one, other = rated(1, 10), rated(2, 10)
            await nodes[0].publish(one.pairs)
            await settled(12, *nodes)
            wire.is_cut = True
            await until(lambda: [len(one.p2p.neighbours()) for one in nodes] == [1, 1, 1, 1])
            one.rate(10)
            await nodes[0].publish(one.pairs[12:])
            await nodes[3].publish(other.pairs)
            await settled(22, *nodes[:2])
            await settled(24, *nodes[2:])
            wire.mend()
            await settled(34, *nodes)
            server.close()

    asyncio.run(body())


@contextmanager
def syncing(file: Path, addr: str) -> Iterator[subprocess.Popen[str]]:
    """The process of `sync_killed`."""
    with subprocess.Popen(
        [sys.executable, "-m", "real.sync_killed", str(file), addr],
        cwd=TESTS,
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def counted(process: subprocess.Popen[str], least: int) -> int:
    """Reads what the process prints until it holds at least so many records."""
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= least:
            return int(line)
    raise AssertionError("found the process ended, expected it to sync")


def test_a_process_killed_in_the_middle_of_a_sync_goes_on_where_it_was(tmp_path: Path) -> None:
    async def body() -> None:
        async with node(tmp_path, 120) as one:
            author = rated(1, 3000)
            await one.publish(author.pairs)
            total, file, seen = len(author.pairs), tmp_path / "killed.db", 0
            for killed in range(3):
                with syncing(file, one.p2p.addrs[0]) as process:
                    seen = await asyncio.to_thread(counted, process, min(seen + 1, total))
                    process.kill()
                assert seen < total or killed  # the first time, it was in the middle
            async with await RecordStore.open(file) as held:
                assert await held.count() >= seen > 0  # what was told is on the disk
            with syncing(file, one.p2p.addrs[0]) as process:
                assert await asyncio.to_thread(counted, process, total) == total
            async with await RecordStore.open(file) as held:
                assert set(await held.leaves()) == set(await one.store.leaves())

    asyncio.run(body())


def test_a_frozen_process_is_noticed_and_taken_up_again_when_it_goes_on(tmp_path: Path) -> None:
    async def body() -> None:
        quick = {"ping_interval_s": 0.3, "ping_timeout_s": 1.0}
        async with node(tmp_path, 121, **quick) as one:
            author = rated(1, 5)
            await one.publish(author.pairs)
            with syncing(tmp_path / "frozen.db", one.p2p.addrs[0]) as process:
                assert await asyncio.to_thread(counted, process, 7) == 7
                process.send_signal(signal.SIGSTOP)
                await until(lambda: one.p2p.neighbours() == [])
                author.rate(5)
                await one.publish(author.pairs[7:])
                process.send_signal(signal.SIGCONT)
                assert await asyncio.to_thread(counted, process, 12) == 12

    asyncio.run(body())
