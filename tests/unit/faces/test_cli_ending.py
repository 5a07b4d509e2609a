"""How the commands end: one line for what went wrong, an exit code that says whose fault, and never a traceback."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from cinepeer.errors import BadInput, CheckFailed, CinepeerError, LimitReached, Refused, Unreachable
from cinepeer_client.ending import INTERRUPTED, PIPE_CLOSED, run_and_exit

Ended = tuple[int, str, str]


@pytest.fixture
def ended(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Runs one command whose body does what it is told: (exit code, stdout, stderr)."""

    def run(does: Callable[[], object], *arguments: str) -> Ended:
        @click.group()
        def group() -> None:
            """A group."""

        @group.command()
        @click.option("--stars", type=click.IntRange(1, 10))
        def act(stars: int | None) -> object:
            return does()

        with pytest.raises(SystemExit) as exit_:
            run_and_exit(group, "cinepeer", list(arguments or ["act"]))
        out, err = capsys.readouterr()
        assert isinstance(exit_.value.code, int)
        return exit_.value.code, out, err

    return run


def raising(error: BaseException) -> Callable[[], object]:
    def does() -> object:
        raise error

    return does


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadInput("a sentence"), 2),
        (LimitReached("a sentence"), 2),
        (CheckFailed("a sentence"), 1),
        (Refused("a-reason", "a sentence"), 1),
        (Unreachable("a sentence"), 3),
    ],
)
def test_every_error_is_its_own_sentence_and_code(ended: Callable[..., Ended], error: CinepeerError, code: int) -> None:
    assert ended(raising(error)) == (code, "", "cinepeer: a sentence\n")


def test_a_number_that_a_command_returns_is_its_exit_code(ended: Callable[..., Ended]) -> None:
    assert ended(lambda: 1)[0] == 1
    assert ended(lambda: None)[0] == 0


def test_a_place_that_cannot_be_written_is_bad_input(ended: Callable[..., Ended]) -> None:
    code, _, err = ended(raising(PermissionError(errno.EACCES, "Permission denied", "/there")))
    assert (code, err.count("\n")) == (2, 1)
    assert "/there: Permission denied" in err


def test_an_interrupt_is_no_failure_of_ours(ended: Callable[..., Ended]) -> None:
    assert ended(raising(KeyboardInterrupt())) == (INTERRUPTED, "", "")


@pytest.mark.parametrize("arguments", [["act", "--stars", "11"], ["act", "--colour"], ["act", "more"], ["nothing"]])
def test_a_mistyped_command_line_is_one_line_that_names_the_help(
    ended: Callable[..., Ended], arguments: list[str]
) -> None:
    code, out, err = ended(lambda: None, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.endswith("--help\n")


COMMAND = [sys.executable, "-m", "cinepeer.faces.cli.main"]


def test_a_pipe_that_nobody_reads_ends_the_command_without_a_word() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*COMMAND, "--help"], stdout=writing, stderr=subprocess.PIPE, check=False, timeout=60)
    os.close(writing)
    assert (done.returncode, done.stderr) == (PIPE_CLOSED, b"")


def test_a_terminal_without_our_signs_shows_others() -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONIOENCODING": "latin-1"}
    asked = [*COMMAND, "peers", "--help"]
    done = subprocess.run(asked, env=environment, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"12D3Koo?" in done.stdout


def test_a_full_disk_behind_the_output_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*COMMAND, "--help"], stdout=full, stderr=subprocess.PIPE, check=False, timeout=60)
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    assert b"No space left on device" in done.stderr


def test_a_command_without_an_output_ends_well() -> None:
    shell = f"'{sys.executable}' -m cinepeer.faces.cli.main --help >&-"
    done = subprocess.run(["sh", "-c", shell], stderr=subprocess.PIPE, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(("package", "name"), [("cinepeer", b"cinepeer"), ("cinepeer_client", b"cinepeer-client")])
def test_a_package_that_is_run_is_its_command(package: str, name: bytes) -> None:
    done = subprocess.run([sys.executable, "-m", package, "--help"], capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"Usage: " + name + b" [OPTIONS]")
