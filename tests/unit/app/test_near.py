"""Which films of others a new one is like: by pictures, by sound, and never the author's own."""

from __future__ import annotations

import random
from typing import Any

from cinepeer.app.catalogue import Film, Version
from cinepeer.app.near import near_films
from cinepeer.content.fingerprint import SOUND, sketch
from cinepeer.content.sound import SOUND_PACE
from cinepeer.records.cid import DAG_CBOR, Cid

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


def test_a_film_without_pictures_or_sound_is_like_nothing() -> None:
    assert near_films([film("both", fingerprint=fingerprint(PICTURES), sound=sound(SOUNDS))], ME, [], []) == []
