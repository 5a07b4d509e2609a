"""Whole nodes find each other, tell whether they are reached, and show it all by command, API and metrics."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

from real.nodes import Running, command, running

BOUND_S = 60.0


def until(condition: Callable[[], bool]) -> None:
    """Waits for a condition; the time is a bound against hanging, not a measurement."""
    end = time.monotonic() + BOUND_S
    while not condition():
        assert time.monotonic() < end, "expected it to come about"
        time.sleep(0.2)


def near(node: Running) -> set[str]:
    return {peer["peer_id"] for peer in node.api.get("/api/peers")}


def metrics(node: Running) -> dict[str, float]:
    """Every sample by its name and labels; each line is one of the text format."""
    with urlopen(node.told["api"] + "/metrics") as answer:
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        lines = answer.read().decode().splitlines()
    found = {}
    for line in lines:
        if not line.startswith("# "):
            sample = re.fullmatch(r'([a-z0-9_]+(?:\{[a-z]+="[^"]*"\})?) (\S+)', line)
            assert sample is not None, line
            found[sample[1]] = float(sample[2])
    return found


def test_two_that_know_one_node_find_each_other_and_still_do_without_it(tmp_path: Path) -> None:
    with running(tmp_path / "first") as first:
        join = first.told["p2p"][0]
        with running(tmp_path / "second", "--join", join) as second:
            with running(tmp_path / "third", "--join", join) as third:
                ids = {node.told["peer_id"] for node in (first, second, third)}
                for node in (second, third):
                    until(lambda node=node: near(node) == ids - {node.told["peer_id"]})  # type: ignore[misc]
                told = json.loads(command("status", "--json", "--home", third.home).stdout)
                until(lambda: first.api.get("/api/neighbourhood")["reach"]["reachable"] is True)
                reach = first.api.get("/api/neighbourhood")["reach"]
                assert reach["seen_from"] == "machine" and reach["outside"] == []
                shown_peer = told["peers"][0]
                assert shown_peer["standing"] in ("new", "useful")
                assert {"lag", "last_sync_ms", "waiting", "refused"} <= set(shown_peer)
                assert told["neighbourhood"]["known"] >= 2 and told["neighbourhood"]["banned"] == []
                shown = command("peers", "--home", first.home)
                assert shown.returncode == 0
                assert re.search(r"^known     \d+ peers$", shown.stdout, re.M)
                assert "reached   from this machine, by " in shown.stdout
                assert "reached   from this machine, by " in command("status", "--home", first.home).stdout
                lag = f'cinepeer_peer_lag_records{{peer="{third.told["peer_id"]}"}}'
                until(lambda: lag in metrics(second))
                found = metrics(second)
                assert found["cinepeer_neighbours"] == 2 and found["cinepeer_banned_peers"] == 0
                assert found["cinepeer_records"] > 0 and found["cinepeer_received_records_total"] > 0
                assert found[lag] == 0
                refused = command("peers", "--forgive", second.told["peer_id"], "--home", first.home)
                assert refused.returncode == 2 and "found no ban" in refused.stderr
            third_home = third.home
        # The one that both joined by is alone; what the book keeps brings the third back to the second.
        with running(tmp_path / "second") as second:
            kept = json.loads((third_home / "peers.json").read_text())
            assert second.told["peer_id"] in {entry["peer"] for entry in kept["entries"]}
            first.process.terminate()
            first.process.wait(15)
            with running(third_home) as third:
                until(lambda: second.told["peer_id"] in near(third))


def test_a_peer_that_sends_what_does_not_hold_is_banned_and_stays_banned_over_a_restart(tmp_path: Path) -> None:
    home = tmp_path / "first"
    with running(home) as first:
        peer = "12D3KooWBHVaGiLnTqqjkkCPxTZXnAsGUoQRGhVjA46DeUYSjV5o"
        assert first.api.get("/api/neighbourhood")["banned"] == []
    (home / "peers.json").write_text(
        json.dumps(
            {"entries": [], "bans": [{"peer": peer, "until_ms": 4_000_000_000_000, "reason": "bad-frame", "times": 3}]}
        )
    )
    with running(home) as first:
        assert first.api.get("/api/neighbourhood")["banned"][0]["peer"] == peer
        shown = command("peers", "--home", home).stdout
        assert f"banned    {peer} for bad-frame" in shown
        assert metrics(first)["cinepeer_banned_peers"] == 1
        assert command("peers", "--forgive", peer, "--home", home).returncode == 0
        assert first.api.get("/api/neighbourhood")["banned"] == []
    (home / "peers.json").write_text("{}")
    with running(home) as first:
        assert first.api.get("/api/neighbourhood")["known"] == 0
    assert (home / "peers.damaged").read_text() == "{}"
    assert "peers.damaged" in home.with_suffix(".log").read_text()


def test_a_bootstrap_address_that_is_none_stops_the_node_with_one_sentence(tmp_path: Path) -> None:
    found = command("run", "--home", tmp_path / "home", "--bootstrap", "/ip4/192.0.2.1/udp/1")
    assert found.returncode == 2
    assert "in bootstrap, expected multiaddrs such as" in found.stderr
