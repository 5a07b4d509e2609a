"""Publications: jobs one after another that outlive their watchers."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from cinepeer.app.publication import Wish
from cinepeer.app.publish import FilmFacts
from cinepeer.app.terms import Terms
from cinepeer.content.packaging import Packaging, Words
from cinepeer.errors import Absent, BadInput, Conflict
from unit.app.publication_stand import FACTS, MADE, OFFER, OWNER, Node, end_of, on_node


def test_a_job_goes_through_its_stages_and_gives_its_upload_back(tmp_path: Path) -> None:
    async def story(node: Node) -> None:
        upload = node.upload()
        job = node.jobs.add(Wish(FACTS, upload=upload, owners=(OWNER,), offer=OFFER))
        told = await end_of(node, job)
        assert list(dict.fromkeys(line["stage"] for line in told[:-1])) == [
            "probe",
            "ladder",
            "import",
            "records",
            "title",
            "offer",
        ]
        done = told[-1]["done"]
        assert (done["film"], done["title"]["block"], done["offer"]["offer"]) == (str(MADE.film), 4, "bafyoffer")
        assert node.signing.offered == [Terms.of(OFFER)]
        shown = node.jobs.get(job.id).shown()
        assert (shown["state"], shown["stage"], shown["problem"]) == ("done", "offer", None)
        assert all(stage["done"] for stage in shown["stages"])
        assert shown["plan"] == [stage["stage"] for stage in shown["stages"]]
        json.dumps(shown)
        assert node.uploads.get(upload) is None

    on_node(tmp_path, story)


def test_who_comes_late_is_told_the_history_first(tmp_path: Path) -> None:
    async def story(node: Node) -> None:
        node.making.gates["import"] = asyncio.Event()
        job = node.jobs.add(Wish(FACTS, path="/film.mp4", title=False))
        events = node.jobs.events(job)
        while (await anext(events))["stage"] != "import":
            pass
        late = asyncio.create_task(end_of(node, job))
        await asyncio.sleep(0)
        node.making.gates["import"].set()
        told = await late
        assert [line["stage"] for line in told[:3]] == ["probe", "ladder", "import"]
        assert told[-1]["done"]["film"] == str(MADE.film)
        assert "title" not in told[-1]["done"]

    on_node(tmp_path, story)


def test_one_job_runs_at_a_time_and_a_failed_one_holds_up_nobody(tmp_path: Path) -> None:
    async def story(node: Node) -> None:
        node.making.problem = BadInput("found no film, expected one")
        first = node.jobs.add(Wish(FACTS, path="/first.mp4", title=False))
        second = node.jobs.add(Wish(FACTS, path="/second.mp4", title=False))
        assert (await end_of(node, first))[-1] == {"problem": "found no film, expected one", "exit_code": 2}
        node.making.problem = None
        assert "done" in (await end_of(node, second))[-1]
        assert [str(path) for path, _ in node.making.taken] == ["/first.mp4", "/second.mp4"]
        assert [job.id for job in node.jobs.all()] == [second.id, first.id]

    on_node(tmp_path, story)


def test_an_unforeseen_mistake_fails_the_job_alone(tmp_path: Path) -> None:
    async def story(node: Node) -> None:
        node.making.problem = RuntimeError("a mistake")
        job = node.jobs.add(Wish(FACTS, path="/film.mp4", title=False))
        told = (await end_of(node, job))[-1]
        assert "found a mistake of this node's own" in told["problem"]
        node.making.problem = None
        assert "done" in (await end_of(node, node.jobs.add(Wish(FACTS, path="/b.mp4", title=False))))[-1]

    on_node(tmp_path, story)


def test_a_job_is_cancelled_before_it_is_signed_and_not_after(tmp_path: Path) -> None:
    async def story(node: Node) -> None:
        node.making.gates = {"ladder": asyncio.Event(), "records": asyncio.Event()}
        upload = node.upload()
        running = node.jobs.add(Wish(FACTS, upload=upload, title=False))
        waiting = node.jobs.add(Wish(FACTS, path="/b.mp4", title=False))
        while running.state != "running" or running.shown()["stage"] != "ladder":
            await asyncio.sleep(0)
        for job in (running, waiting):
            assert (await node.jobs.cancel(job.id)).state == "cancelled"
            with pytest.raises(Conflict, match="cancelled already"):
                await node.jobs.cancel(job.id)
        assert node.uploads.get(upload) is not None
        node.making.gates["ladder"].set()
        job = node.jobs.add(Wish(FACTS, upload=upload, title=False))
        while job.shown()["stage"] != "records":
            await asyncio.sleep(0)
        with pytest.raises(Conflict, match="found the film being signed"):
            await node.jobs.cancel(job.id)
        node.making.gates["records"].set()
        assert "done" in (await end_of(node, job))[-1]
        assert len(node.making.taken) == 2

    on_node(tmp_path, story)


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        (Wish(FACTS), "expected one of them"),
        (Wish(FACTS, upload="ab" * 16, path="/film.mp4"), "expected one of them"),
        (Wish(FilmFacts(" "), path="/film.mp4"), "expected the film's name"),
        (Wish(FilmFacts("x", genres=("g",) * 5_000), path="/film.mp4"), "expected the form of that kind: say less"),
        (Wish(FilmFacts("x", synopsis="s" * 40_000), path="/film.mp4"), "say less of the film"),
        (Wish(FACTS, path="/film.mp4", owners=(OWNER, OWNER)), "found a co-owner twice"),
        (Wish(FACTS, path="/film.mp4", title=False, offer=OFFER), "expected the title to be registered"),
        (Wish(FACTS, path="/film.mp4", offer=OFFER | {"medium": "hologram"}), "expected one of"),
        (Wish(FACTS, path="/film.mp4", offer=OFFER | {"territory": ["XX"]}), "expected"),
        (Wish(FACTS, upload="ab" * 16), "expected all of its bytes first"),
    ],
)
def test_what_can_be_refused_at_once_is(tmp_path: Path, wish: Wish, sentence: str) -> None:
    async def story(node: Node) -> None:
        with pytest.raises(BadInput, match=sentence):
            node.jobs.add(wish)
        assert node.jobs.all() == []
        with pytest.raises(Absent):
            node.jobs.get("ab" * 16)

    on_node(tmp_path, story)


def test_of_those_that_wait_the_highest_priority_comes_first(tmp_path: Path) -> None:
    async def story(node: Node) -> list[str]:
        gate = node.making.gates["probe"] = asyncio.Event()
        first = node.jobs.add(Wish(FACTS, path="/0.mp4"))
        await asyncio.sleep(0.01)
        late = node.jobs.add(Wish(FACTS, path="/1.mp4"))
        urgent = node.jobs.add(Wish(FACTS, path="/2.mp4"), priority=5)
        last = node.jobs.add(Wish(FACTS, path="/3.mp4"))
        assert [node.jobs.place(job) for job in (first, urgent, late, last)] == [0, 0, 1, 2]
        assert node.jobs.prefer(last.id, 9).priority == 9 and node.jobs.place(last) == 0
        with pytest.raises(Conflict, match="found the publication running"):
            node.jobs.prefer(first.id, 1)
        with pytest.raises(BadInput, match="expected -10 to 10"):
            node.jobs.prefer(late.id, 11)
        gate.set()
        for job in (first, last, urgent, late):
            await end_of(node, job)
        assert json.loads(json.dumps(node.notes.all()[0]))["priority"] in (0, 5, 9)
        return [str(path) for path, _ in node.making.taken]

    assert on_node(tmp_path, story) == ["/0.mp4", "/3.mp4", "/2.mp4", "/1.mp4"]


def test_words_that_are_none_are_refused_before_any_work(tmp_path: Path) -> None:
    async def story(node: Node) -> None:
        with pytest.raises(BadInput, match="found no caption"):
            node.jobs.add(Wish(FACTS, path="/film.mp4", packaging=Packaging((Words("en", "", "x"),))))
        assert node.jobs.all() == []

    on_node(tmp_path, story)


def test_every_stage_tells_how_long_it_took(tmp_path: Path) -> None:
    async def story(node: Node) -> None:
        job = node.jobs.add(Wish(FACTS, path="/film.mp4", title=False))
        await end_of(node, job)
        assert all(stage.measure["took_ms"] > 0 for stage in job.stages)

    on_node(tmp_path, story)


def test_an_upload_may_be_looked_into_also_while_it_is_published(tmp_path: Path) -> None:
    async def story(node: Node) -> None:
        upload = node.upload()
        node.uploads.hold(upload)
        assert node.jobs.file_of(upload, None).read_bytes() == b"abc"
        assert node.jobs.file_of(None, "/film.mp4") == Path("/film.mp4")
        with pytest.raises(BadInput, match="neither or both"):
            node.jobs.file_of(upload, "/film.mp4")
        with pytest.raises(Conflict, match="not whole"):
            node.jobs.file_of("none", None)

    on_node(tmp_path, story)
