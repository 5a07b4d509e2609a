"""The demo command: the whole story over three nodes, each step with its time and its proof."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from cinepeer.errors import BadInput, CinepeerError
from cinepeer.faces.cli.call import typed


@click.command(epilog="Example: cinepeer demo --film film.mp4 --json")
@click.option("--film", type=click.Path(path_type=Path), help="A film file; without it one of 20 seconds is made.")
@click.option("--ratings", type=click.Path(path_type=Path), help="A MovieLens folder to take the crowd's ratings from.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one line of JSON.")
@click.option("--keep", is_flag=True, help="Leave the nodes running until Ctrl-C.")
def demo(film: Path | None, ratings: Path | None, as_json: bool, keep: bool) -> int:
    """Publish, replicate, play, rate, recommend, audit: three nodes and a light client on this machine."""
    if film is not None and not film.is_file():
        raise BadInput(f"found no file {film}, expected a film")
    if ratings is not None and not ratings.is_dir():
        raise BadInput(f"found no folder {ratings}, expected a MovieLens folder")
    return asyncio.run(_demo(film, ratings, as_json, keep))


async def _demo(film: Path | None, ratings: Path | None, as_json: bool, keep: bool) -> int:
    from cinepeer.faces.cli.cast import Player
    from cinepeer.faces.cli.story import Story

    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    folder = Path(tempfile.mkdtemp(prefix="cinepeer-demo-"))
    is_kept = False
    players = [Player(name, folder / name) for name in ("creator", "host", "viewer")]
    try:
        begun = time.monotonic()
        story = Story(folder, await _film_file(film, folder), ratings.resolve() if ratings else None, *players)
        task = asyncio.create_task(_tell(story, as_json, begun))
        interrupted = asyncio.create_task(stopped.wait())
        await asyncio.wait({task, interrupted}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return 130
        result = task.result()
        if not result["ok"]:
            is_kept = True
            click.echo(f"the nodes' homes and logs stay in {folder}", err=True)
        elif keep:
            pages = {player.name: player.told["page"] for player in players}
            click.echo(json.dumps({"pages": pages}) if as_json else "\n".join(_pages(pages)))
            sys.stdout.flush()
            await stopped.wait()
        return 0 if result["ok"] else 1
    finally:
        await asyncio.gather(*(player.stop() for player in players), return_exceptions=True)
        if not is_kept:
            shutil.rmtree(folder, ignore_errors=True)


def _pages(pages: dict[str, str]) -> list[str]:
    """Where the nodes are, in words."""
    return ["", *(f"the {name}'s page  {page}" for name, page in pages.items()), "", "Ctrl-C stops them."]


async def _film_file(film: Path | None, folder: Path) -> Path:
    if film is not None:
        return film.resolve()
    from cinepeer.adapters.media.sample import make_sample

    made = folder / "sample.mp4"
    await make_sample(made, seconds=20)
    return made


async def _tell(story: Any, as_json: bool, begun: float) -> dict[str, Any]:
    """Runs the steps until one fails; tells each before and after, then the result."""

    def say(line: str) -> None:
        click.echo(line, err=as_json)
        sys.stdout.flush()

    say("Three nodes (creator, host, viewer) and a light client on this machine; about a minute.")
    steps: dict[str, dict[str, Any]] = {}
    for number, (name, step) in enumerate(story.steps.items(), 1):
        say(f"\n{number}. {name}: {' '.join(step.__doc__.split())}")
        started = time.monotonic()
        try:
            shown = {"ok": True, "proof": await step()}
        except CinepeerError as error:
            shown = {"ok": False, "proof": str(error)}
        shown["seconds"] = round(time.monotonic() - started, 2)
        steps[name] = shown
        for part in shown["proof"].split("; "):
            say(f"   {part}")
        say(f"   {'ok' if shown['ok'] else 'FAILED'} in {shown['seconds']} s")
        if not shown["ok"]:
            break
    result = {
        "ok": len(steps) == len(story.steps) and all(step["ok"] for step in steps.values()),
        "seconds": round(time.monotonic() - begun, 2),
        "steps": steps,
    }
    if as_json:
        click.echo(json.dumps(result))
    else:
        say(f"\n{'All held' if result['ok'] else 'It did not hold'}, in {result['seconds']} s.")
        if result["ok"]:
            command = typed()
            say(f"Next: `{command} run` starts a node of your own; `{command} demo --keep` leaves these to look at.")
    sys.stdout.flush()
    return result
