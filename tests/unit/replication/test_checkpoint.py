"""A checkpoint is made from records alone, is read strictly, and lies nowhere without being found out."""

from __future__ import annotations

import random
from array import array
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.bodies import new_body
from cinepeer.records.cid import DAG_CBOR, RAW, Cid
from cinepeer.records.ratings import newest
from cinepeer.records.record import Record
from cinepeer.replication import checkpoint
from cinepeer.replication.checkpoint import read, statement, verify_statement, write
from cinepeer.replication.ranges import item_key
from cinepeer.replication.scope import EVERYTHING, Scope
from cinepeer.replication.snapshot import Said, Snapshot, snapshot
from unit.store.people import BORN_MS, Person, rater

MOMENT_MS = BORN_MS + 1_000_000


def people() -> list[Person]:
    """Three who rate: one changes her mind and takes one rating back, one has nothing to say."""
    anna, bela, carl = rater("anna", 4), rater("bela", 3), Person("carl")
    anna.rate(2, 9)
    anna.device.write("rating", ratings=[["movielens:1", None], ["wikidata:Q42", 10]])
    return [anna, bela, carl]


PEOPLE = people()
PAIRS = [pair for person in PEOPLE for pair in person.pairs]


def keys_of(records: list[Record]) -> bytes:
    return b"".join(sorted(item_key(record.time, record.id.digest) for record in records))


def said_of(record: Record, body: bytes) -> Said:
    fields: dict[str, Any] = dagcbor.decode(body)  # type: ignore[assignment]
    ratings = [(film, stars) for film, stars in fields["ratings"]]
    return Said(bytes(record.author), record.id.digest, record.time, ratings)


def made(scope: Scope = EVERYTHING, order: list[int] | None = None) -> Snapshot:
    """The snapshot of all records."""
    said = [said_of(*pair) for pair in PAIRS if pair[0].kind == "rating"]
    said = said if order is None else [said[at] for at in order]
    return snapshot(scope, MOMENT_MS, keys_of([record for record, _ in PAIRS]), said)


class Blocks(dict[Cid, bytes]):
    """Blocks in memory."""

    def put(self, cid: Cid, block: bytes) -> None:
        self[cid] = block

    def get_block(self, cid: Cid) -> bytes:
        return self[cid]


def written(found: Snapshot) -> tuple[Cid, Blocks]:
    blocks = Blocks()
    return write(found, blocks.put), blocks


def columns(found: Snapshot) -> list[object]:
    return [getattr(found, name) for name in Snapshot.__dataclass_fields__]


def test_it_holds_the_newest_word_of_everyone_on_everything() -> None:
    found = made()
    expected = newest([pair for pair in PAIRS if pair[0].kind == "rating"])
    told = {(one.author, one.film): (one.stars, one.time) for one in found.standing()}
    assert told == {key: (rating.stars, rating.time) for key, rating in expected.items()}
    assert (found.records, found.ratings) == (len(PAIRS), len(expected)) == (15, 8)
    anna, bela, carl = (person.inception.id for person in PEOPLE)
    assert [one for one in found.standing() if one.author == anna] == found.of_author(anna)
    assert len(found.of_author(bela)) == 3
    assert found.of_author(carl) == []
    assert found.spread()["movielens:2"] == [0, 0, 1, 0, 0, 0, 0, 0, 1, 0]
    assert sum(found.spread()["movielens:1"]) == 1  # hers is taken back
    assert list(found.keys()) == sorted(item_key(record.time, record.id.digest) for record, _ in PAIRS)


@given(order=st.permutations(range(9)))
def test_any_order_makes_the_same_blocks(order: list[int]) -> None:
    assert written(made(order=order))[0] == written(made())[0]


def test_what_was_written_is_read() -> None:
    scope = Scope(films=frozenset({"movielens:1"}), since_ms=5)
    for found in (made(), made(scope), snapshot(EVERYTHING, 0, b"", [])):
        root, blocks = written(found)
        assert columns(read(root, blocks.get_block, with_digests=True)) == columns(found)
        light = read(root, blocks.get_block)
        assert columns(light) == columns(replace(found, digests=b""))
        assert written(read(root, blocks.get_block, with_digests=True))[0] == root


def test_columns_of_many_blocks_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "BLOCK_BYTES", 24)
    root, blocks = written(made())
    assert len(blocks) > 30
    assert columns(read(root, blocks.get_block, with_digests=True)) == columns(made())


def test_the_digests_are_not_asked_for_without_need() -> None:
    root, blocks = written(made())
    manifest: Any = dagcbor.decode(blocks[root])
    for cid in manifest["columns"]["digests"]:
        del blocks[cid]
    assert read(root, blocks.get_block).ratings == 8
    with pytest.raises(KeyError):
        read(root, blocks.get_block, with_digests=True)


def test_a_record_states_it_and_nothing_else() -> None:
    found = made()
    root, _ = written(found)
    fields = statement(found, root)
    new_body("checkpoint", bytes(16), **fields)
    verify_statement({**fields, "nonce": bytes(16), "more": 1}, found, root)
    for name in fields:
        other: Any = {**fields, name: Cid.of(b"", DAG_CBOR) if isinstance(fields[name], Cid) else 7}
        with pytest.raises(Refused, match=f"as {name} of a checkpoint"):
            verify_statement(other, found, root)


def refused(root: Cid, blocks: Blocks) -> str:
    with pytest.raises(Refused) as caught:
        read(root, blocks.get_block, with_digests=True)
    assert caught.value.reason in ("bad-checkpoint", "bad-scope", "not-canonical", "wrong-block"), caught.value.reason
    return f"{caught.value.reason}: {caught.value}"


SPOILT: list[tuple[str, dict[str, Any]]] = [
    ("times out of order", {"times": array("Q", [*made().times[1:], 0])}),
    ("times out of order", {"times": array("Q", [*made().times[:-1], 2**53])}),
    ("records out of order", {"digests": made().digests[32:] + made().digests[:32]}),
    ("authors out of order", {"authors": made().authors[::-1]}),
    ("films out of order", {"films": made().films[::-1]}),
    ("a line that names no film", {"films": ["imdb:1", *made().films[1:]]}),
    ("the number 2 as author", {"author": array("I", [*made().author[:-1], 2])}),
    ("the number 99 as film", {"film": array("I", [*made().film[:-1], 99])}),
    ("the number 15 as record", {"record": array("I", [*made().record[:-1], 15])}),
    ("11 stars", {"stars": made().stars[:-1] + b"\x0b"}),
    ("an author or film without a rating", {"author": array("I", [0] * 8), "film": array("I", [*range(5), 0, 1, 2])}),
    ("ratings out of order", {"film": array("I", [made().film[1], made().film[0], *made().film[2:]])}),
    ("bytes of digests", {"digests": made().digests[:-1]}),
    ("blocks of digests", {"digests": b""}),
]


@pytest.mark.parametrize(("why", "change"), SPOILT, ids=[f"{at} {why}" for at, (why, _) in enumerate(SPOILT)])
def test_columns_that_do_not_go_together_are_refused(why: str, change: dict[str, Any]) -> None:
    assert why in refused(*written(replace(made(), **change)))


def manifest_with(**changes: Any) -> tuple[Cid, Blocks]:
    root, blocks = written(made())
    manifest: Any = {**dagcbor.decode(blocks[root]), **changes}  # type: ignore[dict-item]
    block = dagcbor.encode({name: value for name, value in manifest.items() if value is not Ellipsis})
    root = Cid.of(block, DAG_CBOR)
    blocks[root] = block
    return root, blocks


def columns_with(**changes: Any) -> tuple[Cid, Blocks]:
    root, blocks = written(made())
    manifest: Any = dagcbor.decode(blocks[root])
    for name, named in changes.items():
        manifest["columns"][name] = [_kept(one, blocks) if isinstance(one, bytes) else one for one in named]
    root, others = manifest_with(columns=manifest["columns"])
    return root, Blocks({**blocks, **others})


def _kept(block: bytes, blocks: Blocks) -> Cid:
    if isinstance(block, Cid):
        return block
    cid = Cid.of(block, RAW)
    blocks[cid] = block
    return cid


@pytest.mark.parametrize(
    ("why", "changes"),
    [
        ("another shape", {"v": ...}),
        ("another shape", {"more": 1}),
        ("the version 2", {"v": 2}),
        ("-1 as moment", {"moment": -1}),
        ("True as records", {"records": True}),
        ("blocks of times", {"records": 10**6}),
        ("blocks of times", {"records": 2**50}),
        ("bytes of times", {"records": 16}),
        ("other columns", {"columns": []}),
        ("other columns", {"columns": {"times": []}}),
        ("bad-scope", {"scope": {"since": 0}}),
    ],
)
def test_a_root_of_another_form_is_refused(why: str, changes: dict[str, Any]) -> None:
    assert why in refused(*manifest_with(**changes))


@pytest.mark.parametrize(
    ("why", "changes"),
    [
        ("no list of raw blocks", {"films": [Cid.of(b"", DAG_CBOR)]}),
        ("no list of raw blocks", {"films": [1]}),
        ("a block of 0 bytes", {"films": [b""]}),
        ("a block of 12 bytes", {"films": [b"movielens:1\n", b"movielens:2\n"]}),
        ("without an end", {"films": [b"movielens:1"]}),
        ("films that are no text", {"films": [b"\xff\n"]}),
        ("bytes of authors", {"authors": [bytes(33)]}),
        ("blocks of films", {"films": [b"movielens:1\n"] * 1025}),
    ],
)
def test_a_column_of_another_form_is_refused(why: str, changes: dict[str, Any]) -> None:
    assert why in refused(*columns_with(**changes))


def test_what_there_is_to_fetch_is_known_from_the_root() -> None:
    root, blocks = written(made())
    assert {root, *checkpoint.outline(root, blocks[root])} == set(blocks)
    for why, (other, spoilt) in (
        ("wrong-block", (root, Blocks({root: b"x"}))),
        ("other columns", manifest_with(columns={})),
        ("blocks of times", manifest_with(records=2**50)),
        ("blocks of films", columns_with(films=[b"movielens:1\n"] * 1025)),
    ):
        with pytest.raises(Refused) as caught:
            checkpoint.outline(other, spoilt[other])
        assert why in f"{caught.value.reason}: {caught.value}"


def test_a_changed_block_is_refused() -> None:
    root, blocks = written(made())
    chance = random.Random(5)
    for cid, block in list(blocks.items()):
        at = chance.randrange(len(block))
        blocks[cid] = block[:at] + bytes((block[at] ^ 1,)) + block[at + 1 :]
        assert refused(root, blocks).startswith("wrong-block")
        blocks[cid] = block


@given(
    block=st.one_of(
        st.binary(max_size=200), st.builds(lambda n: written(made())[1][written(made())[0]][:n], st.integers(0, 400))
    )
)
def test_no_bytes_break_the_reader(block: bytes) -> None:
    root = Cid.of(block, DAG_CBOR)
    assert refused(root, Blocks({root: block}))
