"""Records, bytes, ratings and witnesses of an audit: each check fails when what it checks was tampered with."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from cinepeer.errors import Refused
from cinepeer.records import dagcbor, merkle
from cinepeer.records.cid import DAG_PB, Cid
from cinepeer.rights import signatures
from cinepeer.rights.audit import build, verify
from unit.rights import scene
from unit.rights.scene import CREATOR, EXPECTATIONS, Person, audited, failed, new_story, sentence, story

# -- records and bytes -----------------------------------------------------------------------------


def test_a_record_with_another_signature_is_named_with_its_place():
    records = list(story().material().records)
    block = dagcbor.decode(records[3][0])
    signature = bytearray(block["signature"])
    signature[0] ^= 1
    block["signature"] = bytes(signature)
    records[3] = (dagcbor.encode(block), records[3][1])
    report = audited(records=records)
    assert sentence(report, "records").startswith("record 4:")


def test_a_record_without_those_before_it_is_named():
    records = list(story().material().records)
    del records[2]
    assert "records" in failed(audited(records=records))


def test_another_body_is_named():
    records = list(story().material().records)
    records[2] = (records[2][0], records[3][1])
    assert "records" in failed(audited(records=records))


def test_a_film_without_its_body_cannot_be_shown():
    records = [(block, None if at == 2 else body) for at, (block, body) in enumerate(story().material().records)]
    assert "film record" in failed(audited(records=records))


def test_another_film_than_the_deeds_is_named():
    assert "film record" in failed(audited(film=story().version.id))


def test_another_version_than_the_deeds_is_named():
    assert "version record" in failed(audited(version=story().film.id))


def test_a_deed_without_the_authors_word_binds_nobody():
    fresh = new_story()
    fresh.creator.records = [pair for pair in fresh.creator.records if pair[0].kind not in ("title", "offer")]
    report = verify(fresh.bundle(), EXPECTATIONS)
    assert failed(report) == ["author and account"]


def test_a_fork_of_the_creators_device_is_shown_and_nothing_of_it_counts():
    fresh = new_story()
    fresh.creator.sign("film", seq=0, name="Another", year=None, external=[], credits=[], genres=[], synopsis="",
                       languages=[])  # fmt: skip
    report = verify(fresh.bundle(), EXPECTATIONS)
    assert {"no forks", "film record", "version record", "author and account"} <= set(failed(report))


def test_a_film_block_that_is_not_at_hand_stops_the_building():
    missing = scene.raw_leaf(story().blocks)
    held = {cid: block for cid, block in story().blocks.items() if cid != missing}
    with pytest.raises(Refused, match="found no block"):
        b"".join(build(story().material(block=held.get)))


def test_other_bytes_than_the_versions_are_named():
    blocks: dict[Cid, bytes] = {}
    root = scene.film_bytes(blocks)
    assert root == story().content
    other = Cid.of(b"\n\2\x08\1", DAG_PB)
    report = audited(content=other, block={other: b"\n\2\x08\1"}.get)
    assert "version record" in failed(report)


def test_a_version_that_states_another_size_is_named():
    fresh = new_story()
    body = next(body for record, body in fresh.creator.records if record.kind == "version")
    fields = dagcbor.decode(body)
    fields.pop("nonce")
    lying = fresh.creator.sign("version", **dict(fields, size_bytes=fields["size_bytes"] + 1))
    report = verify(fresh.bundle(version=lying.id), EXPECTATIONS)
    assert failed(report) == ["bytes of the film"]


# -- ratings and witnesses -------------------------------------------------------------------------


def test_a_rating_outside_its_root_did_not_exist_then():
    (proof,) = story().material().ratings
    for wrong in (
        replace(proof, index=proof.index - 1),
        replace(proof, size=proof.size - 1),
        replace(proof, path=proof.path[:-1]),
        replace(proof, path=(bytes(32), *proof.path[1:])),
        replace(proof, root=bytes(32)),
    ):
        assert failed(audited(ratings=[wrong])) == ["rating 1"]


def test_a_root_that_nobody_anchored_proves_no_time():
    leaves = [*story().leaves, Cid.of(b"later", 0x71)]
    (proof,) = story().material().ratings
    path = tuple(merkle.inclusion(leaves, proof.index))
    later = replace(proof, root=merkle.root(leaves), size=len(leaves), path=path)
    report = audited(ratings=[later])
    assert failed(report) == ["rating 1"]
    assert "found no anchor" in sentence(report, "rating 1")


def test_an_earlier_anchor_proves_only_what_it_held():
    (proof,) = story().material().ratings
    first = replace(proof, root=merkle.root(story().leaves[:4]), size=4)
    assert failed(audited(ratings=[first])) == ["rating 1"]


def test_the_anchors_of_another_account_do_not_serve():
    (proof,) = story().material().ratings
    report = audited(ratings=[replace(proof, account=signatures.address_of(CREATOR))])
    assert "rating 1" in failed(report)


def test_a_record_that_rates_other_films_is_no_rating_of_this_one():
    first = next(record for record, _ in story().viewer.records if record.kind == "rating")
    index = story().leaves.index(first.id)
    path = tuple(merkle.inclusion(story().leaves, index))
    (proof,) = story().material().ratings
    report = audited(ratings=[replace(proof, record=first.id, index=index, path=path)])
    assert "no rating of this film" in sentence(report, "rating 1")


def test_a_witness_of_another_block_is_a_fork():
    fresh = new_story()
    liar = Person(5)
    height = verify(fresh.bundle(), EXPECTATIONS).subject["block"]
    liar.sign("witness", chain=scene.CHAIN, height=height, hash=hashlib.sha256(b"other").digest())
    fresh.extra.extend(liar.records)
    assert failed(verify(fresh.bundle(), EXPECTATIONS)) == ["witnesses"]
