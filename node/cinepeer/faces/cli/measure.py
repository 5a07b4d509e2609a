"""How far a long command is: one line with a bar, on a terminal alone."""

from __future__ import annotations

import shutil
import sys
import time

import click

PAUSE_S = 0.1
BAR_SIGNS = 20


class Measure:
    """Counts steps on stderr where that is a terminal; says nothing elsewhere. A context: the line ends with it."""

    def __init__(self, what: str, whole: int | None = None) -> None:
        """`whole`: how many steps there are, None when nobody knows."""
        self._what = what
        self.whole = whole
        self._shown_at = 0.0
        self.done = 0

    def step(self, count: int = 1) -> None:
        """Notes that `count` more steps are done."""
        self.done += count
        if sys.stderr.isatty() and time.monotonic() - self._shown_at > PAUSE_S:
            self._shown_at = time.monotonic()
            self._show()

    def _show(self) -> None:
        say_over(measured(self._what, self.done, self.whole))

    def __enter__(self) -> Measure:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown_at:
            self._show()
            click.echo(err=True)


def measured(what: str, done: float, whole: float | None, unit: str = "") -> str:
    """`done` of `whole` as a line with a bar; without a whole only the count."""
    behind = f" {unit}" if unit else ""
    if not whole:
        return f"{what}: {done:,.0f}{behind}"
    full = int(BAR_SIGNS * min(done / whole, 1))
    return f"{what}: [{'#' * full}{'.' * (BAR_SIGNS - full)}] {done:,.0f} of {whole:,.0f}{behind}"


def say_over(line: str) -> None:
    """Writes over the last line of the terminal, no wider than it is."""
    columns = shutil.get_terminal_size().columns
    click.echo(f"\r\033[K{line[: columns - 1]}", nl=False, err=True)
