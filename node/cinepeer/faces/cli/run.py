"""The run command: a node in the foreground until it is told to stop."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Any

import click

from cinepeer.faces.cli.call import home_option, typed
from cinepeer.settings import SETTINGS


def settings_options(command: Any) -> Any:
    """One flag for every setting of the table."""
    for setting in reversed(SETTINGS):
        flag = "--" + setting.name.replace("_", "-")
        kind = {bool: bool, int: int, str: str}[type(setting.default)]
        told = f"{setting.help} [{setting.unit}; default: {setting.default or 'none'}]"
        command = click.option(flag, setting.name, type=kind, help=told)(command)
    return command


@click.command(epilog="Example: cinepeer run --join /ip4/192.0.2.7/tcp/12000/p2p/12D3Koo…")
@click.option("--join", metavar="MULTIADDR|FILE", help="Join the network of this peer, or of a network file.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when ready.")
@click.option("--verbose", is_flag=True, help="Log more to stderr.")
@home_option
@settings_options
def run(join: str | None, as_json: bool, verbose: bool, home: Path, **flags: Any) -> None:
    """Start a node: page, API, gateway, Kubo RPC, ledger and libp2p, all on loopback."""
    from cinepeer.daemon import serve

    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )

    def ready(told: dict[str, Any]) -> None:
        click.echo(json.dumps(told) if as_json else "\n".join(ready_words(told)))
        sys.stdout.flush()

    asyncio.run(serve(home, flags, join, ready))


def ready_words(told: dict[str, Any]) -> list[str]:
    """What a person is told once the node answers."""
    command = typed()
    return [
        f"Cinepeer runs at {told['page']}",
        "",
        "Next, in another terminal:",
        f"  publish a film          {command} publish FILE --name NAME",
        f"  see and rate films      {command} films, then {command} rate NAME 9",
        f"  let another node join   {command} network show --file OUT, there: {command} run --join OUT",
        f"  keep your 24 words      {command} keys phrase --show",
        f"  see the whole story     {command} demo",
        "",
        "Ctrl-C stops the node; what it acknowledged is on disk.",
    ]
