"""The watch command: a film through the light client, which checks every block even of the home's own node."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from cinepeer.errors import BadInput, CheckFailed, CinepeerError
from cinepeer.faces.cli.call import Node, home_option, json_option
from cinepeer.faces.cli.choice import FILM, film_id
from cinepeer.faces.cli.measure import Measure


@click.command(
    epilog="Example: cinepeer watch 'First Light'   or   cinepeer watch 'First Light' --out film.mp4 --height 480"
)
@click.argument("film", type=FILM)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the film to this new file.")
@click.option("--height", type=int, help="The rendition of this height instead of the best.")
@click.option("--version", "cut", metavar="ID", help="Another version than the newest.")
@click.option("--node", "urls", multiple=True, metavar="URL", help="Ask this node instead of the home's; repeatable.")
@json_option
@home_option
def watch(
    film: str, out: Path | None, height: int | None, cut: str | None, urls: tuple[str, ...], as_json: bool, home: Path
) -> int:
    """Watch a film in mpv, VLC or ffplay, or write it to a file; no byte that does not hold is shown."""
    from cinepeer_client.fetch import Nodes, Source
    from cinepeer_client.films import parse_film

    if out is not None and (out.exists() or not out.absolute().parent.is_dir()):
        raise BadInput(f"found {out} there already or its folder missing, expected the name of a new file")
    node = None if urls else Node.of(home)
    named = urls if node is None else (f"http://127.0.0.1:{node.port}",)
    wanted = parse_film(film if node is None else film_id(node, film))
    with Nodes([Source.of(url) for url in named]) as nodes:
        try:
            _show(nodes, wanted, cut, height, out, as_json)
        except CinepeerError as error:
            if not nodes.lies:
                raise
            raise CheckFailed(str(error)) from error
        finally:
            for lie in dict.fromkeys(nodes.lies):
                click.echo(f"cinepeer: served what does not hold: {lie}", err=True)
        return 1 if nodes.lies else 0


def _show(nodes: Any, wanted: Any, cut: str | None, height: int | None, out: Path | None, as_json: bool) -> None:
    """Finds the film and plays it, on a player or to its end."""
    import time

    from cinepeer_client.films import choose_version, find_film

    found = find_film(nodes, wanted, time.time_ns() // 1_000_000)
    version = choose_version(found, cut)
    if out is None and not as_json:
        from cinepeer_client.relay import find_player
        from cinepeer_client.relay import watch as hand_over
        from cinepeer_client.tree import Tree

        hand_over(Tree(nodes, version.root), find_player())
        return
    from cinepeer_client.play import play

    with Measure("segments") as measure:
        proof = play(nodes, found, version, height=height, out=out, progress=lambda _, whole: _step(measure, whole))
    proof["nodes"] = [source.url for source in nodes.sources]
    if as_json:
        click.echo(json.dumps(proof, ensure_ascii=False))
        return
    click.echo(f"{proof['name']}: {proof['segments']} segments, {proof['blocks']} blocks verified, written to {out}")
    if proof["out"]["without_sound"]:
        click.echo("picture only: ffmpeg is needed to join the sound")


def _step(measure: Measure, whole: int) -> None:
    measure.whole = whole
    measure.step()
