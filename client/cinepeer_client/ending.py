"""How a command line of ours ends: one sentence for what went wrong, and the exit code that says whose fault."""

from __future__ import annotations

import sys
from typing import NoReturn

import click

from cinepeer.errors import CinepeerError


def run_and_exit(group: click.Group, name: str, arguments: list[str] | None) -> NoReturn:
    """Runs a command line; exits with 0 done or held, 1 a check failed, 2 bad input, 3 unreachable, 130 interrupted."""
    try:
        result = group(arguments, standalone_mode=False, prog_name=name)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except CinepeerError as error:
        print(f"{name}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(0)
    sys.exit(result if isinstance(result, int) else 0)
