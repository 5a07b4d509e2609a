"""A store on a file system that is made read-only: what the kernel allows, and what a start says.

A mount of its own, in a namespace of its own, so that nothing of the machine's is touched.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cinepeer.adapters.store.records import RecordStore
from cinepeer.errors import CinepeerError
from unit.store.people import NOW_MS, rater

READ_ONLY, AGAIN = 1, 32  # of mount(2)
APART = ("unshare", "--user", "--map-root-user", "--mount")


def can_mount() -> bool:
    """Whether this kernel lets anybody have a namespace with mounts of its own."""
    try:
        return subprocess.run([*APART, "true"], capture_output=True, timeout=20, check=False).returncode == 0
    except FileNotFoundError:
        return False


def mount(folder: Path, flags: int, *, is_new: bool = False) -> str:
    """Mounts a file system in memory, or changes how it is mounted; the name of the error, or nothing."""
    libc = ctypes.CDLL(None, use_errno=True)
    kind, size = (b"tmpfs", b"size=16m") if is_new else (None, None)
    failed = libc.mount(kind, str(folder).encode(), kind, flags, size)
    return errno.errorcode[ctypes.get_errno()] if failed else ""


async def story(folder: Path) -> dict[str, object]:
    """What happens, told by the process in its own namespace."""
    told: dict[str, object] = {"mounted": mount(folder, 0, is_new=True)}
    file, anna = folder / "records.db", rater("anna", 5)
    async with await RecordStore.open(file) as store:
        await store.add(anna.pairs, NOW_MS)
        told["while open"] = mount(folder, AGAIN | READ_ONLY)
        anna.rate(6)
        told["and stores on"] = len((await store.add(anna.pairs, NOW_MS)).added)
    told["closed"] = mount(folder, AGAIN | READ_ONLY)
    before = file.read_bytes()
    try:
        async with await RecordStore.open(file):
            told["refused"] = ""
    except CinepeerError as error:
        told["refused"] = f"{type(error).__name__}: {error}"
    told["unchanged"] = file.read_bytes() == before
    mount(folder, AGAIN)
    async with await RecordStore.open(file) as store:
        anna.rate(7)
        told["goes on"] = (await store.count(), len((await store.add(anna.pairs, NOW_MS)).added))
    return told


@pytest.mark.skipif(not can_mount(), reason="this kernel gives nobody a namespace with mounts of its own")
def test_a_store_on_a_disk_made_read_only_says_so_and_goes_on_when_it_is_writable(tmp_path: Path) -> None:
    ran = subprocess.run(
        [*APART, sys.executable, __file__, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])},
    )
    told = json.loads(ran.stdout)
    assert told["mounted"] == ""
    # No disk becomes read-only under an open database: the kernel itself has to give the disk up.
    assert (told["while open"], told["and stores on"]) == ("EBUSY", 1)
    assert told["closed"] == ""
    assert told["refused"].startswith("BadInput: found ")
    assert "unusable (unable to open" in told["refused"] and "on a disk that takes new records" in told["refused"]
    assert told["unchanged"] is True
    assert told["goes on"] == [8, 1]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(story(Path(sys.argv[1])))))
