"""Sharded folders are read by their names' hashes, and nothing malformed is taken for one."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from cinepeer.content.dagpb import Link, encode_branch
from cinepeer.content.hamt import is_shard, murmur3_64, parse_shard, place_of
from cinepeer.content.path import Way, follow
from cinepeer.content.protobuf import encode_bytes, encode_number
from cinepeer.content.unixfs import directory, import_file
from cinepeer.errors import Refused
from cinepeer.records.cid import DAG_PB, RAW, Cid

FANOUT = 256


def shard_data(places: Iterable[int], *, sort: int = 5, hashing: int = 0x22, fanout: int = FANOUT) -> bytes:
    bitmap = sum(1 << place for place in places)
    written = bitmap.to_bytes((bitmap.bit_length() + 7) // 8, "big")
    return encode_number(1, sort) + encode_bytes(2, written) + encode_number(5, hashing) + encode_number(6, fanout)


def sharded(names: list[str], held: dict[Cid, bytes], depth: int = 0) -> Cid:
    """A sharded folder of files that hold their own names."""
    by_place: dict[int, list[str]] = {}
    for name in names:
        by_place.setdefault(place_of(name, depth, 8), []).append(name)
    links = []
    for place, group in sorted(by_place.items()):
        if len(group) == 1:
            leaf = Cid.of(group[0].encode(), RAW)
            held[leaf] = group[0].encode()
            links.append(Link(leaf, f"{place:02X}{group[0]}", 1))
        else:
            links.append(Link(sharded(group, held, depth + 1), f"{place:02X}", 1))
    block = encode_branch(links, shard_data(by_place))
    cid = Cid.of(block, DAG_PB)
    held[cid] = block
    return cid


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("hello", 0xCBD8A7B341BD9B02),
        ("The quick brown fox jumps over the lazy dog", 0xE34BBC7BBC071B6C),
    ],
)
def test_the_hash_is_murmur3(text: str, expected: int) -> None:
    assert murmur3_64(text.encode()) == expected


def test_every_name_of_a_sharded_folder_is_found_and_no_other() -> None:
    held: dict[Cid, bytes] = {}
    names = [f"file {number}" for number in range(600)]
    root = sharded(names, held)
    assert is_shard(root, held[root])
    assert all(follow(root, name, held.get) == Cid.of(name.encode(), RAW) for name in names)
    for other in ("file 600", "file 60000", "x"):
        with pytest.raises(Refused, match="found no"):
            follow(root, other, held.get)


def test_a_path_leads_through_plain_and_sharded_folders() -> None:
    held: dict[Cid, bytes] = {}
    inner = sharded(["a", "b"], held)
    block = encode_branch([Link(inner, "in", 1)], encode_number(1, 1))
    outer = Cid.of(block, DAG_PB)
    held[outer] = block
    assert follow(outer, "in/b", held.get) == Cid.of(b"b", RAW)
    way = Way(outer, "in/b")
    assert (way.needed, way.left) == (outer, 2)
    with pytest.raises(Refused, match="to be a file"):
        follow(outer, "in/b/c", held.get)
    del held[inner]
    with pytest.raises(Refused, match="found no block"):
        follow(outer, "in/b", held.get)


def test_what_is_no_shard_is_not_taken_for_one() -> None:
    held: dict[Cid, bytes] = {}
    file = import_file([b"x" * 300_000], held.__setitem__).cid
    folder = directory([("a", import_file([b"x"], held.__setitem__))], held.__setitem__).cid
    leaf = Cid.of(b"x", RAW)
    assert not any(is_shard(cid, held[cid]) for cid in (file, folder, leaf))
    assert not is_shard(Cid.of(b"\xff", DAG_PB), b"\xff")


LEAF = Cid.of(b"x", RAW)


@pytest.mark.parametrize(
    ("links", "data", "reason"),
    [
        ([], shard_data([], hashing=0x12), "unsupported-node"),
        ([], shard_data([], sort=1), "unsupported-node"),
        ([], shard_data([], fanout=4), "unsupported-node"),
        ([], shard_data([], fanout=100), "unsupported-node"),
        ([], shard_data([], fanout=1 << 20), "unsupported-node"),
        ([Link(LEAF, "0a", 1)], shard_data([10]), "bad-node"),
        ([Link(LEAF, "0", 1)], shard_data([0]), "bad-node"),
        ([Link(LEAF, "0Aa", 1), Link(LEAF, "0Ab", 1)], shard_data([10]), "bad-node"),
        ([Link(LEAF, "0A", 1), Link(LEAF, "0Ab", 1)], shard_data([10]), "bad-node"),
        ([Link(LEAF, "0Aa", 1), Link(LEAF, "0A", 1)], shard_data([10]), "bad-node"),
        ([Link(LEAF, "0Aa", 1)], shard_data([11]), "bad-node"),
        ([Link(LEAF, "0Aa", 1)], shard_data([]), "bad-node"),
    ],
)
def test_a_malformed_shard_is_refused(links: list[Link], data: bytes, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_shard(encode_branch(links, data))
    assert refused.value.reason == reason


def test_an_entry_at_a_place_that_its_name_has_not_is_not_found() -> None:
    place = (place_of("a", 0, 8) + 1) % FANOUT
    block = encode_branch([Link(LEAF, f"{place:02X}a", 1)], shard_data([place]))
    root = Cid.of(block, DAG_PB)
    with pytest.raises(Refused, match="found no 'a'"):
        follow(root, "a", {root: block}.get)


def test_a_folder_of_shards_without_end_is_refused() -> None:
    held: dict[Cid, bytes] = {}
    cid = LEAF
    for depth in reversed(range(9)):
        place = place_of("a", min(depth, 7), 8)
        block = encode_branch([Link(cid, f"{place:02X}", 1)], shard_data([place]))
        cid = Cid.of(block, DAG_PB)
        held[cid] = block
    with pytest.raises(Refused) as refused:
        follow(cid, "a", held.get)
    assert refused.value.reason == "too-deep"
