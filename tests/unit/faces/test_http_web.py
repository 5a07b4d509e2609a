"""The page's files: strict headers on all of them, the cookie on the screens alone, and no path that leads out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from cinepeer.faces.http.guard import cookie_name
from cinepeer.faces.http.web import web
from cinepeer_client.page import build_id

Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Asks a page of two assets, without a socket."""
    folder = tmp_path / "web"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><head><title>Cinepeer</title></head>")
    (folder / "assets" / "index-1a2b.js").write_text("let a")
    (folder / "assets" / "face-1a2b.woff2").write_bytes(b"wOF2")
    (folder / "assets" / "notes.md").write_text("not part of the page")
    (tmp_path / "secret").write_text("secret")
    app = FastAPI()
    (folder / "assets" / "worker-1a2b.js").write_text("let b")
    (folder / "assets" / "keeper-1a2b.js").write_text("let c")
    (folder / "assets" / "icon-1a2b.svg").write_text("<svg/>")
    app.include_router(web(folder, "a-token", 4711, lambda: ["https://host.example", "http://10.0.0.7:8081"]))

    def asked(path: str, method: str = "GET") -> httpx.Response:
        async def answer() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.request(method, path)

        return asyncio.run(answer())

    return asked


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/film/bafyrei",
        "/author/bafyrei",
        "/list/bafyrei",
        "/news",
        "/search",
        "/search/light",
        "/studio",
        "/audit",
        "/node",
        "/me",
    ],
)
def test_every_screen_is_the_page_with_its_cookie(ask: Ask, path: str) -> None:
    found = ask(path)
    assert found.status_code == 200
    assert found.headers["content-type"] == "text/html; charset=utf-8"
    assert found.headers["cache-control"] == "no-cache"
    cookie = found.headers["set-cookie"]
    assert cookie.startswith(f"{cookie_name(4711)}=a-token;")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


def test_the_policy_lets_nothing_in_from_elsewhere(ask: Ask) -> None:
    for path in ("/assets/index-1a2b.js", "/assets/none.js"):
        policy = dict(part.split(" ", 1) for part in ask(path).headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["frame-ancestors"] == "'none'"
        sources = {source for directive in policy.values() for source in directive.split()}
        assert sources == {"'none'", "'self'", "blob:", "data:"}
        assert policy["media-src"] == "'self' blob: data:"
        assert "data:" not in policy["script-src"] + policy["img-src"] + policy["connect-src"]
        assert "blob:" not in policy["script-src"]


def test_assets_are_kept_for_ever_and_carry_no_cookie(ask: Ask) -> None:
    found = ask("/assets/index-1a2b.js")
    assert found.text == "let a"
    assert found.headers["content-type"] == "text/javascript; charset=utf-8"
    assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert found.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in found.headers
    assert ask("/assets/face-1a2b.woff2").headers["content-type"] == "font/woff2"


@pytest.mark.parametrize(
    "path", ["/assets/none.js", "/assets/notes.md", "/assets/..%2f..%2fsecret", "/assets/", "/assets/../index.html"]
)
def test_what_is_no_asset_is_not_found(ask: Ask, path: str) -> None:
    assert ask(path).status_code == 404


def test_the_page_answers_head_and_takes_no_writes(ask: Ask) -> None:
    assert ask("/", "HEAD").status_code == 200
    assert ask("/", "POST").status_code == 405


def test_the_page_and_its_worker_may_ask_the_gateways_of_hosts_and_nobody_else(ask: Ask) -> None:
    for path in ("/", "/film/bafyrei", "/assets/worker-1a2b.js"):
        found = ask(path)
        policy = dict(part.split(" ", 1) for part in found.headers["content-security-policy"].split("; "))
        assert policy["connect-src"] == "'self' https://host.example http://10.0.0.7:8081"
        assert found.headers["cache-control"] == "no-cache"
    assert b'<meta name="gateways" content="https://host.example http://10.0.0.7:8081" />' in ask("/").content


def test_the_keeper_may_keep_all_screens_and_nothing_else_may(ask: Ask) -> None:
    keeper, other = ask("/assets/keeper-1a2b.js"), ask("/assets/index-1a2b.js")
    assert keeper.headers["service-worker-allowed"] == "/"
    assert keeper.headers["cache-control"] == "no-cache"
    assert "service-worker-allowed" not in other.headers


def test_a_browser_can_install_the_page(ask: Ask) -> None:
    found = ask("/manifest.webmanifest")
    assert found.headers["content-type"] == "application/manifest+json"
    assert found.json()["start_url"] == "/"
    assert [icon["src"] for icon in found.json()["icons"]] == ["/assets/icon-1a2b.svg"]


def test_the_page_names_its_build_by_the_cid_of_its_folder(ask: Ask, tmp_path: Path) -> None:
    named = f'<meta name="build" content="{build_id(tmp_path / "web")}" />'
    assert named.encode() in ask("/").content


def test_one_changed_byte_is_another_build_and_a_hidden_file_is_none_of_it(tmp_path: Path) -> None:
    builds = []
    for name, script in (("first", "let a"), ("same", "let a"), ("other", "let b")):
        (tmp_path / name / "assets").mkdir(parents=True)
        (tmp_path / name / "index.html").write_text("<!doctype html>")
        (tmp_path / name / "assets" / "index.js").write_text(script)
        (tmp_path / name / ".stamp").write_text(name)
        builds.append(build_id(tmp_path / name))
    assert builds[0] == builds[1] != builds[2]
