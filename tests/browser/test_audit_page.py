"""The auditor's page in Chromium: proofs gathered, checked step by step, and again with the network off."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from browser.journeys import is_clean, journey, publish
from cinepeer.adapters.media.sample import make_sample
from real.nodes import running

pytestmark = [pytest.mark.npm, pytest.mark.ffmpeg]


def test_an_auditor_checks_everything_without_the_node(chromium: str, tmp_path: Path) -> None:
    film = tmp_path / "short.mp4"
    asyncio.run(make_sample(film, seconds=1))
    with running(tmp_path / "home") as node:
        made = publish(node, film, "First Light")
        node.api.post("/api/anchors")
        author = node.api.get("/api/status")["author"]
        record = node.api.get(f"/api/films/{made}")["versions"][0]["id"]
        told = journey(
            "auditor.mjs",
            tmp_path / "pictures",
            page=node.told["page"],
            author=author,
            record=record,
            chromium=chromium,
        )
    assert told["film"] == told["whole"] == f"All {told['steps']} checks held."
    assert told["author"].endswith("checks held.")
    assert told["unknown"].startswith("That is no id of a film, an author or a record.")
    assert told["record"].startswith("Id, signature and body checked")
    assert told["network"].endswith("项核对成立。")
    assert "did not hold" in told["cut"]
    assert told["named"].startswith("Every block matches its id")
    assert told["report"]["format"] == "cinepeer/audit-report/1"
    assert not told["report"]["ok"]
    assert is_clean(told)
