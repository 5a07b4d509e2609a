"""The words that a film carries are there for every player, and what is no text is left out."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cinepeer.adapters.media.captions import Caption, parse_captions
from cinepeer.adapters.media.ladder import Package, package
from cinepeer.adapters.media.probe import probe
from cinepeer.content.playlist import parse_master, parse_media
from real.odd_films import make

pytestmark = pytest.mark.ffmpeg

BARS = "-f lavfi -i testsrc2=s=160x120:r=12:d=2"
X264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p"


def packaged(film: Path) -> tuple[Package, Path]:
    async def work() -> Package:
        return await package(film, film.with_suffix(".ladder"), await probe(film))

    return asyncio.run(work()), film.with_suffix(".ladder")


@pytest.mark.parametrize(
    ("name", "codec"), [("f.mkv", "srt"), ("f.mkv", "ass"), ("f.mkv", "webvtt"), ("f.mp4", "mov_text")]
)
def test_every_text_becomes_webvtt_that_the_master_playlist_names(tmp_path: Path, name: str, codec: str) -> None:
    words = f"{BARS} -i words.srt -i words.srt -map 0 -map 1 -map 2 {X264} -c:s {codec}"
    tags = "-metadata:s:s:0 language=eng -metadata:s:s:1 language=deu"
    made, folder = packaged(make(tmp_path / name, f"{words} {tags}"))
    assert made.findings["captions"] == ["eng", "deu"]
    master = parse_master((folder / "master.m3u8").read_bytes())
    tracks = [track for track in master.tracks if track.sort == "SUBTITLES"]
    assert [(track.language, track.name) for track in tracks] == [
        ("eng", "captions/00/index.m3u8"),
        ("deu", "captions/01/index.m3u8"),
    ]
    media = parse_media((folder / tracks[0].name).read_bytes())
    assert media.duration_ms == pytest.approx(2000, abs=50)
    text = (folder / "captions/00" / media.segments[0].name).read_text()
    assert text.startswith("WEBVTT") and "00:00.200 --> 00:01.500\nHello" in text
    assert 'SUBTITLES="captions"' in (folder / "master.m3u8").read_text()


def test_words_that_are_none_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "none.srt").write_text("\n")
    film = make(tmp_path / "f.mkv", f"{BARS} -f srt -i none.srt -map 0 -map 1 {X264} -c:s srt")
    made, folder = packaged(film)
    assert made.captions == () and not (folder / "captions").exists()
    assert "SUBTITLES" not in (folder / "master.m3u8").read_text()


def test_subtitles_that_are_pictures_are_no_captions() -> None:
    streams: list[dict[str, object]] = [
        {"index": 2, "codec_type": "subtitle", "codec_name": "hdmv_pgs_subtitle"},
        {
            "index": 3,
            "codec_type": "subtitle",
            "codec_name": "subrip",
            "tags": {"TITLE": 'The "words", all\n', "language": "x-y"},
        },
        {"index": 4, "codec_type": "subtitle", "codec_name": "ass"},
        {"index": 5, "codec_type": "data", "codec_name": "subrip"},
    ]
    assert parse_captions(streams) == (Caption(3, "und", "The words all"), Caption(4, "und", "und"))
