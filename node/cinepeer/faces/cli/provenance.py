"""The command about provenance: which bytes a film is, who signed it, from which source, and what was done to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from cinepeer.content.credentials import NAME
from cinepeer.content.playlist import parse_media
from cinepeer.errors import BadInput, CheckFailed
from cinepeer.faces.cli.call import Node, home_option, json_option, show
from cinepeer.faces.cli.choice import FILM, film_id

FILM_NAME, SIDECAR_NAME = "film.mp4", "film.c2pa"


@click.command(epilog="Example: cinepeer credentials 'First Light' --export proof")
@click.argument("film", type=FILM)
@click.option(
    "--export", "folder", type=click.Path(path_type=Path), help="Write film and sidecar there, for tools of C2PA."
)
@json_option
@home_option
def credentials(film: str, folder: Path | None, as_json: bool, home: Path) -> None:
    """Check a film's content credentials (C2PA); exit code 1 where they are not so.

    Standard tools of C2PA read what --export writes: a film, and a sidecar that is its external manifest.
    """
    node = Node.of(home)
    found = node.get(f"/api/films/{film_id(node, film)}/credentials")
    if folder is not None:
        found["exported"] = _export(node, found, folder)
    show(found, as_json, _words)
    if not found["holds"]:
        raise CheckFailed("found credentials that are not so, expected each of their sentences to hold")


def _export(node: Node, found: dict[str, Any], folder: Path) -> list[str]:
    """Writes the film as one file, and its sidecar."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        root, rendition = found["root"], found["rendition"]
        (folder / SIDECAR_NAME).write_bytes(node.read("GET", f"/ipfs/{root}/{NAME}"))
        media = parse_media(node.read("GET", f"/ipfs/{root}/{rendition}/index.m3u8"))
        with (folder / FILM_NAME).open("wb") as film:
            for name in (media.init, *(segment.name for segment in media.segments)):
                film.write(node.read("GET", f"/ipfs/{root}/{rendition}/{name}"))
    except OSError as error:
        raise BadInput(f"found that {folder} takes no files ({error.strerror}), expected room there") from error
    return [str(folder / FILM_NAME), str(folder / SIDECAR_NAME)]


def _words(found: dict[str, Any]) -> Iterator[str]:
    yield f"author   {found['author']}"
    yield f"device   {found['device']}"
    yield f"source   sha256 {found['source']}"
    yield f"made     a ladder of renditions from that source; {found['files']} files"
    for finding in found["findings"]:
        mark = {True: "holds   ", False: "NOT SO  ", None: "unknown "}[finding["holds"]]
        yield f"{mark} {finding['said']}: {finding['found']}"
    for path in found.get("exported", []):
        yield f"written  {path}"
