"""Three nodes with real stores over real sockets: gossip reaches all, who was away catches up, broken syncs heal."""

from __future__ import annotations

import asyncio
from pathlib import Path

from cinepeer.adapters.store.records import RecordStore
from cinepeer.errors import CinepeerError
from cinepeer.replication.scope import Scope
from real.p2p_rig import until
from real.stored_node import Node, node, rated, settled
from unit.replication.rig import NOW_MS, Author


def test_records_reach_everyone_by_gossip_along_a_line(tmp_path: Path) -> None:
    async def body() -> None:
        async with node(tmp_path, 11) as one, node(tmp_path, 12) as two, node(tmp_path, 13) as three:
            await one.p2p.connect(two.p2p.addrs[0])
            await three.p2p.connect(two.p2p.addrs[0])
            hub = two.p2p.peer_id

            def has_synced(each: Node, peer_id: str) -> bool:
                return peer_id in (peers := each.replication.peers()) and peers[peer_id].last_sync_ms is not None

            # The syncs of new neighbours, from both ends: they bring nothing, and no other follows for an hour.
            await until(lambda: has_synced(one, hub) and has_synced(three, hub))
            await until(lambda: has_synced(two, one.p2p.peer_id) and has_synced(two, three.p2p.peer_id))
            author = rated(1, 20)
            await one.publish(author.pairs)
            await settled(22, one, two, three)
            assert three.replication.peers()[one.p2p.peer_id].received == 22  # gossip names who signed it
            assert three.replication.peers()[hub].received == 0

    asyncio.run(body())


def test_a_node_that_was_away_catches_up_by_sync_both_ways(tmp_path: Path) -> None:
    async def body() -> None:
        author, other = rated(1, 5), rated(2, 5)
        async with node(tmp_path, 21) as one, node(tmp_path, 22) as two:
            await one.p2p.connect(two.p2p.addrs[0])
            async with node(tmp_path, 23) as away:
                await away.p2p.connect(two.p2p.addrs[0])
                await one.publish(author.pairs)
                await settled(7, one, two, away)
            author.rate(300)
            await one.publish(author.pairs[7:])
            await settled(307, one, two)
            async with await RecordStore.open(tmp_path / "23.db") as alone:
                await alone.add(other.pairs, NOW_MS)  # made while it was away
            async with node(tmp_path, 23) as back:
                await back.p2p.connect(two.p2p.addrs[0])
                await settled(314, one, two, back)

    asyncio.run(body())


def test_a_conversation_that_is_killed_in_the_middle_of_a_sync_heals(tmp_path: Path) -> None:
    async def body() -> None:
        author = rated(1, 1500)
        async with node(tmp_path, 31, interval_s=1.0) as one, node(tmp_path, 32, interval_s=1.0) as two:
            await one.store.add(author.pairs, NOW_MS)
            kills = 0

            async def kill(at: int) -> None:
                nonlocal kills
                while await two.store.count() < at:
                    await asyncio.sleep(0)
                if await two.store.count() < len(author.pairs):
                    kills += 1
                    await two.p2p.disconnect(one.p2p.peer_id)

            await two.p2p.connect(one.p2p.addrs[0])
            killing = [asyncio.create_task(kill(at)) for at in (1, 600)]
            await asyncio.gather(*killing)
            assert kills > 0
            await settled(1502, one, two)

    asyncio.run(body())


def test_two_sides_of_a_fork_meet_and_both_hold_its_proof(tmp_path: Path) -> None:
    async def body() -> None:
        author = Author(1)
        first = author.rate(2)[0]
        whole = list(author.pairs)
        author.fork(first)
        async with node(tmp_path, 41) as one, node(tmp_path, 42) as two:
            await one.store.add(whole, NOW_MS)
            await two.store.add([*whole[:3], author.pairs[-1]], NOW_MS)
            await one.p2p.connect(two.p2p.addrs[0])
            await settled(5, one, two)
            proofs = [each.store.feeds.fork(first.device) for each in (one, two)]
            assert proofs[0] is not None and proofs[0] == proofs[1]

    asyncio.run(body())


def test_a_node_that_holds_a_part_gets_that_part_and_both_say_the_same_of_it(tmp_path: Path) -> None:
    async def body() -> None:
        one, two, three = (Author(number) for number in (1, 2, 3))
        for author, film in ((one, 5), (two, 6), (three, 5)):
            author.rate_film(film)
            author.rate_film(9)
        scope = Scope(films=frozenset({"movielens:5"}))
        async with node(tmp_path, 61) as whole, node(tmp_path, 62, scope=scope) as part:
            await whole.store.add([*one.pairs, *two.pairs, *three.pairs], NOW_MS)
            await part.p2p.connect(whole.p2p.addrs[0])
            await until(lambda: whole.p2p.peer_id in part.replication.peers())
            async with asyncio.timeout(90):
                while await part.store.count() < 8:
                    await asyncio.sleep(0.05)
            held = [(found.record, found.body) for found in await part.store.after(0, 100)]
            assert {record.author for record, _ in held} == {one.id, three.id}
            bodied = {record.id for record, content in held if content is not None and record.kind == "rating"}
            assert bodied == {one.pairs[2][0].id, three.pairs[2][0].id}
            there = await whole.store.sealed(scope)
            assert await part.replication.holding() == (8, there.fingerprint(0, len(there)))
            assert (await whole.replication.holding())[0] == 12

    asyncio.run(body())


def test_a_neighbour_is_answered_however_often_it_syncs(tmp_path: Path) -> None:
    async def body() -> None:
        async with node(tmp_path, 71) as one, node(tmp_path, 72) as two:
            await two.store.add(rated(1, 3).pairs, NOW_MS)
            await one.p2p.connect(two.p2p.addrs[0])
            await settled(5, one, two)
            for _ in range(20):
                done = await one.replication.sync(two.p2p.peer_id)
                assert (done.received, done.rounds) == (0, 1)

    asyncio.run(body())


def test_a_peer_that_speaks_nonsense_is_counted_and_the_node_goes_on(tmp_path: Path) -> None:
    async def body() -> None:
        async with node(tmp_path, 51) as one, node(tmp_path, 52) as two:
            await one.p2p.connect(two.p2p.addrs[0])
            for nonsense in (b"", b"\xff" * 100, b"\x81\x65hello", bytes(3_000_000)):
                async with one.p2p.conversation(two.p2p.peer_id, "/cinepeer/sync/1") as talk:
                    try:
                        await talk.ask(nonsense, 5)
                    except CinepeerError:
                        continue
                    raise AssertionError("an answer to nonsense")
            await one.p2p.publish(one.replication.topic, b"\x00nonsense")
            await until(lambda: two.replication.peers()[one.p2p.peer_id].refused.total() == 5)
            author = rated(1, 3)
            await one.publish(author.pairs)
            await settled(5, one, two)

    asyncio.run(body())
