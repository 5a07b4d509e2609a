"""Deeds that two sign on their own machines and a third party carries, and what follows: shares, agents, notices."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from cinepeer.adapters.media.sample import make_sample
from real.nodes import command, running

pytestmark = pytest.mark.ffmpeg

STRANGER = "0x" + "77" * 20
EVIDENCE = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"


def done(*arguments: str | Path) -> dict[str, Any]:
    """What a command that must hold prints as JSON."""
    found = command(*arguments, "--json")
    assert found.returncode == 0, found.stderr
    return dict(json.loads(found.stdout))


def refusal(*arguments: str | Path) -> str:
    """The one sentence of a command that is refused."""
    found = command(*arguments)
    assert found.returncode == 2, (found.stdout, found.stderr)
    return found.stderr.splitlines()[-1]


def test_a_film_of_two_owners_is_signed_apart_carried_by_another_and_lived_with(tmp_path: Path) -> None:
    first, second, film = tmp_path / "first", tmp_path / "second", tmp_path / "film.mp4"
    deed, signed = tmp_path / "film.deed", tmp_path / "signed.deed"
    asyncio.run(make_sample(film, seconds=2))
    with running(first) as one, running(second, "--join", one.told["p2p"][0]):
        at, there = ("--home", first), ("--home", second)
        anna, bela = (done("pay", "--home", home)["address"] for home in (first, second))
        done("publish", film, "--name", "Tin", "--no-title", *at)
        told = done("title", "propose", "Tin", deed, "--owner", f"{bela}=3000", *at)
        assert told["missing"] == [bela]
        assert f"{anna} 70 %, {bela} 30 %" in told["sentence"]
        assert f"no signature of {bela}" in refusal("title", "register", deed, "--yes", *there)
        assert "expected --yes: nothing was signed" in refusal("title", "sign", deed, signed, *there)
        assert done("title", "sign", deed, signed, "--yes", *there)["missing"] == []

        # The creator never had a credit: another carries the deed.
        carried = command("title", "register", signed, "--yes", "--json", *there)
        assert f"This carries {anna}'s deed to the ledger" in carried.stderr
        title = json.loads(carried.stdout)
        assert title["block"] > 0
        assert "record" not in title
        announced = done("title", "register", signed, "--yes", *at)
        assert (announced["title"], "tx" in announced) == (title["title"], False)
        shares = done("title", "Tin", "--show", *at)["shares"]
        assert shares == {anna: 7_000, bela: 3_000}
        assert "registered already" in refusal("title", "register", signed, "--yes", *there)

        given = command("title", "give", "Tin", STRANGER, "500", "--yes", "--json", *at)
        assert "This gives 5 % of 'Tin' to" in given.stderr
        assert "leaves you 65 %" in given.stderr
        fate = done("pay", "--look", json.loads(given.stdout)["tx"], *at)
        assert (fate["state"], fate["final"]) == ("executed", True)
        assert done("pay", "--look", "0x" + "99" * 32, *at)["state"] == "unknown"
        assert "expected 1 to the 6,500" in refusal("title", "give", "Tin", STRANGER, "7000", "--yes", *at)
        assert done("title", "agent", "Tin", STRANGER, "--until", "2099-01-31", "--yes", *at)["block"]
        assert "expected a time to come" in refusal("title", "agent", "Tin", STRANGER, "--until", "1999-01-31", *at)
        assert done("title", "agent", "Tin", STRANGER, "--dismiss", "--yes", *at)["block"]

        offer = done("licence", "Tin", "--price", "5", *at)["offer"]
        assert done("licence", "withdraw", offer, "--yes", *at)["block"]
        done("pay", "--credits", *at)
        assert "refuses" in refusal("licence", "--buy", offer, *at)

        done("pay", "--credits", *there)
        case = command("title", "notice", "Tin", "owner", EVIDENCE, "--yes", "--json", *at)
        assert "100,000,000,000,000,000 units are your bond" in case.stderr
        assert done("title", "Tin", "--show", *at)["status"] == "contested"
        assert done("title", "answer", "0", EVIDENCE, "--yes", *there)["block"]
        assert "found no case 7" in refusal("title", "answer", "7", EVIDENCE, "--yes", *there)
        assert "expected one of other, owner" in refusal("title", "notice", "Tin", "envy", EVIDENCE, "--yes", *at)
        assert "expected its CID" in refusal("title", "notice", "Tin", "owner", "proof", "--yes", *at)


def test_an_announced_deed_is_carried_by_a_node_that_does_so(tmp_path: Path) -> None:
    first, second, film, deed = tmp_path / "first", tmp_path / "second", tmp_path / "film.mp4", tmp_path / "film.deed"
    asyncio.run(make_sample(film, seconds=2))
    with running(first) as one, running(second, "--join", one.told["p2p"][0], "--relay-deeds", "1"):
        at = ("--home", first)
        done("publish", film, "--name", "Tin", "--no-title", *at)
        done("title", "propose", "Tin", deed, *at)
        announced = done("title", "announce", deed, "--yes", *at)
        deadline = time.monotonic() + 90
        while (shown := command("title", "Tin", "--show", "--json", *at)).returncode:
            assert time.monotonic() < deadline, shown.stderr
            time.sleep(1)
        assert json.loads(shown.stdout)["title"] == announced["title"]
        assert done("title", "register", deed, "--yes", *at)["record"] == announced["record"]
