"""Commands about who is owed what, and what may be shown where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click

from cinepeer.errors import BadInput
from cinepeer.faces.cli.call import Node, home_option, json_option, show
from cinepeer.faces.cli.choice import FILM, film_id
from cinepeer.faces.cli.moment import MOMENT

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


@click.command(epilog="Example: cinepeer statement 'First Light' --from 2026-01-01 --to 2026-04-01 --csv quarter.csv")
@click.argument("film", type=FILM, required=False)
@click.option("--holder", metavar="ADDRESS", help="One holder's rows alone.")
@click.option("--from", "begin", type=MOMENT, help="The first day or moment (UTC) of the period; else the beginning.")
@click.option("--to", "end", type=MOMENT, help="The moment before which the period ends; else now.")
@click.option("--csv", "table", type=click.Path(path_type=Path), help="Write the rows into this new file.")
@json_option
@home_option
def statement(
    film: str | None,
    holder: str | None,
    begin: int | None,
    end: int | None,
    table: Path | None,
    as_json: bool,
    home: Path,
) -> None:
    """Show what each holder of a film, or of all, earned and was paid in a period, exact to the smallest unit."""
    if holder is not None and not _ADDRESS.fullmatch(holder):
        raise BadInput(f"found the holder {holder[:60]!r}, expected 0x and 40 hexadecimal digits")
    node = Node.of(home)
    wanted = {"film": film and film_id(node, film), "holder": holder, "begin": begin, "end": end}
    query = urlencode({name: value for name, value in wanted.items() if value is not None})
    found = node.get(f"/api/statements?{query}")
    text = found.pop("csv")
    if table is not None:
        _write(table, text)
    show(found, as_json, _rows)


@click.command(epilog="Example: cinepeer showing 'First Light' --territory FR --medium cinema")
@click.argument("film", type=FILM)
@click.option("--territory", default="", metavar="CODE", help="A country such as FR (ISO 3166-1); else wherever.")
@click.option("--medium", default="streaming", show_default=True)
@click.option("--time", "moment", type=MOMENT, help="When (UTC); else now.")
@click.option("--block", type=click.IntRange(min=0), help="By the ledger as it stood at this block.")
@click.option("--licensee", metavar="ADDRESS", help="Who wants to show it; else any viewer.")
@click.option("--screener", metavar="LINK", help="A screener link of its author.")
@click.option(
    "--new-screener", "days", metavar="DAYS", type=click.IntRange(1, 3_650), help="Make a screener link instead."
)
@json_option
@home_option
def showing(
    film: str,
    territory: str,
    medium: str,
    moment: int | None,
    block: int | None,
    licensee: str | None,
    screener: str | None,
    days: int | None,
    as_json: bool,
    home: Path,
) -> int:
    """Say whether a film may be shown, and which entry of the ledger decides; exit code 0 yes, 1 no."""
    if licensee is not None and not _ADDRESS.fullmatch(licensee):
        raise BadInput(f"found the licensee {licensee[:60]!r}, expected 0x and 40 hexadecimal digits")
    node = Node.of(home)
    of = film_id(node, film)
    if days is not None:
        show(node.post("/api/screeners", {"film": of, "days": days}), as_json, _link)
        return 0
    wanted = {
        "territory": territory, "medium": medium, "time": moment, "block": block, "licensee": licensee,
        "screener": screener,
    }  # fmt: skip
    query = urlencode({name: value for name, value in wanted.items() if value is not None})
    found = node.get(f"/api/films/{of}/showing?{query}")
    show(found, as_json, _answer)
    return 0 if found["allowed"] else 1


@click.command(epilog="Example: cinepeer screener 'First Light' --until 2027-03-01")
@click.argument("film", type=FILM)
@click.option(
    "--until", type=MOMENT, required=True, help="The day or moment (UTC) until which the link opens the film."
)
@json_option
@home_option
def screener(film: str, until: int, as_json: bool, home: Path) -> None:
    """Make a link by which your film may be seen before its premiere, until a day; a link cannot be taken back."""
    node = Node.of(home)
    show(node.post("/api/screeners", {"film": film_id(node, film), "until": until}), as_json, _link)


def _rows(found: dict[str, Any]) -> Iterator[str]:
    if not found["rows"]:
        yield f"nobody earned or held anything in this period, as of block {found['block']}"
    for row in found["rows"]:
        yield (
            f"{row['name'] or row['title']}  {row['holder']}  {row['shares'] / 100:g} %: {row['opening']} before, "
            f"{row['earned']} earned, {row['paid_out']} paid out, {row['closing']} left"
        )
    for one in found["purses"]:
        yield f"purse of {one['title']}: {one['credited']} came in, {one['paid_out']} paid out, {one['closing']} left"


def _answer(found: dict[str, Any]) -> Iterator[str]:
    yield f"{'yes' if found['allowed'] else 'no'}: {found['reason']}"
    if found["entry"] is not None:
        yield f"decided by log {found['entry']['log']} of block {found['entry']['block']}"
    yield f"as of block {found['block']}"
    for one in found["disputes"]:
        yield f"dispute {one['case']} by {one['claimant']}: {one['outcome']}"
    for one in found["claims"]:
        yield f"{'an earlier' if one['earlier'] else 'a later'} title {one['title']} by {one['creator']} claims it too"


def _link(found: dict[str, Any]) -> Iterator[str]:
    yield f"{found['screener']}"
    yield f"in a browser: {found['path']} at the address of any node that knows the film"


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as error:
        raise BadInput(f"found {path} not writable ({error.strerror}), expected the name of a new file") from error
