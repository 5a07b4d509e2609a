"""Films from elsewhere: yt-dlp, a program that may lie beside us, brings what an address or a channel shows."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cinepeer.content.cues import moment
from cinepeer.errors import BadInput

PROGRAM = "yt-dlp"
MAX_FILMS = 100
MAX_INFO_BYTES = 16 << 20
_INSTALL = "pipx install yt-dlp"
_WORDS = (".srt", ".vtt")


@dataclass(frozen=True, slots=True)
class Brought:
    """A film file with what its site says of it (the fields of a film that are known), and captions by language."""

    path: Path
    facts: dict[str, Any]
    captions: tuple[tuple[str, Path], ...] = ()
    chapters: str | None = None


def bring(address: str, folder: Path, *, is_told: bool) -> list[Brought]:
    """Downloads what `address` shows into `folder`; raises `BadInput` where the program is missing or brings nothing.

    Its own configuration is not read, and no other program is started by it but ffmpeg.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        raise BadInput(f"found no {PROGRAM} on PATH, expected it to be installed for films by address: {_INSTALL}")
    command = [
        *(program, "--ignore-config", "--no-exec", "--no-cache-dir", "--no-mtime", "--restrict-filenames"),
        *("--playlist-end", str(MAX_FILMS), "--write-info-json", "--no-write-playlist-metafiles", "--ignore-errors"),
        *("--write-subs", "--sub-format", "srt/vtt/best", "--paths", str(folder), "--output", "%(id)s.%(ext)s"),
        *(() if is_told else ("--quiet", "--no-progress")),
        *("--", address),
    ]
    try:
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=2, check=False)
    except OSError as error:
        raise BadInput(f"found that {PROGRAM} does not start ({error.strerror}), expected it to: {_INSTALL}") from error
    found = [one for info in sorted(folder.glob("*.info.json")) if (one := _brought(info)) is not None]
    if not found:
        raise BadInput(f"found no film at {address[:200]} ({PROGRAM} ended with {ended.returncode}), expected one")
    return found


def _brought(info: Path) -> Brought | None:
    """The film beside its description; None for a description of something else, such as a list."""
    stem = info.name.removesuffix(".info.json")
    beside = sorted(info.parent.glob(f"{stem}.*"))
    files = [one for one in beside if one.suffix not in (*_WORDS, ".json", ".part", ".ytdl") and one.is_file()]
    if len(files) != 1 or info.stat().st_size > MAX_INFO_BYTES:
        return None
    try:
        told = json.loads(info.read_bytes())
    except ValueError:
        told = {}
    captions = [(one.suffixes[-2].lstrip("."), one) for one in beside if one.suffix in _WORDS and len(one.suffixes) > 1]
    named = tuple((language.split("-")[0].lower(), path) for language, path in captions)
    return Brought(files[0], facts_of(told if isinstance(told, dict) else {}), named, chapters_of(told))


def facts_of(told: dict[str, Any]) -> dict[str, Any]:
    """The facts of a film in a site's own words; what is of another form is left out."""
    facts: dict[str, Any] = {}
    if isinstance(name := told.get("title"), str) and name.strip():
        facts["name"] = name.strip()[:300]
    date = told.get("release_date") or told.get("upload_date")
    if isinstance(date, str) and date[:4].isdigit() and 1870 <= int(date[:4]) <= 2200:
        facts["year"] = int(date[:4])
    if isinstance(words := told.get("description"), str):
        facts["synopsis"] = words.strip()[:5_000]
    if isinstance(language := told.get("language"), str) and language[:2].isalpha():
        facts["languages"] = [language.split("-")[0].lower()]
    if isinstance(kinds := told.get("categories"), list):
        facts["genres"] = [str(kind)[:60] for kind in kinds[:8]]
    if isinstance(maker := told.get("uploader"), str) and maker.strip():
        facts["credits"] = [(maker.strip()[:200], "uploader")]
    return facts


def chapters_of(told: Any) -> str | None:
    """The chapters that a site names, as lines; None without any."""
    listed = told.get("chapters") if isinstance(told, dict) else None
    lines: dict[int, str] = {}
    for one in listed[:500] if isinstance(listed, list) else ():
        start, title = (one.get("start_time"), one.get("title")) if isinstance(one, dict) else (None, None)
        if isinstance(start, int | float) and 0 <= start < 86_400 and isinstance(title, str) and title.strip():
            lines.setdefault(round(1000 * start), " ".join(title.split()))
    return "".join(f"{moment(start_ms)} {title}\n" for start_ms, title in sorted(lines.items())) or None
