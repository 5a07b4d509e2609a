"""scripts/negentropy as another program drives it: two processes meet by lines; bad lines end in one sentence."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "negentropy"
ID = "ab" * 32


def run(lines: str, limit: str | None = None) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "FRAMESIZELIMIT"}
    if limit is not None:
        env["FRAMESIZELIMIT"] = limit
    return subprocess.run([SCRIPT], input=lines, capture_output=True, text=True, timeout=60, env=env)


@contextmanager
def side(numbers: range, limit: int) -> Iterator[subprocess.Popen[str]]:
    env = {**os.environ, "FRAMESIZELIMIT": str(limit)}
    with subprocess.Popen([SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as process:
        for n in numbers:
            tell(process, f"item,{1_700_000_000_000 + n % 50},{hashlib.sha256(b'%d' % n).hexdigest()}")
        tell(process, "seal")
        yield process


def tell(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("limit", [0, 4096])
def test_two_processes_reconcile_by_lines(limit):
    have, need = set(), set()
    with side(range(600), limit) as one, side(range(200, 800), limit) as other:
        tell(one, "initiate")
        line = hear(one)
        while line != "done":
            assert line.startswith("msg,61")
            tell(other, line)
            answer = hear(other)
            assert answer.startswith("msg,61")
            tell(one, answer)
            while not (line := hear(one)).startswith(("msg,", "done")):
                kind, item_id = line.split(",")
                (have if kind == "have" else need).add(item_id)
    assert have == {hashlib.sha256(b"%d" % n).hexdigest() for n in range(200)}
    assert need == {hashlib.sha256(b"%d" % n).hexdigest() for n in range(600, 800)}
    assert (one.returncode, other.returncode) == (0, 0)


def test_the_first_frame_of_one_item_is_the_protocols():
    done = run(f"item,1,{ID}\nseal\ninitiate\n")
    assert (done.returncode, done.stdout) == (0, f"msg,6100000201{ID}\n")


def test_an_unknown_version_is_answered_with_ours():
    assert run("seal\nmsg,62\n").stdout == "msg,61\n"


@pytest.mark.parametrize(
    "lines",
    [
        "hello\n",
        f"item,x,{ID}\n",
        f"item,-1,{ID}\n",
        f"item,{2**64 - 1},{ID}\nseal\n",
        f"item,1,{ID[2:]}\n",
        f"item,1,{ID}zz\n",
        f"item,1,{ID},2\n",
        f"item,1,{ID}\nitem,1,{ID}\nseal\n",
        "initiate\n",
        "msg,61\n",
        "seal\nseal\n",
        f"seal\nitem,1,{ID}\n",
        "seal\ninitiate\ninitiate\n",
        "seal\nmsg,6\n",
        "seal\nmsg,\n",
        "seal\nmsg,6101\n",
    ],
)
def test_a_malformed_line_ends_in_one_sentence_and_2(lines):
    done = run(lines)
    assert done.returncode == 2
    assert done.stderr.startswith("found ") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("limit", ["x", "-1", "4095"])
def test_a_limit_that_cannot_be_is_told(limit):
    done = run("seal\n", limit)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
