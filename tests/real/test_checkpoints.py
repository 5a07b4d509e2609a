"""Two nodes: one makes a checkpoint, the other shows it as the first one's, and after a replay as its own finding."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cinepeer.app.head_start import CHECKPOINTS
from cinepeer.errors import BadInput
from cinepeer.replication.introduction import parse_introductions
from real.nodes import Running, command, running
from real.p2p_rig import node


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
            # Whichever came first: the word of the checkpoint, which is replayed by then, or all its records.
            while (ahead := bela.api.get("/api/status")["checkpoint"]) and ahead["is_shown"]:
                assert time.monotonic() < until + 60
                time.sleep(0.2)
            assert ahead is None or (ahead["record"], ahead["label"]) == (made_here["record"], "replayed here")


def test_a_node_that_is_told_to_makes_one_now_and_again_by_itself(tmp_path: Path) -> None:
    with running(tmp_path / "anna", "--checkpoint-interval", "1") as anna:
        anna.api.post("/api/ratings", {"ratings": [["movielens:1", 9]]})
        until = time.monotonic() + 60
        while not any(one["ratings"] == 1 for one in anna.api.get("/api/checkpoints")):
            assert time.monotonic() < until
            time.sleep(0.2)
        anna.api.post("/api/ratings", {"ratings": [["movielens:2", 4]]})
        while (newest := anna.api.get("/api/checkpoints")[0])["ratings"] != 2:
            assert time.monotonic() < until + 60
            time.sleep(0.2)
        assert newest["label"] == "computed here"


def test_who_holds_nothing_learns_of_a_checkpoint_from_a_peer_and_over_http(tmp_path: Path) -> None:
    with running(tmp_path / "anna") as anna:
        anna.api.post("/api/ratings", {"ratings": [["movielens:7", 9], ["movielens:8", 2]]})
        _, [made] = told(anna, "--make")
        introductions = asyncio.run(asked(anna.told["p2p"][0]))
        [one] = parse_introductions(introductions, time.time_ns() // 1_000_000)
        assert (str(one.record.id), str(one.record.author)) == (made["record"], made["author"])
        code, shown = light(anna, "movielens:7", "movielens:9")
        assert code == 0
        assert shown["label"] == f"computed by {made['author']}, not replayed"
        assert (shown["record"], shown["ratings"], shown["contradicts"]) == (made["record"], 2, [])
        assert shown["films"] == [
            {"film": "movielens:7", "count": 1, "median": 9},
            {"film": "movielens:9", "count": 0, "median": None},
        ]
        assert light(anna, "--record", made["author"])[0] == 2
        assert light(anna, "--record", "nothing")[0] == 2
        Path(anna.home, "blocks").rename(tmp_path / "gone")
        assert light(anna)[0] == 3


async def asked(addr: str) -> bytes:
    """What a node answers on the protocol of checkpoints to a peer that has nothing."""

    async with node(77) as peer, asyncio.timeout(60):
        anna = await peer.p2p.connect(addr)
        async with peer.p2p.conversation(anna, CHECKPOINTS) as talk:
            return await talk.ask(b"\xf6", 20.0)


def light(asked_of: Running, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON of the light client's command."""
    command = [sys.executable, "-m", "cinepeer_client.cli", "checkpoint", *arguments]
    command += ["--json", "--node", asked_of.told["page"]]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return ended.returncode, json.loads(ended.stdout or "{}")
