"""Reads back what ffmpeg wrote and writes the master playlist over it, from measured figures (RFC 8216)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cinepeer.adapters.media.captions import Track
from cinepeer.errors import BadInput, LimitReached

_AAC_LC = "mp4a.40.2"


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment file of a rendition."""

    name: str
    seconds: float
    size_bytes: int


def read_segments(folder: Path) -> list[Segment]:
    """The segments that `index.m3u8` in `folder` lists, in order.

    ffmpeg ends well though its HLS files were not written to their end, so each of them is checked to be whole:
    raises `LimitReached` where one is not, and `BadInput` where there is none.
    """
    lines = (folder / "index.m3u8").read_text().splitlines()
    if not lines or lines[-1] != "#EXT-X-ENDLIST":
        raise _incomplete(folder / "index.m3u8")
    seconds, found = 0.0, []
    for line in lines:
        if line.startswith("#EXTINF:"):
            seconds = float(line.removeprefix("#EXTINF:").split(",")[0])
        elif line.startswith("#EXT-X-MAP:URI="):
            _check_boxes(folder / line.split('"')[1], {b"ftyp", b"moov"})
        elif line and not line.startswith("#"):
            found.append(Segment(line, seconds, _check_boxes(folder / line, {b"moof", b"mdat"})))
    if not found or min(segment.seconds for segment in found) <= 0:
        raise BadInput(f"found nothing to show in {folder.name}, expected at least one segment")
    return found


def _check_boxes(path: Path, needed: set[bytes]) -> int:
    """The size of an MP4 part whose boxes fill it exactly and hold those `needed`."""
    kinds, at, size_bytes = set(), 0, path.stat().st_size
    with path.open("rb") as file:
        while at + 8 <= size_bytes:
            file.seek(at)
            length, kind = struct.unpack(">I4s", file.read(8))
            kinds.add(kind)
            at += max(8, length)
    if at != size_bytes or not needed <= kinds:
        raise _incomplete(path)
    return size_bytes


def _incomplete(path: Path) -> LimitReached:
    return LimitReached(
        f"found {path.parent.name}/{path.name} not written to its end, expected room on the disk; nothing was kept"
    )


def bandwidths(segments: Sequence[Segment]) -> tuple[int, int]:
    """The highest and the mean bits a second; a last segment of a few frames says nothing about the highest."""
    longest = max(segment.seconds for segment in segments)
    whole = [segment for segment in segments if segment.seconds >= longest / 2]
    highest = max(round(8 * segment.size_bytes / segment.seconds) for segment in whole)
    mean = round(8 * sum(s.size_bytes for s in segments) / sum(s.seconds for s in segments))
    return max(highest, mean), mean


@dataclass(frozen=True, slots=True)
class Line:
    """One rendition of the picture as the master playlist names it."""

    name: str
    width: int
    height: int
    highest: int
    mean: int
    codec: str


def write_master(
    lines: Sequence[Line], frame_rate: float, sound: tuple[int, int] | None, captions: Sequence[Track] = ()
) -> str:
    """The text of `master.m3u8`; `sound` is the highest and mean bits a second of the audio group, if there is one."""
    text = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    group, codecs = "", ""
    if sound is not None:
        text.append(
            '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="sound",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",'
            'URI="audio/index.m3u8"'
        )
        group, codecs = ',AUDIO="sound"', f",{_AAC_LC}"
    names = _distinct([track.name for track in captions])
    for track, name in zip(captions, names, strict=True):
        text.append(
            f'#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",NAME="{name}",LANGUAGE="{track.language}",'
            f'DEFAULT=NO,AUTOSELECT=YES,URI="{track.folder}/index.m3u8"'
        )
    group += ',SUBTITLES="captions"' if captions else ""
    more_highest, more_mean = sound or (0, 0)
    for line in lines:
        text.append(
            f"#EXT-X-STREAM-INF:BANDWIDTH={line.highest + more_highest},AVERAGE-BANDWIDTH={line.mean + more_mean},"
            f'CODECS="{line.codec}{codecs}",RESOLUTION={line.width}x{line.height},FRAME-RATE={frame_rate:.3f}{group}'
        )
        text.append(f"{line.name}/index.m3u8")
    return "\n".join(text) + "\n"


def _distinct(names: Sequence[str]) -> list[str]:
    """The names of a group's members, which have to differ: a number is put behind one that comes again."""
    return [name if name not in names[:place] else f"{name} {place + 1}" for place, name in enumerate(names)]


def picture_codec(init: bytes) -> str:
    """The name of the H.264 profile and level in an init part (RFC 6381, from its `avcC` box)."""
    at = init.find(b"avcC")
    if at < 0 or len(init) < at + 8:
        raise BadInput("found an init part without H.264 settings, expected those of the encoder")
    return "avc1." + init[at + 5 : at + 8].hex()
