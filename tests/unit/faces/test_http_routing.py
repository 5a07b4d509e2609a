"""Delegated routing tells the hosts of a version and this node, each once, in the form that other software reads."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI

from cinepeer.app.deny import DenyList
from cinepeer.content.cidv0 import text_of
from cinepeer.faces.http.parts import Parts
from cinepeer.faces.http.problems import tell_problems
from cinepeer.faces.http.routing import http_addr, peers, routing
from cinepeer.records.cid import DAG_PB, Cid

ROOT = Cid.of(b"root", DAG_PB)
OURS, THEIRS = "/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWA", "/ip4/192.0.2.2/tcp/4001/p2p/12D3KooWB"


@dataclass
class Catalogue:
    hosts: dict[Cid, list[str]]

    def hosts_of(self, root: Cid) -> list[str]:
        return self.hosts.get(root, [])

    def gateways_of(self, root: Cid) -> dict[str, str]:
        return {"12D3KooWB": "https://films.example"} if root in self.hosts else {}


@dataclass
class Node:
    """What the route reads of a node."""

    hosts: dict[Cid, list[str]] = field(default_factory=dict)
    held: set[Cid] = field(default_factory=set)
    denied: DenyList = field(default_factory=DenyList)

    @property
    def library(self) -> Any:
        return type("Library", (), {"catalogue": Catalogue(self.hosts)})

    @property
    def ipfs(self) -> Node:
        return self

    async def has(self, cids: list[Cid]) -> set[Cid]:
        return self.held & set(cids)

    def status(self) -> dict[str, Any]:
        return {"p2p": [OURS]}

    def ask(self, cid: str, accept: str = "*/*") -> httpx.Response:
        app = FastAPI()
        app.include_router(routing(cast(Parts, self)))
        tell_problems(app)

        async def get() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
                return await client.get(f"/routing/v1/providers/{cid}", headers={"Accept": accept})

        return asyncio.run(get())


def test_the_hosts_of_a_version_and_this_node_provide_its_root() -> None:
    node = Node({ROOT: [THEIRS, THEIRS, "/ip6/2001:db8::2/tcp/4001/p2p/12D3KooWB"]}, {ROOT})
    ours, theirs = node.ask(str(ROOT)).json()["Providers"]
    assert ours == {
        "Schema": "peer",
        "ID": "12D3KooWA",
        "Addrs": ["/ip4/192.0.2.1/tcp/4001"],
        "Protocols": ["transport-bitswap"],
    }
    assert theirs["Addrs"] == [
        *("/ip4/192.0.2.2/tcp/4001", "/ip6/2001:db8::2/tcp/4001", "/dns/films.example/tcp/443/https"),
    ]
    assert theirs["Protocols"] == ["transport-bitswap", "transport-ipfs-gateway-http"]
    assert node.ask(text_of(ROOT, 0)).json() == node.ask(str(ROOT)).json()


def test_the_answer_comes_as_lines_to_whoever_accepts_them() -> None:
    answer = Node({ROOT: [OURS, THEIRS]}).ask(str(ROOT), "application/x-ndjson")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line)["ID"] for line in answer.text.splitlines()] == ["12D3KooWA", "12D3KooWB"]


def test_nobody_provides_what_nobody_holds_or_the_owner_denied() -> None:
    answer = Node().ask(str(ROOT))
    assert (answer.status_code, answer.json()) == (200, {"Providers": []})
    assert Node({ROOT: [THEIRS]}, {ROOT}, DenyList([str(ROOT)])).ask(str(ROOT)).json() == {"Providers": []}
    assert Node().ask("film").status_code == 400


@pytest.mark.parametrize(
    ("url", "addr"),
    [
        ("https://films.example", "/dns/films.example/tcp/443/https"),
        ("http://192.0.2.3:8080", "/ip4/192.0.2.3/tcp/8080/http"),
        ("http://[2001:db8::3]:8080/", "/ip6/2001:db8::3/tcp/8080/http"),
        ("https://films.example/below", None),
        ("ftp://films.example", None),
        ("https://films.example:port", None),
        ("https://[", None),
        ("", None),
    ],
)
def test_a_gateway_is_told_as_a_multiaddr(url: str, addr: str | None) -> None:
    assert http_addr(url) == addr


def test_what_is_no_address_of_a_peer_is_left_out() -> None:
    assert peers(["", "/p2p/12D3KooWA", "/ip4/192.0.2.1/tcp/1"], {}) == []
