"""The one tree of errors. The message says what was found and what was expected; the type says whose fault it is."""

from __future__ import annotations


class CinepeerError(Exception):
    """Root of every error that Cinepeer raises on purpose; its text is one sentence for a person."""

    exit_code = 1


class BadInput(CinepeerError):
    """A person gave something unusable: nothing was changed (exit code 2, HTTP 4xx)."""

    exit_code = 2


class Absent(BadInput):
    """What a person named is not here (HTTP 404)."""


class Conflict(BadInput):
    """What a person asked for does not fit the state as it is now (HTTP 409)."""


class Refused(CinepeerError):
    """Bytes from elsewhere do not hold: refused, and counted against whoever sent them."""

    def __init__(self, reason: str, message: str) -> None:
        """`reason` is a short stable name in kebab-case (`bad-signature`); `message` is the sentence."""
        super().__init__(message)
        self.reason = reason


class CheckFailed(CinepeerError):
    """A verification ran to its end and did not hold (exit code 1)."""


class Unreachable(CinepeerError):
    """A node, peer or ledger could not be reached (exit code 3)."""

    exit_code = 3


class LimitReached(CinepeerError):
    """A limit of the owner (disk, bandwidth) or of the machine (full disk) stopped the work; nothing was changed."""

    exit_code = 2
