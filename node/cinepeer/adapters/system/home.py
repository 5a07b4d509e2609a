"""A node's home: the one folder that holds everything it keeps, opened by one process at a time."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType

from cinepeer.adapters.system.durable import in_words, write_whole
from cinepeer.errors import BadInput

Kept = str | int | float | bool | None


class Home:
    """An open home. Its paths are where each part keeps its data; `kept` is what the node remembers about itself."""

    def __init__(self, path: Path, lock: int | None) -> None:
        """`lock` is the descriptor that holds the lock, or None for a home opened without one."""
        self.path = path
        self.records = path / "records.db"
        self.index = path / "index.db"
        self.spoken = path / "spoken.db"
        self.ledger = path / "ledger.db"
        self.blocks = path / "blocks"
        self.keys = path / "keys"
        self.node = path / "node.json"
        self._lock = lock
        self._kept = _read_kept(self.node)

    @property
    def kept(self) -> Mapping[str, Kept]:
        """What `keep` has stored: ports taken, the network joined, and the like."""
        return MappingProxyType(self._kept)

    def keep(self, **values: Kept) -> None:
        """Remembers `values` under their names, on disk when this returns; None removes a name."""
        kept: dict[str, Kept] = {name: value for name, value in (self._kept | values).items() if value is not None}
        if kept != self._kept:
            write_whole(self.node, json.dumps(kept, indent=2, sort_keys=True).encode() + b"\n")
            self._kept = kept

    def close(self) -> None:
        """Lets another process open the home; closing twice does nothing."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Home:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_home(path: Path | str, *, lock: bool = True) -> Home:
    """Opens the home at `path`, making it (mode 0700) when there is none.

    With `lock`, the home belongs to this process until `close` or its death, however it dies. Raises `BadInput` when
    another process has it, when it is no folder, or when it cannot be written.
    """
    folder = Path(path).expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"found a file at {folder}, expected a folder for the home")
    descriptor = None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if lock:
            descriptor = _take_lock(folder)
        for name in ("blocks", "keys"):
            (folder / name).mkdir(mode=0o700, exist_ok=True)
        return Home(folder, descriptor)
    except OSError as error:
        _release(descriptor)
        raise in_words(error, folder) from error
    except BadInput:
        _release(descriptor)
        raise


def _take_lock(folder: Path) -> int:
    """The descriptor that holds the home's lock; raises `BadInput` naming the process that has it."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 20).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise BadInput(
            f"found the home {folder} in use by process {holder}, expected it free: "
            "stop that node or choose another --home"
        ) from None
    except OSError:
        os.close(descriptor)
        raise
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def _release(descriptor: int | None) -> None:
    """Gives a lock back when opening the home failed after it was taken."""
    if descriptor is not None:
        os.close(descriptor)


def _read_kept(path: Path) -> dict[str, Kept]:
    """What an earlier run kept; raises `BadInput` when the file is damaged, because forgetting ports breaks links."""
    try:
        kept = json.loads(path.read_bytes())
        if not isinstance(kept, dict):
            raise ValueError("no object")
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise BadInput(
            f"found {path} damaged ({error}), expected a JSON object: mend it, or remove it to start afresh"
        ) from None
    return kept
