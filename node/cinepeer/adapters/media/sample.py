"""A short film made on the spot: a moving picture that carries its own frame number, and a tone."""

from __future__ import annotations

from pathlib import Path

from cinepeer.adapters.media.program import Limits, run_program
from cinepeer.errors import BadInput

WIDTH, HEIGHT, RATE = 854, 480, 24
BITS = 16
# One white cell, the number with its highest bit first, one black cell: a reader learns both levels from the ends.
CELLS = BITS + 2
_CELL_WIDTH, _BAR_HEIGHT = 44, 48
_BAR_LEFT = (WIDTH - CELLS * _CELL_WIDTH) // 2
_BAR_TOP = HEIGHT - 72


async def make_sample(path: Path, seconds: int = 20) -> None:
    """Writes an MP4 of 854x480 at 24 frames a second with sound; the same bytes each time on one machine."""
    if not 0 < seconds <= 2**BITS // RATE:
        raise BadInput(f"found {seconds} seconds, expected 1 to {2**BITS // RATE}")
    # The bar is computed at one pixel a cell and enlarged: an expression for every real pixel would take minutes.
    bit = f"if(eq(X,0),255,if(eq(X,{CELLS - 1}),0,255*mod(floor(N/pow(2,{BITS}-X)),2)))"
    bar = (
        f"nullsrc=s={CELLS}x2:r={RATE},format=gray,geq=lum='{bit}',"
        f"scale={CELLS * _CELL_WIDTH}:{_BAR_HEIGHT}:flags=neighbor,format=yuv420p[bar]"
    )
    picture = f"testsrc2=s={WIDTH}x{HEIGHT}:r={RATE},format=yuv420p[scene]"
    joined = f"[scene][bar]overlay={_BAR_LEFT}:{_BAR_TOP}:shortest=1[picture]"
    tone = "sine=frequency=440:beep_factor=4:sample_rate=48000[tone]"
    outcome = await run_program(
        "ffmpeg",
        (
            *("-nostdin", "-v", "error", "-y", "-filter_complex", ";".join((picture, bar, joined, tone))),
            *("-map", "[picture]", "-map", "[tone]", "-t", str(seconds)),
            *(
                "-c:v",
                "libx264",
                "-preset",
                "veryfast",
                "-crf",
                "23",
                "-threads:v",
                "4",
                "-x264-params",
                "sync-lookahead=0",
                "-g",
                str(4 * RATE),
            ),
            *("-c:a", "aac", "-b:a", "96k", "-ac", "2", "-movflags", "+faststart"),
            *("-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact", "-f", "mp4"),
            *("-progress", "pipe:1", f"file:{path.absolute()}"),
        ),
        Limits(cpu_s=600, memory_bytes=4 << 30, file_bytes=2 << 30, wall_s=120),
    )
    if outcome.status:
        path.unlink(missing_ok=True)
        raise BadInput(
            f"found that ffmpeg cannot make the sample ({outcome.last_word}), expected H.264 and AAC encoders"
        )


def frame_number(grey: bytes, width: int, height: int) -> int | None:
    """The number that a decoded grey frame of the sample carries, at any size of the ladder; None when unreadable."""
    row = min(height - 1, round((_BAR_TOP + _BAR_HEIGHT / 2) * height / HEIGHT))
    columns = [round((_BAR_LEFT + (cell + 0.5) * _CELL_WIDTH) * width / WIDTH) for cell in range(CELLS)]
    levels = [grey[row * width + column] for column in columns]
    white, black = levels[0], levels[-1]
    if white - black < 64:
        return None
    return sum((level > (white + black) / 2) << (BITS - 1 - bit) for bit, level in enumerate(levels[1:-1]))
