"""The backup command: what a home cannot make again, in one file, and back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from cinepeer.errors import BadInput
from cinepeer.faces.cli.call import home_option, json_option, show
from cinepeer.faces.cli.measure import Measure
from cinepeer.faces.cli.passphrase import PASSPHRASE, known_passphrase, new_passphrase, open_keystore


@click.command(epilog="Example: cinepeer backup home.bak --blocks   or   cinepeer backup --restore home.bak --home NEW")
@click.argument("out", type=click.Path(path_type=Path), required=False)
@click.option("--restore", "file", type=click.Path(path_type=Path), help="Make the home of this backup at --home.")
@click.option("--blocks", is_flag=True, help="With the film blocks held, too; without them a peer has to give them.")
@click.option("--without-keys", is_flag=True, help="Neither keys nor the network: then no passphrase is needed.")
@json_option
@home_option
def backup(out: Path | None, file: Path | None, blocks: bool, without_keys: bool, as_json: bool, home: Path) -> None:
    """Back a home up into the new file OUT, while its node runs or not, or restore one as a new device.

    The file is sealed under the passphrase in CINEPEER_PASSPHRASE, or under one that is asked for.
    """
    if (out is None) == (file is None):
        raise BadInput("found neither or both of OUT and --restore FILE, expected one of them")
    if out is not None:
        show(_make(home, out, blocks, without_keys), as_json, _made)
    elif file is not None:
        show(_restore(file, home), as_json, _restored)


def _make(home: Path, out: Path, blocks: bool, without_keys: bool) -> dict[str, Any]:
    from cinepeer.adapters.ipfs.disks import known_disks
    from cinepeer.adapters.system.backup import make_backup

    if not (home / "records.db").is_file():
        raise BadInput(f"found no records in {home}, expected a home that was started once")
    keys = None if without_keys else open_keystore(home)
    passphrase = None if without_keys else new_passphrase()
    with Measure("parts") as measure:
        folders = [home / "blocks", *map(Path, known_disks(home / "blocks"))] if blocks else []
        return make_backup(home, out, keys, passphrase, block_folders=folders, step=measure.step)


def _restore(file: Path, home: Path) -> dict[str, Any]:
    from cinepeer.adapters.system.backup import restore_backup

    try:
        source = file.open("rb")
    except OSError as error:
        raise BadInput(f"found {file} impossible to read ({error.strerror}), expected a backup") from error
    with source, Measure("parts") as measure:
        return restore_backup(source, home, known_passphrase, os.environ.get(PASSPHRASE), step=measure.step)


def _made(told: dict[str, Any]) -> Iterator[str]:
    held = f", {told['blocks']:,} blocks" if told["blocks"] else ""
    yield f"{', '.join(told['parts'])}{held} and {len(told['keys'])} keys written to {told['file']}"
    if told["sealed"]:
        yield "sealed: without its passphrase nobody opens it, you neither"


def _restored(told: dict[str, Any]) -> Iterator[str]:
    yield f"restored into {told['home']}: {', '.join(told['parts'])}"
    yield f"{len(told['keys'])} keys, {told['blocks']:,} blocks"
    if told["keys"]:
        yield "the same author, with a new device: its root admits it once a peer has been reconciled with,"
        yield "or by `cinepeer keys admit --alone` when no other machine has signed with these keys since the backup"
