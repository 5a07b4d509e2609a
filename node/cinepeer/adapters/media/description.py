"""What ffprobe says of a film, read strictly: the streams that play, the shown size, the length, the frame rate."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from cinepeer.adapters.media.captions import Caption, parse_captions
from cinepeer.content.cues import Chapter, chapters_of
from cinepeer.errors import BadInput

MAX_SIDE = 8192
MAX_STREAMS = 64
MAX_HOURS = 24

_SLOWEST, _FASTEST = Fraction(5), Fraction(60)
_FIELD_ORDERS = ("tt", "bb", "tb", "bt")
# The two curves of high dynamic range (ITU-R BT.2100).
_HDR_CURVES = ("smpte2084", "arib-std-b67")


@dataclass(frozen=True, slots=True)
class Description:
    """A film as its file describes it; the sizes are as shown on a screen, the times in milliseconds or seconds."""

    duration_ms: int
    start_s: float
    width: int
    height: int
    rate: Fraction
    container: str
    codecs: tuple[str, ...]
    picture_stream: int
    sound_stream: int | None
    interlaced: bool
    is_hdr: bool = False
    captions: tuple[Caption, ...] = ()
    chapters: tuple[Chapter, ...] = ()


def parse_description(name: str, data: bytes) -> Description:
    """Reads ffprobe's JSON about the file called `name`; raises `BadInput` for what is no film within the limits."""
    try:
        found = json.loads(data)
        streams, container = found["streams"], found["format"]
        if not isinstance(streams, list) or not isinstance(container, dict):
            raise TypeError
        if len(streams) > MAX_STREAMS:
            raise BadInput(f"found {len(streams)} streams in {name}, expected at most {MAX_STREAMS}")
        marks = found.get("chapters", [])
        return _describe(name, streams, container, marks if isinstance(marks, list) else [])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, ZeroDivisionError):
        raise BadInput(f"found {name} with a description that makes no sense, expected a film") from None


def _describe(
    name: str, streams: list[dict[str, Any]], container: Mapping[str, Any], marks: list[dict[str, Any]]
) -> Description:
    """The film in ffprobe's answer, whose outline is checked."""
    pictures = [s for s in streams if s["codec_type"] == "video" and not s.get("disposition", {}).get("attached_pic")]
    sounds = [s for s in streams if s["codec_type"] == "audio" and int(s.get("channels", 0)) > 0]
    if not pictures:
        lack = "sound only" if sounds else "no picture"
        raise BadInput(f"found {name} with {lack}, expected a film: it has a picture")
    picture = _preferred(pictures)
    sound = _preferred(sounds) if sounds else None
    width, height = _shown_size(name, picture)
    return Description(
        duration_ms=_duration_ms(name, picture, container),
        start_s=_seconds(container.get("start_time")),
        width=width,
        height=height,
        rate=_rate(picture),
        container=str(container["format_name"]),
        codecs=tuple(str(s.get("codec_name", "unknown")) for s in (picture, sound) if s is not None),
        picture_stream=int(picture["index"]),
        sound_stream=None if sound is None else int(sound["index"]),
        interlaced=picture.get("field_order") in _FIELD_ORDERS,
        is_hdr=picture.get("color_transfer") in _HDR_CURVES,
        captions=parse_captions(streams),
        chapters=tuple(
            chapters_of(
                (round(1000 * _seconds(one["start_time"])), str(one.get("tags", {}).get("title", ""))) for one in marks
            )
        ),
    )


def _preferred(streams: list[dict[str, Any]]) -> dict[str, Any]:
    """The stream that the file marks as its default, else the first."""
    return next((s for s in streams if s.get("disposition", {}).get("default")), streams[0])


def _shown_size(name: str, picture: Mapping[str, Any]) -> tuple[int, int]:
    """Width and height on the screen: pixels made square, the picture turned as the file asks."""
    width, height = int(picture.get("width", 0)), int(picture.get("height", 0))
    if width <= 0 or height <= 0:
        raise BadInput(f"found no picture size in {name}, expected a film that ffmpeg can decode")
    aspect = _fraction(picture.get("sample_aspect_ratio", "1:1").replace(":", "/")) or Fraction(1)
    shown = max(1, round(width * aspect))
    if max(width, shown, height) > MAX_SIDE:
        raise BadInput(f"found a picture of {shown}x{height} in {name}, expected at most {MAX_SIDE} on a side")
    turns = [float(side["rotation"]) for side in picture.get("side_data_list", []) if "rotation" in side]
    return (height, shown) if any(round(turn) % 180 for turn in turns) else (shown, height)


def _duration_ms(name: str, picture: Mapping[str, Any], container: Mapping[str, Any]) -> int:
    """How long the film is, as its container says."""
    seconds = _seconds(container.get("duration")) or _seconds(picture.get("duration"))
    if seconds <= 0:
        raise BadInput(f"found no duration in {name}, expected a film that says how long it is")
    if seconds > MAX_HOURS * 3600:
        raise BadInput(f"found {seconds / 3600:.1f} hours in {name}, expected at most {MAX_HOURS}")
    # An AVI without its index is as long as what is left of it, but its header still counts all frames.
    frames, rate = str(picture.get("nb_frames", "")), _fraction(picture.get("avg_frame_rate", ""))
    if container.get("format_name") == "avi" and frames.isdigit() and rate and int(frames) / rate > 1.02 * seconds + 1:
        raise cut_short(name)
    return max(1, round(seconds * 1000))


def cut_short(name: str) -> BadInput:
    """The error for a film whose end is missing."""
    return BadInput(f"found {name} cut short (its end is missing), expected the whole film")


def _seconds(text: object) -> float:
    """A finite number of seconds, or 0 where ffprobe says N/A or nothing."""
    if not isinstance(text, str) or text == "N/A":
        return 0.0
    seconds = float(text)
    if not math.isfinite(seconds):
        raise ValueError
    return seconds


def _rate(picture: Mapping[str, Any]) -> Fraction:
    """Frames a second for all renditions: the finest step that the film uses, within what a screen shows."""
    average = _fraction(picture.get("avg_frame_rate", ""))
    step = _fraction(picture.get("r_frame_rate", ""))
    if picture.get("field_order") in _FIELD_ORDERS or (step is not None and not _SLOWEST <= step <= _FASTEST):
        step = None
    rate = (step or average or Fraction(25)).limit_denominator(1001)
    return min(max(rate, _SLOWEST), _FASTEST)


def _fraction(text: str) -> Fraction | None:
    """A positive fraction such as 24000/1001; None for 0/0, N/A and the like."""
    over, _, under = text.partition("/")
    if not (over + under).isascii() or not over.isdigit() or not under.isdigit() or not int(over) or not int(under):
        return None
    return Fraction(int(over), int(under))
