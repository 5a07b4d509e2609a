"""What a file is, before anything is made of it: a film that decodes to its end, or one sentence why not."""

from __future__ import annotations

import asyncio
import hashlib
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from cinepeer.adapters.media.captions import Caption
from cinepeer.adapters.media.description import Description, cut_short, parse_description
from cinepeer.adapters.media.program import Limits, Outcome, read_only, run_program
from cinepeer.content.cues import Chapter
from cinepeer.errors import BadInput

_LIMITS = Limits(cpu_s=120, memory_bytes=4 << 30, file_bytes=0, wall_s=120)
_PACKET_LIMITS = Limits(cpu_s=600, memory_bytes=4 << 30, file_bytes=0, wall_s=120, output_bytes=1 << 30)
_TAIL_S = 10.0
_LOST_S = 1.0
_LOST_SHARE = 0.005
_FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")
_CUT_SHORT = ("partial file", "File ended prematurely", "moov atom not found", "Truncated")


@dataclass(frozen=True, slots=True)
class Probe:
    """A whole film file as found. Width and height are as shown: pixels square, the picture turned."""

    duration_ms: int
    width: int
    height: int
    frame_rate: float
    has_audio: bool
    container: str
    codecs: tuple[str, ...]
    size_bytes: int
    sha256: bytes
    rate: Fraction
    picture_stream: int
    sound_stream: int | None
    interlaced: bool
    is_hdr: bool = False
    captions: tuple[Caption, ...] = ()
    chapters: tuple[Chapter, ...] = ()


async def probe(path: Path) -> Probe:
    """Examines the file in limited subprocesses; raises `BadInput` for whatever is not a whole film."""
    path = Path(path)
    size_bytes = _size(path)
    shown = ("-show_format", "-show_streams", "-show_chapters")
    outcome = await run_program("ffprobe", ("-v", "error", "-print_format", "json", *shown, *read_only(path)), _LIMITS)
    if outcome.status:
        raise _unreadable(path, outcome)
    film = parse_description(path.name, outcome.output)
    await _check_end(path, film)
    return Probe(
        duration_ms=film.duration_ms,
        width=film.width,
        height=film.height,
        frame_rate=float(film.rate),
        has_audio=film.sound_stream is not None,
        container=film.container,
        codecs=film.codecs,
        size_bytes=size_bytes,
        sha256=await asyncio.to_thread(_sha256, path),
        rate=film.rate,
        picture_stream=film.picture_stream,
        sound_stream=film.sound_stream,
        interlaced=film.interlaced,
        is_hdr=film.is_hdr,
        captions=film.captions,
        chapters=film.chapters,
    )


def _size(path: Path) -> int:
    """The size of a file that is there and is not empty."""
    if path.is_dir():
        raise BadInput(f"found the folder {path}, expected a film file")
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise BadInput(f"found {path}, which is a pipe or a device, expected a film file")
        with path.open("rb") as file:
            file.read(1)
    except FileNotFoundError:
        raise BadInput(f"found no file {path}, expected a film file") from None
    except OSError as error:
        raise BadInput(f"found {path} that cannot be read ({error.strerror}), expected a film file") from None
    if status.st_size == 0:
        raise BadInput(f"found {path.name} empty (0 bytes), expected a film file")
    return status.st_size


def _unreadable(path: Path, outcome: Outcome) -> BadInput:
    """The sentence for a file that ffprobe could not read."""
    with path.open("rb") as file:
        start = file.read(512)
    # ffmpeg trusts the name of a file when its bytes tell nothing: a text called .mp4 has lost its index, it says.
    if outcome.says(*_CUT_SHORT) and (start[4:8] in _FIRST_BOXES or not outcome.says("moov atom")):
        return cut_short(path.name)
    if _is_text(start):
        return BadInput(f"found {path.name}, which starts like a text, expected a video file")
    # ffmpeg names the file before the reason; the person knows the file.
    reason = outcome.last_word.rsplit(": ", 1)[-1]
    return BadInput(f"found {path.name}, which is no film that ffmpeg can read ({reason}), expected a video file")


def _is_text(start: bytes) -> bool:
    """Whether the first bytes of a file read as UTF-8 without control signs; the last sign may be cut."""
    words = start.decode("utf-8", errors="replace").removesuffix("\N{REPLACEMENT CHARACTER}")
    return all(sign.isprintable() or sign in "\t\n\r\f" for sign in words.replace("\N{REPLACEMENT CHARACTER}", "\0"))


async def _check_end(path: Path, film: Description) -> None:
    """Raises `BadInput` unless the film reaches the end that it declares, and its first and last picture decode."""
    seconds = film.duration_ms / 1000
    times = _Times(film.picture_stream, film.start_s)
    outcome = await run_program(
        "ffprobe",
        (
            *("-v", "error", "-print_format", "compact=nk=1:p=0"),
            *("-show_entries", "packet=stream_index,pts_time,duration_time"),
            *("-read_intervals", f"{max(0.0, seconds - _TAIL_S):.3f}%", *read_only(path)),
        ),
        _PACKET_LIMITS,
        on_output=times.read,
    )
    lost_s = seconds - times.end_s
    if outcome.says(*_CUT_SHORT) or times.picture_s is None or lost_s > max(_LOST_S, seconds * _LOST_SHARE):
        raise cut_short(path.name)
    await _check_decodes(path, film.picture_stream, (0.0,))
    # Where there is no index, seeking may land behind the last key frame: then from further back.
    await _check_decodes(path, film.picture_stream, [max(0.0, times.picture_s - back_s) for back_s in (0.5, 15.0)])


class _Times:
    """Where the last packet ends, and when the last of the picture starts, from ffprobe's lines as they come."""

    def __init__(self, picture_stream: int, start_s: float) -> None:
        self.end_s = 0.0
        self.picture_s: float | None = None
        self._stream = str(picture_stream)
        self._start_s = start_s
        self._rest = b""

    def read(self, piece: bytes) -> None:
        """Takes the next piece of output."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            stream, *times = line.decode(errors="replace").split("|")
            known = [float(time) for time in times[:2] if _is_number(time)]
            if known and _is_number(times[0]):
                time_s = known[0] - self._start_s
                self.end_s = max(self.end_s, time_s + sum(known[1:]))
                if stream == self._stream:
                    self.picture_s = max(self.picture_s or 0.0, time_s)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).replace("-", "", 1).isdigit()


async def _check_decodes(path: Path, stream: int, starts_s: Sequence[float]) -> None:
    """Raises `BadInput` unless a picture decodes from one of the times on, tried in turn."""
    for start_s in starts_s:
        outcome = await run_program(
            "ffmpeg",
            (
                *("-nostdin", "-v", "error", "-threads", "2", "-ss", f"{start_s:.3f}", *read_only(path)),
                *("-map", f"0:{stream}", "-frames:v", "1", "-f", "framemd5", "pipe:1"),
            ),
            _LIMITS,
        )
        if not outcome.status and any(line and not line.startswith(b"#") for line in outcome.output.splitlines()):
            return
    raise BadInput(
        f"found {path.name}, whose picture at {starts_s[0]:.1f} s does not decode ({outcome.last_word}), "
        "expected a film that plays to its end"
    )


def _sha256(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
