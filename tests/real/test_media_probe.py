"""Real files through ffprobe: a whole film is described; anything else is refused in one sentence."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shlex
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from cinepeer.adapters.media.probe import probe
from cinepeer.errors import BadInput

pytestmark = pytest.mark.ffmpeg

PICTURE = "-f lavfi -i testsrc2=s=320x240:r=25:d=4"
SOUND = "-f lavfi -i sine=duration=4"
H264 = "-c:v libx264 -preset ultrafast"


def make(path: Path, words: str) -> Path:
    """Makes a file by ffmpeg from its arguments in one string."""
    subprocess.run(["ffmpeg", "-nostdin", "-v", "fatal", "-y", *shlex.split(words), str(path)], check=True)
    return path


def sentence(path: Path) -> str:
    """Why `path` is refused."""
    with pytest.raises(BadInput) as refusal:
        asyncio.run(probe(path))
    return str(refusal.value)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    make(folder / "whole.mp4", f"{PICTURE} {SOUND} {H264} -c:a aac")
    make(folder / "fast.mp4", f"{PICTURE} {SOUND} {H264} -c:a aac -movflags +faststart")
    make(folder / "whole.mkv", f"{PICTURE} {SOUND} {H264} -c:a aac")
    make(folder / "whole.avi", f"{PICTURE} {SOUND} -c:v mpeg4 -c:a mp3")
    return folder


def test_a_whole_film_is_described_with_the_digest_of_its_bytes(films: Path) -> None:
    found = asyncio.run(probe(films / "whole.mp4"))
    assert (found.width, found.height, found.rate, found.frame_rate) == (320, 240, Fraction(25), 25.0)
    assert (found.duration_ms, found.has_audio, found.codecs) == (4000, True, ("h264", "aac"))
    data = (films / "whole.mp4").read_bytes()
    assert (found.size_bytes, found.sha256) == (len(data), hashlib.sha256(data).digest())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("film.ts", f"{PICTURE} {SOUND} {H264} -c:a aac"),
        ("film.webm", f"{PICTURE} -c:v libvpx -b:v 300k"),
        ("slides.mp4", "-f lavfi -i testsrc2=s=320x240:r=0.5:d=8 -c:v libx264"),
        ("one-frame.mp4", "-f lavfi -i testsrc2=s=64x64:d=0.04 -c:v libx264"),
        ("odd % name's.mkv", f"{PICTURE} {H264}"),
    ],
)
def test_films_of_many_kinds_are_films(tmp_path: Path, name: str, words: str) -> None:
    assert asyncio.run(probe(make(tmp_path / name, words))).duration_ms > 0


def test_a_film_turned_by_the_camera_is_described_as_shown(films: Path, tmp_path: Path) -> None:
    turned = make(tmp_path / "turned.mp4", f"-i {films}/whole.mp4 -c copy -metadata:s:v rotate=90")
    found = asyncio.run(probe(turned))
    assert (found.width, found.height) == (240, 320)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert sentence(tmp_path / "none.mp4") == f"found no file {tmp_path}/none.mp4, expected a film file"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert sentence(tmp_path) == f"found the folder {tmp_path}, expected a film file"


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    assert sentence(tmp_path / "empty.mp4") == "found empty.mp4 empty (0 bytes), expected a film file"


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "which is a pipe or a device" in sentence(tmp_path / "pipe.mp4")


@pytest.mark.parametrize("text", ["hello, this is a text\n", "1\n2\n3\n" * 5000])
def test_a_text_called_mp4_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "film.mp4").write_text(text)
    assert sentence(tmp_path / "film.mp4") == "found film.mp4, which starts like a text, expected a video file"


def test_random_bytes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(hashlib.shake_256(b"film").digest(100_000))
    assert "no film that ffmpeg can read" in sentence(tmp_path / "film.mp4")


def test_a_picture_file_is_refused(tmp_path: Path) -> None:
    assert "no film" in sentence(make(tmp_path / "still.png", f"{PICTURE} -frames:v 1"))


def test_nothing_that_a_file_points_to_is_opened(films: Path, tmp_path: Path) -> None:
    lists = {
        "hls.mp4": f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{films}/whole.mp4\n#EXT-X-ENDLIST\n",
        "hls.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n",
        "concat.mkv": f"ffconcat version 1.0\nfile '{films}/whole.mp4'\n",
        "sdp.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n",
    }
    for name, text in lists.items():
        (tmp_path / name).write_text(text)
        assert "starts like a text" in sentence(tmp_path / name)


@pytest.mark.parametrize("name", ["whole.mp4", "fast.mp4", "whole.mkv", "whole.avi"])
def test_a_film_that_lost_its_last_third_is_refused(films: Path, tmp_path: Path, name: str) -> None:
    data = (films / name).read_bytes()
    (tmp_path / name).write_bytes(data[: 2 * len(data) // 3])
    assert sentence(tmp_path / name) == f"found {name} cut short (its end is missing), expected the whole film"


def test_a_film_that_lost_its_last_bytes_is_refused(films: Path, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes((films / "fast.mp4").read_bytes()[:-500])
    assert "cut short" in sentence(tmp_path / "film.mp4")


def test_a_film_whose_end_is_noise_is_refused(films: Path, tmp_path: Path) -> None:
    data = (films / "fast.mp4").read_bytes()
    start = data.index(b"mdat") + 4
    (tmp_path / "film.mp4").write_bytes(data[:start] + bytes(len(data) - start))
    assert "does not decode" in sentence(tmp_path / "film.mp4")


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    found = sentence(make(tmp_path / "song.m4a", f"{SOUND} -c:a aac"))
    assert found == "found song.m4a with sound only, expected a film: it has a picture"


def test_an_absurd_picture_is_refused(tmp_path: Path) -> None:
    wide = make(tmp_path / "wide.mp4", f"-f lavfi -i color=s=8200x16:d=1 {H264}")
    assert sentence(wide) == "found a picture of 8200x16 in wide.mp4, expected at most 8192 on a side"


def test_too_many_streams_are_refused(tmp_path: Path) -> None:
    many = make(tmp_path / "many.mkv", "-f lavfi -i testsrc2=s=64x64:d=1 " + "-map 0 " * 65 + "-c:v mpeg4")
    assert sentence(many) == "found 65 streams in many.mkv, expected at most 64"


def test_a_film_longer_than_a_day_is_refused(tmp_path: Path) -> None:
    words = "-f lavfi -i testsrc2=s=64x64:r=1:d=3 -vf setpts=N*50000/TB -vsync passthrough -c:v ffv1"
    assert "found 27.8 hours" in sentence(make(tmp_path / "long.mkv", words))


def test_a_stream_without_duration_is_refused(tmp_path: Path) -> None:
    assert "found no duration" in sentence(make(tmp_path / "raw.h264", f"{PICTURE} {H264}"))


def test_a_missing_ffprobe_is_named(films: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "apt-get install ffmpeg" in sentence(films / "whole.mp4")
