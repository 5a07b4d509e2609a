"""Loopback ports: a free one the first time, the same one ever after."""

from __future__ import annotations

import errno
import secrets
import socket
from collections.abc import Collection

from cinepeer.errors import BadInput

# Below the ranges from which Linux (32768 on) and macOS (49152 on) lend ports to outgoing connections: a port kept
# from there would now and then be busy at the next start, with nobody to blame.
_LOWEST, _HIGHEST = 10_000, 32_767
_TRIES = 200


def take_port(kept: int | None = None, *, besides: Collection[int] = ()) -> int:
    """The `kept` port when there is one (None and 0 mean none), else a free one that is not in `besides`.

    Raises `BadInput` when the kept port is busy or may not be used.
    """
    if kept:
        check_port(kept)
        return kept
    return free_port(besides=besides)


def free_port(*, besides: Collection[int] = ()) -> int:
    """A TCP port free on 127.0.0.1 now, and outside of what the system lends to outgoing connections."""
    for _ in range(_TRIES):
        port = _LOWEST + secrets.randbelow(_HIGHEST - _LOWEST + 1)
        if port not in besides and _why_unusable(port) is None:
            return port
    raise BadInput(f"found no free port between {_LOWEST} and {_HIGHEST}, expected one: set the node's ports yourself")


def check_port(port: int) -> None:
    """Raises `BadInput` when `port` cannot be listened on at 127.0.0.1."""
    if not 1 <= port <= 65_535:
        raise BadInput(f"found the port {port}, expected a number from 1 to 65535")
    code = _why_unusable(port)
    if code in (errno.EACCES, errno.EPERM):
        raise BadInput(f"found port {port} reserved for the system, expected one from 1024 on: choose another port")
    if code is not None:
        raise BadInput(
            f"found port {port} in use by another program, expected it free: stop that program or choose another port"
        )


def _why_unusable(port: int) -> int | None:
    """The errno that stands against listening on `port`, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As every server here binds: connections of the last run that are still winding down are no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError as error:
            return error.errno
    return None
