"""Commands by which the order of a network's ledger goes from one home to another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from cinepeer.errors import BadInput
from cinepeer.faces.cli.call import Node, home_option, json_option, show
from cinepeer.faces.cli.consent import agree, yes_option

_MAX_FILE_BYTES = 16_384


@click.command(epilog="Example: cinepeer network stand --file next.candidate")
@click.option("--file", "out", type=click.Path(path_type=Path), help="Write it into this new file.")
@json_option
@home_option
def stand(out: Path | None, as_json: bool, home: Path) -> None:
    """Declare this node ready to order the network's ledger after the one that does now; nothing changes yet."""
    told = Node.of(home).get("/api/network/candidate")
    if out is not None:
        from cinepeer.adapters.system.durable import new_file

        with new_file(out, mode=0o644) as file:
            file.write(told["candidate"].encode() + b"\n")
        told |= {"file": str(out)}
    show(told, as_json, _candidate)


@click.command("hand-over", epilog="Example: cinepeer network hand-over next.candidate")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@yes_option
@json_option
@home_option
def hand_over(file: Path, yes: bool, as_json: bool, home: Path) -> None:
    """Hand the order of the network's ledger over to the node that stands in FILE, for good."""
    found = _read(file)
    node = Node.of(home)
    agree(
        f"This ends what this node orders, for good, and lets {found['sequencer']} at {found['addrs'][0]} order the "
        "network's ledger; the test credits of this node's faucet go there with it.",
        yes,
    )
    show(node.post("/api/network/handovers", {"candidate": found["candidate"]}), as_json, _handed)


def _read(file: Path) -> dict[str, Any]:
    """What a candidate's file says; raises `BadInput`."""
    from cinepeer.errors import Refused
    from cinepeer.records import dagcbor
    from cinepeer.rights.succession import parse_candidate

    try:
        with file.open("rb") as opened:
            text = opened.read(_MAX_FILE_BYTES + 1).decode("ascii").strip()
        one = parse_candidate(dagcbor.decode(bytes.fromhex(text)))
    except (OSError, ValueError, Refused) as error:
        raise BadInput(
            f"found no candidate in {file} ({error}), expected a file by `cinepeer network stand`"
        ) from error
    return {"sequencer": one.sequencer.hex(), "addrs": one.addrs, "candidate": text}


def _candidate(told: dict[str, Any]) -> Iterator[str]:
    yield f"number   {told['number']}"
    yield f"key      {told['sequencer']}"
    yield from (f"reached  {addr}" for addr in told["addrs"])
    yield (
        f"next     cinepeer network hand-over {told['file']}, at the node that orders now"
        if "file" in told
        else (f"signed   {told['candidate']}")
    )


def _handed(told: dict[str, Any]) -> Iterator[str]:
    yield f"number   {told['number']}"
    yield f"to       {told['sequencer']}"
    yield f"after    block {told['height']}, {told['hash']}"
    yield f"record   {told['record']}"
    yield "next     this node follows that one from now on"
