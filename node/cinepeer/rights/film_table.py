"""The table of an audit: one row for each title, and the rows as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields

from cinepeer.records.cid import Cid
from cinepeer.rights.deeds import NATIVE
from cinepeer.rights.inspection import Inspection, address, moment
from cinepeer.rights.report import FilmRow
from cinepeer.rights.state import Purse, State, Title

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def film_row(
    id_: bytes, film: Cid | None, name: str, title: Title | None, state: State | None, inspection: Inspection
) -> FilmRow:
    """The row of a title (20 bytes); empty cells for what its checks did not establish."""
    failed = tuple(line.check for line in inspection.lines if not line.ok)
    if title is None or state is None:
        return FilmRow(address(id_), str(film or ""), name, "", "", "", "", 0, 0, 0, 0, failed)
    purse = title.purses.get(NATIVE, Purse())
    return FilmRow(
        title=address(id_),
        film=str(film or ""),
        name=name,
        registered=moment(title.since),
        status=title.status.name.lower(),
        controller=address(title.controller),
        shares=" ".join(f"{address(holder)}={held}" for holder, held in sorted(title.shares.items()) if held),
        licences=sum(one.title == id_ and not one.revoked for one in state.licences),
        paid_in=purse.paid_in,
        paid_out=purse.paid_out,
        entries=title.entries,
        failed=failed,
    )


def films_csv(rows: Iterable[FilmRow]) -> str:
    """The rows as CSV (RFC 4180) with a heading; what a spreadsheet would take for a formula is told apart by a `'`."""
    return "".join(csv_pieces(rows))


def csv_pieces(rows: Iterable[FilmRow]) -> Iterator[str]:
    """That CSV, row by row."""
    names = [field.name for field in fields(FilmRow)]
    yield _csv_row(["holds", *names])
    for row in rows:
        cells = [getattr(row, name) for name in names[:-1]] + ["; ".join(row.failed)]
        yield _csv_row(["no" if row.failed else "yes", *(_cell(cell) for cell in cells)])


def _csv_row(cells: Sequence[str | int]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _cell(value: str | int) -> str | int:
    return "'" + value if isinstance(value, str) and value.startswith(_FORMULA) else value
