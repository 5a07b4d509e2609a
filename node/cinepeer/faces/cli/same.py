"""The same command: which ids mean one film, who says so, and own words on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from cinepeer.errors import BadInput
from cinepeer.faces.cli.call import Node, home_option, json_option, show
from cinepeer.faces.cli.choice import FILM, film_id

BY = {"own": "you", "followed": "somebody you follow", "creator": "its creator"}


@click.command(epilog="Example: cinepeer same 'First Light' imdb:tt0111161")
@click.argument("film", type=FILM, required=False)
@click.argument("other", type=FILM, required=False)
@click.option("--not", "is_other", is_flag=True, help="They are two films.")
@json_option
@home_option
def same(film: str | None, other: str | None, is_other: bool, as_json: bool, home: Path) -> None:
    """Sign that two ids mean one film, or show which do; without a film, show what you said."""
    if is_other and other is None:
        raise BadInput("found --not without two films, expected both")
    node = Node.of(home)
    if film is None:
        show(node.get("/api/same"), as_json, _own)
    elif other is None:
        show(node.get(f"/api/same/{quote(film_id(node, film))}"), as_json, _ids)
    else:
        wish = {"one": film_id(node, film), "other": film_id(node, other), "same": not is_other}
        show(node.post("/api/same", wish), as_json, lambda made: iter([f"signed as record {made['record']}"]))


def _own(found: list[dict[str, Any]]) -> Iterator[str]:
    if not found:
        yield "you said of no two films that they are the same"
    for word in found:
        yield f"{word['films'][0]} {'is' if word['same'] else 'is not'} {word['films'][1]}"


def _ids(found: dict[str, Any]) -> Iterator[str]:
    yield found["film"]
    for one in found["ids"]:
        if one != found["film"]:
            yield f"  also {one}"
    for word in found["joined"]:
        yield f"  {word['films'][0]} = {word['films'][1]}: says {BY[word['by']]} ({word['record']})"
