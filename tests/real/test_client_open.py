"""The page of the light client's own package, opened on loopback against nodes that may be away or lie."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from cinepeer.errors import BadInput
from cinepeer_client.fetch import Source
from cinepeer_client.open import MAX_POST_BYTES, Opened
from cinepeer_client.page import policy
from real.film_stand import Node, Stand, dead_url, files_of_a_film, serving, set_up

Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture(scope="module")
def stand() -> Stand:
    return set_up(files_of_a_film())


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A build as small as can be."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>page</title>")
    (tmp_path / "assets" / "index-1.js").write_text("'program'")
    (tmp_path / "assets" / "secret.key").write_text("not of the page")
    return tmp_path


@pytest.fixture
def opened(stand: Stand, page: Path) -> Iterator[Opened]:
    with serving(Node().offer(stand)) as node, Opened([Source.of(dead_url()), Source.of(node.url)], 0, page) as opened:
        yield opened


def ask(opened: Opened, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", opened.port, timeout=20)
    sent = {"Host": f"localhost:{opened.port}"} | {name.replace("_", "-"): value for name, value in headers.items()}
    with contextlib.closing(connection):
        connection.request(method, path, body or None, sent)
        answer = connection.getresponse()
        data = answer.read()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, data


@pytest.mark.parametrize("path", ["/", "/film/bafy", "/search/light", "/studio", "/audit", "/node", "/me", "/me?x=1"])
def test_every_screen_is_the_packages_own_page_under_a_strict_policy(opened: Opened, path: str) -> None:
    status, headers, body = ask(opened, "GET", path)
    assert (status, body) == (200, b"<title>page</title>")
    assert headers["content-security-policy"] == policy()
    assert "unsafe" not in policy()
    assert "set-cookie" not in headers


def test_an_unknown_path_is_the_page_that_says_so_and_an_unknown_file_is_not_found(opened: Opened) -> None:
    assert ask(opened, "GET", "/nowhere")[0] == 404
    assert ask(opened, "GET", "/assets/index-1.js")[2] == b"'program'"
    for path in ("/assets/secret.key", "/assets/../index.html", "/assets/%2e%2e%2findex.html", "/assets/"):
        assert ask(opened, "GET", path)[0] == 404, path
    assert ask(opened, "HEAD", "/assets/index-1.js")[2] == b""


def test_questions_travel_to_the_first_node_that_answers(opened: Opened, stand: Stand) -> None:
    status, _, body = ask(opened, "GET", "/api/films")
    assert status == 200
    assert [film["id"] for film in json.loads(body)] == [str(stand.film.id)]
    status, headers, block = ask(opened, "GET", f"/ipfs/{stand.root}?format=raw", accept="application/vnd.ipld.raw")
    assert (status, stand.root.matches(block)) == (200, True)
    assert int(headers["content-length"]) == len(block)
    assert ask(opened, "GET", "/api/nothing")[0] == 404


def test_without_a_node_that_answers_it_says_which_were_asked(page: Path) -> None:
    away = dead_url()
    with Opened([Source.of(away)], 0, page) as opened:
        status, headers, body = ask(opened, "GET", "/api/films")
        assert (status, headers["content-type"]) == (503, "application/problem+json")
        assert away in json.loads(body)["detail"]
        assert ask(opened, "GET", "/")[0] == 200


@pytest.mark.parametrize(
    ("headers", "path"),
    [
        ({"Host": "evil.example"}, "/api/films"),
        ({"Host": "localhost"}, "/"),
        ({"Host": "localhost:1"}, "/api/films"),
        ({"Origin": "http://evil.example"}, "/api/films"),
        ({"Origin": "null"}, "/api/films"),
    ],
)
def test_another_sites_page_gets_nothing(opened: Opened, headers: dict[str, str], path: str) -> None:
    for method in ("GET", "POST"):
        assert ask(opened, method, path, **headers)[0] == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/api/publications", "/api/ratings", "/api/hosting", "/ipfs/x"])
def test_of_all_writing_only_signed_records_travel(opened: Opened, method: str, path: str) -> None:
    status, _, body = ask(opened, method, path, b"{}")
    assert status == 403
    assert "on its own page alone" in json.loads(body)["detail"]


class Listening(BaseHTTPRequestHandler):
    """A node that keeps what it was sent, and one path that breaks off in the middle."""

    protocol_version = "HTTP/1.1"
    heard: ClassVar[list[tuple[str, dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.heard.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(200)
        self.send_header("content-length", "2")
        self.send_header("set-cookie", "token=1")
        self.end_headers()
        self.wfile.write(b"{}")

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "1000")
        self.end_headers()
        self.wfile.write(b"x" * 10)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
def listening(page: Path) -> Iterator[Opened]:
    Listening.heard = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Listening)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with Opened([Source.of(f"http://127.0.0.1:{server.server_address[1]}/base")], 0, page) as opened:
        yield opened
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_signed_record_travels_without_cookie_origin_or_token(listening: Opened) -> None:
    sent = {"Cookie": "token=secret", "Authorization": "Bearer secret", "Origin": listening.url}
    status, headers, _ = ask(listening, "POST", "/api/records", b"\x80", content_type="application/cbor", **sent)
    assert status == 200
    assert "set-cookie" not in headers
    [(path, heard, body)] = Listening.heard
    assert (path, body, heard["content-type"]) == ("/base/api/records", b"\x80", "application/cbor")
    assert not {"cookie", "authorization", "origin"} & set(heard)


def test_too_large_a_body_is_not_even_read(listening: Opened) -> None:
    with socket.create_connection(("127.0.0.1", listening.port), timeout=20) as connection:
        head = (
            "POST /api/records HTTP/1.1",
            f"Host: localhost:{listening.port}",
            f"Content-Length: {MAX_POST_BYTES + 1}",
        )
        connection.sendall("\r\n".join((*head, "", "")).encode())
        assert b" 413 " in connection.recv(4096)
    assert Listening.heard == []


def test_an_answer_that_breaks_off_is_seen_as_broken(listening: Opened) -> None:
    with pytest.raises(http.client.IncompleteRead):
        ask(listening, "GET", "/api/films")


def test_no_node_no_build_and_a_taken_port_are_said(page: Path, tmp_path: Path) -> None:
    source = Source.of(dead_url())
    with pytest.raises(BadInput, match="found no node to ask"):
        Opened([], 0, page)
    with pytest.raises(BadInput, match="found no built page"):
        Opened([source], 0, tmp_path / "nothing")
    with Opened([source], 0, page) as opened, pytest.raises(BadInput, match=f"found port {opened.port} taken"):
        Opened([source], opened.port, page)


def test_the_command_says_where_the_page_is_and_ends_with_ctrl_c(stand: Stand) -> None:
    with serving(Node().offer(stand)) as node:
        command = [sys.executable, "-m", "cinepeer_client.cli", "open", "--json", "--node", node.url]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        told = json.loads(child.stdout.readline())
        assert told["nodes"] == [node.url]
        host = told["url"].removeprefix("http://")
        connection = http.client.HTTPConnection("127.0.0.1", int(host.partition(":")[2]), timeout=20)
        connection.request("GET", "/api/films", headers={"Host": host})
        assert json.loads(connection.getresponse().read())[0]["id"] == str(stand.film.id)
        connection.close()
        child.send_signal(signal.SIGINT)
        assert child.wait(20) == 130
        child.stdout.close()
