"""Which sizes a film gets, what its ladder may take, and the master playlist over it."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path

import pytest

from cinepeer.adapters.media.ladder import encoding, expected_bytes, sizes
from cinepeer.adapters.media.master import Line, Segment, bandwidths, picture_codec, read_segments, write_master
from cinepeer.adapters.media.probe import Probe
from cinepeer.errors import BadInput


def film(width: int, height: int, *, sound: bool = True, rate: Fraction = Fraction(24)) -> Probe:
    return Probe(
        duration_ms=60_000,
        width=width,
        height=height,
        frame_rate=float(rate),
        has_audio=sound,
        container="mov",
        codecs=("h264",),
        size_bytes=1,
        sha256=bytes(32),
        rate=rate,
        picture_stream=0,
        sound_stream=1 if sound else None,
        interlaced=False,
    )


@pytest.mark.parametrize(
    ("source", "rungs"),
    [
        ((3840, 2160), [(1920, 1080), (1280, 720), (854, 480), (426, 240)]),
        ((1920, 1080), [(1920, 1080), (1280, 720), (854, 480), (426, 240)]),
        ((1918, 1079), [(1916, 1078), (1280, 720), (854, 480), (426, 240)]),
        ((854, 480), [(854, 480), (428, 240)]),
        ((320, 240), [(320, 240)]),
        ((476, 268), [(426, 240)]),
        ((480, 270), [(480, 270), (426, 240)]),
        ((1600, 900), [(1600, 900), (1280, 720), (854, 480), (426, 240)]),
        ((2560, 1440), [(1920, 1080), (1280, 720), (854, 480), (426, 240)]),
        ((321, 179), [(320, 178)]),
        ((1080, 1920), [(608, 1080), (404, 720), (270, 480), (136, 240)]),
        ((1, 1), [(2, 2)]),
    ],
)
def test_no_rung_is_above_the_source_and_all_are_even(source: tuple[int, int], rungs: list[tuple[int, int]]) -> None:
    assert sizes(*source) == rungs


@pytest.mark.parametrize(
    ("rate", "frames"), [(Fraction(24), 96), (Fraction(24000, 1001), 96), (Fraction(25), 100), (Fraction(241, 10), 97)]
)
def test_key_frames_come_with_each_segment_at_any_frame_rate(rate: Fraction, frames: int) -> None:
    arguments = encoding(Path("film.mp4"), film(640, 480, rate=rate))
    assert arguments[arguments.index("-g") + 1] == str(frames)
    assert arguments[arguments.index("-keyint_min") + 1] == str(frames)


def test_a_film_without_sound_asks_for_none() -> None:
    assert not any(
        "sound]" in word or "aac" in word for word in encoding(Path("film.mp4"), film(640, 480, sound=False))
    )


def test_the_room_for_a_ladder_is_the_sum_of_its_rungs() -> None:
    assert expected_bytes(film(640, 480, sound=False)) == (1_200_000 + 420_000) * 60 // 8


def test_a_rung_between_two_has_a_cap_between_theirs() -> None:
    halfway = film(800, 600, sound=False)
    assert expected_bytes(halfway) == (2_000_000 + 1_200_000 + 420_000) * 60 // 8


def test_high_dynamic_range_is_brought_to_what_every_screen_shows() -> None:
    bright = dataclasses.replace(film(640, 480), is_hdr=True)
    assert any("tonemap" in word for word in encoding(Path("film.mp4"), bright))
    assert not any("tonemap" in word for word in encoding(Path("film.mp4"), film(640, 480)))


def test_the_master_playlist_names_each_rendition_with_measured_figures() -> None:
    lines = [
        Line("480p", 854, 480, 900_000, 700_000, "avc1.64001e"),
        Line("240p", 428, 240, 200_000, 150_000, "avc1.640015"),
    ]
    assert write_master(lines, 24000 / 1001, (128_000, 120_000)) == (
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="sound",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",'
        'URI="audio/index.m3u8"\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=1028000,AVERAGE-BANDWIDTH=820000,CODECS="avc1.64001e,mp4a.40.2",'
        'RESOLUTION=854x480,FRAME-RATE=23.976,AUDIO="sound"\n480p/index.m3u8\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=328000,AVERAGE-BANDWIDTH=270000,CODECS="avc1.640015,mp4a.40.2",'
        'RESOLUTION=428x240,FRAME-RATE=23.976,AUDIO="sound"\n240p/index.m3u8\n'
    )


def test_the_master_playlist_of_a_silent_film_names_no_sound() -> None:
    text = write_master([Line("240p", 428, 240, 2, 1, "avc1.640015")], 24.0, None)
    assert "AUDIO" not in text and "mp4a" not in text


def test_a_last_segment_of_a_moment_does_not_count_as_the_highest() -> None:
    assert bandwidths([Segment("0", 4.0, 4000), Segment("1", 4.0, 2000), Segment("2", 0.02, 1000)])[0] == 8000


def test_a_playlist_of_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index.m3u8").write_text("#EXTM3U\n#EXT-X-ENDLIST\n")
    with pytest.raises(BadInput, match="nothing to show"):
        read_segments(tmp_path)


def test_the_codec_name_is_read_from_the_init_part() -> None:
    assert picture_codec(b"....avcC\x01\x64\x00\x1e\xff") == "avc1.64001e"
    with pytest.raises(BadInput, match=r"H\.264"):
        picture_codec(b"....hvcC\x01")
