"""Receipts of lists, whole and changed, with what every check of them comes to: `python -m vectors.receipt_cases`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cinepeer.errors import Refused
from cinepeer.recommend.receipt import (
    Entry,
    read_opening,
    read_receipt,
    state,
    write_head,
    write_opening,
    write_receipt,
)
from cinepeer.recommend.replay import replay
from cinepeer.recommend.rules import Facts
from cinepeer.recommend.served import UNNAMED, Recipe, ServedModel, channel_of, save, served_of
from cinepeer.recommend.wishes import Wishes
from cinepeer.records import keys
from cinepeer.records.cid import DAG_CBOR, Cid

FILE = Path(__file__).parent / "receipts.json"
SEED = hashlib.sha256(b"device").digest()
AUTHOR = Cid.of(b"author", DAG_CBOR)
COUNT = 40
FILMS = tuple(f"movielens:{number:03}" for number in range(101, 101 + COUNT))


def number(*words: object, below: int) -> int:
    """A number that looks like chance and is the same for ever."""
    return int.from_bytes(hashlib.sha256(repr(words).encode()).digest()[:6], "big") % below


def model(coding: str = "dense") -> ServedModel:
    """Forty films in every kind of channel."""
    channels = []
    for name, values, step in (("disliked", (64,), 3), ("lately.0", (256, 128, 64, 0), 1), ("liked", (64,), 1)):
        rows = list(range(0, COUNT, step))
        scales = [number(name, "scale", film, below=1 << 20) for film in range(COUNT)]
        weights = [[number(name, row, film, below=255) - 127 for film in range(COUNT)] for row in rows]
        parts = []
        for row in weights:
            kept = [weight if coding == "dense" or weight % 3 == 0 else 0 for weight in row]
            bits = sum(1 << film for film, weight in enumerate(kept) if weight)
            head = b"" if coding == "dense" else bits.to_bytes((COUNT + 7) // 8, "little")
            told = kept if coding == "dense" else [weight for weight in kept if weight]
            parts.append(head + bytes(weight & 0xFF for weight in told))
        channels.append(channel_of(name, values, rows, scales, coding, b"".join(parts)))
    return served_of(FILMS, [number("likes", film, below=3_000) for film in range(COUNT)], 12_345, channels)


def entries(count: int) -> tuple[Entry, ...]:
    """Ratings of every third film, most with a time and some with a record."""
    return tuple(
        Entry(
            FILMS[place * 3],
            1 + number("stars", place, below=10),
            1_700_000_000_000 + number("time", place, below=1_000),
            Cid.of(bytes([place]), DAG_CBOR) if place % 2 else None,
            bytes([place]) * 16,
        )
        for place in range(count)
    )


FACTS = {
    film: Facts(
        minutes=60 + place * 3 if place % 5 else None,
        year=1950 + place,
        languages=("en", "fr") if place % 2 else None,
        genres=("war",) if place % 4 == 0 else ("drama", "comedy"),
        is_ready=place % 3 == 0,
        is_licensed=(None, True, False)[place % 7 % 3],
        is_disputed=place % 6 == 0,
        block=77,
    )
    for place, film in enumerate(FILMS[:30])
}
WISHES = {
    "plain": Wishes(),
    "dials": Wishes(diversity=40, against_popularity=120),
    "rules": Wishes(rules=("at most 140 minutes", "nothing violent", "in en or de"), off=frozenset({"readiness"})),
    "languages": Wishes(rules=("in a language I read", "from 1955 on"), languages=("FR",)),
    "switches": Wishes(off=frozenset({"popularity", "disputes", "liked"}), hidden=frozenset({"movielens:105"})),
    "less": Wishes(less=frozenset({"movielens:103", "movielens:110"}), forgotten=frozenset({"movielens:101"})),
    "next": Wishes(model="next", diversity=100, rules=("not seen",)),
    "popular": Wishes(model="popularity", rules=("no war",)),
}


def made(
    wishes: Wishes, given: Sequence[Entry], coding: str = "dense", *, limit: int = 12, recipe: Recipe = UNNAMED
) -> bytes:
    """A receipt that holds."""
    served = replace(model(coding), recipe=recipe)
    data = save(served)
    device = keys.public_key(SEED)
    told = state(served, data, given, wishes, FACTS, limit=limit, author=AUTHOR, device=device, origin=None)
    return write_receipt(told, SEED, data, given)


def cases() -> list[dict[str, Any]]:
    """Every case with its lines: [check, whether it holds; null: it could not be checked]."""
    given = entries(9)
    found = [case(name, made(wishes, given)) for name, wishes in WISHES.items()]
    found.append(case("sparse", made(Wishes(diversity=20, against_popularity=10), given, "sparse")))
    found.append(case("nobody", made(Wishes(), (), limit=5)))
    untimed = tuple(replace(one, time=None) if place == 2 else one for place, one in enumerate(given))
    found.append(case("without all times", made(Wishes(model="next"), untimed)))
    whole = made(WISHES["dials"], given)
    receipt = read_receipt(whole)
    told, data = receipt.statement, receipt.model
    sealed = write_head(told, lambda message: keys.sign(SEED, message), None) + data
    found.append(case("sealed", sealed))
    found.append(case("sealed and opened", sealed, write_opening(given)))
    found.append(case("opened by another history", sealed, write_opening((replace(given[0], stars=3), *given[1:]))))
    found.append(case("another signature", whole[: -len(data) - 1] + bytes([whole[-len(data) - 1] ^ 1]) + data))
    found.append(case("another weight", whole[:-1] + bytes([whole[-1] ^ 1])))
    film, score, likes, by = told.films[3]
    other = replace(told, films=(*told.films[:3], (film, score + 1, likes, by), *told.films[4:]))
    found.append(case("another score", write_receipt(other, SEED, data, given)))
    found.append(case("other counts left out", write_receipt(replace(told, left_out={}), SEED, data, given)))
    changed = (*given[:4], replace(given[4], stars=1 + given[4].stars % 10), *given[5:])
    found.append(case("another rating", write_receipt(told, SEED, data, changed)))
    found.append(case("cut", whole[:300]))
    found.append(case("another magic", b"x" + whole))
    named = Recipe(1, hashlib.sha256(b"what is told of films").digest())
    found.append(case("a model that names its fit", made(Wishes(diversity=10), given, "sparse", recipe=named)))
    return found


def case(name: str, data: bytes, opening: bytes | None = None) -> dict[str, Any]:
    """One case; without lines where its form is refused."""
    told: dict[str, Any] = {"name": name, "receipt": data.hex(), "opening": None if opening is None else opening.hex()}
    try:
        receipt = read_receipt(data)
    except Refused:
        return told | {"lines": None}
    findings = replay(receipt, None if opening is None else read_opening(opening))
    return told | {"lines": [[one.check, one.ok] for one in findings]}


def text() -> str:
    """The file."""
    about = "Receipts of lists, whole and changed, with what every check of them comes to."
    return json.dumps({"about": about, "vectors": cases()}, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
