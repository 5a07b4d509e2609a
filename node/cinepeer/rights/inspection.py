"""How an audit runs: check after check, each of which becomes a line whether it holds, fails or cannot be made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from cinepeer.errors import Refused
from cinepeer.rights.packed import Packed
from cinepeer.rights.report import Line

_T = TypeVar("_T")


class Inspection:
    """Collects the lines of one audit."""

    def __init__(self, lines: list[Line] | Packed[Line] | None = None) -> None:
        """`lines` takes the lines of an audit that may have very many."""
        self.lines: list[Line] | Packed[Line] = [] if lines is None else lines

    def check(self, name: str, expected: str, rests_on: str, run: Callable[[], tuple[str, _T]]) -> _T | None:
        """
        Runs one check: `run` gives the sentence of what was found and the value for later checks, or raises `Refused`,
        whose sentence then stands in a line that does not hold, and None is returned.
        """
        try:
            found, value = run()
        except Refused as refused:
            self.lines.append(Line(name, False, str(refused), expected, rests_on))
            return None
        self.lines.append(Line(name, True, found, expected, rests_on))
        return value


def need(value: _T | None, what: str) -> _T:
    """The value of an earlier check; raises `Refused` (`not-checked`) when that did not hold."""
    if value is None:
        raise Refused("not-checked", f"could not be checked, because {what} did not hold")
    return value


def moment(time: int) -> str:
    """A time in seconds as a person reads it, in UTC."""
    if not 0 <= time < 253_402_300_800:
        return "without end"
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def address(value: bytes) -> str:
    """An address or a title's id as text."""
    return "0x" + value.hex()
