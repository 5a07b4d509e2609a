"""Runs Python without a network: in a network namespace of its own where the system allows, and without sockets."""

from __future__ import annotations

import contextlib
import ctypes
import runpy
import sys

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000


def cut_off() -> str:
    """Takes the network away from this process for good; returns how: `namespace` or `sockets refused`."""
    sys.addaudithook(_refuse_sockets)
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.unshare(_CLONE_NEWNET) == 0 or libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0:
                return "namespace"
    return "sockets refused"


def _refuse_sockets(event: str, _: tuple[object, ...]) -> None:
    if event in ("socket.__new__", "socket.connect", "socket.bind", "socket.getaddrinfo"):
        raise PermissionError(f"found {event}, expected no network: this process runs offline")


if __name__ == "__main__":
    if sys.argv[1:2] != ["-m"] or len(sys.argv) < 3:
        sys.exit("usage: python -m cinepeer.adapters.system.offline -m MODULE [ARGUMENTS]")
    module = sys.argv[2]
    sys.argv = [module, *sys.argv[3:]]
    cut_off()
    runpy.run_module(module, run_name="__main__", alter_sys=True)
