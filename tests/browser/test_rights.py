"""A film of two owners on the pages of two real nodes: signed apart, offered, bought, drawn from, disputed."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import time
from typing import Any

import pytest

from browser.journeys import is_clean, journey
from cinepeer.adapters.media.sample import make_sample
from real.nodes import running

pytestmark = [pytest.mark.npm, pytest.mark.ffmpeg]

PATIENCE_S = 60


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> dict[str, Any]:
    """What both pages showed."""
    folder, pictures = tmp_path_factory.mktemp("rights"), tmp_path_factory.mktemp("pictures")
    file = folder / "tin.mp4"
    asyncio.run(make_sample(file, seconds=2))
    with running(folder / "first") as one, running(folder / "second", "--join", one.told["p2p"][0]) as two:
        *_, last = one.api.lines("/api/publish", {"path": str(file), "name": "Tin", "title": False})
        film = last["done"]["film"]
        for node in (one, two):
            node.api.post("/api/account/credits")
        deadline = time.monotonic() + PATIENCE_S
        while film not in [known["id"] for known in two.api.get("/api/films")]:
            assert time.monotonic() < deadline
            time.sleep(0.5)
        accounts = [node.api.get("/api/account")["address"] for node in (one, two)]
        found = journey(
            "rights.mjs",
            pictures,
            page=one.told["page"],
            others=[two.told["page"]],
            chromium=chromium,
            film=film,
            partner=accounts[1],
        )
        return {**found, "accounts": accounts}


def test_a_deed_is_signed_on_both_machines_and_carried(told: dict[str, Any]) -> None:
    anna, bela = told["accounts"]
    assert told["deed"] == told["read"]
    assert f"shared out as {anna} 70 %, {bela} 30 %" in told["deed"]
    assert (told["before"], told["after"]) == (["signed", "not signed yet"], ["signed", "signed"])
    assert told["register.asks"].startswith("This carries your deed to the ledger. It registers the film 'Tin'")
    assert re.search(r"stands in block \d+", told["register"])


def test_an_offer_is_read_in_whole_before_it_is_signed_and_then_bought(told: dict[str, Any]) -> None:
    assert "offers an exclusive and irrevocable licence" in told["said"]
    assert "for streaming in FR. It costs 5,000" in told["said"]
    assert "ends at the latest on 2035-12-31T23:59:59Z" in told["said"]
    assert told["signed"] == told["said"], "what was read is what was signed"
    assert "open · 0 of 1,000 sold" in told["offered"]
    assert told["buy.asks"].startswith("This buys one licence for 5,000 units, public for ever")
    assert "It sends 5,000 units" in told["buy.cost"]
    assert re.search(r"stands in block \d+", told["buy"])
    assert told["licensed"].startswith("Licensed until")
    assert told["screen"] == 0


def test_the_film_is_closed_to_others_there_and_the_entry_is_named(told: dict[str, Any]) -> None:
    assert told["stranger"]["allowed"] is False
    assert f"…{told['accounts'][1][-8:]} holds an exclusive licence (streaming, France)" in told["barred"]
    assert re.search(r"Decided by entry \d+ of block \d+", told["barred"])
    assert "Said by this node" in told["barred"]
    assert re.search(r"Checked in this browser: the ledger at block \d+ says the same", told["checked"])
    assert "Said by this node" not in told["checked"]


def test_earnings_sum_to_the_sale_and_are_drawn(told: dict[str, Any]) -> None:
    assert {"3500.0000", "1500.0000"} <= {
        f"{float(cell):.4f}" for cell in told["rows"] if re.fullmatch(r"[\d.]+", cell)
    }
    rows = list(csv.DictReader(io.StringIO(told["csv"])))
    assert sum(float(row["earned"]) for row in rows) == 5000
    assert told["withdraw.asks"].startswith("This has 3,500 units of royalties of 'Tin' paid out to")
    assert re.search(r"stands in block \d+", told["withdraw"])


def test_what_the_ledger_has_not_settled_is_said_sent_again_or_dropped(told: dict[str, Any]) -> None:
    assert told["stuck"].startswith("Transaction 5 is signed and handed over, but the ledger has not executed it.")
    assert told["dropped"] == [["POST", "DELETE"], 0]


def test_a_notice_is_opened_with_its_bond_and_shown(told: dict[str, Any]) -> None:
    assert "100,000,000,000,000,000 units are your bond" in told["notice.asks"]
    assert "Case 0 · the owner is another · open" in told["dispute"]
    assert "to be answered by" in told["dispute"]


def test_what_cannot_be_signed_is_said_where_it_was_typed(told: dict[str, Any]) -> None:
    assert any("expected a ledger address" in line for line in told["odd"])
    assert told["nodeed"] == "Found no deed, expected the file or link that an owner handed on."
    assert told["unpriced"].startswith("Found –, expected a whole number")
    assert told["toomuch"] == "Found more than you hold, expected at most 70.00 %."
    assert told["noproof"] == "Found no CID, expected one such as bafkrei…"


def test_the_pages_keep_to_themselves(told: dict[str, Any]) -> None:
    assert is_clean(told)
