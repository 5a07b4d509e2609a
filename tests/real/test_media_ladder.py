"""Real films through the whole ladder: it decodes, frame by frame, and a failure leaves nothing behind."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cinepeer.adapters.media import ladder
from cinepeer.adapters.media.frames import Frames, decode_frame, decode_frames
from cinepeer.adapters.media.ladder import Package, package
from cinepeer.adapters.media.master import read_segments
from cinepeer.adapters.media.probe import Probe, probe
from cinepeer.adapters.media.sample import HEIGHT, RATE, WIDTH, frame_number, make_sample
from cinepeer.content.fingerprint import parse_whole
from cinepeer.errors import BadInput, LimitReached, Refused

pytestmark = pytest.mark.ffmpeg

SECONDS = 6


def make(path: Path, words: str) -> Path:
    """Makes a file by ffmpeg from its arguments in one string."""
    subprocess.run(["ffmpeg", "-nostdin", "-v", "fatal", "-y", *shlex.split(words), str(path)], check=True)
    return path


def packaged(film: Path, out: Path, progress: Callable[[float, float], None] | None = None) -> Package:
    async def work() -> Package:
        return await package(film, out, await probe(film), progress)

    return asyncio.run(work())


def rendition(folder: Path) -> bytes:
    """An init part and its segments in the order of the playlist, joined."""
    text = (folder / "index.m3u8").read_text()
    names = re.findall(r'URI="([^"]+)"', text) + [line for line in text.splitlines() if not line.startswith("#")]
    return b"".join((folder / name).read_bytes() for name in names)


def digests(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).digest()
        for file in folder.rglob("*")
        if file.is_file()
    }


def decoded(source: Path | bytes) -> Frames:
    return asyncio.run(decode_frames(source))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "sample.mp4"
    asyncio.run(make_sample(path, seconds=SECONDS))
    return path


@pytest.fixture(scope="module")
def made(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Package, Path]:
    out = tmp_path_factory.mktemp("made") / "film 100%d"
    return packaged(sample, out), out


def test_the_sample_carries_its_frame_numbers(sample: Path) -> None:
    frames = decoded(sample)
    assert (frames.count, frames.first.width, frames.first.height) == (SECONDS * RATE, WIDTH, HEIGHT)
    assert frame_number(frames.first.grey, WIDTH, HEIGHT) == 0
    assert frame_number(frames.last.grey, WIDTH, HEIGHT) == SECONDS * RATE - 1


def test_a_grey_picture_carries_no_frame_number() -> None:
    assert frame_number(bytes([128]) * (WIDTH * HEIGHT), WIDTH, HEIGHT) is None


def test_a_sample_of_no_length_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="found 0 seconds"):
        asyncio.run(make_sample(tmp_path / "none.mp4", seconds=0))


def test_every_frame_of_the_film_is_in_every_rendition(made: tuple[Package, Path]) -> None:
    found, out = made
    assert [(r.name, r.width, r.height) for r in found.renditions] == [("480p", 854, 480), ("240p", 428, 240)]
    for line in found.renditions:
        frames = decoded(rendition(out / line.name))
        assert (frames.count, frames.first.width, frames.first.height) == (SECONDS * RATE, line.width, line.height)
        assert frame_number(frames.first.grey, line.width, line.height) == 0
        assert frame_number(frames.last.grey, line.width, line.height) == SECONDS * RATE - 1


def test_every_segment_starts_a_picture_of_its_own(made: tuple[Package, Path]) -> None:
    _, out = made
    for name, first in (("00000.m4s", 0), ("00001.m4s", 4 * RATE)):
        for folder, width, height in ((out / "480p", 854, 480), (out / "240p", 428, 240)):
            alone = (folder / f"init_{folder.name}.mp4").read_bytes() + (folder / name).read_bytes()
            frame = asyncio.run(decode_frame(alone))
            assert frame_number(frame.grey, width, height) == first


def test_the_package_tells_what_stands_on_the_disk(made: tuple[Package, Path]) -> None:
    found, out = made
    assert found.size_bytes == sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    assert found.duration_ms == SECONDS * 1000 and found.has_audio
    assert found.segments == len(list(out.rglob("*.m4s")))
    assert found.renditions[0].bandwidth > found.renditions[1].bandwidth > 0
    beside = {"storyboard", "storyboard.vtt", "poster.jpg", "fingerprint"}
    pictures, sound = parse_whole((out / "fingerprint").read_bytes())
    assert pictures.hashes == found.hashes and len(pictures.hashes) == pytest.approx(2 * SECONDS, abs=1)
    assert sound.hashes == found.sounds[::4] and len(sound.hashes) > SECONDS
    assert {file.name for file in out.iterdir()} == {"480p", "240p", "audio", "master.m3u8", *beside}


def test_ffmpeg_itself_plays_the_master_playlist_with_sound(made: tuple[Package, Path]) -> None:
    words = ["ffmpeg", "-nostdin", "-v", "warning", "-i", str(made[1] / "master.m3u8")]
    done = subprocess.run(
        [*words, "-map", "0:v", "-map", "0:a", "-f", "null", "-"], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""


def test_the_same_film_gives_the_same_bytes(sample: Path, made: tuple[Package, Path], tmp_path: Path) -> None:
    packaged(sample, tmp_path / "again")
    assert digests(tmp_path / "again") == digests(made[1])


def test_progress_grows_to_the_whole(sample: Path, tmp_path: Path) -> None:
    told: list[tuple[float, float]] = []
    packaged(sample, tmp_path / "out", lambda done, total: told.append((done, total)))
    assert told == sorted(told) and told[-1] == (SECONDS, SECONDS)


@pytest.mark.parametrize(
    ("words", "sizes", "frames"),
    [
        ("-f lavfi -i testsrc2=s=321x177:r=30000/1001:d=5 -c:v libx264 -pix_fmt yuv444p", [(320, 176)], 150),
        ("-f lavfi -i testsrc2=s=360x288:r=25:d=1 -vf setsar=64/45 -c:v libx264", [(512, 288), (426, 240)], 25),
        ("-f lavfi -i testsrc2=s=320x240:r=120:d=1 -c:v libx264 -preset ultrafast", [(320, 240)], 60),
        ("-f lavfi -i testsrc2=s=64x64:d=0.04 -c:v libx264", [(64, 64)], 1),
        ("-f lavfi -i testsrc2=s=2x2:d=1 -c:v ffv1", [(2, 2)], 25),
    ],
)
def test_odd_films_survive(tmp_path: Path, words: str, sizes: list[tuple[int, int]], frames: int) -> None:
    found = packaged(make(tmp_path / "odd.mkv", words), tmp_path / "out")
    assert [(r.width, r.height) for r in found.renditions] == sizes and not found.has_audio
    assert not (tmp_path / "out" / "audio").exists() and (tmp_path / "out" / "poster.jpg").stat().st_size > 0
    assert decoded(rendition(tmp_path / "out" / found.renditions[0].name)).count == frames


def test_a_turned_film_stands_upright(sample: Path, tmp_path: Path) -> None:
    turned = make(tmp_path / "turned.mp4", f"-t 1 -i {sample} -c copy -metadata:s:v rotate=90")
    found = packaged(turned, tmp_path / "out")
    assert [(r.width, r.height) for r in found.renditions] == [(480, 854), (404, 720), (270, 480), (134, 240)]


def test_surround_sound_becomes_stereo(tmp_path: Path) -> None:
    words = "-f lavfi -i testsrc2=s=64x64:d=1 -f lavfi -i sine=duration=1 -c:v libx264 -ac 6 -c:a ac3"
    assert packaged(make(tmp_path / "surround.mkv", words), tmp_path / "out").has_audio


def test_a_folder_that_is_there_is_not_touched(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(BadInput, match="already there"):
        packaged(sample, tmp_path / "out")


def test_a_film_that_fails_midway_leaves_nothing(sample: Path, tmp_path: Path) -> None:
    async def work() -> None:
        found = await probe(sample)
        broken = tmp_path / "broken.mp4"
        broken.write_bytes(sample.read_bytes()[:1000])
        await package(broken, tmp_path / "out", found)

    with pytest.raises(BadInput, match=r"broken\.mp4 cannot be encoded"):
        asyncio.run(work())
    assert [file.name for file in tmp_path.iterdir()] == ["broken.mp4"]


def test_a_cancelled_ladder_leaves_nothing(sample: Path, tmp_path: Path) -> None:
    async def work() -> None:
        found = await probe(sample)
        begun = asyncio.Event()
        task = asyncio.ensure_future(package(sample, tmp_path / "out", found, lambda done, total: begun.set()))
        async with asyncio.timeout(20):
            await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(work())
    assert list(tmp_path.iterdir()) == []


def test_no_room_is_told_before_the_work(sample: Path, tmp_path: Path) -> None:
    async def work() -> None:
        long = dataclasses.replace(await probe(sample), duration_ms=10**15)
        await package(sample, tmp_path / "out", long)

    with pytest.raises(LimitReached, match=r"MB free in .*, expected \d+ MB for the renditions"):
        asyncio.run(work())
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_takes_no_folder_is_a_limit(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LimitReached, match="takes no folder"):
        packaged(sample, tmp_path / "file" / "out")


@pytest.mark.parametrize(
    ("name", "left"), [("240p/00001.m4s", 5000), ("480p/init_480p.mp4", 30), ("audio/00000.m4s", 0)]
)
def test_a_part_that_the_disk_cut_is_noticed(made: tuple[Package, Path], tmp_path: Path, name: str, left: int) -> None:
    shutil.copytree(made[1], tmp_path / "out")
    part = tmp_path / "out" / name
    part.write_bytes(part.read_bytes()[:left])
    with pytest.raises(LimitReached, match=f"found {name} not written to its end"):
        read_segments(part.parent)


def test_a_playlist_that_the_disk_cut_is_noticed(made: tuple[Package, Path], tmp_path: Path) -> None:
    text = (made[1] / "240p" / "index.m3u8").read_text()
    (tmp_path / "index.m3u8").write_text(text.replace("#EXT-X-ENDLIST", ""))
    with pytest.raises(LimitReached, match=r"index\.m3u8 not written to its end"):
        read_segments(tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("name", ["240p/00001.m4s", "480p/init_480p.mp4", "poster.jpg"])
def test_a_disk_that_fills_midway_is_a_limit_and_leaves_nothing(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def full(folder: Path, film: Probe) -> None:
        for part in ("480p", "240p", "audio", "storyboard"):
            (folder / part).mkdir(parents=True)
        (folder / name).symlink_to("/dev/full")

    monkeypatch.setattr(ladder, "_make_room", full)
    with pytest.raises(LimitReached, match="disk"):
        packaged(sample, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_half_a_ladder_of_an_earlier_run_is_swept_away(sample: Path, tmp_path: Path) -> None:
    (tmp_path / ".out.partial" / "480p").mkdir(parents=True)
    (tmp_path / ".out.partial" / "480p" / "00099.m4s").write_bytes(b"old")
    packaged(sample, tmp_path / "out")
    assert [file.name for file in tmp_path.iterdir()] == ["out"]
    assert not (tmp_path / "out" / "480p" / "00099.m4s").exists()


@pytest.mark.parametrize("data", [b"", b"not a film", bytes(10_000)])
def test_bytes_of_which_nothing_decodes_are_refused(data: bytes) -> None:
    with pytest.raises(Refused, match="no picture decodes") as refusal:
        decoded(data)
    assert refusal.value.reason == "no-picture"


def test_an_init_part_alone_is_no_film(made: tuple[Package, Path]) -> None:
    with pytest.raises(Refused, match="no picture decodes"):
        decoded((made[1] / "480p" / "init_480p.mp4").read_bytes())


def test_the_rungs_are_those_of_the_design() -> None:
    assert [height for height, _ in ladder.RUNGS] == [1080, 720, 480, 240]
