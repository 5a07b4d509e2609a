"""The custody command: keys of licensed films that lie here, and who keeps those of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from cinepeer.errors import BadInput
from cinepeer.faces.cli.call import Node, home_option, json_option, show
from cinepeer.faces.cli.choice import FILM, film_id


@click.command(epilog="Example: cinepeer custody   or   cinepeer custody 'First Light' --add bafyrei…")
@click.argument("film", type=FILM, required=False)
@click.option("--add", "added", multiple=True, metavar="AUTHOR", help="Have this author keep its key too; repeatable.")
@json_option
@home_option
def custody(film: str | None, added: tuple[str, ...], as_json: bool, home: Path) -> None:
    """Show whose keys lie here and who keeps yours, or have more authors keep the key of a licensed film of yours."""
    if (film is None) != (not added):
        raise BadInput("found a film without --add or --add without a film, expected both or neither")
    node = Node.of(home)
    if film is None:
        found = node.get("/api/custody")
    else:
        wanted = {"film": film_id(node, film), "custodians": list(added)}
        found = node.post("/api/custody/custodians", wanted)
    show(found, as_json, _told)


def _told(found: dict[str, Any]) -> Iterator[str]:
    lies = "under the passphrase" if found["is_encrypted"] else "in plain files without CINEPEER_PASSPHRASE"
    yield f"{len(found['kept'])} keys lie here, {lies}"
    yield "this node keeps keys for others" if found["is_custodian"] else "this node keeps no keys for others"
    for one in found["kept"]:
        yield f"key      {one['name']}  ({one['film']}){'  yours' if one['own'] else ''}"
    for one in found["own"]:
        hosts = [keeper for keeper in one["custodians"] if keeper["given"]]
        yield f"yours    {one['name']}: {len(hosts)} others keep its key{_alone(len(hosts))}"
        for keeper in one["custodians"]:
            if keeper["problem"]:
                yield f"         {keeper['author']} not yet: {keeper['problem']}"
    for one in found["offering"]:
        yield f"offers   {one['author']}  {one['name'] or ''} {one['gateway'] or ''}".rstrip()
    if found["counts"]:
        yield "answered " + ", ".join(f"{reason} {count}" for reason, count in found["counts"].items())


def _alone(hosts: int) -> str:
    return "" if hosts >= 2 else "; with fewer than two it may not play while your node sleeps"
