"""Backups: a home comes back with all it cannot make again, never with its device's key, whole or not at all."""

from __future__ import annotations

import io
import json
import sqlite3
import stat
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from cinepeer.adapters.system import backup
from cinepeer.adapters.system.backup import export_phrase, make_backup, restore_backup
from cinepeer.adapters.system.keyring import show_phrase
from cinepeer.adapters.system.keystore import Keystore
from cinepeer.adapters.system.sealing import SealedWriter
from cinepeer.errors import BadInput
from cinepeer.records.cid import RAW, Cid

WORD = "open sesame"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = SealedWriter.__init__
    monkeypatch.setattr(SealedWriter, "__init__", lambda self, file, word: writer(self, file, word, cost=12))
    keystore = Keystore.__init__
    monkeypatch.setattr(Keystore, "__init__", lambda self, folder, word=None: keystore(self, folder, word, cost=12))


def steps() -> None:
    return None


def make_home(folder: Path, *names: str) -> Path:
    """A home as far as backups see it, its database in the middle of being written."""
    home = folder / "home"
    home.mkdir()
    keys = Keystore(home / "keys")
    for name in names:
        keys.secret(name)
    for name in ("records.db", "pins.db", "ledger.db"):
        with closing(sqlite3.connect(home / name, isolation_level=None)) as opened:
            opened.execute("PRAGMA journal_mode = WAL")
            opened.execute("CREATE TABLE told (word TEXT)")
            opened.execute("INSERT INTO told VALUES (?)", (name,))
    (home / "denied.txt").write_text("# nothing\n")
    (home / "network.cbor").write_bytes(b"network")
    (home / "taste").mkdir()
    (home / "taste" / "wishes.json").write_text("{}")
    (home / "node.json").write_text(json.dumps({"page_port": 8080, "token": "SECRET", "author": "bafy"}))
    block = b"a block of a film"
    name = str(Cid.of(block, RAW))
    (home / "blocks" / name[-3:-1]).mkdir(parents=True)
    (home / "blocks" / name[-3:-1] / name).write_bytes(block)
    return home


def restored(file: Path, home: Path, passphrase: str | None = None, word: str = WORD) -> dict:
    with file.open("rb") as source:
        return restore_backup(source, home, lambda: word, passphrase, step=steps)


def test_a_home_comes_back_with_all_but_its_device(tmp_path: Path) -> None:
    home = make_home(tmp_path, "phrase", "account", "device", "peer")
    disk = home / "disk"
    name = str(Cid.of(b"a block on another disk", RAW))
    (disk / name[-3:-1]).mkdir(parents=True)
    (disk / name[-3:-1] / name).write_bytes(b"a block on another disk")
    with closing(sqlite3.connect(home / "records.db", isolation_level=None)) as writer:
        writer.execute("INSERT INTO told VALUES ('committed')")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO told VALUES ('not yet')")
        folders = [home / "blocks", disk]
        make_backup(home, tmp_path / "out", Keystore(home / "keys"), WORD, block_folders=folders, step=steps)
    told = restored(tmp_path / "out", tmp_path / "new")
    new = tmp_path / "new"
    assert told["keys"] == ["account", "phrase"]
    assert told["blocks"] == 2
    assert sorted(path.name for path in new.iterdir()) == sorted(
        ["blocks", "denied.txt", "keys", "ledger.db", "network.cbor", "node.json", "pins.db", "records.db", "taste"]
    )
    with closing(sqlite3.connect(new / "records.db")) as opened:
        assert opened.execute("SELECT word FROM told").fetchall() == [("records.db",), ("committed",)]
    assert json.loads((new / "node.json").read_text()) == {"page_port": 8080, "author": "bafy", "restored": True}
    assert (new / "taste" / "wishes.json").read_text() == "{}"
    old, keys = Keystore(home / "keys"), Keystore(new / "keys")
    assert {name: keys.secret(name) for name in keys.names()} == {name: old.secret(name) for name in told["keys"]}
    found = {path.read_bytes() for path in new.glob("blocks/??/b*")}
    assert found == {b"a block of a film", b"a block on another disk"}
    assert stat.S_IMODE(new.stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"home", "out", "new"}


def test_the_home_that_orders_the_ledger_keeps_its_peer(tmp_path: Path) -> None:
    home = make_home(tmp_path, "phrase", "device", "peer", "sequencer")
    told = make_backup(home, tmp_path / "out", Keystore(home / "keys"), WORD, step=steps)
    assert told["keys"] == ["peer", "phrase", "sequencer"]
    assert told["blocks"] == 0


def test_no_secret_is_readable_in_a_backup(tmp_path: Path) -> None:
    home = make_home(tmp_path, "phrase", "device")
    make_backup(home, tmp_path / "out", Keystore(home / "keys"), WORD, step=steps)
    data = (tmp_path / "out").read_bytes()
    keys = Keystore(home / "keys")
    for secret in (keys.secret("phrase"), keys.secret("device"), b"SECRET", b"phrase"):
        assert secret not in data


def test_keys_need_a_passphrase(tmp_path: Path) -> None:
    home = make_home(tmp_path, "phrase")
    for word in (None, ""):
        with pytest.raises(BadInput, match="no passphrase for the keys"):
            make_backup(home, tmp_path / "out", Keystore(home / "keys"), word, step=steps)
    assert not (tmp_path / "out").exists()


def test_a_backup_without_keys_makes_a_home_of_another_author(tmp_path: Path) -> None:
    home = make_home(tmp_path, "phrase", "sequencer")
    make_backup(home, tmp_path / "out", None, None, step=steps)
    told = restored(tmp_path / "out", tmp_path / "new")
    assert told["keys"] == []
    assert sorted(told["parts"]) == ["denied.txt", "pins.db", "records.db"]
    assert json.loads((tmp_path / "new" / "node.json").read_text()) == {}


def test_keys_that_were_sealed_are_sealed_again(tmp_path: Path) -> None:
    home = make_home(tmp_path, "phrase")
    keys = Keystore(home / "keys", "of the home")
    make_backup(home, tmp_path / "out", keys, WORD, step=steps)
    restored(tmp_path / "out", tmp_path / "new")
    with pytest.raises(BadInput, match="sealed"):
        Keystore(tmp_path / "new" / "keys")
    assert Keystore(tmp_path / "new" / "keys", WORD).secret("phrase") == keys.secret("phrase")
    restored(tmp_path / "out", tmp_path / "other", "a third one")
    assert Keystore(tmp_path / "other" / "keys", "a third one").secret("phrase") == keys.secret("phrase")


def test_a_wrong_passphrase_or_a_damaged_file_leaves_nothing(tmp_path: Path) -> None:
    home = make_home(tmp_path, "phrase")
    out = tmp_path / "out"
    make_backup(home, out, Keystore(home / "keys"), WORD, block_folders=[home / "blocks"], step=steps)
    with pytest.raises(BadInput, match="passphrase"):
        restored(out, tmp_path / "new", word="wrong")
    data = out.read_bytes()
    for damaged in (data[:-1], data[: len(data) // 2], data[:-20] + b"\0" + data[-19:], b"", b"words" * 100):
        out.write_bytes(damaged)
        with pytest.raises(BadInput, match="expected"):
            restored(out, tmp_path / "new")
    assert {path.name for path in tmp_path.iterdir()} == {"home", "out"}


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    home = make_home(tmp_path, "phrase")
    out = tmp_path / "out"
    make_backup(home, out, Keystore(home / "keys"), WORD, step=steps)
    with pytest.raises(BadInput, match="expected the name of a new file"):
        make_backup(home, out, Keystore(home / "keys"), WORD, step=steps)
    with pytest.raises(BadInput, match="expected the name of a new home"):
        restored(out, home)
    (tmp_path / "empty").mkdir()
    restored(out, tmp_path / "empty")


def entry(name: str, data: bytes = b"{}", kind: bytes = tarfile.REGTYPE) -> tuple[tarfile.TarInfo, bytes]:
    made = tarfile.TarInfo(name)
    made.type = kind
    made.size = len(data) if kind == tarfile.REGTYPE else 0
    made.linkname = "/etc/passwd"
    return made, data


ABOUT = entry("backup.json", b'{"form": 1}')


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ([ABOUT, entry("../outside")], "expected a part of a home"),
        ([ABOUT, entry("/etc/passwd")], "expected a part of a home"),
        ([ABOUT, entry("keys/../../x", bytes(32))], "expected a part of a home"),
        ([ABOUT, entry("records.db", kind=tarfile.SYMTYPE)], "expected files alone"),
        ([ABOUT, entry("records.db", kind=tarfile.DIRTYPE)], "expected files alone"),
        ([ABOUT, entry("keys/root", bytes(31))], "found a secret of 31 bytes"),
        ([ABOUT, entry("node.json", b"[1]")], "found no object"),
        ([ABOUT, entry("node.json", b"{")], "found no object"),
        ([ABOUT, entry("blocks/aa/b" + "a" * 58, b"no such block")], "with other bytes"),
        ([entry("backup.json", b'{"form": 2}')], "form 2"),
        ([entry("denied.txt")], "does not say what it is"),
        ([], "does not say what it is"),
    ],
)
def test_a_backup_made_by_somebody_else_cannot_reach_out_of_the_home(
    tmp_path: Path, entries: list[tuple[tarfile.TarInfo, bytes]], sentence: str
) -> None:
    file = io.BytesIO()
    writer = SealedWriter(file, None)  # type: ignore[arg-type]
    with tarfile.open(fileobj=writer, mode="w|") as tar:  # type: ignore[call-overload]
        for made, data in entries:
            tar.addfile(made, io.BytesIO(data))
    writer.finish()
    file.seek(0)
    with pytest.raises(BadInput, match=sentence):
        restore_backup(file, tmp_path / "new" / "home", lambda: WORD, None, step=steps)
    assert not list((tmp_path / "new").iterdir())


def test_the_parts_are_those_of_a_home() -> None:
    from cinepeer.adapters.system.home import Home

    home = Home(Path("home"), None)
    assert {home.records.name, home.ledger.name} <= set(backup.DATABASES)
    assert (home.node.name, home.keys.name, home.blocks.name) == (backup.NODE, backup.KEYS, backup.BLOCKS)


def test_the_file_that_a_page_carries_an_author_away_in_restores_it(tmp_path: Path) -> None:
    vectors = json.loads((Path(__file__).parents[2] / "vectors" / "phrases.json").read_text("utf-8"))["vectors"]
    one, author = vectors["files"][0], vectors["authors"][2]
    assert author["entropy"] == one["entropy"]
    file = io.BytesIO(bytes.fromhex(one["file"]))
    told = restore_backup(file, tmp_path / "new", lambda: one["passphrase"], None, step=steps)
    assert told["keys"] == ["phrase"]
    keys = Keystore(tmp_path / "new" / "keys", one["passphrase"])
    assert (show_phrase(keys), keys.encrypted) == (author["phrase"], True)
    assert json.loads((tmp_path / "new" / "node.json").read_text())["restored"] is True


def test_an_exported_phrase_comes_back_and_only_from_a_home_that_has_one(tmp_path: Path) -> None:
    keys = Keystore(tmp_path / "keys")
    with pytest.raises(BadInput, match="made without a phrase"):
        export_phrase(keys, tmp_path / "none", WORD)
    assert not (tmp_path / "none").exists()
    secret = keys.secret("phrase")
    export_phrase(keys, tmp_path / "author.bak", WORD)
    with (tmp_path / "author.bak").open("rb") as file:
        restore_backup(file, tmp_path / "new", lambda: WORD, None, step=steps)
    assert Keystore(tmp_path / "new" / "keys", WORD).secret("phrase") == secret
