"""What a creator adds or chooses is in the package: words, chapters, the still, the loudness; and a storyboard."""

from __future__ import annotations

import asyncio
import re
import subprocess
from pathlib import Path

import pytest

from cinepeer.adapters.media.frames import Frame
from cinepeer.adapters.media.ladder import Package, package
from cinepeer.adapters.media.loudness import PEAK_DBTP, Level
from cinepeer.adapters.media.probe import Probe, probe
from cinepeer.adapters.media.stills import PLACES, candidates
from cinepeer.content.cues import Chapter, parse_captions
from cinepeer.content.packaging import Packaging, Words
from cinepeer.content.playlist import parse_master
from cinepeer.errors import BadInput
from real.odd_films import make

pytestmark = pytest.mark.ffmpeg

X264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p"
SECONDS = 12
# Black, then white from the sixth second on, with a quiet tone and two chapters.
HALVES = (
    f"-f lavfi -i color=black:s=320x180:r=12:d=6 -f lavfi -i color=white:s=320x180:r=12:d=6 "
    f"-f lavfi -i sine=frequency=440:d={SECONDS},volume=0.1 -f ffmetadata -i marks.txt "
    f"-filter_complex [0][1]concat[v] -map [v] -map 2 -map_metadata 3 -map_chapters 3 {X264} -c:a aac"
)
MARKS = """;FFMETADATA1
[CHAPTER]
TIMEBASE=1/1000
START=0
END=6000
title=Night & fog
[CHAPTER]
TIMEBASE=1/1000
START=6000
END=12000
title=Day
"""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Probe]:
    folder = tmp_path_factory.mktemp("halves")
    (folder / "marks.txt").write_text(MARKS)
    path = make(folder / "halves.mp4", HALVES)
    return path, asyncio.run(probe(path))


def packaged(film: tuple[Path, Probe], out: Path, wished: Packaging) -> Package:
    return asyncio.run(package(*(film[0], out, film[1]), wished=wished))


def grey(jpeg: bytes) -> Frame:
    """A JPEG as one grey picture."""
    outputs = ["-pix_fmt", "gray", "-c:v", "pgm", "-f", "image2pipe", "-"]
    command = ["ffmpeg", "-v", "error", "-f", "image2pipe", "-c:v", "mjpeg", "-i", "-", *outputs]
    picture = subprocess.run(command, input=jpeg, check=True, capture_output=True).stdout
    _, size, _, pixels = picture.split(b"\n", 3)
    width, height = map(int, size.split())
    return Frame(width, height, pixels)


def brightness(jpeg: Path) -> float:
    return grey(jpeg.read_bytes()).mean


@pytest.fixture(scope="module")
def plain(film: tuple[Path, Probe], tmp_path_factory: pytest.TempPathFactory) -> tuple[Package, Path]:
    out = tmp_path_factory.mktemp("plain") / "out"
    return packaged(film, out, Packaging()), out


def test_the_chapters_of_the_file_are_kept_for_the_player(
    film: tuple[Path, Probe], plain: tuple[Package, Path]
) -> None:
    assert film[1].chapters == (Chapter(0, "Night & fog"), Chapter(6000, "Day"))
    made, out = plain
    assert made.findings["chapters"] == 2
    assert (out / "chapters.vtt").read_text() == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:06.000\nNight &amp; fog\n\n00:00:06.000 --> 00:00:12.000\nDay\n"
    )


def test_the_storyboard_shows_every_moment_at_its_place(plain: tuple[Package, Path]) -> None:
    _, out = plain
    cues = parse_captions((out / "storyboard.vtt").read_bytes())
    assert [cue.start_ms for cue in cues] == [2000 * number for number in range(SECONDS // 2)]
    places = [re.fullmatch(r"storyboard/001\.jpg#xywh=(\d+),0,160,90", cue.text) for cue in cues]
    assert [int(place[1]) for place in places if place] == [160 * number for number in range(SECONDS // 2)]
    sheet = grey((out / "storyboard" / "001.jpg").read_bytes())
    assert (sheet.width, sheet.height) == (1600, 900)
    shades = [sheet.grey[45 * sheet.width + 160 * number + 80] for number in range(SECONDS // 2)]
    assert max(shades[:3]) < 40 and min(shades[3:]) > 200


def test_the_sheets_are_the_same_bytes_each_time(
    film: tuple[Path, Probe], plain: tuple[Package, Path], tmp_path: Path
) -> None:
    packaged(film, tmp_path / "again", Packaging())
    for name in ("storyboard/001.jpg", "storyboard.vtt", "chapters.vtt", "poster.jpg"):
        assert (tmp_path / "again" / name).read_bytes() == (plain[1] / name).read_bytes()


def test_what_the_creator_wishes_takes_the_place_of_what_the_file_says(
    film: tuple[Path, Probe], plain: tuple[Package, Path], tmp_path: Path
) -> None:
    words = (
        Words("en", "English", "1\n00:00:01,000 --> 00:00:02,000\nHello\n"),
        Words("zh", "", "00:01.0 --> 00:02.0\n你好"),
    )
    wished = Packaging(words, "0:00 All of it", 8.0, -23.0)
    made = packaged(film, tmp_path / "out", wished)
    out = tmp_path / "out"
    assert (out / "chapters.vtt").read_text().endswith("00:00:00.000 --> 00:00:12.000\nAll of it\n")
    assert brightness(plain[1] / "poster.jpg") < 40 < 200 < brightness(out / "poster.jpg")
    tracks = [one for one in parse_master((out / "master.m3u8").read_bytes()).tracks if one.sort == "SUBTITLES"]
    assert [(one.language, one.label) for one in tracks] == [("en", "English"), ("zh", "zh")]
    assert "你好" in (out / tracks[1].name).with_name("00000.vtt").read_text(encoding="utf-8")
    before, after = plain[0].findings["loudness_lufs"], made.findings["loudness_lufs"]
    assert isinstance(before, float) and before < -30 and after == pytest.approx(-23, abs=0.7)
    assert made.findings["gain_db"] == pytest.approx(-23 - before, abs=0.7)


def test_no_chapters_are_wished_for(film: tuple[Path, Probe], tmp_path: Path) -> None:
    assert "chapters" not in packaged(film, tmp_path / "out", Packaging(chapters="")).findings
    assert not (tmp_path / "out" / "chapters.vtt").exists()


def test_a_poster_behind_the_end_is_refused_and_nothing_is_left(film: tuple[Path, Probe], tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"expected less than 12\.0 s"):
        packaged(film, tmp_path / "out", Packaging(poster_s=12.0))
    assert list(tmp_path.iterdir()) == []


def test_stills_to_choose_from_come_in_the_film_s_order(film: tuple[Path, Probe]) -> None:
    found = asyncio.run(candidates(*film))
    assert [still.seconds for still in found] == [round(SECONDS * place, 1) for place in PLACES]
    sizes = {(frame.width, frame.height) for frame in (grey(still.jpeg) for still in found)}
    assert sizes == {(320, 180)}


@pytest.mark.parametrize(
    ("level", "wanted", "gain"),
    [
        (Level(-33.0, -20.0), -23.0, 10.0),
        (Level(-33.0, -4.0), -23.0, 3.0),
        (Level(-14.0, 0.5), -23.0, -9.0),
        (Level(-26.0, 0.5), -23.0, 0.0),
        (Level(-100.0, -100.0), -23.0, 0.0),
    ],
)
def test_the_gain_never_squeezes_a_peak(level: Level, wanted: float, gain: float) -> None:
    assert level.gain_db(wanted) == gain
    assert gain <= 0 or level.peak + gain <= PEAK_DBTP
