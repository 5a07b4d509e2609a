"""Which films of others a new one is like: by pictures, by sound, and never the author's own."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinepeer.app.catalogue import Film, Version
from cinepeer.app.near import near_films, read_whole, refined
from cinepeer.content.fingerprint import SOUND, encode_whole, parse_whole, sketch
from cinepeer.content.sound import SOUND_PACE
from cinepeer.content.unixfs import directory, import_file
from cinepeer.errors import Refused
from cinepeer.records.cid import DAG_CBOR, RAW, Cid

ME, OTHER = Cid.of(b"me", DAG_CBOR), Cid.of(b"other", DAG_CBOR)
CHANCE = random.Random(7)
PICTURES = [CHANCE.getrandbits(64) | 1 for _ in range(40)]
SOUNDS = [CHANCE.getrandbits(64) | 1 for _ in range(160)]


def film(name: str, author: Cid = OTHER, **fields: Any) -> Film:
    record = Cid.of(name.encode(), DAG_CBOR)
    version = Version(record, author, record, fields)
    return Film(str(record), record, author, 1, {"name": name}, [version])


def noise(count: int) -> list[int]:
    return [CHANCE.getrandbits(64) | 1 for _ in range(count)]


def fingerprint(hashes: list[int]) -> bytes:
    return sketch(hashes).encode()


def sound(hashes: list[int]) -> bytes:
    return sketch(hashes, SOUND, SOUND_PACE).encode()


def test_pictures_and_sound_are_told_apart_and_the_most_alike_comes_first() -> None:
    films = [
        film("dub", fingerprint=fingerprint(PICTURES[:30] + noise(30)), sound=sound(noise(160))),
        film("both", fingerprint=fingerprint(PICTURES), sound=sound(SOUNDS)),
        film("music", fingerprint=fingerprint(noise(40)), sound=sound(SOUNDS[:120] + noise(40))),
        film("else", fingerprint=fingerprint(noise(40)), sound=sound(noise(160))),
        film("own", ME, fingerprint=fingerprint(PICTURES), sound=sound(SOUNDS)),
    ]
    found = near_films(films, ME, PICTURES, SOUNDS)
    assert [(one["name"], one["share"] > 0, one["sound_share"] > 0) for one in found] == [
        ("both", True, True),
        ("music", False, True),
        ("dub", True, False),
    ]
    assert found[0]["stretches"] == [[0.0, 0.0, 20.0]]
    assert found[1]["stretches"] == [] and found[1]["sound_stretches"][0][:2] == [0.0, 0.0]


def test_a_record_with_no_or_an_odd_sketch_is_like_nothing() -> None:
    odd: list[Any] = [None, b"", b"x", 5, "text", sound(SOUNDS), sketch(SOUNDS).encode() + b"x", Cid.of(b"", DAG_CBOR)]
    films = [film(f"film {at}", fingerprint=one, sound=fingerprint(PICTURES)) for at, one in enumerate(odd)]
    assert near_films([*films, film("bare")], ME, PICTURES, SOUNDS) == []


def stored(files: list[tuple[str, bytes]]) -> tuple[Cid, dict[Cid, bytes]]:
    blocks: dict[Cid, bytes] = {}
    nodes = [(name, import_file([data], blocks.__setitem__)) for name, data in files]
    return directory(nodes, blocks.__setitem__).cid, blocks


def read(root: Cid, blocks: dict[Cid, bytes]) -> bytes | None:
    async def block(cid: Cid) -> bytes | None:
        return blocks.get(cid)

    return asyncio.run(read_whole(root, block))


def test_the_whole_fingerprint_tells_what_a_sketch_leaves_out() -> None:
    long = noise(4_000)
    known = film("long", fingerprint=fingerprint(long))
    part = long[1_001:3_200]
    (coarse,) = near_films([known], ME, part, [])
    whole = encode_whole(long, SOUNDS[::SOUND_PACE])
    root, blocks = stored([("master.m3u8", b"#"), ("fingerprint", whole)])
    assert read(root, blocks) == whole
    fine = refined(part, SOUNDS, whole)
    assert [stretch[0] for stretch in coarse["stretches"]] != [500.5]
    assert fine["stretches"] == [[500.5, 0.0, 1099.5]] and fine["sound_share"] == 1.0
    assert refined(noise(50), [], whole) == {}


def test_a_folder_without_it_or_with_blocks_away_tells_nothing_more() -> None:
    root, blocks = stored([("master.m3u8", b"#")])
    assert read(root, blocks) is None and read(root, {}) is None
    root, blocks = stored([("fingerprint", encode_whole(noise(40_000), []))])
    assert len(blocks) > 2
    leaf = next(cid for cid in blocks if cid.codec == RAW)
    assert read(root, {cid: block for cid, block in blocks.items() if cid != leaf}) is None
    root, blocks = stored([("fingerprint", bytes((1 << 20) + 1))])
    with pytest.raises(Refused, match="of a fingerprint"):
        read(root, blocks)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_whole_fingerprint_or_refused(data: bytes) -> None:
    try:
        pictures, sounds = parse_whole(data)
        assert encode_whole(pictures.hashes, sounds.hashes) == data
    except Refused as refused:
        assert refused.reason == "bad-fingerprint"


def test_a_film_without_pictures_or_sound_is_like_nothing() -> None:
    assert near_films([film("both", fingerprint=fingerprint(PICTURES), sound=sound(SOUNDS))], ME, [], []) == []
