"""The checkpoint command: what ratings come to as someone computed it, and whether that was replayed here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from cinepeer.faces.cli.call import TIMEOUT_S, Node, home_option, json_option, show

# A million ratings take a minute where the cores are free, and many where they are not; a node that ends is noticed.
MAKING_TIMEOUT_S = 3600.0


@click.command(epilog="Example: cinepeer checkpoint   or   cinepeer checkpoint --make")
@click.option("--make", "is_made", is_flag=True, help="Make one of all that this node holds, and sign it.")
@click.option("--replay", "record", help="Make the checkpoint of this record anew from the records that it names.")
@json_option
@home_option
def checkpoint(is_made: bool, record: str | None, as_json: bool, home: Path) -> int:
    """List the checkpoints that are held, make one, or replay one; exit code 1 when one is not what it says."""
    node = Node.of(home, MAKING_TIMEOUT_S if is_made or record is not None else TIMEOUT_S)
    if is_made:
        show([node.post("/api/checkpoints", {})], as_json, _lines)
        return 0
    if record is not None:
        told = node.post(f"/api/checkpoints/{record}/replay", {})
        show(told, as_json, _replay)
        return 1 if "not what its records come to" in told["label"] else 0
    show(node.get("/api/checkpoints"), as_json, _lines)
    return 0


def _lines(found: list[dict[str, Any]]) -> Iterator[str]:
    if not found:
        yield "no checkpoint is held"
    for one in found:
        moment = datetime.fromtimestamp(one["moment_ms"] / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        yield f"{one['record']}  {moment}  {one['ratings']:,} ratings of {one['records']:,} records  {one['label']}"
        for other in one["contradicts"]:
            yield f"  contradicted by the same device: {other}"


def _replay(told: dict[str, Any]) -> Iterator[str]:
    yield told["label"]
    if told["missing_records"] or told["missing_bodies"]:
        yield f"not replayed yet: {told['missing_records']:,} records and {told['missing_bodies']:,} bodies are missing"
