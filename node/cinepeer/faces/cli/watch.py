"""The watch command: a film through the light client, which checks every block even of the home's own node."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cinepeer.errors import BadInput
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
@click.option("--territory", default="", metavar="CODE", help="Where a licensed film is watched, such as DE.")
@json_option
@home_option
def watch(
    film: str,
    out: Path | None,
    height: int | None,
    cut: str | None,
    urls: tuple[str, ...],
    territory: str,
    as_json: bool,
    home: Path,
) -> int:
    """Watch a film in mpv, VLC or ffplay, or write it to a file; no byte that does not hold is shown."""
    from cinepeer_client.fetch import Source
    from cinepeer_client.films import parse_film
    from cinepeer_client.options import with_sources

    if out is not None and (out.exists() or not out.absolute().parent.is_dir()):
        raise BadInput(f"found {out} there already or its folder missing, expected the name of a new file")
    node = None if urls else Node.of(home)
    named = urls if node is None else (f"http://127.0.0.1:{node.port}",)
    wanted = parse_film(film if node is None else film_id(node, film))

    def work(nodes: Any) -> int:
        _show(nodes, wanted, cut, height, out, as_json, lambda version: _unlocked(node, version, territory))
        return 0

    return with_sources([Source.of(url) for url in named], work, "cinepeer")


def _unlocked(node: Node | None, version: Any, territory: str) -> Any:
    """The key of a licensed version through the home's node, None for an open one."""
    from cinepeer_client.licensed import sealing_of, unlock_by

    sealed = sealing_of(version)
    if sealed is None:
        return None
    if node is None:
        raise BadInput(
            "found a licensed film, expected it watched through the home's own node, "
            "or with the account's key by cinepeer-client play --account"
        )
    wish = {"territory": territory}
    return unlock_by(lambda asked: node.post(f"/api/films/{version.film}/key", wish | asked), version, sealed)


def _show(
    nodes: Any,
    wanted: Any,
    cut: str | None,
    height: int | None,
    out: Path | None,
    as_json: bool,
    unlocked_by: Callable[[Any], Any],
) -> None:
    """Finds the film and plays it, on a player or to its end."""
    import time

    from cinepeer_client.films import choose_version, find_film

    found = find_film(nodes, wanted, time.time_ns() // 1_000_000)
    version = choose_version(found, cut)
    unlocked = unlocked_by(version)
    if out is None and not as_json:
        from cinepeer_client.relay import find_player
        from cinepeer_client.relay import watch as hand_over
        from cinepeer_client.tree import Tree

        hand_over(Tree(nodes, version.root, None if unlocked is None else unlocked.key), find_player())
        return
    from cinepeer_client.play import play

    with Measure("segments") as measure:
        wishes: dict[str, Any] = {"height": height, "out": out, "unlocked": unlocked}
        proof = play(nodes, found, version, progress=lambda _, whole: _step(measure, whole), **wishes)
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
