"""The daily commands against a real node, as a person types them: what they tell, and one sentence for each mistake."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cinepeer.adapters.media.sample import make_sample
from cinepeer.faces.cli.crowd import sign
from cinepeer.records import dagcbor
from real.nodes import COMMAND, ENVIRONMENT, Running, command, running

pytestmark = pytest.mark.ffmpeg

NAME = "First Light"
Said = Callable[..., str]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A node that has published one film."""
    folder = tmp_path_factory.mktemp("commands")
    film = folder / "short.mp4"
    asyncio.run(make_sample(film, seconds=3))
    with running(folder / "home") as node:
        facts = ["--year", "2026", "--genre", "sea", "--language", "en", "--credit", "Ada Byron=director"]
        ended = command("publish", film, "--name", NAME, *facts, "--synopsis", "A day.", "--home", node.home)
        assert ended.returncode == 0, ended.stderr
        yield node


@pytest.fixture
def said(node: Running) -> Said:
    """What a command says on stdout, or with a `code` the one sentence on stderr."""

    def run(*arguments: str | Path, code: int = 0) -> str:
        ended = command(*arguments, "--home", node.home)
        assert ended.returncode == code, ended.stderr
        if code == 2:
            assert (ended.stdout, len(ended.stderr.splitlines())) == ("", 1)
        return ended.stderr if code else ended.stdout

    return run


def told(said: Said, *arguments: str) -> Any:
    return json.loads(said(*arguments, "--json"))


def test_a_review_is_signed_answered_shown_and_taken_back(said: Said, tmp_path: Path) -> None:
    said("rate", NAME, "8")
    words = tmp_path / "words.txt"
    words.write_text("The keeper was the thief.", "utf-8")
    signed = json.loads(said("review", NAME, "--file", words, "--spoiler", "--language", "en", "--json"))["record"]
    said("comment", signed, "So I thought.")
    [shown] = json.loads(said("review", NAME, "--json"))
    assert (shown["stars"], shown["spoiler"], shown["text"]) == (8, True, "The keeper was the thief.")
    assert [answer["text"] for answer in shown["comments"]] == ["So I thought."]
    assert "tells the plot: The keeper was the thief." in said("review", NAME)
    said("retract", signed, "--reason", "it gave too much away")
    assert said("review", NAME) == "nobody wrote about it yet, as far as this node knows\n"
    said("retract", "bafyreih6plaa5mbjshl66adxhsbohhzybsixbmzerolvcdtkjqmiz5fjei", code=2)
    said("comment", "nonsense", "So.", code=2)
    said("review", NAME, "x" * 20_000, code=2)
    said("review", NAME, "words", "--file", words, code=2)


def test_search_finds_a_film_by_its_words_and_forgives_a_slip(said: Said) -> None:
    found = json.loads(said("search", "byron", "sea", "--json"))
    assert [film["name"] for film in found["films"]] == [NAME]
    assert said("search", "frist", "ligth").splitlines()[:2] == [
        "no film has frist: asked for first",
        "no film has ligth: asked for light",
    ]
    assert said("search", "zzzzzz") == "no film that this node knows is like that\n"
    said("search", "x" * 300, code=2)


def test_a_film_is_meant_by_its_name_its_id_or_a_part_of_it(said: Said) -> None:
    (film,) = told(said, "films")
    assert film["facts"] == {
        "year": 2026, "genres": ["sea"], "languages": ["en"], "credits": [{"name": "Ada Byron", "role": "director"}],
        "synopsis": "A day.", "external": [], "translations": [], "warnings": None,
    }  # fmt: skip
    for stars, meant in enumerate((NAME, "first light", film["id"], film["id"][-6:], film["id"][:40]), 1):
        assert said("rate", meant, str(stars)).startswith(f"{stars} of 10 stars, signed as record b")
    assert told(said, "films")[0]["yours"] == 5
    said("rate", "imdb:tt0111161", "7")
    assert said("rate", NAME, "--withdraw").startswith("taken back")
    assert told(said, "films")[0]["yours"] is None
    assert "expected its name, its id" in said("rate", "Second Light", "7", code=2)
    assert "expected its name, its id" in said("rate", film["id"][-5:], "7", code=2)
    assert "imdb:tt0111161" in said("rate", "imdb:none", "7", code=2)


def test_a_recommendation_names_the_ratings_that_caused_it(node: Running, said: Said) -> None:
    film = told(said, "films")[0]["id"]
    crowd = [{film: 9, "movielens:1": 9, "movielens:2": 8} for _ in range(12)]
    pairs = [pair for pairs in sign(crowd, 3, time.time_ns() // 1_000_000) for pair in pairs]
    packed = dagcbor.encode([[record.block, body] for record, body in pairs])
    node.api.read("POST", "/api/records", packed, "application/vnd.ipld.dag-cbor")
    said("rate", NAME, "9")
    assert "yours 9" in said("films")
    shown = said("recommend", "--why", "--limit", "5")
    assert f"because you gave {NAME} 9 stars; 12 others liked both" in shown
    assert "because" not in said("recommend")
    found = told(said, "recommend", "--limit", "1")["films"]
    assert [film["film"] for film in found] == ["movielens:1"]
    assert found[0]["score"] == sum(cause["adds"] for cause in found[0]["evidence"])


def test_a_licence_is_offered_bought_and_shown(said: Said) -> None:
    assert "no offer yet" in said("licence", NAME)
    offer = told(said, "licence", NAME, "--price", "500", "--medium", "cinema", "--territory", "FR", "--days", "3")
    assert f"cinepeer licence --buy {offer['offer']}" in said("licence", NAME)
    said("pay", "--credits")
    bought = told(said, "licence", "--buy", offer["offer"])
    assert [found["licensee"] for found in told(said, "licence", NAME)["licences"]] == [bought["licensee"]]
    assert "expected one of cinema" in said("licence", NAME, "--price", "5", "--medium", "moon", code=2)
    assert "two-letter code" in said("licence", NAME, "--price", "5", "--territory", "Utopia", code=2)
    for mistake in ([], [NAME, "--buy", "x"], ["--buy", "x"], [NAME, "--price", "much"], [NAME, "--days", "-1"]):
        said("licence", *mistake, code=2)


def test_money_goes_in_and_comes_out_whole(said: Said) -> None:
    account = told(said, "pay")
    said("pay", "--credits", code=2 if int(account["balance"]) >= 100 * 10**18 else 0)
    before = told(said, "title", NAME, "--show")
    paid = told(said, "pay", NAME, "1000", "--memo", "ticket")
    assert paid["amount"] == "1000"
    after = told(said, "title", NAME, "--show")
    assert int(after["paid_in"]) - int(before["paid_in"]) == 1000
    assert f"owner     {account['address']}  100 %, {after['claimable'][account['address']]} to be paid out" in said(
        "title", NAME, "--show"
    )
    out = told(said, "pay", NAME, "--withdraw", account["address"])
    assert out["amount"] == after["claimable"][account["address"]]
    for mistake in (
        [NAME], [NAME, "0"], [NAME, "-5"], [NAME, "1.5"], [NAME, "1", "--memo", "m" * 33], ["--credits", NAME],
        [NAME, "--withdraw", "0x12"], ["--withdraw", account["address"]], [NAME, "--withdraw", account["address"]],
    ):  # fmt: skip
        said("pay", *mistake, code=2)


def test_a_title_is_registered_once(said: Said) -> None:
    first, again = told(said, "title", NAME), told(said, "title", NAME)
    assert first == again
    assert "other owners" in said("title", NAME, "--owner", f"0x{'1' * 40}=3000", code=2)
    for mistake in (["--owner", "me=1"], ["--owner", "0x12=1"], ["--show", "--owner", f"0x{'1' * 40}=1"]):
        said("title", NAME, *mistake, code=2)


def test_an_audit_is_kept_in_a_new_file_and_holds_without_the_node(said: Said, tmp_path: Path) -> None:
    bundle = tmp_path / "film.audit.car"
    assert told(said, "audit", NAME, "--bundle", str(bundle))["ok"]
    ended = command("audit", bundle, "--home", tmp_path / "nowhere")
    assert ended.returncode == 0
    assert "there already" in said("audit", NAME, "--bundle", bundle, code=2)
    assert "expected it with what is proved" in said("audit", bundle, "--bundle", tmp_path / "other", code=2)
    said("audit", NAME, "--bundle", tmp_path / "no" / "folder", code=2)
    said("audit", "Second Light", code=2)
    changed = bytearray(bundle.read_bytes())
    changed[len(changed) // 2] ^= 1
    bundle.write_bytes(changed)
    assert command("audit", bundle).returncode == 1


PLAYER = """#!{python}
import sys, urllib.request
address = sys.argv[-1]
master = urllib.request.urlopen(address).read().decode()
playlist = next(line for line in master.splitlines() if line.endswith(".m3u8"))
listed = urllib.request.urlopen(address.rpartition("/")[0] + "/" + playlist).read().decode()
open({out!r}, "w").write(master + listed)
sys.exit({code})
"""


def test_a_player_is_given_the_film_and_no_other_program(node: Running, said: Said, tmp_path: Path) -> None:
    out, programs = tmp_path / "played", tmp_path / "bin"
    programs.mkdir()
    player = programs / "mpv"
    asked = ("watch", NAME, "--home", node.home)
    for code, ends in ((0, 0), (4, 2)):
        player.write_text(PLAYER.format(python=sys.executable, out=str(out), code=code))
        player.chmod(0o755)
        ended = command(*asked, PATH=str(programs))
        assert (ended.returncode, len(ended.stderr.splitlines())) == (ends, 1 if ends else 0), ended.stderr
        assert "#EXT-X-STREAM-INF" in out.read_text() and "#EXT-X-ENDLIST" in out.read_text()
    player.unlink()
    ended = command(*asked, PATH=str(programs))
    assert (ended.returncode, "expected a player, or --out FILE" in ended.stderr) == (2, True)


def test_the_disk_cap_is_set_and_what_is_held_stays(said: Said) -> None:
    before = told(said, "host")
    assert f"held      {before['held'][0]}  {NAME}" in said("host")
    changed = told(said, "host", "--disk-cap", "1000")
    assert changed["disk_cap"] == 1_000
    assert (changed["held"], changed["stored_bytes"]) == (before["held"], before["stored_bytes"])
    assert changed["consequence"] in said("host", "--disk-cap", "1000")
    said("host", "--disk-cap", "-1", code=2)
    said("host", "--disk-cap", "much", code=2)
    assert told(said, "host", "--disk-cap", str(before["disk_cap"]))["disk_cap"] == before["disk_cap"]


DOCUMENTED = Path(__file__).parents[2] / "docs" / "commands.md"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("films", []),
        ("rate", [NAME, "7"]),
        ("recommend", []),
        ("title", [NAME]),
        ("title", [NAME, "--show"]),
        ("licence", [NAME]),
        ("pay", []),
        ("host", []),
        ("network", []),
        ("keys", []),
        ("audit", [NAME]),
        ("watch", [NAME]),
    ],
)
def test_the_json_is_what_the_page_says(said: Said, name: str, arguments: list[str]) -> None:
    section = DOCUMENTED.read_text().split(f"\n## {name}\n")[1].split("\n## ")[0].split("\n### ")[0]
    forms = [set(form.replace("\n", " ").split(", ")) for form in re.findall(r"`{([^}]+)}`", section)]
    found = told(said, name, *arguments)
    assert set(found[0] if isinstance(found, list) else found) in forms


def test_a_publication_is_cancelled_by_an_interrupt(node: Running, tmp_path: Path) -> None:
    film = tmp_path / "long.mp4"
    asyncio.run(make_sample(film, seconds=30))
    asked = [*COMMAND, "publish", str(film), "--name", "Never", "--home", str(node.home)]
    publishing = subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    deadline = time.monotonic() + 60
    while node.api.get("/api/publications")[0]["stage"] != "ladder":
        assert time.monotonic() < deadline and publishing.poll() is None
        time.sleep(0.05)
    publishing.send_signal(signal.SIGINT)
    out, err = publishing.communicate(timeout=60)
    assert (publishing.returncode, out) == (130, "")
    assert err.strip() == "cinepeer: cancelled before anything was signed"
    job = node.api.get("/api/publications")[0]
    assert (job["name"], job["state"]) == ("Never", "cancelled")
    assert "Never" not in [film["name"] for film in node.api.get("/api/films")]


@pytest.mark.parametrize(
    "arguments",
    [
        ["publish", "nowhere.mp4"],
        ["publish", "/"],
        ["publish", __file__],
        ["publish", __file__, "--owner", "me"],
        ["publish", __file__, "--credit", "nobody"],
        ["publish", __file__, "--year", "soon"],
        ["rate", NAME, "11"],
        ["rate", NAME],
        ["rate", NAME, "5", "--withdraw"],
        ["recommend", "--limit", "0"],
        ["peers", "--connect", "somewhere"],
        ["host", "--deny", "everything"],
        ["watch", "Second Light"],
        ["watch", NAME, "--height", "479", "--out", "never.mp4"],
        ["watch", NAME, "--out", "no/folder/film.mp4"],
    ],
)
def test_a_mistake_is_one_sentence_and_changes_nothing(said: Said, arguments: list[str]) -> None:
    before = told(said, "status")["records"]
    said(*arguments, code=2)
    assert told(said, "status")["records"] == before
    assert not Path("never.mp4").exists()


def test_a_peer_that_is_not_there_is_unreachable(said: Said) -> None:
    peer = "12D3KooWPPsDAyXFQrotJrT1YZkxXiiYRjy6D4Ky2zaAwPVSBD5i"
    assert peer[:8] in said("peers", "--connect", f"/ip4/127.0.0.1/tcp/1/p2p/{peer}", code=3)
