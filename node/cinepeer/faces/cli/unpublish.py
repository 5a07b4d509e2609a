"""The command that takes a film back, as far as that goes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from cinepeer.faces.cli.call import Node, home_option, json_option, show
from cinepeer.faces.cli.choice import FILM, film_id
from cinepeer.faces.cli.consent import agree, yes_option


@click.command(epilog="Example: cinepeer unpublish 'First Light' --reason 'a new cut comes'")
@click.argument("film", type=FILM)
@click.option("--reason", default="", help="Why, for all who hear of it.")
@yes_option
@json_option
@home_option
def unpublish(film: str, reason: str, yes: bool, as_json: bool, home: Path) -> None:
    """Take a film back; it says first what that undoes and what it cannot."""
    node = Node.of(home)
    path = f"/api/films/{film_id(node, film)}/unpublishing"
    agree("\n".join(_lines(node.get(path))), yes)
    done = node.post(path, {"reason": reason})
    show(done, as_json, lambda made: iter([f"taken back by record {made['record']}"]))


def _lines(traces: Iterable[dict[str, Any]]) -> Iterable[str]:
    for trace in traces:
        yield f"{'undone  ' if trace['undone'] else 'remains '} {trace['sentence']}"
