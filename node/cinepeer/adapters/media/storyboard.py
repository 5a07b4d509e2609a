"""The storyboard: small pictures of the whole film in a few sheets, and a WebVTT that says which is of which moment."""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass
from pathlib import Path

from cinepeer.content.cues import moment

FOLDER, INDEX = "storyboard", "storyboard.vtt"
COLUMNS = ROWS = 10
LONGEST_SIDE = 160
SHORTEST_STEP_S = 2
MOST_PICTURES = 400


@dataclass(frozen=True, slots=True)
class Storyboard:
    """One picture of `width` x `height` every `step_s` seconds from the first on, `COLUMNS` x `ROWS` on a sheet."""

    step_s: int
    width: int
    height: int
    pictures: int

    @classmethod
    def plan(cls, width: int, height: int, seconds: float) -> Storyboard:
        """For a film of this length, from a rendition of this size; nothing is scaled up."""
        step_s = max(SHORTEST_STEP_S, math.ceil(seconds / MOST_PICTURES))
        share = min(1.0, LONGEST_SIDE / max(width, height))
        across, down = (max(2, 2 * round(side * share / 2)) for side in (width, height))
        # Where a film ends just behind a moment, there may be no picture of it: it is not counted.
        return cls(step_s, across, down, max(1, math.ceil((seconds - 0.2) / step_s)))

    @property
    def sheets(self) -> int:
        """How many sheets they stand on."""
        return math.ceil(self.pictures / (COLUMNS * ROWS))

    def filters(self) -> str:
        """What ffmpeg does to the pictures of the rendition; sheets come out."""
        return (
            f"select='isnan(prev_selected_t)+gte(t-prev_selected_t,{self.step_s}-0.001)',"
            f"scale={self.width}:{self.height}:flags=area,setsar=1,format=yuvj420p,tile={COLUMNS}x{ROWS},setpts=N/TB"
        )

    def outputs(self) -> list[str]:
        """The arguments of the sheets' output."""
        # A sheet stands for hundreds of seconds: the limit keeps ffmpeg from repeating the last one to fill them.
        coded = [
            "-r",
            "1",
            "-frames:v",
            str(self.sheets),
            "-q:v",
            "5",
            "-threads",
            "1",
            "-flags:v",
            "+bitexact",
            "-fflags",
            "+bitexact",
        ]
        return [*coded, "-f", "image2", f"{FOLDER}/%03d.jpg"]

    def finish(self, folder: Path, seconds: float) -> bool:
        """Writes the index when every sheet is there, and else leaves nothing: a film plays without it."""
        sheets = sorted((folder / FOLDER).glob("*.jpg"))
        if len(sheets) != self.sheets:
            shutil.rmtree(folder / FOLDER, ignore_errors=True)
            return False
        (folder / INDEX).write_text("WEBVTT\n" + "".join(self._cue(number, seconds) for number in range(self.pictures)))
        return True

    def _cue(self, number: int, seconds: float) -> str:
        start_ms, end_ms = 1000 * number * self.step_s, round(1000 * min(seconds, (number + 1) * self.step_s))
        sheet, place = divmod(number, COLUMNS * ROWS)
        row, column = divmod(place, COLUMNS)
        part = f"{column * self.width},{row * self.height},{self.width},{self.height}"
        return f"\n{moment(start_ms)} --> {moment(end_ms)}\n{FOLDER}/{sheet + 1:03d}.jpg#xywh={part}\n"
