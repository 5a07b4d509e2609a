"""HLS playlists (RFC 8216) as a version of a film holds them: names beside the playlist, nothing else is followed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from cinepeer.content.unixfs import is_name
from cinepeer.errors import Refused

MAX_PLAYLIST_BYTES = 4 << 20
MAX_SEGMENTS = 100_000
MAX_SEGMENT_S = 3600

_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^",]*)(?:,|$)')
_NUMBER = re.compile(r"[0-9]{1,15}")
_RESOLUTION = re.compile(r"([0-9]{1,5})x([0-9]{1,5})")
_DURATION = re.compile(r"[0-9]{1,10}(\.[0-9]{1,9})?")


@dataclass(frozen=True, slots=True)
class Variant:
    """One rendition of the picture in a master playlist; `name` is its playlist, `audio` the group it plays with."""

    name: str
    bandwidth: int
    width: int
    height: int
    codecs: str
    audio: str


@dataclass(frozen=True, slots=True)
class Track:
    """An audio or subtitle rendition; `name` is its playlist, or "" when it lies inside the variants."""

    sort: str
    group: str
    label: str
    language: str
    name: str
    is_default: bool


@dataclass(frozen=True, slots=True)
class Master:
    """A master playlist, variants in its order."""

    variants: tuple[Variant, ...]
    tracks: tuple[Track, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """One piece of a rendition: its file and how long it plays, in microseconds."""

    name: str
    duration_us: int


@dataclass(frozen=True, slots=True)
class Media:
    """A rendition's playlist: its initialisation file ("" without one) and its segments in order."""

    init: str
    segments: tuple[Segment, ...]

    @property
    def duration_ms(self) -> int:
        """How long all segments play."""
        return sum(segment.duration_us for segment in self.segments) // 1000


def parse_master(data: bytes) -> Master:
    """Reads a master playlist; raises `Refused` (`bad-playlist`, `bad-reference`)."""
    variants: list[Variant] = []
    tracks: list[Track] = []
    stream: dict[str, str] | None = None
    for line in _lines(data):
        if not line.startswith("#"):
            if stream is None:
                raise Refused("bad-playlist", f"found the file {line[:80]!r} without a description, expected one")
            variants.append(_variant(stream, line))
            stream = None
        elif stream is not None:
            raise Refused("bad-playlist", f"found {line[:80]!r}, expected the name of a rendition's playlist")
        elif line.startswith("#EXT-X-STREAM-INF:"):
            stream = _attributes(line)
        elif line.startswith("#EXT-X-MEDIA:"):
            tracks.append(_track(_attributes(line)))
        else:
            _check_harmless(line, ("#EXTINF", "#EXT-X-TARGETDURATION", "#EXT-X-MAP"))
    if stream is not None or not variants:
        raise Refused("bad-playlist", f"found {len(variants)} whole renditions, expected at least one and none cut off")
    return Master(tuple(variants), tuple(tracks))


def parse_media(data: bytes) -> Media:
    """Reads the finished playlist of one rendition; raises `Refused` (`bad-playlist`, `bad-reference`)."""
    init = ""
    segments: list[Segment] = []
    duration_us: int | None = None
    is_ended = False
    for line in _lines(data):
        if is_ended:
            raise Refused("bad-playlist", f"found {line[:80]!r} after the end of the playlist, expected nothing")
        if not line.startswith("#"):
            if duration_us is None:
                raise Refused("bad-playlist", f"found the segment {line[:80]!r} without a duration, expected one")
            segments.append(Segment(_reference(line), duration_us))
            duration_us = None
        elif line.startswith("#EXTINF:"):
            duration_us = _duration_us(line.removeprefix("#EXTINF:").split(",")[0])
        elif line.startswith("#EXT-X-MAP:"):
            if init or segments:
                raise Refused("bad-playlist", "found another initialisation file, expected one before all segments")
            init = _reference(_text(_attributes(line), "URI"))
        elif line == "#EXT-X-ENDLIST":
            is_ended = True
        else:
            _check_harmless(line, ("#EXT-X-STREAM-INF", "#EXT-X-MEDIA:", "#EXT-X-BYTERANGE", "#EXT-X-DISCONTINUITY"))
        if len(segments) > MAX_SEGMENTS:
            raise Refused("bad-playlist", f"found more than {MAX_SEGMENTS} segments, expected at most that")
    if not is_ended or duration_us is not None or not segments:
        raise Refused("bad-playlist", f"found a playlist cut after {len(segments)} segments, expected its end")
    return Media(init, tuple(segments))


def _lines(data: bytes) -> Iterator[str]:
    """The lines after the first, which must say what this is."""
    if len(data) > MAX_PLAYLIST_BYTES:
        raise Refused("bad-playlist", f"found a playlist of {len(data)} bytes, expected at most {MAX_PLAYLIST_BYTES}")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Refused("bad-playlist", "found bytes that are no text, expected a playlist in UTF-8") from None
    first, *rest = text.replace("\r\n", "\n").split("\n")
    if first != "#EXTM3U":
        raise Refused("bad-playlist", f"found {first[:40]!r} at the start, expected #EXTM3U")
    for line in rest:
        if line != line.strip() or any(ord(letter) < 0x20 for letter in line):
            raise Refused("bad-playlist", f"found the line {line[:80]!r}, expected one without blanks around it")
        if line:
            yield line


def _check_harmless(line: str, misplaced: tuple[str, ...]) -> None:
    """A tag that is not read here may be skipped, unless it belongs to the other playlist or names something."""
    if line.startswith(misplaced):
        raise Refused("bad-playlist", f"found {line[:80]!r}, expected no such line in this playlist")
    if line.startswith("#EXT") and "URI" in line:
        raise Refused("bad-reference", f"found {line[:80]!r}, expected no file to be named there")


def _attributes(line: str) -> dict[str, str]:
    """The attribute list of a tag, values without their quotes."""
    text = line.partition(":")[2]
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _ATTRIBUTE.match(text, at)
        if match is None or match[1] in found:
            raise Refused("bad-playlist", f"found the attributes {text[:120]!r}, expected each as NAME=VALUE, once")
        found[match[1]] = match[2].strip('"')
        at = match.end()
    return found


def _text(attributes: dict[str, str], name: str) -> str:
    if name not in attributes:
        raise Refused("bad-playlist", f"found no {name} in {sorted(attributes)}, expected it")
    return attributes[name]


def _variant(attributes: dict[str, str], name: str) -> Variant:
    bandwidth = _text(attributes, "BANDWIDTH")
    size = _RESOLUTION.fullmatch(attributes.get("RESOLUTION", "0x0"))
    if not _NUMBER.fullmatch(bandwidth) or size is None:
        raise Refused("bad-playlist", f"found {attributes}, expected a bandwidth and a resolution in numbers")
    codecs, audio = attributes.get("CODECS", ""), attributes.get("AUDIO", "")
    return Variant(_reference(name), int(bandwidth), int(size[1]), int(size[2]), codecs, audio)


def _track(attributes: dict[str, str]) -> Track:
    return Track(
        _text(attributes, "TYPE"),
        _text(attributes, "GROUP-ID"),
        _text(attributes, "NAME"),
        attributes.get("LANGUAGE", ""),
        _reference(attributes["URI"]) if "URI" in attributes else "",
        attributes.get("DEFAULT", "NO") == "YES",
    )


def _reference(text: str) -> str:
    """A relative path of plain names; raises `Refused` (`bad-reference`) for anything that could lead elsewhere."""
    plain = all(is_name(name) for name in text.split("/"))
    if not plain or any(letter in '\\?#%:"' or ord(letter) < 0x21 for letter in text):
        raise Refused("bad-reference", f"found the reference {text[:120]!r}, expected a plain name beside the playlist")
    return text


def _duration_us(text: str) -> int:
    try:
        if not _DURATION.fullmatch(text):
            raise InvalidOperation
        seconds = Decimal(text)
    except InvalidOperation:
        raise Refused("bad-playlist", f"found the duration {text[:40]!r}, expected seconds") from None
    if not 0 < seconds <= MAX_SEGMENT_S:
        raise Refused("bad-playlist", f"found a segment of {text} s, expected at most {MAX_SEGMENT_S}")
    return int(seconds * 1_000_000)
