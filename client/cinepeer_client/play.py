"""Plays a film from nodes that are not believed: every file is read through its id from the version's root."""

from __future__ import annotations

import hashlib
import posixpath
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from cinepeer.content.playlist import MAX_PLAYLIST_BYTES, Master, Variant, parse_master, parse_media
from cinepeer.errors import BadInput, CheckFailed, LimitReached, Refused
from cinepeer_client import decode
from cinepeer_client.fetch import Nodes
from cinepeer_client.films import Film, Version
from cinepeer_client.licensed import Unlocked
from cinepeer_client.tree import Tree

MASTER = "master.m3u8"
MAX_SEGMENT_BYTES = 64 << 20
_AHEAD = 4

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Parts:
    """The files of a rendition or of the sound in order, as paths from the version's root."""

    init: str
    segments: tuple[str, ...]


@dataclass(slots=True)
class Played:
    """One rendition or the sound as it was played: verified segments, their bytes, and the ends."""

    init: bytes = b""
    first: bytes = b""
    last: bytes = b""
    segments: int = 0
    size_bytes: int = 0

    def take(self, data: bytes) -> None:
        """Counts the next segment."""
        self.first = self.first or data
        self.last = data
        self.segments += 1
        self.size_bytes += len(data)


class Showing:
    """One version opened for playing: its playlists are read and its rendition is chosen."""

    def __init__(self, nodes: Nodes, version: Version, height: int | None = None, key: bytes | None = None) -> None:
        """Raises `Refused` when the version's own files do not make a film, `BadInput` for a height it lacks."""
        self._tree = Tree(nodes, version.root, key)
        master = parse_master(self._tree.file(MASTER, MAX_PLAYLIST_BYTES))
        self.variant = _choose(master, height)
        self.picture = self._parts(self.variant.name)
        self.sound = self._sound(master)

    def _sound(self, master: Master) -> Parts | None:
        """The audio that the rendition plays with, where it lies apart from the picture."""
        for track in master.tracks:
            if track.sort == "AUDIO" and track.group == self.variant.audio and track.name:
                return self._parts(track.name)
        return None

    def _parts(self, path: str) -> Parts:
        media = parse_media(self._tree.file(path, MAX_PLAYLIST_BYTES))
        if not media.init:
            raise Refused("bad-playlist", f"found {path} without an initialisation file, expected fMP4 segments")
        folder = posixpath.dirname(path)
        return Parts(
            posixpath.join(folder, media.init),
            tuple(posixpath.join(folder, segment.name) for segment in media.segments),
        )

    def play(self, parts: Parts, out: BinaryIO | None, tell: Callable[[], None]) -> Played:
        """Reads a rendition to its end, each segment verified before it is written to `out`."""
        track = Played(init=self._tree.file(parts.init, MAX_SEGMENT_BYTES))
        track.size_bytes += len(track.init)
        if out is not None:
            out.write(track.init)
        for data in self._ahead(parts.segments):
            if out is not None:
                out.write(data)
            track.take(data)
            tell()
        return track

    def _ahead(self, paths: Sequence[str]) -> Iterator[bytes]:
        """The files in order, a few of them read before they are due."""
        with ThreadPoolExecutor(_AHEAD, thread_name_prefix="play") as pool:
            waiting: deque[Future[bytes]] = deque()
            left = iter(paths)
            try:
                for path in left:
                    waiting.append(pool.submit(self._tree.file, path, MAX_SEGMENT_BYTES))
                    if len(waiting) == _AHEAD:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()


def _choose(master: Master, height: int | None) -> Variant:
    """The rendition of the highest bandwidth, or the one of the given height."""
    variants = sorted(master.variants, key=lambda variant: -variant.bandwidth)
    for variant in variants:
        if height is None or variant.height == height:
            return variant
    offered = ", ".join(str(variant.height) for variant in variants)
    raise BadInput(f"found no rendition of height {height}, expected one of {offered}")


def play(
    nodes: Nodes,
    film: Film,
    version: Version,
    *,
    height: int | None = None,
    out: Path | None = None,
    frames: bool = False,
    progress: Progress | None = None,
    unlocked: Unlocked | None = None,
) -> dict[str, Any]:
    """Plays a version to its end, into `out` when given; returns the proof. A sealed one needs its key.

    Raises `CheckFailed` where a byte, a playlist or a picture does not hold, `Unreachable` where nobody gives it.
    """
    if frames and not decode.has_ffmpeg():
        raise BadInput("found no ffmpeg on PATH, expected it for --frames: sudo apt-get install ffmpeg")
    try:
        showing = Showing(nodes, version, height, None if unlocked is None else unlocked.key)
        whole = len(showing.picture.segments) + (len(showing.sound.segments) if showing.sound else 0)
        steps = iter(range(1, whole + 1))
        tell = (lambda: progress(next(steps), whole)) if progress else (lambda: None)
        picture, sound = _write(showing, out, tell)
    except Refused as error:
        raise CheckFailed(str(error)) from error
    proof = _proof(nodes, film, version, showing.variant, picture, sound)
    if unlocked is not None:
        proof["licence"] = unlocked.shown()
    if out is not None:
        proof["out"] = {"file": str(out), "without_sound": sound is not None and not decode.has_ffmpeg()}
    if frames:
        ends = decode.decode_ends(picture.init + picture.first, picture.init + picture.last)
        proof["frames"] = {"first": asdict(ends[0]), "last": asdict(ends[1])}
    return proof


def _write(showing: Showing, out: Path | None, tell: Callable[[], None]) -> tuple[Played, Played | None]:
    """Plays picture and sound; the file at `out` appears whole or not at all."""
    if out is None:
        sound = None if showing.sound is None else showing.play(showing.sound, None, tell)
        return showing.play(showing.picture, None, tell), sound
    try:
        with tempfile.TemporaryDirectory(prefix=".cinepeer-", dir=out.absolute().parent) as name:
            folder, sound = Path(name), None
            with (folder / "picture.mp4").open("wb") as file:
                picture = showing.play(showing.picture, file, tell)
            if showing.sound is not None:
                with (folder / "sound.mp4").open("wb") as file:
                    sound = showing.play(showing.sound, file, tell)
            if sound is not None and decode.has_ffmpeg():
                decode.join(folder / "picture.mp4", folder / "sound.mp4", folder / "whole.mp4")
                (folder / "whole.mp4").replace(out)
            else:
                (folder / "picture.mp4").replace(out)
            return picture, sound
    except OSError as error:
        raise LimitReached(f"found that {out} cannot be written ({error.strerror}), expected room there") from error


def _proof(
    nodes: Nodes, film: Film, version: Version, variant: Variant, picture: Played, sound: Played | None
) -> dict[str, Any]:
    """What was played, in figures and digests that anybody may compare."""
    return {
        "film": str(film.id),
        "name": film.name,
        "version": str(version.id),
        "root": str(version.root),
        "rendition": {"playlist": variant.name, "width": variant.width, "height": variant.height},
        "segments": picture.segments + (sound.segments if sound else 0),
        "bytes": picture.size_bytes + (sound.size_bytes if sound else 0),
        "blocks": len(nodes.verified),
        "first_segment": hashlib.sha256(picture.first).hexdigest(),
        "last_segment": hashlib.sha256(picture.last).hexdigest(),
    }


def told(proof: dict[str, Any]) -> str:
    """A proof of playing in words."""
    rendition = proof["rendition"]
    lines = [
        f"{proof['name']}: {proof['segments']} segments, {proof['bytes']:,} bytes, {proof['blocks']} blocks verified, "
        f"{rendition['width']}x{rendition['height']}"
    ]
    if "out" in proof:
        lack = " (picture only: ffmpeg is needed to join the sound)" if proof["out"]["without_sound"] else ""
        lines.append(f"written to {proof['out']['file']}{lack}")
    for name, picture in proof.get("frames", {}).items():
        lines.append(f"{name} picture {picture['width']}x{picture['height']}, mean brightness {picture['mean']}")
    return "\n".join(lines)
