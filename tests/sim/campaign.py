"""Thousands of seeds, by command: resumable, in several processes, with a result that names the commit it measured.

What a seed gave is kept in build/simulation.jsonl as long as neither the machine nor the simulator changes. A whole run
writes docs/results/simulation.json. A seed that fails is shrunk, and the least scenario that fails so is printed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

from sim import convergence, scenario
from sim.run import run
from sim.scenario import Scenario
from sim.shrink import shrink

ROOT = Path(__file__).parents[2]
KEPT, RESULT = ROOT / "build" / "simulation.jsonl", ROOT / "docs/results/simulation.json"
SOURCES = ("node/cinepeer/records", "node/cinepeer/replication", "tests/sim")
BATCH = 25
Found = dict[str, Any]


def main() -> int:
    """Runs what was asked for; exit code 1 when a seed fails or a network does not converge, 2 for bad input."""
    parser = argparse.ArgumentParser(
        prog="scripts/simulate", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--first", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--count", type=int, default=5_000, help="how many seeds (default 5,000)")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes (default 1)")
    parser.add_argument("--again", action="store_true", help="also those that were run before")
    parser.add_argument("--wild", type=int, default=0, help="how many seeds of worlds with more of everything")
    parser.add_argument(
        "--networks", default="", help="nodes:loss of networks to converge, such as 1000:0.1,10000:0.01"
    )
    parser.add_argument("--quiet", action="store_true", help="write no result file")
    parser.add_argument(
        "--add", action="store_true", help="with --count 0: write the networks into the result file that there is"
    )
    wanted = parser.parse_args()
    try:
        networks = [(int(nodes), float(loss)) for nodes, _, loss in (one.partition(":") for one in words(wanted))]
    except ValueError:
        parser.error(f"found {wanted.networks!r}, expected nodes:loss with commas between")
    if (
        min(wanted.count, wanted.wild) < 0
        or wanted.jobs < 1
        or any(nodes < 2 or not 0 <= loss < 1 for nodes, loss in networks)
    ):
        parser.error("found a number out of range, expected at least 0 seeds, 1 job, 2 nodes and a loss in [0, 1)")
    if wanted.add and (wanted.count or wanted.wild or not RESULT.exists()):
        parser.error("found --add with seeds or without a result file, expected networks alone and one to add them to")
    kept = read_kept()
    if wanted.again:
        kept.clear()
    measured = commit()
    todo: list[tuple[str, Any]] = [("seeds", one) for one in batches(wanted.first, wanted.count)]
    todo += [("wild", one) for one in batches(wanted.first, wanted.wild)]
    todo += [("network", one) for one in networks]
    left = [one for one in todo if name(one) not in kept]
    print(f"{len(todo)} pieces of work, {len(todo) - len(left)} done before", flush=True)
    with ProcessPoolExecutor(wanted.jobs) as pool:
        for piece, found in zip(left, pool.map(work, left), strict=True):
            kept[name(piece)] = found
            if "nodes" in found:
                found["commit"] = measured
            keep(name(piece), found)
            print(f"{name(piece)}: {shown(found)}", flush=True)
    done = [kept[name(one)] for one in todo]
    result = (
        with_networks(json.loads(RESULT.read_text()), done) if wanted.add else {"commit": measured, **summary(done)}
    )
    if not wanted.quiet:
        RESULT.parent.mkdir(parents=True, exist_ok=True)
        RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps({key: value for key, value in result.items() if key != "reached"}))
    return 1 if result["failures"] or any(one["all_ms"] is None for one in result["networks"]) else 0


def words(wanted: argparse.Namespace) -> list[str]:
    """The networks asked for, as text."""
    return [one for one in wanted.networks.split(",") if one]


def batches(first: int, count: int) -> list[tuple[int, int]]:
    """(first seed, seed after the last) of pieces of work."""
    return [(begin, min(begin + BATCH, first + count)) for begin in range(first, first + count, BATCH)]


def name(piece: tuple[str, Any]) -> str:
    """What a piece of work is kept under."""
    kind, (one, other) = piece
    return f"{kind} {one}:{other}"


def work(piece: tuple[str, Any]) -> Found:
    """Runs seeds or one network."""
    kind, (one, other) = piece
    if kind == "network":
        return run_network(one, other)
    return run_seeds(one, other, scenario.draw_wild if kind == "wild" else scenario.draw)


def run_seeds(first: int, end: int, draw: Callable[[int], Scenario]) -> Found:
    """What some seeds gave."""
    states: set[str] = set()
    reached: Counter[str] = Counter()
    healed: list[float] = []
    failures = []
    for seed in range(first, end):
        drawn = draw(seed)
        try:
            report = run(drawn)
        except Exception as error:  # noqa: BLE001  whatever a machine raises is a finding
            failures.append({"seed": seed, "error": repr(error)[:300], "least": json.loads(shrink(drawn).text())})
            continue
        healed.append(report.healed_ms)
        reached += report.reached
        states |= {hashlib.sha256(repr(one).encode()).hexdigest()[:10] for one in report.states}
    return {"seeds": end - first, "healed": healed, "reached": reached, "states": sorted(states), "failures": failures}


def run_network(nodes: int, loss: float) -> Found:
    """How long a network took; null for never."""
    found = convergence.converge(nodes, loss)
    times = {each: getattr(found, each) for each in ("half_ms", "most_ms", "all_ms", "path_ms")}
    whole = {each: None if value == float("inf") else round(value) for each, value in times.items()}
    cost = {"sent_bytes_per_node": round(found.sent_bytes), "computed_s": round(found.computed_s, 1)}
    return {"nodes": nodes, "loss": loss, "records": found.records, **whole, **cost}


def shown(found: Found) -> str:
    """A piece of work in a few words."""
    if "nodes" in found:
        return f"all after {found['all_ms']} ms, {found['sent_bytes_per_node']} bytes per node"
    return json.dumps(found["failures"], indent=1) if found["failures"] else f"{found['seeds']} healed"


def summary(pieces: list[Found]) -> Found:
    """The result of all pieces of work."""
    seeds = [one for one in pieces if "seeds" in one]
    healed = sorted(time for one in seeds for time in one["healed"])
    reached: Counter[str] = Counter()
    for one in seeds:
        reached.update(one["reached"])
    return {
        "seeds": sum(one["seeds"] for one in seeds),
        "failures": [failed for one in seeds for failed in one["failures"]],
        "states": len({state for one in seeds for state in one["states"]}),
        "healed_ms": {share: healed[int(len(healed) * at)] for share, at in SHARES} if healed else {},
        "slowest_seed_ms": healed[-1] if healed else None,
        "reached": dict(sorted(reached.items())),
        "networks": [one for one in pieces if "nodes" in one],
    }


def with_networks(before: Found, added: list[Found]) -> Found:
    """An earlier result with more networks, each of which names the commit it was measured at; a newer one counts."""
    rows = {(one["nodes"], one["loss"]): {"commit": before["commit"], **one} for one in before["networks"]}
    rows |= {(one["nodes"], one["loss"]): one for one in added}
    return {**before, "networks": [rows[key] for key in sorted(rows)]}


SHARES = (("half", 0.5), ("9 in 10", 0.9), ("99 in 100", 0.99), ("999 in 1000", 0.999))


# What was done before


@cache
def digest() -> str:
    """A digest of all that a run hangs on, as it was when the run began."""
    found = hashlib.sha256()
    for path in sorted(path for folder in SOURCES for path in (ROOT / folder).rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


def read_kept() -> dict[str, Found]:
    """What was done by these very sources."""
    return {one["name"]: one["found"] for one in lines() if one["digest"] == digest()}


def lines() -> Iterator[Found]:
    """The lines that are kept; a last one that was cut off is left out."""
    for line in KEPT.read_text().splitlines() if KEPT.exists() else ():
        try:
            yield json.loads(line)
        except ValueError:
            continue


def keep(piece: str, found: Found) -> None:
    """Writes one line."""
    KEPT.parent.mkdir(exist_ok=True)
    with KEPT.open("a") as file:
        file.write(json.dumps({"name": piece, "digest": digest(), "found": found}) + "\n")


def commit() -> str:
    """The commit that was measured, marked when the tree had other changes in what counts."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    changed = subprocess.run(
        ["git", "status", "--porcelain", "--", *SOURCES], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


if __name__ == "__main__":
    sys.exit(main())
