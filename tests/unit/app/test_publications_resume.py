"""Publications outlive the node: they go on after a stop, and sign nothing twice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cinepeer.app.publication import Wish
from cinepeer.app.publications import MAX_STARTS
from cinepeer.content.packaging import Packaging, Words
from cinepeer.errors import Conflict, Unreachable
from unit.app.publication_stand import FACTS, MADE, OWNER, Node, end_of, on_node


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
