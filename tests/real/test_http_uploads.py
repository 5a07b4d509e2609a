"""A film sent to a real node by tus, broken off and gone on with, and published as a job that outlives its watcher."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cinepeer.adapters.media.sample import make_sample
from real.nodes import Running, running

FACTS = {"name": "The Tide Clock", "year": 2026, "genres": ["documentary"], "credits": [["Ada", "director"]]}


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Tus:
    """A client of the upload protocol, with the node's token."""

    def __init__(self, node: Running) -> None:
        self.port = node.api.port
        token = json.loads((node.home / "node.json").read_text())["token"]
        self.headers = {"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"}

    def ask(self, method: str, path: str = "/api/uploads", body: Any = None, **headers: str | None) -> Answer:
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        sent = {name: value for name, value in (self.headers | named).items() if value is not None}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, sent)
        response = connection.getresponse()
        found = Answer(response.status, response.headers, response.read())
        connection.close()
        return found

    def begin(self, size: int, name: str = "film.mp4", **headers: str | None) -> Answer:
        metadata = f"filename {base64.b64encode(name.encode()).decode()},filetype dmlkZW8vbXA0"
        return self.ask("POST", **{"upload_length": str(size), "upload_metadata": metadata, **headers})

    def append(self, path: str, offset: int, body: Any, **headers: str | None) -> Answer:
        given = {"content_type": "application/offset+octet-stream", "upload_offset": str(offset)}
        return self.ask("PATCH", path, body, **{**given, **headers})

    def offset(self, path: str) -> int:
        found = self.ask("HEAD", path)
        assert (found.status, found.headers["cache-control"], found.body) == (200, "no-store", b"")
        return int(found.headers["upload-offset"])

    def break_off(self, path: str, offset: int, whole: int, part: bytes) -> None:
        """Sends a part of what was announced and drops the line."""
        head = f"PATCH {path} HTTP/1.1\r\nHost: localhost:{self.port}\r\nContent-Length: {whole}\r\n"
        head += f"Upload-Offset: {offset}\r\nContent-Type: application/offset+octet-stream\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as raw:
            raw.sendall(head.encode() + b"\r\n" + part)
            time.sleep(0.2)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("nodes") / "home") as found:
        yield found


@pytest.fixture(scope="module")
def tus(node: Running) -> Tus:
    return Tus(node)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A real film of three seconds."""
    path = tmp_path_factory.mktemp("films") / "short.mp4"
    asyncio.run(make_sample(path, seconds=3))
    return path.read_bytes()


def wait_until(found: Callable[[], bool], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not found():
        assert time.monotonic() < deadline, "expected it to become true"
        time.sleep(0.05)


def test_the_server_says_what_it_speaks(tus: Tus) -> None:
    found = tus.ask("OPTIONS", tus_resumable=None, authorization=None)
    assert (found.status, found.headers["tus-version"], found.headers["tus-resumable"]) == (204, "1.0.0", "1.0.0")
    assert set(found.headers["tus-extension"].split(",")) == {"creation", "checksum", "termination", "expiration"}
    assert set(found.headers["tus-checksum-algorithm"].split(",")) == {"sha1", "sha256"}
    assert int(found.headers["tus-max-size"]) > 0


def test_an_upload_goes_on_where_the_line_broke(tus: Tus) -> None:
    content = bytes(range(256)) * 4_000
    made = tus.begin(len(content), "The Tide Clock.mp4")
    assert (made.status, made.headers["upload-offset"]) == (201, "0")
    path = made.headers["location"]
    tus.break_off(path, 0, len(content), content[:300_000])
    wait_until(lambda: tus.offset(path) == 300_000)
    listed = next(one for one in tus.ask("GET").json if path.endswith(one["id"]))
    assert (listed["filename"], listed["size_bytes"], listed["received_bytes"]) == (
        "The Tide Clock.mp4",
        len(content),
        300_000,
    )
    found = tus.append(path, 300_000, content[300_000:])
    assert (found.status, found.headers["upload-offset"]) == (204, str(len(content)))
    assert found.headers["upload-expires"].endswith("GMT")
    assert tus.ask("DELETE", path).status == 204
    assert tus.ask("HEAD", path).status == 404


def test_a_checksum_that_does_not_hold_takes_nothing(tus: Tus) -> None:
    path = tus.begin(6).headers["location"]
    good = base64.b64encode(hashlib.sha256(b"abc").digest()).decode()
    found = tus.append(path, 0, b"abX", upload_checksum=f"sha256 {good}")
    assert (found.status, found.headers["content-type"]) == (460, "application/problem+json")
    assert tus.offset(path) == 0
    assert tus.append(path, 0, b"abc", upload_checksum=f"sha256 {good}").status == 204
    for strange in ("md5 abcd", "sha256 ???", "sha256"):
        assert tus.append(path, 3, b"def", upload_checksum=strange).status == 400
    assert tus.offset(path) == 3


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"tus_resumable": None}, 412),
        ({"tus_resumable": "0.2.2"}, 412),
        ({"authorization": None}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"upload_length": ""}, 400),
        ({"upload_length": "-1"}, 400),
        ({"upload_length": "1e3"}, 400),
        ({"upload_length": "0"}, 400),
        ({"upload_length": "9" * 17}, 413),
        ({"upload_length": "9" * 300}, 400),
        ({"upload_metadata": ""}, 400),
        ({"upload_metadata": "filename ????"}, 400),
        ({"upload_metadata": "filename " + base64.b64encode(b"x" * 256).decode()}, 400),
        ({"upload_metadata": "filename " + base64.b64encode(b"a\nb").decode()}, 400),
        ({"origin": "http://evil.example"}, 403),
    ],
)
def test_an_upload_that_cannot_become_a_film_is_refused_at_once(
    tus: Tus, headers: dict[str, str | None], status: int
) -> None:
    before = len(tus.ask("GET").json)
    found = tus.begin(3, **headers)
    assert (found.status, found.headers["content-type"]) == (status, "application/problem+json")
    assert "expected" in found.json["detail"]
    assert len(tus.ask("GET").json) == before
    if status == 412:
        assert found.headers["tus-version"] == "1.0.0"


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"tus_resumable": None}, b"abc", 412),
        ({"authorization": None}, b"abc", 401),
        ({"content_type": "application/json"}, b"abc", 415),
        ({"upload_offset": "1"}, b"abc", 409),
        ({"upload_offset": "x"}, b"abc", 400),
        ({}, b"abcdefg", 413),
        ({}, [b"abcd", b"efg"], 400),
    ],
)
def test_bytes_that_do_not_fit_are_refused(tus: Tus, headers: dict[str, str | None], body: Any, status: int) -> None:
    path = tus.begin(6).headers["location"]
    found = tus.append(path, 0, iter(body) if isinstance(body, list) else body, **headers)
    assert (found.status, found.headers["content-type"]) == (status, "application/problem+json")
    assert tus.offset(path) == 0
    assert tus.append("/api/uploads/" + "ab" * 16, 0, b"abc").status == 404
    assert tus.ask("DELETE", "/api/uploads/" + "ab" * 16).status == 404


def test_two_senders_do_not_mix_their_bytes(tus: Tus) -> None:
    path = tus.begin(1_000_000).headers["location"]
    head = f"PATCH {path} HTTP/1.1\r\nHost: localhost:{tus.port}\r\nContent-Length: 1000000\r\nUpload-Offset: 0\r\n"
    head += "Content-Type: application/offset+octet-stream\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in tus.headers.items())
    with socket.create_connection(("127.0.0.1", tus.port), timeout=20) as first:
        first.sendall(head.encode() + b"\r\n" + bytes(10))
        wait_until(lambda: tus.append(path, 0, b"abc").status == 423)
    wait_until(lambda: tus.offset(path) == 10)


@pytest.mark.ffmpeg
def test_an_upload_is_published_by_a_job_that_nobody_need_watch(tus: Tus, film: bytes) -> None:
    path = tus.begin(len(film), "short.mp4").headers["location"]
    upload = path.rpartition("/")[2]
    wish = {**FACTS, "upload": upload, "owners": [{"holder": "0x" + "ab" * 20, "shares": 3000}]}
    wish["offer"] = {"price": "5", "medium": "cinema", "days": 30}
    early = tus.ask("POST", "/api/publications", json.dumps(wish), content_type="application/json")
    assert (early.status, "expected all of its bytes first" in early.json["detail"]) == (409, True)
    assert tus.append(path, 0, film).status == 204
    begun = tus.ask("POST", "/api/publications", json.dumps(wish), content_type="application/json")
    assert begun.status == 202
    job = f"/api/publications/{begun.json['id']}"
    assert tus.ask("DELETE", path).status == 409  # it is being published
    first = http.client.HTTPConnection("127.0.0.1", tus.port, timeout=60)
    first.request("GET", f"{job}/events", headers=tus.headers)
    assert json.loads(first.getresponse().readline())["stage"] == "probe"
    first.close()  # the tab is closed
    wait_until(lambda: tus.ask("GET", job).json["state"] in ("done", "failed"))
    shown = tus.ask("GET", job).json
    assert (shown["state"], shown["problem"], shown["name"]) == ("done", None, "The Tide Clock")
    assert [stage["stage"] for stage in shown["stages"]] == ["probe", "ladder", "import", "records", "title", "offer"]
    measures = {stage["stage"]: stage for stage in shown["stages"]}
    assert measures["probe"]["bytes"] == len(film)
    assert measures["import"]["blocks"] == shown["done"]["blocks"]
    assert measures["records"]["signatures"] == 2
    assert measures["title"]["block"] >= 1
    lines = [json.loads(line) for line in tus.ask("GET", f"{job}/events").body.splitlines()]
    assert lines[0]["stage"] == "probe"
    assert lines[-1]["done"] == shown["done"]
    assert tus.ask("GET", "/api/publications").json[0] == shown
    rights = tus.ask("GET", f"/api/films/{shown['done']['film']}/rights").json
    assert sorted(rights["shares"].values()) == [3000, 7000]
    assert rights["offers"] == [shown["done"]["offer"]["offer"]]
    assert tus.ask("HEAD", path).status == 404
    for method, where in (("DELETE", job), ("POST", f"{job}/attempts")):
        assert tus.ask(method, where).status == 409
        assert tus.ask(method, where, authorization=None).status == 401
    assert tus.ask("GET", "/api/publications/nothing").status == 404


@pytest.mark.ffmpeg
def test_what_is_no_film_fails_with_a_sentence_and_can_be_tried_again(tus: Tus) -> None:
    path = tus.begin(20, "words.mp4").headers["location"]
    tus.append(path, 0, b"these are only words")
    wish = FACTS | {"upload": path.rpartition("/")[2], "title": False}
    job = tus.ask("POST", "/api/publications", json.dumps(wish), content_type="application/json").json["id"]
    for _ in range(2):
        lines = tus.ask("GET", f"/api/publications/{job}/events").body.splitlines()
        assert "expected" in json.loads(lines[-1])["problem"]
        shown = tus.ask("POST", f"/api/publications/{job}/attempts")
        assert (shown.status, shown.json["state"]) == (202, "waiting")
    assert tus.offset(path) == 20


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"name": ""}, 422),
        ({"name": "x"}, 400),
        ({"name": "x", "path": "/film.mp4", "year": 1500}, 422),
        ({"name": "x", "path": "/film.mp4", "external": ["tt1"]}, 400),
        ({"name": "x", "path": "/film.mp4", "owners": [{"holder": "me", "shares": 1}]}, 422),
        ({"name": "x", "path": "/film.mp4", "owners": [{"holder": "0x" + "ab" * 20, "shares": 10_001}]}, 422),
        ({"name": "x", "path": "/film.mp4", "offer": {"price": "1", "medium": "hologram"}}, 400),
        ({"name": "x", "path": "/film.mp4", "offer": {"price": "-1"}}, 422),
        ({"name": "x", "path": "/film.mp4", "offer": {"price": "1"}, "title": False}, 400),
        ({"name": "x", "path": "/film.mp4", "colour": "red"}, 422),
        (["x"], 422),
    ],
)
def test_a_wish_that_cannot_be_published_is_refused_at_once(tus: Tus, wish: Any, status: int) -> None:
    found = tus.ask("POST", "/api/publications", json.dumps(wish), content_type="application/json")
    assert (found.status, found.headers["content-type"]) == (status, "application/problem+json")
    assert "expected" in found.json["detail"]


@pytest.mark.ffmpeg
def test_a_killed_node_keeps_the_upload_and_goes_on_with_the_job(tmp_path: Path, film: bytes) -> None:
    home = tmp_path / "home"
    with running(home) as first:
        tus = Tus(first)
        half = tus.begin(1_000).headers["location"]
        assert tus.append(half, 0, bytes(400)).status == 204
        path = tus.begin(len(film), "short.mp4").headers["location"]
        assert tus.append(path, 0, film).status == 204
        wish = FACTS | {"upload": path.rpartition("/")[2]}
        job = tus.ask("POST", "/api/publications", json.dumps(wish), content_type="application/json").json["id"]
        wait_until(lambda: tus.ask("GET", f"/api/publications/{job}").json["stage"] == "ladder")
        first.process.kill()
        first.process.wait()
    with running(home) as again:
        tus = Tus(again)
        assert tus.offset(half) == 400
        lines = tus.ask("GET", f"/api/publications/{job}/events").body.splitlines()
        done = json.loads(lines[-1])["done"]
        assert done["title"]["block"] >= 1
        assert [one["id"] for one in tus.ask("GET", "/api/films").json] == [done["film"]]
