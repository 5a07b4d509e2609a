"""Statements and showings as a person asks for them, on a real node with a paid film."""

from __future__ import annotations

import asyncio
import csv
import json
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cinepeer.adapters.media.sample import make_sample
from cinepeer.rights.sentence import offer_sentence, parse_sentence
from real.nodes import Running, command, running

pytestmark = pytest.mark.ffmpeg

PARTNER = "0x" + "b0" * 20


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A node with a film of two owners that was paid 333 and has an offer."""
    folder = tmp_path_factory.mktemp("rights")
    film = folder / "short.mp4"
    asyncio.run(make_sample(film, seconds=1))
    with running(folder / "home") as node:
        for words in (
            ("pay", "--credits"),
            ("publish", film, "--name", "First Light", "--owner", f"{PARTNER}=3000"),
            ("pay", "First Light", "333"),
            ("licence", "First Light", "--price", "5000", "--medium", "cinema", "--territory", "FR", "--exclusive"),
        ):
            ended = command(*words, "--home", node.home)
            assert ended.returncode == 0, ended.stdout + ended.stderr
        yield node


def told(node: Running, *words: str | Path, code: int = 0) -> Any:
    ended = command(*words, "--json", "--home", node.home)
    assert ended.returncode == code, ended.stdout + ended.stderr
    return json.loads(ended.stdout)


def test_a_statement_sums_to_the_purse_and_is_a_table_too(node: Running, tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    found = told(node, "statement", "First Light", "--csv", table)
    assert sorted(row["earned"] for row in found["rows"]) == ["233.1000", "99.9000"]
    assert sum(Decimal(row["closing"]) for row in found["rows"]) == Decimal(found["purses"][0]["closing"]) == 333
    assert [(one["sort"], one["amount"]) for one in found["sources"]] == [("payment", "333")]
    with table.open(newline="") as file:
        assert [row["earned"] for row in csv.DictReader(file)] == [row["earned"] for row in found["rows"]]
    mine = told(node, "statement", "--holder", PARTNER)
    assert [(row["holder"], row["earned"]) for row in mine["rows"]] == [(PARTNER, "99.9000")]
    assert told(node, "statement", "--to", "2020-01-01")["rows"] == []
    for words in (("--holder", "0x1"), ("--from", "soon"), ("--from", "2026-02-01", "--to", "2026-01-01")):
        ended = command("statement", *words, "--home", node.home)
        assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)


def test_a_film_may_be_shown_or_not_and_what_decides_is_said(node: Running) -> None:
    answer = told(node, "showing", "First Light", "--territory", "FR", "--medium", "cinema")
    assert (answer["allowed"], answer["disputes"], answer["claims"]) == (True, [], [])
    assert not told(
        node, "showing", "First Light", "--territory", "FR", "--medium", "cinema", "--licensee", PARTNER, code=1
    )["allowed"]
    (offer,) = told(node, "licence", "First Light")["offers"]
    assert command("licence", "--buy", offer, "--home", node.home).returncode == 0
    sold = told(node, "showing", "First Light", "--territory", "FR", "--medium", "cinema", code=1)
    assert "holds an exclusive licence for cinema in FR" in sold["reason"]
    assert sold["entry"]["block"] == sold["block"]
    before = told(
        node, "showing", "First Light", "--territory", "FR", "--medium", "cinema", "--block", str(sold["block"] - 1)
    )
    assert before["allowed"]
    for words in (
        ("--territory", "XX"),
        ("--territory", "FR", "--medium", "kino"),
        ("--territory", "FR", "--block", "999"),
    ):
        ended = command("showing", "First Light", *words, "--home", node.home)
        assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)


def test_a_screener_link_opens_what_it_was_made_for(node: Running) -> None:
    made = told(node, "showing", "First Light", "--territory", "FR", "--new-screener", "7")
    words = ("showing", "First Light", "--territory", "FR", "--medium", "cinema", "--screener")
    assert "by a screener link until" in told(node, *words, made["screener"])["reason"]
    ended = command(*words, made["screener"][:-4] + "AAAA", "--home", node.home)
    assert ended.returncode == 2


def test_a_screener_link_has_an_end_to_come(node: Running) -> None:
    made = told(node, "screener", "First Light", "--until", "2035-01-01")
    assert (made["until"], made["path"]) == (2_051_222_400, f"/film/{made['film']}#screener={made['screener']}")
    for words in (("--until", "2020-01-01"), ("--until", "2200-01-01"), ("--until", "soon"), ()):
        ended = command("screener", "First Light", *words, "--home", node.home)
        assert ended.returncode == 2, ended.stderr


def test_a_profile_names_an_account_that_signed_for_its_author(node: Running) -> None:
    fresh = told(node, "profile")
    assert (fresh["name"], fresh["record"], fresh["account"]) == ("", None, None)
    named = told(node, "profile", "--name", "  Ada   Reel ")
    assert (named["name"], named["account"]) == ("Ada Reel", None)
    bound = told(node, "profile", "--bind")
    assert (bound["name"], bound["account"]) == ("Ada Reel", told(node, "pay")["address"])
    assert told(node, "profile", "--bind")["record"] == bound["record"], "what it says already is not signed again"
    assert told(node, "profile", fresh["author"]) == bound
    renamed = told(node, "profile", "--name", "Ada")
    assert (renamed["name"], renamed["account"]) == ("Ada", bound["account"])
    assert told(node, "profile", "--unbind")["account"] is None
    for words in (("nobody",), ("nobody", "--bind"), ("--name", "a" * 81), ("--name", "a\u202eb")):
        ended = command("profile", *words, "--home", node.home)
        assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1), words


def test_a_film_before_its_premiere_is_listed_nowhere_but_at_home(node: Running, tmp_path: Path) -> None:
    film = tmp_path / "later.mp4"
    asyncio.run(make_sample(film, seconds=2))
    premiere = ("--premiere", "2035-01-01")
    told(node, "publish", film, "--name", "Later", *premiere, "--made-from", "First Light=1000")
    (later,) = [one for one in told(node, "films") if one["name"] == "Later"]
    assert (later["premiere"], later["unlisted"]) == (2_051_222_400, False)
    answer = told(node, "showing", "Later", code=1)
    assert "premiere on 2035-01-01" in answer["reason"]
    link = told(node, "screener", "Later", "--until", "2034-12-31")["screener"]
    assert told(node, "showing", "Later", "--screener", link)["allowed"]
    assert told(node, "showing", "Later", "--time", "2035-01-01")["allowed"]
    with running(tmp_path / "other", "--join", node.told["p2p"][0]) as other:
        deadline = time.monotonic() + 60
        while (seen := command("showing", later["id"], "--json", "--home", other.home)).returncode != 1:
            assert time.monotonic() < deadline, seen.stderr
            time.sleep(0.5)
        assert "premiere" in json.loads(seen.stdout)["reason"]
        assert [one["name"] for one in told(other, "films")] == ["First Light"]
        assert told(other, "search", "Later")["films"] == []


def test_a_film_made_from_another_pays_into_that_one_s_purse_on_the_ledger(node: Running) -> None:
    """The film is the one of the test before this."""
    parent, child = (told(node, "title", name, "--show") for name in ("First Light", "Later"))
    own = child["creator"]
    assert child["shares"] == {own: 9_000, parent["title"]: 1_000}
    assert command("pay", "Later", "500", "--home", node.home).returncode == 0
    assert command("pay", "Later", "--withdraw", parent["title"], "--home", node.home).returncode == 0
    assert int(told(node, "title", "First Light", "--show")["paid_in"]) == int(parent["paid_in"]) + 50
    assert ("film", "50") in [(one["sort"], one["amount"]) for one in told(node, "statement", "First Light")["sources"]]


def test_offers_are_told_as_plain_texts_that_are_read_back(node: Running) -> None:
    film = told(node, "films")[0]["id"]
    for language in ("en", "zh"):
        (said,) = node.api.get(f"/api/films/{film}/offers?language={language}")
        assert offer_sentence(parse_sentence(said["text"], language), language) == said["text"]
