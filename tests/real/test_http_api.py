"""The API of a real node: its own document, a page's device, and the ratings that a number opens to."""

from __future__ import annotations

import hashlib
import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from cinepeer.errors import BadInput
from cinepeer.faces.http.api import document
from cinepeer.records import dagcbor
from cinepeer.records.bodies import new_body
from cinepeer.records.cid import Cid
from cinepeer.records.keys import public_key
from cinepeer.records.record import Record, sign_record
from real.nodes import Running, running

DAG_CBOR = "application/vnd.ipld.dag-cbor"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("nodes") / "home") as found:
        yield found


def ask(node: Running, method: str, path: str, value: Any = None) -> tuple[int, str, Any]:
    """(status, content type, JSON answer) of a request with the node's token."""
    connection = http.client.HTTPConnection("127.0.0.1", node.api.port, timeout=30)
    token = json.loads((node.home / "node.json").read_text())["token"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request(method, path, None if value is None else json.dumps(value), headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, response.headers["content-type"], json.loads(body)


class Page:
    """A page with a device key of its own, as a browser has it."""

    def __init__(self, node: Running, name: str) -> None:
        self.node = node
        self.seed = hashlib.sha256(name.encode()).digest()
        self.device = public_key(self.seed).hex()

    def sign(self, film: str, stars: int) -> Record:
        """Signs a rating where the node says that this device's feed stands, and posts it without a token."""
        state = self.node.api.get(f"/api/devices/{self.device}")
        place = state["next"]
        body = new_body("rating", bytes(16), ratings=[[film, stars]])
        record = sign_record(
            self.seed,
            author=Cid.parse(state["author"]),
            seq=place["seq"],
            prev=None if place["prev"] is None else Cid.parse(place["prev"]),
            time=max(place["time_ms"], 1_790_000_000_000),
            kind="rating",
            body=body,
        )
        data = dagcbor.encode([[record.block, body]])
        connection = http.client.HTTPConnection("127.0.0.1", self.node.api.port, timeout=30)
        connection.request("POST", "/api/records", data, {"Content-Type": DAG_CBOR})
        answer = json.loads(connection.getresponse().read())
        connection.close()
        assert answer == {"added": 1, "refused": [], "waiting": []}
        return record


def test_the_node_describes_its_api_as_the_script_does(node: Running) -> None:
    found = node.api.get("/api/openapi.json")
    assert found["openapi"].startswith("3.1")
    assert found == document()
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            answers = [kind for code, kind in operation["responses"].items() if code.startswith("2")]
            assert len(answers) == 1, (method, path)
            content = answers[0].get("content", {"": {"schema": "no body"}})
            assert all(kind["schema"] for kind in content.values()), (method, path)
            assert "Problem" in json.dumps(operation["responses"]["default"])


def test_a_page_s_device_signs_for_the_node_s_author_and_counts_at_once(node: Running) -> None:
    page = Page(node, "a page")
    status, kind, told = ask(node, "GET", f"/api/devices/{page.device}")
    assert (status, kind) == (404, "application/problem+json")
    assert "expected one that its root has admitted" in told["detail"]

    made = node.api.post("/api/delegations", {"device": page.device, "name": "a browser"})
    assert made["author"] == node.told["author"]
    assert node.api.post("/api/delegations", {"device": page.device, "name": "a browser"}) == made
    state = node.api.get(f"/api/devices/{page.device}")
    assert state == {
        "author": node.told["author"],
        "device": page.device,
        "name": "a browser",
        "delegated": True,
        "revoked": False,
        "next": {"seq": 0, "prev": None, "time_ms": 0},
    }

    first = page.sign("imdb:tt0111161", 9)
    own = node.api.get("/api/recommendations")
    assert own["fitted_on"] == 1 and own["author"] == node.told["author"]
    nobody = node.api.get("/api/recommendations?author=")
    assert nobody["author"] == "" and nobody["private"] == 0
    assert node.api.get(f"/api/recommendations?author={node.told['author']}")["author"] == node.told["author"]
    with pytest.raises(BadInput, match="expected a CIDv1"):
        node.api.get("/api/recommendations?author=somebody")
    place = node.api.get(f"/api/devices/{page.device}")["next"]
    assert place == {"seq": 1, "prev": str(first.id), "time_ms": first.time + 1}
    page.sign("imdb:tt0111161", 3)
    given = node.api.get("/api/films/imdb:tt0111161/ratings")
    assert [(one["author"], one["stars"], one["counted"]) for one in given] == [(node.told["author"], 3, True)]


def test_a_device_that_was_revoked_is_told_so_and_not_admitted_again(node: Running) -> None:
    page = Page(node, "a lost page")
    node.api.post("/api/delegations", {"device": page.device, "name": "lost"})
    node.api.post("/api/keys/revocations", {"device": page.device[:16], "reason": "lost"})
    state = node.api.get(f"/api/devices/{page.device}")
    assert (state["revoked"], state["next"]) == (True, None)
    status, _, told = ask(node, "POST", "/api/delegations", {"device": page.device, "name": "lost"})
    assert status == 409
    assert "expected a fresh key" in told["detail"]


@pytest.mark.parametrize("device", ["", "ab", "AB" * 32, "zz" * 32, "00" * 33])
def test_a_device_key_in_another_form_is_refused(node: Running, device: str) -> None:
    assert ask(node, "POST", "/api/delegations", {"device": device, "name": "x"})[0] == 422
    if device:
        assert ask(node, "GET", f"/api/devices/{device}")[0] == 422


def test_the_ratings_of_a_film_come_in_pages_newest_first(node: Running) -> None:
    film = "imdb:tt0068646"
    assert node.api.get(f"/api/films/{film}/ratings") == []
    record = node.api.post("/api/ratings", {"ratings": [[film, 8]]})["record"]
    (one,) = node.api.get(f"/api/films/{film}/ratings?limit=1")
    assert (one["record"], one["stars"], one["name"]) == (record, 8, None)
    assert node.api.get(f"/api/films/{film}/ratings?after={record}") == []
    node.api.post("/api/ratings", {"ratings": [[film, None]]})
    assert node.api.get(f"/api/films/{film}/ratings") == []
    with pytest.raises(BadInput, match="expected"):
        node.api.get(f"/api/films/{film}/ratings?after={node.told['author'][:-2]}aa")


@pytest.mark.parametrize("limit", ["0", "1001", "many"])
def test_a_page_of_another_size_is_refused(node: Running, limit: str) -> None:
    assert ask(node, "GET", f"/api/films/imdb:tt0068646/ratings?limit={limit}")[0] == 422


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("GET", "/api/films/bafynothing", 404),
        ("GET", "/api/films/bafynothing/records", 404),
        ("GET", "/api/films/bafynothing/ratings", 404),
        ("GET", "/api/films/bafynothing/rights", 404),
        ("GET", "/api/records/bafyreigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi", 404),
        ("GET", "/api/records/nothing", 400),
        ("PUT", "/api/films", 405),
        ("DELETE", "/api/status", 405),
        ("POST", "/api/openapi.json", 405),
    ],
)
def test_what_is_not_there_is_a_problem_in_one_sentence(node: Running, method: str, path: str, status: int) -> None:
    found, kind, told = ask(node, method, path)
    assert (found, kind, told["status"]) == (status, "application/problem+json", status)
    assert told["detail"].startswith("found ")
    assert "expected" in told["detail"]


GARBAGE: list[bytes] = [
    b"",
    b"null",
    b"[]",
    b'"words"',
    b"1e400",
    b"NaN",
    b"{",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"a": ' * 5_000 + b"1" + b"}" * 5_000,
    b'{"film": 1, "path": [], "name": {}, "ratings": "x", "cid": 7, "addr": null, "device": "\\ud800"}',
    b'{"ratings": [["\\ud800", 9]], "film": "\\ud800", "cid": "\\ud800", "addr": "\\ud800", "offer": "\\ud800"}',
    b'{"ratings": [["imdb:tt0111161", 99999999999999999999999999]], "amount": "' + b"9" * 5_000 + b'"}',
]


def test_garbage_on_every_route_that_takes_json_is_a_problem_and_never_a_mistake_of_the_node(node: Running) -> None:
    before = node.api.get("/api/status")["records"]
    token = json.loads((node.home / "node.json").read_text())["token"]
    asked = 0
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            if "application/json" not in operation.get("requestBody", {}).get("content", {}):
                continue
            for body in GARBAGE:
                connection = http.client.HTTPConnection("127.0.0.1", node.api.port, timeout=30)
                headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
                connection.request(method.upper(), path.replace("{", "").replace("}", ""), body, headers)
                response = connection.getresponse()
                told = json.loads(response.read())
                connection.close()
                assert 400 <= response.status < 500, (method, path, body[:60], told)
                assert response.headers["content-type"] == "application/problem+json"
                assert "expected" in told["detail"], told
                asked += 1
    assert asked > 100
    assert node.api.get("/api/status")["records"] == before


def test_what_is_denied_can_be_allowed_again(node: Running) -> None:
    block = str(Cid.of(b"unwanted", 0x55))
    assert node.api.post("/api/denied", {"cid": block})["blocks"] == 1
    assert node.api.get("/api/hosting")["denied"] == [block]
    assert node.api.delete(f"/api/denied/{block}") == {"denied": []}
    assert node.api.get("/api/hosting")["denied"] == []
    status, _, told = ask(node, "DELETE", f"/api/denied/{block}")
    assert status == 400
    assert "expected one of its lines" in told["detail"]
    assert ask(node, "DELETE", "/api/denied/nothing")[0] == 400
