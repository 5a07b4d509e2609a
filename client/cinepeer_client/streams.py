"""The playlists of a version, read strictly (RFC 8216): what they name lies in the version's own folder."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from cinepeer.errors import Refused

MAX_SEGMENTS = 100_000
_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s]+)(?:,|$)')
_NUMBER = re.compile(r"\d{1,9}(\.\d{1,9})?\Z")


@dataclass(frozen=True, slots=True)
class Choice:
    """One rendition that a master playlist offers; `sound` is the path of its audio group's playlist."""

    path: str
    width: int
    height: int
    bandwidth: int
    sound: str | None

    @property
    def name(self) -> str:
        """The folder that it lies in."""
        return posixpath.dirname(self.path) or self.path


@dataclass(frozen=True, slots=True)
class Parts:
    """One rendition's files in order, as paths from the version's root."""

    init: str
    segments: tuple[str, ...]
    seconds: float


def parse_master(data: bytes) -> list[Choice]:
    """The renditions of `master.m3u8`, highest bandwidth first; raises `Refused` (`bad-playlist`)."""
    sounds: dict[str, str] = {}
    pending: dict[str, str] | None = None
    found: list[tuple[dict[str, str], str]] = []
    for line in _lines(data):
        if line.startswith("#EXT-X-MEDIA:"):
            media = _attributes(line)
            if media.get("TYPE") == "AUDIO" and "URI" in media:
                sounds.setdefault(media.get("GROUP-ID", ""), _inside("", media["URI"]))
        elif line.startswith("#EXT-X-STREAM-INF:"):
            pending = _attributes(line)
        elif not line.startswith("#"):
            if pending is None:
                raise _bad(f"the line {line[:80]!r} without a rendition before it")
            found.append((pending, _inside("", line)))
            pending = None
    if not found:
        raise _bad("no rendition")
    choices = [_choice(stream, path, sounds) for stream, path in found]
    return sorted(choices, key=lambda choice: -choice.bandwidth)


def _choice(stream: dict[str, str], path: str, sounds: dict[str, str]) -> Choice:
    size = re.fullmatch(r"(\d{1,5})x(\d{1,5})", stream.get("RESOLUTION", ""))
    bandwidth = stream.get("BANDWIDTH", "")
    if size is None or not re.fullmatch(r"\d{1,12}", bandwidth):
        raise _bad(f"a rendition {path} without size or bandwidth")
    group = stream.get("AUDIO")
    if group is not None and group not in sounds:
        raise _bad(f"the audio group {group[:80]!r} that is not there")
    return Choice(path, int(size[1]), int(size[2]), int(bandwidth), None if group is None else sounds[group])


def parse_media(path: str, data: bytes) -> Parts:
    """The init part and segments of the media playlist that lies at `path`; raises `Refused` (`bad-playlist`)."""
    folder = posixpath.dirname(path)
    init, seconds, pending, ended = None, 0.0, None, False
    segments = []
    for line in _lines(data):
        if line.startswith("#EXT-X-MAP:"):
            if init is not None:
                raise _bad("a second init part")
            init = _inside(folder, _attributes(line).get("URI", ""))
        elif line.startswith("#EXTINF:"):
            pending = line.removeprefix("#EXTINF:").split(",")[0]
            if not _NUMBER.match(pending):
                raise _bad(f"the duration {pending[:40]!r}")
        elif line.startswith(("#EXT-X-KEY:", "#EXT-X-BYTERANGE:")):
            raise _bad(f"{line.split(':')[0]}, which this client does not play")
        elif line == "#EXT-X-ENDLIST":
            ended = True
        elif not line.startswith("#"):
            if pending is None:
                raise _bad(f"the segment {line[:80]!r} without its duration")
            segments.append(_inside(folder, line))
            seconds += float(pending)
            pending = None
    if init is None or not segments or not ended or len(segments) > MAX_SEGMENTS:
        raise _bad(
            f"{len(segments)} segments, {'no' if init is None else 'an'} init part, {'an' if ended else 'no'} end"
        )
    return Parts(init, tuple(segments), seconds)


def _lines(data: bytes) -> Iterator[str]:
    """The lines of a playlist that say something."""
    try:
        lines = data.decode().splitlines()
    except UnicodeDecodeError:
        raise _bad("other bytes than UTF-8") from None
    if not lines or lines[0] != "#EXTM3U":
        raise _bad("another first line than #EXTM3U")
    return (line for line in (line.strip() for line in lines[1:]) if line)


def _attributes(line: str) -> dict[str, str]:
    """The attributes of a tag; a list with anything between them is refused."""
    text = line.partition(":")[2]
    found, at = {}, 0
    for match in _ATTRIBUTE.finditer(text):
        if match.start() != at or match[1] in found:
            raise _bad(f"the attributes {text[:80]!r}")
        found[match[1]] = match[2].strip('"')
        at = match.end()
    if at != len(text):
        raise _bad(f"the attributes {text[:80]!r}")
    return found


def _inside(folder: str, uri: str) -> str:
    """The path from the root of a file that a playlist names; an address or a way out of the folder is refused."""
    path = posixpath.normpath(posixpath.join(folder, uri))
    strange = any(sign in uri for sign in ":?#%\\") or any(not sign.isprintable() for sign in uri)
    if not uri or strange or uri.startswith("/") or ".." in uri.split("/") or path == ".":
        raise _bad(f"the address {uri[:80]!r}, which is no file of this film")
    return path


def _bad(found: str) -> Refused:
    return Refused("bad-playlist", f"found {found} in a playlist, expected a film of fMP4 segments")
