"""Two whole nodes on loopback: connections, gossip, conversations, and what bad input and bad peers do to them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from contextlib import AsyncExitStack

import pytest
import trio
from libp2p.custom_types import TProtocol
from libp2p.network.stream.exceptions import StreamEOF, StreamError, StreamReset
from libp2p.stream_muxer.yamux import yamux

from cinepeer.adapters.p2p.conversation import MAX_FRAME_BYTES, encode_length
from cinepeer.adapters.p2p.host import make_host, parse_dial
from cinepeer.adapters.p2p.network import P2P
from cinepeer.errors import BadInput, LimitReached, Refused, Unreachable
from cinepeer.records.cid import RAW, Cid
from real.p2p_rig import ASK, TOPIC, Blocks, Node, node, plan, running, until

DEAD = "/ip4/127.0.0.1/tcp/{}/p2p/12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X"


async def dead_port() -> int:
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = int(server.sockets[0].getsockname()[1])
    server.close()
    await server.wait_closed()
    return port


def raw(addr: str, talk: object) -> None:
    """Runs `talk(open_stream, host)` in trio from a bare host that is connected to `addr`, in a thread of its own."""

    async def body() -> None:
        host = make_host(plan(99))
        peer, transport = parse_dial(addr)
        async with running(host):
            connection = await host.get_network().dial_addr(transport, peer)
            try:
                await talk(lambda: host.new_stream(peer, [TProtocol(ASK)]), host)  # type: ignore[operator]
            finally:
                await connection.close()

    trio.run(body)


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


def test_many_questions_in_one_conversation_each_get_their_answer() -> None:
    async def body() -> None:
        async with node(1) as one, node(2) as two:
            await one.p2p.connect(two.p2p.addrs[0])
            async with one.p2p.conversation(two.p2p.peer_id, ASK) as talk:
                for size in (0, 1, 127, 128, 16_384, 1_000_000, MAX_FRAME_BYTES - 5):
                    assert await talk.ask(bytes(size), 20) == b"echo " + bytes(size)
                both = await asyncio.gather(talk.ask(b"a", 20), talk.ask(b"b", 20))
                assert both == [b"echo a", b"echo b"]
            async with two.p2p.conversation(one.p2p.peer_id, ASK) as talk:  # over the connection that came in
                assert await talk.ask(b"back", 20) == b"echo back"

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


def test_a_conversation_with_nobody_is_unreachable_and_an_unknown_protocol_is_refused_by_name() -> None:
    async def body() -> None:
        async with node(1) as one, node(2) as two:
            with pytest.raises(Unreachable):
                async with one.p2p.conversation(two.p2p.peer_id, ASK):
                    pass
            await one.p2p.connect(two.p2p.addrs[0])
            with pytest.raises(Refused) as caught:
                async with one.p2p.conversation(two.p2p.peer_id, "/test/nobody-speaks-this/1"):
                    pass
            assert caught.value.reason == "unknown-protocol"
            with pytest.raises(BadInput, match="found the peer id"):
                async with one.p2p.conversation("nobody", ASK):
                    pass

    asyncio.run(body())


def test_an_answer_that_never_comes_is_unreachable_and_the_answering_task_is_cancelled() -> None:
    async def body() -> None:
        cancelled: list[bool] = []

        async def never(_question: bytes) -> bytes:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled.append(True)
                raise
            return b""

        async with node(1) as one, node(2, never) as two:
            await one.p2p.connect(two.p2p.addrs[0])
            async with one.p2p.conversation(two.p2p.peer_id, ASK) as talk:
                with pytest.raises(Unreachable, match=r"no answer within 0\.3 s"):
                    await talk.ask(b"?", 0.3)
                with pytest.raises(Unreachable, match="closed"):
                    await talk.ask(b"?", 0.3)
            assert len(two.neighbours) == 1
        assert cancelled == [True]

    asyncio.run(body())


def test_a_cancelled_question_ends_in_the_other_thread_too() -> None:
    async def body() -> None:
        async with node(1) as one, node(2, lambda _question: asyncio.sleep(60, b"late")) as two:
            await one.p2p.connect(two.p2p.addrs[0])
            async with one.p2p.conversation(two.p2p.peer_id, ASK) as talk:
                asking = asyncio.create_task(talk.ask(b"?", 60))
                await asyncio.sleep(0.1)
                asking.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await asking
                with pytest.raises(Unreachable, match="closed"):
                    await talk.ask(b"?", 1)

    asyncio.run(body())


@pytest.mark.parametrize(
    "frame",
    [b"\xff\xff\xff\xff\x7f", b"\x80\x00", encode_length(MAX_FRAME_BYTES + 1), b"\x05ab"],
    ids=["endless-length", "length-not-minimal", "too-large", "cut"],
)
def test_a_malformed_frame_ends_its_stream_and_nothing_else(frame: bytes) -> None:
    async def body() -> None:
        async with node(1) as one:

            async def talk(open_stream: object, _host: object) -> None:
                bad = await open_stream()  # type: ignore[operator]
                good = await open_stream()  # type: ignore[operator]
                await bad.write(frame)
                if frame == b"\x05ab":
                    await bad.close_write()
                with trio.fail_after(10), pytest.raises((StreamReset, StreamEOF, StreamError)):
                    await bad.read(1)
                await good.write(b"\x02ok")
                answer = b""
                while len(answer) < 8:
                    answer += await good.read(8)
                assert answer == b"\x07echo ok"

            await asyncio.to_thread(raw, one.p2p.addrs[0], talk)

    asyncio.run(body())


def test_a_question_larger_than_a_frame_is_refused_before_it_is_sent() -> None:
    async def body() -> None:
        async with node(1) as one, node(2) as two:
            await one.p2p.connect(two.p2p.addrs[0])
            async with one.p2p.conversation(two.p2p.peer_id, ASK) as talk:
                with pytest.raises(Refused) as caught:
                    await talk.ask(bytes(MAX_FRAME_BYTES + 1), 5)
                assert caught.value.reason == "frame-too-large"

    asyncio.run(body())


def test_an_answerer_that_fails_ends_its_stream_and_nothing_else() -> None:
    async def body() -> None:
        async def respond(question: bytes) -> bytes:
            if question == b"bad":
                raise ValueError("a mistake of the application")
            return question

        async with node(1) as one, node(2, respond) as two:
            await one.p2p.connect(two.p2p.addrs[0])
            async with one.p2p.conversation(two.p2p.peer_id, ASK) as bad:
                with pytest.raises(Unreachable):
                    await bad.ask(b"bad", 5)
            async with one.p2p.conversation(two.p2p.peer_id, ASK) as good:
                assert await good.ask(b"good", 5) == b"good"
            assert two.p2p.restarts == 0

    asyncio.run(body())


def test_d_a_reader_that_pauses_costs_its_own_stream_and_a_bounded_buffer() -> None:
    """It asks for 4 MiB and reads nothing: the answerer gives up after five seconds and holds one frame meanwhile."""

    async def body() -> None:
        async def large(_question: bytes) -> bytes:
            return bytes(MAX_FRAME_BYTES)

        async with node(1, large) as one:

            async def talk(open_stream: object, host: object) -> None:
                paused = await open_stream()  # type: ignore[operator]
                await paused.write(b"\x01?")
                await trio.sleep(6)
                muxed = paused.muxed_conn
                held = sum(len(buffer) for buffer in muxed.stream_buffers.values())
                assert held <= yamux.MAX_WINDOW_SIZE
                assert paused.muxed_stream.reset_received
                other = await open_stream()  # type: ignore[operator]
                await other.write(b"\x01?")
                size = 0
                while size < MAX_FRAME_BYTES + 4:
                    size += len(await other.read(1 << 16))

            await asyncio.to_thread(raw, one.p2p.addrs[0], talk)
            assert one.p2p.restarts == 0

    asyncio.run(body())


def test_a_peer_may_not_open_streams_without_end() -> None:
    async def body() -> None:
        async with node(1, streams_per_peer=20) as one:

            async def talk(_open_stream: object, host: object) -> None:
                peer = host.get_connected_peers()[0]  # type: ignore[attr-defined]
                idle = [await host.get_network().new_stream(peer) for _ in range(30)]  # type: ignore[attr-defined]
                await trio.sleep(0.3)
                turned_away = [stream for stream in idle if stream.muxed_stream.reset_received]
                assert 10 <= len(turned_away) < 30

            await asyncio.to_thread(raw, one.p2p.addrs[0], talk)

    asyncio.run(body())


def test_a_peer_may_hold_sixteen_conversations_of_one_protocol() -> None:
    async def body() -> None:
        async with node(1) as one, node(2) as two, AsyncExitStack() as stack:
            await one.p2p.connect(two.p2p.addrs[0])
            for _ in range(16):
                talk = await stack.enter_async_context(one.p2p.conversation(two.p2p.peer_id, ASK))
                assert await talk.ask(b"?", 5) == b"echo ?"
            with pytest.raises(Unreachable):
                async with one.p2p.conversation(two.p2p.peer_id, ASK) as another:
                    await another.ask(b"?", 5)
            assert await talk.ask(b"!", 5) == b"echo !"

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
            async with asyncio.timeout(15):
                # Each knows the other's topics again a moment after the connection.
                while (TOPIC, one.p2p.peer_id, b"after") not in two.gossip:
                    await one.p2p.publish(TOPIC, b"after")
                    await asyncio.sleep(0.1)

    asyncio.run(body())


async def asked_surely(asker: Node, answerer: Node, question: bytes) -> bytes:
    """The answer, asked for again while the other side of a new connection still settles."""
    async with asyncio.timeout(15):
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
