"""What an account does with a title, each step said in one sentence before it is signed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from cinepeer.errors import BadInput
from cinepeer.faces.cli.call import Node, home_option, json_option, show
from cinepeer.faces.cli.choice import FILM, film_id
from cinepeer.faces.cli.consent import agree, yes_option
from cinepeer.faces.cli.film import parse_owner

MAX_FILE_BYTES = 1 << 20

FILE = click.Path(path_type=Path)


@click.command(epilog="Example: cinepeer title propose 'First Light' film.deed --owner 0xABC…=3000")
@click.argument("film", type=FILM)
@click.argument("out", type=FILE)
@click.option("--owner", multiple=True, help="A co-owner ADDRESS=SHARES (basis points); you keep the rest.")
@json_option
@home_option
def propose(film: str, out: Path, owner: tuple[str, ...], as_json: bool, home: Path) -> None:
    """Write a deed of your film, signed by you, into a new file OUT that its co-owners sign; nothing is sent."""
    from cinepeer.adapters.system.durable import new_file

    node = Node.of(home)
    owners = [parse_owner(text) for text in owner]
    deed = node.post("/api/deeds", {"film": film_id(node, film), "owners": owners})
    with new_file(out, mode=0o644) as file:
        file.write(json.dumps(deed, ensure_ascii=False, indent=1).encode() + b"\n")
    show({"file": str(out), **node.post("/api/deeds/readings", deed)}, as_json, _deed)


@click.command(epilog="Example: cinepeer title sign film.deed signed.deed")
@click.argument("deed", type=FILE)
@click.argument("out", type=FILE)
@yes_option
@json_option
@home_option
def sign(deed: Path, out: Path, yes: bool, as_json: bool, home: Path) -> None:
    """Agree to your share of a film: write DEED with your signature into a new file OUT; nothing is sent."""
    from cinepeer.adapters.system.durable import new_file

    node, found = Node.of(home), _read(deed)
    told = node.post("/api/deeds/readings", found)
    agree(f"This signs the deed. {told['sentence']} It costs nothing.", yes)
    signed = node.post("/api/deeds/signatures", found)
    with new_file(out, mode=0o644) as file:
        file.write(json.dumps(signed, ensure_ascii=False, indent=1).encode() + b"\n")
    show({"file": str(out), **node.post("/api/deeds/readings", signed)}, as_json, _deed)


@click.command(epilog="Example: cinepeer title register signed.deed --yes")
@click.argument("deed", type=FILE)
@yes_option
@json_option
@home_option
def register(deed: Path, yes: bool, as_json: bool, home: Path) -> None:
    """Carry a deed that all its owners signed to the ledger: your own, or anybody's who has no credits."""
    perform(home, {"act": "register", "deed": _read(deed)}, yes, as_json)


@click.command("announce", epilog="Example: cinepeer title announce signed.deed")
@click.argument("deed", type=FILE)
@yes_option
@json_option
@home_option
def announce_deed(deed: Path, yes: bool, as_json: bool, home: Path) -> None:
    """Announce your deed, signed by all its owners, in a record: a node that carries deeds takes it to the ledger."""
    node, found = Node.of(home), _read(deed)
    told = node.post("/api/deeds/readings", found)
    agree(f"This announces your deed for whoever carries deeds. {told['sentence']} It costs you nothing.", yes)
    show(node.post("/api/deeds/announcements", found), as_json, _done)


@click.command(epilog="Example: cinepeer title give 'First Light' 0xABC… 500")
@click.argument("film", type=FILM)
@click.argument("address")
@click.argument("shares", type=click.IntRange(1, 10_000))
@yes_option
@json_option
@home_option
def give(film: str, address: str, shares: int, yes: bool, as_json: bool, home: Path) -> None:
    """Give SHARES (basis points) of yours in a film to ADDRESS, for good."""
    perform(home, {"act": "give", "film": film, "to": address, "shares": shares}, yes, as_json)


@click.command(epilog="Example: cinepeer title agent 'First Light' 0xABC… --until 2027-12-31")
@click.argument("film", type=FILM)
@click.argument("address")
@click.option("--until", metavar="YYYY-MM-DD", help="The last day, in UTC, on which ADDRESS may act for you.")
@click.option("--dismiss", is_flag=True, help="End it now.")
@yes_option
@json_option
@home_option
def agent(film: str, address: str, until: str | None, dismiss: bool, yes: bool, as_json: bool, home: Path) -> None:
    """Let ADDRESS offer licences of your film until a day, or dismiss it."""
    if (until is None) == (not dismiss):
        raise BadInput("found no end, or both, expected --until YYYY-MM-DD or --dismiss")
    wanted = {"act": "agent", "film": film, "to": address, "until": 0 if until is None else _end_of(until)}
    perform(home, wanted, yes, as_json)


@click.command(epilog="Example: cinepeer title notice 'First Light' owner bafybei…")
@click.argument("film", type=FILM)
@click.argument("ground")
@click.argument("evidence")
@yes_option
@json_option
@home_option
def notice(film: str, ground: str, evidence: str, yes: bool, as_json: bool, home: Path) -> None:
    """Dispute a film's title on a GROUND (owner, shares, licence, content, other) with EVIDENCE by its CID."""
    perform(home, {"act": "notice", "film": film, "ground": ground, "evidence": evidence}, yes, as_json)


@click.command(epilog="Example: cinepeer title answer 3 bafybei…")
@click.argument("case", type=click.IntRange(0, 2**53 - 1))
@click.argument("evidence")
@yes_option
@json_option
@home_option
def answer(case: int, evidence: str, yes: bool, as_json: bool, home: Path) -> None:
    """Answer the notice CASE against your film with EVIDENCE by its CID."""
    perform(home, {"act": "answer", "case": case, "evidence": evidence}, yes, as_json)


@click.command(epilog="Example: cinepeer licence withdraw bafyreig…")
@click.argument("offer")
@yes_option
@json_option
@home_option
def withdraw(offer: str, yes: bool, as_json: bool, home: Path) -> None:
    """Withdraw an offer of yours, by the id of its record; licences that were bought of it stay."""
    perform(home, {"act": "close", "offer": offer}, yes, as_json)


def perform(home: Path, wanted: dict[str, Any], yes: bool, as_json: bool) -> None:
    """Shows an act's sentence and price, asks, does it, and shows the block in which it stands."""
    node = Node.of(home)
    if "film" in wanted:
        wanted = {**wanted, "film": film_id(node, wanted["film"])}
    agree(priced(node.post("/api/acts", wanted)), yes)
    show(node.post("/api/acts", {**wanted, "agreed": True}), as_json, _done)


def priced(told: dict[str, Any]) -> str:
    """An act's sentence with what it costs."""
    sent = f"It sends {int(told['value']):,} units and" if int(told["value"]) else "It"
    return f"{told['sentence']} {sent} costs about {int(told['cost']):,} units to carry."


def _end_of(day: str) -> int:
    """The last second of a day in UTC."""
    try:
        return int(datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()) + 86_399
    except ValueError as error:
        raise BadInput(f"found the day {day!r}, expected one such as 2027-12-31") from error


def _read(file: Path) -> Any:
    try:
        data = file.read_bytes()
        if len(data) > MAX_FILE_BYTES:
            raise BadInput(f"found {file} of {len(data)} bytes, expected a deed of at most {MAX_FILE_BYTES}")
        return json.loads(data)
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"found {file}, which cannot be read as a deed ({error}), expected its JSON") from error


def _deed(told: dict[str, Any]) -> Iterator[str]:
    yield told["sentence"]
    yield f"file      {told['file']}"
    for who in told["missing"]:
        yield f"waits for {who}  cinepeer title sign {told['file']} OUT"
    if not told["missing"]:
        yield f"next      cinepeer title register {told['file']}, at any node"


def _done(found: dict[str, Any]) -> Iterator[str]:
    return (f"{name:9} {value}" for name, value in found.items())
