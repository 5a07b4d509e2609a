"""The shape of what a search answers."""

from __future__ import annotations

from cinepeer.faces.http.answers import Answer, Film


class Found(Answer):
    """What a search found; `taken` names, for a word that no film has, the near words that were asked for instead."""

    films: list[Film]
    taken: dict[str, list[str]]
