"""The light client's figures: those of the page, very many films in its list, and search over a hundred thousand."""

from __future__ import annotations

import hashlib
import math
import os
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import page

from cinepeer.adapters.search.index import FilmIndex
from cinepeer.app.identity import new_author
from cinepeer.faces.cli.call import Node
from cinepeer.records import dagcbor
from cinepeer.records.bodies import new_body
from cinepeer.records.keys import public_key
from cinepeer.records.record import sign_record
from cinepeer.search.entry import Entry

LISTED = 10_000
SEARCHED = 100_000
QUERIES = 300
BATCH = 2_000
SEED = 7
_SYLLABLES = (
    "ka",
    "ri",
    "mo",
    "ta",
    "lu",
    "ne",
    "so",
    "vi",
    "ran",
    "del",
    "wo",
    "chi",
    "gus",
    "bel",
    "zon",
    "mar",
    "tin",
)
_HAN = "电影光的河流第一夜城市雨声山海春秋故事爱与梦想家园远方来信黑白之间少年时"


def figures(*_: str) -> dict[str, Any]:
    """All figures; the films are invented, in two scripts, with people and synopses."""
    chance = random.Random(SEED)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "crowd"
        _fill(home, chance)
        measured = page.measured_in_browser(home)
        searched = _search(Path(folder) / "index.db", chance)
    result = page.told(measured)
    result["figures"]["interactive_s"] = measured["interactive_s"]
    result["figures"]["list_longest_task_ms"] = max(measured["long_tasks_ms"], default=0.0)
    result["figures"]["search_ms_p50"] = searched[len(searched) // 2]
    result["figures"]["search_ms_p95"] = searched[math.ceil(0.95 * len(searched)) - 1]
    result["intervals"]["search_ms_p50"] = [searched[0], searched[-1]]
    result["notes"]["interactive_s"] = f"the films' page of a node that knows {LISTED:,} films"
    result["notes"]["list_longest_task_ms"] = "the same page, three times more films; 0: none over 50 ms"
    result["notes"]["search_ms_p50"] = f"{QUERIES} queries of {SEARCHED:,} films: names, people, beginnings, slips"
    return result


def _word(chance: random.Random, least: int = 2, most: int = 4) -> str:
    return "".join(chance.choices(_SYLLABLES, k=chance.randint(least, most))).title()


def _name(chance: random.Random, number: int) -> str:
    if number % 5 == 0:
        return "".join(chance.choices(_HAN, k=chance.randint(3, 7)))
    return " ".join(_word(chance) for _ in range(chance.randint(1, 4)))


def _fill(home: Path, chance: random.Random) -> None:
    """A home whose node holds very many film records of one author."""
    seeds = [hashlib.sha256(f"crowd {key}".encode()).digest() for key in ("root", "next", "device")]
    now = time.time_ns() // 1_000_000 - LISTED
    pairs = new_author(seeds[0], seeds[1], public_key(seeds[2]), now, os.urandom)
    author, prev = pairs[0][0].id, None
    facts = {"year": 2026, "external": [], "credits": [], "genres": ["drama"], "synopsis": "", "languages": ["en"]}
    for number in range(LISTED):
        body = new_body("film", os.urandom(16), name=_name(chance, number), **facts)  # type: ignore[arg-type]
        record = sign_record(seeds[2], author=author, seq=number, prev=prev, time=now + number, kind="film", body=body)
        pairs.append((record, body))
        prev = record.id
    with page.running(home):
        api = Node.of(home)
        for place in range(0, len(pairs), BATCH):
            some = [[record.block, body] for record, body in pairs[place : place + BATCH]]
            api.read("POST", "/api/records", dagcbor.encode(some))


def _search(path: Path, chance: random.Random) -> list[float]:
    """Sorted milliseconds of queries over an index of very many films."""
    people = [f"{_word(chance)} {_word(chance)}" for _ in range(SEARCHED // 2)]
    entries = [
        Entry(
            f"film {number}",
            _name(chance, number),
            chance.choices(people, k=6),
            chance.choices(["drama", "comedy", "war", "noir", "jazz"], k=2),
            [" ".join(_word(chance, 1, 3) for _ in range(40))],
        )
        for number in range(SEARCHED)
    ]
    index = FilmIndex(path)
    index.put(entries)
    index.prepare()
    spent = []
    for number in range(QUERIES):
        query = _query(chance, chance.choice(entries), number % 4)
        began = time.perf_counter()
        index.find(query, 20)
        spent.append((time.perf_counter() - began) * 1000)
    index.close()
    return sorted(spent)


def _query(chance: random.Random, entry: Entry, sort: int) -> str:
    """A whole name, a person, a beginning, or a person's name with two letters swapped."""
    person = chance.choice(entry.people)
    if sort == 3:
        place = chance.randrange(len(person) - 2)
        return person[:place] + person[place + 1] + person[place] + person[place + 2 :]
    return (entry.name, person, entry.name[: max(2, len(entry.name) // 2)])[sort]
