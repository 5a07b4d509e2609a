"""Scopes: which part of all records a node holds. Two peers reconcile what both of their scopes name.

A scope names the records whose bodies are wanted. Their authors' chains come with them as headers, because a record
stands only on those before it: whoever is concerned by a scope is reconciled whole, and only bodies are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from cinepeer.errors import BadInput, Refused
from cinepeer.records.bodies import KEY_KINDS, parse_body, parse_film_id
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.dagcbor import Value
from cinepeer.records.record import Record

T = TypeVar("T", Cid, str)

MAX_NAMED = 1024
MAX_TIME_MS = 2**53 - 1
# Held by everyone: they say what the network is, or who someone is.
COMMON_KINDS = KEY_KINDS | {"profile", "network"}


@dataclass(frozen=True, slots=True)
class Scope:
    """Records of some authors, about some films, from `since_ms` up to `until_ms`; None names all authors or films."""

    authors: frozenset[Cid] | None = None
    films: frozenset[str] | None = None
    since_ms: int = 0
    until_ms: int = MAX_TIME_MS

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return self == EVERYTHING

    @property
    def is_empty(self) -> bool:
        """Whether no record can be in it."""
        return self.authors == frozenset() or self.films == frozenset() or self.since_ms >= self.until_ms

    def meet(self, other: Scope) -> Scope:
        """What both name."""
        return Scope(
            _common(self.authors, other.authors),
            _common(self.films, other.films),
            max(self.since_ms, other.since_ms),
            min(self.until_ms, other.until_ms),
        )

    def concerns(self, record: Record, body: bytes | None) -> bool:
        """Whether a record makes its author one whom the scope concerns; of such an author every header is held."""
        if self.authors is not None and record.author not in self.authors:
            return False
        is_narrowed = self.films is not None or self.since_ms > 0 or self.until_ms < MAX_TIME_MS
        return not is_narrowed or (record.kind not in COMMON_KINDS and self._is_about(record, body))

    def covers(self, record: Record, body: bytes | None) -> bool:
        """Whether a record's body is wanted: by author, time, and what the verified body is about."""
        if self.authors is not None and record.author not in self.authors:
            return False
        return record.kind in COMMON_KINDS or self._is_about(record, body)

    def _is_about(self, record: Record, body: bytes | None) -> bool:
        if not self.since_ms <= record.time < self.until_ms:
            return False
        return self.films is None or not self.films.isdisjoint(films_of(record, body))


EVERYTHING = Scope()
_ABOUT = frozenset({"film", "version", "rating", "title", "offer", "same"})


def films_of(record: Record, body: bytes | None) -> frozenset[str]:
    """The ids of the films that a record is about, as far as its body (verified, or None) says so."""
    fields: dict[str, Any] = {}
    if body is not None and record.kind in _ABOUT:
        with suppress(Refused):  # a header is valid alone; a body of another form says nothing
            fields = parse_body(record.kind, body)
    return films_in(record, fields)


def films_in(record: Record, fields: Mapping[str, Any]) -> frozenset[str]:
    """The same for a body whose fields are parsed; none of a body that is missing."""
    if record.kind == "rating":
        return frozenset([film for film, _ in fields.get("ratings", ())])
    if record.kind not in _ABOUT:
        return frozenset()
    found = {str(record.id)} if record.kind == "film" else set()
    found.update(fields.get("external", ()))
    if record.kind == "same":
        found.update(fields.get("films", ()))
    if "film" in fields:
        found.add(str(fields["film"]))
    return frozenset(found)


def encode_scope(scope: Scope) -> dict[str, Value]:
    """The form of a scope in a frame: a map of what it narrows."""
    found: dict[str, Value] = {}
    if scope.authors is not None:
        found["authors"] = [*sorted(scope.authors)]
    if scope.films is not None:
        found["films"] = [*sorted(scope.films)]
    if scope.since_ms:
        found["since"] = scope.since_ms
    if scope.until_ms != MAX_TIME_MS:
        found["until"] = scope.until_ms
    return found


def read_scope(value: object) -> Scope:
    """A scope from a stranger's frame; raises `Refused` (`bad-scope`)."""
    if not isinstance(value, dict) or value.keys() - {"authors", "films", "since", "until"}:
        raise Refused("bad-scope", f"found {value!r:.80}, expected a map of authors, films, since and until")
    scope = EVERYTHING
    if "authors" in value:
        scope = replace(scope, authors=frozenset(_listed(value["authors"], _author)))
    if "films" in value:
        scope = replace(scope, films=frozenset(_listed(value["films"], _film)))
    scope = replace(scope, since_ms=_time(value.get("since", 0)), until_ms=_time(value.get("until", MAX_TIME_MS)))
    if encode_scope(scope).keys() != value.keys():
        raise Refused("bad-scope", "found a time that narrows nothing, expected it left out")
    return scope


def parse_setting(text: str) -> Scope:
    """A scope as people write it: words `author:ID`, `film:ID`, `since:MS`, `until:MS`; nothing means everything.

    Raises `BadInput` for any other word.
    """
    authors: set[Cid] = set()
    films: set[str] = set()
    times = {"since": 0, "until": MAX_TIME_MS}
    for word in text.split():
        name, _, value = word.partition(":")
        try:
            if name == "author":
                authors.add(Cid.parse(value))
            elif name == "film":
                films.add(str(parse_film_id(value)))
            else:
                times[name] = _time(int(value)) if name in times else _unknown(word)
        except (Refused, ValueError) as error:
            raise BadInput(f"found {word!r:.100} in the scope, expected {_FORMS}") from error
    if len(authors) > MAX_NAMED or len(films) > MAX_NAMED:
        raise BadInput(f"found a scope of more than {MAX_NAMED} authors or films, expected at most that many")
    return Scope(frozenset(authors) or None, frozenset(films) or None, times["since"], times["until"])


def write_setting(scope: Scope) -> str:
    """A scope as `parse_setting` reads it."""
    words = [f"author:{one}" for one in sorted(scope.authors or ())]
    words += [f"film:{one}" for one in sorted(scope.films or ())]
    words += [f"since:{scope.since_ms}"] if scope.since_ms else []
    words += [f"until:{scope.until_ms}"] if scope.until_ms < MAX_TIME_MS else []
    return " ".join(words)


_FORMS = "author:ID, film:ID, since:MS or until:MS, with spaces between"


def _unknown(word: str) -> int:
    raise ValueError(word)


def _common(one: frozenset[Any] | None, other: frozenset[Any] | None) -> frozenset[Any] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _listed(value: object, read: Callable[[object], T]) -> list[T]:
    if not isinstance(value, list) or len(value) > MAX_NAMED:
        raise Refused("bad-scope", f"found no list of at most {MAX_NAMED}")
    found = [read(one) for one in value]
    if found != sorted(set(found)):
        raise Refused("bad-scope", "found a list out of order, expected it ascending, each once")
    return found


def _author(value: object) -> Cid:
    if not isinstance(value, Cid) or value.codec != DAG_CBOR:
        raise Refused("bad-scope", f"found the author {value!r:.80}, expected the id of a record")
    return value


def _film(value: object) -> str:
    if not isinstance(value, str) or str(parse_film_id(value)) != value:
        raise Refused("bad-scope", f"found the film {value!r:.80}, expected an id in its one form")
    return value


def _time(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_TIME_MS:
        raise Refused("bad-scope", f"found the time {value!r:.40}, expected a number of milliseconds")
    return value
