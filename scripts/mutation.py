"""Mutation testing of the contract set: how many small changes of the sources the contract tests notice.

Every check dropped, bound moved, sign turned, event or statement left out is compiled and put before the tests, in a
process of its own. What was decided is kept in build/mutation.jsonl, so that a run that broke off goes on. A whole run
writes docs/results/mutation.json, with the commit that it measured; mutants that live stand in
contracts/living.json with the reason.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SOURCES, TESTS = ROOT / "contracts" / "src", ROOT / "tests" / "contract"
KEPT, RESULT, LIVING = (
    ROOT / "build" / "mutation.jsonl",
    ROOT / "docs/results/mutation.json",
    ROOT / "contracts/living.json",
)
LONGEST_S = 300
NEST, IDLE_S = f"\0cinepeer-mutation{ROOT.resolve()}", 120
"""Where the process listens that has the tests' libraries at hand, and how long it waits for the next question."""
# Those that know the sources' bytes or their price would notice a changed comment; they prove nothing here.
TRIVIAL = {"test_artifacts.py", "test_coverage.py", "test_gas.py", "test_mutation.py"}
FIRST = {
    "Anchors.sol": ("anchors",),
    "Disputes.sol": ("disputes", "rulings"),
    "Licences.sol": ("licences", "exclusion", "remixes"),
    "Purses.sol": ("purses", "currencies"),
    "FilmPurse.sol": ("purses", "currencies"),
}
Mutant = dict[str, Any]


def main() -> int:
    """Runs the mutants that were asked for; exit code 1 when one lives that has no reason, 2 for bad input."""
    parser = argparse.ArgumentParser(
        prog="scripts/mutate", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--file", help="only mutants of this source, such as Anchors.sol")
    parser.add_argument("--only", help="only mutants whose id contains this")
    parser.add_argument("--since", metavar="COMMIT", help="only mutants of lines that changed since COMMIT")
    parser.add_argument("--sample", type=int, metavar="N", help="only N of them, spread evenly")
    parser.add_argument("--jobs", type=int, default=1, help="how many at once (default 1)")
    parser.add_argument("--again", action="store_true", help="also those that were decided before")
    wanted = parser.parse_args()
    mutants = every_mutant()
    chosen = [one for one in mutants if is_wanted(one, wanted)]
    if wanted.sample:
        chosen = chosen[:: max(1, len(chosen) // wanted.sample)][: wanted.sample]
    decided = {} if wanted.again else kept()
    todo = [one for one in chosen if one["id"] not in decided]
    print(f"{len(chosen)} of {len(mutants)} mutants, {len(chosen) - len(todo)} decided before", flush=True)
    with ThreadPoolExecutor(wanted.jobs) as pool:
        for found in pool.map(run, [todo[at :: wanted.jobs] for at in range(wanted.jobs)]):
            decided |= found
    return report(mutants, chosen, decided)


def every_mutant() -> list[Mutant]:
    """All mutants of the contract set as it lies."""
    said = subprocess.run(
        ["node", str(ROOT / "contracts/mutants.mjs"), "list"], capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in said.stdout.splitlines()]


def is_wanted(mutant: Mutant, wanted: argparse.Namespace) -> bool:
    """Whether the command line asks for this mutant."""
    if wanted.file and mutant["file"] != wanted.file:
        return False
    if wanted.only and wanted.only not in mutant["id"]:
        return False
    return not wanted.since or mutant["line"] in changed_lines(mutant["file"], wanted.since)


def changed_lines(name: str, commit: str) -> set[int]:
    """The lines of a source that are not as they were at `commit`."""
    command = ["git", "diff", "-U0", commit, "--", f"contracts/src/{name}"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lines: set[int] = set()
    for header in (line for line in said.splitlines() if line.startswith("@@")):
        begin, _, count = header.split("+")[1].split(" ")[0].partition(",")
        lines |= set(range(int(begin), int(begin) + int(count or 1)))
    return lines


def digest(folder: Path) -> str:
    """What all files of a folder are, in one number."""
    whole = hashlib.sha256()
    for path in sorted(folder.glob("*.*")):
        whole.update(path.name.encode() + path.read_bytes())
    return whole.hexdigest()[:16]


def kept() -> dict[str, Mutant]:
    """What was decided for these sources; who lived before other tests, and without a reason, is asked again."""
    if not KEPT.exists():
        return {}
    sources, tests, reasons = digest(SOURCES), digest(TESTS), reasons_to_live()
    rows = (json.loads(line) for line in KEPT.read_text().splitlines())
    return {
        row["id"]: row
        for row in rows
        if row["sources"] == sources and (row["outcome"] != "lives" or row["tests"] == tests or row["id"] in reasons)
    }


def reasons_to_live() -> dict[str, str]:
    """Why some mutants cannot be noticed, by id."""
    reasons: dict[str, str] = json.loads(LIVING.read_text()) if LIVING.exists() else {}
    return reasons


def run(mutants: Sequence[Mutant]) -> dict[str, Mutant]:
    """Decides the mutants one after the other; each decision is kept at once."""
    decided: dict[str, Mutant] = {}
    stamp = {"sources": digest(SOURCES), "tests": digest(TESTS)}
    with tempfile.TemporaryDirectory() as folder, compiler(folder) as ask:
        for mutant in mutants:
            said = ask(mutant)
            if "stillborn" in said:
                row = {"outcome": "stillborn", "by": said["stillborn"]}
            elif said.get("same"):
                row = {"outcome": "same", "by": "the compiler gives the same code"}
            else:
                row = judge(mutant, folder)
            decided[mutant["id"]] = {"id": mutant["id"], **row, **stamp}
            KEPT.parent.mkdir(exist_ok=True)
            with KEPT.open("a") as file:
                file.write(json.dumps(decided[mutant["id"]]) + "\n")
            if row["outcome"] == "lives":
                print(f"lives: {mutant['file']}:{mutant['line']} {mutant['id']}", flush=True)
    return decided


@contextlib.contextmanager
def compiler(folder: str) -> Iterator[Any]:
    """A compiler that stays: given a mutant, it leaves the artifacts in `folder` and says how it went."""
    command = ["node", str(ROOT / "contracts/mutants.mjs"), "compile", folder]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        asks, answers = process.stdin, process.stdout

        def ask(mutant: Mutant) -> Mutant:
            asks.write(json.dumps(mutant) + "\n")
            asks.flush()
            answer: Mutant = json.loads(answers.readline())
            return answer

        yield ask
        asks.close()


def judge(mutant: Mutant, folder: str) -> Mutant:
    """Puts the artifacts in `folder` before the tests, the likeliest first, in a process of its own."""
    names = [path.name for path in sorted(TESTS.glob("test_*.py")) if path.name not in TRIVIAL]
    first = [f"test_{name}.py" for name in FIRST.get(mutant["file"], ("titles", "elections"))]
    names.sort(key=lambda name: (first.index(name) if name in first else len(first), name == "test_ledger_machine.py"))
    began = time.monotonic()
    with tempfile.TemporaryFile() as told:
        command = [sys.executable, __file__, "--judge", folder, *(str(TESTS / name) for name in names)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=told, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            code = process.wait(LONGEST_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return {"outcome": "killed", "by": f"not done within {LONGEST_S} s"}
        told.seek(0)
        lines = told.read().decode(errors="replace").splitlines()
    by = next((line.removeprefix("failed: ") for line in lines if line.startswith("failed: ")), "")
    if code not in (0, 1) or (code == 1 and not by):
        raise SystemExit("the tests did not run: " + "\n".join(lines[-5:]))
    return {"outcome": "killed" if by else "lives", "by": by, "seconds": round(time.monotonic() - began, 1)}


def run_tests(folder: str, files: Sequence[str]) -> int:
    """Runs the tests against the artifacts in `folder`, up to the first that fails, whose name is printed."""
    import pytest

    class Witness:
        def pytest_collection_modifyitems(self) -> None:
            from hypothesis import Phase, settings

            from contract import stage

            stage.ARTIFACTS = Path(folder)
            stage.artifact.cache_clear()
            # Nobody reads the smallest example of a mutant.
            settings.register_profile("mutant", settings(), phases=[Phase.explicit, Phase.generate], database=None)
            settings.load_profile("mutant")

        def pytest_runtest_logreport(self, report: Any) -> None:
            if report.failed:
                print(f"\nfailed: {report.nodeid}", flush=True)

    # The libraries may be there before pytest is, which then warns that it cannot look into them.
    early = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    options = [*early, "-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider"]
    return int(pytest.main([*options, *files], plugins=[Witness()]))


def report(mutants: Sequence[Mutant], chosen: Sequence[Mutant], decided: dict[str, Mutant]) -> int:
    """Says what lives, and writes the result of a whole run."""
    reasons = reasons_to_live()
    outcomes = Counter(decided[one["id"]]["outcome"] for one in chosen)
    real = outcomes["killed"] + outcomes["lives"]
    living = [one for one in chosen if decided[one["id"]]["outcome"] == "lives"]
    print(
        f"{outcomes['killed']} of {real} killed, {outcomes['same']} are the same code, {outcomes['stillborn']} are none"
    )
    nameless = [one for one in living if one["id"] not in reasons]
    for one in nameless:
        print(f"lives without a reason: {one['file']}:{one['line']} {one['id']}")
    if len(chosen) == len(mutants):
        commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
        result = {
            "commit": commit.stdout.strip(),
            "sources": digest(SOURCES),
            "mutants": real,
            "killed": outcomes["killed"],
            "score": round(outcomes["killed"] / real, 4),
            "kinds": {
                kind: dict(Counter(decided[one["id"]]["outcome"] for one in mutants if one["kind"] == kind))
                for kind in sorted({one["kind"] for one in mutants})
            },
            "living": {one["id"]: reasons.get(one["id"], "no reason yet") for one in living},
        }
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(result, indent=1) + "\n")
    return 1 if nameless else 0


def judge_here(folder: str, files: Sequence[str]) -> int:
    """Has the tests run by a process that has their libraries at hand; the first call starts it for the next."""
    with socket.socket(socket.AF_UNIX) as line:
        try:
            line.connect(NEST)
        except OSError:
            quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
            subprocess.Popen([sys.executable, __file__, "--nest"], cwd=ROOT, start_new_session=True, **quiet)
            return run_tests(folder, files)
        socket.send_fds(line, [json.dumps([folder, *files]).encode()], [1])
        code = line.recv(8)
    return int(code or b"3")


def keep_nest() -> None:
    """Loads what all tests need, once, and forks a process for each judgement, until nobody asks for a while."""
    import boa  # noqa: F401
    import eth_account.messages  # noqa: F401
    import pytest  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as door:
        door.bind(NEST)
        door.listen()
        door.settimeout(IDLE_S)
        while True:
            line = door.accept()[0]
            if os.fork() == 0:
                os._exit(hatch(line))
            line.close()


def hatch(line: socket.socket) -> int:
    """Runs the tests that were asked for, and tells how they ended; they end too when the one who asked is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    line.settimeout(None)
    asked, (told,), _, _ = socket.recv_fds(line, 65_536, 1)
    tests = os.fork()
    if tests == 0:
        os.dup2(told, 1)
        os.dup2(told, 2)
        folder, *files = json.loads(asked)
        code = run_tests(folder, files)
        sys.stdout.flush()
        os._exit(code)
    while True:
        done, status = os.waitpid(tests, os.WNOHANG)
        if done:
            line.sendall(str(os.waitstatus_to_exitcode(status)).encode())
            return 0
        if select.select([line], [], [], 0.05)[0]:
            os.kill(tests, signal.SIGKILL)
            return 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--judge"]:
        sys.exit(judge_here(sys.argv[2], sys.argv[3:]))
    if sys.argv[1:2] == ["--nest"]:
        sys.exit(keep_nest())
    sys.exit(main())
