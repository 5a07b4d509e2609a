"""What several nodes prove of one film's title is compared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cinepeer.errors import Refused
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.rights.report import FilmRow, Line, Report
from cinepeer_client.fetch import Source
from cinepeer_client.proof import agreement, verify_about

FILM = Cid.of(b"film", DAG_CBOR)
ROW = FilmRow("0x1", str(FILM), "First Light", "2026", "clear", "0x2", "0x2=10000", 0, 0, 0, 1, ())
HELD = Line("contract", True, "found", "expected", "rests on")


def report(block: int = 5, block_hash: str = "0xaa", network: str = "one", row: FilmRow = ROW) -> Report:
    subject: dict[str, Any] = {"network": network, "block": block, "hash": block_hash}
    return Report((HELD,), subject, (), (row,))


def compared(*reports: Report) -> tuple[bool, str]:
    line = agreement([(Source(f"http://node{place}"), one) for place, one in enumerate(reports)])
    return line.ok, line.found


def test_nodes_at_one_block_or_another_may_agree() -> None:
    assert compared(report(), report()) == (True, "http://node0: block 5; http://node1: block 5")
    assert compared(report(), report(6, "0xbb", row=replace(ROW, licences=1)))[0]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (report(network="two"), "2 networks"),
        (report(block_hash="0xbb"), "more than one block 5"),
        (report(row=replace(ROW, licences=1)), "more than one block 5"),
    ],
)
def test_two_networks_or_two_blocks_of_one_number_do_not_agree(other: Report, said: str) -> None:
    ok, found = compared(report(), other)
    assert not ok and found.endswith(said)


def test_a_bundle_has_to_hold_and_to_be_of_the_film_asked_for() -> None:
    verify_about(report(), FILM)
    for wrong in (
        replace(report(), lines=(replace(HELD, ok=False),)),
        replace(report(), films=()),
        replace(report(), films=(ROW, ROW)),
        report(row=replace(ROW, film="another")),
        replace(report(), subject={}),
    ):
        with pytest.raises(Refused, match="found an audit bundle"):
            verify_about(wrong, FILM)
