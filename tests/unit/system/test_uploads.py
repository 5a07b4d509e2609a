"""Uploads: what was acknowledged is there after a stop, the rest is asked for again, the disk is not overfilled."""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from cinepeer.adapters.system import uploads as module
from cinepeer.adapters.system.uploads import KEPT_MS, Upload, Uploads
from cinepeer.errors import BadInput, Conflict, LimitReached


class Clock:
    """A time that is set by hand."""

    now_ms = 1_790_000_000_000

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


def opened(folder: Path, clock: Clock, first: int = 0) -> Uploads:
    numbers = itertools.count(first)
    return Uploads(folder / "uploads", clock, lambda size: hashlib.sha256(str(next(numbers)).encode()).digest()[:size])


def send(uploads: Uploads, upload: Upload, *pieces: bytes, keep: bool = True) -> Upload:
    """Sends pieces; without `keep` as if the node had been killed before it acknowledged them."""
    with uploads.receiving(upload) as receiving:
        for piece in pieces:
            receiving.write(piece)
        if keep:
            receiving.keep()
    found = uploads.get(upload.id)
    assert found is not None
    return found


def test_a_file_comes_in_pieces_and_is_whole_at_its_size(tmp_path: Path, clock: Clock) -> None:
    uploads = opened(tmp_path, clock)
    upload = uploads.make("The Tide Clock.mp4", 7)
    upload = send(uploads, upload, b"abc")
    assert (upload.received_bytes, upload.is_whole) == (3, False)
    upload = send(uploads, upload, b"de", b"fg")
    assert upload.is_whole
    assert uploads.hold(upload.id).read_bytes() == b"abcdefg"
    assert uploads.path(upload).suffix == ".mp4"


def test_what_was_acknowledged_is_there_after_a_restart_and_the_rest_is_asked_for_again(
    tmp_path: Path, clock: Clock
) -> None:
    uploads = opened(tmp_path, clock)
    upload = send(uploads, uploads.make("film.mp4", 9), b"abc")
    send(uploads, upload, b"XYZ", keep=False)
    again = opened(tmp_path, clock)
    found = again.get(upload.id)
    assert found == upload
    found = send(again, upload, b"defghi")
    assert again.path(found).read_bytes() == b"abcdefghi"


def test_long_uploads_are_noted_on_the_way(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NOTE_EVERY_BYTES", 4)
    uploads = opened(tmp_path, clock)
    upload = uploads.make("film.mp4", 100)
    send(uploads, upload, b"abc", b"de", b"f", keep=False)
    found = opened(tmp_path, clock).get(upload.id)
    assert found is not None
    assert found.received_bytes == 5


def test_bytes_that_were_lost_take_their_note_with_them(tmp_path: Path, clock: Clock) -> None:
    uploads = opened(tmp_path, clock)
    upload = send(uploads, uploads.make("film.mp4", 9), b"abc")
    uploads.path(upload).write_bytes(b"a")
    assert opened(tmp_path, clock).all() == []
    assert list((tmp_path / "uploads").iterdir()) == []


@pytest.mark.parametrize("note", [b"", b"{}", b"[]", b'{"id": "../../etc", "filename": "x", "size_bytes": 1}'])
def test_a_damaged_note_is_removed(tmp_path: Path, clock: Clock, note: bytes) -> None:
    (tmp_path / "uploads").mkdir()
    (tmp_path / "uploads" / "ab.json").write_bytes(note)
    assert opened(tmp_path, clock).all() == []
    assert list((tmp_path / "uploads").iterdir()) == []


def test_more_than_was_said_is_refused(tmp_path: Path, clock: Clock) -> None:
    uploads = opened(tmp_path, clock)
    upload = uploads.make("film.mp4", 3)
    with pytest.raises(BadInput, match="expected the size that was said first"), uploads.receiving(upload) as receiving:
        receiving.write(b"abcd")
    assert uploads.get(upload.id) == upload


def test_an_empty_file_is_refused(tmp_path: Path, clock: Clock) -> None:
    with pytest.raises(BadInput, match="expected a film"):
        opened(tmp_path, clock).make("film.mp4", 0)


def test_the_disk_is_promised_to_one_upload_only(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage(NamedTuple):
        total: int
        used: int
        free: int

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, module.MARGIN_BYTES + 100))
    uploads = opened(tmp_path, clock)
    first = uploads.make("film.mp4", 60)
    with pytest.raises(LimitReached, match="found a file of 41 bytes and 40 free"):
        uploads.make("other.mp4", 41)
    uploads.remove(first.id)
    uploads.make("other.mp4", 100)


def test_one_sender_at_a_time(tmp_path: Path, clock: Clock) -> None:
    uploads = opened(tmp_path, clock)
    upload = uploads.make("film.mp4", 3)
    with uploads.receiving(upload):
        assert uploads.is_receiving(upload.id)
        with pytest.raises(Conflict), uploads.receiving(upload):
            pass
        with pytest.raises(Conflict, match="expected it idle"):
            uploads.remove(upload.id)
    assert not uploads.is_receiving(upload.id)
    uploads.remove(upload.id)
    with pytest.raises(Conflict), uploads.receiving(upload):
        pass


def test_what_is_published_is_whole_and_stays(tmp_path: Path, clock: Clock) -> None:
    uploads = opened(tmp_path, clock)
    upload = uploads.make("film.mp4", 3)
    for unknown in (upload.id, "ab" * 16):
        with pytest.raises(Conflict, match="expected all of its bytes"):
            uploads.hold(unknown)
    upload = send(uploads, upload, b"abc")
    uploads.hold(upload.id)
    with pytest.raises(Conflict, match="being published"):
        uploads.hold(upload.id)
    with pytest.raises(Conflict):
        uploads.remove(upload.id)
    clock.now_ms += KEPT_MS * 2
    uploads.sweep()
    assert uploads.get(upload.id) is not None
    uploads.release(upload.id)
    uploads.sweep()
    assert uploads.all() == []


def test_what_nobody_goes_on_with_expires(tmp_path: Path, clock: Clock) -> None:
    uploads = opened(tmp_path, clock)
    old = send(uploads, uploads.make("old.mp4", 9), b"abc")
    clock.now_ms += KEPT_MS - 1
    young = uploads.make("young.mp4", 9)
    assert {one.id for one in uploads.all()} == {old.id, young.id}
    clock.now_ms += 2
    assert [one.id for one in opened(tmp_path, clock, 5).all()] == [young.id]
    assert {path.name.partition(".")[0] for path in (tmp_path / "uploads").iterdir()} <= {young.id}


@pytest.mark.parametrize("name", ["film.json", "film", "film.😀", "film." + "x" * 40, "..mp4", "a.mp4/../../b"])
def test_a_strange_name_never_names_a_file(tmp_path: Path, clock: Clock, name: str) -> None:
    uploads = opened(tmp_path, clock)
    upload = send(uploads, uploads.make(name, 3), b"abc")
    assert uploads.path(upload).parent == tmp_path / "uploads"
    assert uploads.path(upload).stem == upload.id
    kept = json.loads((tmp_path / "uploads" / f"{upload.id}.json").read_bytes())
    assert kept["filename"] == name
    assert opened(tmp_path, clock).get(upload.id) == upload
