"""The second listener of a real node, which anybody may read from, and the disk cap that its owner sets."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cinepeer.adapters.media.sample import make_sample
from cinepeer.adapters.system.ports import free_port
from cinepeer.content.car import read
from cinepeer.records import dagcbor
from cinepeer.records.cid import Cid
from cinepeer.rights.keccak import keccak
from cinepeer.rights.proofs import parse_header, read_account
from real.nodes import Running, command, running

ELSEWHERE = {"Host": "films.example", "Origin": "https://a-page.example", "Sec-Fetch-Site": "cross-site"}


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Stand(NamedTuple):
    """A node with its second listener, and the film that it published."""

    node: Running
    port: int
    film: dict[str, Any]

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, body, ELSEWHERE | headers)
        response = connection.getresponse()
        found = Answer(response.status, response.headers, response.read())
        connection.close()
        return found


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    folder, port = tmp_path_factory.mktemp("public"), free_port()
    asyncio.run(make_sample(folder / "short.mp4", seconds=2))
    told = ("--public-port", str(port), "--public-url", "https://films.example/node")
    with running(folder / "home", *told) as node:
        lines = list(node.api.lines("/api/publish", {"path": str(folder / "short.mp4"), "name": "Open"}))
        yield Stand(node, port, lines[-1]["done"])


@pytest.mark.ffmpeg
def test_a_page_of_any_origin_may_read_and_gets_no_cookie(stand: Stand) -> None:
    film, node = stand.film["film"], stand.node
    for path in ("/api/status", "/api/films", f"/api/films/{film}", f"/api/films/{film}/rights"):
        found = stand.ask(path, Cookie="cinepeer-1=x")
        assert (found.status, found.headers["access-control-allow-origin"]) == (200, "*"), path
        assert found.headers["set-cookie"] is None
        head = stand.ask(path, "HEAD")
        assert (head.status, head.body, head.headers["content-type"]) == (200, b"", "application/json")
    records = stand.ask(f"/api/films/{film}/records")
    assert records.body == node.api.read("GET", f"/api/films/{film}/records")
    record = stand.ask(f"/api/records/{film}")
    assert dagcbor.decode(record.body) == dagcbor.decode(node.api.read("GET", f"/api/records/{film}"))


@pytest.mark.ffmpeg
def test_a_stranger_is_told_nothing_of_the_machine(stand: Stand) -> None:
    told = stand.ask("/api/status").json
    assert set(told) == {"version", "author", "peer_id", "p2p", "p2p_ws", "network", "ledger", "records", "films"}
    assert told["p2p_ws"] == [addr.replace("/p2p/", "/ws/p2p/") for addr in told["p2p"]] != []
    assert str(stand.node.home) not in stand.ask("/api/status").body.decode()
    for path in ("/api/account", "/api/keys", "/api/peers", "/api/uploads", "/api/publications", "/api/hosting", "/"):
        found = stand.ask(path)
        assert (found.status, found.headers["content-type"]) == (404, "application/problem+json"), path
        assert found.headers["access-control-allow-origin"] == "*"


@pytest.mark.ffmpeg
def test_its_gateway_gives_what_can_be_checked(stand: Stand) -> None:
    root = stand.film["root"]
    raw = stand.ask(f"/ipfs/{root}?format=raw")
    assert Cid.parse(root).matches(raw.body)
    assert "immutable" in raw.headers["cache-control"]
    playlist = stand.ask(f"/ipfs/{root}/master.m3u8", Accept="application/vnd.ipld.raw")
    assert playlist.status == 200
    roots, blocks = read(stand.ask(f"/ipfs/{root}?format=car").body)
    assert list(roots) == [Cid.parse(root)]
    assert sum(1 for _ in blocks) == stand.film["blocks"]
    for path in (f"/ipfs/{root}", f"/ipfs/{root}/master.m3u8"):
        found = stand.ask(path)
        assert (found.status, found.headers["content-type"]) == (406, "application/problem+json")


@pytest.mark.ffmpeg
def test_what_the_ledger_says_can_be_checked_against_the_signed_header(stand: Stand) -> None:
    told = stand.ask("/api/ledger").json
    block = stand.ask(f"/api/ledger/blocks/{told['block']}").json
    header = parse_header(bytes.fromhex(block["header"][2:]))
    assert header.number == told["block"]
    assert len(bytes.fromhex(block["signature"][2:])) == 64
    address = told["contracts"]["TitleRegistry"]
    found = stand.ask(f"/api/ledger/proofs/{address}?block={told['block']}&slot=0x0").json
    nodes = [bytes.fromhex(node[2:]) for node in found["nodes"]]
    account = read_account(header.state_root, bytes.fromhex(address[2:]), nodes)
    code = bytes.fromhex(stand.ask(f"/api/ledger/code/{address}").json["code"][2:])
    assert account.code_hash == keccak(code)
    logs = stand.ask(f"/api/ledger/logs?from_block=0&to_block={told['block']}").json
    assert address in {entry["address"] for entry in logs}


@pytest.mark.ffmpeg
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("blocks/99999999", 404),
        ("blocks/-1", 422),
        ("blocks/many", 422),
        ("logs", 422),
        ("logs?from_block=5&to_block=1", 400),
        ("logs?from_block=0&to_block=5000", 400),
        ("code/0x12", 422),
        (f"proofs/0x{'ab' * 20}", 422),
        (f"proofs/0x{'ab' * 20}?block=99999999", 404),
        (f"proofs/0x{'ab' * 20}?block=0&slot=x", 400),
        (f"proofs/0x{'ab' * 20}?block=0&slot=0x1{'0' * 64}", 400),
        (f"proofs/0x{'ab' * 20}?block=0" + "&slot=0x1" * 65, 422),
    ],
)
def test_a_question_to_the_ledger_that_cannot_be_answered_is_a_problem(stand: Stand, path: str, status: int) -> None:
    found = stand.ask(f"/api/ledger/{path}")
    assert (found.status, found.headers["content-type"]) == (status, "application/problem+json")
    assert "expected" in found.json["detail"]


@pytest.mark.ffmpeg
def test_nobody_writes_there_with_a_token_or_without(stand: Stand) -> None:
    token = json.loads((stand.node.home / "node.json").read_text())["token"]
    before = stand.node.api.get("/api/status")["records"]
    for method in ("POST", "PUT", "PATCH", "DELETE", "CONNECT", "TRACE"):
        for path in ("/api/records", "/api/ratings", "/api/publish", "/api/status"):
            found = stand.ask(path, method, b"{}", Authorization=f"Bearer {token}")
            assert (found.status, found.headers["content-type"]) == (405, "application/problem+json")
    preflight = stand.ask("/api/films", "OPTIONS", Access_Control_Request_Method="POST")
    assert (preflight.status, preflight.headers["access-control-allow-methods"]) == (204, "GET, HEAD, OPTIONS")
    assert stand.node.api.get("/api/status")["records"] == before


@pytest.mark.ffmpeg
def test_the_host_record_says_where_it_is(stand: Stand) -> None:
    (film,) = stand.node.api.get("/api/films")
    assert [one["gateway"] for one in film["versions"][0]["providers"]] == ["https://films.example/node"]


def test_without_the_setting_nobody_listens_and_the_page_s_port_stays_closed_to_others(tmp_path: Path) -> None:
    with running(tmp_path / "home") as node:
        connection = http.client.HTTPConnection("127.0.0.1", node.api.port, timeout=30)
        connection.request("GET", "/api/status", headers={"Host": "films.example"})
        assert connection.getresponse().status == 403
        connection.close()


@pytest.mark.parametrize("url", ["films.example", "https://films.example/?a=b"])
def test_an_address_that_is_none_is_refused(tmp_path: Path, url: str) -> None:
    ended = command("run", "--json", "--home", tmp_path / "home", "--public-url", url)
    assert ended.returncode == 2
    assert "expected an address" in ended.stderr


def test_a_busy_public_port_is_refused_by_name(tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = str(busy.getsockname()[1])
        ended = command("run", "--json", "--home", tmp_path / "home", "--public-port", port)
    assert ended.returncode == 2
    assert port in ended.stderr


def write(node: Running, method: str, path: str, body: Any, **headers: str) -> Answer:
    """A write with the node's token."""
    token = json.loads((node.home / "node.json").read_text())["token"]
    connection = http.client.HTTPConnection("127.0.0.1", node.api.port, timeout=30)
    sent = None if body is None else json.dumps(body)
    connection.request(method, path, sent, {"Authorization": f"Bearer {token}"} | headers)
    response = connection.getresponse()
    found = Answer(response.status, response.headers, response.read())
    connection.close()
    return found


def patch(node: Running, value: Any) -> Answer:
    """Changes what the node hosts."""
    return write(node, "PATCH", "/api/hosting", value, **{"Content-Type": "application/json"})


@pytest.mark.ffmpeg
def test_a_smaller_cap_says_what_follows_and_deletes_nothing(stand: Stand) -> None:
    before = stand.node.api.get("/api/hosting")
    found = patch(stand.node, {"disk_cap_bytes": 1_000}).json
    assert found["disk_cap"] == 1_000
    assert found["stored_bytes"] == before["stored_bytes"]
    assert found["held"] == before["held"] == [stand.film["version"]]
    assert "nothing of them is deleted" in found["consequence"]
    told = {"Tus-Resumable": "1.0.0", "Upload-Length": "9", "Upload-Metadata": "filename YQ=="}
    refused = write(stand.node, "POST", "/api/uploads", None, **told)
    assert refused.status == 413
    assert "raise the cap" in refused.json["detail"]
    again = patch(stand.node, {"disk_cap_bytes": before["disk_cap"]}).json
    assert (again["disk_cap"], again["consequence"]) == (before["disk_cap"], None)


@pytest.mark.parametrize("value", [{}, {"disk_cap_bytes": -1}, {"disk_cap_bytes": "much"}, {"disk_cap_bytes": 2**60}])
def test_a_cap_that_is_none_is_refused(stand: Stand, value: Any) -> None:
    found = patch(stand.node, value)
    assert (found.status, found.headers["content-type"]) == (422, "application/problem+json")


def test_a_cap_set_while_running_holds_until_the_setting_changes(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(home, "--disk-cap", "9000") as node:
        assert patch(node, {"disk_cap_bytes": 7_000}).json["disk_cap"] == 7_000
    with running(home, "--disk-cap", "9000") as node:
        assert node.api.get("/api/hosting")["disk_cap"] == 7_000
    with running(home, "--disk-cap", "8000") as node:
        assert node.api.get("/api/hosting")["disk_cap"] == 8_000
