"""How far a command is: a bar that fits the terminal, and not a word where nobody watches."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from cinepeer.faces.cli.measure import Measure, measured


@pytest.mark.parametrize(
    ("done", "whole", "line"),
    [
        (5, 20, "records: [#####...............] 5 of 20"),
        (20, 20, "records: [####################] 20 of 20"),
        (21, 20, "records: [####################] 21 of 20"),
        (1_500, None, "records: 1,500"),
        (0, 0, "records: 0"),
    ],
)
def test_a_bar_is_as_full_as_the_work_is_done(done: int, whole: int | None, line: str) -> None:
    assert measured("records", done, whole) == line


def test_the_unit_stands_behind_the_count() -> None:
    assert measured("packaging", 2.4, 6.0, "seconds of film").endswith("] 2 of 6 seconds of film")


def test_nothing_is_said_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with Measure("records", 3) as measure:
        measure.step(3)
    assert capsys.readouterr() == ("", "")


WORK = """
from cinepeer.faces.cli.measure import Measure
with Measure("records", 40) as measure:
    measure.step(40)
"""


@pytest.mark.parametrize(
    ("columns", "shown"), [(80, "records: [####################] 40 of 40"), (20, "records: [#########")]
)
def test_a_terminal_shows_one_line_no_wider_than_itself(columns: int, shown: str) -> None:
    master, slave = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns)}
    subprocess.run([sys.executable, "-c", WORK], stderr=slave, env=environment, check=True, timeout=60)
    os.close(slave)
    told = os.read(master, 4096).decode()
    os.close(master)
    assert told == f"\r\x1b[K{shown}" * 2 + "\r\n"
