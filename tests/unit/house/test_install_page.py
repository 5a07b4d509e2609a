"""The page about installing: what its blocks name exists, and what it tells a proxy to send passes the node's guard."""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from cinepeer.faces.cli.main import COMMANDS
from cinepeer.faces.http.guard import Guard

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "install.md").read_text()
SHELL = re.findall(r"```sh\n(.*?)```", PAGE, re.S)
TOKEN = "a-token"


def lines() -> list[str]:
    """Every command of every shell block."""
    return [line.split("  #")[0].strip() for block in SHELL for line in block.splitlines()]


def test_every_way_of_installing_has_its_heading_and_its_block() -> None:
    for heading in ("From source", "From a wheel", "The light client alone", "Docker", "systemd"):
        section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
        assert "```sh\n" in section, heading


def test_every_block_is_whole_shell_and_names_files_that_exist() -> None:
    assert len(lines()) > 25
    for line in lines():
        for word in shlex.split(line):
            if re.match(r"(\./)?(scripts|docs)/", word):
                assert (ROOT / word).exists(), word


def test_every_command_of_cinepeer_exists() -> None:
    named = [found for line in lines() for found in re.findall(r"(?:cinepeer|first|third) cinepeer (\w+)", line)]
    named += [found for line in lines() for found in re.findall(r"bin/cinepeer (\w+)", line)]
    assert {"status", "publish", "films", "demo"} <= set(named)
    assert set(named) <= set(COMMANDS)


def test_every_service_that_compose_is_told_of_exists() -> None:
    services = yaml.safe_load((ROOT / "scripts/deploy/compose.yaml").read_text())["services"]
    told = [found for line in lines() for found in re.findall(r"compose\.yaml exec (\w+)|film\.mp4 (\w+):", line)]
    assert {name for pair in told for name in pair if name} - {"cinepeer"} <= set(services)


def test_the_override_is_the_one_that_the_lock_was_made_with() -> None:
    override = (ROOT / "scripts/overrides.txt").read_text().splitlines()[-1]
    assert f"echo {override} > overrides.txt" in PAGE
    assert f"\n{override} " in (ROOT / "scripts/node.lock").read_text()


def status_of(headers: dict[str, str]) -> int:
    """What the guard of a node on port 8080 answers to a write with these headers; 200 is the application's own."""
    answered: list[int] = []

    async def inner(_scope: Any, _receive: Any, _send: Any) -> None:
        answered.append(200)

    async def send(event: MutableMapping[str, Any]) -> None:
        if event["type"] == "http.response.start":
            answered.append(event["status"])

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b""}

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/api/peers", "headers": raw}
    asyncio.run(Guard(inner, 8080, TOKEN)(scope, receive, send))
    (status,) = answered
    return status


@pytest.mark.parametrize(
    ("origin", "status"), [("https://film.example.org", 200), ("https://elsewhere.example.org", 403)]
)
def test_what_the_proxy_sends_passes_the_guard_for_its_own_page_alone(origin: str, status: int) -> None:
    proxy = re.search(r"```nginx\n(.*?)```", PAGE, re.S)
    assert proxy is not None
    sent = dict(re.findall(r"proxy_set_header (\w+) ([^;\s]+);", proxy[1]))
    translated = dict(re.findall(r'"(https://[^"]+)" "(http://[^"]+)";', proxy[1]))
    assert sent.pop("Origin") == "$cinepeer_origin"
    assert sent.pop("Authorization") == '""'
    headers = {name.lower(): value for name, value in sent.items()}
    headers |= {"origin": translated.get(origin, origin), "cookie": f"cinepeer-8080={TOKEN}"}
    assert status_of(headers) == status
    assert status_of(headers | {"cookie": "cinepeer-8080=another"}) in (401, 403)
    assert "auth_basic " in proxy[1] and "ssl_certificate " in proxy[1]
