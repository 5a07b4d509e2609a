"""The lost-device drill on real nodes, and homes that were made before there was a phrase."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cinepeer.adapters.system.keystore import Keystore
from cinepeer.errors import BadInput
from real.nodes import COMMAND, ENVIRONMENT, Running, command, running


def until(found: Callable[[], Any], timeout_s: float = 40.0) -> Any:
    """Asks again and again until the answer is true."""
    deadline = time.monotonic() + timeout_s
    while not (answer := found()):
        assert time.monotonic() < deadline, "expected it to become true"
        time.sleep(0.1)
    return answer


def given(words: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs a command with `words` on its stdin."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=words,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=ENVIRONMENT,
    )


def device(node: Running, key: str) -> dict[str, Any] | None:
    """What a node says of a key of its author."""
    return next((found for found in node.api.get("/api/keys")["keys"] if found["key"] == key), None)


def rate(node: Running, stars: int) -> str:
    return str(node.api.post("/api/ratings", {"ratings": [["imdb:tt0111161", stars]]})["record"])


def test_the_lost_device_drill(tmp_path: Path) -> None:
    laptop, new = tmp_path / "laptop", tmp_path / "new"
    with running(tmp_path / "friend") as friend:
        with running(laptop, "--join", friend.told["p2p"][0]) as node:
            author, lost = node.told["author"], node.api.get("/api/keys")["device"]
            kept = rate(node, 9)
            until(lambda: holds(friend, kept))
            shown = command("keys", "phrase", "--show", "--json", "--home", laptop)
            words = json.loads(shown.stdout)["phrase"]
        # The laptop is gone. On another machine:
        ended = given(f"{words}\n", "keys", "restore", "--home", new)
        assert (ended.returncode, words in ended.stdout + ended.stderr) == (0, False)
        with running(new, "--join", friend.told["p2p"][0]) as node:
            assert node.told["author"] == author
            until(lambda: node.api.get("/api/keys")["admitted"])
            ended = command("keys", "--home", new)
            assert (ended.returncode, lost in ended.stdout) == (0, True)
            ended = command("keys", "revoke", lost[:8], "--reason", "lost on a train", "--home", new)
            assert ended.returncode == 0, ended.stderr
            mine = rate(node, 4)
            until(lambda: holds(friend, mine))
            # The finder of the laptop signs on. Whether it has heard of the revocation or not, nothing of it counts.
            with running(laptop) as thief:
                try:
                    stolen = rate(thief, 1)
                    until(lambda: holds(node, stolen))
                except BadInput as error:
                    assert "revoked" in str(error)
                until(lambda: (found := device(thief, lost)) and found["state"] == "revoked")
                assert refused(thief)
            found = device(node, lost)
            assert found is not None
            assert (found["state"], found["counted"]) == ("revoked", 1)
            assert found["last"] == {"seq": 0, "head": kept}
            assert f"revoked after seq 0 ({kept})" in command("keys", "--home", new).stdout
            root = node.api.get("/api/keys")["keys"][0]
            assert (root["state"], root["counted"]) == ("speaks for the author", 4)


def holds(node: Running, record: str) -> bool:
    """Whether the node holds a record."""
    try:
        return bool(node.api.read("GET", f"/api/records/{record}"))
    except BadInput:
        return False


def refused(node: Running) -> bool:
    """Whether the node no longer signs."""
    try:
        rate(node, 1)
    except BadInput as error:
        return "revoked by its author" in str(error)
    return False


def test_a_rotation_is_followed_by_a_restored_home_with_the_same_words(tmp_path: Path) -> None:
    home, new = tmp_path / "home", tmp_path / "new"
    with running(home) as node:
        before = node.api.get("/api/keys")
        unsure = command("keys", "rotate", "--home", home)
        assert (unsure.returncode, "no --yes" in unsure.stderr) == (2, True)
        assert node.api.get("/api/keys") == before
        ended = command("keys", "rotate", "--yes", "--home", home)
        assert (ended.returncode, before["following"] in ended.stdout) == (0, True)
        shown = command("keys", "--home", home).stdout
        assert "followed by another root after seq 1 (b" in shown
        words = json.loads(command("keys", "phrase", "--show", "--json", "--home", home).stdout)["phrase"]
        assert given(f"{words}\n", "keys", "restore", "--home", new).returncode == 0
        with running(new, "--join", node.told["p2p"][0]) as restored:
            assert restored.told["author"] == node.told["author"]
            until(lambda: restored.api.get("/api/keys")["admitted"])
            mine = rate(restored, 4)
            until(lambda: holds(node, mine))
            root = device(node, before["following"])
            assert root is not None
            assert (root["state"], root["counted"]) == ("speaks for the author", 2)


def test_a_home_from_before_the_phrase_keeps_its_author_and_keys(tmp_path: Path) -> None:
    home = tmp_path / "home"
    keys = Keystore(home / "keys")
    before = {name: keys.secret(name) for name in ("root", "next-root", "device", "account", "peer", "sequencer")}
    with running(home) as node:
        found = node.api.get("/api/keys")
        assert found["admitted"]
        assert [key["here"] for key in found["keys"]] == [True, True]
    assert {name: keys.secret(name) for name in keys.names()} == before
    ended = command("keys", "phrase", "--show", "--home", home)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "keep a backup" in ended.stderr


def test_what_a_person_mistypes_is_one_sentence_and_makes_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for words in ("", "abandon " * 24, "not a list of words\n"):
        ended = given(words, "keys", "restore", "--home", home)
        assert ended.returncode == 2
        assert len(ended.stderr.strip().splitlines()) == 1
        assert not home.exists()
    words = "abandon " * 23 + "art"
    assert given(words, "keys", "restore", "--home", home).returncode == 0
    ended = given(words, "keys", "restore", "--home", home)
    assert (ended.returncode, "expected a fresh one" in ended.stderr) == (2, True)
    ended = command("keys", "phrase", "--home", home)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert json.loads(command("keys", "phrase", "--show", "--json", "--home", home).stdout) == {"phrase": words}
