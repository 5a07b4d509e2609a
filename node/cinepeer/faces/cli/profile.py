"""The command about what an author is called, and which ledger account is theirs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from cinepeer.errors import BadInput
from cinepeer.faces.cli.call import Node, home_option, json_option, show


@click.command(epilog="Example: cinepeer profile --name 'Ada Reel' --bind   or   cinepeer profile bafyreig…")
@click.argument("author", required=False)
@click.option("--name", help="What you are called, public; empty for no name.")
@click.option("--bind/--unbind", "bound", default=None, help="Name this home's ledger account as yours, or no longer.")
@json_option
@home_option
def profile(author: str | None, name: str | None, bound: bool | None, as_json: bool, home: Path) -> None:
    """Show what an author is called and which ledger account is theirs, or sign your own.

    With --bind the account signs for the author and the author for the account: everybody can check both, and
    everything that the account ever bought or was paid is then known to be yours.
    """
    node = Node.of(home)
    if name is None and bound is None:
        show(node.get(f"/api/profiles/{author or 'own'}"), as_json, _profile)
        return
    if author is not None:
        raise BadInput(f"found the author {author[:60]!r} with --name or --bind, expected none: one signs one's own")
    show(node.post("/api/profiles", {"name": name, "bound": bound}), as_json, _profile)


def _profile(found: dict[str, Any]) -> Iterator[str]:
    yield f"author    {found['author']}"
    yield f"name      {found['name'] or 'none was told'}"
    if found["account"] is not None:
        yield f"account   {found['account']} on chain {found['chain']}; each signed for the other"
    elif found["objection"] is not None:
        yield f"account   does not hold: {found['objection']}"
    else:
        yield "account   none is named"
    if found["record"] is not None:
        yield f"record    {found['record']}"
