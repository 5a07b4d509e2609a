"""Films as people have them: thirty odd kinds made by ffmpeg, each with what is to become of it.

By command all of them: `python tests/real/odd_films.py RESULT.json`; the tests take those that are quick.
"""

from __future__ import annotations

import asyncio
import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cinepeer.adapters.media.frames import decode_frames
from cinepeer.adapters.media.ladder import Package, package
from cinepeer.adapters.media.probe import Probe, probe
from cinepeer.errors import BadInput

X264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p"
BARS, TONE = "-f lavfi -i testsrc2=s=320x240:r=24:d=2", "-f lavfi -i sine=frequency=330:sample_rate=48000:d=2"
HDR = "-c:v libx265 -preset ultrafast -pix_fmt yuv420p10le -x265-params log-level=none:colorprim=bt2020"
WORDS = "1\n00:00:00,200 --> 00:00:01,500\nHello\n"


@dataclass(frozen=True, slots=True)
class Odd:
    """One kind. `size` of the largest rendition; `refused`: words of the sentence for a film that is not taken."""

    name: str
    file: str
    words: str
    size: tuple[int, int] = (320, 240)
    sound: bool = False
    seconds: float = 2.0
    refused: str = ""
    after: Callable[[Path], None] | None = None
    slow: bool = False


def _cut(path: Path) -> None:
    """Loses the last third of a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def _turn(path: Path) -> None:
    """Says in the file that the camera was held upright."""
    whole = path.with_name("whole.mp4")
    path.rename(whole)
    make(path, f"-i {whole} -c copy -metadata:s:v rotate=90")


KINDS: tuple[Odd, ...] = (
    Odd("turned by a quarter", "f.mp4", f"{BARS} {X264}", (240, 320), after=_turn),
    Odd("variable frame rate", "f.mkv", f"{BARS} -vf select='not(mod(n\\,5))+lt(n\\,12)' -vsync vfr {X264}"),
    Odd("interlaced", "f.mpg", f"{BARS} -vf fps=50,tinterlace=interleave_top -c:v mpeg2video -flags +ildct+ilme -r 25"),
    Odd("mono", "f.mp4", f"{BARS} {TONE} {X264} -c:a aac -ac 1", sound=True),
    Odd("5.1", "f.mkv", f"{BARS} {TONE} {X264} -c:a ac3 -ac 6", sound=True),
    Odd("no sound", "f.mp4", f"{BARS} {X264}"),
    Odd("odd sizes", "f.mkv", "-f lavfi -i testsrc2=s=321x243:r=24:d=2 -c:v ffv1", (318, 240)),
    Odd(
        "square pixels it has not",
        "f.mkv",
        f"-f lavfi -i testsrc2=s=360x240:r=25:d=2 -vf setsar=4/3 {X264}",
        (480, 240),
    ),
    Odd("HDR, PQ", "f.mp4", f"{BARS} {HDR}:transfer=smpte2084:colormatrix=bt2020nc -color_trc smpte2084"),
    Odd("HDR, HLG", "f.mkv", f"{BARS} {HDR}:transfer=arib-std-b67:colormatrix=bt2020nc -color_trc arib-std-b67"),
    Odd("ten bits", "f.mkv", f"{BARS} -c:v libx264 -preset ultrafast -pix_fmt yuv420p10le"),
    Odd("4:4:4", "f.mkv", f"{BARS} -c:v libx264 -preset ultrafast -pix_fmt yuv444p"),
    Odd("grey", "f.mkv", f"{BARS} -c:v libx264 -preset ultrafast -pix_fmt gray"),
    Odd("with transparency", "f.mov", f"{BARS} -c:v qtrle -pix_fmt argb"),
    Odd("one picture", "f.mkv", f"-f lavfi -i testsrc2=s=320x240:r=25:d=0.04 {X264}", seconds=0.04),
    Odd("one picture a second", "f.mp4", f"-f lavfi -i testsrc2=s=320x240:r=1:d=6 {X264}", seconds=6),
    Odd("120 pictures a second", "f.mkv", f"-f lavfi -i testsrc2=s=320x240:r=120:d=2 {X264}"),
    Odd("one key picture", "f.mkv", f"-f lavfi -i testsrc2=s=320x240:r=24:d=9 {X264} -g 9999 -bf 0", seconds=9),
    Odd("tiny", "f.mkv", "-f lavfi -i testsrc2=s=16x16:r=24:d=2 -c:v ffv1", (16, 16)),
    Odd("upright", "f.mp4", f"-f lavfi -i testsrc2=s=240x426:r=24:d=2 {X264}", (240, 426)),
    Odd(
        "a cover picture",
        "f.mp4",
        f"{BARS} -f lavfi -i color=red:s=64x64:d=0.04 -map 0 -map 1 {X264} -c:v:1 mjpeg -disposition:v:1 attached_pic",
    ),
    Odd("subtitles", "f.mkv", f"{BARS} -i words.srt -map 0 -map 1 {X264} -c:s srt"),
    Odd("data beside", "f.mov", f"{BARS} {X264} -timecode 01:00:00:00"),
    Odd("chapters", "f.mkv", f"{BARS} -i chapters.txt -map_metadata 1 {X264}"),
    Odd("two languages", "f.mkv", f"{BARS} {TONE} {TONE} -map 0 -map 1 -map 2 {X264} -c:a aac", sound=True),
    Odd("sound that begins late", "f.mkv", f"{BARS} -itsoffset 1 {TONE} {X264} -c:a aac", sound=True, seconds=3),
    Odd("sound that ends early", "f.mp4", f"{BARS} {TONE} {X264} -c:a aac -af atrim=0:0.5", sound=True),
    Odd("WebM", "f.webm", f"{BARS} {TONE} -c:v libvpx -deadline realtime -c:a libopus", sound=True),
    Odd("a broadcast's stream", "f.ts", f"{BARS} {TONE} {X264} -c:a aac", sound=True),
    Odd("900 lines", "f.mp4", f"-f lavfi -i testsrc2=s=1600x900:r=24:d=1 {X264}", (1600, 900), seconds=1, slow=True),
    Odd(
        "very large",
        "f.mp4",
        f"-f lavfi -i testsrc2=s=4096x2160:r=24:d=0.5 {X264}",
        (2048, 1080),
        seconds=0.5,
        slow=True,
    ),
    Odd("larger than can be", "f.mkv", "-f lavfi -i color=red:s=8200x16:r=1:d=2 -c:v ffv1", refused="at most 8192"),
    Odd("cut off", "f.mp4", f"{BARS} {X264}", refused="cut short", after=_cut),
    Odd("sound alone", "f.mkv", f"{TONE} -c:a aac", refused="sound only"),
    Odd(
        "pictures, not a film",
        "f.mp4",
        f"{TONE} -f lavfi -i color=red:s=64x64:d=0.04 -map 0 -map 1 -c:a aac -c:v mjpeg -disposition:v attached_pic",
        refused="sound only",
    ),
)


def make(path: Path, words: str) -> Path:
    """Makes a file by ffmpeg from its arguments in one string."""
    (path.parent / "words.srt").write_text(WORDS)
    marks = "".join(f"[CHAPTER]\nTIMEBASE=1/1\nSTART={at}\nEND={at + 1}\ntitle=Part {at}\n" for at in (0, 1))
    (path.parent / "chapters.txt").write_text(";FFMETADATA1\n" + marks)
    command = ["ffmpeg", "-nostdin", "-v", "fatal", "-y", *shlex.split(words), str(path)]
    subprocess.run(command, check=True, cwd=path.parent, timeout=120)
    return path


def through(kind: Odd, folder: Path) -> tuple[Probe, Package, int]:
    """(what it is, what was made, pictures of the largest rendition that decode); raises `BadInput` when refused."""
    film = make(folder / kind.file, kind.words)
    if kind.after is not None:
        kind.after(film)

    async def work() -> tuple[Probe, Package, int]:
        found = await probe(film)
        made = await package(film, folder / "out", found)
        part = folder / "out" / made.renditions[0].name
        names = sorted(file.name for file in part.glob("*.m4s"))
        data = b"".join((part / name).read_bytes() for name in (f"init_{part.name}.mp4", *names))
        return found, made, (await decode_frames(data)).count

    return asyncio.run(work())


def told(kind: Odd) -> dict[str, Any]:
    """What became of one kind, and whether that is what was to become of it."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        try:
            found, made, pictures = through(kind, Path(folder))
        except BadInput as error:
            held = bool(kind.refused) and kind.refused in str(error)
            return {"kind": kind.name, "held": held, "refused": str(error)}
    sizes = [(one.width, one.height) for one in made.renditions]
    held = not kind.refused and sizes[0] == kind.size and made.has_audio == kind.sound and pictures > 0
    held = held and abs(found.duration_ms / 1000 - kind.seconds) < 0.6
    return {
        "kind": kind.name,
        "held": held,
        "container": found.container,
        "codecs": list(found.codecs),
        "renditions": [f"{width}x{height}" for width, height in sizes],
        "sound": made.has_audio,
        "film_s": found.duration_ms / 1000,
        "pictures": pictures,
        "took_s": round(time.monotonic() - begun, 1),
    }


def main() -> int:
    """Takes every kind through, or those that are named, and writes the result file after each; 1 when one failed."""
    file, *named = sys.argv[1:]
    results = []
    for kind in KINDS:
        if named and kind.name not in named:
            continue
        results.append(told(kind))
        print(("held   " if results[-1]["held"] else "FAILED ") + kind.name, flush=True)
        Path(file).write_text(json.dumps(results, indent=1) + "\n")
    return 0 if all(result["held"] for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
