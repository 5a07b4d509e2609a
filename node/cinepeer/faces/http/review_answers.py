"""The shapes of what is answered about reviews and comments."""

from __future__ import annotations

from cinepeer.faces.http.answers import Answer


class Comment(Answer):
    """One author's words on a record."""

    record: str
    author: str
    name: str | None
    text: str
    language: str
    time_ms: int


class Review(Comment):
    """One author's standing review of a film, the stars it gave, and what others say to it, oldest first."""

    stars: int | None
    spoiler: bool
    comments: list[Comment]


class Signed(Answer):
    """The record that was signed."""

    record: str
