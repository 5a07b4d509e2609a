"""Copies as people make them, and how much of the film is known again in each by its pictures and its sound.

By command: `PYTHONPATH=tests .venv/bin/python tests/real/alike_films.py RESULT.json`; the tests take some of them.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from cinepeer.adapters.media.ladder import Package, package
from cinepeer.adapters.media.probe import probe
from cinepeer.content.fingerprint import SOUND, Likeness, Shown, sketch
from cinepeer.content.sound import MAX_SOUND_BITS, SOUND_PACE
from real.odd_films import X264, make

# Scenes that differ, cut hard; and a melody of overtones that never stands still.
SCENES = (
    "-f lavfi -i testsrc2=s=320x240:r=12:d=8 -f lavfi -i mandelbrot=s=320x240:r=12:start_scale=2,trim=duration=8 "
    "-f lavfi -i cellauto=s=320x240:r=12:rule=110:seed=7,trim=duration=8 "
)
NOTE = "sin(2*PI*t*@)+0.5*sin(4*PI*t*@)+0.4*sin(6*PI*t*@)+0.3*sin(10*PI*t*@)"
LASTING = "0.2*exp(-3*mod(t*@\\,1))"


def melody(steps: float, factor: int, modulus: int) -> str:
    """A melody as ffmpeg computes it: so many notes a second, in an order that only these numbers give."""
    pitch = f"(150+20*mod(floor(t*{steps})*{factor}\\,{modulus}))"
    return f"aevalsrc='{LASTING.replace('@', str(steps))}*({NOTE.replace('@', pitch)})':d=24:s=44100"


MELODY, OTHER = melody(2.7, 37, 29), melody(3.3, 11, 23)
FILM = (
    f"{SCENES} -f lavfi -i {MELODY} -filter_complex [0][1][2]concat=n=3,setsar=1[v] -map [v] -map 3:a {X264} -c:a aac"
)
JOIN = "-filter_complex [0:v][0:a][1:v][1:a]concat=n=2:v=1:a=1[v][a] -map [v] -map [a]"


@dataclass(frozen=True, slots=True)
class Copy:
    """One kind of copy; `pictures` and `sound` say whether each is to be found again, None where either will do."""

    name: str
    words: str
    pictures: bool | None
    sound: bool | None
    slow: bool = True


COPIES = (
    Copy("encoded anew, a quarter of the bits", f"-i FILM {X264} -crf 38 -c:a aac -b:a 48k", True, True),
    Copy("half the size", f"-i FILM -vf scale=160:120 {X264} -c:a aac", True, True),
    Copy("brighter, louder", f"-i FILM -vf eq=brightness=0.05 -af volume=6dB {X264} -c:a aac", True, True),
    Copy("5 % cropped", f"-i FILM -vf crop=304:228:8:6 {X264} -c:a aac", None, True),
    Copy("mirrored", f"-i FILM -vf hflip {X264} -c:a aac", None, True),
    Copy("mirrored, cropped and equalised", f"-i FILM -vf hflip,crop=280:210 -af bass=g=8 {X264} -c:a aac", None, True),
    Copy("dubbed: other sound", f"-i FILM -f lavfi -i {OTHER} -map 0:v -map 1:a {X264} -c:a aac", True, False, False),
    Copy(
        "its sound under other pictures",
        f"-i FILM -f lavfi -i life=s=320x240:r=12:mold=10:seed=3 -map 1:v -map 0:a -t 24 {X264} -c:a aac",
        False,
        True,
        False,
    ),
    Copy("trimmed by 3.3 s", f"-ss 3.3 -i FILM {X264} -c:a aac", True, True),
    Copy("cut anew: its last part first", f"-ss 16 -i FILM -t 16 -i FILM {JOIN} {X264} -c:a aac", True, True, False),
    Copy("mp3 of 48 kbit/s", f"-i FILM {X264} -c:a libmp3lame -b:a 48k", True, True),
    Copy("4 % faster", f"-i FILM -vf setpts=PTS/1.04 -af atempo=1.04 {X264} -c:a aac", None, None),
    Copy(
        "another film",
        f"-f lavfi -i life=s=320x240:r=12:mold=10:seed=3 -f lavfi -i {OTHER} -t 24 {X264} -c:a aac",
        False,
        False,
        False,
    ),
)


def packaged(film: Path) -> Package:
    """What the ladder finds of a film."""

    async def work() -> Package:
        return await package(film, film.with_suffix(".ladder"), await probe(film))

    return asyncio.run(work())


def found(known: Package, new: Package) -> tuple[Likeness | None, Likeness | None]:
    """How the pictures and the sound of a known film are found in a new one, by sketches alone."""
    pictures = Shown(new.hashes).likeness(sketch(known.hashes))
    heard = Shown(new.sounds, SOUND_PACE, MAX_SOUND_BITS)
    return pictures, heard.likeness(sketch(known.sounds, SOUND, SOUND_PACE))


def copied(kind: Copy, film: Path, folder: Path) -> Package:
    """A copy of `film`, packaged."""
    return packaged(make(folder / "copy.mp4", kind.words.replace("FILM", str(film))))


def main(result: str) -> None:
    """Measures all of them and writes the shares."""
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        film = make(Path(scratch) / "film.mp4", FILM)
        known = packaged(film)
        for kind in COPIES:
            with tempfile.TemporaryDirectory() as folder:
                new = copied(kind, film, Path(folder))
                begun = time.process_time()
                shares = [0.0 if alike is None else round(alike.share, 2) for alike in found(known, new)]
                looked_ms = round(1000 * (time.process_time() - begun), 1)
            rows.append({"copy": kind.name, "pictures": shares[0], "sound": shares[1], "cpu_ms": looked_ms})
            print(f"{kind.name:36} pictures {shares[0]:4.0%}  sound {shares[1]:4.0%}", flush=True)
    Path(result).write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
