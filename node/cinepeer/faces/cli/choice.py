"""Which film a person means: by its id, by its whole name, or by a part of its id that no other has."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from cinepeer.errors import BadInput, CinepeerError, Refused
from cinepeer.faces.cli.call import DEFAULT_HOME, Node
from cinepeer.records.bodies import parse_film_id

MIN_PART = 6
COMPLETION_TIMEOUT_S = 1.0


class FilmParam(click.ParamType):
    """A FILM on the command line; shells complete it from the running node."""

    name = "film"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 (click's signature)
        """The ids of the node's films that begin so, with their names; none when no node answers."""
        # A parameter's callback has not run while a line is completed: the home is text or missing.
        home = Path(ctx.params.get("home") or DEFAULT_HOME).expanduser()
        try:
            films = Node.of(home, COMPLETION_TIMEOUT_S).get("/api/films")
        except CinepeerError:
            return []
        return [CompletionItem(film["id"], help=film["name"]) for film in films if film["id"].startswith(incomplete)]


FILM = FilmParam()


def film_id(node: Node, text: str) -> str:
    """The id of the film that `text` means to a person; raises `BadInput` unless it is exactly one."""
    try:
        return str(parse_film_id(text))
    except Refused as error:
        if ":" in text:
            raise BadInput(str(error)) from error
    films = node.get("/api/films")
    found = _matching(films, text)
    if len(found) == 1:
        return str(found[0]["id"])
    if found:
        ids = ", ".join(film["id"] for film in found[:5])
        raise BadInput(f"found {len(found)} films for {text[:80]!r}, expected one: {ids}")
    raise BadInput(
        f"found no film {text[:80]!r}, expected its name, its id or {MIN_PART} signs of it as `cinepeer films` shows "
        f"them, or an id such as imdb:tt0111161{_nearest(films, text)}"
    )


def _matching(films: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """The films of that name; where there is none, those with that begin or end of their id."""
    named = [film for film in films if film["name"].casefold() == text.casefold()]
    if named or len(text) < MIN_PART:
        return named
    return [film for film in films if film["id"].startswith(text) or film["id"].endswith(text)]


def _nearest(films: list[dict[str, Any]], text: str) -> str:
    """What a misspelt name may have meant, as the end of a sentence; empty where no name is near."""
    names = {film["name"].casefold(): film["name"] for film in films}
    near = get_close_matches(text.casefold(), names, n=1, cutoff=0.7)
    return f"; the nearest name here is {names[near[0]]!r}" if near else ""
