"""What the light client keeps: the keys of its own author, the records that it signed, and models that it checked."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cinepeer.errors import BadInput, LimitReached, Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import Cid
from cinepeer.records.record import Record, parse_record, verify_body, verify_record

VARIABLE = "CINEPEER_CLIENT_STATE"
DEFAULT = "~/.cinepeer-client"
MODELS_KEPT = 2
SEEDS = ("root", "next", "device")
SEED_BYTES = 32

Pair = tuple[Record, bytes]


class State:
    """A folder for one person, mode 0700; keys in it are files that only they can read."""

    def __init__(self, path: Path) -> None:
        """Raises `BadInput` where there cannot be such a folder."""
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            (path / "models").mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise BadInput(f"found no room for a folder at {path} ({error.strerror}), expected one for keys") from error

    @classmethod
    def of(cls, named: Path | None) -> State:
        """The folder that a person named, or that of the environment, or the usual one."""
        return cls((named or Path(os.environ.get(VARIABLE) or DEFAULT)).expanduser())

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """One process at a time signs: two would fork the feed."""
        with (self.path / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def seeds(self) -> Mapping[str, bytes]:
        """The keys of this client's own author, made at the first call; raises `BadInput` for a damaged file."""
        path = self.path / "keys.json"
        if not path.exists():
            made = {name: secrets.token_bytes(SEED_BYTES).hex() for name in SEEDS}
            self._write(path, json.dumps(made).encode())
        try:
            found = json.loads(path.read_bytes())
            seeds = {name: bytes.fromhex(found[name]) for name in SEEDS}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInput(f"found {path} damaged ({error}), expected the keys that were kept there") from error
        if any(len(seed) != SEED_BYTES for seed in seeds.values()):
            raise BadInput(f"found {path} damaged, expected seeds of {SEED_BYTES} bytes")
        return seeds

    def records(self) -> list[Pair]:
        """What this client signed so far, in order, each checked; raises `BadInput` for a damaged file."""
        path = self.path / "records.cbor"
        try:
            told = dagcbor.decode(path.read_bytes())
        except FileNotFoundError:
            return []
        except (OSError, Refused) as error:
            raise BadInput(f"found {path} damaged ({error}), expected the records that were kept there") from error
        return _pairs(told, path)

    def keep(self, pairs: Sequence[Pair]) -> None:
        """Replaces what this client signed, on disk when it returns."""
        self._write(self.path / "records.cbor", dagcbor.encode([[record.block, body] for record, body in pairs]))

    def model(self, cid: Cid) -> bytes | None:
        """The bytes of a model that was checked before, checked again; None where there are none."""
        try:
            data = (self.path / "models" / str(cid)).read_bytes()
        except OSError:
            return None
        return data if cid.matches(data) else None

    def keep_model(self, cid: Cid, data: bytes) -> None:
        """Keeps a model, and lets all but the newest few go."""
        folder = self.path / "models"
        self._write(folder / str(cid), data)
        files = sorted((file for file in folder.iterdir() if file.is_file()), key=lambda file: -file.stat().st_mtime_ns)
        for file in files[MODELS_KEPT:]:
            file.unlink(missing_ok=True)

    def _write(self, path: Path, data: bytes) -> None:
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise LimitReached(f"found {path} impossible to write ({error.strerror}), expected room there") from error


def _pairs(told: object, path: Path) -> list[Pair]:
    pairs: list[Pair] = []
    try:
        if not isinstance(told, list):
            raise TypeError
        for block, body in told:
            record = parse_record(block)
            verify_record(record)
            verify_body(record, body)
            pairs.append((record, body))
    except (Refused, TypeError, ValueError) as error:
        raise BadInput(f"found {path} damaged ({error}), expected the records that were kept there") from error
    return pairs
