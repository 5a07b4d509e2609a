"""The command that searches the films of a node."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click

from cinepeer.content.cues import moment
from cinepeer.faces.cli.call import Node, home_option, json_option, show
from cinepeer.faces.cli.film import listed


@click.command(epilog="Example: cinepeer search first light --language en --minutes 100")
@click.argument("words", nargs=-1)
@click.option("--from", "year_from", type=click.IntRange(1800, 9999), help="Films of this year or later.")
@click.option("--to", "year_to", type=click.IntRange(1800, 9999), help="Films of this year or earlier.")
@click.option("--genre", help="Films of this genre.")
@click.option("--language", help="Films in this language, such as en.")
@click.option("--minutes", type=click.IntRange(1, 100_000), help="Films that last no longer.")
@click.option("--playable", is_flag=True, help="Films that play now.")
@click.option("--limit", default=20, type=click.IntRange(1, 100), show_default=True)
@json_option
@home_option
def search(words: tuple[str, ...], as_json: bool, home: Path, **wanted: Any) -> None:
    """Find films by title, people, genre, year, synopsis or what is said in them; a slip of the finger is forgiven.

    Without words: all films that pass the filters, by name.
    """
    query = {"q": " ".join(words), **{name: value for name, value in wanted.items() if value}}
    found = Node.of(home).get("/api/search?" + urlencode(query))
    show(found, as_json, _found)


def _found(found: dict[str, Any]) -> Iterator[str]:
    for typed, near in found["taken"].items():
        yield f"no film has {typed}: asked for {' or '.join(near)}"
    if not found["films"]:
        yield "no film that this node knows is like that"
        return
    for film, line in zip(found["films"], listed(found["films"]), strict=True):
        yield line
        if quote := found["said"].get(film["id"]):
            yield f"  said at {moment(quote['start_ms']).partition('.')[0]}: {quote['text']}"
