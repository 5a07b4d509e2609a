"""Ratings as Letterboxd, IMDb, Trakt, Douban and MovieLens export them, cleaned, with a report of what was odd.

Everything comes from outside: what cannot be read is refused in one sentence, a row that says nothing is told and left.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cinepeer.errors import BadInput
from cinepeer.records.film_id import is_external_id

MAX_ROWS = 100_000
MAX_TOLD = 200
MAX_FIELD = 2_000
MAX_DEPTH = 16


@dataclass(frozen=True, slots=True)
class Row:
    """One rating as it was found: `stars` on a scale of 10, `ids` external, `time` in ms UTC or None."""

    line: int
    title: str
    year: int | None
    ids: tuple[str, ...]
    stars: int
    time: int | None


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something about a row that a person may want to know: `duplicate`, `conflict`, `scale`, `time`, `row`."""

    line: int
    kind: str
    told: str


@dataclass(slots=True)
class Export:
    """What a file says: its source, one row per film, and what was odd (at most `MAX_TOLD` told, all counted)."""

    source: str
    rows: list[Row] = field(default_factory=list)
    oddities: list[Oddity] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    read: int = 0

    def note(self, line: int, kind: str, told: str) -> None:
        """Counts something odd, and keeps its words while there is room."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if len(self.oddities) < MAX_TOLD:
            self.oddities.append(Oddity(line, kind, told))


@dataclass(frozen=True, slots=True)
class _Raw:
    """A row before its stars and time are understood."""

    line: int
    title: str
    year: str
    ids: tuple[str, ...]
    stars: str
    time: str


def read_export(data: bytes) -> Export:
    """The ratings in an export, its source told by its form; raises `BadInput` for anything else."""
    text = _text(data)
    source, raws, scale = _json(text) if text.lstrip()[:1] in "[{" else _csv(text)
    export = Export(source)
    found = list(raws)
    if len(found) > MAX_ROWS:
        raise BadInput(f"found more than {MAX_ROWS:,} rows, expected one person's ratings")
    export.read = len(found)
    scale = _scale(export, found, scale)
    by_film: dict[object, Row] = {}
    for raw in found:
        row = _row(export, raw, scale)
        if row is not None:
            _take(export, by_film, row)
    export.rows = sorted(by_film.values(), key=lambda row: row.line)
    return export


def _text(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadInput("found a file that is no text, expected ratings as CSV or JSON")


def _csv(text: str) -> tuple[str, Iterator[_Raw], float]:
    """(source, rows, largest value of its scale) by the names of the columns."""
    try:
        reader = csv.DictReader(io.StringIO(text), strict=False)
        names = {str(name).strip().lower() for name in reader.fieldnames or ()}
    except csv.Error as error:
        raise BadInput(f"found a file that is no CSV ({error}), expected ratings as CSV or JSON") from None
    for source, wanted, made, scale in _FORMS:
        if wanted <= names:
            return source, _rows(reader, made), scale
    known = ", ".join(source for source, *_ in _FORMS)
    raise BadInput(f"found the columns {', '.join(sorted(names))[:200]!r}, expected an export of {known} or Trakt")


def _one_person(rows: Iterator[dict[str, str]]) -> Iterator[dict[str, str]]:
    """The rows as they are; raises `BadInput` where they are of several people."""
    whose: set[str] = set()
    for found in rows:
        whose.update(str(cell) for name, cell in found.items() if str(name).strip().lower() == "userid")
        if len(whose) > 1:
            raise BadInput("found the ratings of several people, expected one person's")
        yield found


def _rows(reader: csv.DictReader[str], made: Callable[[int, Mapping[str, str]], _Raw]) -> Iterator[_Raw]:
    try:
        for number, found in enumerate(_one_person(reader)):
            if number > MAX_ROWS:
                raise BadInput(f"found more than {MAX_ROWS:,} rows, expected one person's ratings")
            cells = {
                str(name).strip().lower(): str(cell or "").strip()[:MAX_FIELD] for name, cell in found.items() if name
            }
            yield made(number + 2, cells)
    except csv.Error as error:
        raise BadInput(f"found a row that is no CSV ({error}), expected ratings") from None


def _letterboxd(line: int, cells: Mapping[str, str]) -> _Raw:
    when = cells.get("watched date") or cells["date"]
    return _Raw(line, cells["name"], cells["year"], (), cells["rating"], when)


def _imdb(line: int, cells: Mapping[str, str]) -> _Raw:
    ids = _external(f"imdb:{cells['const']}")
    return _Raw(line, cells["title"], cells.get("year", ""), ids, cells["your rating"], cells.get("date rated", ""))


def _douban(line: int, cells: Mapping[str, str]) -> _Raw:
    year = re.search(r"(?<!\d)(?:18|19|20)\d\d(?!\d)", cells.get("简介", "") or cells.get("年份", ""))
    title = cells["标题"].split(" / ")[0].split("/")[0].strip()
    stars = cells["我的评分"].count("★") or cells["我的评分"]
    return _Raw(
        line, title, year[0] if year else "", (), str(stars), cells.get("创建时间", "") or cells.get("打分日期", "")
    )


def _movielens(line: int, cells: Mapping[str, str]) -> _Raw:
    return _Raw(line, "", "", _external(f"movielens:{cells['movieid']}"), cells["rating"], cells.get("timestamp", ""))


def _movielens_site(line: int, cells: Mapping[str, str]) -> _Raw:
    ids = _external(
        f"imdb:tt{cells.get('imdb_id', '').removeprefix('tt').zfill(7)}",
        f"tmdb:{cells.get('tmdb_id', '')}",
        f"movielens:{cells['movie_id']}",
    )
    found = re.fullmatch(r"(.*?)\s*\((\d{4})\)", cells.get("title", ""))
    title, year = (found[1], found[2]) if found else (cells.get("title", ""), "")
    return _Raw(line, title, year, ids, cells["rating"], "")


_FORMS: Sequence[tuple[str, set[str], Callable[[int, Mapping[str, str]], _Raw], float]] = (
    ("imdb", {"const", "your rating", "title"}, _imdb, 10),
    ("letterboxd", {"date", "name", "year", "rating"}, _letterboxd, 5),
    ("douban", {"标题", "我的评分"}, _douban, 5),
    ("movielens", {"movie_id", "rating", "title"}, _movielens_site, 5),
    ("movielens", {"userid", "movieid", "rating"}, _movielens, 5),
)


def _json(text: str) -> tuple[str, Iterator[_Raw], float]:
    """Trakt's list of ratings."""
    if _depth(text) > MAX_DEPTH:
        raise BadInput(f"found JSON nested deeper than {MAX_DEPTH}, expected Trakt's list of ratings")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise BadInput("found a file that is no JSON, expected ratings as CSV or JSON") from None
    if not isinstance(found, list) or not all(isinstance(one, dict) and "rating" in one for one in found):
        raise BadInput("found JSON without ratings, expected Trakt's list of them")
    return "trakt", (_trakt(number, one) for number, one in enumerate(found, 1)), 10


def _depth(text: str) -> int:
    """How deep brackets nest, those in strings left out: the parser's own stack is not safe from strangers."""
    depth = most = 0
    for sign in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(sign[0], 0)
        most = max(most, depth)
    return most


def _trakt(line: int, one: Mapping[str, Any]) -> _Raw:
    film = one.get("movie")
    if not isinstance(film, dict):
        return _Raw(line, "", "", (), "", "")
    named = film.get("ids")
    ids: Mapping[str, Any] = named if isinstance(named, dict) else {}
    external = _external(f"imdb:{ids.get('imdb')}", f"tmdb:{ids.get('tmdb')}")
    year, title = str(film.get("year") or ""), str(film.get("title") or "")[:MAX_FIELD]
    return _Raw(line, title, year, external, str(one["rating"]), str(one.get("rated_at") or ""))


def _external(*names: str) -> tuple[str, ...]:
    return tuple(name for name in names if is_external_id(name))


def _scale(export: Export, raws: Sequence[_Raw], scale: float) -> float:
    """The largest value of the scale: a file that goes beyond its site's own is taken on 10 (or 100), and says so."""
    most = max((value for raw in raws if (value := _number(raw.stars)) is not None), default=0.0)
    for larger in (10.0, 100.0):
        if most > scale and scale < larger:
            export.note(1, "scale", f"stars up to {most:g} where {scale:g} is the most: taken on a scale of {larger:g}")
            scale = larger
    return scale


def _row(export: Export, raw: _Raw, scale: float) -> Row | None:
    """The row understood, or None and an oddity."""
    value = _number(raw.stars)
    if not raw.title and not raw.ids:
        export.note(raw.line, "row", "no film's title or id: left out")
        return None
    if value is None or not 0 < value <= scale:
        export.note(raw.line, "row", f"the stars {raw.stars[:20]!r} for {raw.title[:80]}: left out")
        return None
    exact = value * 10 / scale
    stars = min(max(int(exact + 0.5), 1), 10)
    if abs(exact - stars) > 1e-6:
        export.note(raw.line, "scale", f"{value:g} of {scale:g} for {raw.title[:80]}: taken as {stars} of 10")
    year = int(raw.year) if re.fullmatch(r"\d{4}", raw.year) else None
    return Row(raw.line, raw.title, year, raw.ids, stars, _time(export, raw))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= 1_000 else None


def _time(export: Export, raw: _Raw) -> int | None:
    """When, in ms: of a zone its own time, without one UTC, of a day alone its noon (UTC)."""
    if not raw.time:
        return None
    if re.fullmatch(r"\d{9,10}", raw.time):
        return int(raw.time) * 1000
    if re.fullmatch(r"\d{4}-\d\d-\d\d", raw.time):
        return _moment(export, raw, raw.time + "T12:00:00+00:00")
    stamp = raw.time.replace("Z", "+00:00").replace("/", "-")
    return _moment(export, raw, stamp)


def _moment(export: Export, raw: _Raw, stamp: str) -> int | None:
    try:
        found = datetime.fromisoformat(stamp)
    except ValueError:
        export.note(raw.line, "time", f"the time {raw.time[:40]!r} of {raw.title[:80]} cannot be read: left open")
        return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
        export.note(raw.line, "time", f"no zone in {raw.time[:40]!r}: taken as UTC")
    elif found.utcoffset():
        export.note(raw.line, "time", f"{raw.time[:40]!r} taken as {found.astimezone(UTC):%Y-%m-%d %H:%M} UTC")
    return max(int(found.timestamp() * 1000), 0)


def _take(export: Export, by_film: dict[object, Row], row: Row) -> None:
    """Of several ratings of one film the newest stays; without times the last one."""
    key: object = row.ids[0] if row.ids else (row.title.casefold(), row.year)
    before = by_film.get(key)
    if before is None:
        by_film[key] = row
        return
    if before.stars == row.stars:
        export.note(row.line, "duplicate", f"{row.title or key}: the same {row.stars} stars as in line {before.line}")
    newer = row if (row.time or 0) >= (before.time or 0) else before
    if before.stars != row.stars:
        told = f"{row.title or key}: {before.stars} stars in line {before.line}, {row.stars} here; {newer.stars} count"
        export.note(row.line, "conflict", told)
    by_film[key] = newer
