"""Commands about the node itself: status, peers, host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from cinepeer.errors import Unreachable
from cinepeer.faces.cli import resting
from cinepeer.faces.cli.call import Node, home_option, json_option, show


@click.command(epilog="Example: cinepeer status --json")
@json_option
@home_option
def status(as_json: bool, home: Path) -> None:
    """Show what the node holds and where it listens; exit code 3 and what lies in the home when none runs."""
    try:
        found = Node.of(home).get("/api/status")
    except Unreachable as error:
        if (home / "records.db").is_file():
            show(resting.status(home), as_json, _rests)
        raise error
    show(found, as_json, _status)


def _rests(found: dict[str, Any]) -> Iterator[str]:
    return (f"{name:9} {found[name]}" for name in ("home", "author", "network", "records", "films"))


def _status(found: dict[str, Any]) -> Iterator[str]:
    yield f"page      {found['page']}"
    yield f"author    {found['author']}"
    yield f"network   {found['network']}"
    yield f"ledger    {found['ledger']['label']}"
    yield f"p2p       {found['p2p'][0]}"
    yield f"records   {found['records']}"
    yield f"films     {found['films']}"
    yield f"blocks    {found['stored_bytes']:,} of at most {found['disk_cap']:,} bytes"
    yield f"peers     {len(found['peers'])}"


@click.command(epilog="Example: cinepeer peers --connect /ip4/192.0.2.7/tcp/12000/p2p/12D3Koo…")
@click.option("--connect", "addr", help="A peer's multiaddr to connect to.")
@json_option
@home_option
def peers(addr: str | None, as_json: bool, home: Path) -> None:
    """Show the neighbours, or connect to one."""
    node = Node.of(home)
    if addr:
        show(node.post("/api/peers", {"addr": addr}), as_json, lambda made: iter([f"connected to {made['peer_id']}"]))
        return
    show(node.get("/api/peers"), as_json, _peers)


def _peers(found: list[dict[str, Any]]) -> Iterator[str]:
    if not found:
        yield "no neighbours: connect to one with `cinepeer peers --connect MULTIADDR`"
    for peer in found:
        refused = sum(peer.get("refused", {}).values())
        yield f"{peer['peer_id']}  received {peer.get('received', 0)}, sent {peer.get('sent', 0)}, refused {refused}"


@click.command(epilog="Example: cinepeer host --disk-cap 20000000000   or   cinepeer host --deny bafy…")
@click.option("--deny", "cid", help="The CID of an author, a film's files or a block that this node must not hold.")
@click.option("--disk-cap", "cap", metavar="BYTES", type=click.IntRange(0), help="Keep at most so many bytes of films.")
@json_option
@home_option
def host(cid: str | None, cap: int | None, as_json: bool, home: Path) -> None:
    """Show what this node holds for others; set its disk cap; deny what it must not hold."""
    node = Node.of(home)
    if cid:
        node.post("/api/denied", {"cid": cid})
    found = node.get("/api/hosting") if cap is None else node.patch("/api/hosting", {"disk_cap_bytes": cap})
    named = {} if as_json else {cut["id"]: film["name"] for film in node.get("/api/films") for cut in film["versions"]}
    show(found, as_json, lambda told: _hosting(told, named))


def _hosting(found: dict[str, Any], named: dict[str, str]) -> Iterator[str]:
    """What is held and what not; `named`: the films' names by the ids of their versions."""
    yield f"{found['stored_bytes']:,} of at most {found['disk_cap']:,} bytes"
    if found.get("consequence"):
        yield str(found["consequence"])
    for version in found["held"]:
        yield f"held      {version}  {named.get(version, '')}".rstrip()
    for version, reason in found["declined"].items():
        yield f"left out  {version}  {named.get(version, '')}: {reason}"
    for cid in found["denied"]:
        yield f"denied    {cid}"
