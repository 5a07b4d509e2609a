"""Backups: what a home cannot make again, in one file, taken while a node runs or not; restored whole or not at all.

A backup holds neither the device's key nor, but for the home that orders the ledger, the peer's: whoever restores it is
the same author with another device, so that two homes never sign on one feed.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from cinepeer.adapters.system.durable import in_words, new_file, sync_folder, write_whole
from cinepeer.adapters.system.keyring import PHRASE
from cinepeer.adapters.system.keystore import SECRET_BYTES, Keystore
from cinepeer.adapters.system.sealing import SealedReader, SealedWriter
from cinepeer.errors import BadInput, Refused
from cinepeer.records.cid import Cid

DATABASES = ("records.db", "pins.db", "ledger.db")
TASTE = ("taste/wishes.json", "taste/imported.json")
FILES = ("denied.txt", "cinepeer.toml", "network.cbor", *TASTE)
NODE, KEYS, BLOCKS, ABOUT = "node.json", "keys", "blocks", "backup.json"
FORM = 1
# Of no use, or of harm, to a home that does not have the keys: it would order a ledger with another key than all know,
# and what a person keeps private about their taste is for that person alone.
WITH_KEYS = frozenset(("network.cbor", "ledger.db", NODE, *TASTE))
NOT_KEPT = ("token", "restored", "took_back")
MAX_FILE_BYTES = 16 << 20

_BLOCK = re.compile(r"blocks/([a-z2-7]{2})/(b[a-z2-7]{1,127})")
_KEY = re.compile(r"keys/([a-z0-9][a-z0-9-]{0,95})")
_CHUNK_BYTES = 1 << 20

Step = Callable[[], None]


def make_backup(
    home: Path,
    out: Path,
    keys: Keystore | None,
    passphrase: str | None,
    *,
    block_folders: Sequence[Path] = (),
    step: Step,
) -> dict[str, Any]:
    """Writes a backup of `home` to the new file `out`; returns what is in it. `step` is called for each part.

    Blocks of films are those in `block_folders`.

    With `keys` there must be a passphrase. Raises `BadInput`, `LimitReached`; then there is no file.
    """
    if keys is not None and not passphrase:
        raise BadInput("found no passphrase for the keys in the backup, expected one, or --without-keys")
    told: dict[str, Any] = {"file": str(out), "keys": [], "parts": [], "blocks": 0, "sealed": passphrase is not None}
    with new_file(out) as file:
        writer = SealedWriter(file, passphrase)
        with tarfile.open(fileobj=cast(BinaryIO, writer), mode="w|", bufsize=_CHUNK_BYTES) as tar:
            about = {"form": FORM, "keys_sealed": keys is not None and keys.encrypted}
            _add(tar, ABOUT, json.dumps(about).encode())
            for name, data in _secrets(keys):
                _add(tar, f"{KEYS}/{name}", data)
                told["keys"].append(name)
                step()
            for name, path in _parts(home, out.absolute().parent, keys is not None):
                tar.add(path, name, recursive=False, filter=_plain_entry)
                told["parts"].append(name)
                step()
            blocks = {path.name: path for folder in block_folders for path in folder.glob("??/b*")}
            for name, path in sorted(blocks.items()):
                _add(tar, f"{BLOCKS}/{path.parent.name}/{name}", path.read_bytes())
                told["blocks"] += 1
                step()
        writer.finish()
    return told


def export_phrase(keys: Keystore, out: Path, passphrase: str) -> None:
    """Writes the phrase alone to the new file `out`, as a backup that the page opens too.

    Raises `BadInput` for a keystore without a phrase, `LimitReached`; then there is no file.
    """
    if PHRASE not in keys.names():
        raise BadInput("found keys that were made without a phrase, expected one: back this home up instead")
    with new_file(out) as file:
        writer = SealedWriter(file, passphrase)
        with tarfile.open(fileobj=cast(BinaryIO, writer), mode="w|") as tar:
            _add(tar, ABOUT, json.dumps({"form": FORM, "keys_sealed": True}).encode())
            _add(tar, f"{KEYS}/{PHRASE}", keys.secret(PHRASE))
        writer.finish()


def _secrets(keys: Keystore | None) -> Iterator[tuple[str, bytes]]:
    """The secrets that a restored home needs."""
    names = [] if keys is None else keys.names()
    # Others find the home that orders the ledger by its peer id; every other home gets a new one.
    left_out = {"device"} if "sequencer" in names else {"device", "peer"}
    for name in names:
        if name not in left_out:
            assert keys is not None
            yield name, keys.secret(name)


def _parts(home: Path, beside: Path, with_keys: bool) -> Iterator[tuple[str, Path]]:
    """(name, file) of everything else; databases as one consistent copy each, made beside the backup."""
    there = [name for name in (*FILES, NODE, *DATABASES) if (home / name).is_file()]
    if not with_keys:
        there = [name for name in there if name not in WITH_KEYS]
    for name in FILES:
        if name in there:
            yield name, home / name
    with tempfile.TemporaryDirectory(prefix=".cinepeer-", dir=beside) as folder:
        if NODE in there:
            kept = json.loads((home / NODE).read_bytes())
            shown = {key: value for key, value in kept.items() if key not in NOT_KEPT}
            (Path(folder) / NODE).write_text(json.dumps(shown, indent=2, sort_keys=True) + "\n")
            yield NODE, Path(folder) / NODE
        for name in DATABASES:
            if name in there:
                yield name, _copy_database(home / name, Path(folder) / name)


def _copy_database(path: Path, copy: Path) -> Path:
    """One state of a SQLite file that may be written meanwhile."""
    try:
        with (
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise BadInput(f"found {path} impossible to copy ({error}), expected a whole database") from error
    return copy


def _plain_entry(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without what this machine calls its owner."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o600
    return entry


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), 0o600
    tar.addfile(entry, BytesIO(data))


def restore_backup(
    file: BinaryIO, home: Path, ask: Callable[[], str], passphrase: str | None, *, step: Step
) -> dict[str, Any]:
    """Makes the home of a backup at `home`, where nothing is yet; `ask` gives the passphrase of a sealed one.

    Its keys are sealed under `passphrase`; without one, under the backup's if they were sealed in the home that was
    backed up. Raises `BadInput`, `LimitReached`; then nothing is changed.
    """
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise BadInput(f"found something at {home}, expected the name of a new home")
    reader = SealedReader(file)
    opened_by = None
    if reader.is_sealed:
        opened_by = ask()
        reader.unseal(opened_by)
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{home.name}-", dir=home.parent) as folder:
            fresh = Path(folder) / "home"
            fresh.mkdir(mode=0o700)
            told = _Restoring(fresh, passphrase, opened_by).take(reader, step)
            fresh.replace(home)
        sync_folder(home.parent)
    except OSError as error:
        raise in_words(error, home) from error
    return {"home": str(home), **told}


class _Restoring:
    """Puts every entry of a backup where it belongs in a fresh folder."""

    def __init__(self, fresh: Path, passphrase: str | None, opened_by: str | None) -> None:
        self._fresh = fresh
        self._passphrase = passphrase
        self._opened_by = opened_by
        self._keys: Keystore | None = None
        self._kept: dict[str, Any] = {}
        self._told: dict[str, Any] = {"keys": [], "parts": [], "blocks": 0}

    def take(self, reader: SealedReader, step: Step) -> dict[str, Any]:
        """Takes everything; returns what there was."""
        try:
            with tarfile.open(fileobj=cast(BinaryIO, reader), mode="r|", bufsize=_CHUNK_BYTES) as tar:
                for entry in tar:
                    data = tar.extractfile(entry) if entry.type == tarfile.REGTYPE else None
                    if data is None:
                        raise BadInput(f"found {entry.name[:80]!r} in the backup, expected files alone")
                    self._take_one(entry.name, data)
                    step()
            reader.finish()
        except tarfile.TarError as error:
            raise BadInput(f"found the backup impossible to read ({error}), expected one as it was written") from None
        if self._keys is None:
            raise BadInput("found a backup that does not say what it is, expected one as it was written")
        if {"phrase", "root"}.intersection(self._told["keys"]):
            self._kept["restored"] = True
        if "sequencer" in self._told["keys"]:
            self._kept["took_back"] = False
        kept = json.dumps(self._kept, indent=2, sort_keys=True).encode() + b"\n"
        write_whole(self._fresh / NODE, kept)
        return self._told

    def _take_one(self, name: str, data: IO[bytes]) -> None:
        if name == ABOUT:
            about = _parse_map(data, name)
            if about.get("form") != FORM:
                raise BadInput(f"found a backup of form {about.get('form')}, expected {FORM}: use a newer Cinepeer")
            is_sealed = bool(about.get("keys_sealed"))
            self._keys = Keystore(self._fresh / KEYS, self._passphrase or (self._opened_by if is_sealed else None))
        elif self._keys is None:
            raise BadInput("found a backup that does not say what it is, expected one as it was written")
        elif found := _KEY.fullmatch(name):
            self._keys.keep(found[1], data.read(SECRET_BYTES + 1))
            self._told["keys"].append(found[1])
        elif found := _BLOCK.fullmatch(name):
            _keep_block(self._fresh, found[1], found[2], data.read(MAX_FILE_BYTES))
            self._told["blocks"] += 1
        elif name == NODE:
            self._kept = {key: value for key, value in _parse_map(data, name).items() if key not in NOT_KEPT}
        elif name in DATABASES or name in FILES:
            (self._fresh / name).parent.mkdir(mode=0o700, exist_ok=True)
            with new_file(self._fresh / name) as file:
                shutil.copyfileobj(data, file, _CHUNK_BYTES)
            self._told["parts"].append(name)
        else:
            raise BadInput(f"found {name[:80]!r} in the backup, expected a part of a home")


def _parse_map(data: IO[bytes], name: str) -> dict[str, Any]:
    try:
        found = json.loads(data.read(MAX_FILE_BYTES))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BadInput(f"found no object in the backup's {name}, expected one")
    return found


def _keep_block(fresh: Path, shard: str, name: str, block: bytes) -> None:
    """Writes a film block that is the one its name says."""
    try:
        is_right = Cid.parse(name).matches(block) and name[-3:-1] == shard
    except Refused:
        is_right = False
    if not is_right:
        raise BadInput(f"found the block {name[:80]} in the backup with other bytes, expected those of its id")
    path = fresh / BLOCKS / shard / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(block)
