"""Films to publish come from a folder once each, whole, with the captions beside them; and from sites by yt-dlp."""

from __future__ import annotations

import itertools
import json
import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from cinepeer.adapters.media.channel import Brought, bring, chapters_of, facts_of
from cinepeer.errors import BadInput
from cinepeer.faces.cli.sources import NOTE, SETTLED_S, Watched, estimated, is_address, package_of, sources, words

SRT = "1\n00:00:01,000 --> 00:00:02,000\nHello\n"


def given(text: str | Path, *, watched: bool = False) -> list[str]:
    names = []
    with ExitStack() as stack:
        for one in sources(str(text), stack, is_watched=watched, is_told=False):
            names.append(one.path.name)
            one.note()
    return names


def test_each_film_of_a_folder_is_given_once_until_it_changes(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.mkv", "a.en.srt", ".hidden.mp4", "c.mp4.part"):
        (tmp_path / name).write_text(SRT)
    assert given(tmp_path) == ["a.mkv", "b.mp4"]
    assert given(tmp_path) == []
    (tmp_path / "b.mp4").write_text("another cut")
    assert given(tmp_path) == ["b.mp4"]
    assert set(json.loads((tmp_path / NOTE).read_text())) == {"a.mkv", "b.mp4"}


def test_captions_beside_a_film_belong_to_it(tmp_path: Path) -> None:
    for name in ("a [1].mp4", "a [1].en.srt", "a [1].deu.vtt", "a [1].notes.srt", "a [1].x1.srt", "a 1.fr.srt"):
        (tmp_path / name).write_text(SRT)
    (source,) = Watched(tmp_path).films(is_endless=False)
    assert [one["language"] for one in source.said["captions"]] == ["deu", "en"]
    assert source.said["captions"][1]["text"] == SRT


def test_a_watched_folder_gives_a_film_when_it_has_not_changed_for_a_while(tmp_path: Path) -> None:
    clock = itertools.count(0, SETTLED_S / 2)
    film = tmp_path / "film.mp4"
    lengths = iter([1, 2, 3])

    def look(_: float) -> None:
        if (length := next(lengths, None)) is not None:
            film.write_bytes(bytes(length))

    watched = Watched(tmp_path, lambda: float(next(clock)), look)
    films = watched.films(is_endless=True)
    assert next(films).path.stat().st_size == 3
    assert next(lengths, None) is None and float(next(clock)) >= 3 * SETTLED_S / 2 + SETTLED_S


def test_a_film_that_was_not_published_comes_again_another_time(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_text("film")
    assert [one.path.name for one in Watched(tmp_path).films(is_endless=False)] == ["film.mp4"]
    assert not (tmp_path / NOTE).exists()
    assert given(tmp_path) == ["film.mp4"]


def test_a_note_that_is_no_note_is_told(tmp_path: Path) -> None:
    (tmp_path / NOTE).write_text("[")
    with pytest.raises(BadInput, match="delete it to publish anew"):
        Watched(tmp_path)


def test_what_is_not_there_or_no_folder_to_watch_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="found no file"):
        given(tmp_path / "none.mp4")
    with pytest.raises(BadInput, match="without a film"):
        given(tmp_path)
    (tmp_path / "film.mp4").write_text("film")
    with pytest.raises(BadInput, match="expected a folder"):
        given(tmp_path / "film.mp4", watched=True)
    assert given(tmp_path / "film.mp4") == ["film.mp4"]


def test_captions_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="is not UTF-8"):
        words("en", tmp_path / "a.srt")
    with pytest.raises(BadInput, match="cannot be read"):
        words("en", tmp_path / "none.srt")
    with pytest.raises(BadInput, match="expected LANGUAGE=FILE"):
        package_of(("en",), None, None, None, None)
    with pytest.raises(BadInput, match="cannot be read"):
        package_of((), tmp_path / "none.txt", None, None, None)
    assert package_of((), None, None, None, None) == {}


def test_an_address_is_told_from_a_file() -> None:
    assert is_address("https://films.example/1") and not is_address("film.mp4") and not is_address("file:///etc/x")


STAND_IN = """#!/bin/sh
while [ $# -gt 0 ]; do case "$1" in --paths) folder=$2;; esac; last=$1; shift; done
case "$last" in
  *none*) exit 1;;
esac
echo film > "$folder/x1.mp4"
echo words > "$folder/x1.en-GB.vtt"
printf '%s' '{"title": "A talk", "upload_date": "20240131", "uploader": "Ada",
  "chapters": [{"start_time": 0, "title": "In"}]}' > "$folder/x1.info.json"
echo list > "$folder/list.info.json"
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for yt-dlp that brings one film, or none."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "yt-dlp").write_text(STAND_IN)
    (folder / "yt-dlp").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def test_what_an_address_shows_is_brought_with_what_is_said_of_it(program: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    facts = {"name": "A talk", "year": 2024, "credits": [("Ada", "uploader")]}
    captions = (("en", out / "x1.en-GB.vtt"),)
    found = bring("https://films.example/x1", out, is_told=False)
    assert found == [Brought(out / "x1.mp4", facts, captions, "00:00:00.000 In\n")]


def test_an_address_that_shows_no_film_is_told(program: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"found no film at https://films.example/none \(yt-dlp ended with 1\)"):
        bring("https://films.example/none", tmp_path, is_told=False)


def test_where_the_program_is_missing_its_command_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadInput, match="pipx install yt-dlp"):
        bring("https://films.example/x1", tmp_path, is_told=False)


def test_what_a_site_says_in_another_form_is_left_out() -> None:
    assert facts_of({"title": 5, "upload_date": "soon", "description": ["x"], "language": "", "categories": "a"}) == {}
    told = {"title": " T ", "release_date": "19850101", "description": " D ", "language": "en-US", "categories": ["a"]}
    assert facts_of(told) == {"name": "T", "year": 1985, "synopsis": "D", "languages": ["en"], "genres": ["a"]}
    assert chapters_of({"chapters": [{"start_time": "x", "title": "a"}, 5, {"start_time": -1, "title": "b"}]}) is None
    assert chapters_of([]) is None


def test_an_estimate_is_told_in_words() -> None:
    found = {
        **{"duration_s": 60.0, "size_bytes": 5_000, "renditions": ["480p", "240p"], "package_bytes": 9_000_000},
        **{"room_bytes": 5, "fits": False, "ladder_s": 12.4, "captions": ["eng"], "chapters": "0:00 A\n0:05 B\n"},
    }
    assert list(estimated(found)) == [
        "film     60.0 s, 5,000 bytes",
        "becomes  480p, 240p; at most 9,000,000 bytes",
        "room     5 bytes left under the disk cap: too little",
        "takes    about 12 s",
        "captions eng",
        "chapters 0:00 A; 0:05 B",
    ]
