"""A home of very many ratings: what it takes on the disk and in memory, and how soon it serves after a start.

Its records are made without signing, because nothing here verifies them; everything else of them is as it should be.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cinepeer.adapters.store import RecordStore
from cinepeer.adapters.store.forks import fold_forks
from cinepeer.adapters.store.insertion import insertions
from cinepeer.adapters.store.schema import prepare
from cinepeer.records import dagcbor
from cinepeer.records.bodies import new_body
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.record import Record, parse_record
from cinepeer.replication.frames import ids_of
from cinepeer.replication.scope import films_of

Pair = tuple[Record, bytes | None]

RATINGS_EACH = 98  # of an author with two key records
PAGE = 10_000
SERVED = 256
LIST_S = 900
BORN_MS = 1_700_000_000_000


def figures(size: int) -> dict[str, dict[str, Any]]:
    """Of a home of `size` records: bytes, memory, seconds; beside a process that opens nothing."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "records.db")
        made = time.perf_counter()
        write(file, pairs(size))
        made = time.perf_counter() - made
        bare = _child("bare", file)
        found = _child("serve", file)
        size_bytes = file.stat().st_size
        node = _node(file, size)
        with sqlite3.connect(file) as connection:
            [(signed_bytes,)] = connection.execute("SELECT sum(length(block)) FROM records")
            [(body_bytes,)] = connection.execute("SELECT sum(length(block)) FROM bodies")
        connection.close()
    return {
        "figures": {
            "restart_to_serving_s": found["serving_s"],
            "open_s": found["open_s"],
            "fingerprint_s": found["fingerprint_s"],
            "grow_and_fingerprint_s": found["grown_s"],
            "rss_bytes": found["rss_bytes"],
            "disk_bytes_per_rating": size_bytes / size,
            **node,
        },
        "baselines": {
            "restart_to_serving_s": bare["read_s"],
            "fingerprint_s": found["sha256_s"],
            "rss_bytes": bare["rss_bytes"],
            "disk_bytes_per_rating": (signed_bytes + body_bytes) / size,
        },
        "ratios": {"disk": size_bytes / (signed_bytes + body_bytes)},
        "notes": {
            "restart_to_serving_s": f"{size:,} records, the set sealed and {SERVED} records served; beside reading "
            "the file",
            "fingerprint_s": "beside sha2-256 over the same keys",
            "rss_bytes": "the most, beside a process that opens nothing",
            "disk_bytes_per_rating": "one film in each; beside the blocks alone",
            "grow_and_fingerprint_s": "after one new record",
            "node_serving_s": "a whole node on such a home, from its start until it answers; its second start",
            "node_rss_bytes": "the most that its process held until its list had come",
            "node_serving_cpu_s": "the same by CPU, of all its threads",
            "node_first_rss_bytes": "the most at the first start, until the list had come that it fits beside",
            "node_first_list_s": "from its start until it recommends, with the counts and the model that it kept",
            "node_counting_s": "the first start: from its start until everything is counted, fitted and listed",
        },
    }


def _node(file: Path, size: int) -> dict[str, float]:
    """A whole node on a home of these records: its first start, which counts and fits, then one that finds it done."""
    home = file.with_name("home")
    home.mkdir()
    (home / "records.db").hardlink_to(file)
    first = _run(home, size)
    again = _run(home, size)
    return {
        "node_serving_s": again["ready_s"],
        "node_serving_cpu_s": again["ready_cpu_s"],
        "node_rss_bytes": again["rss_bytes"],
        "node_first_rss_bytes": first["rss_bytes"],
        "node_first_list_s": again["list_s"],
        "node_counting_s": first["list_s"],
    }


def _run(home: Path, size: int) -> dict[str, float]:
    """Starts a node, waits for its list, and stops it."""
    begin = time.perf_counter()
    node = subprocess.Popen(
        [sys.executable, "-m", "cinepeer.faces.cli.main", "run", "--json", "--home", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert node.stdout is not None
        api = json.loads(node.stdout.readline())["api"]
        ready_s = time.perf_counter() - begin
        spent = Path(f"/proc/{node.pid}/stat").read_text().rsplit(")", 1)[1].split()
        # A list may come before everything is counted; nearly every record here is a rating of another film.
        fitted_on = 0
        while fitted_on < 0.9 * size and time.perf_counter() - begin < LIST_S:
            with urllib.request.urlopen(f"{api}/api/recommendations?limit=20", timeout=LIST_S) as answer:
                fitted_on = json.loads(answer.read())["fitted_on"]
            time.sleep(0.1)
        if fitted_on < 0.9 * size:
            raise SystemExit(f"found a list fitted on {fitted_on} ratings after {LIST_S} s, expected nearly {size}")
        list_s = time.perf_counter() - begin
        status = Path(f"/proc/{node.pid}/status").read_text()
        return {
            "ready_s": ready_s,
            "ready_cpu_s": (int(spent[11]) + int(spent[12])) / os.sysconf("SC_CLK_TCK"),
            "list_s": list_s,
            "rss_bytes": int(status.split("VmHWM:")[1].split()[0]) * 1024,
        }
    finally:
        node.terminate()
        node.wait(60)


def write(file: Path, made: Iterable[Pair]) -> None:
    """Keeps records that nothing verifies as a home's, whole pages of them."""
    prepare(file)
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("BEGIN")
    position = 1
    page: list[Pair] = []
    for pair in itertools.chain(made, (None,)):
        if pair is not None:
            page.append(pair)
        if len(page) == PAGE or pair is None:
            for statement, rows in insertions(page, position, {one.id: films_of(one, body) for one, body in page}):
                connection.executemany(statement, rows)
            position += len(page)
            page = []
    fold_forks(connection)
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


def pairs(size: int) -> Iterator[Pair]:
    """`size` records: the keys of all authors, then their ratings in turn."""
    people: list[list[object]] = []
    for number in range(max(1, size // (RATINGS_EACH + 2))):
        root, device = (hashlib.sha256(f"{sort} {number}".encode()).digest() for sort in ("root", "device"))
        body = new_body("inception", root[:16], root=root, next=hashlib.sha256(root).digest())
        inception = record(None, root, 0, None, BORN_MS, "inception", body)
        yield inception, body
        body = new_body("delegate", root[:16], device=device, name="phone")
        yield record(inception.id, root, 1, inception.id, BORN_MS, "delegate", body), body
        people.append([inception.id, device, 0, None])
    template = new_body("rating", bytes(16), ratings=[["movielens:10000", 1]])
    for place in range(2 * len(people), size):
        person = people[place * 7919 % len(people)]
        author, device, seq, prev = person
        salt = hashlib.sha256(place.to_bytes(8, "big")).digest()
        film = str(10_000 + int.from_bytes(salt[:2], "big") % 60_000).encode()
        body = template.replace(bytes(16), salt[16:]).replace(b"10000", film)[:-1] + bytes((1 + salt[3] % 10,))
        made = record(author, device, seq, prev, BORN_MS + place, "rating", body)  # type: ignore[arg-type]
        person[2:] = [seq + 1, made.id]  # type: ignore[operator]
        yield made, body


def record(
    author: Cid | None, device: bytes, seq: int, prev: Cid | None, time_ms: int, kind: str, body: bytes
) -> Record:
    """A record whose signature is none."""
    header: dict[str, dagcbor.Value] = {
        "v": 1,
        "author": author,
        "device": device,
        "seq": seq,
        "prev": prev,
        "time": time_ms,
        "kind": kind,
        "body": Cid.of(body, DAG_CBOR),
        "size": len(body),
    }
    return parse_record(dagcbor.encode({"header": header, "signature": hashlib.sha512(body).digest()}))


def _child(what: str, file: Path) -> dict[str, float]:
    """What a process of its own measured."""
    done = subprocess.run(
        [sys.executable, __file__, what, str(file)], capture_output=True, text=True, check=True, timeout=600
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def rss_bytes() -> int:
    """The most memory that this process ever held."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def _bare(file: Path) -> dict[str, float]:
    rss = rss_bytes()
    begin = time.perf_counter()
    with file.open("rb") as opened:
        while opened.read(1 << 20):
            pass
    return {"rss_bytes": rss, "read_s": time.perf_counter() - begin}


async def _serve(file: Path) -> dict[str, float]:
    begin = time.perf_counter()
    store = await RecordStore.open(file)
    opened = time.perf_counter()
    held = await store.sealed()
    step = max(1, len(held) // SERVED)
    served = await store.records(ids_of([held[at][8:] for at in range(0, len(held), step)][:SERVED]))
    assert len(served) == min(SERVED, len(held)), len(served)
    assert all(store.feeds.counts(one) for one, _ in served)
    serving = time.perf_counter()
    held.fingerprint(0, len(held))
    summed = time.perf_counter()
    last = (await store.after(await store.count() - 1, 1))[0].record
    body = new_body("rating", os.urandom(16), ratings=[["movielens:1", 7]])
    fresh = record(last.author, last.device, last.seq + 1, last.id, last.time, "rating", body)
    store._sealing.take([fresh])
    growing = time.perf_counter()
    grown = await store.sealed()
    grown.fingerprint(0, len(grown))
    grown_s = time.perf_counter() - growing
    rss = rss_bytes()
    hashing = time.perf_counter()
    hashlib.sha256(b"".join(held)).digest()
    sha256_s = time.perf_counter() - hashing
    await store.close()
    return {
        "open_s": opened - begin,
        "serving_s": serving - begin,
        "fingerprint_s": summed - serving,
        "grown_s": grown_s,
        "sha256_s": sha256_s,
        "rss_bytes": rss,
    }


if __name__ == "__main__":
    path = Path(sys.argv[2])
    print(json.dumps(_bare(path) if sys.argv[1] == "bare" else asyncio.run(_serve(path))))
