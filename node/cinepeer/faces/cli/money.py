"""Commands about titles, licences and royalties."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from cinepeer.errors import BadInput
from cinepeer.faces.cli.acts import (
    agent,
    announce_deed,
    answer,
    give,
    notice,
    priced,
    propose,
    register,
    sign,
    withdraw,
)
from cinepeer.faces.cli.ahead import Ahead
from cinepeer.faces.cli.call import Node, home_option, json_option, show
from cinepeer.faces.cli.choice import FILM, film_id
from cinepeer.faces.cli.consent import agree
from cinepeer.faces.cli.film import parse_owner
from cinepeer.faces.cli.moment import MOMENT

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


@click.command(
    "title",
    epilog="Example: cinepeer title 'First Light' --owner 0xABC…=3000   or   cinepeer title FILM --show   "
    "| Steps of their own: title propose, sign, register, announce, give, agent, notice, answer.",
)
@click.argument("film", type=FILM)
@click.option("--owner", multiple=True, help="A co-owner ADDRESS=SHARES (basis points); you keep the rest.")
@click.option("--show", "only_show", is_flag=True, help="Show the rights as they stand on the ledger.")
@json_option
@home_option
def _title(film: str, owner: tuple[str, ...], only_show: bool, as_json: bool, home: Path) -> None:
    """Register a film's title, or show the rights as they stand."""
    if only_show and owner:
        raise BadInput("found both --show and --owner, expected one of them")
    node = Node.of(home)
    if only_show:
        show(node.get(f"/api/films/{film_id(node, film)}/rights"), as_json, _rights)
        return
    owners = [parse_owner(text) for text in owner]
    if sys.stdin.isatty():
        deed = node.post("/api/deeds", {"film": film_id(node, film), "owners": owners})
        told = node.post("/api/deeds/readings", deed)
        agree(f"This signs a deed and carries it to the ledger at your cost. {told['sentence']}", yes=False)
    show(node.post("/api/titles", {"film": film_id(node, film), "owners": owners}), as_json, _pairs)


title = Ahead(_title)
for _step in (propose, sign, register, announce_deed, give, agent, notice, answer):
    title.add_command(_step)


@click.command(
    "licence",
    epilog="Example: cinepeer licence 'First Light' --price 5000 --medium cinema   or   cinepeer licence --buy OFFER   "
    "or   cinepeer licence withdraw OFFER",
)
@click.argument("film", type=FILM, required=False)
@click.option("--price", metavar="UNITS", help="Offer a licence at this price, in the ledger's smallest unit.")
@click.option("--medium", default="cinema", show_default=True)
@click.option(
    "--territory", multiple=True, metavar="CODE", help="A country such as FR; repeatable. Without: everywhere."
)
@click.option("--days", default=0, type=click.IntRange(0, 36_500), help="How long a licence lasts; 0: without end.")
@click.option("--supply", default=1_000, type=click.IntRange(1, 2**32 - 1), show_default=True)
@click.option("--exclusive", is_flag=True)
@click.option("--start", type=MOMENT, default=0, help="The day or moment (UTC) from which the film may be shown.")
@click.option("--end", type=MOMENT, default=0, help="The day or moment (UTC) until which it may be shown.")
@click.option("--closes", type=MOMENT, default=0, help="The day or moment (UTC) until which the offer may be taken.")
@click.option("--text", default="", metavar="CID", help="The legal text, by its CID.")
@click.option("--buy", "offer", metavar="OFFER", help="Buy this offer, by the id of its record.")
@json_option
@home_option
def _licence(film: str | None, price: str | None, offer: str | None, as_json: bool, home: Path, **terms: Any) -> None:
    """Offer a licence for a film (signed, costs nothing), buy one, or show the offers and licences that there are."""
    if (film is None) == (offer is None) or (offer is not None and price is not None):
        raise BadInput("found neither or both of FILM and --buy OFFER, expected one of them")
    node = Node.of(home)
    if offer is not None:
        _ask(node, {"act": "buy", "offer": offer})
        show(node.post("/api/licences", {"offer": offer}), as_json, _pairs)
        return
    assert film is not None
    if price is None:
        found = node.get(f"/api/films/{film_id(node, film)}/rights")
        show({name: found[name] for name in ("title", "block", "offers", "licences")}, as_json, _licences)
        return
    if not price.isdecimal():
        raise BadInput(f"found the price {price!r}, expected a whole number in the ledger's smallest unit")
    wanted = {"film": film_id(node, film), "price": price, **terms, "territory": list(terms["territory"])}
    show(node.post("/api/offers", wanted), as_json, _pairs)


licence = Ahead(_licence)
licence.add_command(withdraw)


@click.command(
    epilog="Example: cinepeer pay 'First Light' 1000   or   cinepeer pay FILM --withdraw 0xABC…   or   cinepeer pay"
)
@click.argument("film", type=FILM, required=False)
@click.argument("amount", required=False)
@click.option("--withdraw", "holder", metavar="ADDRESS", help="Pay this holder's royalties of FILM out instead.")
@click.option("--memo", default="", help="A word with the payment, public for ever; at most 32 bytes.")
@click.option("--look", metavar="HASH", help="Say what became of a transaction, by its hash.")
@click.option("--underway", is_flag=True, help="Show the transactions whose end was not told yet, of earlier runs too.")
@click.option("--drop", metavar="HASH", help="Replace a stuck transaction by one that does nothing, for a higher fee.")
@click.option("--again", metavar="HASH", help="Offer a stuck transaction once more, for a higher fee.")
@click.option("--credits", "wants_credits", is_flag=True, help="Take test credits from an embedded ledger; not money.")
@json_option
@home_option
def pay(
    film: str | None,
    amount: str | None,
    holder: str | None,
    memo: str,
    look: str | None,
    underway: bool,
    drop: str | None,
    again: str | None,
    wants_credits: bool,
    as_json: bool,
    home: Path,
) -> None:
    """Pay for a film, have a holder's royalties paid out, or without FILM show this home's account."""
    if underway or drop is not None or again is not None:
        if film or holder or look or wants_credits or sum(map(bool, (underway, drop, again))) > 1:
            raise BadInput("found --underway, --drop or --again with something else, expected it alone")
        _underway(Node.of(home), drop, again, as_json)
        return
    if look is not None:
        if film or holder or wants_credits or not re.fullmatch(r"0x[0-9a-fA-F]{64}", look):
            raise BadInput(f"found --look {look!r}, expected it alone with a hash 0x… (64 hex)")
        show(Node.of(home).get(f"/api/transactions/{look}"), as_json, _fate)
        return
    if wants_credits and (film or holder):
        raise BadInput("found --credits with a film or a holder, expected it alone")
    if holder is not None and (film is None or amount is not None or not _ADDRESS.fullmatch(holder)):
        raise BadInput(f"found --withdraw {holder!r} with {film or 'no film'}, expected FILM --withdraw 0x… (40 hex)")
    if film is not None and holder is None and (amount is None or not amount.isdecimal() or int(amount) < 1):
        found = "no amount" if amount is None else f"the amount {amount!r}"
        raise BadInput(f"found {found}, expected a whole number from 1 in the ledger's smallest unit")
    if len(memo.encode()) > 32:
        raise BadInput(f"found a memo of {len(memo.encode())} bytes, expected at most 32")
    node = Node.of(home)
    if film is None:
        found = node.post("/api/account/credits") if wants_credits else node.get("/api/account")
    elif holder is not None:
        _ask(node, {"act": "withdraw", "film": film_id(node, film), "holder": holder})
        found = node.post("/api/withdrawals", {"film": film_id(node, film), "holder": holder})
    else:
        _ask(node, {"act": "pay", "film": film_id(node, film), "amount": amount, "memo": memo})
        found = node.post("/api/payments", {"film": film_id(node, film), "amount": amount, "memo": memo})
    show(found, as_json, _pairs)


def _ask(node: Node, wanted: dict[str, Any]) -> None:
    """On a terminal, says what will be signed and what it costs, and asks; a script has agreed by what it typed."""
    if sys.stdin.isatty():
        agree(priced(node.post("/api/acts", wanted)), yes=False)


def _underway(node: Node, drop: str | None, again: str | None, as_json: bool) -> None:
    """Shows what is on its way, replaces one of it, or offers it once more."""
    stuck = drop or again
    if stuck is None:
        show(node.get("/api/transactions"), as_json, lambda found: map(_way, found))
        return
    if not re.fullmatch(r"0x[0-9a-fA-F]{64}", stuck):
        raise BadInput(f"found {'--drop' if drop else '--again'} {stuck!r}, expected a hash 0x… (64 hex)")
    route = f"/api/transactions/{stuck}"
    show(node.delete(route) if drop else node.post(route, {}), as_json, lambda found: [_way(found)])


def _way(one: dict[str, Any]) -> str:
    """One transaction without a told end, in one line."""
    where = f" in block {one['block']}" if one["block"] is not None else ""
    return f"{one['tx']}  number {one['nonce']}  {one['state']}{where}"


def _fate(found: dict[str, Any]) -> Iterator[str]:
    """A transaction's fate in one honest line."""
    told = {
        "executed": f"executed in block {found['block']}"
        + ("" if found["final"] else ", which may still be taken back"),
        "failed": f"executed in block {found['block']} without effect",
        "waiting": "waiting: handed over and not executed yet",
        "unknown": "unknown: no ledger asked knows of it; the same again is looked up by this hash first",
    }
    yield f"{found['tx']}  {told[found['state']]}"


def _pairs(found: dict[str, Any]) -> Iterator[str]:
    return (f"{name:9} {value}" for name, value in found.items())


def _rights(found: dict[str, Any]) -> Iterator[str]:
    """The rights as they stand, a line for each holder."""
    yield f"title     {found['title']}  {found['status']}, as of block {found['block']}"
    yield f"control   {found['controller']}"
    for one in found["agents"]:
        until = datetime.fromtimestamp(min(one["until"], 1 << 37), UTC)
        yield f"agent     {one['agent']}  until {until:%Y-%m-%d %H:%M} UTC"
    for holder, shares in found["shares"].items():
        due = found["claimable"].get(holder, "0")
        yield f"owner     {holder}  {shares / 100:g} %, {due} to be paid out"
    yield f"purse     {found['paid_in']} paid in, {found['paid_out']} paid out"
    yield from _granted(found)
    for one in found["disputes"]:
        yield f"dispute   {one['case']} by {one['claimant']}: {one['outcome']}"
    for one in found["claims"]:
        yield f"claim     {one['title']} by {one['creator']}, {'earlier' if one['earlier'] else 'later'}"


def _licences(found: dict[str, Any]) -> Iterator[str]:
    yield f"title     {found['title']}, as of block {found['block']}"
    if not found["offers"] and not found["licences"]:
        yield "no offer yet: make one with `cinepeer licence FILM --price UNITS`"
    yield from _granted(found)


def _granted(found: dict[str, Any]) -> Iterator[str]:
    """The offers to be bought, and the licences that were."""
    for offer in found["offers"]:
        yield f"offer     {offer}  cinepeer licence --buy {offer}"
    for held in found["licences"]:
        yield f"licence   {held['licensee']}  by the offer {held['offer']}"
