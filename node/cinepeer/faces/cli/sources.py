"""Where films to publish come from: one file, a folder, a folder that is watched, or an address through yt-dlp."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from cinepeer.errors import BadInput

NOTE = ".cinepeer-published.json"
SETTLED_S = 5.0
LOOK_EVERY_S = 2.0
PACKAGING = ("captions", "chapters", "poster", "loudness", "priority")
# What lies beside films, and what other programs are still writing.
NO_FILMS = frozenset({".srt", ".vtt", ".json", ".txt", ".nfo", ".jpg", ".png", ".part", ".tmp", ".crdownload", ".ytdl"})


@dataclass(frozen=True, slots=True)
class Source:
    """A film file, what is known of its publication without its creator saying it, and how to note that it was."""

    path: Path
    said: dict[str, Any]
    note: Callable[[], None] = lambda: None


def is_address(text: str) -> bool:
    """Whether a person means a page of the web."""
    return urlsplit(text).scheme in ("http", "https")


def sources(text: str, stack: ExitStack, *, is_watched: bool, is_told: bool) -> Iterator[Source]:
    """The films that `text` means, one after another; what was downloaded goes when `stack` unwinds."""
    if is_address(text):
        from cinepeer.adapters.media.channel import bring

        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cinepeer-")))
        for one in bring(text, folder, is_told=is_told):
            said = dict(one.facts)
            if one.captions:
                said["captions"] = [words(language, path) for language, path in one.captions]
            if one.chapters is not None:
                said["chapters"] = one.chapters
            yield Source(one.path, said)
        return
    path = Path(text)
    if not path.exists():
        raise BadInput(f"found no file {path}, expected a film, a folder of films, or an address")
    if not path.is_dir():
        if is_watched:
            raise BadInput(f"found the file {path} to watch, expected a folder")
        yield Source(path, {})
        return
    yield from Watched(path).films(is_endless=is_watched)


class Watched:
    """A folder of films. What was published from it is noted in a file there, so that nothing is taken twice."""

    def __init__(
        self, folder: Path, clock_s: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._folder = folder
        self._clock_s = clock_s
        self._sleep = sleep
        self._seen: dict[str, tuple[tuple[int, int], float]] = {}
        self._given: dict[str, list[int]] = {}
        self._done: dict[str, list[int]] = self._read()

    def films(self, *, is_endless: bool) -> Iterator[Source]:
        """Each film that is there and whole, by name; then, endlessly, each that comes; none that was noted."""
        if not is_endless and not self._candidates():
            raise BadInput(f"found the folder {self._folder} without a film, expected at least one there")
        while True:
            for path in self._fresh(is_settled=not is_endless):
                state = list(_state(path))
                yield Source(path, _beside(path), partial(self._note, path.name, state))
                # Where it failed, the same bytes would fail again, until a person looks and begins anew.
                self._given[path.name] = state
            if not is_endless:
                return
            self._sleep(LOOK_EVERY_S)

    def _candidates(self) -> list[Path]:
        """The files that may be films, by name."""
        files = sorted(path for path in self._folder.iterdir() if not path.name.startswith("."))
        return [path for path in files if path.suffix.lower() not in NO_FILMS and path.is_file()]

    def _fresh(self, *, is_settled: bool) -> list[Path]:
        """Files that were not given yet and have not changed for a while."""
        found, now_s = [], self._clock_s()
        for path in self._candidates():
            state = _state(path)
            if list(state) in (self._done.get(path.name), self._given.get(path.name)):
                continue
            before, since_s = self._seen.get(path.name, (None, now_s))
            self._seen[path.name] = (state, since_s if before == state else now_s)
            if is_settled or now_s - self._seen[path.name][1] >= SETTLED_S:
                found.append(path)
        return found

    def _read(self) -> dict[str, list[int]]:
        file = self._folder / NOTE
        try:
            found = json.loads(file.read_text()) if file.exists() else {}
            return {str(name): [int(part) for part in state] for name, state in found.items()}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise BadInput(f"found {file} unreadable, expected it as it was left: delete it to publish anew") from error

    def _note(self, name: str, state: list[int]) -> None:
        """Writes down that a film was published as it stood."""
        self._done[name] = state
        try:
            fresh = self._folder / f"{NOTE}.new"
            fresh.write_text(json.dumps(self._done, ensure_ascii=False, sort_keys=True))
            fresh.replace(self._folder / NOTE)
        except OSError as error:
            raise BadInput(
                f"found that {self._folder} takes no file ({error.strerror}), expected to note there what was published"
            ) from error


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _beside(path: Path) -> dict[str, Any]:
    """Captions that lie beside a film as `NAME.LANGUAGE.srt`."""
    found = []
    for other in sorted(path.parent.glob(f"{_plain(path.stem)}.*")):
        language = other.name[len(path.stem) + 1 :].rpartition(".")[0]
        if other.suffix.lower() in (".srt", ".vtt") and language.isalpha() and 2 <= len(language) <= 3:
            found.append(words(language.lower(), other))
    return {"captions": found} if found else {}


def _plain(stem: str) -> str:
    """A name whose signs stand for themselves in a pattern."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in stem)


def words(language: str, path: Path) -> dict[str, str]:
    """A caption file as the API takes it; raises `BadInput`."""
    try:
        return {"language": language, "name": language, "text": path.read_bytes().decode("utf-8-sig")}
    except OSError as error:
        raise BadInput(f"found {path} that cannot be read ({error.strerror}), expected captions") from error
    except UnicodeDecodeError:
        raise BadInput(f"found {path} that is not UTF-8, expected captions saved as UTF-8") from None


def packaging_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What a creator may wish of a film's package, and its place in the queue."""
    for option in reversed(
        (
            click.option(
                "--captions", multiple=True, metavar="LANGUAGE=FILE", help="Captions (SRT or WebVTT); repeatable."
            ),
            click.option(
                "--chapters", type=click.Path(path_type=Path), help="A file of lines such as `12:30 The storm`."
            ),
            click.option("--poster", type=float, metavar="SECONDS", help="The moment of the poster."),
            click.option(
                "--loudness", type=float, metavar="LUFS", help="Bring the sound to it, such as -23 (EBU R128)."
            ),
            click.option("--priority", type=int, help="Of those that wait, the highest comes first (-10 to 10)."),
        )
    ):
        command = option(command)
    return command


def package_of(
    captions: tuple[str, ...], chapters: Path | None, poster: float | None, loudness: float | None, priority: int | None
) -> dict[str, Any]:
    """Those of the options that were given, as the API takes them; raises `BadInput`."""
    wanted: dict[str, Any] = {"poster": poster, "loudness": loudness, "priority": priority}
    if captions:
        wanted["captions"] = [_words_option(text) for text in captions]
    if chapters is not None:
        try:
            wanted["chapters"] = chapters.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"found {chapters} that cannot be read, expected lines of a time and a title") from error
    return {name: value for name, value in wanted.items() if value is not None}


def _words_option(text: str) -> dict[str, str]:
    language, _, path = text.partition("=")
    if not path:
        raise BadInput(f"found the captions {text!r}, expected LANGUAGE=FILE such as en=film.en.srt")
    return words(language, Path(path))


def estimated(found: dict[str, Any]) -> Iterator[str]:
    """What a publication takes, in words."""
    yield f"film     {found['duration_s']:.1f} s, {found['size_bytes']:,} bytes"
    yield f"becomes  {', '.join(found['renditions'])}; at most {found['package_bytes']:,} bytes"
    yield f"room     {found['room_bytes']:,} bytes left under the disk cap" + ("" if found["fits"] else ": too little")
    took = found["ladder_s"]
    yield "takes    not known before a first film was packaged here" if took is None else f"takes    about {took:.0f} s"
    for name in ("captions", "chapters"):
        if said := found[name]:
            yield f"{name} {', '.join(said) if isinstance(said, list) else '; '.join(said.splitlines())}"
