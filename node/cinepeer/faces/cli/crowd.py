"""A crowd of signed authors for the demo: tastes from a seeded generator, or from a MovieLens folder."""

from __future__ import annotations

import csv
import hashlib
import itertools
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from cinepeer.app.identity import new_author
from cinepeer.app.parts import Pair
from cinepeer.errors import BadInput
from cinepeer.records.bodies import new_body
from cinepeer.records.keys import public_key
from cinepeer.records.record import sign_record

AUTHORS = 60
WORKS = 36
TASTES = 3
BATCH = 256

Stars = dict[str, int]


def invented(seed: int, film: str) -> list[Stars]:
    """Stars of `AUTHORS` authors in `TASTES` groups, for `film` and for works known only by an external id."""
    chance = random.Random(seed)
    works = [f"movielens:{number}" for number in range(1, WORKS + 1)]
    crowd = []
    for author in range(AUTHORS):
        taste = author % TASTES
        given: Stars = {}
        for number in sorted(chance.sample(range(WORKS), 14)):
            fits = number % TASTES == taste
            given[works[number]] = chance.randint(8, 10) if fits else chance.randint(1, 6)
        if author % 2 == 0:
            given[film] = chance.randint(8, 10) if taste == 0 else chance.randint(2, 9)
        crowd.append(given)
    return crowd


def liked_works() -> list[str]:
    """A few works of the first taste, for the demo's viewer to like."""
    return [f"movielens:{number}" for number in range(1, WORKS + 1, TASTES)][:4]


def movielens(folder: Path, seed: int, film: str) -> list[Stars]:
    """The first `AUTHORS` people of a MovieLens `ratings.csv` (0.5–5 stars doubled); every second one rates `film`."""
    file = folder / "ratings.csv"
    if not file.is_file():
        raise BadInput(f"found no ratings.csv in {folder}, expected a MovieLens folder")
    people: dict[str, Stars] = {}
    with file.open(newline="") as lines:
        for row in csv.DictReader(lines):
            try:
                person, work, stars = row["userId"], f"movielens:{int(row['movieId'])}", round(float(row["rating"]) * 2)
            except (KeyError, ValueError, TypeError) as error:
                raise BadInput(f"found the row {row} in {file}, expected userId, movieId, rating") from error
            if person not in people and len(people) == AUTHORS:
                break
            people.setdefault(person, {})[work] = min(max(stars, 1), 10)
    if len(people) < AUTHORS:
        raise BadInput(f"found {len(people)} people in {file}, expected at least {AUTHORS}")
    chance = random.Random(seed)
    for number, given in enumerate(people.values()):
        if number % 2 == 0:
            given[film] = chance.randint(5, 10)
    return list(people.values())


def sign(crowd: list[Stars], seed: int, now_ms: int) -> Iterator[list[Pair]]:
    """For each author: the inception, the delegation of a device, and the ratings in batches, all signed."""
    for number, given in enumerate(crowd):
        yield _sign_one(given, _seeds(seed, number), now_ms)


def _sign_one(given: Stars, derive: Callable[[str], bytes], now_ms: int) -> list[Pair]:
    device = derive("device")

    numbers = itertools.count()

    def entropy(size: int) -> bytes:
        return derive(f"nonce {next(numbers)}")[:size]

    pairs = new_author(derive("root"), derive("next root"), public_key(device), now_ms, entropy)
    author, prev = pairs[0][0].author, None
    films = sorted(given)
    for seq, start in enumerate(range(0, len(films), BATCH)):
        batch = [[film, given[film]] for film in films[start : start + BATCH]]
        body = new_body("rating", entropy(16), ratings=batch)
        record = sign_record(device, author=author, seq=seq, prev=prev, time=now_ms, kind="rating", body=body)
        pairs.append((record, body))
        prev = record.id
    return pairs


def _seeds(seed: int, number: int) -> Callable[[str], bytes]:
    return lambda purpose: hashlib.sha256(f"cinepeer demo {seed} {number} {purpose}".encode()).digest()
