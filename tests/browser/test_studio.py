"""The studio of a real node in a real browser: a film that is dropped, cut off, resumed, published and hosted."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browser.journeys import is_clean, journey
from cinepeer.adapters.media.sample import make_sample
from real.nodes import running

pytestmark = [pytest.mark.npm, pytest.mark.ffmpeg]

HOLDER = "0x" + "ab" * 20
# Four requests of an upload.
SIZE_BYTES = 26 << 20
PATIENCE_S = 60


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A film of some size, and what people drop by mistake."""
    folder = tmp_path_factory.mktemp("dropped")
    film = folder / "first light.mp4"
    asyncio.run(make_sample(film, 12))
    with film.open("ab") as file:
        # An MP4 may carry space that nobody reads.
        rest = SIZE_BYTES - film.stat().st_size
        file.write(rest.to_bytes(4) + b"free" + bytes(rest - 8))
    (folder / "reels").mkdir()
    (folder / "empty.mp4").touch()
    (folder / "notes.txt").write_text("no film")
    (folder / "fake.mp4").write_text("no film either")
    names = {"film": film.name, "folder": "reels", "empty": "empty.mp4", "text": "notes.txt", "fake": "fake.mp4"}
    return {sort: str(folder / name) for sort, name in names.items()}


class Restarting:
    """A node that is stopped and started again on the same home as soon as the journey asks for it."""

    def __init__(self, home: Path, marks: Path) -> None:
        self._home = home
        self._marks = marks
        self._stack = contextlib.ExitStack()
        self.node = self._stack.enter_context(running(home))
        self._thread = threading.Thread(target=self._watch)
        self._ended = threading.Event()
        self._thread.start()

    def _watch(self) -> None:
        while not (self._marks / "restart").exists():
            if self._ended.wait(0.1):
                return
        self._stack.close()
        self.node = self._stack.enter_context(running(self._home))
        (self._marks / "restarted").touch()

    def close(self) -> None:
        """Ends the node."""
        self._ended.set()
        self._thread.join()
        self._stack.close()


@pytest.fixture(scope="module")
def marks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("marks")


@pytest.fixture(scope="module")
def creator(tmp_path_factory: pytest.TempPathFactory, marks: Path) -> Iterator[Restarting]:
    found = Restarting(tmp_path_factory.mktemp("nodes") / "creator", marks)
    yield found
    found.close()


@pytest.fixture(scope="module")
def published(
    creator: Restarting, marks: Path, files: dict[str, str], chromium: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What the creator's journey told."""
    page = creator.node.told["page"]
    pictures = tmp_path_factory.mktemp("pictures")
    return journey("creator.mjs", pictures, page=page, chromium=chromium, files=files, holder=HOLDER, marks=str(marks))


def test_what_is_no_film_is_refused_in_one_sentence(published: dict[str, Any]) -> None:
    assert published["nofile"] is True
    assert published["refused"] == {
        "folder": "Found the folder “reels”, expected one film file. Open it and drop the film itself.",
        "several": "Found 2 files, expected one. Drop the film alone; each film is published by itself.",
        "empty": "Found the empty file “empty.mp4”, expected a film. Copy it again from where it came.",
        "other": "Found “notes.txt”, which is text/plain, expected a film. Choose the film file itself.",
    }
    assert published["failed"] == "found the file that was sent, which starts like a text, expected a video file"
    assert published["looked"] == 400


def test_an_upload_goes_on_after_a_broken_line_a_closed_tab_and_a_restarted_node(published: dict[str, Any]) -> None:
    assert published["broken"].startswith("The line to the node broke.")
    assert "% sent" in published["isSending"]
    assert published["twice"].startswith("Found “first light.mp4” on its way from another tab")
    # Two requests were acknowledged; of the one that the closed tab broke off, what came in time is kept as well.
    arrived = re.search(r"(\d+\.\d) MB of 27\.3 MB arrived", published["left"])
    assert arrived is not None
    assert 16.8 <= float(arrived[1]) < 27.3
    assert published["draft"] == "First Light"
    assert f"went on from {arrived[1]} MB" in published["whole"]


def test_rights_are_checked_while_typing_and_said_before_anything_is_signed(published: dict[str, Any]) -> None:
    assert published["year"].startswith("Found 20266, expected a year")
    assert published["over"] == "Found 100.01 % for others, expected at most 100.00 %."
    assert published["address"].startswith("Found 0xab, expected a ledger address")
    assert published["focused"] == "holder-0"
    assert published["rest"] == "30.00 % for others + 70.00 % yours = 100.00 %."
    assert published["signs"] == (
        "You sign that the film is yours and register its title: 70.00 % to you, 30.00 % to …abababab. "
        "Each payment for it is shared so, to the last unit. "
        "Anyone may buy one of 5 licences: festival, in France, Germany, for 30 days, at 1,000,000 each."
    )


def test_captions_are_timed_beside_the_film_and_a_time_that_cannot_be_is_told(published: dict[str, Any]) -> None:
    assert published["shifted"] == "00:00:02.500"
    assert published["mistimed"] == "Line 2 ends before it begins: give it a later end."
    assert published["held"] is True


def test_a_publication_goes_on_without_its_page_and_shows_every_measure(published: dict[str, Any]) -> None:
    told = " ".join(published["stages"])
    for measure in ("0:12, 27.3 MB", "480", "blocks", "2 signatures", "ledger block", "offer …"):
        assert measure in told
    assert published["made"] == ["Film record", "Version record", "Content (CID)", "Title", "Offer"]
    assert published["cancelled"] is True
    assert published["name"] == "First Light"
    assert {"70.00 %", "30.00 %"} <= set(published["shares"])


def test_the_studio_keeps_to_itself(published: dict[str, Any]) -> None:
    assert is_clean(published)


@pytest.fixture(scope="module")
def hosted(
    creator: Restarting, published: dict[str, Any], chromium: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """What the journey of a host told, whose node joined the creator's; it publishes a part of the film anew."""
    folder = tmp_path_factory.mktemp("hosts")
    home, copy = folder / "host", folder / "a few seconds.mp4"
    asyncio.run(make_sample(copy, 5))
    with running(home, "--join", creator.node.told["p2p"][0]) as host:
        pictures = tmp_path_factory.mktemp("pictures")
        asked = {"page": host.told["page"], "film": published["name"], "copy": str(copy)}
        yield journey("host.mjs", pictures, chromium=chromium, **asked)


def test_a_host_sees_its_neighbours_disk_bandwidth_ledger_and_keys(hosted: dict[str, Any]) -> None:
    assert hosted["wrongAddress"].startswith("found ")
    assert "kept for …" in hosted["held"]
    assert "2 nodes say that they hold it" in hosted["held"]
    assert hosted["synced"] == "Reconciled with 1 neighbour."
    peer = dict(zip(hosted["columns"][1:], hosted["peer"], strict=True))
    assert peer["Who dialled"] == "this node"
    assert peer["This node lacks"] == "0 records"
    assert peer["Reconciled"].endswith("ago")
    assert re.fullmatch(r"\d+ in, \d+ out", peer["Records"])
    assert peer["Refused"] == "none yet"
    assert re.fullmatch(
        r"With these neighbours so far: film blocks 1\.\d MB in, .+ out; records .+ in, .+ out\.", hosted["bandwidth"]
    )
    assert "test credits, not money" in hosted["ledger"]
    assert "Its order rests on the one node that started the network" in hosted["ledger"]
    assert [line.split(" · ")[0][9:] for line in hosted["keys"]] == ["root", "device, node"]


def test_a_host_is_told_what_another_cap_means_before_it_holds(hosted: dict[str, Any]) -> None:
    assert hosted["wrong"] == "Found a lot, expected a number of gigabytes such as 20 or 0.5."
    assert "Nothing of it is deleted" in hosted["under"]
    assert hosted["lowered"].startswith("The cap is 1.0 MB now, also after a restart.")
    assert "First Light" in hosted["stillHeld"]
    assert "are free for further films" in hosted["more"]
    assert hosted["raised"].startswith("The cap is 2.5 GB now")
    assert hosted["kept"] == "2.5"


def test_a_host_is_told_what_a_newer_version_and_a_next_root_mean(hosted: dict[str, Any]) -> None:
    assert hosted["newer"].startswith("3 of 5 neighbours say they run a newer version, most of these 0.2.0.")
    assert "Nothing is fetched by itself." in hosted["newer"]
    assert (
        "There is seldom a reason for this" in hosted["rotating"]
        and "Your 24 words stay the same." in hosted["rotating"]
    )
    states = [line for line in hosted["rotated"] if "root ·" in line]
    assert len(states) == 2 and len(hosted["rotated"]) == 3
    assert "followed by another root" in states[0] and "speaks for the author" in states[1]


def test_what_is_hosted_plays_from_the_host(hosted: dict[str, Any]) -> None:
    assert hosted["frames"] > 0


def test_a_film_like_another_s_is_made_from_it_by_its_creator_s_word(
    hosted: dict[str, Any], published: dict[str, Any]
) -> None:
    assert hosted["versionOf"] == ["No film of yours yet"] and hosted["asksName"] is False
    assert "First Light" in hosted["near"] and "% of its pictures:" in hosted["near"]
    assert hosted["madeFrom"] == f"/film/{published['film']}"
    assert {"87.50 %", "12.50 %"} <= set(hosted["shares"])


def test_the_foot_leads_to_the_notices_of_what_the_page_carries(hosted: dict[str, Any]) -> None:
    for name in ("hls.js", "svelte", "@noble/ed25519", "tus-js-client", "@fontsource-variable/roboto-condensed"):
        assert f"\n{name} " in hosted["notices"]


def test_the_nodes_page_keeps_to_itself(hosted: dict[str, Any]) -> None:
    assert is_clean(hosted)
