"""One real node: what it tells, what it refuses in one sentence, and that it keeps what it acknowledged."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cinepeer.adapters.media.sample import make_sample
from cinepeer.errors import BadInput
from cinepeer.records import dagcbor
from real.nodes import Running, command, running


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("nodes") / "home") as found:
        yield found


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real film of three seconds with picture and sound."""
    path = tmp_path_factory.mktemp("films") / "short.mp4"
    asyncio.run(make_sample(path, seconds=3))
    return path


def wait_until(found: Callable[[], bool], timeout_s: float = 30.0) -> None:
    """Asks again and again; fails when the answer does not become true."""
    deadline = time.monotonic() + timeout_s
    while not found():
        assert time.monotonic() < deadline, "expected it to become true"
        time.sleep(0.1)


def test_the_first_line_says_where_everything_is(node: Running) -> None:
    told = node.told
    for name in ("page", "api", "ipfs_rpc", "gateway", "ledger_rpc"):
        address = urlsplit(told[name])
        assert (address.scheme, address.path) == ("http", "")
        assert address.port
    assert told["p2p"][0].startswith("/ip4/127.0.0.1/tcp/")
    assert told["p2p"][0].endswith(f"/p2p/{told['peer_id']}")
    assert {"author", "network", "home"} <= set(told)


def test_the_page_s_origin_answers_and_so_does_the_status(node: Running) -> None:
    assert node.api.read("GET", "/")
    found = node.api.get("/api/status")
    assert found["author"] == node.told["author"]
    assert found["ledger"]["label"] == "embedded, test credits, not money"


def test_a_second_node_on_the_same_home_is_refused(node: Running) -> None:
    ended = command("run", "--json", "--home", node.home)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "in use by process" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_a_busy_port_is_refused_by_name(tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        ended = command("run", "--json", "--home", tmp_path / "home", "--page-port", str(port))
    assert ended.returncode == 2
    assert str(port) in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_a_kept_port_that_is_busy_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(home) as first:
        port = urlsplit(first.told["page"]).port
        told = first.told
    with socket.socket() as busy:
        busy.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        busy.bind(("127.0.0.1", port))
        busy.listen()
        ended = command("run", "--json", "--home", home)
        assert ended.returncode == 2
        assert str(port) in ended.stderr
    with running(home) as again:
        assert {name: again.told[name] for name in ("page", "ipfs_rpc", "ledger_rpc", "p2p", "author", "network")} == {
            name: told[name] for name in ("page", "ipfs_rpc", "ledger_rpc", "p2p", "author", "network")
        }


@pytest.mark.parametrize(
    "join", ["/ip4/127.0.0.1", "not-an-address", "/ip4/127.0.0.1/tcp/1/p2p/12D3KooWnothing", "/ip4/1.2.3/tcp/9"]
)
def test_a_bad_address_to_join_is_refused(tmp_path: Path, join: str) -> None:
    ended = command("run", "--json", "--home", tmp_path / "home", "--join", join)
    assert ended.returncode == 2
    assert "expected" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_a_network_file_of_the_founder_itself_is_refused(tmp_path: Path, node: Running) -> None:
    ended = command("run", "--json", "--home", tmp_path / "home", "--join", node.home / "network.cbor")
    assert ended.returncode == 2
    assert "found no address of the sequencer" in ended.stderr


def test_a_home_that_joined_starts_again_while_the_others_are_away(tmp_path: Path) -> None:
    with running(tmp_path / "first") as first:
        address = first.told["p2p"][0]
        with running(tmp_path / "second", "--join", address) as second:
            network = second.told["network"]
    with running(tmp_path / "second", "--join", address) as again:
        assert again.told["network"] == network
    with running(tmp_path / "third", "--join", str(tmp_path / "second" / "network.cbor")) as third:
        assert third.told["network"] == network


def test_nobody_at_the_address_to_join_is_exit_3(tmp_path: Path, node: Running) -> None:
    gone = f"/ip4/127.0.0.1/tcp/1/p2p/{node.told['peer_id']}"
    ended = command("run", "--json", "--home", tmp_path / "home", "--join", gone)
    assert ended.returncode == 3
    assert len(ended.stderr.strip().splitlines()) == 1


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("not a folder")
    ended = command("run", "--json", "--home", tmp_path / "home")
    assert ended.returncode == 2
    assert "expected a folder" in ended.stderr


def test_a_command_without_a_node_is_exit_3(tmp_path: Path) -> None:
    ended = command("films", "--home", tmp_path / "nowhere")
    assert ended.returncode == 3
    assert "cinepeer run" in ended.stderr


@pytest.mark.ffmpeg
@pytest.mark.parametrize(
    ("content", "sentence"), [(b"", "expected"), (b"these are only words\n" * 50, "expected"), (None, "found no file")]
)
def test_what_is_no_film_is_refused_and_changes_nothing(
    node: Running, tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    file = tmp_path / "film.mp4"
    if content is not None:
        file.write_bytes(content)
    before = node.api.get("/api/status")["records"]
    ended = command("publish", file, "--home", node.home)
    assert ended.returncode == 2
    assert sentence in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
    assert node.api.get("/api/status")["records"] == before


def test_shares_above_the_whole_are_refused(node: Running, tmp_path: Path) -> None:
    file = tmp_path / "film.mp4"
    file.write_bytes(b"x")
    owner = "0x" + "ab" * 20
    ended = command("publish", file, "--home", node.home, "--owner", f"{owner}=9000", "--owner", f"0x{'cd' * 20}=1001")
    assert ended.returncode == 2
    assert "10,000" in ended.stderr
    ended = command("publish", file, "--home", node.home, "--owner", f"{owner}=10001")
    assert ended.returncode == 2
    ended = command("publish", file, "--home", node.home, "--owner", "somebody")
    assert ended.returncode == 2
    assert "ADDRESS=SHARES" in ended.stderr


@pytest.mark.parametrize("film", ["imdb:tt1", "tt0111161", "bafy", "", "imdb:tt0111161x"])
def test_an_unknown_form_of_film_id_is_refused(node: Running, film: str) -> None:
    with pytest.raises(BadInput, match="expected"):
        node.api.post("/api/ratings", {"ratings": [[film, 9]]})


def test_a_rating_is_signed_counted_and_still_there_after_kill_9(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(home) as first:
        record = first.api.post("/api/ratings", {"ratings": [["imdb:tt0111161", 9]]})["record"]
        first.process.kill()
        first.process.wait()
    with running(home) as again:
        held = dagcbor.decode(again.api.read("GET", f"/api/records/{record}"))
        assert isinstance(held, list)
        assert held[1] is not None
        found = again.api.get("/api/recommendations")
        assert found["fitted_on"] == 1


def test_foreign_pages_and_rebound_names_are_refused_on_every_listener(node: Running) -> None:
    for name, method, path in (
        ("page", "GET", "/"),
        ("ipfs_rpc", "POST", "/api/v0/version"),
        ("ledger_rpc", "POST", "/"),
    ):
        port = urlsplit(node.told[name]).port
        for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request(method, path, b"{}" if method == "POST" else None, headers)
            assert connection.getresponse().status == 403, (name, headers)
            connection.close()


def test_a_write_without_the_token_is_refused(node: Running) -> None:
    port = urlsplit(node.told["page"]).port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", "/api/ratings", json.dumps({"ratings": [["imdb:tt0111161", 9]]}))
    assert connection.getresponse().status == 401
    connection.close()


def test_malformed_records_are_refused_with_a_reason(node: Running) -> None:
    before = node.api.get("/api/status")["records"]
    for body in (b"", b"\xff", dagcbor.encode([]), dagcbor.encode([[b"no record", None]]), dagcbor.encode({"a": 1})):
        try:
            node.api.read("POST", "/api/records", body, "application/vnd.ipld.dag-cbor")
        except BadInput as error:
            assert "expected" in str(error)
    assert node.api.get("/api/status")["records"] == before


def test_no_secret_is_in_the_log(node: Running) -> None:
    logged = node.home.with_suffix(".log").read_text()
    kept = json.loads((node.home / "node.json").read_text())
    assert kept["token"] not in logged
    for key in (node.home / "keys").iterdir():
        secret = key.read_bytes()
        assert secret.hex() not in logged
        assert (key.stat().st_mode & 0o077) == 0


@pytest.mark.ffmpeg
def test_a_film_above_the_disk_cap_is_refused_and_changes_nothing(tmp_path: Path, film: Path) -> None:
    with running(tmp_path / "home", "--disk-cap", "50000") as node:
        before = node.api.get("/api/status")
        ended = command("publish", film, "--home", node.home)
        assert ended.returncode == 2
        assert "50,000" in ended.stderr
        assert len(ended.stderr.strip().splitlines()) == 1
        after = node.api.get("/api/status")
        assert (after["records"], after["films"]) == (before["records"], 0)
        assert after["stored_bytes"] <= 50_000


@pytest.mark.ffmpeg
def test_a_denied_film_is_not_pinned_and_no_longer_served(tmp_path: Path, film: Path) -> None:
    with running(tmp_path / "creator") as creator, running(tmp_path / "host", "--join", creator.told["p2p"][0]) as host:
        made = list(creator.api.lines("/api/publish", {"path": str(film), "name": "Denied", "title": False}))[-1][
            "done"
        ]
        wait_until(lambda: made["version"] in host.api.get("/api/hosting")["held"])
        assert host.api.read("GET", f"/ipfs/{made['root']}/master.m3u8")
        host.api.post("/api/denied", {"cid": made["root"]})
        found = host.api.get("/api/hosting")
        assert (found["held"], found["denied"], found["stored_bytes"]) == ([], [made["root"]], 0)
        with pytest.raises(BadInput):
            host.api.read("GET", f"/ipfs/{made['root']}/master.m3u8")
        host.api.post("/api/hosting")
        assert made["version"] in host.api.get("/api/hosting")["declined"]
    with running(tmp_path / "host") as host:
        assert host.api.get("/api/hosting")["denied"] == [made["root"]]


@pytest.mark.ffmpeg
def test_denying_an_author_lets_all_their_films_go(tmp_path: Path, film: Path) -> None:
    with running(tmp_path / "creator") as creator, running(tmp_path / "host", "--join", creator.told["p2p"][0]) as host:
        host.api.post("/api/denied", {"cid": creator.told["author"]})
        made = list(creator.api.lines("/api/publish", {"path": str(film), "name": "Denied", "title": False}))[-1][
            "done"
        ]
        wait_until(lambda: made["version"] in host.api.get("/api/hosting")["declined"])
        assert host.api.get("/api/hosting")["held"] == []


@pytest.mark.ffmpeg
def test_the_same_bytes_are_published_once_and_a_title_registered_once(node: Running, film: Path) -> None:
    made = list(node.api.lines("/api/publish", {"path": str(film), "name": "Once"}))[-1]["done"]
    before = node.api.get("/api/status")["records"]
    ended = command("publish", film, "--name", "Twice", "--home", node.home)
    assert ended.returncode == 2
    assert made["film"] in ended.stderr
    again = node.api.post("/api/titles", {"film": made["film"]})
    assert (again["title"], again["record"]) == (made["title"]["title"], made["title"]["record"])
    with pytest.raises(BadInput, match="registered already"):
        node.api.post("/api/titles", {"film": made["film"], "owners": [{"holder": "0x" + "ab" * 20, "shares": 1}]})
    assert node.api.get("/api/status")["records"] == before
