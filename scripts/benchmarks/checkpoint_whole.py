"""Two whole nodes: one holds very many records and a checkpoint of them, the other joins it and has nothing."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from million import BORN_MS, PAGE, RATINGS_EACH

from cinepeer.adapters.store.forks import fold_forks
from cinepeer.adapters.store.insertion import insertions
from cinepeer.adapters.store.schema import prepare
from cinepeer.records.bodies import new_body
from cinepeer.records.cid import Cid
from cinepeer.records.keys import public_key
from cinepeer.records.record import Record, sign_record
from cinepeer.replication.scope import films_of

COMMAND = [sys.executable, "-m", "cinepeer.faces.cli.main"]
WAIT_S = 900.0

Answer = dict[str, Any]


def figures(size: int, kept: str = "") -> dict[str, dict[str, object]]:
    """From the start of the process that joins until it shows scores and a list, and what both took of memory.

    With `kept`, the home of who holds the records is made in that folder, and taken from there another time: signing a
    million records takes longer than all that is measured.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(kept or folder, "holds")
        if not home.exists():
            home.mkdir(mode=0o700, parents=True)
            write(home / "records.db", size)
        with node(home) as (told, holder):
            made = next((one for one in checkpoints(home) if one["label"] == "computed here"), None)
            made = made or checkpoints(home, "--make")[0]
            light = light_client(told)
            begun = time.perf_counter()
            with node(Path(folder, "fresh"), "--join", told["p2p"][0]) as (fresh, joined):
                serves_s = time.perf_counter() - begun
                rated = [*COMMAND, "rate", "movielens:10001", "9", "--home", str(Path(folder, "fresh"))]
                subprocess.run(rated, capture_output=True, check=True)
                shown = until(fresh, "/api/status", lambda answer: bool(answer["checkpoint"]))
                shown_s, shown_cpu_s = time.perf_counter() - begun, cpu_s(joined.pid)
                listed = until(fresh, "/api/recommendations", lambda answer: bool(answer["source"]))
                listed_s = time.perf_counter() - begun
                memory_bytes = [rss_bytes(one.pid) for one in (holder, joined)]
    assert shown["checkpoint"]["record"] == made["record"]
    return {
        "figures": {
            **light,
            "node_serves_s": serves_s,
            "node_shows_scores_s": shown_s,
            "node_shows_scores_cpu_s": shown_cpu_s,
            "node_lists_s": listed_s,
            "records_here_then": shown["records"],
            "films_listed": len(listed["films"]),
            "holder_rss_bytes": memory_bytes[0],
            "joined_rss_bytes": memory_bytes[1],
        },
        "baselines": {"node_shows_scores_s": serves_s},
        "ratios": {"node_shows_scores_s": shown_s / serves_s},
        "notes": {
            "node_shows_scores_s": f"{made['ratings']} ratings, from the start of its process; beside the start alone",
            "light_client_s": "the command, from its start: all columns but the digests, checked, over HTTP",
            "node_lists_s": "the model fitted on the checkpoint",
            "records_here_then": "the sync goes on beside it",
        },
    }


def checkpoints(home: Path, *arguments: str) -> list[Answer]:
    """What the command says of the checkpoints of a node that runs on this home."""
    command = [*COMMAND, "checkpoint", *arguments, "--json", "--home", str(home)]
    found: list[Answer] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found


def light_client(told: Answer) -> dict[str, float]:
    """What the light client's command takes to check and show the checkpoint of a node, with its CPU alone."""
    command = [sys.executable, "-m", "cinepeer_client.cli", "checkpoint", "--json", "--node", told["page"]]
    begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"light_client_s": time.perf_counter() - begun, "light_client_cpu_s": used_s}


@contextmanager
def node(home: Path, *arguments: str) -> Iterator[tuple[Answer, subprocess.Popen[str]]]:
    """A node until the block ends, and what it told when it was ready."""
    process = subprocess.Popen(
        [*COMMAND, "run", "--json", "--home", str(home), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"CINEPEER_MDNS": "no", "CINEPEER_UPNP": "no"},
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "the node says where it listens"
        yield json.loads(line), process
    finally:
        process.terminate()
        process.wait()


def until(told: Answer, path: str, is_there: Callable[[Answer], bool]) -> Answer:
    """Asks a node again and again; the answer that is wanted."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        with urllib.request.urlopen(told["page"] + path, timeout=WAIT_S) as answer:
            found: Answer = json.load(answer)
        if is_there(found):
            return found
        time.sleep(0.2)
    raise AssertionError(f"found nothing at {path} in {WAIT_S} s")


def rss_bytes(pid: int) -> int:
    """What a process has in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def cpu_s(pid: int) -> float:
    """CPU seconds that a process used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def write(file: Path, size: int) -> None:
    """A home's records, really signed, because the node that joins verifies them."""
    prepare(file)
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    position, page = 1, []
    for pair in pairs(size):
        page.append(pair)
        if len(page) == PAGE or position + len(page) > size:
            for statement, rows in insertions(page, position, {one.id: films_of(one, body) for one, body in page}):
                connection.executemany(statement, rows)
            position, page = position + len(page), []
    fold_forks(connection)
    connection.execute("COMMIT")
    connection.close()


def pairs(size: int) -> Iterator[tuple[Record, bytes]]:
    """`size` records: the keys of all authors, then their ratings in turn."""
    people: list[tuple[Cid, bytes]] = []
    heads: list[tuple[int, Cid | None]] = []
    for number in range(max(1, size // (RATINGS_EACH + 2))):
        root, device = (hashlib.sha256(f"{sort} {number}".encode()).digest() for sort in ("root", "device"))
        body = new_body("inception", root[:16], root=public_key(root), next=hashlib.sha256(root).digest())
        first = sign_record(root, author=None, seq=0, prev=None, time=BORN_MS, kind="inception", body=body)
        yield first, body
        body = new_body("delegate", root[:16], device=public_key(device), name="phone")
        yield (
            sign_record(root, author=first.id, seq=1, prev=first.id, time=BORN_MS, kind="delegate", body=body),
            body,
        )
        people.append((first.id, device))
        heads.append((0, None))
    for place in range(2 * len(people), size):
        at = place * 7919 % len(people)
        (author, device), (seq, prev) = people[at], heads[at]
        salt = hashlib.sha256(place.to_bytes(8, "big")).digest()
        film = f"movielens:{10_000 + int.from_bytes(salt[:2], 'big') % 60_000}"
        body = new_body("rating", salt[16:], ratings=[[film, 1 + salt[3] % 10]])
        made = sign_record(device, author=author, seq=seq, prev=prev, time=BORN_MS + place, kind="rating", body=body)
        heads[at] = (seq + 1, made.id)
        yield made, body
