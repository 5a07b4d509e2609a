"""Commands about words: reviews, comments, and taking back what was signed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from cinepeer.errors import BadInput
from cinepeer.faces.cli.call import Node, home_option, json_option, show
from cinepeer.faces.cli.choice import FILM, film_id

_language = click.option("--language", default="", help="The language of the words, such as en or zh-Hans.")


@click.command(epilog="Example: cinepeer review 'First Light' 'The nights are long, and none is wasted.'")
@click.argument("film", type=FILM)
@click.argument("text", required=False)
@click.option("--file", type=click.Path(path_type=Path), help="Take the words from a file.")
@click.option("--spoiler", is_flag=True, help="The words tell the plot: others see them when they ask.")
@_language
@json_option
@home_option
def review(
    film: str, text: str | None, file: Path | None, spoiler: bool, language: str, as_json: bool, home: Path
) -> None:
    """Sign a review of a film, or without words show what people wrote."""
    if text is not None and file is not None:
        raise BadInput("found words and --file, expected one of them")
    words = text if file is None else _read(file)
    node = Node.of(home)
    chosen = film_id(node, film)
    if words is None:
        show(node.get(f"/api/films/{chosen}/reviews"), as_json, _reviews)
        return
    wish = {"film": chosen, "text": words, "spoiler": spoiler, "language": language}
    _tell(node.post("/api/reviews", wish), as_json, "signed as")


@click.command(epilog="Example: cinepeer comment bafyreig… 'So did I.'")
@click.argument("record")
@click.argument("text")
@_language
@json_option
@home_option
def comment(record: str, text: str, language: str, as_json: bool, home: Path) -> None:
    """Sign words on a record, such as a review."""
    done = Node.of(home).post("/api/comments", {"on": record, "text": text, "language": language})
    _tell(done, as_json, "signed as")


@click.command(epilog="Example: cinepeer retract bafyreig… --reason 'the wrong film'")
@click.argument("records", nargs=-1, required=True)
@click.option("--reason", default="", help="Why, for everybody to read.")
@json_option
@home_option
def retract(records: tuple[str, ...], reason: str, as_json: bool, home: Path) -> None:
    """Take back records that you signed: they count no more; that they existed stays known."""
    done = Node.of(home).post("/api/retractions", {"records": list(records), "reason": reason})
    _tell(done, as_json, "taken back by")


def _tell(done: dict[str, Any], as_json: bool, verb: str) -> None:
    show(done, as_json, lambda made: iter([f"{verb} record {made['record']}"]))


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"found no text in {file} ({error}), expected a file in UTF-8") from error


def _reviews(found: list[dict[str, Any]]) -> Iterator[str]:
    if not found:
        yield "nobody wrote about it yet, as far as this node knows"
    for one in found:
        stars = f"{one['stars']}/10  " if one["stars"] else ""
        yield f"{_day(one)}  {stars}{_who(one)}  {one['record']}"
        yield "   " + ("tells the plot: " if one["spoiler"] else "") + one["text"]
        for answer in one["comments"]:
            yield f"   {_day(answer)}  {_who(answer)}: {answer['text']}"


def _who(one: dict[str, Any]) -> str:
    return str(one["name"] or one["author"])


def _day(one: dict[str, Any]) -> str:
    return datetime.fromtimestamp(one["time_ms"] / 1000, UTC).strftime("%Y-%m-%d")
