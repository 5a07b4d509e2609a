"""Reviews and comments: of two reviews by one author the newer stands; what was taken back is gone."""

from __future__ import annotations

import itertools
from pathlib import Path

from cinepeer.app.said import Said
from cinepeer.records.bodies import new_body, parse_body
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.record import Record, sign_record
from unit.app.people import World, in_world

FILM = "imdb:tt0111161"
SEED, OTHER = bytes(31) + b"\1", bytes(31) + b"\2"
AUTHOR, STRANGER = Cid.of(b"author", DAG_CBOR), Cid.of(b"stranger", DAG_CBOR)


def review(text: str, film: str = FILM, spoiler: bool = False) -> dict:
    return {"film": film, "text": text, "language": "en", "spoiler": spoiler}


def written(author: Cid, time: int, kind: str, **fields: object) -> tuple[Record, dict]:
    body = new_body(kind, bytes(16), **fields)  # type: ignore[arg-type]
    record = sign_record(SEED, author=author, seq=1, prev=AUTHOR, time=time, kind=kind, body=body)
    return record, parse_body(kind, body)


def test_any_order_of_the_records_gives_the_same() -> None:
    first, again = written(AUTHOR, 5, "review", **review("one")), written(AUTHOR, 5, "review", **review("two"))
    other = written(STRANGER, 3, "review", **review("three", spoiler=True))
    comments = [written(STRANGER, time, "comment", on=other[0].id, text="so", language="") for time in (9, 8)]
    folds = []
    for order in itertools.permutations([first, again, other, *comments]):
        said = Said()
        for record, body in order:
            said.apply(record, body)
        folds.append((said.reviews_of(FILM), said.comments_on(other[0].id)))
    assert all(fold == folds[0] for fold in folds)
    reviews, answers = folds[0]
    assert [one.record for one in reviews] == [max(first[0].id, again[0].id), other[0].id]
    assert [one.spoiler for one in reviews] == [False, True]
    assert [one.time for one in answers] == [8, 9]


def test_a_review_that_is_taken_back_gives_way_to_the_one_before(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        viewer = await world.author("viewer")
        await viewer.sign("review", review("first thoughts"))
        second = await viewer.sign("review", review("second thoughts"))
        await world.library.refresh()
        assert [one.text for one in world.library.catalogue.said.reviews_of(FILM)] == ["second thoughts"]
        await viewer.sign("retraction", {"records": [second.id], "reason": ""})
        await world.library.refresh()
        assert [one.text for one in world.library.catalogue.said.reviews_of(FILM)] == ["first thoughts"]

    in_world(tmp_path, story)
