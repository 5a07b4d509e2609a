"""Branch coverage of the contract set: which way every decision of the sources went while the contract tests ran.

A decision is an `if`, a loop, a conditional expression, or an operand that `&&` or `||` may leave out. The tests run on
the shipped artifacts, so it is the code that is deployed that is watched: each conditional jump that the compiler's
source map gives to a decision must have been taken and passed over. Exit code 1 when less than --least of the branches
were seen. With --write the result goes to docs/results/coverage.json.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SOURCES, TESTS = ROOT / "contracts" / "src", ROOT / "tests" / "contract"
RESULT = ROOT / "docs" / "results" / "coverage.json"
UNWATCHED = {"test_artifacts.py", "test_gas.py", "test_mutation.py", "test_coverage.py"}
"""What runs none of the code, or another machine."""
JUMPI, PUSH1, PUSH32 = 0x57, 0x60, 0x7F
Place = tuple[str, int, int]
"""A source and the first and last byte of a decision in it."""


@dataclass
class Code:
    """A contract's code as it is deployed: what decides where, and which bytes a deployment fills in."""

    name: str
    runtime: bytes
    holes: list[tuple[int, int]]
    jumps: dict[int, Place]
    seen: dict[int, set[bool]] = field(default_factory=lambda: defaultdict(set))

    def masked(self, code: bytes) -> bytes:
        """The code with what a deployment fills in left blank."""
        plain = bytearray(code)
        for start, length in self.holes:
            plain[start : start + length] = bytes(length)
        return bytes(plain)


def main() -> int:
    """Runs the contract tests under watch and says what they left out."""
    parser = argparse.ArgumentParser(
        prog="scripts/cover", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--least", type=float, default=0.98, help="the least part that must be seen (default 0.98)")
    parser.add_argument("--write", action="store_true", help="write docs/results/coverage.json")
    wanted = parser.parse_args()
    decisions, codes = compiled()
    if failed := run_tests(codes):
        return failed
    return report(decisions, codes, wanted)


def compiled() -> tuple[dict[Place, str], list[Code]]:
    """All decisions of the sources, by place, and the code of the contracts that are deployed."""
    command = ["node", str(ROOT / "contracts" / "places.mjs")]
    said = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    decisions = {(one["file"], one["start"], one["end"]): one["kind"] for one in said["decisions"]}
    codes = []
    for name, one in said["contracts"].items():
        runtime = bytes.fromhex(one["runtime"])
        shipped = json.loads((ROOT / "node/cinepeer/adapters/chain/artifacts" / f"{name}.json").read_text())
        if shipped["runtime"] != f"0x{one['runtime']}":
            raise SystemExit(f"found an artifact of {name} that the sources do not give: run scripts/build_contracts")
        places = source_places(one["sourceMap"], said["files"])
        jumps = {at: place for (at, op), place in zip(instructions(runtime), places, strict=False) if op == JUMPI}
        codes.append(Code(name, runtime, one["holes"], {at: to for at, to in jumps.items() if to in decisions}))
    return decisions, codes


def instructions(code: bytes) -> Iterator[tuple[int, int]]:
    """(offset, opcode) of each instruction."""
    at = 0
    while at < len(code):
        yield at, code[at]
        at += 1 + (code[at] - PUSH1 + 1 if PUSH1 <= code[at] <= PUSH32 else 0)


def source_places(source_map: str, files: dict[str, str]) -> Iterator[Place]:
    """The place of each instruction, from the compiler's map, where an empty field repeats the one before."""
    held = ["0", "0", "-1"]
    for part in source_map.split(";"):
        for number, value in enumerate(part.split(":")[:3]):
            held[number] = value or held[number]
        yield files.get(held[2], ""), int(held[0]), int(held[0]) + int(held[1])


def run_tests(codes: list[Code]) -> int:
    """Runs the contract tests; every conditional jump of the watched code leaves which way it went."""
    import pytest

    for code in codes:
        code.runtime = code.masked(code.runtime)
    known: dict[bytes, Code | None] = {}

    def code_of(running: bytes) -> Code | None:
        if running not in known:
            fitting = (one for one in codes if len(one.runtime) == len(running) and one.masked(running) == one.runtime)
            known[running] = next(fitting, None)
        return known[running]

    def watch(plain: Any) -> Any:
        def jump_if(computation: Any) -> None:
            at = computation.code.program_counter - 1
            plain(computation=computation)
            code = code_of(computation.code._raw_code_bytes)
            if code and at in code.jumps:
                code.seen[at].add(computation.code.program_counter != at + 1)

        return jump_if

    class Watch:
        def pytest_runtest_setup(self) -> None:
            # Only now: pytest wants to be there before what it looks into.
            import boa

            machine = boa.env.evm.vm.state.computation_class
            if not getattr(machine, "is_watched", False):
                machine.opcodes = {**machine.opcodes, JUMPI: watch(machine.opcodes[JUMPI])}
                machine.is_watched = True

    files = [str(path) for path in sorted(TESTS.glob("test_*.py")) if path.name not in UNWATCHED]
    return int(pytest.main(["-q", "--no-header", "-p", "no:cacheprovider", *files], plugins=[Watch()]))


def report(decisions: dict[Place, str], codes: list[Code], wanted: argparse.Namespace) -> int:
    """Says which branches were never seen, and the part that was."""
    ways: dict[Place, set[bool]] = defaultdict(set)
    jumps: dict[Place, int] = defaultdict(int)
    for code in codes:
        for at, place in code.jumps.items():
            ways[place] |= code.seen[at]
            jumps[place] += 1
    # A decision without a jump is none to the machine: the compiler settles it, or computes it without branching.
    watched = {place: kind for place, kind in decisions.items() if jumps[place]}
    missed = [(place, way) for place in sorted(watched) for way in (True, False) if way not in ways[place]]
    branches = 2 * len(watched)
    part = (branches - len(missed)) / branches
    unseen = [told_of(place, way) for place, way in missed]
    print("\n".join(unseen))
    plain = len(decisions) - len(watched)
    print(f"{branches - len(missed)} of {branches} branches ({part:.2%}) of {len(watched)} decisions")
    print(f"{plain} more need no jump")
    if wanted.write:
        whole = hashlib.sha256()
        for path in sorted(SOURCES.glob("*.sol")):
            whole.update(path.name.encode() + path.read_bytes())
        told = {"sources": whole.hexdigest()[:16], "decisions": len(watched), "branches": branches}
        told |= {"seen": branches - len(missed), "part": round(part, 4), "missed": unseen}
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(told, indent=1) + "\n")
    return 0 if part >= wanted.least else 1


def told_of(place: Place, way: bool) -> str:
    """A branch that was not seen, in words."""
    file, start, end = place
    text = (SOURCES / file).read_bytes()
    line, said = text[:start].count(b"\n") + 1, text[start:end].decode().split("\n")[0][:80]
    return f"{file}:{line}: the jump of `{said}` was never {'taken' if way else 'passed over'}"


if __name__ == "__main__":
    sys.exit(main())
