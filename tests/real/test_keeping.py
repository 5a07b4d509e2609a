"""A home's daily care on a real node: watch, export, import, backup, restore, doctor."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from cinepeer.adapters.media.sample import make_sample
from cinepeer.errors import BadInput
from real.nodes import command, running

pytestmark = pytest.mark.ffmpeg


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A home that published a film and rated it, backed up and exported while its node ran; the node is stopped."""
    folder = tmp_path_factory.mktemp("keeping")
    asyncio.run(make_sample(folder / "short.mp4", seconds=3))
    home = folder / "home"
    with running(home, CINEPEER_DISKS=f"{folder / 'disk'}=10000000000") as node:
        made = list(node.api.lines("/api/publish", {"path": str(folder / "short.mp4"), "name": "Kept"}))[-1]["done"]
        node.api.post("/api/ratings", {"ratings": [[made["film"], 9]]})
        ended = {
            name: command(*arguments, "--home", home, CINEPEER_PASSPHRASE="open sesame")
            for name, arguments in {
                "watch": ("watch", made["film"], "--out", folder / "watched.mp4", "--json"),
                "again": ("watch", made["film"], "--out", folder / "watched.mp4"),
                "unknown": ("watch", made["version"]),
                "export": ("export", folder / "mine.parcel"),
                "backup": ("backup", folder / "home.bak", "--blocks"),
                "doctor": ("doctor",),
                "films": ("films", "--json"),
                "keys": ("keys", "--json"),
                "disks": ("host", "--disks", "--json"),
                "emptied": ("host", "--empty-disk", home / "blocks"),
            }.items()
        }
        records = node.api.get("/api/status")["records"]
    return {"folder": folder, "home": home, "film": made, "ended": ended, "records": records, "told": node.told}


def test_a_film_is_watched_into_a_new_file_with_every_block_checked(lived: dict[str, Any]) -> None:
    proof = json.loads(lived["ended"]["watch"].stdout)
    assert proof["film"] == lived["film"]["film"]
    assert proof["blocks"] > 0
    assert (lived["folder"] / "watched.mp4").stat().st_size > 10_000
    assert lived["ended"]["again"].returncode == 2
    assert lived["ended"]["unknown"].returncode != 0
    assert lived["ended"]["unknown"].stdout == ""


def test_blocks_lie_on_the_disk_that_was_named_for_them(lived: dict[str, Any]) -> None:
    disk, own = json.loads(lived["ended"]["disks"].stdout)
    assert (disk["path"], disk["cap_bytes"]) == (str(lived["folder"] / "disk"), 10_000_000_000)
    assert disk["stored_bytes"] > 10_000 and disk["room_bytes"] > 0 and not disk["is_away"]
    assert (own["path"], own["cap_bytes"], own["stored_bytes"]) == (str(lived["home"] / "blocks"), None, 0)
    ended = lived["ended"]["emptied"]
    assert (ended.returncode, "found no disk" in ended.stderr) == (2, True)


def lies_in(home: Path) -> dict[str, int]:
    """The files of a home and their sizes, but for what SQLite lays beside a database while it reads."""
    return {path.name: path.stat().st_size for path in home.iterdir() if not path.name.endswith(("-wal", "-shm"))}


@pytest.mark.parametrize("name", ["films", "keys"])
def test_a_home_at_rest_tells_the_same_as_its_node(lived: dict[str, Any], name: str) -> None:
    before = lies_in(lived["home"])
    ended = command(name, "--json", "--home", lived["home"])
    assert (ended.returncode, ended.stdout) == (0, lived["ended"][name].stdout)
    assert ended.stderr == f"cinepeer: no node runs on {lived['home']}: this is what lies there\n"
    assert lies_in(lived["home"]) == before
    assert command(name, "--home", lived["home"].parent).returncode == 3


def test_a_home_at_rest_tells_its_status_with_the_code_of_a_node_that_is_away(lived: dict[str, Any]) -> None:
    ended = command("status", "--json", "--home", lived["home"])
    told = json.loads(ended.stdout)
    assert (ended.returncode, len(ended.stderr.splitlines())) == (3, 1)
    assert told == {
        "home": str(lived["home"]),
        "running": False,
        **{name: lived["told"][name] for name in ("author", "network")},
        "records": lived["records"],
        "films": 1,
    }
    for name in ("rate", "recommend", "peers", "host", "network", "publish", "title", "pay", "watch", "audit"):
        more = {"rate": ["Kept", "5"], "publish": [lived["folder"] / "short.mp4"]}
        words = more.get(name, ["Kept"] if name in ("title", "watch", "audit") else [])
        ended = command(name, *words, "--home", lived["home"])
        assert (ended.returncode, ended.stdout, len(ended.stderr.splitlines())) == (3, "", 1)


def test_an_export_is_imported_once_and_a_damaged_one_not_at_all(lived: dict[str, Any], tmp_path: Path) -> None:
    file, other = lived["folder"] / "mine.parcel", tmp_path / "other"
    assert lived["ended"]["export"].returncode == 0
    first = json.loads(command("import", file, "--json", "--home", other).stdout)
    assert (first["records"], first["added"]) == (lived["records"], lived["records"])
    again = json.loads(command("import", file, "--json", "--home", other).stdout)
    assert (again["added"], again["refused"], again["waiting"]) == (0, [], [])
    assert [film["name"] for film in json.loads(command("films", "--json", "--home", other).stdout)] == ["Kept"]
    resting = command("status", "--home", other)
    assert (resting.returncode, "network   none yet" in resting.stdout) == (3, True)
    assert command("keys", "--home", other).returncode == 2
    data = file.read_bytes()
    for number, damaged in enumerate((data[:-1], data[:200], b"words", data[:300] + b"\0" + data[301:])):
        (tmp_path / "damaged").write_bytes(damaged)
        ended = command("import", tmp_path / "damaged", "--home", tmp_path / f"never{number}")
        assert (ended.returncode, len(ended.stderr.strip().splitlines())) == (2, 1)
        assert not (tmp_path / f"never{number}").exists()
    known = json.loads(command("import", file, "--json", "--home", lived["home"]).stdout)
    assert known["added"] == 0


def test_the_doctor_waits_for_the_node_to_stop(lived: dict[str, Any]) -> None:
    ended = lived["ended"]["doctor"]
    assert (ended.returncode, "in use by process" in ended.stderr) == (2, True)


def test_a_backup_comes_back_as_a_new_device_of_the_same_author(lived: dict[str, Any], tmp_path: Path) -> None:
    file, home, word = lived["folder"] / "home.bak", tmp_path / "home", "open sesame"
    assert lived["ended"]["backup"].returncode == 0, lived["ended"]["backup"].stderr
    for wrong in ({"CINEPEER_PASSPHRASE": "wrong"}, {}):
        ended = command("backup", "--restore", file, "--home", home, **wrong)
        assert (ended.returncode, home.exists()) == (2, False)
    ended = command("backup", "--restore", file, "--home", home, "--json", CINEPEER_PASSPHRASE=word)
    told = json.loads(ended.stdout)
    assert set(told["keys"]) == {"account", "peer", "phrase", "sequencer"}
    assert told["blocks"] == lived["film"]["blocks"]
    looked = command("doctor", "--all", "--json", "--home", home, CINEPEER_PASSPHRASE=word)
    assert (looked.returncode, {line["ok"] for line in json.loads(looked.stdout)}) == (0, {True})
    with running(home, CINEPEER_PASSPHRASE=word) as node:
        assert (node.told["author"], node.told["p2p"]) == (lived["told"]["author"], lived["told"]["p2p"])
        rating = {"ratings": [[lived["film"]["film"], 8]]}
        with pytest.raises(BadInput, match="not admitted by its author yet"):
            node.api.post("/api/ratings", rating)
        assert command("keys", "admit", "--home", home).returncode == 3
        assert command("keys", "admit", "--alone", "--home", home).returncode == 0
        node.api.post("/api/ratings", rating)
        found = node.api.get("/api/keys")
        assert [key["state"] for key in found["keys"]] == ["speaks for the author", "admitted", "admitted"]
        rights = node.api.get(f"/api/films/{lived['film']['film']}/rights")
        assert rights["title"] == lived["film"]["title"]["title"]  # the ledger went on where the backup stood
        assert command("watch", lived["film"]["film"], "--json", "--home", home).returncode == 0


def test_the_doctor_names_what_does_not_hold_and_changes_nothing(lived: dict[str, Any], tmp_path: Path) -> None:
    home = lived["home"]

    def looked(*arguments: str) -> dict[str, str]:
        ended = command("doctor", "--json", "--home", home, *arguments)
        lines = json.loads(ended.stdout)
        wrong = {line["check"]: line["told"] for line in lines if not line["ok"]}
        assert ended.returncode == (1 if wrong else 0)
        return wrong

    assert looked("--all") == {}
    disk = home.parent / "disk"
    disk.rename(home.parent / "unplugged")
    assert set(looked()) == {"films", "disk"} and f"found the disk {disk} away" in looked()["disk"]
    (home.parent / "unplugged").rename(disk)
    leaf = next(path for path in sorted(disk.glob("??/bafkre*")) if path.stat().st_size > 1_000)
    right = leaf.read_bytes()
    leaf.write_bytes(right[:-1] + bytes((right[-1] ^ 1,)))
    assert "1 with other bytes" in looked("--all")["films"]
    leaf.unlink()
    assert "1 blocks missing" in looked()["films"]
    leaf.write_bytes(right)
    key = home / "keys" / "device.key"
    key.chmod(0o644)
    assert "open to other accounts" in looked()["keys"]
    key.chmod(0o600)
    (home / "cinepeer.toml").write_text("colour = 1\n")
    (home / "denied.txt").write_text("not a CID\n")
    network = (home / "network.cbor").read_bytes()
    (home / "network.cbor").write_bytes(network[:-1])
    assert set(looked()) == {"settings", "network", "denied"}
    (home / "cinepeer.toml").unlink()
    (home / "denied.txt").unlink()
    (home / "network.cbor").write_bytes(network)
    records = home / "records.db"
    whole = records.read_bytes()
    records.write_bytes(whole[: len(whole) // 2])
    assert set(looked()) == {"records"}
    records.write_bytes(whole)
    with contextlib.closing(sqlite3.connect(records)) as opened, opened:
        opened.execute("UPDATE bodies SET block = x'00' WHERE position = (SELECT max(position) FROM bodies)")
    assert "1 bodies of records with other bytes" in looked("--all")["records"]
    records.write_bytes(whole)
    assert looked("--all") == {}
    assert command("doctor", "--home", tmp_path / "nowhere").returncode == 2
    assert not (tmp_path / "nowhere").exists()
