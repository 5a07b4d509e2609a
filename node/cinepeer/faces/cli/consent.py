"""What a command is about to sign and what it costs, said before it is done."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from cinepeer.errors import BadInput


def yes_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--yes`: agreed beforehand."""
    return click.option("--yes", is_flag=True, help="Do it without asking.")(command)


def agree(sentence: str, yes: bool) -> None:
    """
    Says on stderr what will be signed and what it costs, and goes on when the person agrees, here or by `--yes`. Raises
    `BadInput` otherwise: nothing was signed.
    """
    click.echo(sentence, err=True)
    if yes:
        return
    if not sys.stdin.isatty():
        raise BadInput("found nobody to ask, expected --yes: nothing was signed")
    if not click.confirm("Go on?", err=True):
        raise BadInput("found no agreement, expected yes: nothing was signed")
