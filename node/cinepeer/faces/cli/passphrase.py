"""What opens a home's keys and a backup: a passphrase from the environment or the terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from cinepeer.errors import BadInput

PASSPHRASE = "CINEPEER_PASSPHRASE"


def open_keystore(home: Path) -> Any:
    """The keystore of a home that exists, as it is, with the environment's passphrase if needed; raises `BadInput`."""
    from cinepeer.adapters.system.keystore import Keystore, has_sealed

    folder = home / "keys"
    if not folder.is_dir():
        raise BadInput(f"found no keys in {home}, expected a home that was started once")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise BadInput(f"found {folder} closed to this account, expected its owner's")
    return Keystore(folder, os.environ.get(PASSPHRASE) if has_sealed(folder) else None)


def new_passphrase() -> str:
    """The passphrase for a file that is made now; raises `BadInput` where there is none."""
    return _asked(is_new=True)


def known_passphrase() -> str:
    """The passphrase of a file that is there; raises `BadInput` where there is none."""
    return _asked(is_new=False)


def _asked(is_new: bool) -> str:
    """The passphrase of the environment, or the one that a person types, twice when it is a new one."""
    found = os.environ.get(PASSPHRASE) or ""
    if not found and sys.stdin.isatty():
        found = click.prompt("Passphrase of the backup", hide_input=True, confirmation_prompt=is_new, err=True)
    if not found:
        raise BadInput(f"found no passphrase, expected one in {PASSPHRASE} or on a terminal")
    return found
