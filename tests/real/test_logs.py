"""What a node logs at its most talkative: peers and reasons as key=value, no secret, nothing of what people rate."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

from real.nodes import command, running

FILM = "imdb:tt0111161"
PASSPHRASE = "a passphrase of seven words or so"


def test_a_log_names_peers_and_reasons_and_neither_secrets_nor_ratings(tmp_path: Path) -> None:
    home, friend = tmp_path / "home", tmp_path / "friend"
    with running(friend, "--verbose") as other:
        join = other.told["p2p"][0]
        with running(home, "--verbose", "--join", join, CINEPEER_PASSPHRASE=PASSPHRASE) as node:
            words = json.loads(
                command("keys", "phrase", "--show", "--json", "--home", home, CINEPEER_PASSPHRASE=PASSPHRASE).stdout
            )["phrase"]
            record = node.api.post("/api/ratings", {"ratings": [[FILM, 7]]})["record"]
            end = time.monotonic() + 60
            while not [one for one in other.api.get(f"/api/films/{FILM}/ratings") if one["record"] == record]:
                assert time.monotonic() < end
                time.sleep(0.2)
            node.api.post("/api/sync")
            refused = command("rate", FILM, "11", "--home", home)
            assert refused.returncode == 2
            token = json.loads((home / "node.json").read_text())["token"]
            peers = {node.told["peer_id"], other.told["peer_id"]}
    secrets = [PASSPHRASE, words, *re.findall(r"\S+ \S+ \S+", words), token, token[:16], FILM, "tt0111161", "stars"]
    for folder in (home, friend):
        told = folder.with_suffix(".log").read_text()
        found = re.findall(r"peer\.up peer=(12D3KooW\w+)", told)
        assert found and set(found) < peers
        for secret in secrets:
            assert secret not in told, secret
        assert not re.search(r"\b[0-9a-f]{64}\b", told)  # no key, whole
