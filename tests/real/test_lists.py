"""Lists on a real node: opened, changed by wishes, stated in receipts, taken by the light client, and audited."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cinepeer.faces.cli import crowd
from cinepeer.recommend.served import save
from cinepeer.records import dagcbor
from cinepeer.records.cid import RAW, Cid
from real.nodes import ENVIRONMENT, Running, command, running
from unit.recommend.served_models import small_model

FILMS = [f"movielens:{number}" for number in range(1, 13)]
NOW_MS = 1_790_000_000_000


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A node that holds the ratings of two tastes, and its author's own."""
    people = [dict.fromkeys(FILMS[:7], 9) for _ in range(4)] + [dict.fromkeys(FILMS[5:], 8) for _ in range(4)]
    people[0][FILMS[10]] = 2
    with running(tmp_path_factory.mktemp("lists") / "home") as node:
        pairs = [pair for one in crowd.sign(people, 1, NOW_MS) for pair in one]
        data = dagcbor.encode([[record.block, body] for record, body in pairs])
        taken = json.loads(node.api.read("POST", "/api/records", data, "application/vnd.ipld.dag-cbor"))
        assert taken["added"] == len(pairs)
        node.api.post("/api/ratings", {"ratings": [[FILMS[0], 10], [FILMS[1], 9], [FILMS[11], 3]]})
        yield node


def ran(node: Running, *arguments: str) -> Any:
    done = command(*arguments, "--home", node.home, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def client(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "cinepeer_client.cli", *arguments]
    environment = ENVIRONMENT | {"CINEPEER_CLIENT_STATE": str(state)}
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, env=environment)


def films(found: dict[str, Any]) -> list[str]:
    return [film["film"] for film in found["films"]]


def test_a_list_opens_to_sums_and_answers_why_and_why_not(node: Running) -> None:
    found = ran(node, "recommend", "--why")
    assert found["fitted_on"] == sum(len(one) for one in ([1] * 7, [1] * 7)) * 4 + 1 + 3
    assert FILMS[2] in films(found)[:5]
    for film in found["films"]:
        assert sum(part["adds"] for part in film["evidence"]) == film["score"]
        for part in film["evidence"]:
            assert node.api.read("GET", f"/api/records/{part['record']}")
    best = films(found)[0]
    opened = ran(node, "recommend", "--film", best, "--limit", "3")
    assert opened["place"] == 1
    assert opened["change"]["is_smallest"]
    dropped = ran(node, "recommend", "--limit", "3", *(f"--forget={film}" for film in opened["change"]["films"]))
    assert best not in films(dropped)
    assert node.api.get("/api/wishes")["forgotten"] == []
    assert ran(node, "recommend", "--film", FILMS[0])["reason"] == "rated"
    ruled = ran(node, "recommend", "--rule", "nothing violent")
    assert (ruled["films"], ruled["left_out"]) == ([], {"nothing violent: not known of it": 9})
    told = command("recommend", "--why", "--home", node.home)
    assert "others liked both" in told.stdout


def test_wishes_that_are_kept_count_for_every_list_and_are_no_records(node: Running) -> None:
    records = node.api.get("/api/status")["records"]
    kept = ran(node, "recommend", "--hide", FILMS[2], "--diversity", "20", "--keep")
    assert FILMS[2] not in films(kept)
    assert FILMS[2] not in films(ran(node, "recommend"))
    wishes = ran(node, "recommend", "--keep")
    assert (wishes["hidden"], wishes["diversity"]) == ([FILMS[2]], 20)
    assert FILMS[2] in films(ran(node, "recommend", "--reset"))
    assert node.api.get("/api/status")["records"] == records
    for wrong in (["--rule", "good ones"], ["--off", "everything"], ["--model", "best"], ["--territory", "XX"]):
        done = command("recommend", *wrong, "--home", node.home)
        assert done.returncode == 2
        assert "expected" in done.stderr


def test_a_receipt_holds_is_refitted_and_names_what_was_changed(node: Running, tmp_path: Path) -> None:
    path = tmp_path / "list.receipt"
    told = ran(node, "recommend", "--limit", "5", "--diversity", "30", "--receipt", str(path))
    assert told["films"] == 5
    held = command("audit", path, "--refit", "--json", "--home", node.home)
    assert held.returncode == 0, held.stdout
    report = json.loads(held.stdout)
    assert [line["check"] for line in report["lines"]] == ["signature", "model", "history", "list", "refit", "ties"]
    assert report["subject"]["author"] == node.told["author"]
    for threads, kernel in (("1", "Haswell"), ("2", "SkylakeX"), ("1", "Zen"), ("2", "Nehalem")):
        environment = {"OPENBLAS_NUM_THREADS": threads, "OPENBLAS_CORETYPE": kernel}
        assert command("audit", path, "--offline", **environment).returncode == 0
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    done = client(tmp_path / "state", "audit", str(path), "--json")
    assert done.returncode == 1
    assert [line["check"] for line in json.loads(done.stdout)["lines"] if line["ok"] is False] == ["model"]


def test_whoever_has_the_records_in_a_file_fits_the_model_of_a_receipt_anew(node: Running, tmp_path: Path) -> None:
    path, parcel = tmp_path / "list.receipt", tmp_path / "all.parcel"
    ran(node, "recommend", "--receipt", str(path))
    assert ran(node, "export", str(parcel), "--all")["records"]
    with running(tmp_path / "stranger") as stranger:
        before = command("audit", path, "--refit", "--home", stranger.home)
        assert before.returncode == 3, before.stdout
        ran(stranger, "import", str(parcel))
        held = command("audit", path, "--refit", "--json", "--home", stranger.home)
        assert held.returncode == 0, held.stdout
        assert json.loads(held.stdout)["lines"][-2]["check"] == "refit"


def test_a_sealed_receipt_needs_its_opening(node: Running, tmp_path: Path) -> None:
    path = tmp_path / "sealed.receipt"
    told = ran(node, "recommend", "--receipt", str(path), "--sealed")
    assert client(tmp_path / "state", "audit", str(path)).returncode == 3
    done = client(tmp_path / "state", "audit", str(path), "--opening", told["opening"], "--json")
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["ok"] is True


def test_a_receipt_of_other_ratings_could_not_be_checked(node: Running, tmp_path: Path) -> None:
    path = tmp_path / "list.receipt"
    ran(node, "recommend", "--receipt", str(path))
    node.api.post("/api/ratings", {"ratings": [[FILMS[1], 8]]})
    done = command("audit", path, "--refit", "--home", node.home)
    assert done.returncode == 3
    assert "expected those of the root" in done.stdout


def test_the_light_client_rates_and_ranks_by_itself(node: Running, tmp_path: Path) -> None:
    state, url = tmp_path / "state", node.told["page"]
    first = client(state, "recommend", "--json", "--node", url)
    assert first.returncode == 0, first.stderr
    assert all(film["by"] == "popularity" for film in json.loads(first.stdout)["films"])

    rated = client(state, "rate", FILMS[0], "10", "--json", "--node", url)
    assert rated.returncode == 0, rated.stderr
    told = json.loads(rated.stdout)
    assert told["nodes"][0]["added"] == 3
    given = node.api.get(f"/api/films/{FILMS[0]}/ratings")
    assert [one["stars"] for one in given if one["record"] == told["record"]] == [10]

    found = json.loads(client(state, "recommend", "--json", "--node", url, "--node", url).stdout)
    assert found["label"] == f"computed by {url}, {url}, not replayed"
    assert found["films"][0]["by"] == "taste"
    assert found["films"][0]["evidence"][0]["film"] == FILMS[0]
    assert all(sum(part["adds"] for part in film["evidence"]) == film["score"] for film in found["films"])
    assert client(state, "rate", FILMS[0], "--withdraw", "--node", url).returncode == 0
    after = json.loads(client(state, "recommend", "--json", "--node", url).stdout)
    assert after["rated"] == 0
    assert sum(file.stat().st_size for file in state.rglob("*") if file.is_file()) < 20 << 20


@contextlib.contextmanager
def serving(answers: dict[str, bytes]) -> Iterator[str]:
    """A node that answers GET with these bytes and takes nothing."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answers.get(self.path)
            self.send_response(200 if body is not None else 404)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def model_answers(model: bytes, served: bytes) -> dict[str, bytes]:
    """What a node answers that names one model and serves some bytes."""
    name = str(Cid.of(model, RAW))
    told = {"model": name, "light": name, "fitted_on": 129, "root": "00" * 32}
    return {"/api/models": json.dumps(told).encode(), f"/api/models/{name}": served}


def test_a_node_that_serves_another_model_than_it_names_is_told_and_an_honest_one_ranks(tmp_path: Path) -> None:
    model = save(small_model())
    with serving(model_answers(model, model)) as honest, serving(model_answers(model, model[:-1] + b"x")) as liar:
        alone = client(tmp_path / "one", "recommend", "--node", liar)
        assert alone.returncode == 1
        assert "other bytes for the model" in alone.stderr
        both = client(tmp_path / "two", "recommend", "--json", "--node", liar, "--node", honest)
        assert both.returncode in (0, 1)  # who is asked first is by turns: a liar that was not asked told no lie
        assert json.loads(both.stdout)["films"]
        kept = client(tmp_path / "two", "recommend", "--json", "--node", honest)
        assert kept.returncode == 0


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[]", b'{"light": 7}', b"[" * 60_000, b'{"light": "x"}'])
def test_a_node_that_tells_no_model_is_named(tmp_path: Path, answer: bytes) -> None:
    with serving({"/api/models": answer}) as url:
        done = client(tmp_path / "state", "recommend", "--node", url)
    assert done.returncode == 1
    assert url in done.stderr


def test_a_model_file_of_another_form_is_refused_though_its_id_fits(tmp_path: Path) -> None:
    for data in (b"", b"model", save(small_model())[:-9]):
        with serving(model_answers(data, data)) as url:
            assert client(tmp_path / "state", "recommend", "--node", url).returncode == 1


def test_the_light_client_says_who_is_away_and_what_cannot_be(tmp_path: Path) -> None:
    away = client(tmp_path / "state", "recommend", "--node", "http://127.0.0.1:9")
    assert away.returncode == 3
    assert client(tmp_path / "state", "rate", "imdb:tt0111161", "9", "--node", "http://127.0.0.1:9").returncode == 3
    assert client(tmp_path / "state", "rate", "The Film", "9", "--node", "http://127.0.0.1:9").returncode == 2
    assert client(tmp_path / "state", "recommend").returncode == 2


IMDB = """Const,Your Rating,Date Rated,Title,Year
tt0111161,9,2023-01-05,The Long Yard,1994
,5,2023-01-06,Nobody Knows,2004
"""


def test_ratings_from_elsewhere_are_private_and_published_after_a_question(node: Running, tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text(IMDB)
    records = node.api.get("/api/status")["records"]
    dry = ran(node, "import", str(path), "--dry-run")
    assert (dry["kept"], dry["private"], dry["unmatched_count"]) == (False, 0, 1)
    kept = ran(node, "import", str(path))
    assert (kept["kept"], kept["private"]) == (True, 1)
    assert ran(node, "recommend")["private"] == 1
    assert node.api.get("/api/status")["records"] == records
    asked = command("import", "--publish", "--home", node.home)
    assert asked.returncode == 2
    assert "imdb:tt0111161  9 of 10  (imdb)" in asked.stderr
    done = ran(node, "import", "--publish", "--yes")
    assert (done["ratings"], len(done["records"])) == (1, 1)
    assert node.api.get("/api/films/imdb:tt0111161/ratings")[0]["record"] == done["records"][0]
    assert ran(node, "import", str(path))["already_public"] == 1
    assert ran(node, "import", "--forget") == {"forgotten": 1}
    path.write_text("a,b\n1,2\n")
    assert command("import", path, "--home", node.home).returncode == 2
    assert command("import", "--home", node.home).returncode == 2
