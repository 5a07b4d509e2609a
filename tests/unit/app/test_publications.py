"""Publications: jobs one after another that outlive their watchers and the node, and sign nothing twice."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from cinepeer.adapters.system.notes import Notes
from cinepeer.adapters.system.uploads import Uploads
from cinepeer.app.publication import Publication, Wish
from cinepeer.app.publications import MAX_STARTS, Publications
from cinepeer.app.publish import FilmFacts, Published, Tell
from cinepeer.app.terms import Terms
from cinepeer.content.packaging import Packaging, Words
from cinepeer.errors import Absent, BadInput, Conflict, Unreachable
from cinepeer.records.cid import RAW, Cid

T = TypeVar("T")
FACTS = FilmFacts("The Tide Clock", 2026, credits=(("Ada", "director"),))
OWNER = ("0x" + "ab" * 20, 3000)
OFFER = {"price": 5, "medium": "cinema", "territory": ["DE"], "days": 30, "supply": 10, "exclusive": False}
MADE = Published(Cid.of(b"film", RAW), Cid.of(b"version", RAW), Cid.of(b"root", RAW), bytes(32), 3000, 7, 900, ["240p"])


class Making:
    """Publishing as the jobs see it: it goes on from stage to stage when the test says so."""

    def __init__(self) -> None:
        self.gates: dict[str, asyncio.Event] = {}
        self.problem: Exception | None = None
        self.taken: list[tuple[Path, bool]] = []
        self.wished: list[object] = []

    async def publish(
        self, path: Path, facts: FilmFacts, tell: Tell, *, again: bool = False, **rest: object
    ) -> Published:
        self.taken.append((path, again))
        self.wished.append(rest.get("wished"))
        for stage in ("probe", "ladder", "import", "records"):
            tell(stage, {})
            if stage in self.gates:
                await self.gates[stage].wait()
            tell(stage, {"seconds": 3.0})
            if self.problem is not None:
                raise self.problem
        return MADE


class Signing:
    """Titles and offers as the jobs see them."""

    def __init__(self) -> None:
        self.registered: list[str] = []
        self.offered: list[Terms] = []
        self.problem: Exception | None = None

    async def register(self, film: str, owners: object) -> dict[str, Any]:
        if self.problem is not None:
            raise self.problem
        self.registered.append(film)
        return {"title": "0xab", "record": "bafy", "block": 4}

    async def offer(self, film: str, terms: Terms) -> dict[str, Any]:
        self.offered.append(terms)
        return {"offer": "bafyoffer", "price": str(terms.price)}

    def offers(self, film: str) -> list[Any]:
        return []


class Node:
    """What survives a restart is in `folder`; everything else is made anew."""

    def __init__(self, folder: Path) -> None:
        numbers = itertools.count(len(list(folder.rglob("*"))))
        self.making, self.signing = Making(), Signing()
        self.uploads = Uploads(folder / "uploads", lambda: 1_790_000_000_000, self._entropy)
        self.notes = Notes(folder / "publications")
        clock = itertools.count(1_790_000_000_000 + next(numbers))
        self.jobs = Publications(
            self.making,
            self.signing,
            self.uploads,
            self.notes,
            lambda: next(clock),
            self._entropy,  # type: ignore[arg-type]
        )

    @staticmethod
    def _entropy(size: int) -> bytes:
        return hashlib.sha256(str(next(_NUMBERS)).encode()).digest()[:size]

    def upload(self) -> str:
        upload = self.uploads.make("film.mp4", 3)
        with self.uploads.receiving(upload) as receiving:
            receiving.write(b"abc")
            receiving.keep()
        return upload.id


_NUMBERS = itertools.count()


def on_node(folder: Path, story: Callable[[Node], Awaitable[T]]) -> T:
    """One run of a node, stopped in order at its end."""

    async def run() -> T:
        node = Node(folder)
        await node.jobs.start()
        try:
            return await asyncio.wait_for(story(node), 20)
        finally:
            await node.jobs.stop()

    return asyncio.run(run())


async def end_of(node: Node, job: Publication) -> list[dict[str, Any]]:
    """All that one who watches is told, to the end."""
    return [line async for line in node.jobs.events(job)]


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


def test_a_job_that_a_stop_broke_off_goes_on_at_the_next_start(tmp_path: Path) -> None:
    async def first(node: Node) -> str:
        node.making.gates["ladder"] = asyncio.Event()
        job = node.jobs.add(Wish(FACTS, upload=node.upload(), owners=(OWNER,)))
        node.jobs.add(Wish(FACTS, path="/b.mp4", title=False))
        while job.shown()["stage"] != "ladder":
            await asyncio.sleep(0)
        return job.id

    broken = on_node(tmp_path, first)

    async def second(node: Node) -> None:
        job = node.jobs.get(broken)
        assert job.wish.facts == FACTS
        assert job.wish.owners == (OWNER,)
        assert "title" in (await end_of(node, job))[-1]["done"]
        other = node.jobs.all()[0]
        assert "done" in (await end_of(node, other))[-1]
        assert [again for _, again in node.making.taken] == [True, False]

    on_node(tmp_path, second)


def test_what_was_signed_before_a_failure_is_not_signed_again(tmp_path: Path) -> None:
    async def first(node: Node) -> str:
        node.signing.problem = Unreachable("found no ledger, expected one")
        job = node.jobs.add(Wish(FACTS, path="/film.mp4"))
        told = (await end_of(node, job))[-1]
        assert told["exit_code"] == 3
        assert "the film is published" in told["problem"]
        assert job.shown()["done"]["film"] == str(MADE.film)
        return job.id

    failed = on_node(tmp_path, first)

    async def second(node: Node) -> None:
        job = node.jobs.get(failed)
        assert job.state == "failed"
        node.jobs.retry(job.id)
        assert (await end_of(node, job))[-1]["done"]["title"]["block"] == 4
        assert node.making.taken == []
        with pytest.raises(Conflict, match="expected one that failed"):
            node.jobs.retry(job.id)

    on_node(tmp_path, second)


def test_a_job_whose_upload_is_gone_fails_with_what_to_do(tmp_path: Path) -> None:
    async def first(node: Node) -> tuple[str, str]:
        node.making.gates["probe"] = asyncio.Event()
        upload = node.upload()
        return node.jobs.add(Wish(FACTS, upload=upload)).id, upload

    job_id, upload = on_node(tmp_path, first)
    (tmp_path / "uploads" / f"{upload}.json").unlink()

    async def second(node: Node) -> None:
        job = node.jobs.get(job_id)
        assert job.state == "failed"
        assert "send the file again" in str(job.problem)

    on_node(tmp_path, second)


def test_a_job_that_ends_the_node_again_and_again_is_given_up(tmp_path: Path) -> None:
    async def first(node: Node) -> str:
        node.making.gates["probe"] = asyncio.Event()
        job = node.jobs.add(Wish(FACTS, path="/film.mp4", title=False))
        while job.state != "running":
            await asyncio.sleep(0)
        node.notes.save(job.id, job.note() | {"starts": MAX_STARTS})
        node.jobs.stop = _killed  # type: ignore[method-assign]
        return job.id

    async def _killed() -> None:
        return None

    job_id = on_node(tmp_path, first)

    async def second(node: Node) -> None:
        told = (await end_of(node, node.jobs.get(job_id)))[-1]
        assert f"found the node ended {MAX_STARTS} times" in told["problem"]
        assert node.making.taken == []

    on_node(tmp_path, second)


@pytest.mark.parametrize(
    "note",
    [{}, {"id": "ab", "wish": None}, {"id": "ab", "wish": {"facts": {}}}, {"wish": {"facts": 1}}, {"colour": "red"}],
)
def test_a_note_of_another_form_does_not_keep_the_node_from_starting(tmp_path: Path, note: dict[str, Any]) -> None:
    Node(tmp_path).notes.save("ab", note)

    async def story(node: Node) -> None:
        assert node.jobs.all() == []
        assert "done" in (await end_of(node, node.jobs.add(Wish(FACTS, path="/film.mp4", title=False))))[-1]

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


def test_what_is_wished_of_the_package_outlives_the_node(tmp_path: Path) -> None:
    wished = Packaging((Words("en", "English", "00:01.000 --> 00:02.000\nHello\n"),), "0:00 Start", 2.5, -23.0)

    async def begin(node: Node) -> None:
        node.making.gates["ladder"] = asyncio.Event()
        node.jobs.add(Wish(FACTS, path="/film.mp4", packaging=wished), priority=3)
        while not node.making.taken:
            await asyncio.sleep(0)

    async def go_on(node: Node) -> None:
        (job,) = node.jobs.all()
        assert job.priority == 3
        await end_of(node, job)
        assert node.making.wished == [wished]

    on_node(tmp_path, begin)
    on_node(tmp_path, go_on)


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
