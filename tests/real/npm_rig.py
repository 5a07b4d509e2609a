"""Packages from npm for the interoperability tests, installed once for each lock, beside the environment."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parent / "npm"


def installed(name: str) -> Path:
    """The folder of `npm/NAME` with its packages; the first call for a lock downloads them."""
    source = SOURCES / name
    digest = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()[:16]
    shelf = Path(sys.prefix) / "npm"
    shelf.mkdir(exist_ok=True)
    made = shelf / f"{name}-{digest}"
    with (shelf / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            fresh = shelf / f"{name}.fresh"
            shutil.rmtree(fresh, ignore_errors=True)
            shutil.copytree(source, fresh, ignore=shutil.ignore_patterns("node_modules"))
            subprocess.run(
                ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
                cwd=fresh,
                check=True,
                timeout=540,
            )
            fresh.rename(made)
    # The scripts may be newer than the packages.
    for script in source.glob("*.mjs"):
        shutil.copy(script, made)
    return made


def node(folder: Path) -> str:
    """A Node of at least version 22: the one among the packages."""
    return str(next(folder.glob("node_modules/node-linux-*/bin/node")))
