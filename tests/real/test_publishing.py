"""A creator's wishes on a real node: an estimate, a folder of films, and credentials that standard tools read."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cinepeer.adapters.media.sample import make_sample
from cinepeer.content.credentials import FilmDigest, read_credentials
from cinepeer.errors import BadInput
from cinepeer.records.cid import Cid
from real.nodes import Running, command, running

pytestmark = pytest.mark.ffmpeg

SRT = "1\n00:00:00,200 --> 00:00:00,900\nHello\n"
READ = """
import c2pa, json, sys
reader = c2pa.Reader("video/mp4", open(sys.argv[1], "rb"), open(sys.argv[2], "rb").read())
found = json.loads(reader.json())["validation_results"]["activeManifest"]
codes = {sort: [one["code"] for one in found[sort]] for sort in ("success", "failure")}
print(json.dumps({"state": str(reader.get_validation_state()), **codes}))
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("publishing") / "home") as node:
        yield node


@pytest.fixture(scope="module")
def films(node: Running, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder of two films and one that is none; what publishing it said of the last."""
    folder = tmp_path_factory.mktemp("films")
    asyncio.run(make_sample(folder / "one.mp4", seconds=2))
    asyncio.run(make_sample(folder / "two.mp4", seconds=1))
    (folder / "two.en.srt").write_text(SRT)
    (folder / "none.mov").write_text("no film")
    (folder / "chapters.txt").write_text("0:00 In\n")
    ended = command(
        *("publish", folder, "--no-title", "--chapters", folder / "chapters.txt", "--poster", "0.5"),
        *("--loudness", "-23", "--home", node.home),
    )
    assert ended.returncode == 1, ended.stdout
    return folder, ended.stderr


def told(node: Running, *words: str | Path, code: int = 0) -> Any:
    ended = command(*words, "--json", "--home", node.home)
    assert ended.returncode == code, ended.stdout + ended.stderr
    return json.loads(ended.stdout)


def named(node: Running, name: str) -> dict[str, Any]:
    (film,) = [film for film in node.api.get("/api/films") if film["name"] == name]
    return dict(film)


def file_of(node: Running, name: str, path: str) -> bytes:
    return node.api.read("GET", f"/ipfs/{named(node, name)['versions'][-1]['root']}/{path}")


def test_a_folder_is_published_but_for_what_is_no_film(node: Running, films: tuple[Path, str]) -> None:
    folder, said = films
    assert "none.mov: found none.mov, which starts like a text" in said and "found 1 of 3 films not published" in said
    assert {film["name"] for film in node.api.get("/api/films")} >= {"one", "two"}
    (folder / "none.mov").unlink()
    again = command("publish", folder, "--no-title", "--home", node.home)
    assert (again.returncode, again.stdout) == (0, "")


def test_what_was_wished_is_in_the_version(node: Running, films: tuple[Path, str]) -> None:
    assert b"00:00:00.000 --> 00:00:01.000\nIn\n" in file_of(node, "two", "chapters.vtt")
    assert b"Hello" in file_of(node, "two", "captions/32/00000.vtt")
    assert b"#xywh=0,0,160,90" in file_of(node, "two", "storyboard.vtt")
    (job,) = [one for one in node.api.get("/api/publications") if one["name"] == "two"]
    ladder = next(stage for stage in job["stages"] if stage["stage"] == "ladder")
    assert ladder["loudness_lufs"] == pytest.approx(-23, abs=1) and ladder["took_ms"] > 0


def test_an_estimate_tells_what_a_film_takes(node: Running, films: tuple[Path, str]) -> None:
    found = told(node, "publish", films[0] / "one.mp4", "--estimate")
    assert found["duration_s"] == pytest.approx(2, abs=0.1) and found["renditions"] == ["480p", "240p"]
    assert found["fits"] and found["ladder_s"] > 0 and found["package_bytes"] > 100_000
    assert base64.b64decode(found["stills"][0]["jpeg"]).startswith(b"\xff\xd8")
    words = command("publish", films[0] / "one.mp4", "--estimate", "--home", node.home).stdout
    assert "becomes  480p, 240p; at most" in words


def test_the_credentials_say_which_bytes_whose_and_from_what(
    node: Running, films: tuple[Path, str], tmp_path: Path
) -> None:
    found = told(node, "credentials", "one", "--export", tmp_path / "proof")
    assert found["holds"] and [one["holds"] for one in found["findings"]] == [True, True, True]
    assert found["author"] == node.told["author"]
    film, sidecar = (tmp_path / "proof" / name for name in ("film.mp4", "film.c2pa"))
    statement, _ = read_credentials(sidecar.read_bytes())
    digest = FilmDigest()
    digest.feed(film.read_bytes())
    assert digest.digest() == statement.film
    root = named(node, "one")["versions"][-1]["root"]
    listed = json.loads(node.api.read("GET", f"/ipfs/{root}/480p"))["entries"]
    assert {f"480p/{one['name']}": Cid.parse(one["cid"]) for one in listed}.items() <= statement.files.items()
    probed = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", film]
    assert float(subprocess.run(probed, capture_output=True, check=True).stdout) == pytest.approx(2, abs=0.1)


def test_a_standard_tool_reads_the_credentials_and_finds_a_changed_byte(
    node: Running, films: tuple[Path, str], tmp_path: Path
) -> None:
    told(node, "credentials", "one", "--export", tmp_path)

    def read() -> Any:
        words = [sys.executable, "-c", READ, tmp_path / "film.mp4", tmp_path / "film.c2pa"]
        return json.loads(subprocess.run(words, capture_output=True, check=True).stdout)

    found = read()
    assert found["state"] == "Valid" and found["failure"] == ["signingCredential.untrusted"]
    assert {"claimSignature.validated", "assertion.bmffHash.match", "assertion.hashedURI.match"} <= set(
        found["success"]
    )
    film = bytearray((tmp_path / "film.mp4").read_bytes())
    film[len(film) // 2] ^= 1
    (tmp_path / "film.mp4").write_bytes(film)
    assert "assertion.bmffHash.mismatch" in read()["failure"]


def test_a_film_without_credentials_is_told(node: Running) -> None:
    ended = command("credentials", "nothing", "--home", node.home)
    assert ended.returncode == 2 and "found no" in ended.stderr


def test_another_version_joins_its_film_and_the_old_one_stays(
    node: Running, films: tuple[Path, str], tmp_path: Path
) -> None:
    asyncio.run(make_sample(tmp_path / "trailer.mp4", seconds=3))
    before = named(node, "one")["versions"]
    made = told(node, "publish", tmp_path / "trailer.mp4", "--of", "one", "--sort", "trailer")
    after = named(node, "one")["versions"]
    assert made["film"] == named(node, "one")["id"] and "title" not in made
    # It came last and does not play first.
    assert [(one["label"], one["sort"]) for one in after] == [("original cut", "film"), ("trailer", "trailer")]
    assert after[0] == before[0]
    assert node.api.read("GET", f"/ipfs/{before[0]['root']}/master.m3u8").startswith(b"#EXTM3U")
    ended = command("publish", tmp_path / "trailer.mp4", "--of", "one", "--home", node.home)
    assert ended.returncode == 2 and "published already as 'one'" in ended.stderr
    ended = command("publish", tmp_path / "trailer.mp4", "--of", "none", "--home", node.home)
    assert ended.returncode == 2 and "found no" in ended.stderr


def test_unpublishing_says_first_what_it_undoes_and_what_it_cannot(
    node: Running, films: tuple[Path, str], tmp_path: Path
) -> None:
    root = named(node, "two")["versions"][0]["root"]
    asked = command("unpublish", "two", "--home", node.home)
    assert asked.returncode == 2 and "expected --yes: nothing was signed" in asked.stderr
    assert "undone   2 records are taken back" in asked.stderr
    assert "remains  nobody else says to hold it, but whoever fetched a block may have kept it" in asked.stderr
    assert named(node, "two")
    done = command("unpublish", "two", "--yes", "--reason", "a new cut comes", "--json", "--home", node.home)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["record"].startswith("bafy")
    assert "two" not in {film["name"] for film in node.api.get("/api/films")}
    gone = command("watch", "two", "--out", tmp_path / "two.mp4", "--home", node.home)
    assert gone.returncode != 0
    with pytest.raises(BadInput, match="found no block"):
        node.api.read("GET", f"/ipfs/{root}/master.m3u8")
