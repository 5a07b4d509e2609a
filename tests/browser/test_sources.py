"""A page whose own node lies or sleeps plays on from the public gateway of another host, and says so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browser.journeys import journey, publish
from cinepeer.adapters.media.sample import make_sample
from cinepeer.adapters.system.ports import free_port
from real.nodes import Running, running

pytestmark = [pytest.mark.npm, pytest.mark.ffmpeg]

PATIENCE_S = 60


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str, str]]:
    """A creator's node, a film of it, and the gateway of a host that holds the film as well."""
    folder, port = tmp_path_factory.mktemp("sources"), free_port()
    file = folder / "short.mp4"
    asyncio.run(make_sample(file, 6))
    gateway = f"http://127.0.0.1:{port}"
    with running(folder / "creator") as creator:
        film = publish(creator, file, "First Light")
        told = ("--public-port", str(port), "--public-url", gateway, "--join", creator.told["p2p"][0])
        with running(folder / "host", *told):
            _wait_for_gateway(creator, film, gateway)
            yield creator, film, gateway


def _wait_for_gateway(node: Running, film: str, gateway: str) -> None:
    """Until the host's word has come that it holds the film."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        [version] = node.api.get(f"/api/films/{film}")["versions"]
        if gateway in {provider["gateway"] for provider in version["providers"]}:
            return
        time.sleep(0.2)
    pytest.fail("the host never said that it holds the film")


def test_a_film_plays_on_from_another_host(stand: tuple[Running, str, str], chromium: str, tmp_path: Path) -> None:
    node, film, gateway = stand
    told: dict[str, Any] = journey(
        "sources.mjs", tmp_path, page=node.told["page"], gateway=gateway, film=film, chromium=chromium
    )
    assert told["lied"]["frames"] > 0
    assert told["lied"]["said"] == [
        "This node gave a block that does not hold: it is asked no more while others give this film."
    ]
    assert told["slow"]["frames"] > 0
    assert told["slow"]["said"] == ["This node did not give a block in time: others are asked first for now."]
    assert told["abroad"] != []
    assert all(address.startswith(f"{gateway}/ipfs/") for address in told["abroad"])
    assert (told["complaints"], told["overflows"], told["barriers"]) == ([], [], [])
