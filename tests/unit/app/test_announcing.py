"""What a network's founder announces: by its key alone, the highest number counts, endpoints only where asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from cinepeer.app.announcing import Announcements, founder_message, is_of_founder
from cinepeer.app.identity import Author
from cinepeer.app.network import Network, describe, new_network, parse_network
from cinepeer.errors import BadInput, Refused
from cinepeer.records import dagcbor
from cinepeer.records.keys import public_key, sign
from cinepeer.rights import signatures
from cinepeer.rights.deployment import predict
from cinepeer.rights.keccak import keccak
from cinepeer.rights.succession import Candidate, Handover, hand_over, stand
from unit.app.people import World, in_world

SEED, OTHER, KEY = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32
DEPLOYER = signatures.address_of(KEY)
OWN = Network(
    {"name": "own", "chain_id": 7171, "time": 1, "sequencer": public_key(SEED).hex(), "deployer": "0x" + "11" * 20}, ()
)
FAR = Network(new_network("far", predict(DEPLOYER, 5), DEPLOYER, 1, b"\x09" * 32), ())
PEER = "/dns4/films.example/tcp/4001/p2p/12D3KooWA"
URL = "https://rpc.example"


def by_sequencer(message: bytes) -> bytes:
    return sign(SEED, message)


def by_deployer(message: bytes) -> bytes:
    return signatures.sign(KEY, keccak(message))


def announcements(
    world: World, author: Author, network: Network, key: Callable[[bytes], bytes] | None, adopted: list[Any]
) -> Announcements:
    def adopt(urls: Sequence[str]) -> None:
        adopted.append(list(urls))

    return Announcements(network, author, world.store, key, adopt)


@pytest.mark.parametrize(("network", "key"), [(OWN, by_sequencer), (FAR, by_deployer)])
def test_the_founders_newest_number_counts_whole(
    tmp_path: Path, network: Network, key: Callable[[bytes], bytes]
) -> None:
    async def story(world: World) -> None:
        adopted: list[Any] = []
        author = await world.author("founder")
        founder = announcements(world, author, network, key, adopted)
        assert await founder.obey() is None
        urls = [] if network.is_embedded else [URL]
        await founder.announce([PEER], urls)
        second = await founder.announce([PEER, PEER + "B"], urls)
        assert (second.number, second.network) == (2, network.id)
        elsewhere = announcements(world, await world.author("other"), network, None, adopted)
        assert await elsewhere.obey() == second
        assert adopted == ([] if network.is_embedded else [[URL]])
        await founder.announce([], [])
        newest = await elsewhere.obey()
        assert newest is not None
        assert (newest.number, newest.bootstrap, newest.endpoints) == (3, (), ())

    in_world(tmp_path, story)


def test_nobody_else_announces(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        adopted: list[Any] = []
        founder = announcements(world, await world.author("founder"), FAR, by_deployer, adopted)
        first = await founder.announce([PEER], [URL])
        liar = await world.author("liar")
        with pytest.raises(BadInput, match="expected its founder's"):
            await announcements(world, liar, FAR, None, adopted).announce([], [])
        # By another key, and the founder's own words under another name.
        wrong = announcements(world, liar, FAR, lambda said: signatures.sign(OTHER, keccak(said)), adopted)
        await wrong.announce([], ["https://evil.example"])
        held = await world.store.get(first.record)
        assert held is not None
        fields: dict[str, Any] = dict(dagcbor.decode(held[1] or b""))  # type: ignore[call-overload]
        assert is_of_founder(FAR, fields, held[0].author)
        assert not is_of_founder(FAR, fields, liar.id)
        assert not is_of_founder(OWN, fields, held[0].author)
        assert not is_of_founder(FAR, {**fields, "founder": b"\x00" * 65}, held[0].author)
        assert not is_of_founder(FAR, {**fields, "founder": "text"}, held[0].author)
        await liar.sign("network", {name: fields[name] for name in fields if name != "nonce"} | {"number": 9})
        assert await founder.newest() == first
        await founder.obey()
        assert adopted == [[URL]]

    in_world(tmp_path, story)


@pytest.mark.parametrize(
    ("network", "peers", "urls", "sentence"),
    [
        (OWN, [PEER], [URL], "a ledger that the network's nodes keep"),
        (FAR, ["films.example"], [], "found 'films.example'"),
        (FAR, [], ["ftp://rpc.example"], "found 'ftp://rpc.example'"),
        (FAR, [], [URL] * 9, "more than 32 peers or 8 endpoints"),
        (FAR, [PEER] * 33, [], "more than 32 peers"),
    ],
)
def test_what_cannot_be_obeyed_is_not_announced(
    tmp_path: Path, network: Network, peers: list[str], urls: list[str], sentence: str
) -> None:
    async def story(world: World) -> None:
        author = await world.author("founder")
        with pytest.raises(BadInput, match=sentence):
            await announcements(world, author, network, by_deployer, []).announce(peers, urls)

    in_world(tmp_path, story)


def test_what_a_founder_signs_differs_with_every_field() -> None:
    fields = {"genesis": FAR.id, "number": 1, "bootstrap": [PEER], "endpoints": [URL]}
    other = [
        {**fields, "genesis": OWN.id},
        {**fields, "number": 2},
        {**fields, "bootstrap": []},
        {**fields, "endpoints": []},
    ]
    messages = {founder_message(one, FAR.id) for one in [fields, *other]} | {founder_message(fields, OWN.id)}
    assert len(messages) == 6


def test_a_network_on_a_chain_of_others_is_described_and_read_back() -> None:
    network = Network(FAR.genesis, (PEER,), (URL,))
    assert parse_network(describe(network)) == network
    assert (network.id, network.contracts.from_block, network.is_embedded) == (FAR.id, 0, False)
    assert parse_network(describe(OWN)) == OWN


@pytest.mark.parametrize(
    ("genesis", "endpoints", "sentence"),
    [
        ({"parent": "0x12"}, [], "found the parent '12'"),
        ({"parent": None}, [], "found the parent"),
        ({"sequencer": "22" * 32}, [], "a genesis of no ledger"),
        ({"from_block": -1}, [], "found the first block -1"),
        ({"from_block": "1"}, [], "found the first block 1"),
        ({"deployer": "0x" + "zz" * 20}, [], "found the deployer"),
        ({}, ["ftp://rpc.example"], "found the endpoint"),
        ({}, [URL] * 9, "no list of at most 8 endpoints"),
        ({}, [7], "no list of at most 8 endpoints"),
        ({}, "https", "no list of at most 8 endpoints"),
    ],
)
def test_a_description_of_another_form_is_refused(genesis: dict[str, Any], endpoints: Any, sentence: str) -> None:
    told = {"genesis": {**FAR.genesis, **genesis}, "sequencer": [], "endpoints": endpoints}
    with pytest.raises(Refused, match=sentence):
        parse_network(dagcbor.encode(told))


class Ordering:
    """A node's part in who orders: hands over after block 7, and keeps what it learns."""

    def __init__(self) -> None:
        self.learnt: list[tuple[Handover, ...]] = []

    async def candidate(self) -> Candidate:
        return stand(OTHER, OWN.id, 1, b"\x77" * 20, [PEER])

    async def hand_over(self, candidate: Candidate) -> Handover:
        return hand_over(SEED, OWN.id, candidate, 7, b"\7" * 32)

    async def learn(self, handovers: Sequence[Handover]) -> None:
        self.learnt.append(tuple(handovers))


def test_a_hand_over_is_told_in_the_next_numbered_record_and_every_node_learns_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        author = await world.author("founder")
        founder = announcements(world, author, OWN, by_sequencer, [])
        founder.orders = Ordering()
        await founder.announce([PEER + "B"], [])
        made, record = await founder.hand_over(await founder.candidate())
        newest = await founder.newest()
        assert newest is not None and (newest.number, newest.record) == (2, record)
        assert newest.bootstrap == (PEER, PEER + "B"), "the new sequencer is dialled first"
        elsewhere = announcements(world, author, OWN, None, [])
        elsewhere.orders = heard = Ordering()
        await elsewhere.obey()
        assert heard.learnt == [(made,)]

    in_world(tmp_path, story)


def test_hand_overs_prove_themselves_and_a_forged_one_tells_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        stranger = await world.author("stranger")
        node = announcements(world, stranger, OWN, None, [])
        candidate = stand(OTHER, OWN.id, 1, b"\x77" * 20, [PEER])
        true, forged = (hand_over(key, OWN.id, candidate, 7, b"\7" * 32) for key in (SEED, OTHER))
        plain = {"number": 9, "genesis": OWN.id, "bootstrap": [], "endpoints": []}
        for told in ([forged.to_map()], [true.to_map(), true.to_map()], 7, [7]):
            await stranger.sign("network", {**plain, "handovers": told})
        await stranger.sign("network", {**plain, "genesis": FAR.id, "handovers": [true.to_map()]})
        assert await node.handovers() == ()
        await stranger.sign("network", {**plain, "handovers": [true.to_map()]})
        assert await node.handovers() == (true,), "whose record it is does not matter"
        assert await node.newest() is None, "and nothing else of it counts"

    in_world(tmp_path, story)


def test_a_chain_of_others_is_handed_over_by_nobody(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        node = announcements(world, await world.author("founder"), FAR, by_deployer, [])
        with pytest.raises(BadInput, match="a chain of others"):
            await node.candidate()
        assert await node.handovers() == ()

    in_world(tmp_path, story)
