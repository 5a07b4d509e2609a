"""What libp2p's gossip and streams do wrong as they ship, each beside its guard; each guard is shown to be needed."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest
import trio
from libp2p.abc import INetStream
from libp2p.custom_types import TProtocol
from libp2p.host.basic_host import BasicHost
from libp2p.pubsub.pb import rpc_pb2

from cinepeer.adapters.p2p.gossip import gossip_running, make_gossip, publish
from cinepeer.adapters.p2p.guard import SafePubsub
from cinepeer.adapters.p2p.host import make_host
from real.p2p_rig import MESHSUB, TOPIC, Victim, info, is_linked, plan, running, trio_until

# A host that dies as the library ships it leaves its sockets to the collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning", "ignore:.*multiaddr.*"
)


@pytest.fixture(autouse=True)
def _collect_here() -> Iterator[None]:
    yield
    gc.collect()


APP = TProtocol("/test/app/1")


def rpc(message: rpc_pb2.Message) -> bytes:
    """A gossip frame around one message."""
    frame = rpc_pb2.RPC(publish=[message]).SerializeToString()
    size = len(frame)
    return (bytes([size & 0x7F | 0x80, size >> 7]) if size > 127 else bytes([size])) + frame


BAD_KEY = rpc_pb2.Message(
    from_id=b"\x12\x20" + b"a" * 32, seqno=b"1", data=b"d", topicIDs=[TOPIC], signature=b"s", key=b"\xff\xff\xff"
)


GOSSIP = rpc_pb2.Message(from_id=b"\x12\x20" + b"b" * 32, seqno=b"2", data=b"d", topicIDs=[TOPIC], signature=b"s")


async def send(attacker: BasicHost, victim: Victim, protocol: str, data: bytes) -> None:
    stream = await attacker.new_stream(victim.host.get_id(), [TProtocol(protocol)])
    await stream.write(data)


async def attack(victim: Victim, protocol: str, data: bytes) -> bool:
    """Sends bytes to a victim; returns whether an innocent peer can still open a stream to it."""
    attacker, innocent = make_host(plan(201)), make_host(plan(202))
    async with running(attacker, innocent), trio.open_nursery() as nursery:
        await nursery.start(victim.run)
        await innocent.connect(info(victim.host))
        await attacker.connect(info(victim.host))
        await send(attacker, victim, protocol, data)
        with trio.move_on_after(5.0 if not victim.is_guarded else 1.0):
            await victim.ended.wait()
        alive = victim.end is None and is_linked(innocent, victim.host)
        if alive:
            stream = await innocent.new_stream(victim.host.get_id(), [TProtocol("/ipfs/ping/1.0.0")])
            await stream.write(bytes(32))
            alive = bool(await stream.read(32))
        nursery.cancel_scope.cancel()
    return alive


@pytest.mark.parametrize(
    ("protocol", "data"),
    [(MESHSUB, b"\x05\xff\xff\xff\xff\xff"), (MESHSUB, rpc(BAD_KEY)), (APP, b"x")],
    ids=["malformed-frame", "bad-key", "handler-that-raises"],
)
@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "as-shipped"])
def test_a_what_a_peer_sends_ends_one_stream_and_not_the_host(is_guarded: bool, protocol: str, data: bytes) -> None:
    async def body() -> None:
        victim = Victim(is_guarded)

        async def handler(stream: INetStream) -> None:
            await stream.read(1)
            raise ValueError("a mistake of the application")

        victim.host.set_stream_handler(APP, handler)
        assert await attack(victim, protocol, data) is is_guarded
        assert (victim.end is None) is is_guarded

    trio.run(body)


@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "as-shipped"])
def test_b_a_message_that_arrives_while_gossip_is_closing_does_not_end_the_host(is_guarded: bool) -> None:
    async def body() -> None:
        victim = Victim(is_guarded)
        attacker = make_host(plan(201))
        async with running(attacker), trio.open_nursery() as nursery:
            await nursery.start(victim.run)
            await attacker.connect(info(victim.host))

            def closed(*_arguments: object, **_settings: object) -> None:
                raise RuntimeError("Nursery is closed to new arrivals")

            victim.pubsub.manager.run_task = closed  # the moment between the end of its nursery and of its streams
            await send(attacker, victim, MESHSUB, rpc(GOSSIP))
            with trio.move_on_after(5.0 if not is_guarded else 1.0):
                await victim.ended.wait()
            assert (victim.end is None) is is_guarded
            assert "closed to new arrivals" in repr(victim.end) or is_guarded
            nursery.cancel_scope.cancel()

    trio.run(body)


@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "as-shipped"])
def test_copies_of_a_message_that_arrive_during_its_validation_are_one_message(is_guarded: bool) -> None:
    async def body() -> None:
        victim = Victim(is_guarded)
        origin = make_host(plan(223))
        async with trio.open_nursery() as nursery:
            await nursery.start(victim.run)

            async def slow(_forwarder: object, _message: object) -> bool:
                await trio.sleep(0.1)
                return True

            victim.pubsub.set_topic_validator(TOPIC, slow, True)
            passed: list[bytes] = []

            async def forward(_forwarder: object, message: rpc_pb2.Message) -> None:
                passed.append(message.data)

            victim.pubsub.router.publish = forward
            message = rpc_pb2.Message(from_id=origin.get_id().to_bytes(), seqno=b"7", data=b"one", topicIDs=[TOPIC])
            victim.pubsub.strict_signing = False
            async with trio.open_nursery() as copies:
                for _ in range(3):
                    copies.start_soon(victim.pubsub.push_msg, origin.get_id(), message)
            assert len(passed) == (1 if is_guarded else 3)
            assert isinstance(victim.pubsub, SafePubsub) is is_guarded
            nursery.cancel_scope.cancel()

    trio.run(body)


@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "as-shipped"])
def test_a_burst_of_messages_passes_a_forwarder_whole(is_guarded: bool) -> None:
    """As shipped, a forwarder sends on ten messages a second of a topic, and loses the others without a word."""

    async def body() -> None:
        between = Victim(is_guarded)
        speaker, listener = make_host(plan(230)), make_host(plan(231))
        heard: list[bytes] = []
        tell, told = make_gossip(speaker, [TOPIC], lambda *_: None)
        hear, hearing = make_gossip(listener, [TOPIC], lambda _topic, _peer, data: heard.append(data))
        async with running(speaker, listener), trio.open_nursery() as nursery:
            await nursery.start(between.run)
            async with gossip_running(tell, told, [TOPIC]), gossip_running(hear, hearing, [TOPIC]):
                await speaker.connect(info(between.host))
                await listener.connect(info(between.host))
                await trio_until(lambda: len(between.router.mesh.get(TOPIC, ())) == 2)
                for number in range(40):
                    await publish(told, TOPIC, b"%d" % number)
                if is_guarded:
                    await trio_until(lambda: len(set(heard)) == 40)
                else:
                    await trio.sleep(2)
                    assert len(set(heard)) < 40
            nursery.cancel_scope.cancel()

    trio.run(body)


def test_every_pubsub_gives_its_thread_back() -> None:
    async def body() -> None:
        for number in range(3):
            host = make_host(plan(240 + number))
            async with running(host), gossip_running(*make_gossip(host, [TOPIC], lambda *_: None), [TOPIC]):
                pass
        with trio.fail_after(60):
            while threading.active_count() > before:
                await trio.sleep(0.1)

    before = threading.active_count()
    trio.run(body)
