"""The order of a ledger goes from one node to another, in real processes: all follow, and an audit shows both eras."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cinepeer.app.network import parse_network
from cinepeer.errors import BadInput, Unreachable
from cinepeer.records import dagcbor
from real.nodes import Running, command, running

PATIENCE_S = 90


def until(found: Callable[[], Any], what: str) -> Any:
    """What `found` gives once it gives something; fails after a while."""
    deadline = time.monotonic() + PATIENCE_S
    while not (value := found()):
        assert time.monotonic() < deadline, f"expected {what}"
        time.sleep(0.3)
    return value


def head(node: Running) -> int:
    """The newest block that a node's own ledger has."""
    ended = command("network", "verify", "--json", "--home", node.home)
    signed = next(one["found"] for one in json.loads(ended.stdout)["checks"] if one["check"] == "sequencer")
    return int(signed.split()[2])


def test_the_second_node_goes_on_after_the_first_and_a_third_proves_both_eras(tmp_path: Path) -> None:
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    offer, bundle = tmp_path / "next.candidate", tmp_path / "network.car"
    with running(first) as anna, running(second, "--join", anna.told["p2p"][0]) as bela:
        with running(third, "--join", anna.told["p2p"][0], CINEPEER_BOOTSTRAP=bela.told["p2p"][0]) as caro:
            anna.api.post("/api/anchors")
            stood = command("network", "stand", "--file", offer, "--json", "--home", second)
            key = json.loads(stood.stdout)["sequencer"]
            # Only the node that orders can hand over, and nothing happens before a person agreed.
            refused = command("network", "hand-over", offer, "--yes", "--home", third)
            assert (refused.returncode, "found a copy of the ledger" in refused.stderr) == (2, True)
            assert command("network", "hand-over", offer, "--home", first).returncode == 2
            forged = tmp_path / "forged"
            told = dagcbor.decode(bytes.fromhex(offer.read_text().strip()))
            assert isinstance(told, dict)
            forged.write_text(dagcbor.encode({**told, "faucet": bytes(20)}).hex())
            wrong = command("network", "hand-over", forged, "--yes", "--home", first)
            assert (wrong.returncode, "consent" in wrong.stderr) == (2, True)
            handed = command("network", "hand-over", offer, "--yes", "--json", "--home", first)
            assert handed.returncode == 0, handed.stderr
            last = json.loads(handed.stdout)["height"]
            assert json.loads(handed.stdout)["sequencer"] == key
            until(lambda: parse_network((second / "network.cbor").read_bytes()).sequencer == (), "B to order")
            until(lambda: "/p2p/" in _first_addr(third) and _peer(third) == _peer_of(bela), "C to follow B")
            # Who ordered before follows without a restart, and what it sends goes to the next.
            until(lambda: "own copy" in anna.api.get("/api/status")["ledger"]["label"], "A to follow B")
            sent = until(lambda: _anchored(anna), "what A sends to be ordered by B")
            assert sent > last and until(lambda: head(anna) >= sent, "A to have the block")
            anna.process.terminate()
            anna.process.wait(30)
            # The first is gone; the second orders what the third sends, and gives test credits.
            until(lambda: _credited(caro), "credits by the new sequencer")
            anchored = caro.api.post("/api/anchors")
            assert anchored["block"] > last
            assert "executed up to block" in caro.api.get("/api/status")["ledger"]["label"]
            proved = command("audit", "network", "--json", "--bundle", bundle, "--home", third)
            assert proved.returncode == 0, proved.stdout + proved.stderr
            report = json.loads(proved.stdout)
            block = next(line["found"] for line in report["lines"] if line["check"] == "block")
            assert f"signed by {key}, to whom" in block and f"handed over after block {last}" in block
            older = command("audit", "network", "--at", str(last), "--json", "--home", third)
            before = next(line["found"] for line in json.loads(older.stdout)["lines"] if line["check"] == "block")
            assert (older.returncode, key in before) == (0, False), "the first's era, by the first's key"
        assert command("audit", bundle, "--offline", "--home", third).returncode == 0
    # Started again, the second orders at once and the first follows it.
    with running(second) as bela, running(first, CINEPEER_BOOTSTRAP=bela.told["p2p"][0]) as anna:
        assert bela.told["ledger"]["label"].startswith("embedded")
        until(lambda: "own copy" in anna.api.get("/api/status")["ledger"]["label"], "the first to follow")
        more = until(lambda: _anchored(bela), "a block by the second")
        until(lambda: head(anna) >= more, "the first to have the second's block")


def test_a_restored_sequencer_takes_back_what_it_ordered_before_it_orders_again(tmp_path: Path) -> None:
    first, again, third = (tmp_path / name for name in ("first", "again", "third"))
    file, word = tmp_path / "home.bak", "open sesame"
    with running(first, CINEPEER_PASSPHRASE=word) as anna, running(third, "--join", anna.told["p2p"][0]) as caro:
        saved = command("backup", file, "--home", first, CINEPEER_PASSPHRASE=word)
        assert saved.returncode == 0, saved.stderr
        lost = int(caro.api.post("/api/account/credits")["block"])
        until(lambda: head(caro) >= lost, "the follower to have the block")
        anna.process.terminate()
        anna.process.wait(30)
        restored = command("backup", "--restore", file, "--home", again, CINEPEER_PASSPHRASE=word)
        assert restored.returncode == 0, restored.stderr
        with running(again, CINEPEER_PASSPHRASE=word) as bela:
            ordered = until(lambda: _anchored(caro), "the restored sequencer to order")
            assert ordered > lost and "fork" not in bela.api.get("/api/status")["ledger"]["label"]


def _first_addr(home: Path) -> str:
    return (*parse_network((home / "network.cbor").read_bytes()).sequencer, "")[0]


def _peer(home: Path) -> str:
    return _first_addr(home).rpartition("/p2p/")[2]


def _peer_of(node: Running) -> str:
    return str(node.told["p2p"][0]).rpartition("/p2p/")[2]


def _credited(node: Running) -> bool:
    try:
        return bool(node.api.post("/api/account/credits"))
    except (BadInput, Unreachable):
        return False  # the sequencer before, who is gone, may still be asked


def _anchored(node: Running) -> int:
    try:
        return int(node.api.post("/api/anchors")["block"])
    except (BadInput, Unreachable):
        return 0  # the way to who orders now is being made
