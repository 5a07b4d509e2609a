"""A film is found again in another, and no other film is."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinepeer.content.fingerprint import FLAT, MAX_HASHES, SIDE, Shown, Sketch, parse_sketch, picture_hash, sketch
from cinepeer.errors import Refused


def film(seed: int, pictures: int) -> list[int]:
    """The hashes of a film of scenes, each of some pictures that differ by a few bits."""
    chance, found = random.Random(seed), list[int]()
    while len(found) < pictures:
        scene = chance.getrandbits(64) | 1
        found += [scene ^ (1 << chance.randrange(1, 64)) for _ in range(chance.randrange(2, 12))]
    return found[:pictures]


def worn(hashes: list[int], bits: int) -> list[int]:
    """The same film after another encoder: up to so many bits of each hash differ."""
    chance = random.Random(9)
    return [
        found ^ sum(1 << place for place in chance.sample(range(1, 64), chance.randrange(bits))) for found in hashes
    ]


def picture(values: list[int]) -> bytes:
    return bytes(values * (SIDE * SIDE // len(values)))


def test_a_worn_copy_is_found_where_it_is() -> None:
    known = film(1, 1200)
    alike = Shown(film(2, 100) + worn(known[200:1000], 8) + film(3, 50)).likeness(sketch(known))
    assert alike is not None and alike.share > 0.6
    assert all(abs((here - there) - (100 - 200) / 2) <= 1 for there, here, _ in alike.stretches)
    assert sum(length for _, _, length in alike.stretches) == pytest.approx(400, abs=20)


def test_another_film_is_not_found() -> None:
    assert all(Shown(film(seed, 3000)).likeness(sketch(film(seed + 50, 3000))) is None for seed in range(10))


def test_one_still_picture_is_no_film() -> None:
    assert Shown([7] * 100).likeness(sketch([7] * 100)) is None
    assert Shown([FLAT] * 100).likeness(sketch([FLAT] * 100)) is None
    assert Shown([]).likeness(sketch(film(1, 10))) is None
    assert Shown(film(1, 10)).likeness(sketch([])) is None


def test_less_than_a_third_is_no_likeness() -> None:
    known = film(1, 400)
    assert Shown(known[:100]).likeness(sketch(known)) is None
    assert Shown(known[:200]).likeness(sketch(known)) is not None


@given(st.integers(0, 5000))
def test_a_sketch_fits_a_record_and_comes_back(pictures: int) -> None:
    made = sketch(film(1, pictures))
    assert len(made.encode()) <= 4096 and len(made.hashes) <= MAX_HASHES
    assert parse_sketch(made.encode()) == made
    assert (len(made.hashes) - 1) * made.step < max(pictures, 1)


@pytest.mark.parametrize("data", [b"", b"\1\0", b"\2\0\1", b"\1\0\0", b"\1\0\1\0", b"\1\0\1" + bytes(8 * 481)])
def test_what_is_no_sketch_is_refused(data: bytes) -> None:
    with pytest.raises(Refused) as refused:
        parse_sketch(data)
    assert refused.value.reason == "bad-fingerprint"


@given(st.binary(max_size=5000))
def test_any_bytes_are_a_sketch_or_refused(data: bytes) -> None:
    try:
        assert parse_sketch(data).encode() == data
    except Refused as refused:
        assert refused.reason == "bad-fingerprint"


def test_a_flat_picture_has_the_hash_that_matches_nothing() -> None:
    assert picture_hash(bytes([90]) * SIDE * SIDE) == FLAT
    assert picture_hash(picture([0] * 512 + [255] * 512)) != FLAT
    with pytest.raises(ValueError, match="expected 1024"):
        picture_hash(b"\0")


@given(st.integers(-20, 20), st.floats(0.7, 1.2))
def test_a_brighter_or_paler_picture_has_nearly_the_same_hash(more: int, times: float) -> None:
    chance = random.Random(3)
    base = [
        60 + 50 * ((row // 8 + column // 11) % 2) + chance.randrange(9) for row in range(SIDE) for column in range(SIDE)
    ]
    changed = [min(255, max(0, round(value * times) + more)) for value in base]
    assert (picture_hash(bytes(base)) ^ picture_hash(bytes(changed))).bit_count() <= 12


def test_a_sketch_of_a_record_is_compared_with_its_own_pace() -> None:
    known = film(4, 2000)
    assert sketch(known).step == 5
    assert Shown(known).likeness(Sketch(5, tuple(known[::5]))) is not None
