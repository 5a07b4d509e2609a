"""ffprobe's answer is read strictly: what is no film within the limits is refused in one sentence."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest

from cinepeer.adapters.media.description import Description, parse_description
from cinepeer.errors import BadInput

PICTURE = {
    "index": 0,
    "codec_type": "video",
    "codec_name": "h264",
    "width": 1920,
    "height": 1080,
    "avg_frame_rate": "24000/1001",
    "r_frame_rate": "24000/1001",
}
SOUND = {"index": 1, "codec_type": "audio", "codec_name": "aac", "channels": 2}


def read(*streams: dict[str, Any], duration: str | None = "60.0", **container: Any) -> Description:
    found = {"format_name": "mov,mp4", **container}
    if duration is not None:
        found["duration"] = duration
    return parse_description("film.mp4", json.dumps({"streams": streams, "format": found}).encode())


def test_a_film_is_described() -> None:
    film = read(PICTURE, SOUND, start_time="1.4")
    assert (film.width, film.height, film.duration_ms, film.start_s) == (1920, 1080, 60_000, 1.4)
    assert (film.picture_stream, film.sound_stream, film.codecs) == (0, 1, ("h264", "aac"))
    assert film.rate == Fraction(24000, 1001) and not film.interlaced


def test_a_film_without_sound_is_a_film() -> None:
    assert read(PICTURE).sound_stream is None


def test_sound_alone_is_no_film() -> None:
    with pytest.raises(BadInput, match="sound only, expected a film: it has a picture"):
        read(SOUND)


def test_a_cover_is_no_picture() -> None:
    with pytest.raises(BadInput, match="sound only"):
        read({**PICTURE, "disposition": {"attached_pic": 1}}, SOUND)


def test_subtitles_alone_are_no_film() -> None:
    with pytest.raises(BadInput, match="no picture"):
        read({"index": 0, "codec_type": "subtitle"})


def test_the_default_streams_are_taken() -> None:
    film = read(
        PICTURE,
        {**PICTURE, "index": 2, "disposition": {"default": 1}},
        SOUND,
        {**SOUND, "index": 3, "codec_name": "opus", "disposition": {"default": 1}},
    )
    assert (film.picture_stream, film.sound_stream, film.codecs) == (2, 3, ("h264", "opus"))


@pytest.mark.parametrize("rotation", [90, -90, 270, "90"])
def test_a_turned_film_is_described_as_it_is_shown(rotation: object) -> None:
    film = read({**PICTURE, "side_data_list": [{"rotation": rotation}]})
    assert (film.width, film.height) == (1080, 1920)


def test_a_film_turned_upside_down_keeps_its_size() -> None:
    film = read({**PICTURE, "side_data_list": [{"rotation": -180}]})
    assert (film.width, film.height) == (1920, 1080)


def test_narrow_pixels_are_made_square() -> None:
    film = read({**PICTURE, "width": 720, "height": 576, "sample_aspect_ratio": "64:45"})
    assert (film.width, film.height) == (1024, 576)


@pytest.mark.parametrize("size", [{"width": 8194}, {"height": 8194}, {"sample_aspect_ratio": "100:1"}])
def test_an_absurd_size_is_refused(size: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="expected at most 8192"):
        read({**PICTURE, **size})


@pytest.mark.parametrize("size", [{"width": 0}, {"height": -1}])
def test_no_size_is_refused(size: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="no picture size"):
        read({**PICTURE, **size})


def test_too_many_streams_are_refused() -> None:
    with pytest.raises(BadInput, match=r"found 65 streams in film\.mp4, expected at most 64"):
        read(*[{**PICTURE, "index": index} for index in range(65)])


@pytest.mark.parametrize("duration", [None, "N/A", "0.000", "-3"])
def test_a_film_without_duration_is_refused(duration: str | None) -> None:
    with pytest.raises(BadInput, match="found no duration"):
        read(PICTURE, duration=duration)


def test_a_film_longer_than_a_day_is_refused() -> None:
    with pytest.raises(BadInput, match=r"found 25\.0 hours"):
        read(PICTURE, duration="90000")


def test_an_avi_that_lost_frames_is_cut_short() -> None:
    with pytest.raises(BadInput, match="cut short"):
        read({**PICTURE, "nb_frames": "1700"}, format_name="avi")


@pytest.mark.parametrize(
    ("step", "average", "expected"),
    [
        ("25/1", "25/1", Fraction(25)),
        ("30/1", "555/94", Fraction(30)),
        ("90000/1", "30/1", Fraction(30)),
        ("120/1", "120/1", Fraction(60)),
        ("1/2", "1/2", Fraction(5)),
        ("0/0", "0/0", Fraction(25)),
        ("N/A", "", Fraction(25)),
    ],
)
def test_the_frame_rate_is_one_that_a_screen_shows(step: str, average: str, expected: Fraction) -> None:
    assert read({**PICTURE, "r_frame_rate": step, "avg_frame_rate": average}).rate == expected


def test_a_turn_that_is_no_number_is_refused() -> None:
    with pytest.raises(BadInput, match="makes no sense"):
        read({**PICTURE, "side_data_list": [{"rotation": []}]})


def test_an_interlaced_film_counts_frames_not_fields() -> None:
    film = read({**PICTURE, "r_frame_rate": "50/1", "avg_frame_rate": "25/1", "field_order": "tt"})
    assert film.interlaced and film.rate == 25


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"streams": {}, "format": {}}',
        b'{"streams": [], "format": []}',
        b'{"streams": [1], "format": {}}',
        b'{"streams": [{"codec_type": "video", "width": "x"}], "format": {}}',
        b'{"streams": [{"codec_type": "video", "width": 2, "height": 2, "index": 0}], "format": {"duration": "nan"}}',
        b'{"streams": [{"codec_type": "video", "width": 2, "height": 2, "index": 0}], "format": {"duration": "inf"}}',
        b"\xff\xfe",
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(answer: bytes) -> None:
    with pytest.raises(BadInput, match=r"film\.mp4"):
        parse_description("film.mp4", answer)
