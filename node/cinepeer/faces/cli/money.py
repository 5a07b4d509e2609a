"""Commands about titles, licences and royalties."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cinepeer.errors import BadInput
from cinepeer.faces.cli.call import Node, home_option, json_option, show
from cinepeer.faces.cli.film import parse_owner


@click.command(epilog="Example: cinepeer title FILM --owner 0xABC…=3000")
@click.argument("film")
@click.option("--owner", multiple=True, help="A co-owner ADDRESS=SHARES (basis points); you keep the rest.")
@click.option("--show", "only_show", is_flag=True, help="Show the rights as they stand on the ledger.")
@json_option
@home_option
def title(film: str, owner: tuple[str, ...], only_show: bool, as_json: bool, home: Path) -> None:
    """Register a film's title, or show the rights as they stand."""
    node = Node.of(home)
    if only_show:
        found = node.get(f"/api/films/{film}/rights")
    else:
        found = node.post("/api/titles", {"film": film, "owners": [parse_owner(text) for text in owner]})
    show(found, as_json, _pairs)


@click.command(epilog="Example: cinepeer licence FILM --price 5000 --medium cinema   or   cinepeer licence --buy OFFER")
@click.argument("film", required=False)
@click.option("--price", help="The offer's price in the ledger's smallest unit.")
@click.option("--medium", default="cinema", show_default=True)
@click.option("--days", default=0, type=click.IntRange(0, 36_500), help="How long a licence lasts; 0: without end.")
@click.option("--supply", default=1_000, type=click.IntRange(1), show_default=True)
@click.option("--exclusive", is_flag=True)
@click.option("--buy", "offer", help="The id of an offer to buy.")
@json_option
@home_option
def licence(
    film: str | None,
    price: str | None,
    medium: str,
    days: int,
    supply: int,
    exclusive: bool,
    offer: str | None,
    as_json: bool,
    home: Path,
) -> None:
    """Offer a licence for a film (signed, costs nothing), or buy one."""
    node = Node.of(home)
    if offer:
        show(node.post("/api/licences", {"offer": offer}), as_json, _pairs)
        return
    if film is None or price is None or not price.isdigit():
        raise BadInput("found no FILM with a --price in whole units, expected both, or --buy OFFER")
    wanted = {
        "film": film,
        "price": price,
        "medium": medium,
        "days": days,
        "supply": supply,
        "exclusive": exclusive,
    }
    show(node.post("/api/offers", wanted), as_json, _pairs)


@click.command(epilog="Example: cinepeer pay FILM 1000   or   cinepeer pay FILM --withdraw 0xABC…")
@click.argument("film")
@click.argument("amount", required=False)
@click.option("--withdraw", "holder", help="Pay this holder's royalties out instead.")
@json_option
@home_option
def pay(film: str, amount: str | None, holder: str | None, as_json: bool, home: Path) -> None:
    """Pay for a film, or have a holder's royalties paid out."""
    node = Node.of(home)
    if holder:
        show(node.post("/api/withdrawals", {"film": film, "holder": holder}), as_json, _pairs)
        return
    if amount is None or not amount.isdigit() or int(amount) < 1:
        raise BadInput(f"found the amount {amount!r}, expected a whole number from 1 in the ledger's smallest unit")
    show(node.post("/api/payments", {"film": film, "amount": amount}), as_json, _pairs)


def _pairs(found: dict[str, Any]) -> Any:
    return (f"{name:12} {value}" for name, value in found.items())
