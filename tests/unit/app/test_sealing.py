"""A packaged folder is sealed in place, the same each time; what a creator wishes of it is checked before any work."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from cinepeer.adapters.media.sealing import seal_folder
from cinepeer.adapters.system.keystore import Keystore
from cinepeer.app.custody import Custody
from cinepeer.app.publication import Publication, Wish, parse_note
from cinepeer.app.publish import FilmFacts
from cinepeer.app.sealing import Sealing
from cinepeer.content.cipher import commitment_of, unseal, verify_key
from cinepeer.content.playlist import parse_master, parse_media
from cinepeer.errors import BadInput
from cinepeer.records.cid import DAG_CBOR, Cid

SECRET = b"\1" * 32
AUTHOR, HOST = Cid.of(b"author", DAG_CBOR), Cid.of(b"host", DAG_CBOR)
MASTER = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\n480/index.m3u8\n"
MEDIA = '#EXTM3U\n#EXT-X-MAP:URI="init_480.mp4"\n#EXTINF:4.0,\n00000.m4s\n#EXTINF:2.0,\n00001.m4s\n#EXT-X-ENDLIST\n'
PLAIN = {
    "480/init_480.mp4": b"ftyp",
    "480/00000.m4s": b"moof one",
    "480/00001.m4s": b"moof two",
    "text/en/00000.vtt": b"WEBVTT\n\nspoken",
    "storyboard/000.jpg": b"\xff\xd8 pictures",
}
OPEN = {"poster.jpg": b"\xff\xd8 poster", "credentials.c2pa": b"who made it"}


def packaged(folder: Path, **change: bytes) -> Path:
    files = PLAIN | OPEN | {"master.m3u8": MASTER.encode(), "480/index.m3u8": MEDIA.encode()} | change
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_everything_but_playlists_poster_and_credentials_is_sealed(tmp_path: Path) -> None:
    folder, told = packaged(tmp_path / "one"), []
    key = seal_folder(folder, SECRET, lambda done, whole: told.append((done, whole)))
    for name, plain in PLAIN.items():
        sealed = (folder / name).read_bytes()
        assert plain not in sealed
        assert unseal(key, name, sealed) == plain
    for name, data in OPEN.items():
        assert (folder / name).read_bytes() == data
    whole = sum(map(len, PLAIN.values()))
    assert told[-1] == (whole, whole)
    assert SECRET not in key


def test_playlists_stop_other_players_and_are_read_here(tmp_path: Path) -> None:
    folder = packaged(tmp_path / "one")
    seal_folder(folder, SECRET)
    media = (folder / "480/index.m3u8").read_bytes()
    assert media.startswith(b"#EXTM3U\n#EXT-X-KEY:METHOD=CINEPEER-SEALED-1\n")
    assert [segment.name for segment in parse_media(media).segments] == ["00000.m4s", "00001.m4s"]
    assert (folder / "master.m3u8").read_text() == MASTER
    parse_master((folder / "master.m3u8").read_bytes())


def test_the_same_package_gives_the_same_files_and_another_byte_another_key(tmp_path: Path) -> None:
    first, again = packaged(tmp_path / "one"), packaged(tmp_path / "two")
    changed = packaged(tmp_path / "three", **{"480/00001.m4s": b"moof tw0"})
    key = seal_folder(first, SECRET)
    assert seal_folder(again, SECRET) == key
    assert all((first / name).read_bytes() == (again / name).read_bytes() for name in PLAIN)
    assert seal_folder(changed, SECRET) != key
    assert seal_folder(packaged(tmp_path / "four"), b"\2" * 32) != key


def test_the_key_is_kept_before_anything_is_signed(tmp_path: Path) -> None:
    vault, told = Keystore(tmp_path / "keys"), []
    nothing: Any = None
    custody = Custody(vault, nothing, nothing, nothing, bytes(32), lambda: 0, lambda size: bytes(size))
    sealing = Sealing(custody, seal_folder)
    folder = packaged(tmp_path / "one")
    sealed = asyncio.run(
        sealing.seal(folder, AUTHOR, [HOST, AUTHOR], lambda name, measure: told.append((name, measure)))
    )
    assert sealed.custodians == (AUTHOR, HOST)
    key = custody.key_of(sealed)
    assert key is not None
    verify_key(key, sealed)
    assert sorted(vault.names()) == [f"content-{commitment_of(key).hex()}", "sealing"]
    assert told[0] == ("seal", {})
    assert told[-1][1]["bytes"] == told[-1][1]["whole"]


def wish(**more: Any) -> Wish:
    return Wish(FilmFacts("First Light"), path="/films/one.mp4", **more)


def test_a_licensed_film_has_its_stage_and_outlives_a_restart() -> None:
    wanted = wish(licensed=True, custodians=(str(HOST),))
    wanted.check()
    assert wanted.plan() == ["probe", "ladder", "seal", "import", "records", "title"]
    assert "seal" not in wish().plan()
    kept = parse_note(json.loads(json.dumps(Publication("1", wanted, 0).note())))
    assert kept is not None and kept.wish == wanted
    older = json.loads(json.dumps(dataclasses.asdict(wish())))
    for name in ("licensed", "custodians"):
        del older[name]
    assert Wish.parse(older) == wish()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"licensed": True, "title": False}, "without a title"),
        ({"custodians": (str(HOST),)}, "custodians of an open film"),
        ({"licensed": True, "custodians": ("nobody",)}, "named by its author's id"),
        ({"licensed": True, "custodians": (str(HOST), str(HOST))}, "twice"),
    ],
)
def test_a_wish_that_cannot_be_is_told_before_any_work(more: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        wish(**more).check()
