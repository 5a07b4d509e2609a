"""Every decoder of content answers any bytes with a value or with `Refused`, in bounded time."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cinepeer.content import bitswap, car
from cinepeer.content.cidv0 import parse_any
from cinepeer.content.dagpb import parse_branch
from cinepeer.content.hamt import is_shard, parse_shard
from cinepeer.content.identity import read_identity
from cinepeer.content.path import follow
from cinepeer.content.playlist import parse_master, parse_media
from cinepeer.content.protobuf import encode_bytes, encode_number, read_fields
from cinepeer.content.unixfs import cat, directory, import_file, links, parse_node, split_path
from cinepeer.errors import BadInput, Refused
from cinepeer.faces.http.gateway_car import Car
from cinepeer.faces.http.multipart import parts
from cinepeer.records.cid import DAG_CBOR, DAG_PB, RAW, Cid
from unit.content.test_hamt import sharded

held: dict[Cid, bytes] = {}
film = import_file([bytes(range(200))], held.__setitem__)
folder = directory([("a", film), ("b", film)], held.__setitem__)
MESSAGE = bitswap.encode(
    bitswap.Message(wants=[bitswap.Want(film.cid, send_dont_have=True)], blocks=[(film.cid, bytes(range(200)))])
)
CAR = b"".join(car.write([folder.cid], held.items()))
MEDIA = b'#EXTM3U\n#EXT-X-MAP:URI="init.mp4"\n#EXTINF:4.0,\n00000.m4s\n#EXT-X-ENDLIST\n'
MASTER = (
    b'#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="n",URI="a/i.m3u8"\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv/i.m3u8\n'
)


def spoiled(whole: bytes) -> st.SearchStrategy[bytes]:
    """Valid bytes with some of them cut out, put in or changed."""

    def spoil(edits: Iterable[tuple[int, int, bytes]]) -> bytes:
        data = whole
        for at, removed, added in edits:
            start = at % (len(data) + 1)
            data = data[:start] + added + data[start + removed :]
        return data

    edit = st.tuples(st.integers(0, len(whole)), st.integers(0, 4), st.binary(max_size=4))
    return st.lists(edit, min_size=1, max_size=4).map(spoil)


fields = st.recursive(
    st.binary(max_size=20),
    lambda inner: st.lists(
        st.one_of(
            st.builds(encode_number, st.integers(0, 8), st.integers(0, 1 << 64)),
            st.builds(encode_bytes, st.integers(0, 8), inner),
            st.builds(encode_bytes, st.just(1), st.just(bytes(film.cid))),
        ),
        max_size=6,
    ).map(b"".join),
)


def answers(decode: Callable[[bytes], object], data: bytes, *allowed: type[Exception]) -> None:
    try:
        found = decode(data)
        if isinstance(found, Iterable):
            list(found)
    except (Refused, *allowed):
        pass


SHARD = held[sharded(["a", "b", "c"], held)]


@given(st.one_of(st.binary(max_size=200), fields, spoiled(SHARD)))
def test_a_sharded_folder(data: bytes) -> None:
    answers(parse_shard, data)
    cid = Cid.of(data, DAG_PB)
    is_shard(cid, data)  # answers for any bytes
    answers(lambda block: [str(follow(cid, name, {**held, cid: block}.get)) for name in ("a", "b/c", "d")], data)


@given(st.one_of(st.text(max_size=60), st.text("abcdefkqz27", max_size=40).map("bafkqa".__add__)))
def test_an_identity(text: str) -> None:
    answers(lambda data: read_identity(data.decode()), text.encode(errors="ignore"))


@given(
    st.dictionaries(
        st.sampled_from(["dag-scope", "entity-bytes", "car-dups", "car-order", "car-version"]),
        st.one_of(st.text(max_size=12), st.sampled_from(["all", "entity", "0:*", "y", "dfs", "1"])),
    ),
    st.lists(st.text(max_size=40).map("application/vnd.ipld.car;".__add__), max_size=3),
)
def test_the_parameters_of_a_car(query: dict[str, str], accepted: list[str]) -> None:
    answers(lambda _: Car.of(query, accepted).content_type, b"")


@given(st.one_of(st.binary(max_size=200), fields))
def test_protobuf_and_dag_pb(data: bytes) -> None:
    answers(read_fields, data)
    answers(parse_branch, data)
    answers(lambda block: parse_node(Cid.of(block, DAG_PB), block), data)
    answers(lambda block: links(Cid.of(block, DAG_PB), block), data)
    answers(lambda block: links(Cid.of(block, DAG_CBOR), block), data)


@given(spoiled(held[folder.cid]))
def test_a_spoiled_folder(data: bytes) -> None:
    answers(lambda block: parse_node(Cid.of(block, DAG_PB), block), data)


@given(fields)
def test_a_file_whose_root_is_any_message(data: bytes) -> None:
    root = Cid.of(data, DAG_PB)
    blocks = {root: data, film.cid: bytes(range(200))}
    answers(lambda _: cat(root, blocks.get, 0, 1000), data)


@given(st.one_of(st.binary(max_size=200), fields, spoiled(MESSAGE)))
@example(MESSAGE)
def test_bitswap(data: bytes) -> None:
    answers(lambda message: bitswap.encode(bitswap.parse(message)), data)


@given(st.one_of(st.binary(max_size=200), spoiled(CAR)))
@example(CAR)
def test_car(data: bytes) -> None:
    answers(lambda whole: car.read(whole)[1], data)
    answers(lambda whole: car.read(bytes([byte]) for byte in whole)[1], data)


@given(st.one_of(st.binary(max_size=200), spoiled(MEDIA), spoiled(MASTER)))
@example(MEDIA)
@example(MASTER)
def test_playlists(data: bytes) -> None:
    answers(parse_media, data)
    answers(parse_master, data)


@given(st.text(max_size=60))
def test_texts(text: str) -> None:
    answers(lambda _: parse_any(text), b"")
    answers(lambda _: parse_any("Qm" + text), b"")
    answers(lambda _: split_path(text), b"")


FORM = b'--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\nContent-Type: x/y\r\n\r\nbody\r\n--B--\r\n'


@given(st.one_of(st.binary(max_size=200), spoiled(FORM)), st.integers(1, 50))
@example(FORM, 7)
def test_multipart(data: bytes, size: int) -> None:
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    answers(
        lambda _: [b"".join(part.data) for part in parts(pieces, "multipart/form-data; boundary=B")], data, BadInput
    )


def test_a_raw_block_that_looks_like_a_node_is_its_own_bytes() -> None:
    block = held[folder.cid]
    cid = Cid.of(block, RAW)
    assert b"".join(cat(cid, {cid: block}.get)) == block and links(cid, block) == []


def test_nodes_that_name_each_other_many_times_are_read_in_the_time_of_the_range() -> None:
    """Five levels of a thousand equal children are 10^15 leaves, of which a range reads three."""
    blocks = {Cid.of(b"x", RAW): b"x"}
    child, size = Cid.of(b"x", RAW), 1
    for _ in range(5):
        data = encode_number(1, 2) + encode_number(3, size * 1000) + encode_number(4, size) * 1000
        block = encode_bytes(2, encode_bytes(1, child)) * 1000 + encode_bytes(1, data)
        child, size = Cid.of(block, DAG_PB), size * 1000
        blocks[child] = block
    assert b"".join(cat(child, blocks.get, size // 2, 3)) == b"xxx"


@pytest.mark.parametrize("decode", [parse_media, parse_master, bitswap.parse, parse_branch])
def test_large_garbage_is_refused_fast(decode: Callable[[bytes], object]) -> None:
    for data in (b"\xff" * 3_000_000, b"\x0a" * 3_000_000, b"#EXTM3U\n" + b"," * 3_000_000):
        with pytest.raises(Refused):
            decode(data)
