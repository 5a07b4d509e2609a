"""Commands about people: whom you follow, what they did, and lists of films."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from cinepeer.errors import BadInput
from cinepeer.faces.cli.call import Node, home_option, json_option, show
from cinepeer.faces.cli.choice import FILM, film_id


@click.command(epilog="Example: cinepeer follow bafyreig…")
@click.argument("on", required=False)
@json_option
@home_option
def follow(on: str | None, as_json: bool, home: Path) -> None:
    """Follow an author or a list by its id, for everybody to see; without one, show what you follow."""
    node = Node.of(home)
    if on is None:
        show(node.get("/api/follows"), as_json, _followed)
    else:
        _tell(node.post("/api/follows", {"on": on, "follows": True}), as_json)


@click.command(epilog="Example: cinepeer unfollow bafyreig…")
@click.argument("on")
@json_option
@home_option
def unfollow(on: str, as_json: bool, home: Path) -> None:
    """Follow an author or a list no more."""
    _tell(Node.of(home).post("/api/follows", {"on": on, "follows": False}), as_json)


@click.command(epilog="Example: cinepeer news --limit 20")
@click.option("--limit", default=20, type=click.IntRange(1, 200), show_default=True)
@json_option
@home_option
def news(limit: int, as_json: bool, home: Path) -> None:
    """Show what those did whom you follow: films, versions, reviews, lists."""
    show(Node.of(home).get(f"/api/news?limit={limit}"), as_json, _news)


@click.command(epilog="Example: cinepeer collection --new Nights 'First Light' imdb:tt0111161")
@click.argument("films", type=FILM, nargs=-1)
@click.option("--show", "shown", metavar="LIST", help="Show a list by its id.")
@click.option("--new", "name", metavar="NAME", help="Begin a list of FILMS with this name.")
@click.option("--add", "added", metavar="LIST", help="Add FILMS to a list of yours.")
@click.option("--remove", "removed", metavar="LIST", help="Take FILMS out of a list of yours.")
@click.option("--about", help="What the list is about.")
@json_option
@home_option
def collection(
    films: tuple[str, ...],
    shown: str | None,
    name: str | None,
    added: str | None,
    removed: str | None,
    about: str | None,
    as_json: bool,
    home: Path,
) -> None:
    """Sign a public list of films, change one, or show one; without options, show yours."""
    chosen = [one for one in (shown, name, added, removed) if one is not None]
    if len(chosen) > 1:
        raise BadInput("found more than one of --show, --new, --add, --remove, expected one of them")
    node = Node.of(home)
    if name is None and added is None and removed is None:
        if films or about is not None:
            raise BadInput("found films or --about alone, expected --new, --add or --remove beside them")
        found = [node.get(f"/api/collections/{shown}")] if shown else _own(node)
        show(found, as_json, _collections)
        return
    ids = [film_id(node, film) for film in films]
    if name is not None:
        wish = {"name": name, "about": about or "", "films": ids}
    else:
        known = node.get(f"/api/collections/{added or removed}")
        left = [film for film in known["films"] if film not in ids]
        wish = {"collection": known["id"], "name": known["name"], "language": known["language"]}
        wish |= {"about": known["about"] if about is None else about, "films": [*left, *ids] if added else left}
    _tell(node.post("/api/collections", wish), as_json)


def _own(node: Node) -> list[dict[str, Any]]:
    author = node.get("/api/status")["author"]
    found: list[dict[str, Any]] = node.get(f"/api/authors/{author}")["collections"]
    return found


def _tell(done: dict[str, Any], as_json: bool) -> None:
    show(done, as_json, lambda made: iter([f"signed as record {made['record']}"]))


def _followed(found: list[dict[str, Any]]) -> Iterator[str]:
    if not found:
        yield "you follow nobody yet: `cinepeer follow` takes an author's id or a list's"
    for one in found:
        yield f"{_day(one)}  {one['sort'] or 'unknown'}  {one['name'] or ''}  {one['on']}"


def _news(found: list[dict[str, Any]]) -> Iterator[str]:
    if not found:
        yield "nothing yet from those whom you follow"
    for one in found:
        yield f"{_day(one)}  {one['author_name'] or one['author']}  {one['kind']}  {one['name'] or ''}  {one['of']}"


def _collections(found: list[dict[str, Any]]) -> Iterator[str]:
    if not found:
        yield "no public list of yours yet: --new begins one"
    for one in found:
        yield f"{one['name']}  {one['id']}"
        if one["about"]:
            yield f"   {one['about']}"
        for film in one["films"]:
            yield f"   {film}"


def _day(one: dict[str, Any]) -> str:
    return datetime.fromtimestamp(one["time_ms"] / 1000, UTC).strftime("%Y-%m-%d")
