"""The command that searches the films of a node."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click

from cinepeer.faces.cli.call import Node, home_option, json_option, show
from cinepeer.faces.cli.film import listed


@click.command(epilog="Example: cinepeer search first light")
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", default=20, type=click.IntRange(1, 100), show_default=True)
@json_option
@home_option
def search(words: tuple[str, ...], limit: int, as_json: bool, home: Path) -> None:
    """Find films by title, people, genre, year or synopsis, in any script; a slip of the finger is forgiven."""
    found = Node.of(home).get("/api/search?" + urlencode({"q": " ".join(words), "limit": limit}))
    show(found, as_json, _found)


def _found(found: dict[str, Any]) -> Iterator[str]:
    for typed, near in found["taken"].items():
        yield f"no film has {typed}: asked for {' or '.join(near)}"
    yield from listed(found["films"]) if found["films"] else ["no film that this node knows has these words"]
