"""Files and folders become blocks and come back; nothing malformed does."""

from __future__ import annotations

import pytest

from cinepeer.content.dagpb import Link, encode_branch
from cinepeer.content.protobuf import encode_bytes, encode_number
from cinepeer.content.unixfs import (
    CHUNK_BYTES,
    MAX_DEPTH,
    PINNED,
    Cat,
    Directory,
    FileNode,
    Leaf,
    Node,
    Profile,
    cat,
    directory,
    entry,
    file_size,
    import_file,
    links,
    parse_node,
    resolve,
    walk,
)
from cinepeer.errors import BadInput, Refused
from cinepeer.records.cid import DAG_CBOR, DAG_PB, RAW, Cid
from cinepeer.records.dagcbor import encode

SMALL = Profile(chunk_bytes=4, links=3)


def imported(data: bytes, profile: Profile = SMALL) -> tuple[Node, dict[Cid, bytes]]:
    held: dict[Cid, bytes] = {}
    return import_file([data], held.__setitem__, profile), held


def forged(data: bytes, *children: Cid, name: str = "") -> tuple[Cid, bytes]:
    block = encode_branch([Link(child, name, 1) for child in children], data)
    return Cid.of(block, DAG_PB), block


def file_data(size: int, *parts: int) -> bytes:
    return encode_number(1, 2) + encode_number(3, size) + b"".join(encode_number(4, part) for part in parts)


def test_a_file_of_one_chunk_is_its_own_leaf() -> None:
    node, held = imported(b"abcd")
    assert node == Node(Cid.of(b"abcd", RAW), 4, 4)
    assert held == {node.cid: b"abcd"}


def test_an_empty_file_is_the_empty_block() -> None:
    node, held = imported(b"")
    assert (node.cid, node.size, held) == (Cid.of(b"", RAW), 0, {node.cid: b""})
    assert list(cat(node.cid, held.get)) == []


@pytest.mark.parametrize("leaves", [2, 3, 4, 9, 10, 27, 28, 30])
def test_a_tree_is_balanced_and_no_node_has_more_links_than_the_profile_says(leaves: int) -> None:
    data = bytes(range(leaves)) * 4
    node, held = imported(data)
    depths = set()

    def descend(cid: Cid, depth: int) -> None:
        found = parse_node(cid, held[cid])
        if isinstance(found, Leaf):
            depths.add(depth)
            return
        assert isinstance(found, FileNode) and len(found.parts) <= 3
        for child, _ in found.parts:
            descend(child, depth + 1)

    descend(node.cid, 0)
    assert len(depths) == 1
    assert b"".join(cat(node.cid, held.get)) == data
    assert node.size == len(data) == file_size(node.cid, held[node.cid])


def test_the_pieces_in_which_bytes_arrive_change_nothing() -> None:
    data = bytes(range(256)) * 5
    whole, _ = imported(data)
    in_pieces = import_file((data[at : at + 7] for at in range(0, len(data), 7)), lambda _c, _b: None, SMALL)
    assert in_pieces == whole


def test_a_range_reads_only_the_blocks_that_it_touches() -> None:
    data = bytes(range(200))
    node, held = imported(data)
    read: list[Cid] = []

    def get(cid: Cid) -> bytes | None:
        read.append(cid)
        return held.get(cid)

    assert b"".join(cat(node.cid, get, 50, 3)) == data[50:53]
    assert [cid for cid in read if cid.codec == RAW] == [Cid.of(data[48:52], RAW), Cid.of(data[52:56], RAW)]
    assert b"".join(cat(node.cid, held.get, 300, 5)) == b""
    assert b"".join(cat(node.cid, held.get, 10, 0)) == b""


def test_a_reader_may_know_the_next_blocks_ahead() -> None:
    node, held = imported(bytes(range(12)))
    reading = Cat(node.cid)
    assert reading.ahead(5) == [node.cid]
    reading.feed(held[node.cid])
    assert reading.ahead(2) == [Cid.of(bytes(range(4)), RAW), Cid.of(bytes(range(4, 8)), RAW)]


@pytest.mark.parametrize(("offset", "length"), [(-1, None), (0, -1)])
def test_a_range_below_zero_is_bad_input(offset: int, length: int | None) -> None:
    with pytest.raises(BadInput, match="expected none below 0"):
        Cat(Cid.of(b"", RAW), offset, length)


def test_a_folder_is_resolved_name_by_name() -> None:
    held: dict[Cid, bytes] = {}
    film = import_file([b"film"], held.__setitem__)
    inner = directory([("00000.m4s", film)], held.__setitem__)
    root = directory([("720", inner), ("master.m3u8", film)], held.__setitem__)
    assert resolve(root.cid, "/720/00000.m4s", held.get) == film.cid
    assert resolve(root.cid, "", held.get) == root.cid
    assert isinstance(parse_node(root.cid, held[root.cid]), Directory)
    assert root.tsize == sum(map(len, held.values())) + len(b"film")  # the film stands twice under the root
    with pytest.raises(Refused) as refused:
        resolve(root.cid, "480", held.get)
    assert refused.value.reason == "no-entry"
    with pytest.raises(Refused) as refused:
        resolve(root.cid, "master.m3u8/a", held.get)
    assert refused.value.reason == "not-a-folder"
    with pytest.raises(Refused) as refused:
        list(cat(root.cid, held.get))
    assert refused.value.reason == "not-a-file"


def test_the_order_of_entries_changes_nothing() -> None:
    nodes = [(name, Node(Cid.of(name.encode(), RAW), 1, 1)) for name in ("b", "a", "ä", "Z", "a.b")]
    assert directory(nodes, lambda _c, _b: None) == directory(nodes[::-1], lambda _c, _b: None)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0b", "x" * 256, "\udc80"])
def test_a_name_that_no_folder_may_hold_is_bad_input_and_refused_from_others(name: str) -> None:
    with pytest.raises(BadInput, match="found the name"):
        directory([(name, Node(Cid.of(b"", RAW), 0, 0))], lambda _c, _b: None)
    raw = name.encode("utf-8", "surrogateescape")
    link = encode_bytes(1, Cid.of(b"", RAW)) + encode_bytes(2, raw) + encode_number(3, 0)
    block = encode_bytes(2, link) + encode_bytes(1, encode_number(1, 1))
    with pytest.raises(Refused):
        parse_node(Cid.of(block, DAG_PB), block)


def test_a_name_twice_is_refused_both_ways() -> None:
    node = Node(Cid.of(b"", RAW), 0, 0)
    with pytest.raises(BadInput, match="twice"):
        directory([("a", node), ("a", node)], lambda _c, _b: None)
    cid, block = forged(encode_number(1, 1), node.cid, node.cid, name="a")
    with pytest.raises(Refused, match="once"):
        entry(cid, block, "a")


def test_a_folder_that_others_would_shard_is_bad_input() -> None:
    node = Node(Cid.of(b"", RAW), 0, 0)
    with pytest.raises(BadInput, match="names and ids"):
        directory([(f"{number:05}", node) for number in range(6400)], lambda _c, _b: None)


@pytest.mark.parametrize(
    "block",
    [
        encode_branch([Link(Cid.of(b"a", RAW), "", 1)], file_data(2, 1)),  # size is not the sum
        encode_branch([Link(Cid.of(b"a", RAW), "", 1)], file_data(1)),  # no size for the part
        encode_branch([Link(Cid.of(b"a", RAW), "x", 1)], file_data(1, 1)),  # a part with a name
        encode_branch([], file_data(5)),  # says more than it holds
        encode_branch([], encode_number(3, 0)),  # no type
        encode_branch([], encode_number(1, 2) * 2),  # two types
        encode_branch([], encode_number(1, 5)),  # a sharded folder
        encode_branch([], encode_number(1, 4)),  # a symbolic link
        encode_branch([], encode_bytes(1, b"x")),  # a type that is no number
        encode_branch([], encode_number(1, 1) + encode_bytes(2, b"x")),  # a folder with content
        encode_bytes(1, file_data(0)) * 2,  # data twice
        encode_bytes(2, b""),  # a link without a hash
        encode_bytes(2, encode_bytes(1, b"\x12\x20short")),
        encode_bytes(2, encode_bytes(1, Cid.of(b"", RAW)) * 2),
        encode_bytes(3, b""),
        b"",
        b"\x0a\x05ab",  # cut off
        b"\x0a\x80\x00",  # a length not in its shortest form
        b"\x0d\x00\x00\x00\x00",  # a fixed 32-bit field
        encode_bytes(2, encode_bytes(1, Cid.of(b"a", RAW)))
        + encode_bytes(1, file_data(2, 1, 1))
        + encode_bytes(2, encode_bytes(1, Cid.of(b"b", RAW))),  # data between links
    ],
)
def test_a_malformed_node_is_refused(block: bytes) -> None:
    with pytest.raises(Refused):
        parse_node(Cid.of(block, DAG_PB), block)


def test_older_writers_may_put_data_before_links() -> None:
    child = Cid.of(b"a", RAW)
    block = encode_bytes(1, file_data(1, 1)) + encode_bytes(2, encode_bytes(1, child))
    assert parse_node(Cid.of(block, DAG_PB), block) == FileNode(((child, 1),), 1)


def test_a_child_of_another_size_than_its_parent_says_is_refused() -> None:
    leaf = Cid.of(b"abc", RAW)
    cid, block = forged(file_data(2, 2), leaf)
    with pytest.raises(Refused, match="expected the 2 that its parent says"):
        list(cat(cid, {cid: block, leaf: b"abc"}.get))


def test_a_file_deeper_than_the_limit_is_refused() -> None:
    held = {Cid.of(b"a", RAW): b"a"}
    cid = Cid.of(b"a", RAW)
    for _ in range(MAX_DEPTH + 1):
        cid, block = forged(file_data(1, 1), cid)
        held[cid] = block
    with pytest.raises(Refused, match="levels"):
        list(cat(cid, held.get))


def test_empty_parts_are_never_read_however_many_a_node_names() -> None:
    parent = Cid.of(b"not held", RAW)
    cid, block = forged(file_data(0, *[0] * 1000), *[parent] * 1000)
    assert list(cat(cid, {cid: block}.get)) == []


def test_links_are_read_from_every_codec() -> None:
    child = Cid.of(b"x", RAW)
    assert links(child, b"x") == []
    block = encode({"a": [child, {"b": child}], "n": 1})
    assert links(Cid.of(block, DAG_CBOR), block) == [child, child]
    with pytest.raises(Refused):
        links(Cid.of(b"\xff", DAG_CBOR), b"\xff")


def test_j_a_film_whose_bytes_are_those_of_a_node_is_those_bytes_and_not_what_the_node_names() -> None:
    """libp2p's bitswap goes by a block's look: it gives the replacement for the original."""
    replacement, held = imported(b"replacement")
    for look in (held[replacement.cid], encode({"a": replacement.cid})):
        original, blocks = imported(look, PINNED)
        assert blocks == {original.cid: look}
        assert links(original.cid, look) == []
        assert b"".join(cat(original.cid, (held | blocks).get)) == look
        assert dict(walk(original.cid, (held | blocks).get)) == blocks


def test_a_walk_names_each_block_once_and_stops_at_a_hole() -> None:
    node, held = imported(b"same" * 20)
    assert dict(walk(node.cid, held.get)) == held
    del held[Cid.of(b"same", RAW)]
    with pytest.raises(Refused) as refused:
        list(walk(node.cid, held.get))
    assert refused.value.reason == "missing-block"


def test_the_profile_of_the_older_ids_makes_dag_pb_leaves() -> None:
    held: dict[Cid, bytes] = {}
    node = import_file([b"a" * (CHUNK_BYTES + 1)], held.__setitem__, Profile(version=0, raw_leaves=False))
    assert {cid.codec for cid in held} == {DAG_PB}
    assert b"".join(cat(node.cid, held.get)) == b"a" * (CHUNK_BYTES + 1)
    assert b"\x0a\x22\x12\x20" in held[node.cid]  # links are bare multihashes
