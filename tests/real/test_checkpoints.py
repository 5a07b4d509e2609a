"""Two nodes: one makes a checkpoint, the other shows it as the first one's, and after a replay as its own finding."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from cinepeer.errors import BadInput
from real.nodes import Running, command, running


def told(node: Running, *arguments: str) -> tuple[int, object]:
    """Exit code and JSON of the command on a node's home."""
    ended = command("checkpoint", "--json", "--home", node.home, *arguments)
    return ended.returncode, json.loads(ended.stdout) if ended.stdout else ended.stderr


def test_a_checkpoint_travels_and_is_replayed(tmp_path: Path) -> None:
    with running(tmp_path / "anna") as anna:
        assert told(anna) == (0, [])
        for film in range(1, 6):
            anna.api.post("/api/ratings", {"ratings": [[f"movielens:{film}", film]]})
        code, made = told(anna, "--make")
        assert code == 0 and isinstance(made, list)
        [made_here] = made
        assert (made_here["ratings"], made_here["label"]) == (5, "computed here")
        with running(tmp_path / "bela", "--join", anna.told["p2p"][0]) as bela:
            until = time.monotonic() + 60
            while not (held := bela.api.get("/api/checkpoints")) and time.monotonic() < until:
                time.sleep(0.2)
            label = f"computed by {made_here['author']}, not replayed"
            assert held == [{**made_here, "label": label}]
            shown = bela.api.get(f"/api/checkpoints/{made_here['record']}")
            assert (shown["checkpoint"]["label"], shown["films"]["movielens:5"]) == (label, [0] * 4 + [1] + [0] * 5)
            ended = told(bela, "--replay", made_here["record"])
            assert ended == (0, {"label": "replayed here", "missing_records": 0, "missing_bodies": 0})
            lines = command("checkpoint", "--home", bela.home).stdout
            assert "5 ratings of " in lines and lines.rstrip().endswith("replayed here")
            with pytest.raises(BadInput, match="found no checkpoint"):
                bela.api.get(f"/api/checkpoints/{made_here['author']}")
