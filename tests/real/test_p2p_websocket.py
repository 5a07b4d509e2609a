"""WebSocket on the libp2p port: the same door, with the same places and times, and no page of elsewhere through it."""

from __future__ import annotations

import asyncio
import gc
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest

from cinepeer.adapters.p2p.websocket import MAX_REQUEST_BYTES, is_from_here
from real.p2p_rig import Node, node, until

# Connections that are cut leave sockets to libp2p, which lets go of them later, in whatever test comes then.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def _collect_here() -> Iterator[None]:
    """What libp2p leaves open is collected where it is expected, not in another test or at the end of all."""
    yield
    gc.collect()


UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
MULTISTREAM = b"\x13/multistream/1.0.0\n"
NOISE = b"\x07/noise\n"


@contextmanager
def dialled(port: int, said: bytes = b"", source: str = "127.0.0.2") -> Iterator[socket.socket]:
    """A raw connection that begins with some bytes."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=60, source_address=(source, 0))) as found:
        found.sendall(said)
        yield found


def read_all(found: socket.socket, until: bytes = b"") -> bytes:
    """What comes until the other side closes, or until these bytes are among it."""
    data = b""
    while not until or until not in data:
        try:
            piece = found.recv(1 << 16)
        except ConnectionError:
            return data
        if not piece:
            return data
        data += piece
    return data


def frame(data: bytes, opcode: int = 2, *, is_last: bool = True) -> bytes:
    """A frame as a client sends it, masked with zeros."""
    size = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0xFE]) + len(data).to_bytes(2, "big")
    return bytes([opcode | (0x80 if is_last else 0)]) + size + bytes(4) + data


def port_of(found: Node) -> int:
    return int(found.p2p.addrs[0].split("/")[4])


def test_libp2p_is_spoken_inside_a_websocket_however_its_bytes_are_cut() -> None:
    def talk(port: int) -> tuple[bytes, bytes]:
        with dialled(port, UPGRADE + b"\r\n") as found:
            head = read_all(found, b"\r\n\r\n")
            found.sendall(frame(b"", 9))  # a ping
            asked = MULTISTREAM + NOISE
            found.sendall(frame(asked[:5], is_last=False) + frame(asked[5:25], 0) + frame(asked[25:]))
            return head, head + read_all(found, NOISE)  # the host's first words may come at once

    async def body() -> None:
        async with node(81) as ours:
            head, answer = await asyncio.to_thread(talk, port_of(ours))
            assert head.startswith(b"HTTP/1.1 101")
            assert b"deflate" not in head
            assert b"\x8a\x00" in answer  # the pong
            assert MULTISTREAM in answer

    asyncio.run(body())


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
        b"GET nonsense\r\n\r\n",
        b"G" * (2 * MAX_REQUEST_BYTES),
        UPGRADE + b"Origin: https://elsewhere.example\r\n\r\n",
        UPGRADE + b"\r\n" + frame(b"words", 1),
        UPGRADE + b"\r\n" + bytes([0xFF]) * 64,
        UPGRADE + b"\r\n" + frame(b"\x03\xe8", 8),
        UPGRADE + b"\r\n" + frame(MULTISTREAM) + frame(bytes(range(100))),
    ],
    ids=["no upgrade", "nonsense", "endless", "a page of elsewhere", "text", "garbage", "closed", "no libp2p"],
)
def test_what_does_not_hold_ends_that_connection_alone(said: bytes) -> None:
    def attack(port: int) -> bytes:
        with dialled(port, said) as found:
            return read_all(found)

    async def body() -> None:
        async with node(82, dial_timeout_s=4.0) as ours, node(83) as innocent:
            peer = await innocent.p2p.connect(ours.p2p.addrs[0])
            told = await asyncio.wait_for(asyncio.to_thread(attack, port_of(ours)), 60)
            if b"elsewhere" in said:
                assert told.startswith(b"HTTP/1.1 403")
            async with innocent.p2p.conversation(peer, "/test/ask/1") as talk:
                assert await talk.ask(b"there?") == b"echo there?"
            assert ours.p2p.restarts == 0
            assert innocent.events == [(peer, True)]

    asyncio.run(body())


def test_half_open_ones_take_the_places_of_their_address_and_give_them_back() -> None:
    """Nothing said, half a request, an upgrade and then nothing: each holds one handshake's place, for a while."""

    def attack(port: int) -> list[bytes]:
        with ExitStack() as stack:
            halves = (b"", b"GE", UPGRADE, UPGRADE + b"\r\n")
            for number in range(4):
                stack.enter_context(dialled(port, halves[number]))
            time.sleep(0.5)  # all four are at the door
            late = stack.enter_context(dialled(port, UPGRADE + b"\r\n"))
            turned_away = read_all(late)
            elsewhere = stack.enter_context(dialled(port, UPGRADE + b"\r\n", "127.0.0.3"))
            return [turned_away, read_all(elsewhere, b"101")]

    def again(port: int) -> bytes:
        with dialled(port, UPGRADE + b"\r\n") as found:
            return read_all(found, b"101")

    async def body() -> None:
        async with node(84, dial_timeout_s=12.0, handshakes_per_ip=4) as ours:
            turned_away, elsewhere = await asyncio.to_thread(attack, port_of(ours))
            assert turned_away == b""
            assert elsewhere.startswith(b"HTTP/1.1 101")
            found: list[bytes] = []

            async def try_again() -> None:
                while not found or not found[-1].startswith(b"HTTP/1.1 101"):
                    found.append(await asyncio.to_thread(again, port_of(ours)))
                    await asyncio.sleep(0.2)

            await asyncio.wait_for(try_again(), 90)
            await until(lambda: ours.p2p.restarts == 0)

    asyncio.run(body())


@pytest.mark.parametrize(
    ("origin", "ip", "is_let_in"),
    [
        (None, "127.0.0.1", True),
        ("http://localhost:8080", "127.0.0.1", True),
        ("http://127.0.0.1:8080", "127.0.0.1", True),
        ("https://elsewhere.example", "127.0.0.1", False),
        ("https://elsewhere.example", "192.168.1.4", False),
        ("https://elsewhere.example", "fe80::1", False),
        ("null", "127.0.0.1", False),
        ("http://[broken", "127.0.0.1", False),
        ("https://elsewhere.example", "1.1.1.1", True),
        (None, "", False),
    ],
)
def test_a_page_of_elsewhere_does_not_reach_in_through_its_readers_own_machine(
    origin: str | None, ip: str, is_let_in: bool
) -> None:
    assert is_from_here(origin, ip) is is_let_in
