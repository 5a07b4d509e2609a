"""What is black, still, silent or alike is found in real films, and told to their creators."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cinepeer.adapters.media.ladder import Package, package
from cinepeer.adapters.media.probe import probe
from cinepeer.content.fingerprint import Shown, sketch
from real.alike_films import MELODY, OTHER, found
from real.odd_films import make

pytestmark = pytest.mark.ffmpeg

X264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p"
# Scenes that differ, cut hard.
SCENES = (
    "-f lavfi -i testsrc2=s=320x240:r=12:d=5 -f lavfi -i mandelbrot=s=320x240:r=12:start_scale=2,trim=duration=5 "
    "-f lavfi -i cellauto=s=320x240:r=12:rule=110:seed=7,trim=duration=5 "
    "-filter_complex [0][1][2]concat=n=3,setsar=1"
)


def packaged(film: Path) -> Package:
    async def work() -> Package:
        return await package(film, film.with_suffix(".ladder"), await probe(film))

    return asyncio.run(work())


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("scenes") / "scenes.mp4", f"{SCENES} {X264}")


def test_black_still_and_silent_stretches_are_told_with_the_loudness(tmp_path: Path) -> None:
    words = (
        "-f lavfi -i testsrc2=s=320x240:r=12:d=4 -f lavfi -i color=black:s=320x240:r=12:d=12 "
        "-f lavfi -i sine=frequency=440:d=6,apad=whole_dur=16 -filter_complex [0][1]concat"
    )
    found = packaged(make(tmp_path / "f.mp4", f"{words} {X264} -c:a aac")).findings
    ((start, end),) = found["black"]
    assert (start, end) == (pytest.approx(4, abs=0.2), pytest.approx(16, abs=0.3))
    assert found["still"][0][0] == pytest.approx(4, abs=0.3)
    assert found["silent"][0][0] == pytest.approx(6, abs=0.3)
    assert -40 < found["loudness_lufs"] < -10 and found["peak_dbfs"] < 0
    assert not list((tmp_path / "f.ladder").glob("*.txt"))


def test_a_film_without_sound_or_faults_tells_nothing(scenes: Path) -> None:
    made = packaged(scenes)
    assert made.findings == {} and len(made.hashes) == pytest.approx(30, abs=1)


@pytest.mark.parametrize(
    ("edits", "share"),
    [
        ("scale=256:192,eq=brightness=0.04", 0.6),
        ("scale=256:192,drawbox=x=8:y=8:w=40:h=20:color=white:t=fill", 0.3),
    ],
)
def test_a_smaller_trimmed_copy_is_known_again(scenes: Path, tmp_path: Path, edits: str, share: float) -> None:
    known = sketch(packaged(make(tmp_path / "known.mp4", f"-i {scenes} -c copy")).hashes)
    copy = make(tmp_path / "copy.mp4", f"-ss 3 -i {scenes} -vf {edits} {X264} -crf 34")
    alike = Shown(packaged(copy).hashes).likeness(known)
    assert alike is not None and alike.share >= share
    there, here, _ = alike.stretches[0]
    assert there - here == pytest.approx(3, abs=1)


def test_a_dub_keeps_the_pictures_and_another_film_may_keep_the_sound(scenes: Path, tmp_path: Path) -> None:
    heard = f"-map 0:v -map 1:a -t 9 {X264} -c:a aac"
    film = packaged(make(tmp_path / "film.mp4", f"-i {scenes} -f lavfi -i {MELODY} {heard}"))
    dub = packaged(make(tmp_path / "dub.mp4", f"-i {scenes} -f lavfi -i {OTHER} {heard}"))
    life = "-f lavfi -i life=s=320x240:r=12:mold=10:seed=3"
    other = packaged(make(tmp_path / "other.mp4", f"{life} -f lavfi -i {MELODY} {heard}"))
    assert [alike is not None for alike in found(film, dub)] == [True, False]
    assert [alike is not None for alike in found(film, other)] == [False, True]
    assert not list((tmp_path / "film.ladder").glob("*.pcm"))


def test_another_film_is_not_taken_for_it(scenes: Path, tmp_path: Path) -> None:
    known = sketch(packaged(make(tmp_path / "known.mp4", f"-i {scenes} -c copy")).hashes)
    other = make(tmp_path / "other.mp4", f"-f lavfi -i life=s=320x240:r=12:mold=10:seed=3 -t 15 {X264}")
    assert Shown(packaged(other).hashes).likeness(known) is None
