"""The shape of what a search answers."""

from __future__ import annotations

from cinepeer.faces.http.answers import Answer, Film


class Quote(Answer):
    """A line of a version's captions that has the words, and when it is shown, in ms from the start."""

    version: str
    language: str
    start_ms: int
    text: str


class Found(Answer):
    """What a search found; `taken` names, for a word that no film has, the near words that were asked for instead.

    `said` has, by film, the line in which the words are said, of films that are held here whole.
    """

    films: list[Film]
    taken: dict[str, list[str]]
    said: dict[str, Quote]
