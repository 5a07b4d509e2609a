"""`cinepeer audit` of a film, an author, the network and the catalogue, on a real node; its forms and exit codes."""

from __future__ import annotations

import asyncio
import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cinepeer.adapters.media.sample import make_sample
from cinepeer.errors import BadInput
from cinepeer.rights.audit import Expectations, verify
from cinepeer.rights.auditor import parse_report
from cinepeer.rights.shipped import SHIPPED
from real.film_stand import Node as Server
from real.film_stand import serving
from real.nodes import Running, command, running

pytestmark = pytest.mark.ffmpeg

NAMES = ("First Light", "Second Light")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A node with two films, of which each has a title, whose records are anchored."""
    folder = tmp_path_factory.mktemp("audit")
    with running(folder / "home") as node:
        for seconds, name in enumerate(NAMES, 1):
            film = folder / f"{seconds}.mp4"
            asyncio.run(make_sample(film, seconds=seconds))
            ended = command("publish", film, "--name", name, "--home", node.home)
            assert ended.returncode == 0, ended.stderr
        yield node


def audited(node: Running, *arguments: str | Path, code: int = 0) -> str:
    """What `cinepeer audit` prints; on another code than 0 and 1 the sentence that it ends with."""
    ended = command("audit", *arguments, "--home", node.home)
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended.stdout if code < 2 else ended.stderr


def by_client(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The light client, which asks nobody."""
    words = [sys.executable, "-m", "cinepeer_client.cli", "audit", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


def checks(report: dict[str, Any]) -> list[str]:
    return [line["check"] for line in report["lines"]]


def test_a_film_an_author_the_network_and_the_catalogue_are_proved(node: Running, tmp_path: Path) -> None:
    author = json.loads(command("keys", "--json", "--home", node.home).stdout)["author"]
    for subject, titles in ((NAMES[0], 1), (author, 2), ("network", 2), ("catalogue", 2)):
        bundle = tmp_path / f"{subject[-9:]}.car"
        report = json.loads(audited(node, subject, "--bundle", bundle, "--json"))
        assert report["ok"]
        assert [row["name"] for row in report["films"]] == sorted(NAMES[:titles], key=lambda name: _id(report, name))
        _, auditor = parse_report(json.dumps(report).encode())
        assert auditor is not None
        assert str(auditor.author) == author
        alone = by_client(bundle, "--json")
        assert alone.returncode == 0, alone.stdout + alone.stderr
        assert json.loads(alone.stdout)["lines"] == report["lines"]


def _id(report: dict[str, Any], name: str) -> str:
    return next(str(row["title"]) for row in report["films"] if row["name"] == name)


def test_the_light_client_has_nodes_prove_a_title_and_names_the_one_that_lies(node: Running, tmp_path: Path) -> None:
    ids = {film["name"]: film["id"] for film in node.api.get("/api/films")}
    film, path, taken = ids[NAMES[0]], f"/api/films/{ids[NAMES[0]]}/audit", tmp_path / "taken.car"
    named = ("--node", node.told["page"])
    alone = by_client(film, *named, "--json", "--out", taken)
    report = json.loads(alone.stdout)
    assert alone.returncode == 0 and report["ok"] and [row["film"] for row in report["films"]] == [film]
    assert json.loads(by_client(taken, *named, "--json").stdout) == report, "a file needs no node"

    twice = by_client(film, *named, "--node", f"{node.told['page']}/", "--json")
    assert twice.returncode == 0 and json.loads(twice.stdout)["lines"][-1]["check"] == "the nodes agree"

    data = taken.read_bytes()
    other = node.api.read("GET", f"/api/films/{ids[NAMES[1]]}/audit")
    for lie in (data[:-1], data[:2000] + bytes([data[2000] ^ 1]) + data[2001:], other, b"<html>"):
        with serving(Server(answers={path: lie})) as liar:
            found = by_client(film, "--node", liar.url, *named, "--json")
            assert found.returncode == 1 and json.loads(found.stdout)["ok"]
            assert f"served what does not hold: {liar.url}: found an audit bundle" in found.stderr
            assert by_client(film, "--node", liar.url).returncode == 1
    with serving(Server()) as empty:
        assert by_client(film, "--node", empty.url).returncode == 2
    assert by_client(film, "--node", "http://127.0.0.1:9").returncode == 3
    assert by_client(taken, "--out", tmp_path / "again.car").returncode == 2


def test_an_older_block_is_proved_as_it_was(node: Running) -> None:
    first = json.loads(audited(node, NAMES[0], "--json"))
    height = json.loads(command("title", NAMES[0], "--show", "--json", "--home", node.home).stdout)["block"]
    paid = command("pay", NAMES[0], "5", "--home", node.home)
    if paid.returncode:  # an account without credits takes some first
        assert command("pay", "--credits", "--home", node.home).returncode == 0
        assert command("pay", NAMES[0], "5", "--home", node.home).returncode == 0
    now, then = (json.loads(audited(node, NAMES[0], *at, "--json")) for at in ((), ("--at", str(height))))
    assert [row["films"][0]["paid_in"] for row in (first, then, now)] == ["0", "0", "5"]
    assert then["subject"]["block"] == height
    assert "expected one up to the ledger's newest" in audited(node, NAMES[0], "--at", "99999", code=2)
    assert "registered by then" in audited(node, NAMES[0], "--at", "1", code=2)


def test_the_page_and_the_table_need_nothing_else_and_the_report_says_who_signed_it(
    node: Running, tmp_path: Path
) -> None:
    page, table = tmp_path / "report.html", tmp_path / "titles.csv"
    said = audited(node, "catalogue", "--html", page, "--csv", table)
    assert "signed by the device" in said
    text = page.read_text()
    assert "signed by the device" in text
    assert not any(word in text for word in ("<script", "http://", "https://", "<link", "<img"))
    with table.open(newline="") as file:
        assert sorted((row["name"], row["holds"]) for row in csv.DictReader(file)) == [(name, "yes") for name in NAMES]
    assert "expected the name of a new file" in audited(node, "catalogue", "--csv", table, code=2)


def test_two_bundles_are_compared_line_by_line(node: Running, tmp_path: Path) -> None:
    one, other, signed = (tmp_path / name for name in ("one.car", "other.car", "signed.json"))
    audited(node, NAMES[0], "--bundle", one)
    signed.write_text(audited(node, NAMES[1], "--bundle", other, "--json"))
    assert audited(node, "--diff", one, one) == "A and B say the same.\n"
    found = json.loads(audited(node, "--diff", one, other, "--json", code=1))
    assert {"film", "film record", "shares"} <= {row["what"] for row in found["differences"]} | {"shares"}
    ended = by_client("--diff", other, signed)
    assert (ended.returncode, "signed by the device" in ended.stdout) == (0, True)
    signed.write_text(signed.read_text().replace("Second Light", "Other Light"))
    ended = by_client("--diff", other, signed)
    assert ended.returncode == 1
    assert "signature" in ended.stderr


def test_a_bundle_is_held_against_this_homes_own_ledger_unless_it_is_told_to_ask_nobody(
    node: Running, tmp_path: Path
) -> None:
    bundle = tmp_path / "film.car"
    audited(node, NAMES[0], "--bundle", bundle)
    assert "own copy of the ledger" in checks(json.loads(audited(node, bundle, "--json")))
    alone = json.loads(audited(node, bundle, "--offline", "--json"))
    assert "own copy of the ledger" not in checks(alone)
    assert "signature" not in alone


def test_a_mistake_and_a_node_that_is_away_have_their_codes(node: Running, tmp_path: Path) -> None:
    assert "expected one of them" in audited(node, code=2)
    assert "expected a bundle" in audited(node, NAMES[0], "--offline", code=2)
    assert "expected it with a film" in audited(node, "network", "--rater", "b" * 59, code=2)
    broken = tmp_path / "broken.car"
    broken.write_bytes(b"\0")
    assert "FAIL" in audited(node, broken, code=1)
    assert by_client().returncode == 2
    ended = command("audit", "network", "--home", tmp_path / "nobody")
    assert ended.returncode == 3


def test_titles_of_a_further_contract_set_stand_beside_the_older_ones(node: Running, tmp_path: Path) -> None:
    named = command("network", "add-set", "--yes", "--json", "--home", node.home)
    assert named.returncode == 0, named.stderr
    told = json.loads(named.stdout)
    ledger = node.api.get("/api/ledger")
    assert told["number"] == 2
    assert [one["contracts"] for one in ledger["further"]] == [told["contracts"]]
    film = tmp_path / "third.mp4"
    asyncio.run(make_sample(film, seconds=3))
    assert command("publish", film, "--name", "Third Light", "--home", node.home).returncode == 0
    assert command("pay", "--credits", "--home", node.home).returncode == 0
    assert command("pay", "Third Light", "7", "--home", node.home).returncode == 0

    old, new = (json.loads(audited(node, name, "--json")) for name in (NAMES[0], "Third Light"))
    assert old["ok"] and new["ok"]
    assert "contract set" in checks(new) and "contract set" not in checks(old)
    assert new["films"][0]["paid_in"] == "7"
    rows = json.loads(command("statement", "--json", "--home", node.home).stdout)["purses"]
    assert {row["credited"] for row in rows} >= {"7"}
    assert "expected it: each set's titles are proved by themselves" in audited(node, "network", code=2)
    for number, names in ((1, set(NAMES)), (2, {"Third Light"})):
        report = json.loads(audited(node, "network", "--set", str(number), "--json"))
        assert report["ok"], report["lines"]
        assert {row["name"] for row in report["films"]} == names
    ids = {film["name"]: film["id"] for film in node.api.get("/api/films")}
    for name, is_later in ((NAMES[0], False), ("Third Light", True)):
        wanted = json.dumps({"sort": "title", "film": ids[name]}).encode()
        title = verify(node.api.read("POST", "/api/audits", wanted), Expectations(SHIPPED))
        assert title.ok and title.subject["sort"] == "title"
        assert ("contract set" in [line.check for line in title.lines]) is is_later
    path = f"/api/authors/{node.told['author']}/audit"
    with pytest.raises(BadInput, match="each set's titles are proved by themselves"):
        node.api.read("GET", path)
    works = verify(node.api.read("GET", f"{path}?set=2"), Expectations(SHIPPED))
    assert works.ok and works.subject["sort"] == "author" and [row.name for row in works.films] == ["Third Light"]
    checked = json.loads(command("network", "verify", "--json", "--home", node.home).stdout)
    assert checked["ok"]
    assert "contract TitleRegistry of set 2" in [one["check"] for one in checked["checks"]]
