"""How a command line of ours ends: one sentence for what went wrong, and the exit code that says whose fault."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from cinepeer.errors import CinepeerError

INTERRUPTED = 130
PIPE_CLOSED = 141  # as a program has it that the closed pipe's signal ended


def run_and_exit(group: click.Group, name: str, arguments: list[str] | None) -> NoReturn:
    """Runs a command line and exits.

    0 done or held, 1 a check failed, 2 bad input, 3 unreachable, 130 interrupted, 141 the output's reader left.
    """
    if instruction := os.environ.get(variable := f"_{name.replace('-', '_').upper()}_COMPLETE"):
        from click.shell_completion import shell_complete

        sys.exit(shell_complete(group, {}, name, variable, instruction))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that has no “ or – shows a sign of its own for it, and the command goes on.
            stream.reconfigure(errors="replace")
    code = _code(group, name, arguments)
    try:
        if sys.stdout is not None:  # a shell's >&- leaves none
            sys.stdout.flush()
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            code = PIPE_CLOSED
        elif code == 0:  # what went wrong was told already, and may be this very thing
            code = _tell_place(name, error)
        # What is still waiting to be written would complain when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _code(group: click.Group, name: str, arguments: list[str] | None) -> int:
    """Runs the command line; returns its exit code, and tells on stderr what was wrong."""
    try:
        with group.make_context(name, sys.argv[1:] if arguments is None else list(arguments)) as context:
            result = group.invoke(context)
    except click.exceptions.Exit as error:
        return error.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt, EOFError):
        return INTERRUPTED
    except click.ClickException as error:
        _tell(name, error)
        return error.exit_code
    except CinepeerError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        return PIPE_CLOSED
    except OSError as error:
        return _tell_place(name, error)
    return result if isinstance(result, int) else 0


def _tell(name: str, error: click.ClickException) -> None:
    """A mistake in the command line itself, in one line, with where its help is."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return
    path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx is not None else name
    message = " ".join(error.format_message().split()).rstrip(".")
    print(f"{path}: {message}; see {path} --help", file=sys.stderr)


def _tell_place(name: str, error: OSError) -> int:
    """A file or folder that the system refuses; returns the exit code."""
    where = f"{error.filename}: " if error.filename else ""
    found = f"{where}{error.strerror or error}"
    print(f"{name}: found {found}, expected a place that this account can read and write", file=sys.stderr)
    return 2
