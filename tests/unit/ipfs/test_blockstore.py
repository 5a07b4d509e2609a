"""Blocks on disk are whole, checked, counted and bounded."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from cinepeer.adapters.ipfs import disk, durable
from cinepeer.adapters.ipfs.blockstore import BlockStore
from cinepeer.adapters.ipfs.disk import MAX_QUARANTINED
from cinepeer.content.dagpb import MAX_BLOCK_BYTES
from cinepeer.errors import BadInput, LimitReached, Refused
from cinepeer.records.cid import RAW, Cid


def block(number: int, size: int = 100) -> tuple[Cid, bytes]:
    data = number.to_bytes(4, "big") * (size // 4)
    return Cid.of(data, RAW), data


def file_of(store: BlockStore, cid: Cid) -> Path:
    return store.path / str(cid)[-3:-1] / str(cid)


def test_a_block_lies_in_the_folder_of_the_two_letters_before_the_last(tmp_path: Path) -> None:
    store = BlockStore(tmp_path)
    cid, data = block(1)
    assert store.get(cid) is None and not store.has(cid)
    store.put(cid, data)
    assert (tmp_path / str(cid)[-3:-1] / str(cid)).read_bytes() == data
    assert store.get(cid) == data and store.has(cid)
    assert list(store) == [cid]
    assert list((tmp_path / "incoming").iterdir()) == []


def test_a_block_twice_is_kept_and_counted_once(tmp_path: Path) -> None:
    store = BlockStore(tmp_path)
    cid, data = block(1)
    store.put(cid, data)
    store.put_durably(cid, data)
    store.flush()
    assert store.stored_bytes() == 100


def test_the_total_is_exact_after_an_orderly_restart_and_after_a_crash(tmp_path: Path) -> None:
    store = BlockStore(tmp_path)
    for number in range(20):
        store.put(*block(number, 100 + 4 * number))
    assert store.delete(block(3)[0]) == 0  # another size, another id
    assert store.delete(block(3, 112)[0]) == 112
    total = store.stored_bytes()
    store.close()
    again = BlockStore(tmp_path)
    assert again.stored_bytes() == total
    again.put(*block(99))
    again.close()
    again.put(*block(98))  # late, after the close
    crashed = BlockStore(tmp_path)
    assert crashed.stored_bytes() == total + 200 == sum(path.stat().st_size for path in tmp_path.glob("??/*"))


def test_what_a_crash_left_half_written_is_cleared(tmp_path: Path) -> None:
    BlockStore(tmp_path)
    (tmp_path / "incoming" / "0").write_bytes(b"half")
    store = BlockStore(tmp_path)
    assert list((tmp_path / "incoming").iterdir()) == [] and store.stored_bytes() == 0
    store.put(*block(1))


@pytest.mark.parametrize("damage", [b"", b"rot", b"\0" * 100, b"\0" * 500])
def test_a_corrupt_block_is_put_aside_counted_and_may_come_again(tmp_path: Path, damage: bytes) -> None:
    store = BlockStore(tmp_path)
    cid, data = block(1)
    store.put(cid, data)
    file_of(store, cid).write_bytes(damage)
    assert store.get(cid) is None
    assert store.quarantined == 1 and not store.has(cid)
    assert (tmp_path / "quarantine" / str(cid)).read_bytes() == damage
    store.put(cid, data)
    assert store.get(cid) == data
    store.close()
    assert BlockStore(tmp_path).stored_bytes() == 100


def test_the_quarantine_is_bounded(tmp_path: Path) -> None:
    store = BlockStore(tmp_path)
    for number in range(MAX_QUARANTINED + 3):
        cid, data = block(number)
        store.put(cid, data)
        file_of(store, cid).write_bytes(b"rot")
        assert store.get(cid) is None
    assert len(list((tmp_path / "quarantine").iterdir())) == MAX_QUARANTINED
    assert store.quarantined == MAX_QUARANTINED + 3


def test_a_block_above_the_cap_is_refused_before_it_is_written(tmp_path: Path) -> None:
    store = BlockStore(tmp_path, cap_bytes=250)
    store.put(*block(1))
    store.put(*block(2))
    assert store.room_bytes() == 50
    with pytest.raises(LimitReached, match="found 200 bytes of blocks stored and 100 more to keep"):
        store.put(*block(3))
    assert store.stored_bytes() == 200 and not store.has(block(3)[0])
    assert len(list(tmp_path.glob("??/*"))) == 2
    store.delete(block(1)[0])
    store.put(*block(3))


def test_threads_together_never_pass_the_cap(tmp_path: Path) -> None:
    store = BlockStore(tmp_path, cap_bytes=1000)

    def work(first: int) -> None:
        for number in range(first, first + 10):
            try:
                store.put(*block(number))
            except LimitReached:
                return

    threads = [threading.Thread(target=work, args=(10 * number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.stored_bytes() == 1000 == sum(path.stat().st_size for path in tmp_path.glob("??/*"))


def test_threads_that_put_one_block_count_it_once(tmp_path: Path) -> None:
    store = BlockStore(tmp_path)
    threads = [threading.Thread(target=store.put, args=block(1, 100_000)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.stored_bytes() == 100_000


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_a_limit_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    store = BlockStore(tmp_path)

    def full(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(durable.os, "write", full)
    with pytest.raises(LimitReached, match="no space left"):
        store.put(*block(1))
    with pytest.raises(LimitReached, match="no space left"), store.batch() as batch:
        batch.put(*block(2))
    monkeypatch.undo()
    assert store.stored_bytes() == 0 and list(store) == [] and list((tmp_path / "incoming").iterdir()) == []


def test_a_folder_that_cannot_be_one_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BadInput, match="unusable"):
        BlockStore(tmp_path / "file" / "blocks")


def test_a_denied_block_is_not_taken_given_or_said_to_be_held(tmp_path: Path) -> None:
    denied: set[Cid] = set()
    store = BlockStore(tmp_path, denied=denied.__contains__)
    cid, data = block(1)
    store.put(cid, data)
    denied.add(cid)
    assert store.get(cid) is None and not store.has(cid) and store.is_denied(cid)
    assert store.get_denied(cid) == data
    with pytest.raises(Refused, match="deny list"):
        store.put(cid, data)
    assert store.delete(cid) == 100


def test_a_block_above_the_limit_of_the_protocol_is_refused(tmp_path: Path) -> None:
    store = BlockStore(tmp_path)
    for size, is_taken in ((MAX_BLOCK_BYTES, True), (MAX_BLOCK_BYTES + 4, False)):
        cid, data = block(1, size)
        if is_taken:
            store.put(cid, data)
        else:
            with pytest.raises(Refused, match="expected at most"):
                store.put(cid, data)


def test_a_batch_that_fails_leaves_only_what_was_there_before(tmp_path: Path) -> None:
    store = BlockStore(tmp_path)
    store.put(*block(1))
    with pytest.raises(RuntimeError, match="half way"), store.batch() as batch:
        for number in range(30):
            batch.put(*block(number))
        raise RuntimeError("half way")
    assert list(store) == [block(1)[0]] and store.stored_bytes() == 100


def test_a_batch_keeps_everything_and_is_flushed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = BlockStore(tmp_path)
    flushed = []
    monkeypatch.setattr(disk, "sync_files", lambda root, files: flushed.append(root))
    with store.batch() as batch:
        for number in range(100):
            batch.put(*block(number))
    assert flushed == [tmp_path] and len(list(store)) == 100


def test_without_a_call_for_all_files_each_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable, "_SYNCFS", None)
    monkeypatch.setattr(disk, "CAN_SYNC_TOGETHER", False)
    synced = []
    whole = os.fsync
    monkeypatch.setattr(durable.os, "fsync", lambda descriptor: synced.append(whole(descriptor)))
    store = BlockStore(tmp_path)
    with store.batch() as batch:
        for number in range(10):
            batch.put(*block(number))
        gone = block(3)[0]
    store.put(*block(50))
    store.delete(block(50)[0])
    store.flush()
    assert store.get(gone) is not None
    assert len(synced) > 10


@pytest.mark.parametrize("failure", [None, "open", "write", "short"])
def test_a_batch_writes_the_same_bytes_whether_or_not_the_page_cache_can_be_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: str | None
) -> None:
    store = BlockStore(tmp_path)
    whole_open, whole_write = os.open, os.write
    direct: set[int] = set()

    def opening(path: object, flags: int, *rest: int) -> int:
        if flags & durable._DIRECT and failure == "open":
            Path(str(path)).touch()  # as some file systems do before they refuse
            raise OSError(errno.EINVAL, "no such way")
        descriptor = whole_open(path, flags, *rest)  # type: ignore[call-overload]
        (direct.add if flags & durable._DIRECT else direct.discard)(descriptor)
        return int(descriptor)

    def writing(descriptor: int, data: memoryview) -> int:
        if descriptor in direct and failure == "write":
            raise OSError(errno.EINVAL, "no such way")
        return whole_write(descriptor, data[:4096] if descriptor in direct and failure == "short" else data)

    monkeypatch.setattr(durable.os, "open", opening)
    monkeypatch.setattr(durable.os, "write", writing)
    blocks = [block(number, size) for number, size in enumerate([1 << 18, 1 << 16, 4096, 1 << 20, (1 << 18) + 4])]
    with store.batch() as batch:
        for cid, data in blocks:
            batch.put(cid, data)
    assert all(store.get(cid) == data for cid, data in blocks)
    assert store.stored_bytes() == sum(len(data) for _, data in blocks)


def test_files_of_others_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    store = BlockStore(tmp_path)
    (tmp_path / "aa").mkdir()
    (tmp_path / "aa" / "notes.txt").write_text("x")
    (tmp_path / "other").mkdir()
    assert list(store) == []
