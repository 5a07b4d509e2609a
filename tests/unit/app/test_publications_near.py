"""A film that is like another's waits for its creator's word, while others are published."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cinepeer.app.publication import Publication, Wish
from cinepeer.errors import BadInput, Conflict
from unit.app.publication_stand import FACTS, OWNER, PARENT, PARENT_TITLE, UNTITLED, Node, end_of, on_node

NEAR = [{"film": str(PARENT), "name": "The Tide", "share": 0.8}]


async def asked(node: Node, **wished: object) -> Publication:
    node.making.near = NEAR
    job = node.jobs.add(Wish(FACTS, path="/film.mp4", **{"ask": True, **wished}))  # type: ignore[arg-type]
    while job.state != "asking" and not job.is_over:
        await job.changed.wait()
    return job


def test_a_film_made_from_another_gives_that_one_s_purse_its_share(tmp_path: Path) -> None:
    async def story(node: Node) -> None:
        job = await asked(node, owners=(OWNER,))
        assert (job.state, job.shown()["near"]) == ("asking", NEAR)
        node.jobs.decide(job.id, str(PARENT), 1_500)
        assert (await end_of(node, job))[-1]["done"]["title"]["title"] == "0xab"
        assert node.making.parents == [PARENT]
        assert node.signing.owners == [[(b"\xab" * 20, 3000), (PARENT_TITLE, 1_500)]]
        assert job.shown()["near"] == []

    on_node(tmp_path, story)


def test_an_own_work_goes_on_as_it_was_wished(tmp_path: Path) -> None:
    async def story(node: Node) -> None:
        job = await asked(node)
        watching = asyncio.create_task(end_of(node, job))
        await asyncio.sleep(0)
        node.jobs.decide(job.id, None, 0)
        lines = await watching
        assert {"ask": NEAR} in lines and "done" in lines[-1]
        assert (node.making.parents, node.signing.owners) == ([None], [[]])

    on_node(tmp_path, story)


@pytest.mark.parametrize("wished", [{"ask": False}, {"ask": False, "parent": str(PARENT), "parent_shares": 500}])
def test_who_did_not_wish_to_be_asked_is_not(tmp_path: Path, wished: dict) -> None:
    async def story(node: Node) -> None:
        job = await asked(node, **wished)
        assert job.state == "done"
        assert node.making.parents == [PARENT if "parent" in wished else None]

    on_node(tmp_path, story)


def test_others_are_published_meanwhile_and_a_cancelled_one_signs_nothing(tmp_path: Path) -> None:
    async def story(node: Node) -> None:
        job = await asked(node)
        node.making.near = []
        other = node.jobs.add(Wish(FACTS, path="/other.mp4"))
        assert "done" in (await end_of(node, other))[-1]
        assert job.state == "asking"
        await node.jobs.cancel(job.id)
        assert job.state == "cancelled" and node.signing.registered == [str(other.done["film"])]  # type: ignore[index]
        assert len(node.making.parents) == 1

    on_node(tmp_path, story)


def test_it_asks_again_after_a_restart(tmp_path: Path) -> None:
    job_id = on_node(tmp_path, lambda node: _id(node))

    async def later(node: Node) -> None:
        job = node.jobs.get(job_id)
        node.making.near = NEAR
        while job.state != "asking":
            await job.changed.wait()
        node.jobs.decide(job.id, None, 0)
        assert "done" in (await end_of(node, job))[-1]

    on_node(tmp_path, later)


async def _id(node: Node) -> str:
    return (await asked(node)).id


def test_a_decision_that_cannot_be_is_refused_and_the_question_stands(tmp_path: Path) -> None:
    async def story(node: Node) -> None:
        job = await asked(node, owners=(OWNER,))
        for parent, shares in ((str(PARENT), 0), (str(PARENT), 10_000), (str(UNTITLED), 500), ("x", 500)):
            with pytest.raises(BadInput):
                node.jobs.decide(job.id, parent, shares)
        assert job.state == "asking" and job.wish.parent is None
        node.jobs.decide(job.id, None, 0)
        await end_of(node, job)
        with pytest.raises(Conflict, match="found the publication done"):
            node.jobs.decide(job.id, None, 0)

    on_node(tmp_path, story)


def test_a_film_made_from_another_needs_a_title() -> None:
    with pytest.raises(BadInput, match="without a title"):
        Wish(FACTS, path="/film.mp4", title=False, parent=str(PARENT), parent_shares=500).check()
