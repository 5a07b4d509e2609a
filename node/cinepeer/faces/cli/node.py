"""Commands about the node itself: status, peers, host."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from cinepeer.errors import Unreachable
from cinepeer.faces.cli import resting
from cinepeer.faces.cli.call import Node, home_option, json_option, show
from cinepeer.faces.cli.choice import FILM, film_id

COPYING_S = 24 * 3600.0  # a copy of all films may take so long


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
    return (
        f"{name:9} {'none yet' if found[name] is None else found[name]}"
        for name in ("home", "author", "network", "records", "films")
    )


def _status(found: dict[str, Any]) -> Iterator[str]:
    yield f"version   {_version(found['neighbourhood']['versions'])}"
    yield f"page      {found['page']}"
    yield f"build     {found['page_build'] or 'none: ./scripts/build_web makes the page'}"
    yield f"author    {found['author']}"
    yield f"network   {found['network']}"
    yield f"ledger    {found['ledger']['label']}"
    yield f"p2p       {found['p2p'][0]}"
    yield f"records   {found['records']}"
    yield f"films     {found['films']}"
    if found["checkpoint"]:
        yield f"scores    {_checkpoint(found['checkpoint'])}"
    yield f"blocks    {found['stored_bytes']:,} of at most {found['disk_cap']:,} bytes"
    yield f"peers     {len(found['peers'])}"
    yield f"reached   {_reached(found['neighbourhood']['reach'])}"


@click.command(epilog="Example: cinepeer peers --connect /ip4/192.0.2.7/tcp/12000/p2p/12D3Koo…")
@click.option("--connect", "addr", help="A peer's multiaddr to connect to.")
@click.option("--forgive", "peer_id", help="The id of a banned peer whose ban ends now.")
@json_option
@home_option
def peers(addr: str | None, peer_id: str | None, as_json: bool, home: Path) -> None:
    """Show the neighbours, connect to one, or end a ban."""
    node = Node.of(home)
    if peer_id:
        show(node.delete(f"/api/bans/{peer_id}"), as_json, lambda _: iter([f"forgiven {peer_id}"]))
        return
    if addr:
        show(node.post("/api/peers", {"addr": addr}), as_json, lambda made: iter([f"connected to {made['peer_id']}"]))
        return
    found = node.get("/api/peers")
    # The list of neighbours is what programs read; a person is told of the rest beside it.
    show(found, as_json, lambda _: _peers(found, node.get("/api/neighbourhood")))


def _peers(found: list[dict[str, Any]], around: dict[str, Any]) -> Iterator[str]:
    if not found:
        yield "no neighbours: connect to one with `cinepeer peers --connect MULTIADDR`"
    for peer in found:
        refused = sum(peer.get("refused", {}).values())
        exchanged = f"received {peer.get('received', 0)}, sent {peer.get('sent', 0)}, refused {refused}"
        yield f"{peer['peer_id']}  {peer['direction']:3} {peer['standing']:6} {exchanged}"
    yield f"known     {around['known']} peers"
    yield f"reached   {_reached(around['reach'])}"
    for ban in around["banned"]:
        yield f"banned    {ban['peer']} for {ban['reason']}, until {_moment(ban['until_ms'])}"


def _version(told: dict[str, Any]) -> str:
    """The own version, and what neighbours run; nothing is fetched."""
    if not told["newer"]:
        return str(told["own"])
    return f"{told['own']}; {told['newer']} of {told['said']} neighbours say they run a newer one ({told['newest']})"


def _reached(reach: dict[str, Any]) -> str:
    """Whether others reach this node, in words."""
    if reach["reachable"] is None:
        return "not known yet: no neighbour has dialled back"
    where = {"machine": "from this machine", "lan": "from this network", "everywhere": "from outside"}[
        reach["seen_from"]
    ]
    if reach["reachable"]:
        return f"{where}, by {reach['reached_by']} of {reach['judges']} neighbours that dialled back"
    return f"not {where}: none of {reach['judges']} neighbours that dialled back got through"


def _checkpoint(one: dict[str, Any]) -> str:
    """What scores rest on besides the node's own count, in words."""
    if one["contradicts"]:
        return f"{one['label']}, contradicted by {', '.join(one['contradicts'])}"
    if not one["is_shown"]:
        return f"checkpoint {one['record']} {one['label']}"
    return f"{one['label']}: {one['held']:,} of {one['records']:,} records are here"


def _moment(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000).strftime("%Y-%m-%d %H:%M")


@click.command(epilog="Example: cinepeer host --disk-cap 20000000000   or   cinepeer host --deny bafy…")
@click.option("--deny", "cid", help="The CID of an author, a film's files or a block that this node must not hold.")
@click.option("--allow", "allowed", metavar="CID", help="Deny it no more.")
@click.option("--disk-cap", "cap", metavar="BYTES", type=click.IntRange(0), help="Keep at most so many bytes of films.")
@click.option("--explain", is_flag=True, help="Say of every film why it is here and what would leave next.")
@click.option("--keep", type=FILM, help="Have a film never leave for another.")
@click.option("--release", type=FILM, help="Let a kept film leave again.")
@click.option("--copy-to", metavar="ADDR", help="Copy all pinned films to the Kubo with this RPC address.")
@click.option("--copy-from", metavar="ADDR", help="Copy all that is pinned at this Kubo here.")
@click.option("--disks", "are_listed", is_flag=True, help="Show the disks that blocks lie on, and which are away.")
@click.option("--empty-disk", "emptied", metavar="PATH", help="Move all blocks of this disk to the others, for good.")
@click.option("--challenge", is_flag=True, help="Ask every other host for a block, by chance, and show who has it.")
@json_option
@home_option
def host(
    cid: str | None,
    allowed: str | None,
    cap: int | None,
    explain: bool,
    keep: str | None,
    release: str | None,
    copy_to: str | None,
    copy_from: str | None,
    are_listed: bool,
    emptied: str | None,
    challenge: bool,
    as_json: bool,
    home: Path,
) -> None:
    """Show what this node holds for others and why; set its disk cap; keep a film; deny what it must not hold."""
    node = Node.of(home)
    if addr := copy_to or copy_from:
        wanted = {"addr": addr, "direction": "to" if copy_to else "from"}
        made = Node.of(home, COPYING_S).post("/api/hosting/copies", wanted)
        show(made, as_json, _copied)
        return
    if emptied:
        Node.of(home, COPYING_S).post("/api/hosting/disks/empty", {"path": str(Path(emptied).absolute())})
    if emptied or are_listed:
        show(node.get("/api/hosting/disks"), as_json, _disks)
        return
    if explain or keep or release or challenge:
        show(_explained(node, keep, release, challenge), as_json, _explanation)
        return
    if cid:
        node.post("/api/denied", {"cid": cid})
    if allowed:
        node.delete(f"/api/denied/{quote(allowed, safe='')}")
    found = node.get("/api/hosting") if cap is None else node.patch("/api/hosting", {"disk_cap_bytes": cap})
    named = {} if as_json else {cut["id"]: film["name"] for film in node.get("/api/films") for cut in film["versions"]}
    show(found, as_json, lambda told: _hosting(told, named))


def _disks(found: list[dict[str, Any]]) -> Iterator[str]:
    for disk in found:
        cap = "" if disk["cap_bytes"] is None else f" of at most {disk['cap_bytes']:,}"
        state = "AWAY" if disk["is_away"] else f"{disk['stored_bytes']:,}{cap} bytes, room for {disk['room_bytes']:,}"
        yield f"{disk['path']}  {state}"


def _copied(made: dict[str, Any]) -> Iterator[str]:
    carried = f"carried over {made['blocks']:,} blocks, {made['bytes']:,} bytes"
    yield f"{made['pins']} pins stand at both ends; {carried}"


def _explained(node: Node, keep: str | None, release: str | None, challenge: bool) -> list[dict[str, Any]]:
    """The films of a node after what is asked for was done."""
    for film, is_kept in ((keep, True), (release, False)):
        if film:
            node.patch("/api/hosting/kept", {"film": film_id(node, film), "is_kept": is_kept})
    found: list[dict[str, Any]] = node.post("/api/hosting/challenges") if challenge else node.get("/api/hosting/films")
    return found


def _explanation(films: list[dict[str, Any]]) -> Iterator[str]:
    if not films:
        yield "no films yet"
    for film in films:
        place = f", leaves as number {film['leaves']}" if film["leaves"] else ""
        where = "held" if film["is_held"] else "not held"
        yield f"{where:9} {film['name']}  {film['size_bytes']:,} bytes: {film['why']}{place}"
        if film["conclusion"]:
            yield f"          {film['conclusion']}"
        for other in film["hosts"]:
            asked = other["challenged"]
            proof = "not asked yet"
            if asked:
                proof = f"gave a block in {asked['took_ms']} ms" if asked["held"] else "did not give a block in time"
                proof += f" ({asked['kept']} of {asked['kept'] + asked['failed']} times)"
            yield f"          {other['author']} says it holds it: {proof}"


def _hosting(found: dict[str, Any], named: dict[str, str]) -> Iterator[str]:
    """What is held and what not; `named`: the films' names by the ids of their versions."""
    yield f"{found['stored_bytes']:,} of at most {found['disk_cap']:,} bytes"
    if found.get("consequence"):
        yield str(found["consequence"])
    if found["gateway"]:
        yield f"gateway   {found['gateway']}, for everybody"
    for version in found["held"]:
        yield f"held      {version}  {named.get(version, '')}".rstrip()
    for version, reason in found["declined"].items():
        yield f"left out  {version}  {named.get(version, '')}: {reason}"
    for cid in found["denied"]:
        yield f"denied    {cid}"
