"""Blocks between nodes over real sockets: whole films come, lies and floods do not."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trio
from libp2p.custom_types import TProtocol
from libp2p.host.basic_host import BasicHost

from cinepeer.adapters.ipfs.blockstore import BlockStore
from cinepeer.adapters.p2p.bitswap import Bitswap
from cinepeer.adapters.p2p.guard import guard_streams
from cinepeer.adapters.p2p.host import make_host
from cinepeer.content.bitswap import PROTOCOL, Message, Want, encode, frame
from cinepeer.content.dagpb import MAX_BLOCK_BYTES
from cinepeer.content.protobuf import encode_bytes
from cinepeer.content.unixfs import Profile, cat, directory, import_file
from cinepeer.errors import BadInput, LimitReached, Refused, Unreachable
from cinepeer.records.cid import RAW, Cid
from real.p2p_rig import info, plan, running

TIMEOUT_S = 4.0
SMALL = Profile(chunk_bytes=1000, links=10)
FILM = bytes(range(256)) * 400


@dataclass(eq=False)
class Blocks(dict[Cid, bytes]):
    """Blocks in memory."""

    asked: list[Cid] = field(default_factory=list)

    def put(self, cid: Cid, block: bytes) -> None:
        self[cid] = block

    def has(self, cid: Cid) -> bool:
        self.asked.append(cid)
        return cid in self


class Node:
    """A guarded host with bitswap, connected to others by `connect`."""

    def __init__(
        self, number: int, blocks: object = None, allow: Callable[[str, Cid], bool] = lambda _p, _c: True
    ) -> None:
        made = plan(number)
        self.host: BasicHost = make_host(made)
        guard_streams(self.host, made)
        self.blocks = Blocks() if blocks is None else blocks
        self.allow = allow
        self.id = str(self.host.get_id())
        self.bitswap: Bitswap


def meet(test: Callable[..., Awaitable[None]], *nodes: Node) -> None:
    """Runs `test(*nodes)` with every node listening and the first connected to all others."""

    async def main() -> None:
        with trio.fail_after(30):
            async with running(*(node.host for node in nodes)), trio.open_nursery() as nursery:
                for node in nodes:
                    node.bitswap = Bitswap(node.host, node.blocks, node.allow, nursery)  # type: ignore[arg-type]
                for node in nodes[1:]:
                    await nodes[0].host.connect(info(node.host))
                try:
                    await test(*nodes)
                finally:
                    for node in nodes:  # the library leaves its sockets open otherwise
                        for connection in node.host.get_network().get_connections():
                            await connection.close()
                nursery.cancel_scope.cancel()

    trio.run(main)


def stocked(number: int, data: bytes = FILM) -> tuple[Node, Cid]:
    node = Node(number)
    return node, import_file([data], node.blocks.put, SMALL).cid


def test_a_whole_folder_comes_and_every_block_is_counted() -> None:
    creator = Node(2)
    film = import_file([FILM], creator.blocks.put, SMALL)
    root = directory([("a", film), ("b", import_file([b"b" * 50], creator.blocks.put))], creator.blocks.put).cid
    seen: list[int] = []

    async def test(host: Node, creator: Node) -> None:
        fetched = await host.bitswap.fetch(root, [creator.id], TIMEOUT_S, seen.append)
        assert fetched == len(creator.blocks) == len(host.blocks)
        assert host.blocks == creator.blocks
        assert b"".join(cat(film.cid, host.blocks.get)) == FILM
        counts = host.bitswap.counts()[creator.id]
        assert counts["blocks_in"] == fetched and counts["bytes_in"] == sum(map(len, host.blocks.values()))
        assert creator.bitswap.counts()[host.id]["blocks_out"] == fetched
        assert await host.bitswap.fetch(root, [creator.id], TIMEOUT_S) == 0

    meet(test, Node(1), creator)
    assert seen == sorted(seen) and seen[-1] == len(creator.blocks)


def test_only_what_is_not_held_is_asked_for() -> None:
    creator, root = stocked(2)
    host = Node(1)
    held = dict(list(creator.blocks.items())[::2])
    host.blocks.update(held)

    async def test(host: Node, creator: Node) -> None:
        assert await host.bitswap.fetch(root, [creator.id], TIMEOUT_S) == len(creator.blocks) - len(held)
        assert host.blocks == creator.blocks

    meet(test, host, creator)


async def read_for_ever(stream: object) -> None:
    while await stream.read(1 << 16):  # type: ignore[attr-defined]
        pass


def test_missing_silent_and_lying_providers_are_replaced_by_a_good_one() -> None:
    good, root = stocked(2)

    async def test(host: Node, good: Node, empty: Node, mute: Node, liar: Node) -> None:
        mute.host.set_stream_handler(TProtocol(PROTOCOL), read_for_ever)

        async def lie(stream: object) -> None:
            await stream.read(1)  # type: ignore[attr-defined]
            answer = await liar.host.new_stream(host.host.get_id(), [TProtocol(PROTOCOL)])
            await answer.write(frame(Message(blocks=[(Cid.of(b"no such block", RAW), b"no such block")])))

        liar.host.set_stream_handler(TProtocol(PROTOCOL), lie)
        providers = [mute.id, liar.id, empty.id, good.id]
        assert await host.bitswap.fetch(root, providers, TIMEOUT_S) == len(good.blocks)
        assert host.blocks == good.blocks
        assert host.bitswap.counts()[liar.id]["unwanted"] == 1

    meet(test, Node(1), good, Node(3), Node(4), Node(5))


def test_j_who_sends_what_nobody_asked_for_is_replaced_at_once_and_not_when_patience_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cinepeer.adapters.p2p.bitswap.PATIENCE_S", 1e6)
    good, root = stocked(2)

    async def test(host: Node, good: Node, liar: Node) -> None:
        async def lie(stream: object) -> None:
            await stream.read(1)  # type: ignore[attr-defined]
            answer = await liar.host.new_stream(host.host.get_id(), [TProtocol(PROTOCOL)])
            await answer.write(frame(Message(blocks=[(Cid.of(b"no such block", RAW), b"no such block")])))

        liar.host.set_stream_handler(TProtocol(PROTOCOL), lie)
        with trio.fail_after(TIMEOUT_S):
            assert await host.bitswap.fetch(root, [liar.id, good.id], 4e6) == len(good.blocks)

    meet(test, Node(1), good, Node(3))


def test_a_provider_that_goes_away_is_replaced() -> None:
    good, root = stocked(2)

    async def test(host: Node, good: Node, leaving: Node) -> None:
        async def leave(stream: object) -> None:
            await leaving.host.disconnect(host.host.get_id())

        leaving.host.set_stream_handler(TProtocol(PROTOCOL), leave)
        assert await host.bitswap.fetch(root, [leaving.id, good.id], TIMEOUT_S) == len(good.blocks)

    meet(test, Node(1), good, Node(3))


def test_when_nobody_has_a_block_the_call_says_which() -> None:
    creator, root = stocked(2)
    lost = Cid.of(FILM[:1000], RAW)
    del creator.blocks[lost]

    async def test(host: Node, creator: Node) -> None:
        with pytest.raises(Unreachable, match=str(lost)):
            await host.bitswap.fetch(root, [creator.id], TIMEOUT_S)
        with pytest.raises(Unreachable, match="0 peers"):
            await host.bitswap.fetch(Cid.of(b"x", RAW), [], TIMEOUT_S)
        with pytest.raises(BadInput, match="peer id"):
            await host.bitswap.fetch(root, ["nobody"], TIMEOUT_S)

    meet(test, Node(1), creator)


def test_what_may_not_be_served_is_not_and_only_named_peers_are_asked() -> None:
    creator, root = stocked(2)
    creator.allow = lambda _peer, cid: cid != root
    bystander, _ = stocked(3)

    async def test(host: Node, creator: Node, bystander: Node) -> None:
        leaf = Cid.of(FILM[:1000], RAW)
        assert await host.bitswap.want([root, leaf], [creator.id], TIMEOUT_S) == {leaf: FILM[:1000]}
        assert host.blocks == {}
        assert bystander.blocks.asked == []

    meet(test, Node(1), creator, bystander)


def test_blocks_that_nobody_asked_for_are_dropped_and_counted() -> None:
    async def test(host: Node, flooder: Node) -> None:
        stream = await flooder.host.new_stream(host.host.get_id(), [TProtocol(PROTOCOL)])
        blocks = [(Cid.of(bytes([number]) * 1000, RAW), bytes([number]) * 1000) for number in range(50)]
        await stream.write(frame(Message(blocks=blocks)))
        while host.bitswap.counts().get(flooder.id, {}).get("unwanted", 0) < 50:
            await trio.sleep(0.01)
        assert host.blocks == {}

    meet(test, Node(1), Node(2))


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff\xff\xff",
        b"\xff\xff\xff\x7f",
        b"\x05\xff\xff\xff\xff\xff",
        frame(Message()) + b"\x02\x0a\x05",
        (lambda message: b"\x8b\x80\x80\x01" + message)(encode_bytes(3, encode_bytes(2, bytes(MAX_BLOCK_BYTES + 1)))),
    ],
)
def test_garbage_ends_its_stream_alone(data: bytes) -> None:
    creator, root = stocked(2)

    async def test(host: Node, creator: Node, vandal: Node) -> None:
        stream = await vandal.host.new_stream(host.host.get_id(), [TProtocol(PROTOCOL)])
        await stream.write(data)
        while not host.bitswap.counts().get(vandal.id, {}).get("refused"):
            await trio.sleep(0.01)
        assert await host.bitswap.fetch(root, [creator.id], TIMEOUT_S) == len(creator.blocks)

    meet(test, Node(1), creator, Node(3))


def test_a_block_that_came_before_garbage_is_kept_while_the_stream_ends() -> None:
    block = b"x" * 1000
    wanted, garbage_came = Cid.of(block, RAW), threading.Event()

    class Slow(Blocks):
        def put(self, cid: Cid, block: bytes) -> None:
            assert garbage_came.wait(TIMEOUT_S)
            super().put(cid, block)

    async def test(host: Node, vandal: Node) -> None:
        async def give(stream: object) -> None:
            await stream.read(1)  # type: ignore[attr-defined]
            answer = await vandal.host.new_stream(host.host.get_id(), [TProtocol(PROTOCOL)])
            await answer.write(frame(Message(blocks=[(wanted, block)])) + b"\xff\xff\xff\xff\xff")
            while not host.bitswap.counts()[vandal.id].get("refused"):
                await trio.sleep(0.01)
            garbage_came.set()

        vandal.host.set_stream_handler(TProtocol(PROTOCOL), give)
        assert await host.bitswap.fetch(wanted, [vandal.id], TIMEOUT_S) == 1
        assert host.blocks == {wanted: block}

    meet(test, Node(1, Slow()), Node(2))


def test_wants_above_the_limit_of_one_peer_are_dropped_and_counted() -> None:
    creator = Node(2)
    block = b"x" * 300_000
    held = Cid.of(block, RAW)
    creator.blocks.put(held, block)

    async def test(creator: Node, greedy: Node) -> None:
        got = []

        async def never_read(stream: object) -> None:
            got.append(stream)
            await trio.sleep_forever()

        greedy.host.set_stream_handler(TProtocol(PROTOCOL), never_read)
        stream = await greedy.host.new_stream(creator.host.get_id(), [TProtocol(PROTOCOL)])
        for turn in range(4):
            wants = [Want(Cid.of(f"{turn} {number}".encode(), RAW), send_dont_have=True) for number in range(1000)]
            await stream.write(frame(Message(wants=[Want(held), *wants])))
        while not creator.bitswap.counts().get(greedy.id, {}).get("wants_dropped"):
            await trio.sleep(0.01)

    meet(test, creator, Node(3))


def test_a_full_store_ends_the_fetch_in_words_and_keeps_what_fits(tmp_path: Path) -> None:
    creator, root = stocked(2)
    store = BlockStore(tmp_path, cap_bytes=20_000)

    async def test(host: Node, creator: Node) -> None:
        with pytest.raises(LimitReached, match="expected at most the cap of 20,000"):
            await host.bitswap.fetch(root, [creator.id], TIMEOUT_S)
        assert 0 < store.stored_bytes() <= 20_000

    meet(test, Node(1, store), creator)


def test_a_denied_block_is_neither_fetched_nor_served(tmp_path: Path) -> None:
    creator, root = stocked(2)
    store = BlockStore(tmp_path, denied=lambda cid: cid == root)

    async def test(host: Node, creator: Node) -> None:
        with pytest.raises(Refused) as refused:
            await host.bitswap.fetch(root, [creator.id], TIMEOUT_S)
        assert refused.value.reason == "denied"
        assert store.stored_bytes() == 0

    meet(test, Node(1, store), creator)


def test_a_corrupt_block_is_not_served(tmp_path: Path) -> None:
    store = BlockStore(tmp_path)
    cid = Cid.of(b"good", RAW)
    store.put(cid, b"good")
    (tmp_path / str(cid)[-3:-1] / str(cid)).write_bytes(b"evil")

    async def test(host: Node, creator: Node) -> None:
        assert await host.bitswap.want([cid], [creator.id], TIMEOUT_S) == {}
        assert host.bitswap.counts()[creator.id].get("unwanted", 0) == 0
        assert store.quarantined == 1

    meet(test, Node(1), Node(2, store))


def test_older_software_gets_blocks_under_the_ids_that_it_used() -> None:
    creator, root = stocked(2)

    async def test(creator: Node, other: Node) -> None:
        answers: list[bytes] = []

        async def read(stream: object) -> None:
            answers.append(await stream.read(1 << 16))  # type: ignore[attr-defined]

        other.host.set_stream_handler(TProtocol(PROTOCOL), read)
        stream = await other.host.new_stream(creator.host.get_id(), [TProtocol(PROTOCOL)])
        key = b"\x12\x20" + root.digest
        missing = b"\x01\x55\xa0\xe4\x02\x20" + bytes(32)
        await stream.write(frame(Message(wants=[Want(key), Want(missing, send_dont_have=True)])))
        while not answers:
            await trio.sleep(0.01)
        expected = Message(blocks=[(root, creator.blocks[root])], dont_haves=[missing])
        assert answers[0].endswith(encode(expected, {root: key}))

    meet(test, creator, Node(3))


class Metered:
    """A pace that never waits, and notes what it was told."""

    piece_bytes = 3000

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.taken: list[int] = []

    def sending(self, size_bytes: int) -> float:
        self.sent.append(size_bytes)
        return 0.0

    def receiving(self, size_bytes: int) -> float:
        self.taken.append(size_bytes)
        return 0.0


def test_all_that_is_sent_and_taken_is_told_to_the_pace_in_small_messages() -> None:
    giver, taker = Node(1), Node(2)
    root = import_file([FILM], giver.blocks.put, SMALL).cid  # type: ignore[attr-defined]

    async def test(giver: Node, taker: Node) -> None:
        gave, took = Metered(), Metered()
        giver.bitswap._pace, taker.bitswap._pace = gave, took
        await taker.bitswap.fetch(root, [giver.id], TIMEOUT_S)
        sent, taken = gave.sent, took.taken
        total = sum(len(block) for block in giver.blocks.values())  # type: ignore[attr-defined]
        assert sum(taken) == total and max(taken) < 3000 + 1100
        with trio.fail_after(TIMEOUT_S):
            while sum(sent) < total:  # the last message is told after it went
                await trio.sleep(0.01)
        assert sent == taken

    meet(test, giver, taker)
