"""The page about HTTP: a heading with an example for every route of both listeners, and none that is stale."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

from fastapi import APIRouter
from fastapi.routing import APIRoute

from cinepeer.faces.http.api import ROUTERS
from cinepeer.faces.http.embedding import embedding
from cinepeer.faces.http.gateway import gateway
from cinepeer.faces.http.parts import Parts
from cinepeer.faces.http.public import readable
from cinepeer.faces.http.web import web
from cinepeer.ports import IpfsBackend

PAGE = (Path(__file__).parents[3] / "docs" / "http.md").read_text()
PARTS, IPFS = cast(Parts, None), cast(IpfsBackend, None)


def routes(routers: list[APIRouter]) -> set[str]:
    """Every route as `METHOD path`; HEAD stands beside GET without a heading of its own."""
    found = set()
    for router in routers:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            methods = route.methods - {"HEAD"} or route.methods
            found.update(f"{method} {route.path}" for method in methods)
    return found


def sections() -> dict[str, str]:
    """The text below each heading of a route."""
    parts = re.split(r"^#{2,3} (.+)\n", PAGE, flags=re.MULTILINE)[1:]
    return {head: text for head, text in zip(parts[::2], parts[1::2], strict=True) if " /" in head}


def test_every_route_has_its_heading_and_no_heading_is_stale(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("")
    pages = [web(tmp_path, "token", 1), embedding(tmp_path, lambda _: None), gateway(IPFS, lambda _: False)]
    known = routes([*pages, *(make(PARTS) for make in ROUTERS)]) | {"GET /api/openapi.json"}
    assert set(sections()) == known


def test_every_route_shows_an_example_and_names_its_statuses() -> None:
    for route, text in sections().items():
        method, path = route.split()
        example = re.search(r"```sh\n(.+)\n```", text)
        assert example, route
        begin = re.split(r"\{", path)[0]
        assert f"$NODE{begin}" in example[1], route
        asked = "POST" if "--json" in example[1] and "-X" not in example[1] else "GET"
        named = re.search(r"-X ([A-Z]+)", example[1])
        asked = named[1] if named else "HEAD" if "curl -I" in example[1] else asked
        assert asked == method or ("--data-binary" in example[1] and method == "POST"), route
        assert re.search(r"^Statuses: (\d{3}|as above)", text, re.MULTILINE), route


def test_every_status_that_a_route_names_is_explained() -> None:
    explained = set(re.findall(r"^\| (\d{3}) \|", PAGE, re.MULTILINE))
    for route, text in sections().items():
        statuses = text.rpartition("Statuses:")[2]
        named = {status for status in re.findall(r"\b\d{3}\b", statuses) if int(status) >= 400}
        assert named <= explained, route


def test_the_second_listener_s_routes_are_listed() -> None:
    listed = set(re.findall(r"^- `(\w+ /[^`]*)`$", PAGE.partition("## The second listener")[2], re.MULTILINE))
    assert listed == routes(readable(PARTS, IPFS, lambda _: False))
