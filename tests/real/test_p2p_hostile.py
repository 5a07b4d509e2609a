"""Peers that mean harm, on real sockets: each costs itself its stream or its connection, and nobody else anything."""

from __future__ import annotations

import asyncio
import gc
import random
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import trio
from libp2p.custom_types import TProtocol
from libp2p.host.exceptions import StreamFailure
from libp2p.io.exceptions import IOException
from libp2p.network.exceptions import SwarmException
from libp2p.network.stream.exceptions import StreamError
from libp2p.peer.peerinfo import PeerInfo

import cinepeer
from cinepeer.adapters.p2p.conversation import encode_length
from cinepeer.adapters.p2p.host import make_host, parse_dial
from cinepeer.adapters.p2p.network import P2P
from cinepeer.adapters.p2p.service import Peerage
from cinepeer.adapters.store.records import RecordStore
from cinepeer.adapters.system.notes import Notes
from cinepeer.app.acquaintances import Acquaintances
from cinepeer.app.custody import Custody
from cinepeer.app.head_start import CHECKPOINTS
from cinepeer.app.network import LEDGER_PROTOCOL, PROTOCOL
from cinepeer.app.peers import PEERS, Peers
from cinepeer.app.reach import DIALBACK
from cinepeer.app.replicate import SYNC, Replication
from cinepeer.app.screenings import PROTOCOL as SCREENINGS
from cinepeer.app.screenings import Screenings
from cinepeer.app.versions import VERSION_OF
from cinepeer.records import dagcbor
from cinepeer.rights.deposit import PROTOCOL as KEYS
from real.p2p_rig import ASK, LOOPBACK, Blocks, node, plan, running, until
from unit.replication.rig import NETWORK, NOW_MS

PARSED = (SYNC, PEERS, DIALBACK, VERSION_OF, KEYS, SCREENINGS)  # by what answers them in a node as well
OURS = (*PARSED, CHECKPOINTS, PROTOCOL, LEDGER_PROTOCOL)
LIBRARYS = (
    "/meshsub/1.1.0",
    "/meshsub/1.2.0",
    "/ipfs/bitswap/1.2.0",
    "/ipfs/id/1.0.0",
    "/ipfs/id/push/1.0.0",
    "/ipfs/ping/1.0.0",
)
STRANGER = "127.0.0.2"  # another address of this machine: what it does must not cost 127.0.0.1 its place
BREAKS = (SwarmException, StreamFailure, StreamError, IOException, trio.TooSlowError, trio.BrokenResourceError)

# A raw host of the library that is hung up on leaves its sockets to the collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def _collect_here() -> Iterator[None]:
    yield
    gc.collect()


class Victim:
    """A node with everything that it answers, and an address."""

    def __init__(self, p2p: P2P, peers: Peers, replication: Replication) -> None:
        self.p2p, self.peers, self.replication = p2p, peers, replication
        self.addr = p2p.addrs[0]
        self.port = int(self.addr.split("/")[4])


async def echo(question: bytes) -> bytes:
    return question


@asynccontextmanager
async def victim(folder: Path, **changes: object) -> AsyncIterator[Victim]:
    async with await RecordStore.open(folder / "records.db") as store:
        peers = Peers(
            bytes([71]) * 32,
            NETWORK,
            Acquaintances(),
            clock_ms=lambda: NOW_MS,
            chance=lambda: 0.5,
            keep=lambda _: None,
        )
        replication = Replication(store, NETWORK, clock_ms=lambda: NOW_MS, chance=lambda: 0.5, on_refused=peers.blame)
        echoes = {name: lambda _peer: echo for name in (CHECKPOINTS, PROTOCOL, LEDGER_PROTOCOL, ASK)}
        # Of these two no malformed question gets further than to their forms.
        none: Any = None
        custody = Custody(none, store, none, none, bytes(32), lambda: NOW_MS, bytes)
        screenings = Screenings(none, bytes(32), none, none, Notes(folder / "notes"), lambda: NOW_MS, lambda: 0.5)
        answers = {KEYS: custody.responder, SCREENINGS: screenings.responder}
        p2p = await P2P.start(
            bytes([71]) * 32,
            [LOOPBACK],
            Blocks(),
            lambda *_: True,
            {**replication.responders, **peers.responders, **answers, **echoes},
            [replication.topic],
            replication.on_gossip,
            replication.on_neighbour,
            on_blame=peers.on_blame,
            plan=plan(71, **changes),
        )
        try:
            await replication.start(p2p)
            await peers.start(p2p)
            yield Victim(p2p, peers, replication)
        finally:
            await peers.stop()
            await replication.stop()
            await p2p.stop()


async def attack(number: int, addr: str, protocol: str, pieces: list[bytes]) -> int:
    """Sends each piece on a stream of its own from a new host; returns how many streams could be opened."""

    async def body() -> int:
        peer, at = parse_dial(addr)
        host, opened = make_host(plan(number)), 0
        async with running(host):
            with suppress(*BREAKS):
                with trio.fail_after(30):
                    await host.connect(PeerInfo(peer, [at]))
                for piece in pieces:
                    with trio.fail_after(30):
                        stream = await host.new_stream(peer, [TProtocol(protocol)])
                    opened += 1
                    with suppress(*BREAKS), trio.move_on_after(0.3):
                        await stream.write(piece)
                        while await stream.read(1 << 16):
                            pass
                    with suppress(*BREAKS), trio.move_on_after(0.3):
                        await stream.reset()
        return opened

    return await asyncio.to_thread(trio.run, body)


def garbage(seed: int) -> list[bytes]:
    """Random bytes, frames around random bytes, and frames whose lengths lie, the same for a seed."""
    chance = random.Random(seed)
    raw = [chance.randbytes(size) for size in (1, 7, 300, 5000)]
    framed = [encode_length(len(data)) + data for data in raw]
    maps = [dagcbor.encode(value) for value in ({}, [], [b""] * 100, {"hello": 1}, None, 2**62, "x" * 1000)]
    lengths = [b"\xff" * 8, encode_length(1 << 27), b"\x80\x00", encode_length(100) + b"short", b"\x00" * 50]
    return raw + framed + [encode_length(len(data)) + data for data in maps] + lengths


@pytest.mark.parametrize("protocols", [PARSED, OURS[len(PARSED) :], LIBRARYS], ids=["parsed", "echoed", "library"])
def test_garbage_on_any_protocol_costs_nobody_else_anything(tmp_path: Path, protocols: tuple[str, ...]) -> None:
    """All of them at once, each from a peer of its own."""

    async def body() -> None:
        async with victim(tmp_path) as found, node(72) as innocent:
            peer = await innocent.p2p.connect(found.addr)
            attacks = (
                attack(number, found.addr, protocol, garbage(sum(protocol.encode())))
                for number, protocol in enumerate(protocols, 80)
            )
            assert all(await asyncio.gather(*attacks))
            async with innocent.p2p.conversation(peer, ASK) as talk:
                assert await talk.ask(b"still there?") == b"still there?"
            assert innocent.events == [(peer, True)]
            assert found.p2p.restarts == 0
            assert found.peers.reputation.is_banned(innocent.p2p.peer_id, NOW_MS) is False

    asyncio.run(body())


def test_every_protocol_that_a_node_answers_is_attacked_here_and_nothing_else_is_spoken(tmp_path: Path) -> None:
    """No QUIC, relay, DHT, rendezvous, plaintext or bitswap of the library's: what is not there cannot break."""

    async def spoken(peerage: Peerage) -> tuple[set[str], list[str], list[str]]:
        swarm = peerage._host.get_network()
        transports = [type(one).__name__ for one in swarm.transport_manager.get_transports()]
        secured = [str(name) for name in swarm.upgrader.security_multistream.transports]
        return {str(name) for name in peerage._host.get_mux().handlers}, transports, secured

    async def body() -> None:
        async with victim(tmp_path) as found:
            protocols, transports, secured = await found.p2p._bridge.call(spoken)
            assert protocols == {*OURS, *LIBRARYS, ASK}
            assert transports == ["TCP"]
            assert secured == ["/noise"]

    asyncio.run(body())


def test_no_protocol_that_a_nodes_source_names_is_left_out_here() -> None:
    named = [
        re.findall(r'"(/cinepeer/[a-z]+/\d)"', one.read_text()) for one in Path(cinepeer.__path__[0]).rglob("*.py")
    ]
    assert {name for names in named for name in names} == set(OURS)


@pytest.mark.parametrize("protocol", PARSED)
def test_who_goes_on_sending_garbage_is_banned_and_not_let_in_again(tmp_path: Path, protocol: str) -> None:
    async def body() -> None:
        async with victim(tmp_path) as found:
            pieces = [encode_length(5) + bytes([0xFF] * 5)] * 12 + [b"\xff" * 8] * 4
            await attack(74, found.addr, protocol, pieces)
            await until(lambda: len(found.peers.bans()) == 1)
            assert await attack(74, found.addr, protocol, pieces[:1]) == 0
            assert await attack(75, found.addr, protocol, pieces[:1]) == 1

    asyncio.run(body())


@contextmanager
def sockets(count: int, port: int, first: bytes = b"") -> object:
    """So many connections of a stranger's address, each with some first bytes."""
    made: list[socket.socket] = []
    try:
        for _ in range(count):
            with suppress(OSError):
                one = socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(STRANGER, 0))
                made.append(one)
                one.sendall(first)
        yield made
    finally:
        for one in made:
            one.close()


def is_closed(one: socket.socket) -> bool:
    """Whether the other side hung up, after whatever it said."""
    one.settimeout(0.05)
    try:
        while one.recv(4096):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def first_word(port: int) -> bytes:
    """What the node says to one more connection of the stranger's; nothing where there is no place for it."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 30, (STRANGER, 0)) as late:
        return late.recv(1)
    return b""


def test_a_thousand_connections_of_one_address_leave_room_for_others_and_leave_nothing_behind(tmp_path: Path) -> None:
    async def body() -> None:
        async with victim(tmp_path) as found, node(76) as innocent:
            await asyncio.sleep(0.2)
            before = psutil.Process().num_fds()
            with sockets(1000, found.port) as made:
                assert len(made) == 1000
                peer = await innocent.p2p.connect(found.addr)
                async with innocent.p2p.conversation(peer, ASK) as talk:
                    assert await talk.ask(b"x") == b"x"
                await asyncio.to_thread(lambda: [is_closed(one) for one in made[:40]])
                # Beyond the handshakes that one address may have under way.
                async with asyncio.timeout(60):
                    while not await asyncio.to_thread(lambda: all(map(is_closed, made[40:80]))):
                        pass
            await until(lambda: psutil.Process().num_fds() < before + 12)
            assert found.p2p.restarts == 0

    asyncio.run(body())


@pytest.mark.parametrize("first", [b"", b"\x13/multistream/1.0.0\n", b"\x13/multistr"], ids=["mute", "hello", "half"])
def test_slow_handshakes_hold_no_place_for_long(tmp_path: Path, first: bytes) -> None:
    async def body() -> None:
        async with victim(tmp_path, dial_timeout_s=2.0, handshakes_per_ip=8) as found, node(77) as innocent:
            with sockets(8, found.port, first) as made:
                for _ in range(3):  # a byte now and then, as a slow peer would
                    await asyncio.sleep(0.1)
                    for one in made:
                        with suppress(OSError):
                            one.sendall(b"\x00" if first == b"" else b"e")
                await innocent.p2p.connect(found.addr)
                await until(lambda: all(map(is_closed, made)))
                async with asyncio.timeout(60):  # until there is a place again, and the listener says its hello
                    while not await asyncio.to_thread(first_word, found.port):
                        await asyncio.sleep(0.1)

    asyncio.run(body())


def test_a_stream_that_says_nothing_and_a_frame_that_never_ends_are_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cinepeer.adapters.p2p.conversation.FRAME_TIMEOUT_S", 0.5)

    async def body() -> None:
        async with victim(tmp_path, idle_timeout_s=0.5) as found:

            async def slow() -> list[bool]:
                peer, at = parse_dial(found.addr)
                host, ended = make_host(plan(78)), []
                async with running(host):
                    await host.connect(PeerInfo(peer, [at]))
                    for first in (b"", encode_length(100) + b"begun"):
                        stream = await host.new_stream(peer, [TProtocol(ASK)])
                        if first:
                            await stream.write(first)
                        with trio.move_on_after(60) as scope, suppress(*BREAKS):
                            while await stream.read(100):
                                pass
                        ended.append(not scope.cancelled_caught)
                return ended

            assert await asyncio.to_thread(trio.run, slow) == [True, True]
            assert found.peers.bans() == []

    asyncio.run(body())
