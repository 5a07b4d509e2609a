"""A licensed film on real nodes: sealed, its key in custody, played by a licensee while its creator sleeps."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cinepeer.adapters.media.sample import make_sample
from cinepeer.adapters.system.keystore import Keystore
from cinepeer.content.wrapping import agreement_key, unwrap
from cinepeer.errors import BadInput, CinepeerError
from cinepeer.records.cid import Cid
from cinepeer.rights.release import request_context
from real.nodes import ENVIRONMENT, Running, command, running

pytestmark = pytest.mark.ffmpeg

DEADLINE_S = 90
PRIVATE = b"\x07" * 32
AGREEMENT = agreement_key(PRIVATE).hex()


@dataclass
class Stage:
    """The founder, who keeps keys; the creator's home, whose node sleeps; a licensee; and the film."""

    custodian: Running
    viewer: Running
    creator: Path
    film: str
    version: str
    done: dict[str, Any]


def told(node: Running | Path, *words: str | Path, code: int = 0) -> Any:
    ended = command(*words, "--json", "--home", node if isinstance(node, Path) else node.home)
    assert ended.returncode == code, ended.stdout + ended.stderr
    return json.loads(ended.stdout) if code == 0 else ended.stderr


def awaited(look: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        with contextlib.suppress(CinepeerError):
            if found := look():
                return found
        time.sleep(0.5)
    raise AssertionError(f"waited {DEADLINE_S} s for {what}")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("licensed")
    file = folder / "film.mp4"
    asyncio.run(make_sample(file, seconds=3))
    with running(folder / "custodian", CINEPEER_CUSTODY="yes") as custodian:
        join = ("--join", custodian.told["p2p"][0])
        with running(folder / "viewer", *join, CINEPEER_HOST_FILMS="no") as viewer:
            with running(folder / "creator", *join) as creator:
                told(creator, "pay", "--credits")
                named = custodian.told["author"]
                done = told(creator, "publish", file, "--name", "Sealed", "--licensed", "--custodian", named)
                told(
                    creator, "licence", "Sealed", "--price", "10", "--medium", "streaming", "--territory", "DE",
                    "--days", "30",
                )  # fmt: skip
                own = awaited(lambda: _given(creator), "the custodian to take the key")
                assert own == [{"author": named, "given": True, "problem": None}]
                held = lambda: custodian.api.get(f"/api/films/{done['film']}")["versions"][0]["held"]  # noqa: E731
                awaited(held, "the custodian to hold the film")
                offers = awaited(lambda: viewer.api.get(f"/api/films/{done['film']}/rights")["offers"], "the offer")
                home = creator.home
            told(viewer, "pay", "--credits")
            told(viewer, "licence", "--buy", offers[0])
            bought = lambda: custodian.api.get(f"/api/films/{done['film']}/rights")["licences"]  # noqa: E731
            awaited(bought, "the licence to be seen by the custodian")
            yield Stage(custodian, viewer, home, done["film"], done["version"], done)


def _given(creator: Running) -> Any:
    own = creator.api.get("/api/custody")["own"]
    others = [one for one in own[0]["custodians"] if one["author"] != creator.told["author"]] if own else []
    return others if others and all(one["given"] for one in others) else None


def client(*words: str | Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "cinepeer_client.cli", *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, timeout=90, check=False, env=ENVIRONMENT)


def account_file(node: Running | Path, folder: Path) -> Path:
    home = node if isinstance(node, Path) else node.home
    file = folder / "account"
    file.write_text(Keystore(home / "keys").secret("account").hex())
    return file


def wish(stage: Stage, **change: str) -> dict[str, str]:
    return {"version": stage.version, "agreement": AGREEMENT, "territory": "DE", "medium": "streaming"} | change


def test_the_licensee_gets_the_key_from_the_custodian_while_the_creator_sleeps(stage: Stage) -> None:
    found = stage.viewer.api.post(f"/api/films/{stage.film}/key", wish(stage))
    assert found["custodian"] == stage.custodian.told["author"]
    assert found["entry"]["block"] <= found["block"]
    assert "licensed until" in found["reason"]
    context = request_context(Cid.parse(stage.version), bytes.fromhex(AGREEMENT))
    assert len(unwrap(bytes.fromhex(found["wrapped"]), PRIVATE, context)) == 32
    assert stage.custodian.api.get("/api/custody")["counts"]["released"] >= 1
    # Without a medium the account's own licence says it.
    assert stage.viewer.api.post(f"/api/films/{stage.film}/key", wish(stage, medium=""))["block"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"territory": "FR"}, "without FR"),
        ({"medium": "cinema"}, "for streaming, expected one for cinema"),
        ({"territory": "XX"}, "XX"),
        ({"medium": "dream"}, "dream"),
        ({"territory": ""}, "no territory"),
        ({"version": "bafyrei"}, "CID"),
        ({"agreement": "00" * 32}, "nothing secret"),
    ],
)
def test_what_the_licence_does_not_cover_is_refused_in_a_sentence(
    stage: Stage, change: dict[str, str], sentence: str
) -> None:
    with pytest.raises(CinepeerError, match=sentence):
        stage.viewer.api.post(f"/api/films/{stage.film}/key", wish(stage, **change))


def test_another_account_gets_nothing(stage: Stage) -> None:
    with pytest.raises(CinepeerError, match="found no licence of 0x"):
        stage.custodian.api.post(f"/api/films/{stage.film}/key", wish(stage))


def test_a_licensed_film_is_not_among_those_that_play_without_a_licence(stage: Stage) -> None:
    film = stage.custodian.api.get(f"/api/films/{stage.film}")
    assert (film["playable"], film["versions"][0]["licensed"], film["versions"][0]["held"]) == (False, True, True)
    (listed,) = json.loads(client("films", "--node", stage.custodian.told["page"], "--json").stdout)
    assert (listed["playable"], listed["licensed"]) == (False, True)


def test_the_light_client_plays_with_the_licensee_s_account_and_no_other(stage: Stage, tmp_path: Path) -> None:
    out, page = tmp_path / "film.mp4", stage.custodian.told["page"]
    account = account_file(stage.viewer, tmp_path)
    words = ("play", stage.film, "--out", out, "--node", page, "--json", "--frames")
    played = client(*words, "--account", account, "--territory", "DE")
    assert played.returncode == 0, played.stderr
    proof = json.loads(played.stdout)
    assert proof["frames"]["first"]["width"] > 0
    assert proof["licence"]["entry"]["block"] >= 1
    assert out.stat().st_size > 1_000
    (tmp_path / "stranger").write_text("11" * 32)
    for more, sentence in (
        ((), "expected who watches it"),
        (("--account", account), "no territory"),
        (("--account", account, "--territory", "FR"), "without FR"),
        (("--account", tmp_path / "stranger", "--territory", "DE"), "no licence of 0x"),
        (("--account", tmp_path / "none", "--territory", "DE"), "unreadable"),
    ):
        ended = client(*words, *more)
        assert (ended.returncode, ended.stdout) == (2, ""), ended.stderr
        assert sentence in ended.stderr
    verified = client("verify", stage.film, "--node", page, "--json")
    assert verified.returncode == 0, verified.stderr


def test_what_a_host_holds_is_ciphertext_and_no_secret_is_told(stage: Stage) -> None:
    names = {path.name for path in (stage.custodian.home / "keys").iterdir()}
    (kept,) = [name for name in names if name.startswith("content-")]
    key = Keystore(stage.custodian.home / "keys").secret(kept.removesuffix(".key"))
    logs = stage.custodian.home.with_suffix(".log").read_text() + stage.viewer.home.with_suffix(".log").read_text()
    assert key.hex() not in logs
    raw = stage.custodian.api.read("GET", f"/api/films/{stage.film}/records")
    assert key not in raw
    rendition = stage.done["renditions"][0]
    for name, marker in ((f"{rendition}/00000.m4s", b"moof"), (f"{rendition}/init_{rendition}.mp4", b"ftyp")):
        assert marker not in stage.custodian.api.read("GET", f"/ipfs/{stage.done['root']}/{name}")
    playlist = stage.custodian.api.read("GET", f"/ipfs/{stage.done['root']}/{rendition}/index.m3u8")
    assert b"#EXT-X-KEY:METHOD=CINEPEER-SEALED-1\n" in playlist
    assert stage.custodian.api.read("GET", f"/ipfs/{stage.done['root']}/poster.jpg")[:2] == b"\xff\xd8"


def test_the_creator_s_own_node_plays_its_film(stage: Stage) -> None:
    with running(stage.creator, "--join", stage.custodian.told["p2p"][0]) as creator:
        found = creator.api.post(f"/api/films/{stage.film}/key", wish(stage))
        assert found["custodian"] == creator.told["author"]
        assert "controller" in found["reason"]
        with pytest.raises(BadInput, match="twice"):
            creator.api.post("/api/custody/custodians", {"film": stage.film, "custodians": [stage.version] * 2})
        state = creator.api.post(
            "/api/custody/custodians", {"film": stage.film, "custodians": [stage.viewer.told["author"]]}
        )
        (problem,) = [one["problem"] for one in state["own"][0]["custodians"] if not one["given"] and one["problem"]]
        assert "custody" in problem
    assert creator.process.returncode in (0, -signal.SIGTERM)
