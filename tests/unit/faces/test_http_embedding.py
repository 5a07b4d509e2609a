"""Films for other sites: a frame without a cookie, oEmbed, and what a link shows, whatever a film is called."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from cinepeer.faces.http.embedding import Shared, embedding, heads
from cinepeer.faces.http.web import web

NAME = '"><script>alert(1)</script>'
FILM = Shared("bafyfilm", NAME, "Rain & <wind>.", "bafyroot", 61)
BASE = "http://localhost:4711"
Ask = Callable[..., httpx.Response]


def films(film: str) -> Shared | None:
    return FILM if film == FILM.film else None


def asker(tmp_path: Path, *, is_public: bool) -> Ask:
    """Asks without a socket."""
    folder = tmp_path / "web"
    (folder / "assets").mkdir(parents=True)
    for name in ("index.html", "embed.html"):
        (folder / name).write_text("<!doctype html><head><title>Cinepeer</title></head>")
    (folder / "assets" / "embed-1a2b.js").write_text("let a")
    app = FastAPI()
    app.include_router(embedding(folder, films, lambda: ["https://host.example"], is_public=is_public))
    if not is_public:
        app.include_router(web(folder, "a-token", 4711, heads=heads(films)))

    def asked(path: str) -> httpx.Response:
        async def answer() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as client:
                return await client.get(path)

        return asyncio.run(answer())

    return asked


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    return asker(tmp_path, is_public=False)


def told(page: str) -> dict[str, str]:
    """The properties in a page's head."""
    return {name: unescape(value) for name, value in re.findall(r'<meta property="([^"]+)" content="([^"]*)" />', page)}


def test_a_frame_may_stand_on_any_site_and_has_no_cookie(ask: Ask) -> None:
    found = ask("/embed/bafyfilm")
    assert found.status_code == 200
    assert "frame-ancestors *" in found.headers["content-security-policy"]
    assert "connect-src 'self' https://host.example" in found.headers["content-security-policy"]
    assert "set-cookie" not in found.headers
    assert "cross-origin-opener-policy" not in found.headers


def test_a_screen_of_the_page_still_stands_in_no_frame(ask: Ask) -> None:
    found = ask("/film/bafyfilm")
    assert "frame-ancestors 'none'" in found.headers["content-security-policy"]
    assert "set-cookie" in found.headers


@pytest.mark.parametrize("path", ["/embed/bafyfilm", "/film/bafyfilm"])
def test_a_link_shows_the_film_and_no_name_gets_out_of_its_place(ask: Ask, path: str) -> None:
    page = ask(path).text
    assert "<script>alert" not in page
    found = told(page)
    assert (found["og:title"], found["og:description"]) == (NAME, "Rain & <wind>.")
    assert found["og:url"] == f"{BASE}/film/bafyfilm"
    assert found["og:image"] == f"{BASE}/ipfs/bafyroot/poster.jpg"
    assert found["video:duration"] == "61"
    (discovered,) = re.findall(r'type="application/json\+oembed" href="([^"]+)"', page)
    assert ask(unescape(discovered).removeprefix(BASE)).json()["title"] == NAME


def test_oembed_answers_for_this_node_s_films_with_a_frame_that_fits(ask: Ask) -> None:
    for screen in ("film", "embed"):
        card = ask(f"/oembed?url={BASE}/{screen}/bafyfilm&maxwidth=320&maxheight=90").json()
        assert (card["width"], card["height"], card["version"]) == (160, 90, "1.0")
        assert f'src="{BASE}/embed/bafyfilm"' in card["html"]
        assert "<script>" not in card["html"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("url=http://elsewhere.example/film/bafyfilm", 404),
        (f"url={BASE}/film/unknown", 404),
        (f"url={BASE}/studio", 404),
        (f"url={BASE}/film/bafyfilm&format=xml", 501),
        (f"url={BASE}/film/bafyfilm&maxwidth=0", 422),
        ("", 422),
    ],
)
def test_oembed_refuses_what_is_no_film_of_this_node(ask: Ask, query: str, status: int) -> None:
    assert ask(f"/oembed?{query}").status_code == status


def test_an_unknown_film_has_no_frame(ask: Ask) -> None:
    assert ask("/embed/unknown").status_code == 404
    assert told(ask("/film/unknown").text) == {}


def test_the_public_listener_gives_the_frame_its_files_and_names_no_page(tmp_path: Path) -> None:
    ask = asker(tmp_path, is_public=True)
    found = told(ask("/embed/bafyfilm").text)
    assert found["og:url"] == f"{BASE}/embed/bafyfilm"
    assert "page" not in found
    assert ask("/assets/embed-1a2b.js").text == "let a"
    assert ask("/assets/none.js").status_code == 404
    assert ask("/film/bafyfilm").status_code == 404
