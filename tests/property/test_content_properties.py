"""Films as bytes: what goes in comes out, wherever it is cut; no change of a byte goes unseen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinepeer.content import bitswap, car
from cinepeer.content.cidv0 import parse_any, text_of
from cinepeer.content.exchange import Exchange
from cinepeer.content.unixfs import Profile, cat, directory, import_file, resolve, walk
from cinepeer.errors import Refused
from cinepeer.records.cid import DAG_CBOR, DAG_PB, RAW, Cid

profiles = st.builds(
    Profile,
    chunk_bytes=st.integers(1, 20),
    links=st.integers(2, 5),
    version=st.sampled_from([0, 1]),
    raw_leaves=st.booleans(),
)
names = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda name: name not in (".", "..")
)
cids = st.builds(Cid.of, st.binary(max_size=8), st.sampled_from([RAW, DAG_PB, DAG_CBOR]))


@given(st.binary(max_size=600), profiles, st.integers(0, 700), st.none() | st.integers(0, 700))
def test_any_range_of_an_imported_file_comes_back(
    data: bytes, profile: Profile, offset: int, length: int | None
) -> None:
    held: dict[Cid, bytes] = {}
    node = import_file([data], held.__setitem__, profile)
    assert node.size == len(data)
    assert b"".join(cat(node.cid, held.get, offset, length)) == data[offset:][:length]
    assert {cid for cid, _ in walk(node.cid, held.get)} == set(held)


@given(st.lists(st.binary(max_size=50), max_size=20), profiles)
def test_the_pieces_in_which_a_file_arrives_do_not_matter(pieces: list[bytes], profile: Profile) -> None:
    def ignore(_cid: Cid, _block: bytes) -> None:
        pass

    assert import_file(pieces, ignore, profile) == import_file([b"".join(pieces)], ignore, profile)


@given(st.dictionaries(names, st.binary(max_size=30), max_size=8))
def test_every_entry_of_a_folder_is_found_by_its_name(files: dict[str, bytes]) -> None:
    held: dict[Cid, bytes] = {}
    nodes = [(name, import_file([data], held.__setitem__)) for name, data in files.items()]
    root = directory(nodes, held.__setitem__)
    for name, data in files.items():
        assert b"".join(cat(resolve(root.cid, name, held.get), held.get)) == data


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=6), st.integers(1, 60))
def test_a_car_comes_back_in_any_pieces(contents: list[bytes], size: int) -> None:
    blocks = [(Cid.of(data, RAW), data) for data in contents]
    whole = b"".join(car.write([blocks[0][0]], blocks))
    roots, found = car.read(whole[at : at + size] for at in range(0, len(whole), size))
    assert roots == [blocks[0][0]]
    assert [(cid, block) for cid, block, _ in found] == blocks


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=6), st.data())
def test_a_flipped_bit_in_a_car_is_refused_or_shows_in_the_ids(contents: list[bytes], draw: st.DataObject) -> None:
    blocks = [(Cid.of(data, RAW), data) for data in contents]
    whole = bytearray(b"".join(car.write([blocks[0][0]], blocks)))
    position = draw.draw(st.integers(0, 8 * len(whole) - 1))
    whole[position // 8] ^= 1 << position % 8
    try:
        roots, found = car.read(bytes(whole))
        held = [(cid, block) for cid, block, _ in found]
    except Refused:
        return
    assert all(cid.matches(block) for cid, block in held)
    assert roots != [blocks[0][0]] or [cid for cid, _ in held] != [cid for cid, _ in blocks]


@given(cids)
def test_an_id_in_its_older_form_means_the_same(cid: Cid) -> None:
    assert parse_any(text_of(cid, 0)) == parse_any(text_of(cid, 1)) == cid


keys = st.one_of(cids.map(bytes), st.binary(min_size=32, max_size=32).map(lambda digest: b"\x12\x20" + digest))
messages = st.builds(
    bitswap.Message,
    wants=st.lists(st.builds(bitswap.Want, keys, st.booleans(), st.booleans(), st.booleans()), max_size=5),
    is_full=st.booleans(),
    blocks=st.lists(
        st.tuples(st.binary(max_size=40), st.sampled_from([RAW, DAG_PB])).map(lambda pair: (Cid.of(*pair), pair[0])),
        max_size=4,
    ),
    haves=st.lists(keys, max_size=3),
    dont_haves=st.lists(keys, max_size=3),
)


@given(messages)
def test_a_bitswap_message_comes_back(message: bitswap.Message) -> None:
    assert bitswap.parse(bitswap.encode(message)) == message


events = st.lists(
    st.tuples(st.sampled_from(["ask", "give", "lack", "drop", "wait", "hear"]), st.integers(0, 3), st.integers(0, 11)),
    max_size=60,
)


@given(events)
def test_an_exchange_keeps_its_books_whatever_happens(steps: list[tuple[str, int, int]]) -> None:
    """Against a plain record of what is wanted: nothing is lost, and nobody is asked for what they lack."""
    wanted = [Cid.of(bytes([number]), RAW) for number in range(12)]
    peers = ["a", "b", "c", "d"]
    exchange = Exchange(peers, 4.0)
    exchange.want(wanted)
    open_, lacking, gone, now = set(wanted), set(), set(), 0.0
    for step, who, which in steps:
        peer, cid = peers[who], wanted[which]
        if step == "give":
            assert exchange.take(peer, cid, now) == (cid in open_)
            open_.discard(cid)
        elif step == "lack":
            exchange.miss(peer, cid, now)
            if cid in open_:
                lacking.add((peer, cid))
        elif step == "drop":
            exchange.drop(peer)
            gone.add(peer)
        elif step == "hear":
            exchange.hear(peer, now)
        elif step == "wait":
            now += which / 2
        for asked, asked_for in exchange.questions(now) if step == "ask" else ():
            assert asked not in gone
            assert all(one in open_ and (asked, one) not in lacking for one in asked_for)
        assert set(exchange.wanted) == open_ and exchange.is_done == (not open_)
        owed = exchange.asked
        assert all(one in open_ for _, asked_for in owed for one in asked_for)
        assert all(sum(one in asked_for for _, asked_for in owed) <= 2 for one in open_)


def test_an_exchange_ends_with_one_good_provider_among_bad_ones() -> None:
    wanted = [Cid.of(number.to_bytes(2, "big"), RAW) for number in range(500)]
    for order in range(4):
        peers = ["mute", "empty", "slow"]
        peers.insert(order, "good")
        exchange = Exchange(peers, 4.0)
        exchange.want(wanted)
        now = 0.0
        while not exchange.is_done and now < 120:
            for peer, cids_asked in exchange.questions(now):
                for cid in cids_asked:
                    if peer == "empty":
                        exchange.miss(peer, cid, now)
                    elif peer == "good" or (peer == "slow" and now % 8 == 0):
                        exchange.take(peer, cid, now)
            now += 0.5
        assert exchange.is_done and now < 60


@pytest.mark.parametrize("leaves", [173, 174, 175])
def test_the_pinned_profile_turns_to_a_second_level_after_174_leaves(leaves: int) -> None:
    held: dict[Cid, bytes] = {}
    node = import_file([bytes(leaves)], held.__setitem__, Profile(chunk_bytes=1))
    assert sum(1 for cid in held if cid.codec == DAG_PB) == (1 if leaves <= 174 else 3)
    assert b"".join(cat(node.cid, held.get)) == bytes(leaves)
