"""Has nodes prove a film's title, holds each bundle to what it must show, and compares what they prove."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cinepeer.errors import BadInput, Refused
from cinepeer.records.cid import Cid
from cinepeer.rights.report import Line, Report
from cinepeer_client.audit import audit_bytes
from cinepeer_client.fetch import Nodes, Source, Unavailable, encoded

MAX_BUNDLE_BYTES = 16 << 20
_WITHOUT = (400, 404, 410, 422)
_RESTS_ON = "the bundles of the nodes named, each verified by itself"

Proved = tuple[Source, Report]


def prove(nodes: Nodes, film: Cid) -> tuple[Report, bytes]:
    """The report of the newest block that a node proves the film's title at, and its bundle, to be taken away.

    What does not hold is kept against its node. Raises `BadInput` where no node knows a title of the film.
    """

    def read(source: Source) -> tuple[Report, bytes] | None:
        try:
            data = source.get(f"/api/films/{encoded(str(film))}/audit", MAX_BUNDLE_BYTES, "application/vnd.ipld.car")
        except Unavailable as error:
            if error.status not in _WITHOUT:
                raise
            return None
        report = audit_bytes(data)
        verify_about(report, film)
        return report, data

    found = [(source, one) for source, one in nodes.each(read) if one is not None]
    if not found:
        asked = ", ".join(source.url for source in nodes.sources)
        raise BadInput(f"found no title of the film {film} at {asked}, expected it registered and its records there")
    _, (newest, data) = max(found, key=lambda one: int(one[1][0].subject["block"]))
    if len(found) == 1:
        return newest, data
    return replace(newest, more=(*newest.more, agreement([(source, report) for source, (report, _) in found]))), data


def verify_about(report: Report, film: Cid) -> None:
    """Raises `Refused` where a bundle does not hold, or is of other films."""
    if report.failures:
        first = report.failures[0]
        raise Refused("bad-bundle", f"found an audit bundle that does not hold: {first.check}: {first.found}")
    if [row.film for row in report.films] != [str(film)] or "block" not in report.subject:
        raise Refused("bad-bundle", f"found an audit bundle of something else, expected one of the film {film} alone")


def agreement(proved: Sequence[Proved]) -> Line:
    """Whether nodes prove the same: one network, one hash of a block, one state of the title at it."""
    told = [f"{source.url}: block {report.subject['block']}" for source, report in proved]
    networks = {report.subject["network"] for _, report in proved}
    at: dict[object, set[object]] = {}
    for _, report in proved:
        at.setdefault(report.subject["block"], set()).add((report.subject["hash"], report.films[0]))
    split = [str(block) for block, states in at.items() if len(states) > 1]
    found = "; ".join(told)
    if len(networks) > 1:
        found += f"; {len(networks)} networks"
    if split:
        found += f"; more than one block {', '.join(split)}"
    expected = "one network, and of each block one hash and one state of the title"
    return Line("the nodes agree", len(networks) == 1 and not split, found, expected, _RESTS_ON)
