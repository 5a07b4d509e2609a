"""What films the nodes tell of, each proved by signed records before it is shown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cinepeer.content.sort import FILM, place_of, sort_of
from cinepeer.errors import BadInput, Refused
from cinepeer.records import dagcbor
from cinepeer.records.bodies import parse_body
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.feed import Feeds
from cinepeer.records.record import MAX_BODY_BYTES, Record, parse_record, verify_body, verify_record
from cinepeer_client.fetch import Nodes, Source, Unavailable, encoded

MAX_LIST_BYTES = 16 << 20
MAX_RECORDS_BYTES = 32 << 20
_TELLING = ("film", "version", "retraction")
_UNKNOWN = (400, 404, 410, 422)


@dataclass(frozen=True, slots=True)
class Hint:
    """A film as a node tells of it: nothing of it is proved."""

    id: str
    playable: bool


@dataclass(frozen=True, slots=True)
class Version:
    """One cut of a film, from its signed record; `root` is the folder of its files, `sealing` what it says of a key."""

    id: Cid
    film: Cid
    author: Cid
    time: int
    label: str
    root: Cid
    duration_ms: int
    size_bytes: int
    blocks: int
    sealing: Mapping[str, dagcbor.Value] = field(default_factory=dict)
    sort: str = FILM

    @property
    def place(self) -> tuple[int, int, Cid]:
        """Where it stands among its film's; the greatest plays first."""
        return place_of(self.sort, self.time, self.id)

    @property
    def is_licensed(self) -> bool:
        """Whether it plays with a key alone."""
        return bool(self.sealing)


@dataclass(frozen=True, slots=True)
class Film:
    """A film from its signed record, with its versions as they are to be played: whole ones first, newest first."""

    id: Cid
    author: Cid
    name: str
    year: int | None
    versions: tuple[Version, ...]


class Shelf:
    """Records that were checked one by one: signature, chain, body; and the films that they tell of."""

    def __init__(self, now_ms: int) -> None:
        """`now_ms` is the reader's own time: records far ahead of it do not count."""
        self._now_ms = now_ms
        self._feeds = Feeds()
        self._held: dict[Cid, Record] = {}
        self._told: dict[Cid, dict[str, dagcbor.Value]] = {}
        self._cuts: dict[Cid, list[Record]] = {}
        self._retractions: dict[Cid, list[Record]] = {}

    def admit(self, data: bytes) -> None:
        """Takes a node's list of [record, body] pairs; raises `Refused` at the first that does not hold."""
        pairs = dagcbor.decode(data)
        if not isinstance(pairs, list):
            raise Refused("bad-list", "found no list of records, expected pairs of record and body")
        for pair in pairs:
            if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], bytes):
                raise Refused("bad-list", "found something else in a list of records, expected record and body")
            block, body = pair[0], pair[1]
            if body is not None and (not isinstance(body, bytes) or len(body) > MAX_BODY_BYTES):
                raise Refused(
                    "bad-list", f"found a body that is no bytes or too long, expected {MAX_BODY_BYTES} at most"
                )
            self._admit(parse_record(block), body)

    def __contains__(self, record: Cid) -> bool:
        """Whether a record of this id was admitted, whether or not it counts."""
        return record in self._held

    def _admit(self, record: Record, body: bytes | None) -> None:
        if record.id not in self._held:
            verify_record(record)
            missing = self._feeds.missing(record, self._now_ms)
            if missing == "time":
                return
            if missing is not None:
                raise Refused("gap", f"found the record {record.id} before its {missing}, expected it after")
            self._feeds.verify(record, body)
        says = body is not None and _says_something(record, body)
        if record.id not in self._held:
            self._feeds.apply(record, body)
            self._held[record.id] = record
        # Another node may hold the body that the first one has forgotten.
        if body is not None and says and record.kind in _TELLING and record.id not in self._told:
            self._note(record, body)

    def _note(self, record: Record, body: bytes) -> None:
        """Takes what a body says."""
        fields = self._told[record.id] = parse_body(record.kind, body)
        if record.kind == "version" and isinstance(fields["film"], Cid):
            self._cuts.setdefault(fields["film"], []).append(record)
        named = fields["records"] if record.kind == "retraction" else []
        for cid in named if isinstance(named, list) else []:
            if isinstance(cid, Cid):
                self._retractions.setdefault(cid, []).append(record)

    def film(self, film: Cid) -> Film | None:
        """The film of this id with its versions, or None where no record that counts tells of it."""
        record = self._held.get(film)
        if record is None or record.kind != "film" or not self._tells(record):
            return None
        name, year = self._told[film]["name"], self._told[film]["year"]
        versions = [
            _version(cut, self._told[cut.id])
            for cut in self._cuts.get(film, [])
            if cut.author == record.author and self._tells(cut)
        ]
        return Film(
            id=record.id,
            author=record.author,
            name=str(name),
            year=year if isinstance(year, int) else None,
            versions=tuple(sorted(versions, key=lambda version: version.place, reverse=True)),
        )

    def _tells(self, record: Record) -> bool:
        """Whether a record counts, says something, and was not taken back by its author."""
        taken_back = any(
            retraction.author == record.author and self._feeds.counts(retraction)
            for retraction in self._retractions.get(record.id, [])
        )
        return record.id in self._told and self._feeds.counts(record) and not taken_back


def _says_something(record: Record, body: bytes) -> bool:
    """Whether a body has a meaning; its author may have signed one without. Raises `Refused` for another body."""
    try:
        verify_body(record, body)
    except Refused as error:
        if error.reason == "wrong-body":
            raise
        return False
    return True


def _version(record: Record, fields: dict[str, dagcbor.Value]) -> Version:
    """A version record's checked fields."""
    film, root = fields["film"], fields["root"]
    assert isinstance(film, Cid) and isinstance(root, Cid)
    found = [fields[name] for name in ("duration_ms", "size_bytes", "blocks")]
    duration_ms, size_bytes, blocks = (number for number in found if isinstance(number, int))
    sealing = {"sealed": fields["sealed"]} if "sealed" in fields else {}
    label = str(fields["label"])
    numbers = (duration_ms, size_bytes, blocks)
    return Version(record.id, film, record.author, record.time, label, root, *numbers, sealing, sort_of(fields))


def parse_hints(data: bytes) -> list[Hint]:
    """Reads a node's list of films; raises `Refused` (`bad-list`)."""
    try:
        films = json.loads(data)
        if not isinstance(films, list):
            raise TypeError
        return [_hint(film["id"], film.get("playable")) for film in films]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Refused("bad-list", "found no list of films, expected objects with id, name and playable") from None


def _hint(film: object, playable: object) -> Hint:
    if not isinstance(film, str):
        raise TypeError
    return Hint(film, playable is True)


def parse_film(text: str) -> Cid:
    """The id of a published film as typed; raises `BadInput`."""
    try:
        return Cid.parse(text)
    except Refused:
        raise BadInput(f"found the film {text[:80]!r}, expected the id of a published film (b…)") from None


def is_film_id(text: str) -> bool:
    """Whether a text has the form of a published film's id."""
    try:
        return Cid.parse(text).codec == DAG_CBOR
    except Refused:
        return False


def find_film(nodes: Nodes, film: Cid, now_ms: int) -> Film:
    """The film as its author signed it; raises `BadInput` when no node knows it."""

    def read(source: Source) -> Film | None:
        try:
            data = source.get(f"/api/films/{encoded(str(film))}/records", MAX_RECORDS_BYTES)
        except Unavailable as error:
            if error.status not in _UNKNOWN:
                raise
            return None
        shelf = Shelf(now_ms)
        shelf.admit(data)
        if film not in shelf:
            raise Refused("no-film", f"found other records for the film {film}, expected its own among them")
        return shelf.film(film)

    answers = [found for _, found in nodes.each(read) if found is not None]
    if not answers:
        raise BadInput(f"found no film {film} at {_names(nodes.sources)}, expected the id of one that a node knows")
    # A node may be behind: the one that shows the newest version knows most.
    return max(answers, key=lambda one: (len(one.versions), sorted((cut.time for cut in one.versions), reverse=True)))


def list_films(nodes: Nodes, now_ms: int) -> list[dict[str, object]]:
    """All films that some node tells of and that its records prove; those playable now first, then by name."""
    shelf = Shelf(now_ms)
    shown: dict[Cid, dict[str, object]] = {}
    for source, hints in nodes.each(lambda source: parse_hints(source.get("/api/films", MAX_LIST_BYTES))):
        try:
            for hint in hints:
                _show(shown, shelf, source, hint)
        except Unavailable:
            continue
        except Refused as error:
            nodes.blame(source, error)
    return sorted(shown.values(), key=lambda film: (not film["playable"], str(film["name"]), str(film["id"])))


def _show(shown: dict[Cid, dict[str, object]], shelf: Shelf, source: Source, hint: Hint) -> None:
    """Adds a film that the node tells of once its records are checked."""
    cid = Cid.parse(hint.id)
    film = shelf.film(cid)
    if film is None:
        # The records of one film bring those of all films of its author.
        shelf.admit(source.get(f"/api/films/{encoded(hint.id)}/records", MAX_RECORDS_BYTES))
        film = shelf.film(cid)
    if film is None:
        raise Refused("no-film", f"found no signed record of the film {hint.id} that it lists, expected one")
    before = shown.get(cid, {"playable": False})
    has_open = any(not version.is_licensed for version in film.versions)
    shown[cid] = {
        "id": hint.id,
        "name": film.name,
        "playable": bool(before["playable"] or (hint.playable and has_open)),
        "licensed": bool(film.versions) and not has_open,
        "year": film.year,
        "author": str(film.author),
        "versions": [str(version.id) for version in film.versions],
    }


def choose_version(film: Film, wanted: str | None) -> Version:
    """The newest whole version, or the one of the given id; raises `BadInput`."""
    if not film.versions:
        raise BadInput(f"found no version of {film.name!r}, expected one to play")
    for version in film.versions:
        if wanted is None or str(version.id) == wanted:
            return version
    raise BadInput(f"found no version {wanted!r} of {film.name!r}, expected one of {_ids(film.versions)}")


def _ids(versions: Sequence[Version]) -> str:
    return ", ".join(str(version.id) for version in versions)


def _names(sources: Sequence[Source]) -> str:
    return ", ".join(source.url for source in sources)
