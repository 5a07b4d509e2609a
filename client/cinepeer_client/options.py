"""The options that the client's commands share, and what running with nodes means: a lie makes the exit code 1."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cinepeer.errors import BadInput, CheckFailed, CinepeerError

NODE = "CINEPEER_NODE"

node_option = click.option(
    "--node", "urls", multiple=True, metavar="URL", help=f"A node's page or gateway address; repeatable. Or {NODE}."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as one line of JSON.")
timeout_option = click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(0.1, 600),
    default=20.0,
    show_default=True,
    help="Seconds an answer may take.",
)


state_option = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of this client's keys and ratings; else CINEPEER_CLIENT_STATE or ~/.cinepeer-client.",
)


def with_nodes(urls: tuple[str, ...], timeout_s: float, work: Callable[[Any], int]) -> int:
    """Runs `work` with the nodes; whatever they served that does not hold is told, and makes the exit code 1."""
    return with_sources(sources_of(urls, timeout_s), work, "cinepeer-client")


def with_sources(sources: list[Any], work: Callable[[Any], int], program: str) -> int:
    """The same with nodes that are chosen already; `program` is who tells of the lies."""
    from cinepeer_client.fetch import Nodes

    with Nodes(sources) as nodes:
        try:
            code = work(nodes)
        except CinepeerError as error:
            if not nodes.lies:
                raise
            raise CheckFailed(str(error)) from error
        finally:
            for lie in dict.fromkeys(nodes.lies):
                click.echo(f"{program}: served what does not hold: {lie}", err=True)
        return 1 if nodes.lies else code


def sources_of(urls: tuple[str, ...], timeout_s: float) -> list[Any]:
    """The nodes that a person named, or those of the environment; raises `BadInput` where there is none."""
    import os

    from cinepeer_client.fetch import Source

    named = urls or tuple(os.environ.get(NODE, "").split())
    if not named:
        raise BadInput("found no node to ask, expected --node URL (or CINEPEER_NODE)")
    return [Source.of(url, timeout_s) for url in named]
