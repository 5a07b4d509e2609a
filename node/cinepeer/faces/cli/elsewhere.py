"""Ratings from elsewhere on the command line: read, reported, kept privately, and published after one question."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click

from cinepeer.errors import BadInput
from cinepeer.faces.cli.call import Node, show
from cinepeer.recommend.exports import read_export

SHOWN = 10
_ZIP = b"PK"


def verify_readable(data: bytes) -> None:
    """Raises `BadInput` for what is no export of ratings; archives are for the node to open."""
    if not data.startswith(_ZIP):
        read_export(data)


def take(node: Node, data: bytes, titles: Path | None, *, keep: bool) -> dict[str, Any]:
    """What an export comes to; with `keep` the node keeps it privately."""
    query = {"keep": str(keep).lower()} | ({} if titles is None else {"titles": str(titles.resolve())})
    found: dict[str, Any] = json.loads(
        node.read("POST", f"/api/imports?{urlencode(query)}", data, "application/octet-stream")
    )
    return found


def publish(node: Node, is_agreed: bool) -> dict[str, Any]:
    """Signs all private ratings once the person agreed; raises `BadInput` where nobody can be asked."""
    private = node.get("/api/imports")
    if not private["count"]:
        raise BadInput("found no private ratings, expected some to publish: import them first")
    for line in _to_sign(private, node.get("/api/status")["author"]):
        click.echo(line, err=True)
    if not is_agreed:
        if not sys.stdin.isatty():
            raise BadInput("found nobody to ask, expected --yes to sign these ratings for good")
        click.confirm("Sign them?", abort=True, err=True)
    done: dict[str, Any] = node.post("/api/imports/publications", {})
    return done


def show_report(found: dict[str, Any], as_json: bool) -> None:
    """Prints what an export came to."""
    show(found, as_json, _report)


def _to_sign(private: dict[str, Any], author: str) -> Iterator[str]:
    yield f"{private['count']:,} ratings would be signed by {author}, for anybody to read and for good:"
    for film, stars, _, source in private["ratings"][:SHOWN]:
        yield f"  {film}  {stars} of 10  ({source})"
    if private["count"] > SHOWN:
        yield f"  and {private['count'] - SHOWN:,} more"


def _report(found: dict[str, Any]) -> Iterator[str]:
    done = "kept on this device, for your own lists" if found["kept"] else "found, nothing kept"
    by = ", ".join(f"{count:,} by {how}" for how, count in found["matched_by"].items())
    yield f"{found['source']}: {found['rows']:,} rows, {found['ratings']:,} ratings {done}" + (f" ({by})" if by else "")
    if found["already_public"]:
        yield f"{found['already_public']:,} of them you have rated publicly: your public stars count"
    for kind, count in found["counts"].items():
        yield f"{count:,} × {kind}"
    for oddity in found["oddities"][:SHOWN]:
        yield f"  line {oddity['line']}: {oddity['told']}"
    if found["unmatched_count"]:
        yield f"{found['unmatched_count']:,} not matched to a film:"
        for one in found["unmatched"][:SHOWN]:
            yield f"  line {one['line']}: {one['title']} ({one['year'] or '–'}): {one['reason']}"
