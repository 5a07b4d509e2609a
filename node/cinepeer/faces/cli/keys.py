"""The keys command: who may sign what, the phrase, a restored home, and the root's word on devices."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from cinepeer.errors import BadInput, Unreachable
from cinepeer.faces.cli import resting
from cinepeer.faces.cli.call import Node, before_subcommand, home_option, json_option, show
from cinepeer.faces.cli.passphrase import new_passphrase, open_keystore

alone_option = click.option(
    "--alone", is_flag=True, help="No other machine has signed with this author's keys: ask no peer first."
)


@click.group(
    invoke_without_command=True,
    epilog="Example: cinepeer keys   or   cinepeer keys phrase --show   or   cinepeer keys revoke 3f9a01c2",
)
@json_option
@home_option
@click.pass_context
def keys(ctx: click.Context, as_json: bool, home: Path) -> None:
    """Show who may sign what for this home's author, and which of the keys are on this machine."""
    if not before_subcommand(ctx):
        try:
            found = Node.of(home).get("/api/keys")
        except Unreachable as error:
            resting.tell_resting(home, error)
            found = resting.keys(home)
        show(found, as_json, _keys)


def _keys(found: dict[str, Any]) -> Iterator[str]:
    yield f"author   {found['author']}"
    yield f"account  {found['account']}  signs transactions and deeds  (on this machine)"
    for key in found["keys"]:
        named = f" “{key['name']}”" if key["name"] else ""
        here = "this device" if key["key"] == found["device"] else "on this machine" if key["here"] else "elsewhere"
        yield f"{key['sort']:8} {key['key']}{named}"
        counts = f"{key['counted']} of {key['records']} records count"
        yield f"         {key['state']}{_end(key)}; signs {key['signs']}; {counts}; {here}"
    if found["following"]:
        yield f"next     {found['following']}"
        yield "         may follow the root by `cinepeer keys rotate`; signs nothing yet; on this machine"
    if not found["admitted"]:
        yield f"device   {found['device']}"
        yield "         this device, not admitted yet: it waits for a peer that holds the author's records"


def _end(key: dict[str, Any]) -> str:
    """Where what counts of a key's feed ends."""
    if key["last"] is None:
        return ""
    if key["last"]["seq"] < 0:
        return ", nothing counts"
    named = f" ({key['last']['head']})" if key["last"]["head"] else ""
    return f" after seq {key['last']['seq']}{named}"


@keys.command(epilog="Example: cinepeer keys phrase --show")
@click.option("--show", "shown", is_flag=True, help="Yes, show the words now: nobody is looking over my shoulder.")
@json_option
@home_option
def phrase(shown: bool, as_json: bool, home: Path) -> None:
    """Show the 24 words from which the author, its next root and its account follow."""
    from cinepeer.adapters.system.keyring import show_phrase

    if not shown:
        raise BadInput("found no --show, expected it: whoever sees the 24 words is this author from then on")
    words = show_phrase(open_keystore(home))
    show({"phrase": words}, as_json, _words)


def _words(found: dict[str, Any]) -> Iterator[str]:
    words = found["phrase"].split()
    for row in range(6):
        yield "   ".join(f"{place + 1:2} {words[place]:9}" for place in range(row * 4, row * 4 + 4)).rstrip()
    yield ""
    yield "Write them on paper, in this order. They restore the author and the account, not the films: docs/keys.md"


@keys.command(epilog="Example: cinepeer keys export author.bak")
@click.argument("out", type=click.Path(path_type=Path))
@json_option
@home_option
def export(out: Path, as_json: bool, home: Path) -> None:
    """Write the phrase, sealed under a passphrase, into the new file OUT: for the page, or `cinepeer backup --restore`.

    The passphrase is asked for, or taken from CINEPEER_PASSPHRASE.
    """
    from cinepeer.adapters.system.backup import export_phrase

    opened = open_keystore(home)
    export_phrase(opened, out, new_passphrase())
    show(
        {"file": str(out)},
        as_json,
        lambda made: iter([f"sealed into {made['file']}: without its passphrase nobody opens it"]),
    )


@keys.command(
    epilog="Example: cinepeer keys restore --home NEW < words.txt   then   cinepeer run --home NEW --join ADDR"
)
@json_option
@home_option
def restore(as_json: bool, home: Path) -> None:
    """Restore an author from its 24 words, asked for or read from stdin, into a fresh home: always a new device."""
    from cinepeer.adapters.system.home import open_home
    from cinepeer.adapters.system.keyring import keep_phrase, parse_words
    from cinepeer.adapters.system.keystore import Keystore

    asked = sys.stdin.isatty()
    text = click.prompt("The 24 words", hide_input=True, err=True) if asked else sys.stdin.read(4_096)
    parse_words(text)  # before a folder is made
    with open_home(home) as opened:
        if opened.records.exists() or opened.kept:
            raise BadInput(f"found a home that has lived at {home}, expected a fresh one: choose another --home")
        opened.keep(restored=True)
        keep_phrase(Keystore(opened.keys, os.environ.get("CINEPEER_PASSPHRASE")), text)
    show({"home": str(home), "restored": True}, as_json, _restored)


def _restored(found: dict[str, Any]) -> Iterator[str]:
    yield f"restored into {found['home']}, as a new device of the same author"
    yield f"next: cinepeer run --home {found['home']} --join MULTIADDR of a peer that holds the author's records"
    yield "the root admits the new device once it has reconciled with that peer; `cinepeer keys` shows it"


@keys.command(epilog="Example: cinepeer keys revoke 3f9a01c2 --reason 'lost on a train'")
@click.argument("device")
@click.option(
    "--after", type=click.IntRange(-1), help="The last seq that shall count; -1: none. Default: all held here."
)
@click.option("--reason", default="", help="Why; public for ever.")
@alone_option
@json_option
@home_option
def revoke(device: str, after: int | None, reason: str, alone: bool, as_json: bool, home: Path) -> None:
    """Revoke a device of this author: nothing that it signs after its last valid record counts anywhere."""
    wanted = {"device": device, "after": after, "reason": reason, "alone": alone}
    done = Node.of(home).post("/api/keys/revocations", wanted)
    show(done, as_json, lambda made: iter([f"revoked by record {made['record']}, seq {made['seq']} of the root"]))


@keys.command(epilog="Example: cinepeer keys admit --alone")
@alone_option
@json_option
@home_option
def admit(alone: bool, as_json: bool, home: Path) -> None:
    """Have the root admit this restored device now instead of when a peer has been reconciled with."""
    done = Node.of(home).post("/api/keys/admissions", {"alone": alone})
    show(done, as_json, lambda made: iter([f"admitted: device {made['device']}"]))


@keys.command(epilog="Example: cinepeer keys rotate --yes")
@click.option("--yes", "sure", is_flag=True, help="Yes, let the next root follow; it cannot be taken back.")
@alone_option
@json_option
@home_option
def rotate(sure: bool, alone: bool, as_json: bool, home: Path) -> None:
    """Let the next root follow the one that speaks: for an author whose root has forked.

    The 24 words stay the same, and give both roots. Against somebody who has the words it does not help.
    """
    if not sure:
        raise BadInput("found no --yes, expected it: a rotation stands for ever, and the root before never signs again")
    done = Node.of(home).post("/api/keys/rotations", {"alone": alone})
    show(done, as_json, _rotated)


def _rotated(found: dict[str, Any]) -> Iterator[str]:
    yield f"rotated by record {found['record']}: the root {found['root']} speaks for the author from now on"
    yield "the 24 words stay the same: keep the paper"
