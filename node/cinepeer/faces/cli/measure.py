"""How far a long command is: one line that counts, on a terminal alone."""

from __future__ import annotations

import sys
import time

import click

PAUSE_S = 0.1


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
        of = "" if self.whole is None else f" of {self.whole:,}"
        click.echo(f"\r\033[K{self._what}: {self.done:,}{of}", nl=False, err=True)

    def __enter__(self) -> Measure:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown_at:
            self._show()
            click.echo(err=True)
