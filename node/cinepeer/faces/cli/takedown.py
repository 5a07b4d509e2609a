"""Commands of takedown: report something, rule on what was reported, answer a ruling."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from cinepeer.app.reported import GROUNDS
from cinepeer.errors import BadInput
from cinepeer.faces.cli.call import Node, home_option, json_option, show
from cinepeer.faces.cli.choice import FILM, film_id
from cinepeer.faces.cli.consent import agree, yes_option

_language = click.option("--language", default="", help="The language of the words, such as en or zh-Hans.")


@click.command(epilog="Example: cinepeer report 'First Light' 'The second reel is mine.' --ground copyright")
@click.argument("on", type=FILM, required=False)
@click.argument("text", required=False)
@click.option("--ground", type=click.Choice(GROUNDS), default="other", show_default=True, help="What the matter is.")
@click.option("--contact", help="Where you can be reached; public, like the rest.")
@click.option("--every", is_flag=True, help="With a film alone: show what was reported of it and how nodes ruled.")
@_language
@json_option
@home_option
def report(
    on: str | None,
    text: str | None,
    ground: str,
    contact: str | None,
    every: bool,
    language: str,
    as_json: bool,
    home: Path,
) -> None:
    """Report a film, a version, an author or words in public; without words, show what waits for your ruling."""
    node = Node.of(home)
    if on is None:
        show(node.get("/api/reports"), as_json, _waiting)
        return
    named = film_id(node, on)
    if every:
        show(node.get(f"/api/films/{named}/reports"), as_json, _reported)
        return
    if text is None:
        raise BadInput("found nothing said against it, expected words, or --every to see what others said")
    wish = {"on": named, "ground": ground, "text": text, "language": language, "contact": contact}
    _tell(node.post("/api/reports", wish), as_json)


@click.command(epilog="Example: cinepeer rule bafyreig… --deny --reason 'The claim is shown by the licence of 2019.'")
@click.argument("on", type=FILM, required=False)
@click.option("--deny/--keep", "denied", default=None, help="Deny what it is about, or keep it.")
@click.option("--reason", help="Why, for everybody to read.")
@_language
@yes_option
@json_option
@home_option
def rule(
    on: str | None, denied: bool | None, reason: str | None, language: str, yes: bool, as_json: bool, home: Path
) -> None:
    """Rule on a report (its id), or on a film, an author or words; without one, show how you ruled."""
    node = Node.of(home)
    if on is None:
        show(node.get("/api/rulings"), as_json, _rulings)
        return
    if denied is None or not reason:
        raise BadInput("found no ruling, expected --deny or --keep, and --reason")
    what = "What it is about leaves this node and is not served again." if denied else "What it is about stays."
    agree(f"{what} The ruling and its reason are signed for everybody to read.", yes)
    wish = {"on": film_id(node, on), "denied": denied, "reason": reason, "language": language}
    show(node.post("/api/rulings", wish), as_json, lambda made: _rulings([made]))


@click.command(epilog="Example: cinepeer appeal bafyreig… 'I hold the licence: title 0x12…'")
@click.argument("ruling")
@click.argument("text")
@_language
@json_option
@home_option
def appeal(ruling: str, text: str, language: str, as_json: bool, home: Path) -> None:
    """Say something against a ruling, for everybody to read."""
    _tell(Node.of(home).post("/api/appeals", {"ruling": ruling, "text": text, "language": language}), as_json)


def _tell(done: dict[str, Any], as_json: bool) -> None:
    show(done, as_json, lambda made: iter([f"signed as record {made['record']}"]))


def _waiting(found: list[dict[str, Any]]) -> Iterator[str]:
    if not found:
        yield "nothing waits for your ruling"
    yield from _reports(found)


def _reported(found: dict[str, Any]) -> Iterator[str]:
    if not found["reports"] and not found["rulings"]:
        yield "nobody reported it, as far as this node knows"
    yield from _reports(found["reports"])
    yield from _rulings(found["rulings"])


def _reports(found: list[dict[str, Any]]) -> Iterator[str]:
    for one in found:
        yield f"{_day(one)}  {one['ground']}  {_about(one)}  by {_who(one)}  {one['record']}"
        yield f"   {one['text']}"
        if one["contact"]:
            yield f"   contact: {one['contact']}"


def _rulings(found: list[dict[str, Any]]) -> Iterator[str]:
    for one in found:
        verdict = ("denied" if one["denied"] else "kept") + ("" if one["stands"] else ", ruled anew since")
        yield f"{_day(one)}  {verdict}  {_about(one)}  by {_who(one)}  {one['record']}"
        yield f"   {one['reason']}"
        for said in one["appeals"]:
            role = ", whose it is" if said["is_concerned"] else ""
            yield f"   {_day(said)}  {_who(said)}{role}: {said['text']}"


def _about(one: dict[str, Any]) -> str:
    about = one["about"]
    return f"{about['sort']} {about['name'] or about['on']}"


def _who(one: dict[str, Any]) -> str:
    return str(one["name"] or one["author"])


def _day(one: dict[str, Any]) -> str:
    return datetime.fromtimestamp(one["time_ms"] / 1000, UTC).strftime("%Y-%m-%d")
