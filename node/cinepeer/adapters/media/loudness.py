"""Loudness (EBU R128): how loud a film's sound is, and the gain that brings it to where it is wanted."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from cinepeer.adapters.media.probe import Probe
from cinepeer.adapters.media.program import Limits, read_only, run_program
from cinepeer.errors import BadInput

PEAK_DBTP = -1.0  # what no sample may pass after the gain
_STILL_LUFS = -70.0  # below the gate there is nothing to measure


@dataclass(frozen=True, slots=True)
class Level:
    """Integrated loudness in LUFS and the true peak in dBTP."""

    lufs: float
    peak: float

    def gain_db(self, wanted_lufs: float) -> float:
        """The decibels to add: never so many that the peak passes `PEAK_DBTP`, so that nothing is squeezed."""
        if self.lufs <= _STILL_LUFS:
            return 0.0
        return round(min(wanted_lufs - self.lufs, max(0.0, PEAK_DBTP - self.peak)), 2)


async def measure(path: Path, probe: Probe) -> Level:
    """The level of the film's sound, by one pass over it; raises `BadInput` where it does not decode."""
    seconds = math.ceil(probe.duration_ms / 1000)
    limits = Limits(cpu_s=300 + seconds, memory_bytes=4 << 30, file_bytes=0, wall_s=300)
    outcome = await run_program(
        "ffmpeg",
        (
            *("-nostdin", "-hide_banner", "-nostats", "-v", "info", "-vn", "-sn", "-dn", *read_only(path)),
            *("-map", f"0:{probe.sound_stream}", "-af", "loudnorm=print_format=json", "-f", "null", "-"),
        ),
        limits,
    )
    told = "\n".join(outcome.complaints)
    start, end = told.rfind("{"), told.rfind("}")
    try:
        found = json.loads(told[start : end + 1])
        return Level(_decibels(found["input_i"]), _decibels(found["input_tp"]))
    except (ValueError, KeyError, TypeError):
        raise BadInput(
            f"found that the loudness of {path.name} cannot be measured ({outcome.last_word}), expected a sound that "
            "decodes"
        ) from None


def _decibels(text: str) -> float:
    """A level; silence is -100."""
    level = float(text)
    return max(-100.0, level) if not math.isnan(level) else -100.0
