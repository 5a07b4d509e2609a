"""Negentropy between programs: ours, and any other that speaks the lines of scripts/negentropy, in both roles.

Each argument is NAME=COMMAND, such as `js=node negentropy/test/js/harness.js` of the reference's own checkout. Every
sort of sets is reconciled under every limit: ours with ours, the other with itself as the baseline, and each with the
other in both roles. A side that learns something else than the true differences ends the run. A number among the
arguments is how many further sets are drawn by chance, which ours reconciles in this process, and the others beside it.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from cinepeer.replication.fingerprints import SealedSet
from cinepeer.replication.reconcile import Initiator, Responder

OURS = str(Path(__file__).parents[1] / "negentropy")
LIMITS = (0, 4_096, 60_000)
HELD = 10_000
SIZES = (1_000, 100_000, 1_000_000)
Item = tuple[int, bytes]


@dataclass(frozen=True)
class Sets:
    """What two sides hold."""

    name: str
    one: Sequence[Item]
    other: Sequence[Item]


def figures(*programs: str) -> dict[str, dict[str, Any]]:
    """Bytes of both directions and round trips of every pairing; raises `SystemExit` where one does not reconcile."""
    others = dict(one.split("=", 1) for one in programs if not one.isdecimal())
    chances = sum(int(one) for one in programs if one.isdecimal())
    result: dict[str, dict[str, Any]] = {"figures": {}, "baselines": {}, "ratios": {}, "notes": {}}
    result["figures"]["ms from start to first answer"] = round(min(_starting() for _ in range(5)), 1)
    for sets in drawn():
        for limit in LIMITS:
            _compare(result, f"{sets.name}, limit {limit}", sets, limit, others)
    for size in SIZES:
        _compare(result, f"{size} held, 100 missing on each side", scattered(size, 100), 0, others)
    for program, command in others.items() if chances else ():
        _compare_by_chance(result, chances, program, command)
    return result


def _compare_by_chance(result: dict[str, dict[str, Any]], count: int, program: str, command: str) -> None:
    """The heaviest of `count` sets under all limits: our bytes and round trips beside the other with itself."""
    chance = Random(1)
    worst = [0.0, 0.0]
    for sets in [by_chance(chance) for _ in range(count)]:
        for limit in LIMITS:
            ours, theirs = _alone(sets, limit), reconcile(command, command, sets, limit)
            worst = [max(worst[place], ours[place] / theirs[place]) for place in range(2)]
    for place, unit in enumerate(("bytes", "round trips")):
        result["ratios"][f"{count} sets by chance, the worst: {unit} beside {program}"] = round(worst[place], 3)


def _alone(sets: Sets, limit: int) -> tuple[int, int]:
    """Bytes of both directions and round trips of ours, without processes."""
    one, other = Initiator(SealedSet(sets.one), limit), Responder(SealedSet(sets.other), limit)
    frame: bytes | None = one.open()
    size_bytes = 0
    while frame is not None:
        answer = other.answer(frame)
        size_bytes += len(frame) + len(answer)
        frame = one.answer(answer).frame
    return size_bytes, one.rounds


def _compare(result: dict[str, dict[str, Any]], name: str, sets: Sets, limit: int, others: dict[str, str]) -> None:
    """Ours with ours beside the other with itself, and both mixed pairings in the note."""
    ours = reconcile(OURS, OURS, sets, limit)
    for program, command in others.items() or [("", OURS)]:
        theirs = reconcile(command, command, sets, limit)
        first, second = reconcile(OURS, command, sets, limit), reconcile(command, OURS, sets, limit)
        for place, unit in enumerate(("bytes", "round trips")):
            key = f"{name}: {unit}" + (f" beside {program}" if program else "")
            result["figures"][key] = ours[place]
            result["baselines"][key] = theirs[place]
            result["ratios"][key] = round(ours[place] / theirs[place], 3)
            result["notes"][key] = f"we open: {first[place]}, it opens: {second[place]}"


# Sets


def _id(number: int) -> bytes:
    return hashlib.sha256(f"item {number}".encode()).digest()


def _items(numbers: range, *, spread: int = 1_000_003, each: int = 7_919) -> list[Item]:
    # Below 2^32, because the reference in JavaScript writes no later time.
    return [(1_600_000_000 + number * each % spread, _id(number)) for number in numbers]


def scattered(size: int, missing: int) -> Sets:
    """`size` items in common and `missing` more on each side, anywhere among them."""
    common = _items(range(size))
    one, other = _items(range(2 * size, 2 * size + missing)), _items(range(3 * size, 3 * size + missing))
    return Sets("scattered", common + one, common + other)


def drawn() -> Iterator[Sets]:
    """Sets of every sort."""
    yield scattered(HELD, 100)
    clusters = [(1_600_000_000 + number % 3 * 50_000 + number % 20, _id(number)) for number in range(HELD)]
    yield Sets("clustered", clusters[: HELD - 300], clusters[400:])
    moment = [(1_700_000_000, _id(number)) for number in range(HELD)]
    yield Sets("one time", moment[: HELD - 50], moment[50:])
    common = _items(range(HELD))
    yield Sets("equal", common, common)
    yield Sets("both empty", [], [])
    yield Sets("700 beside none", common[:700], [])
    yield Sets("none beside 700", [], common[:700])
    yield Sets("all beside a part", common, common[::2])
    yield Sets("a part beside all", common[::2], common)
    yield Sets("nothing in common", common[: HELD // 2], common[HELD // 2 :])


def by_chance(chance: Random) -> Sets:
    """1 to 40,000 items in common, up to 1,000 more on each side, of which one or both may have none."""
    of = chance.choice(("scattered", "clustered", "one time", "one after the other"))

    def items(count: int, place: int) -> list[Item]:
        times = {
            "scattered": lambda: 1_600_000_000 + chance.randrange(1_000_000),
            "clustered": lambda: 1_600_000_000 + chance.randrange(3) * 50_000 + chance.randrange(20),
            "one time": lambda: 1_700_000_000,
            "one after the other": lambda: 1_600_000_000 + place * 1_000_000 + chance.randrange(1_000_000),
        }
        return [(times[of](), chance.randbytes(32)) for _ in range(count)]

    common = items(int(10 ** chance.uniform(0, 4.6)), 0)
    one, other = (items(int(10 ** chance.uniform(0, 3)) - 1, place) for place in (1, 2))
    return Sets(f"{of}, by chance", common + one, common + other)


# Programs


def _starting() -> float:
    """Ms until a new process has answered its first line."""
    begin = time.perf_counter()
    subprocess.run([OURS], input="seal\ninitiate\n", capture_output=True, text=True, check=True)
    return (time.perf_counter() - begin) * 1000


@contextmanager
def _side(command: str, items: Sequence[Item], limit: int) -> Iterator[subprocess.Popen[str]]:
    """A program that holds these items."""
    environment = {**os.environ, "FRAMESIZELIMIT": str(limit)}
    with subprocess.Popen(
        shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin is not None
        process.stdin.writelines(f"item,{moment},{item_id.hex()}\n" for moment, item_id in items)
        process.stdin.write("seal\n")
        try:
            yield process
        finally:
            process.stdin.close()
            process.kill()


def _tell(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _hear(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line:
        sys.exit(f"found no answer of {process.args}, expected a line")
    return line


def reconcile(first: str, second: str, sets: Sets, limit: int) -> tuple[int, int]:
    """Bytes of both directions and round trips, once the first program has learned exactly the differences."""
    have: list[str] = []
    need: list[str] = []
    size_bytes = rounds = 0
    with _side(first, sets.one, limit) as one, _side(second, sets.other, limit) as other:
        _tell(one, "initiate")
        line = _hear(one)
        while line != "done":
            size_bytes += (len(line) - 4) // 2
            _tell(other, line)
            answer = _hear(other)
            size_bytes, rounds = size_bytes + (len(answer) - 4) // 2, rounds + 1
            _tell(one, answer)
            while not (line := _hear(one)).startswith(("msg,", "done")):
                kind, _, item_id = line.partition(",")
                (have if kind == "have" else need).append(item_id)
    ours, theirs = ({item_id.hex() for _, item_id in side} for side in (sets.one, sets.other))
    if set(have) != ours - theirs or set(need) != theirs - ours:
        sys.exit(f"found other differences between {first} and {second} on sets that are {sets.name}, limit {limit}")
    return size_bytes, rounds
