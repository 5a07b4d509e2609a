"""What a file is, before anything is made of it: a film that decodes to its end, or one sentence why not."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from cinepeer.adapters.media.program import Limits, Outcome, read_only, run_program
from cinepeer.errors import BadInput

MAX_SIDE = 8192
MAX_STREAMS = 64
MAX_HOURS = 24

_LIMITS = Limits(cpu_s=120, memory_bytes=4 << 30, file_bytes=0, wall_s=120)
_TAIL_S = 10.0
_LOST_S = 1.0
_LOST_SHARE = 0.005
_SLOWEST, _FASTEST = Fraction(5), Fraction(60)
_CUT_SHORT = ("partial file", "File ended prematurely", "moov atom not found", "end of file", "Truncated")


@dataclass(frozen=True, slots=True)
class Probe:
    """A film file as found. Width and height are as shown (turned, square pixels); `rate` is exact frames a second."""

    duration_ms: int
    width: int
    height: int
    rate: Fraction
    container: str
    codecs: tuple[str, ...]
    size_bytes: int
    sha256: bytes
    picture_stream: int
    sound_stream: int | None
    interlaced: bool = False

    @property
    def frame_rate(self) -> float:
        """Frames a second."""
        return float(self.rate)

    @property
    def has_audio(self) -> bool:
        """Whether there is sound."""
        return self.sound_stream is not None


async def probe(path: Path) -> Probe:
    """Examines the file in limited subprocesses; raises `BadInput` for whatever is not a whole film."""
    path = Path(path)
    size_bytes = _size(path)
    outcome = await run_program(
        "ffprobe", ("-v", "error", "-print_format", "json", "-show_format", "-show_streams", *read_only(path)), _LIMITS
    )
    if outcome.status:
        raise _unreadable(path, outcome)
    found = parse_description(path.name, outcome.output)
    await _check_end(path, found)
    digest = await asyncio.to_thread(_sha256, path)
    return Probe(size_bytes=size_bytes, sha256=digest, **found)


def _size(path: Path) -> int:
    """The size of a file that is there and is not empty."""
    if path.is_dir():
        raise BadInput(f"found the folder {path}, expected a film file")
    try:
        size_bytes = path.stat().st_size
        with path.open("rb") as file:
            file.read(1)
    except FileNotFoundError:
        raise BadInput(f"found no file {path}, expected a film file") from None
    except OSError as error:
        raise BadInput(f"found {path} that cannot be read ({error.strerror}), expected a film file") from None
    if size_bytes == 0:
        raise BadInput(f"found {path.name} empty (0 bytes), expected a film file")
    return size_bytes


def _unreadable(path: Path, outcome: Outcome) -> BadInput:
    """The sentence for a file that ffprobe could not read."""
    if outcome.says(*_CUT_SHORT):
        return _cut_short(path)
    # ffmpeg names the file before the reason; the person knows the file.
    reason = outcome.last_word.rsplit(": ", 1)[-1]
    return BadInput(f"found {path.name}, which is no film that ffmpeg can read ({reason}), expected a video file")


def _cut_short(path: Path) -> BadInput:
    return BadInput(f"found {path.name} cut short (its end is missing), expected the whole film")


def parse_description(name: str, description: bytes) -> dict[str, Any]:
    """Reads ffprobe's JSON strictly into the fields of `Probe` that it knows; raises `BadInput`."""
    try:
        data = json.loads(description)
        streams, container = data["streams"], data["format"]
        if not isinstance(streams, list) or not isinstance(container, dict):
            raise TypeError
        if len(streams) > MAX_STREAMS:
            raise BadInput(f"found {len(streams)} streams in {name}, expected at most {MAX_STREAMS}")
        return _fields(name, streams, container)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, ZeroDivisionError):
        raise BadInput(f"found {name} with a description that makes no sense, expected a film") from None


def _fields(name: str, streams: list[dict[str, Any]], container: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `Probe` from the checked outline of ffprobe's answer."""
    pictures = [s for s in streams if s["codec_type"] == "video" and not s.get("disposition", {}).get("attached_pic")]
    sounds = [s for s in streams if s["codec_type"] == "audio" and int(s.get("channels", 0)) > 0]
    if not pictures:
        raise BadInput(
            f"found {name} with {'sound only' if sounds else 'no picture'}, expected a film: it has a picture"
        )
    picture = _preferred(pictures)
    width, height = _shown_size(name, picture)
    return {
        "duration_ms": _duration_ms(name, picture, container),
        "width": width,
        "height": height,
        "rate": _rate(picture),
        "container": str(container["format_name"]),
        "codecs": tuple(str(s.get("codec_name", "unknown")) for s in (picture, *sounds[:1])),
        "picture_stream": int(picture["index"]),
        "sound_stream": int(_preferred(sounds)["index"]) if sounds else None,
        "interlaced": picture.get("field_order") in ("tt", "bb", "tb", "bt"),
    }


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
    turns = [int(float(side["rotation"])) for side in picture.get("side_data_list", []) if "rotation" in side]
    if any(turn % 180 for turn in turns):
        shown, height = height, shown
    if max(width, shown, height) > MAX_SIDE:
        raise BadInput(f"found a picture of {shown}x{height} in {name}, expected at most {MAX_SIDE} on a side")
    return shown, height


def _duration_ms(name: str, picture: Mapping[str, Any], container: Mapping[str, Any]) -> int:
    """How long the film is, as its container says."""
    text = container.get("duration") or picture.get("duration")
    seconds = float(text) if text else 0.0
    if not math.isfinite(seconds) or seconds <= 0:
        raise BadInput(f"found no duration in {name}, expected a film that says how long it is")
    if seconds > MAX_HOURS * 3600:
        raise BadInput(f"found {seconds / 3600:.1f} hours in {name}, expected at most {MAX_HOURS}")
    return round(seconds * 1000)


def _rate(picture: Mapping[str, Any]) -> Fraction:
    """Frames a second: the average, within what a screen shows."""
    rate = _fraction(picture.get("avg_frame_rate", "")) or _fraction(picture.get("r_frame_rate", "")) or Fraction(25)
    return min(max(rate.limit_denominator(1001), _SLOWEST), _FASTEST)


def _fraction(text: str) -> Fraction | None:
    """A positive fraction such as 24000/1001; None for 0/0, N/A and the like."""
    over, _, under = text.partition("/")
    if not over.isdigit() or not under.isdigit() or int(under) == 0 or int(over) == 0:
        return None
    return Fraction(int(over), int(under))


async def _check_end(path: Path, found: Mapping[str, Any]) -> None:
    """Raises `BadInput` unless the film reaches the end that it declares, and its first and last picture decode."""
    seconds = found["duration_ms"] / 1000
    times = _Times(found["picture_stream"])
    outcome = await run_program(
        "ffprobe",
        (
            *(
                "-v",
                "error",
                "-print_format",
                "compact=nk=1:p=0",
                "-show_entries",
                "packet=stream_index,pts_time,dts_time",
            ),
            *("-read_intervals", f"{max(0.0, seconds - _TAIL_S):.3f}%", *read_only(path)),
        ),
        Limits(cpu_s=600, memory_bytes=4 << 30, file_bytes=0, wall_s=120, output_bytes=1 << 30),
        on_output=times.read,
    )
    lost_s = seconds - times.latest
    if outcome.says(*_CUT_SHORT) or times.picture is None or lost_s > max(_LOST_S, seconds * _LOST_SHARE):
        raise _cut_short(path)
    for start_s in {0.0, max(0.0, times.picture - 0.5)}:
        await _check_decodes(path, found["picture_stream"], start_s)


class _Times:
    """The latest time of any packet, and of the picture's, from ffprobe's lines as they come."""

    def __init__(self, picture_stream: int) -> None:
        self.latest = 0.0
        self.picture: float | None = None
        self._stream = str(picture_stream)
        self._rest = b""

    def read(self, piece: bytes) -> None:
        """Takes the next piece of output."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            stream, *times = line.decode(errors="replace").split("|")
            known = [float(time) for time in times if _is_number(time)]
            if known:
                self.latest = max(self.latest, known[0])
                if stream == self._stream:
                    self.picture = max(self.picture or 0.0, known[0])


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).replace("-", "", 1).isdigit()


async def _check_decodes(path: Path, stream: int, start_s: float) -> None:
    """Raises `BadInput` unless a picture decodes from `start_s` on."""
    outcome = await run_program(
        "ffmpeg",
        (
            *("-nostdin", "-v", "error", "-ss", f"{start_s:.3f}", *read_only(path)),
            *("-map", f"0:{stream}", "-frames:v", "1", "-f", "framemd5", "pipe:1"),
        ),
        _LIMITS,
    )
    frames = [line for line in outcome.output.splitlines() if line and not line.startswith(b"#")]
    if outcome.status or not frames:
        raise BadInput(
            f"found {path.name}, whose picture at {start_s:.1f} s does not decode ({outcome.last_word}), "
            "expected a film that plays to its end"
        )


def _sha256(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
