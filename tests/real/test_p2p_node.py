"""Two whole nodes on loopback: connections, gossip, blocks, restarts, and what bad input does to them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest
import trio

from cinepeer.adapters.p2p.host import make_host
from cinepeer.adapters.p2p.network import P2P
from cinepeer.errors import BadInput, LimitReached, Unreachable
from cinepeer.records.cid import RAW, Cid
from real.p2p_rig import ASK, TOPIC, Blocks, Node, node, plan, until

DEAD = "/ip4/127.0.0.1/tcp/{}/p2p/12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X"


async def dead_port() -> int:
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = int(server.sockets[0].getsockname()[1])
    server.close()
    await server.wait_closed()
    return port


def test_importing_the_facade_does_not_import_libp2p() -> None:
    code = "import sys, cinepeer.adapters.p2p.network; sys.exit(any(n.startswith('libp2p') for n in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_two_nodes_connect_see_each_other_and_part() -> None:
    async def body() -> None:
        async with node(2) as two, node(1) as one:
            assert one.p2p.addrs[0].startswith("/ip4/127.0.0.1/tcp/")
            assert one.p2p.addrs[0].endswith(f"/p2p/{one.p2p.peer_id}")
            assert await one.p2p.connect(two.p2p.addrs[0]) == two.p2p.peer_id
            await until(lambda: two.events == [(one.p2p.peer_id, True)])
            assert [(each.peer_id, each.direction) for each in one.neighbours] == [(two.p2p.peer_id, "out")]
            assert [(each.peer_id, each.direction) for each in two.neighbours] == [(one.p2p.peer_id, "in")]
            await until(lambda: one.neighbours[0].rtt_ms is not None)
            await one.p2p.stop()
            await until(lambda: two.events[1:] == [(one.p2p.peer_id, False)])
            assert two.neighbours == []

    asyncio.run(body())


def test_gossip_reaches_a_neighbour_once_and_not_its_own_sender() -> None:
    async def body() -> None:
        async with node(1) as one, node(2) as two:
            await one.p2p.connect(two.p2p.addrs[0])
            sent = [bytes([number]) * 60_000 for number in range(20)]
            for data in sent:
                await one.p2p.publish(TOPIC, data)
            await until(lambda: len(two.gossip) >= len(sent))
            await asyncio.sleep(0.2)
            assert sorted(two.gossip) == sorted((TOPIC, one.p2p.peer_id, data) for data in sent)
            assert one.gossip == []

    asyncio.run(body())


def test_a_message_of_more_than_64_kib_is_refused_before_it_is_lost() -> None:
    async def body() -> None:
        async with node(1) as one:
            with pytest.raises(LimitReached, match="65537 bytes"):
                await one.p2p.publish(TOPIC, bytes(65537))

    asyncio.run(body())


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "",
        "/ip4/127.0.0.1/tcp/4001",
        "/ip4/127.0.0.1/tcp/4001/p2p/nobody",
        "/ip4/127.0.0.1/udp/4001/quic-v1/p2p/12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq",
        "/ip4/300.0.0.1/tcp/4001/p2p/12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq",
        "/ip4/127.0.0.1/tcp/0/p2p/12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq",
    ],
)
def test_an_address_that_cannot_be_dialled_is_bad_input_in_one_sentence(text: str) -> None:
    async def body() -> None:
        async with node(1) as one:
            with pytest.raises(BadInput, match=r"found .*, expected"):
                await one.p2p.connect(text)
            with pytest.raises(BadInput, match="this node itself"):
                await one.p2p.connect(one.p2p.addrs[0])

    asyncio.run(body())


def test_a_dead_port_is_unreachable_each_time() -> None:
    async def body() -> None:
        addr = DEAD.format(await dead_port())
        async with node(1) as one:
            for _ in range(2):
                with pytest.raises(Unreachable, match="could not be reached"):
                    await one.p2p.connect(addr)

    asyncio.run(body())


def test_a_peer_with_another_identity_than_the_address_says_is_unreachable() -> None:
    async def body() -> None:
        async with node(1) as one, node(2) as two:
            port = two.p2p.addrs[0].split("/")[4]
            with pytest.raises(Unreachable):
                await one.p2p.connect(DEAD.format(port))
            assert one.neighbours == []

    asyncio.run(body())


def test_the_watchdog_restarts_the_thread_with_the_same_identity_port_and_handlers() -> None:
    async def body() -> None:
        async with node(1, redial_first_s=0.05) as one, node(2, redial_first_s=0.05) as two:
            await one.p2p.connect(two.p2p.addrs[0])
            before = (one.p2p.peer_id, list(one.p2p.addrs))

            async def crash(peerage: object) -> None:
                peerage._neighbourhood._nursery.start_soon(fail)  # type: ignore[attr-defined]

            async def fail() -> None:
                raise RuntimeError("a mistake somewhere in the thread")

            await one.p2p._bridge.call(crash)
            await until(lambda: one.p2p.restarts == 1 and one.p2p._bridge.is_up)
            assert (one.p2p.peer_id, one.p2p.addrs) == before
            await until(lambda: [each.peer_id for each in one.neighbours] == [two.p2p.peer_id])  # it dialled again
            assert await asked_surely(two, one, b"again") == b"echo again"
            async with asyncio.timeout(60):
                # Each knows the other's topics again a moment after the connection.
                while (TOPIC, one.p2p.peer_id, b"after") not in two.gossip:
                    await one.p2p.publish(TOPIC, b"after")
                    await asyncio.sleep(0.1)

    asyncio.run(body())


async def asked_surely(asker: Node, answerer: Node, question: bytes) -> bytes:
    """The answer, asked for again while the other side of a new connection still settles."""
    async with asyncio.timeout(60):
        while True:
            try:
                async with asker.p2p.conversation(answerer.p2p.peer_id, ASK) as talk:
                    return await talk.ask(question, 10)
            except Unreachable:
                await asyncio.sleep(0.1)


def test_a_call_in_flight_when_the_thread_dies_fails_and_a_stopped_node_leaves_no_thread() -> None:
    async def body() -> None:
        async with node(1) as one:

            async def stay(_peerage: object) -> None:
                await trio.sleep_forever()

            async def crash(peerage: object) -> None:
                peerage._neighbourhood._nursery.start_soon(fail)  # type: ignore[attr-defined]

            async def fail() -> None:
                raise RuntimeError("a mistake somewhere in the thread")

            waiting = asyncio.create_task(one.p2p._bridge.call(stay))
            await asyncio.sleep(0.05)
            await one.p2p._bridge.call(crash)
            with pytest.raises(Unreachable, match="ended"):
                await waiting
        with pytest.raises(Unreachable, match="not running"):
            await one.p2p.publish(TOPIC, b"late")

    asyncio.run(body())
    assert [thread.name for thread in threading.enumerate() if thread.name == "p2p"] == []


def test_a_busy_port_and_a_bad_listen_address_are_bad_input() -> None:
    async def start(listen: str) -> None:
        async with node(3, listen=listen):
            pass

    async def body() -> None:
        async with node(1) as one:
            port = one.p2p.addrs[0].split("/")[4]
            with pytest.raises(BadInput, match="unusable"):
                await start(f"/ip4/127.0.0.1/tcp/{port}")
        for bad in ("/ip4/127.0.0.1/udp/1/quic-v1", "here", "/ip4/127.0.0.1"):
            with pytest.raises(BadInput, match=r"found .* expected"):
                await start(bad)

    asyncio.run(body())


def test_a_node_that_listens_everywhere_names_loopback_first() -> None:
    async def body() -> None:
        async with node(1, listen="/ip4/0.0.0.0/tcp/0") as one:
            assert one.p2p.addrs[0].startswith("/ip4/127.0.0.1/tcp/")
            assert not any("0.0.0.0" in addr for addr in one.p2p.addrs)

    asyncio.run(body())


def test_a_known_peer_is_dialled_until_it_is_there() -> None:
    async def body() -> None:
        port = await dead_port()
        async with node(4) as late:
            peer_id = late.p2p.peer_id

        async def nothing(*_report: object) -> None: ...

        known = f"/ip4/127.0.0.1/tcp/{port}/p2p/{peer_id}"
        own = f"/ip4/127.0.0.1/tcp/{port}/p2p/{make_host(plan(5)).get_id()}"  # a list of everyone names oneself too
        waiting = await P2P.start(
            bytes([5]) * 32,
            ["/ip4/127.0.0.1/tcp/0"],
            Blocks(),
            lambda _peer, _cid: True,
            {},
            [],
            nothing,
            nothing,
            known=[own, known],
            chance=lambda: 0.5,
            plan=plan(5, redial_first_s=0.05, redial_most_s=0.2),
        )
        try:
            await asyncio.sleep(0.3)
            assert waiting.neighbours() == []
            async with node(4, listen=f"/ip4/127.0.0.1/tcp/{port}"):
                await until(lambda: [each.peer_id for each in waiting.neighbours()] == [peer_id])
        finally:
            await waiting.stop()

    asyncio.run(body())


def test_blocks_are_fetched_from_the_named_peer_and_progress_is_told_on_the_loop() -> None:
    async def body() -> None:
        block, secret = b"a block", b"a block that is not served"
        cid, hidden, absent = (Cid.of(data, RAW) for data in (block, secret, b"absent"))
        async with node(1) as one, node(2, hidden={hidden}) as two:
            two.blocks.update({cid: block, hidden: secret})
            await one.p2p.connect(two.p2p.addrs[0])
            told: list[tuple[int, str]] = []
            note = lambda done: told.append((done, threading.current_thread().name))  # noqa: E731
            assert await one.p2p.fetch(cid, [two.p2p.peer_id], 10, note) == 1
            assert one.blocks[cid] == block
            await until(lambda: bool(told))
            assert told[-1] == (1, threading.main_thread().name)
            assert list(await one.p2p.block_counts()) == [two.p2p.peer_id]
            assert await one.p2p.want([cid, hidden, absent], [two.p2p.peer_id], 1) == {cid: block}

    asyncio.run(body())
