"""The shapes of what is answered about people: what they published, whom they follow, their lists, their news."""

from __future__ import annotations

from cinepeer.faces.http.answers import Answer


class CollectionOf(Answer):
    """A public list as its author said last; `id` is its first record, `record` the one that holds."""

    id: str
    record: str
    author: str
    author_name: str | None
    name: str
    about: str
    language: str
    films: list[str]
    time_ms: int
    followers: int
    followed: bool


class Followed(Answer):
    """What this node's author follows: an `author` or a `collection`, or something that is not known here (null)."""

    on: str
    sort: str | None
    name: str | None
    record: str
    time_ms: int


class AuthorOf(Answer):
    """An author as its records tell: films, lists, who follows it; `followed`: by this node's author."""

    author: str
    name: str | None
    profile: str | None
    films: list[str]
    collections: list[CollectionOf]
    follows: list[Followed]
    followers: int
    followed: bool


class NewsOf(Answer):
    """Something done in public by somebody who is followed: a film, version, review or collection."""

    record: str
    author: str
    author_name: str | None
    kind: str
    of: str
    name: str | None
    time_ms: int
