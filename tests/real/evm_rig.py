"""Ethereum programs that are not ours, from npm: an endpoint (anvil) and a command line (cast)."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from real import npm_rig

CHAIN = 31_337
RICH = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
"""The first account of every anvil, published with its mnemonic; it holds what no chain honours."""


def program(name: str) -> Path:
    """The path of `anvil` or `cast`."""
    assert platform.machine() in ("x86_64", "AMD64"), "found no build of it in the lock, expected this machine's"
    return npm_rig.installed("evm") / "node_modules" / "@foundry-rs" / f"{name}-linux-amd64" / "bin" / name


@contextmanager
def anvil(*arguments: str, chain: int = CHAIN) -> Iterator[str]:
    """An endpoint of a chain of its own, for as long as a test needs it; gives its URL."""
    home = npm_rig.installed("evm")
    with subprocess.Popen(
        [program("anvil"), "--port", "0", "--chain-id", str(chain), "--hardfork", "cancun", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "HOME": str(home)},
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                found = re.search(r"Listening on ([\d.]+:\d+)", line)
                if found:
                    break
            else:
                raise AssertionError("found anvil ended, expected it to listen")
            # What it goes on to say must not fill the pipe.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            yield f"http://{found[1]}"
        finally:
            process.kill()


def cast(*arguments: str) -> str:
    """What `cast` prints; raises `CalledProcessError` when it fails."""
    done = subprocess.run(
        [program("cast"), *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "HOME": str(npm_rig.installed("evm")), "FOUNDRY_DISABLE_NIGHTLY_WARNING": "1"},
    )
    return done.stdout.strip()
