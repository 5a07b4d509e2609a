"""A js-libp2p 3 peer: it dials and is dialled, hears gossip and is heard, asks and answers over our streams."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from real import npm_rig
from real.p2p_rig import ASK, TOPIC, node, until

pytestmark = pytest.mark.npm


class Peer:
    """The process and what it said."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.told: list[dict[str, Any]] = []
        self.addr = self.wait("addr")["addr"]

    def wait(self, name: str) -> dict[str, Any]:
        """The next thing that it says under this name; raises when it says that something failed."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said: dict[str, Any] = json.loads(line)
            assert "error" not in said, said
            if name in said:
                return said
            self.told.append(said)
        raise AssertionError(f"found the peer ended, expected it to say {name}")

    def command(self, line: str, answer: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self.wait(answer)


@contextmanager
def js_peer() -> Iterator[Peer]:
    folder = npm_rig.installed("libp2p")
    with subprocess.Popen(
        [npm_rig.node(folder), "peer.mjs", TOPIC, ASK],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Peer(process)
        finally:
            process.kill()


@pytest.mark.parametrize("who_dials", ["js", "js by websocket", "ours"])
def test_js_libp2p_exchanges_gossip_questions_and_pings_with_ours(who_dials: str) -> None:
    async def body(peer: Peer) -> None:
        async with node(61, ping_interval_s=0.5) as ours:
            if who_dials != "ours":
                addr = ours.p2p.addrs[0]
                addr = addr.replace("/p2p/", "/ws/p2p/") if "websocket" in who_dials else addr
                dialled = await asyncio.to_thread(peer.command, f"dial {addr}", "dialled")
                assert dialled["dialled"] == ours.p2p.peer_id
                await until(lambda: bool(ours.neighbours))
                theirs = ours.neighbours[0].peer_id
            else:
                theirs = await ours.p2p.connect(peer.addr)
            assert peer.addr.endswith(theirs)
            async with ours.p2p.conversation(theirs, ASK) as talk:
                assert [await talk.ask(question) for question in (b"one", b"two" * 9000)] == [
                    b"js one",
                    b"js " + b"two" * 9000,
                ]
            if who_dials != "ours":
                asked = await asyncio.to_thread(peer.command, "ask first,second", "answers")
                assert asked["answers"] == ["echo first", "echo second"]
                assert (await asyncio.to_thread(peer.command, "ping", "ping"))["ping"]
            await until(lambda: ours.neighbours[0].rtt_ms is not None)

            async def keep_telling() -> None:  # the mesh is made by heartbeats; a hint may be lost before
                while True:
                    await ours.p2p.publish(TOPIC, b"from ours")
                    await asyncio.sleep(0.5)

            telling = asyncio.create_task(keep_telling())
            heard = await asyncio.wait_for(asyncio.to_thread(peer.wait, "heard"), 90)
            telling.cancel()
            assert heard == {"heard": "from ours", "from": ours.p2p.peer_id}
            for _ in range(20):
                await asyncio.to_thread(peer.command, "publish from js", "published")
                if ours.gossip:
                    break
                await asyncio.sleep(0.5)
            assert (TOPIC, theirs, b"from js") in ours.gossip
            assert ours.blames == []

    with js_peer() as peer:
        asyncio.run(body(peer))


def test_js_libp2p_learns_by_identify_that_the_port_takes_websockets_and_dials_it_so() -> None:
    async def body(peer: Peer) -> None:
        async with node(62) as ours:
            listening = ours.p2p.addrs[0].partition("/p2p/")[0]
            await asyncio.to_thread(peer.command, f"dial {ours.p2p.addrs[0]}", "dialled")
            told: list[str] = []
            async with asyncio.timeout(60):  # identify runs beside the dial
                while not any("/ws" in addr for addr in told):
                    told = (await asyncio.to_thread(peer.command, "addrs", "addrs"))["addrs"]
                    await asyncio.sleep(0.1)
            assert {addr.partition("/p2p/")[0] for addr in told} == {listening, f"{listening}/ws"}

    with js_peer() as peer:
        asyncio.run(body(peer))
