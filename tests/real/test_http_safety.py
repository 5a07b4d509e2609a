"""A real listener under people who mean no good: rebound names, foreign pages, large, slow and many requests."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from cinepeer.adapters.system.ports import free_port
from cinepeer.faces.http.guard import MAX_BODY_BYTES, MAX_RECORDS_BYTES, Guard, cookie_name
from cinepeer.faces.http.listener import Listener
from cinepeer.faces.http.patience import PatientProtocol
from cinepeer.faces.http.problems import tell_problems
from cinepeer.faces.http.web import elsewhere, web

TOKEN = "right-token"
PATIENCE = {
    "look_s": 0.05,
    "head_s": 0.5,
    "body_window_s": 0.5,
    "refused_s": 0.5,
    "taking_window_s": 0.5,
    "most_connections": 40,
}


def guarded(folder: Path, port: int) -> Any:
    """A guarded application with a page, a route that reads a whole body, and one that a page may be tricked to ask."""
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Cinepeer</title>")
    app = FastAPI()
    tell_problems(app, elsewhere(folder, TOKEN, port))
    app.include_router(web(folder, TOKEN, port))

    @app.post("/api/records")
    @app.post("/api/ratings")
    async def take(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @app.get("/api/film")
    async def film() -> StreamingResponse:
        return StreamingResponse(bytes(1 << 20) for _ in range(64))

    @app.get("/api/status")
    async def status() -> dict[str, bool]:
        return {"fine": True}

    return Guard(app, port, TOKEN, frozenset({"/api/records"}))


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A listener in a loop and thread of its own, with little patience."""
    for name, value in PATIENCE.items():
        monkeypatch.setattr(PatientProtocol, name, value)
    number = free_port()
    begun, end = threading.Event(), threading.Event()

    async def serve() -> None:
        listener = Listener(guarded(tmp_path / "web", number), number)
        await listener.start()
        begun.set()
        await asyncio.to_thread(end.wait)
        await listener.stop()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert begun.wait(20)
    yield number
    end.set()
    thread.join(20)


def ask(
    port: int, method: str = "GET", path: str = "/api/status", body: Any = None, **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """(status, headers, body) of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, named)
    response = connection.getresponse()
    found = response.status, response.headers, response.read()
    connection.close()
    return found


def is_problem(found: tuple[int, http.client.HTTPMessage, bytes], status: int) -> bool:
    """Whether an answer is the problem document of this status, with a sentence."""
    assert (found[0], found[1]["content-type"]) == (status, "application/problem+json"), found
    told = json.loads(found[2])
    assert set(told) == {"type", "status", "detail"}
    return bool(told["status"] == status and "found" in told["detail"] and "expected" in told["detail"])


def opened(port: int, data: bytes) -> socket.socket:
    """A raw connection that has sent `data`."""
    raw = socket.create_connection(("127.0.0.1", port), timeout=20)
    raw.sendall(data)
    return raw


def rest(raw: socket.socket) -> bytes:
    """What comes until the other side closes."""
    found = b""
    with raw, contextlib.suppress(ConnectionResetError, BrokenPipeError):
        while data := raw.recv(65_536):
            found += data
    return found


def drip(raw: socket.socket, piece: bytes) -> bytes:
    """Sends a byte now and then until the other side has had enough; what it answered."""
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        raw.settimeout(0.1)
        for _ in range(200):
            raw.sendall(piece)
            with contextlib.suppress(TimeoutError):
                found = raw.recv(65_536)
                return found
        pytest.fail("expected the slow client to be cut")
    return b""


def test_a_rebound_name_gets_nothing(port: int) -> None:
    for host in ("evil.example", f"evil.example:{port}", "localhost", f"localhost:{port + 1}"):
        assert is_problem(ask(port, Host=host), 403)


def test_another_site_s_page_can_neither_read_nor_write(port: int) -> None:
    for origin in ("http://evil.example", "null", f"http://localhost:{port + 1}", f"https://localhost:{port}"):
        assert is_problem(ask(port, Origin=origin), 403)
        assert is_problem(ask(port, "POST", "/api/records", b"x", Origin=origin), 403)
    for site in ("cross-site", "same-site"):
        assert is_problem(ask(port, Sec_Fetch_Site=site), 403)
    assert ask(port, Sec_Fetch_Site="same-origin")[0] == 200
    assert ask(port, path="/", Sec_Fetch_Site="cross-site")[0] == 200  # a link to the page may be followed


def test_a_write_needs_the_cookie_that_only_the_page_s_own_origin_sends(port: int) -> None:
    assert is_problem(ask(port, "POST", "/api/ratings", b"{}"), 401)
    assert is_problem(ask(port, "POST", "/api/ratings", b"{}", Cookie=f"{cookie_name(port)}=wrong"), 401)
    cookie = ask(port, path="/")[1]["set-cookie"]
    assert "SameSite=Strict" in cookie
    assert "HttpOnly" in cookie
    sent = cookie.partition(";")[0]
    assert ask(port, "POST", "/api/ratings", b"{}", Cookie=sent, Origin=f"http://localhost:{port}")[0] == 200
    assert is_problem(ask(port, "POST", "/api/ratings", b"{}", Cookie=sent, Origin="http://evil.example"), 403)


def test_a_large_body_is_refused_with_or_without_a_stated_length(port: int) -> None:
    for path, limit in (("/api/ratings", MAX_BODY_BYTES), ("/api/records", MAX_RECORDS_BYTES)):
        given = {"Authorization": f"Bearer {TOKEN}"}
        assert json.loads(ask(port, "POST", path, bytes(limit), **given)[2]) == {"bytes": limit}
        raw = opened(
            port, f"POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: {limit + 1}\r\n\r\n".encode()
        )
        assert raw.recv(65_536).startswith(b"HTTP/1.1 413")
        raw.close()
        pieces = iter([bytes(limit // 4)] * 5)
        assert is_problem(ask(port, "POST", path, pieces, **given), 413)


@pytest.mark.parametrize("length", ["-1", "many", "1e9", "9" * 30])
def test_a_length_that_is_none_is_refused(port: int, length: str) -> None:
    raw = opened(
        port, f"POST /api/records HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: {length}\r\n\r\n".encode()
    )
    assert raw.recv(65_536).split(b" ")[1] in (b"400", b"413")
    raw.close()


def test_what_is_no_http_is_told_so(port: int) -> None:
    for data in (b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"):
        found = rest(opened(port, data + b"\r\n"))
        assert found.startswith(b"HTTP/1.1 400")
        assert b"application/problem+json" in found


def test_a_head_without_end_is_cut(port: int) -> None:
    found = rest(opened(port, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 20_000))
    assert found == b"" or found.startswith(b"HTTP/1.1 400")


def test_slow_heads_are_cut_and_others_are_served_meanwhile(port: int) -> None:
    slow = [opened(port, b"GET /api/status HTTP/1.1\r\nX: ") for _ in range(20)]
    assert ask(port)[0] == 200
    for raw in slow:
        assert drip(raw, b"a").startswith(b"HTTP/1.1 408")
        raw.close()
    assert ask(port)[0] == 200


def test_a_connection_that_says_nothing_is_closed_without_an_answer(port: int) -> None:
    assert rest(opened(port, b"")) == b""


def test_a_slow_second_request_on_one_connection_is_cut_as_well(port: int) -> None:
    whole = f"GET /api/status HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode()
    raw = opened(port, whole)
    answer = b""
    while not answer.endswith(b"}"):
        answer += raw.recv(65_536)
    assert drip(raw, b"G").startswith(b"HTTP/1.1 408")
    raw.close()


def test_slow_bodies_are_cut_and_others_are_served_meanwhile(port: int) -> None:
    head = f"POST /api/records HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: 100000\r\n\r\n".encode()
    slow = [opened(port, head) for _ in range(10)]
    assert ask(port, "POST", "/api/records", b"abc")[0] == 200
    for raw in slow:
        drip(raw, b"a")
        raw.close()
    assert ask(port)[0] == 200


def test_who_goes_on_sending_after_a_refusal_is_cut(port: int) -> None:
    head = f"POST /api/ratings HTTP/1.1\r\nHost: localhost:{port}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    raw = opened(port, head)
    assert raw.recv(65_536).startswith(b"HTTP/1.1 401")
    with raw, contextlib.suppress(ConnectionResetError, BrokenPipeError):
        raw.settimeout(0.05)
        for _ in range(400):
            raw.sendall(b"1\r\na\r\n")
            with contextlib.suppress(TimeoutError):
                if not raw.recv(65_536):
                    return
        pytest.fail("expected the sender to be cut")


def test_who_does_not_take_the_answer_is_cut(port: int) -> None:
    raw = opened(port, f"GET /api/film HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())
    time.sleep(2)
    assert len(rest(raw)) < 64 << 20
    assert len(ask(port, path="/api/film")[2]) == 64 << 20


def test_a_crowd_of_idle_connections_makes_room(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatientProtocol, "head_s", 60.0)
    crowd = [opened(port, b"") for _ in range(PATIENCE["most_connections"] * 3)]
    for _ in range(5):
        assert ask(port)[0] == 200
    for raw in crowd:
        raw.close()


def test_what_is_not_there_is_a_problem_below_api_and_the_page_elsewhere(port: int) -> None:
    for path in ("/api/nothing", "/api/", "/api/status/more"):
        assert is_problem(ask(port, path=path, Accept="text/html"), 404)
    found = ask(port, path="/no/such/screen", Accept="text/html,*/*")
    assert (found[0], found[1]["content-type"]) == (404, "text/html; charset=utf-8")
    assert b"<title>Cinepeer</title>" in found[2]
    assert is_problem(ask(port, path="/no/such/thing"), 404)
    assert is_problem(ask(port, "PUT", "/api/status", b"", Authorization=f"Bearer {TOKEN}"), 405)


def test_a_head_has_the_headers_of_the_page_and_no_body(port: int) -> None:
    whole, head = ask(port, path="/"), ask(port, "HEAD", "/")
    assert (head[0], head[2]) == (200, b"")
    assert head[1]["content-length"] == str(len(whole[2]))
