"""Run as a program: ties itself to its parent's life, takes limits upon itself, then becomes the program it is given.

`python -I -S confine.py PARENT_PID NICE NAME=VALUE… -- PROGRAM ARGUMENT…`. It stands between a node and its children
because code between fork and exec in a process with threads may deadlock, while a fresh interpreter may do anything.
It imports nothing of Cinepeer, so that it starts in a few milliseconds.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Becomes the program after `--`; exit code 126 or 127 when it cannot be run, as in a shell."""
    split = arguments.index("--")
    (parent, nice, *limits), command = arguments[:split], arguments[split + 1 :]
    die_with_parent(int(parent))
    if int(nice):
        os.nice(int(nice))
    for limit in limits:
        name, _, value = limit.partition("=")
        lower(name, int(value))
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"found {command[0]} impossible to run: {error.strerror}", file=sys.stderr)
        sys.exit(127 if isinstance(error, FileNotFoundError) else 126)


def die_with_parent(parent: int) -> None:
    """Asks Linux to kill this process when its parent dies; elsewhere nothing."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before we could ask
        sys.exit(1)


def lower(name: str, value: int) -> None:
    """Sets the limit `RLIMIT_name` to `value`, or to the hard limit where that is less."""
    kind = getattr(resource, f"RLIMIT_{name}")
    hard = resource.getrlimit(kind)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    # macOS knows RLIMIT_AS and refuses to set it; the other limits hold there all the same.
    with contextlib.suppress(ValueError) if sys.platform == "darwin" else contextlib.nullcontext():
        resource.setrlimit(kind, (value, value))


if __name__ == "__main__":
    main(sys.argv[1:])
