"""Conversations between two nodes: questions, answers, and what a bad frame, a pause or a failure costs."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
import trio
from libp2p.custom_types import TProtocol
from libp2p.network.stream.exceptions import StreamEOF, StreamError, StreamReset
from libp2p.stream_muxer.yamux import yamux

from cinepeer.adapters.p2p.conversation import MAX_FRAME_BYTES, Frames, encode_length
from cinepeer.adapters.p2p.host import make_host, parse_dial
from cinepeer.errors import BadInput, Refused, Unreachable
from real.p2p_rig import ASK, node, plan, running


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


def test_questions_that_wait_for_no_answer_are_answered_in_their_order_and_end_with_the_first_that_fails() -> None:
    async def body() -> None:
        heard: list[bytes] = []

        async def answer(question: bytes) -> bytes:
            heard.append(question)
            await asyncio.sleep(60 if question == b"never" else 0.01 * (question == b"0"))
            return b"echo " + question

        async with node(1) as one, node(2, answer) as two:
            await one.p2p.connect(two.p2p.addrs[0])
            async with one.p2p.conversation(two.p2p.peer_id, ASK) as talk:
                questions = [str(number).encode() for number in range(20)]
                answers = await asyncio.gather(*(talk.ask(question, 20) for question in questions))
                assert (heard, answers) == (questions, [b"echo " + question for question in questions])
                ends = await asyncio.gather(talk.ask(b"never", 0.3), talk.ask(b"after", 20), return_exceptions=True)
                assert [type(end) for end in ends] == [Unreachable, Unreachable]
                assert "closed" in str(ends[1])

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
                with trio.fail_after(60), pytest.raises((StreamReset, StreamEOF, StreamError)):
                    await bad.read(1)
                await good.write(b"\x02ok")
                answer = b""
                while len(answer) < 8:
                    answer += await good.read(8)
                assert answer == b"\x07echo ok"

            await asyncio.to_thread(raw, one.p2p.addrs[0], talk)

    asyncio.run(body())


def test_every_piece_of_a_large_frame_is_heard_while_it_is_gathered_and_what_follows_it_is_read_too() -> None:
    frames, heard = [bytes(300_000), b"next"], []

    async def body() -> None:
        giver, taker = make_host(plan(1)), make_host(plan(2))
        got: list[bytes | None] = []
        done = trio.Event()

        async def take(stream: object) -> None:
            reading = Frames(stream, lambda: heard.append(None))  # type: ignore[arg-type]
            got.extend([await reading.read(20) for _ in range(3)])
            done.set()

        taker.set_stream_handler(TProtocol(ASK), take)
        async with running(giver, taker):
            connection = await giver.get_network().dial_addr(taker.get_transport_addrs()[0], taker.get_id())
            stream = await giver.new_stream(taker.get_id(), [TProtocol(ASK)])
            data = b"".join(encode_length(len(frame)) + frame for frame in frames)
            for at in range(0, len(data), 50_000):
                before = len(heard)
                await stream.write(data[at : at + 50_000])
                with trio.fail_after(20):
                    while len(heard) == before:
                        await trio.sleep(0.001)
            await stream.close_write()
            with trio.fail_after(20):
                await done.wait()
            await connection.close()
        assert got == [*frames, None]

    trio.run(body)
    assert len(heard) >= 7


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
                assert await good.ask(b"good", 30) == b"good"
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
                with trio.fail_after(60):
                    while not paused.muxed_stream.reset_received:
                        await trio.sleep(0.1)
                muxed = paused.muxed_conn
                held = sum(len(buffer) for buffer in muxed.stream_buffers.values())
                assert held <= yamux.MAX_WINDOW_SIZE
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
                turned_away: list[object] = []
                with trio.fail_after(60):
                    while len(turned_away) < 10:
                        await trio.sleep(0.1)
                        turned_away = [stream for stream in idle if stream.muxed_stream.reset_received]
                assert len(turned_away) < 30

            await asyncio.to_thread(raw, one.p2p.addrs[0], talk)

    asyncio.run(body())


def test_a_peer_may_hold_sixteen_conversations_of_one_protocol() -> None:
    async def body() -> None:
        async with node(1) as one, node(2) as two, AsyncExitStack() as stack:
            await one.p2p.connect(two.p2p.addrs[0])
            for _ in range(16):
                talk = await stack.enter_async_context(one.p2p.conversation(two.p2p.peer_id, ASK))
                assert await talk.ask(b"?", 30) == b"echo ?"
            with pytest.raises(Unreachable):
                async with one.p2p.conversation(two.p2p.peer_id, ASK) as another:
                    await another.ask(b"?", 5)
            assert await talk.ask(b"!", 30) == b"echo !"

    asyncio.run(body())
