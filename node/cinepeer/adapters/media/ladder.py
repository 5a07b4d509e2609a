"""Makes a film ready to stream: one ffmpeg run from any film to an HLS folder of fMP4 renditions."""

from __future__ import annotations

import asyncio
import dataclasses
import math
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cinepeer.adapters.media.captions import Track, write_captions, write_words
from cinepeer.adapters.media.examine import Examination, listening, looking, outputs, read_examination
from cinepeer.adapters.media.loudness import measure
from cinepeer.adapters.media.master import Line, bandwidths, picture_codec, read_segments, write_master
from cinepeer.adapters.media.picture import as_shown
from cinepeer.adapters.media.probe import Probe
from cinepeer.adapters.media.program import Limits, Outcome, read_only, run_program
from cinepeer.adapters.media.stills import write_poster
from cinepeer.adapters.media.storyboard import FOLDER as BOARDS
from cinepeer.adapters.media.storyboard import Storyboard
from cinepeer.content.cues import write_chapters
from cinepeer.content.fingerprint import WHOLE_FILE, encode_whole
from cinepeer.content.packaging import Packaging
from cinepeer.content.sound import SOUND_PACE
from cinepeer.errors import BadInput, LimitReached

SEGMENT_S = 4
SOUND = "audio"
POSTER, CHAPTERS = "poster.jpg", "chapters.vtt"
POSTER_HEIGHT = 720

# Height, the highest bits a second of the picture; H.264 at constant quality stays below for plain scenes.
RUNGS = ((1080, 5_000_000), (720, 2_800_000), (480, 1_200_000), (240, 420_000))
SOUND_BITS = 128_000
_OWN_RUNG = 1.125  # times the largest rung below: from here on a rung of the source's own height is worth its bytes
# x264's result depends on the number of its threads, and with a lookahead thread on chance: with these the same film
# gives the same bytes on any number of cores.
_ENCODER_THREADS = 4
# Bounds the memory of a run on a machine of many cores.
_DECODER_THREADS = "4"

# What ffmpeg puts before its words: the part that speaks, and how serious it is.
_TAGS = re.compile(r"\[[^\]]*\]\s*")

_JPEG_END = b"\xff\xd9"
_LOST_S = 1.0
_LOST_SHARE = 0.005

Progress = Callable[[float, float], None]
PLAIN = Packaging()


@dataclass(frozen=True, slots=True)
class Rendition:
    """One size of the picture; `name` is its folder, `bandwidth` the most bits a second of any segment."""

    name: str
    width: int
    height: int
    bandwidth: int


@dataclass(frozen=True, slots=True)
class Package:
    """What stands in the folder: `master.m3u8`, one folder for each rendition and the sound, `poster.jpg`."""

    renditions: tuple[Rendition, ...]
    has_audio: bool
    duration_ms: int
    segments: int
    size_bytes: int
    examination: Examination
    captions: tuple[str, ...] = ()
    chapters: int = 0
    gain_db: float | None = None
    took_s: float = field(default=0.0, compare=False)

    @property
    def hashes(self) -> tuple[int, ...]:
        """What the film looks like, twice a second."""
        return self.examination.hashes

    @property
    def sounds(self) -> tuple[int, ...]:
        """What the film sounds like, `HASHES_A_SECOND`; empty without sound."""
        return self.examination.sounds

    @property
    def findings(self) -> dict[str, object]:
        """What a creator is told of the film."""
        told = {"captions": list(self.captions), "chapters": self.chapters, "gain_db": self.gain_db}
        return self.examination.told() | {name: value for name, value in told.items() if value}


def sizes(width: int, height: int) -> list[tuple[int, int]]:
    """The (width, height) of each rung for a source, largest first: even numbers, never above the source.

    A source well above the largest rung that it reaches, and below the highest of all, has one of its own size too.
    """
    heights = [rung for rung, _ in RUNGS if rung <= height]
    own = max(2, 2 * (height // 2))
    if not heights or (own < RUNGS[0][0] and own >= _OWN_RUNG * heights[0]):
        heights.insert(0, own)
    return [(_even(width * rung / height), rung) for rung in heights]


def _even(length: float) -> int:
    """The nearest even number, at least 2: H.264 in 4:2:0 has no odd sizes."""
    return max(2, 2 * round(length / 2))


async def package(
    path: Path, out: Path, probe: Probe, progress: Progress | None = None, wished: Packaging = PLAIN
) -> Package:
    """Makes the folder `out`, whole or not at all; `progress(seconds_done, seconds_total)` is called as it goes.

    `wished`: what its creator adds or changes. Raises `BadInput` when the film cannot be encoded or `out` is there
    already, `LimitReached` when the disk is full.
    """
    begun_s = time.monotonic()
    if out.exists():
        raise BadInput(f"found {out} already there, expected a new folder for the renditions")
    partial = out.with_name(f".{out.name}.partial")
    await asyncio.to_thread(shutil.rmtree, partial, ignore_errors=True)
    try:
        _make_room(partial, probe)
        if wished.poster_s is not None:
            await write_poster(path, probe, wished.poster_s, POSTER_HEIGHT, partial / f"chosen-{POSTER}")
        gain_db = await _gain_db(path, probe, wished)
        told = await _encode(path, partial, probe, progress, gain_db or 0.0)
        if wished.poster_s is not None:
            (partial / f"chosen-{POSTER}").replace(partial / POSTER)
        seconds = probe.duration_ms / 1000
        captions = await write_captions(path, partial, probe.captions, seconds)
        captions += write_words(partial, wished.captions, seconds)
        chapters = _write_chapters(partial, probe, wished)
        found = await asyncio.to_thread(
            read_examination, partial, told, _board(probe), seconds, has_sound=probe.has_audio
        )
        whole = encode_whole(found.hashes, found.sounds[::SOUND_PACE])
        await asyncio.to_thread((partial / WHOLE_FILE).write_bytes, whole)
        made = await asyncio.to_thread(_finish, partial, probe, found, captions)
        package = dataclasses.replace(made, chapters=chapters, gain_db=gain_db, took_s=time.monotonic() - begun_s)
        await asyncio.to_thread(partial.rename, out)
    except OSError as error:
        raise LimitReached(f"found that {out.parent} takes no files ({error.strerror}), expected room there") from error
    finally:
        # After a failure or a cancellation half a ladder is there: it is of no use, and it is large.
        shutil.rmtree(partial, ignore_errors=True)
    return package


async def _gain_db(path: Path, probe: Probe, wished: Packaging) -> float | None:
    """The decibels that bring the sound to the loudness wished for; None where it is left as it is."""
    if wished.loudness is None or not probe.has_audio:
        return None
    return (await measure(path, probe)).gain_db(wished.loudness)


def _write_chapters(folder: Path, probe: Probe, wished: Packaging) -> int:
    """Writes the creator's chapters, or the film's own; returns how many there are."""
    own = wished.own_chapters()
    chapters = [one for one in (probe.chapters if own is None else own) if one.start_ms < probe.duration_ms]
    if chapters:
        (folder / CHAPTERS).write_text(write_chapters(chapters, probe.duration_ms), encoding="utf-8")
    return len(chapters)


def _board(probe: Probe) -> Storyboard:
    """The storyboard of a film, by its smallest rendition."""
    width, height = sizes(probe.width, probe.height)[-1]
    return Storyboard.plan(width, height, probe.duration_ms / 1000)


def _make_room(folder: Path, probe: Probe) -> None:
    """Creates the folders, when the disk has room for the largest ladder that can come of the film."""
    try:
        for _, height in sizes(probe.width, probe.height):
            (folder / _name(height)).mkdir(parents=True)
        (folder / BOARDS).mkdir()
        if probe.has_audio:
            (folder / SOUND).mkdir()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise LimitReached(
            f"found that {folder.parent} takes no folder ({error.strerror}), expected room there"
        ) from None
    needed = expected_bytes(probe)
    if free < needed:
        raise LimitReached(
            f"found {free >> 20} MB free in {folder.parent}, expected {needed >> 20} MB for the renditions"
        )


def expected_bytes(probe: Probe) -> int:
    """About the most that the ladder of a film takes on the disk."""
    bits = sum(_highest_bits(height) for _, height in sizes(probe.width, probe.height))
    return (bits + (SOUND_BITS if probe.has_audio else 0)) * probe.duration_ms // 8000


def _highest_bits(height: int) -> int:
    """The cap of a rung; between two rungs, in the measure of its lines."""
    below = next(((rung, bits) for rung, bits in RUNGS if rung <= height), RUNGS[-1])
    above = next(((rung, bits) for rung, bits in reversed(RUNGS) if rung > height), below)
    share = (height - below[0]) / (above[0] - below[0]) if above[0] > below[0] and height > below[0] else 0.0
    return below[1] + round(share * (above[1] - below[1]))


def _name(height: int) -> str:
    """The folder of a rendition."""
    return f"{height}p"


async def _encode(path: Path, folder: Path, probe: Probe, progress: Progress | None, gain_db: float) -> tuple[str, ...]:
    """Runs ffmpeg once over the film, which is looked at on the way; returns what ffmpeg told."""
    seconds = probe.duration_ms / 1000
    meter = _Meter(seconds, progress)
    limits = Limits(
        cpu_s=600 + math.ceil(60 * seconds),
        memory_bytes=6 << 30,
        file_bytes=2 << 30,
        wall_s=300,
        output_bytes=1 << 30,
    )
    outcome = await run_program(
        "ffmpeg", encoding(path, probe, gain_db, _board(probe)), limits, folder=folder, on_output=meter.read
    )
    if outcome.status:
        raise _failure(path, outcome)
    if progress is not None:
        progress(seconds, seconds)
    return outcome.complaints


def _failure(path: Path, outcome: Outcome) -> BadInput:
    wrong = [line for line in outcome.complaints if "[error]" in line or "[fatal]" in line]
    word = _TAGS.sub("", wrong[-1]) if wrong else outcome.last_word
    return BadInput(f"found that {path.name} cannot be encoded ({word}), expected a film that ffmpeg decodes")


def encoding(path: Path, probe: Probe, gain_db: float = 0.0, board: Storyboard | None = None) -> list[str]:
    """The arguments of the run, with so many decibels more of the sound; with `board` the film is looked at as well.

    Its outputs are relative to the folder, whose name may hold any sign.
    """
    rungs = sizes(probe.width, probe.height)
    arguments = [
        "-nostdin",
        "-hide_banner",
        "-nostats",
        "-y",
        "-v",
        "level+info",
        "-progress",
        "pipe:1",
        "-threads",
        _DECODER_THREADS,
    ]
    arguments += [*read_only(path), "-filter_complex_threads", _DECODER_THREADS]
    arguments += ["-filter_complex", _filters(probe, rungs, gain_db, board)]
    for place in range(len(rungs)):
        arguments += ["-map", f"[rung{place}]"]
    if probe.has_audio:
        arguments += ["-map", "[sound]"]
    arguments += _codecs(probe, rungs)
    streams = [f"v:{place},agroup:sound,name:{_name(rung[1])}" for place, rung in enumerate(rungs)]
    if probe.has_audio:
        streams.append(f"a:0,agroup:sound,name:{SOUND}")
    # ffmpeg puts the name in only where there are several streams.
    init = "init_%v.mp4" if len(streams) > 1 else f"init_{_name(rungs[0][1])}.mp4"
    arguments += [
        *("-f", "hls", "-hls_time", str(SEGMENT_S), "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4"),
        *("-hls_flags", "independent_segments", "-hls_fmp4_init_filename", init),
        *("-hls_segment_filename", "%v/%05d.m4s", "-var_stream_map", " ".join(streams), "%v/index.m3u8"),
    ]
    poster = ["-map", "[poster]", "-frames:v", "1", "-q:v", "4", "-flags:v", "+bitexact", "-f", "image2", POSTER]
    looks = [] if board is None else outputs(board, has_sound=probe.has_audio)
    return arguments + poster + looks


def _filters(probe: Probe, rungs: list[tuple[int, int]], gain_db: float, board: Storyboard | None) -> str:
    """One decode, as many sizes as there are rungs, and a telling picture from the first twelve seconds."""
    poster_height = min(POSTER_HEIGHT, _even(probe.height))
    poster_width = _even(probe.width * poster_height / probe.height)
    several = "".join(f"[size{place}]" for place in range(len(rungs)))
    # The smallest one is what is looked at.
    ends = [f"[rung{place}]" for place in range(len(rungs))]
    heard = "[sound]"
    if board is not None:
        ends[-1] = f",split{ends[-1]}[look];{looking(board)}"
        heard = f",asplit[sound][listen];{listening()}"
    graph = [
        f"[0:{probe.picture_stream}]{as_shown(probe)}fps={probe.rate},split={len(rungs) + 1}{several}[scenes]",
        f"[scenes]select='not(mod(n,{max(1, round(probe.rate / 2))}))',scale={poster_width}:{poster_height},"
        "setsar=1,format=yuvj420p,thumbnail=24[poster]",
    ]
    graph += [
        f"[size{place}]scale={width}:{height}:flags=bicubic+accurate_rnd+bitexact,setsar=1,format=yuv420p{ends[place]}"
        for place, (width, height) in enumerate(rungs)
    ]
    if probe.has_audio:
        # Holes in the sound are filled and its start is moved to the picture's, so that the two stay together.
        gain = f",volume={gain_db}dB" if gain_db else ""
        graph.append(f"[0:{probe.sound_stream}]aresample=48000:async=1:first_pts=0{gain}{heard}")
    return ";".join(graph)


def _codecs(probe: Probe, rungs: list[tuple[int, int]]) -> list[str]:
    """Encoders with fixed settings; every segment of every rung starts with a key frame at the same time."""
    group = math.ceil(SEGMENT_S * probe.rate)
    arguments = [
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-threads:v", str(_ENCODER_THREADS)),
        *("-x264-params", "sync-lookahead=0:log=0"),
        *("-g", str(group), "-keyint_min", str(group), "-sc_threshold", "0", "-flags:v", "+bitexact+cgop"),
    ]
    for place, (_, height) in enumerate(rungs):
        bits = _highest_bits(height)
        arguments += [f"-maxrate:v:{place}", str(bits), f"-bufsize:v:{place}", str(2 * bits)]
    if probe.has_audio:
        arguments += ["-c:a", "aac", "-b:a", str(SOUND_BITS), "-ac", "2", "-flags:a", "+bitexact"]
    return [*arguments, "-fflags", "+bitexact", "-map_metadata", "-1", "-map_chapters", "-1"]


class _Meter:
    """Reads ffmpeg's `-progress` lines as they come."""

    def __init__(self, seconds: float, progress: Progress | None) -> None:
        self._seconds = seconds
        self._progress = progress
        self._rest = b""

    def read(self, piece: bytes) -> None:
        """Takes the next piece of output."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            name, _, value = line.partition(b"=")
            if name == b"out_time_us" and value.strip().isdigit() and self._progress is not None:
                self._progress(min(int(value) / 1e6, self._seconds), self._seconds)


def _finish(folder: Path, probe: Probe, examination: Examination, captions: tuple[Track, ...]) -> Package:
    """Measures what was made and writes `master.m3u8` over it."""
    lines, segments = [], []
    for width, height in sizes(probe.width, probe.height):
        part = folder / _name(height)
        found = read_segments(part)
        codec = picture_codec((part / f"init_{part.name}.mp4").read_bytes())
        lines.append(Line(part.name, width, height, *bandwidths(found), codec))
        segments += found
    sound = read_segments(folder / SOUND) if probe.has_audio else []
    duration_ms = round(1000 * sum(segment.seconds for segment in found))
    lasting_s = max(duration_ms / 1000, sum(segment.seconds for segment in sound))
    if lasting_s < probe.duration_ms / 1000 * (1 - _LOST_SHARE) - _LOST_S:
        raise BadInput(
            f"found that only {lasting_s:.1f} s of the film could be encoded, expected {probe.duration_ms / 1000:.1f} s"
        )
    if not (folder / POSTER).read_bytes().endswith(_JPEG_END):
        raise LimitReached(f"found {POSTER} not written to its end, expected room on the disk; nothing was kept")
    heard = bandwidths(sound) if sound else None
    (folder / "master.m3u8").write_text(write_master(lines, probe.frame_rate, heard, captions))
    renditions = tuple(Rendition(line.name, line.width, line.height, line.highest) for line in lines)
    languages = tuple(track.language for track in captions)
    size_bytes = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return Package(
        renditions, probe.has_audio, duration_ms, len(segments) + len(sound), size_bytes, examination, languages
    )
