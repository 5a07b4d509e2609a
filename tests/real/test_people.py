"""Follows, news and lists of a real node: by its commands, and by records that strangers signed."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from cinepeer.errors import BadInput
from cinepeer.records import dagcbor
from cinepeer.records.cid import Cid
from cinepeer.records.record import parse_record, verify_body, verify_record
from real.nodes import Running, command, running
from real.strangers import FILM, Stranger


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("nodes") / "home") as found:
        yield found


def records(node: Running, path: str) -> list[tuple[Any, bytes | None]]:
    """A list of records as a client reads it, each checked by itself."""
    connection = http.client.HTTPConnection("127.0.0.1", node.api.port, timeout=30)
    connection.request("GET", path)
    pairs: Any = dagcbor.decode(connection.getresponse().read())
    connection.close()
    found = [(parse_record(block), body) for block, body in pairs]
    for record, body in found:
        verify_record(record)
        if body is not None:
            verify_body(record, body)
    return found


def test_news_come_from_those_who_are_followed_and_from_no_one_else(node: Running) -> None:
    ada, eve = Stranger(node, "ada"), Stranger(node, "eve")
    ada.sign("profile", name="Ada")
    film = ada.sign("film", name="First Light", **FILM)
    eve.sign("film", name="Elsewhere", **FILM)
    assert node.api.get("/api/news") == []

    done = node.api.post("/api/follows", {"on": str(ada.id)})
    told = node.api.get(f"/api/authors/{ada.id}")
    assert (told["name"], told["films"], told["followers"], told["followed"]) == ("Ada", [str(film)], 1, True)
    (followed,) = node.api.get("/api/follows")
    assert followed["record"] == done["record"]
    assert (followed["sort"], followed["name"], followed["on"]) == ("author", "Ada", str(ada.id))
    reviewed = ada.sign("review", film=str(film), text="mine", language="en", spoiler=False)
    news = node.api.get("/api/news")
    assert [(one["kind"], one["record"], one["name"], one["author_name"]) for one in news] == [
        ("review", str(reviewed), "First Light", "Ada"),
        ("film", str(film), "First Light", "Ada"),
    ]

    node.api.post("/api/follows", {"on": str(ada.id), "follows": False})
    assert node.api.get("/api/news") == node.api.get("/api/follows") == []


def test_a_list_is_signed_changed_followed_and_taken_back(node: Running) -> None:
    begun = node.api.post("/api/collections", {"name": "Nights", "films": ["imdb:tt0111161", "imdb:tt0111161"]})
    named = begun["record"]
    changed = node.api.post("/api/collections", {"collection": named, "name": "Nights", "films": ["tmdb:2", "tmdb:1"]})
    found = node.api.get(f"/api/collections/{named}")
    assert (found["films"], found["record"]) == (["tmdb:2", "tmdb:1"], changed["record"])
    assert [record.kind for record, body in records(node, f"/api/collections/{named}/records") if body] == [
        "inception",
        "delegate",
        "collection",
        "collection",
    ]
    told = node.api.get(f"/api/authors/{node.told['author']}")
    assert [one["id"] for one in told["collections"]] == [named]

    node.api.post("/api/retractions", {"records": [named]})
    with pytest.raises(BadInput, match="found no list"):
        node.api.get(f"/api/collections/{named}")


def test_a_list_of_another_author_can_be_followed_but_not_changed(node: Running) -> None:
    ben = Stranger(node, "ben")
    words = {"about": "", "language": "", "name": "Days"}
    named = ben.sign("collection", list=None, films=["tmdb:1"], **words)
    with pytest.raises(BadInput, match="of another author"):
        node.api.post("/api/collections", {"collection": str(named), "name": "Mine"})
    node.api.post("/api/follows", {"on": str(named)})
    changed = ben.sign("collection", list=named, films=["tmdb:2"], **words)
    (one,) = node.api.get("/api/news")
    assert (one["kind"], one["of"], one["record"], one["name"]) == ("collection", str(named), str(changed), "Days")
    assert node.api.get(f"/api/collections/{named}")["followers"] == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/follows", {"on": "bafy"}),
        ("/api/collections", {"name": ""}),
        ("/api/collections", {"name": "x", "films": ["movielens:01"]}),
        ("/api/collections", {"name": "x", "films": [f"tmdb:{number}" for number in range(1, 258)]}),
    ],
)
def test_what_is_no_follow_or_list_is_refused_in_a_sentence(node: Running, path: str, body: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=r"found .*expected|should have"):
        node.api.post(path, body)


def test_nobody_follows_themselves_or_somebody_unknown(node: Running) -> None:
    with pytest.raises(BadInput, match="own author"):
        node.api.post("/api/follows", {"on": node.told["author"]})
    with pytest.raises(BadInput, match="found no author"):
        node.api.post("/api/follows", {"on": str(Cid.of(b"nobody", 0x71))})


def test_all_that_an_author_said_comes_in_pages_newest_first(node: Running) -> None:
    cleo = Stranger(node, "cleo")
    signed = [cleo.sign("rating", ratings=[[f"tmdb:{stars}", stars]]) for stars in (1, 2, 3)]
    pages = [records(node, f"/api/authors/{cleo.id}/records?limit=2&offset={offset}") for offset in (0, 2)]
    shown = [{record.id for record, body in page if body and record.kind == "rating"} for page in pages]
    assert shown == [{signed[2], signed[1]}, {signed[0]}]


def test_the_commands_follow_tell_and_list(node: Running) -> None:
    dora = Stranger(node, "dora")
    film = dora.sign("film", name="Far Light", **FILM)

    def run(*arguments: str) -> Any:
        done = command(*arguments, "--json", "--home", node.home)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    assert run("follow", str(dora.id))["record"]
    assert str(dora.id) in [one["on"] for one in run("follow")]
    assert str(film) in [one["of"] for one in run("news")]
    named = run("collection", "--new", "Lights", "Far Light", "--about", "far ones")["record"]
    run("collection", "--add", named, "imdb:tt0111161")
    run("collection", "--remove", named, str(film))
    (one,) = run("collection", "--show", named)
    assert (one["name"], one["about"], one["films"]) == ("Lights", "far ones", ["imdb:tt0111161"])
    assert named in command("collection", "--home", node.home).stdout
    run("unfollow", str(dora.id))
    assert str(dora.id) not in [one["on"] for one in run("follow")]
    assert command("collection", "--new", "a", "--add", "b", "--home", node.home).returncode == 2
    assert command("collection", "imdb:tt0111161", "--home", node.home).returncode == 2


def test_the_command_same_joins_ids_and_shows_by_whose_word(node: Running) -> None:
    def run(*arguments: str) -> Any:
        done = command("same", *arguments, "--json", "--home", node.home)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    mara = Stranger(node, "mara")
    film = mara.sign("film", name="Same Light", **FILM | {"external": ["tmdb:77"]})
    assert run("Same Light")["ids"] == [str(film), "tmdb:77"]
    assert [word["by"] for word in run("tmdb:77")["joined"]] == ["creator"]
    assert run("tmdb:77", "imdb:tt0000077")["record"]
    assert run("Same Light")["ids"] == [str(film), "imdb:tt0000077", "tmdb:77"]
    assert run("tmdb:77", str(film), "--not")["record"]
    assert run("Same Light") == {"film": str(film), "ids": [str(film)], "joined": []}
    assert [(word["films"], word["same"]) for word in run()] == [
        ([str(film), "tmdb:77"], False),
        (["imdb:tt0000077", "tmdb:77"], True),
    ]
    shown = command("same", "tmdb:77", "--home", node.home).stdout
    assert "also tmdb:77" in shown and "says you" in shown
    for words in (("tmdb:77", "tmdb:77"), ("tmdb:77", "--not"), ("tmdb:077",)):
        refused = command("same", *words, "--home", node.home)
        assert (refused.returncode, refused.stdout) == (2, ""), words
    with pytest.raises(BadInput, match="twice, expected two ids"):
        node.api.post("/api/same", {"one": "tmdb:1", "other": "tmdb:1"})


def test_a_report_is_ruled_on_and_answered_by_command_for_everybody_to_read(node: Running) -> None:
    maker, viewer = Stranger(node, "maker"), Stranger(node, "viewer")
    film = maker.sign("film", name="Disputed Light", **FILM)
    said = {"ground": "copyright", "text": "The second reel is mine.", "language": "en", "contact": None}
    claim = viewer.sign("report", on=film, **said)

    def run(*arguments: str) -> Any:
        done = command(*arguments, "--json", "--home", node.home)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    (waiting,) = run("report")
    assert (waiting["record"], waiting["about"]["name"]) == (str(claim), "Disputed Light")
    assert command("rule", str(claim), "--home", node.home).returncode == 2
    ruled = run("rule", str(claim), "--deny", "--reason", "The licence of 2019 shows it.", "--yes")
    assert (ruled["about"]["on"], ruled["report"], ruled["denied"]) == (str(film), str(claim), True)
    assert node.api.get("/api/hosting")["denied"] == [str(film)]
    assert run("report") == []

    maker.sign("appeal", ruling=Cid.parse(ruled["record"]), text="I hold the licence.", language="en")
    (shown,) = run("rule")
    assert [(one["text"], one["is_concerned"]) for one in shown["appeals"]] == [("I hold the licence.", True)]
    run("rule", "Disputed Light", "--keep", "--reason", "The licence is shown.", "--yes")
    assert node.api.get("/api/hosting")["denied"] == []
    told = run("report", "Disputed Light", "--every")
    assert [one["record"] for one in told["reports"]] == [str(claim)]
    assert [(one["denied"], one["stands"]) for one in told["rulings"]] == [(False, True), (True, False)]
    kinds = [record.kind for record, body in records(node, f"/api/films/{film}/reports/records") if body]
    assert sorted(kind for kind in kinds if kind not in ("inception", "delegate")) == [
        "appeal", "report", "ruling", "ruling",
    ]  # fmt: skip
    wrote = viewer.sign("review", film=str(film), text="Buy elsewhere.", language="en", spoiler=False)
    assert [one["record"] for one in node.api.get(f"/api/films/{film}/reviews")] == [str(wrote)]
    assert run("rule", str(wrote), "--deny", "--reason", "It sells something.", "--yes")["about"]["sort"] == "review"
    assert node.api.get(f"/api/films/{film}/reviews") == []
    assert run("report", "Disputed Light", "What is this?", "--ground", "other")["record"]
    assert run("appeal", ruled["record"], "So it is.")["record"]
    for words in (("report", str(claim)[:-1] + "!", "x"), ("appeal", str(film), "x"), ("report", "Disputed Light")):
        assert command(*words, "--home", node.home).returncode == 2
