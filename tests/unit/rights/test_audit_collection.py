"""A collection's every check holds on a sound bundle, and fails when what it checks was dropped, altered or moved."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest

from cinepeer.errors import Refused
from cinepeer.records import dagcbor, merkle
from cinepeer.records.cid import Cid
from cinepeer.rights import deeds
from cinepeer.rights.anchored import read_anchored
from cinepeer.rights.audit import verify
from cinepeer.rights.binding import recover_bound, sign_binding
from cinepeer.rights.collection import build_collection, parse_collection
from cinepeer.rights.film_table import films_csv
from cinepeer.rights.report import FilmRow
from cinepeer.rights.signatures import address_of
from unit.rights import scene
from unit.rights.collected import bundled, changed_dossier, gathered, judged, told, without
from unit.rights.scene import CHAIN, CREATOR, EXPECTATIONS, PARTNER, RELAYER, failed, new_story, sentence

TITLE = "title 0x"


def title_line(report) -> str:
    return next(line.found for line in report.lines if line.check.startswith(TITLE))


@pytest.mark.parametrize("sort", ["author", "network", "catalogue"])
def test_a_sound_collection_holds_in_every_line(sort):
    report = judged(gathered(sort))
    assert [(line.check, line.found) for line in report.failures] == []
    assert report.ok
    assert [row.name for row in report.films] == ["A Film"]


def test_a_collection_is_the_same_bytes_for_the_same_material():
    assert bundled(gathered()) == bundled(gathered())


@pytest.mark.parametrize("part", [0, 1, 2, 5])
def test_a_cut_or_lengthened_collection_is_named(part):
    car = bundled(gathered())
    assert "every block matches its id" in failed(verify(car[: len(car) - 1 - part * 1000], EXPECTATIONS))
    assert failed(verify(car + b"\0" * (part + 1), EXPECTATIONS))


@pytest.mark.parametrize("at", range(30, 59_000, 1_901))
def test_no_byte_of_a_collection_can_change(at):
    car = bytearray(bundled(gathered()))
    car[at] ^= 1
    assert failed(verify(car, EXPECTATIONS))


# -- titles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", range(8))
def test_no_entry_of_a_title_can_be_dropped_moved_or_repeated(at):
    logs = next(iter(gathered().dossiers)).logs
    assert len(logs) == 8
    assert not judged(changed_dossier(gathered(), logs=tuple(without(logs, at)))).ok
    again = (*logs[: at + 1], logs[at], *logs[at + 1 :])
    assert "ledger's order" in title_line(judged(changed_dossier(gathered(), logs=again)))
    if at:
        swapped = (*logs[: at - 1], logs[at], logs[at - 1], *logs[at + 1 :])
        assert "ledger's order" in title_line(judged(changed_dossier(gathered(), logs=swapped)))


def test_an_altered_amount_shows_in_the_titles_head():
    logs = list(next(iter(gathered().dossiers)).logs)
    tip = scene.TIP.to_bytes(32, "big")
    paid = next(at for at, log in enumerate(logs) if log.data[32:64] == tip)
    logs[paid] = replace(logs[paid], data=logs[paid].data.replace(tip, (scene.TIP - 1).to_bytes(32, "big")))
    report = judged(changed_dossier(gathered(), logs=tuple(logs)))
    assert "incomplete or altered" in title_line(report)
    assert report.films[0].failed[0] == "title's record is complete"


def test_an_entry_of_another_title_has_no_place_in_a_titles_part():
    dossier = next(iter(gathered().dossiers))
    report = judged(changed_dossier(gathered(), title=bytes(20)))
    assert "of another title" in title_line(report)
    foreign = replace(dossier.logs[-1], address=told().chain.contracts.anchors)
    assert "title 0x" in failed(judged(changed_dossier(gathered(), logs=(*dossier.logs[:-1], foreign))))[0]


def test_a_proof_that_is_missing_or_not_needed_is_named():
    nodes = next(iter(gathered().dossiers)).nodes
    assert "no trie node" in title_line(judged(changed_dossier(gathered(), nodes=nodes[1:])))
    assert "no slot needs" in title_line(judged(changed_dossier(gathered(), nodes=(*nodes, b"\xc2\x80\x80"))))
    assert failed(judged(gathered(nodes=[b"\x80"])))[0] == "shared trie nodes"


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda signed: {"deed": replace(signed.deed, royalty=1)}, "deed"),
        (lambda signed: {"signature": deeds.sign_deed(RELAYER, signed.deed, told().chain.contracts)}, "deed"),
        (lambda signed: {"film": signed.version}, "film record"),
        (lambda signed: {"version": signed.film}, "version record"),
        (lambda signed: {"content": signed.film}, "version record"),
        (lambda signed: {"offers": ()}, "licence 1"),
    ],
)
def test_what_was_signed_of_a_title_cannot_be_exchanged(change, check):
    signed = next(iter(gathered().dossiers)).signed
    report = judged(changed_dossier(gathered(), signed=replace(signed, **change(signed))))
    assert check in report.films[0].failed


def test_a_title_known_from_the_ledger_alone_is_proved_without_its_owners_words():
    report = judged(changed_dossier(gathered("network"), signed=None))
    assert report.ok
    assert report.films[0].name == ""


def test_two_titles_of_one_film_are_competing_claims():
    fresh = new_story()
    thief = replace(fresh.deed, creator=address_of(scene.CINEMA))
    signed = deeds.sign_deed(scene.CINEMA, thief, fresh.chain.contracts)
    fresh.chain.send(RELAYER, fresh.chain.contracts.titles, deeds.register_call(thief, signed))
    report = judged(gathered("network", fresh))
    assert failed(report) == ["competing claims"]
    assert f"claims what 0x{fresh.title.hex()} registered before" in sentence(report, "competing claims")


# -- records and anchors ---------------------------------------------------------------------------


@pytest.mark.parametrize("at", range(6))
def test_no_record_of_an_author_that_was_anchored_can_be_left_out(at):
    records = list(gathered().records)
    assert failed(judged(gathered(records=without(records, at))))


def test_a_truncated_feed_is_missing_what_was_anchored():
    """The last two records came after the anchor, the fourth of the feed before it."""
    records = list(gathered().records)
    report = judged(gathered(records=[*records[:5], *records[7:]]))
    assert "no anchored record is missing" in failed(report)
    assert "anchored and not in the bundle" in sentence(report, "no anchored record is missing")


def test_a_fork_is_named_with_both_records():
    fresh = new_story()
    fresh.creator.sign("profile", seq=1, name="Other")
    report = judged(gathered(story=fresh))
    assert "no forks" in failed(report)
    assert str(fresh.version.id) in sentence(report, "no forks")


@pytest.mark.parametrize("at", [0, 5, 9])
def test_no_anchored_leaf_can_be_dropped_altered_or_moved(at):
    leaves = list(gathered().leaves)
    assert "anchored trees" in failed(judged(gathered(leaves=without(leaves, at))))
    assert "anchored trees" in failed(judged(gathered(leaves=[*leaves, leaves[at]])))
    swapped = list(leaves)
    swapped[at], swapped[at - 1] = swapped[at - 1], swapped[at]
    assert "anchored trees" in failed(judged(gathered(leaves=swapped)))


def test_bare_leaves_prove_growth_but_not_whose_they_are():
    bare = [bytes(leaf) for leaf in told().leaves]
    assert failed(judged(gathered(leaves=bare))) == ["no anchored record is missing"]
    assert judged(gathered("catalogue", leaves=bare)).ok


def test_an_anchor_left_out_breaks_the_proven_chain():
    anchors = list(gathered().anchors)
    assert failed(judged(gathered(anchors=anchors[:1])))[0].startswith("anchors of 0x")
    assert "log of anchors" in failed(judged(gathered(anchors=anchors[1:])))


def test_leaves_of_an_account_that_anchored_nothing_prove_nothing():
    assert "anchored trees" in failed(judged(gathered(account=bytes(20))))


def test_the_roots_of_growing_trees_are_those_of_the_whole_lists():
    leaves = [bytes([at]) * 36 for at in range(70)]
    found = read_anchored(leaves, (), range(71))
    assert found.roots == {size: merkle.root(leaves[:size]) for size in range(1, 71)}


def test_an_account_binds_itself_to_one_author_on_one_chain():
    author = told().creator.id
    account = sign_binding(CREATOR, author, CHAIN)
    assert recover_bound(author, account) == address_of(CREATOR)
    for other in (dict(account, chain=CHAIN + 1), dict(account, address=address_of(PARTNER)), {}):
        with pytest.raises(Refused):
            recover_bound(author, other)
    with pytest.raises(Refused):
        recover_bound(told().viewer.id, account)


def test_a_profile_with_anothers_account_is_named():
    fresh = new_story()
    fresh.creator.sign("profile", name="Ada", account=sign_binding(CREATOR, fresh.viewer.id, CHAIN))
    assert failed(judged(gathered(story=fresh))) == ["authors and accounts"]


def test_a_witness_of_another_block_is_named():
    records = list(gathered().records)
    other = scene.Person(5)
    other.sign("witness", chain=CHAIN, height=7, hash=bytes(32))
    records += [(record.block, body) for record, body in other.records]
    assert failed(judged(gathered(records=records))) == ["witnesses"]


def test_a_network_record_of_another_genesis_is_named():
    other = scene.Person(5)
    other.sign("network", number=2, genesis=Cid.of(b"other", 0x71), bootstrap=[], endpoints=[])
    records = [*gathered("network").records, *((record.block, body) for record, body in other.records)]
    assert failed(judged(gathered("network", records=records))) == ["network records"]


def test_a_subject_that_is_not_the_bundles_is_named():
    assert failed(judged(gathered("catalogue", subject=told().creator.id))) == ["subject"]
    stranger = judged(gathered(subject=scene.Person(9).id))
    assert "the author's feeds are whole" in failed(stranger)


def test_a_record_that_an_anchor_skipped_is_named():
    fresh = new_story()
    skipped = [fresh.creator.sign("profile", name=name) for name in ("Ada", "Ada L.")]
    fresh.anchor([*fresh.leaves, skipped[1].id])
    report = judged(gathered("catalogue", fresh))
    assert failed(report) == ["feeds and anchors"]
    assert f"place {skipped[1].seq} of the feed" in sentence(report, "feeds and anchors")


# -- the form --------------------------------------------------------------------------------------


def test_a_manifest_of_another_form_is_refused():
    car = bundled(gathered())
    begin = car.index(b"cinepeer/audit/2")
    assert failed(verify(car.replace(b"cinepeer/audit/2", b"cinepeer/audit/3"), EXPECTATIONS))
    assert begin
    for fields in ({}, {"format": "cinepeer/audit/2", "sort": "other"}, [1]):
        with pytest.raises(Refused):
            parse_collection(dagcbor.encode(fields))


def test_what_is_built_goes_through_the_parts_that_are_given():
    parts: dict[Cid, bytes] = {}
    size = sum(map(len, build_collection(gathered(), parts)))
    assert sum(map(len, parts.values())) < size < sum(map(len, parts.values())) + 60 * len(parts)


def test_the_table_has_a_row_for_each_title_and_no_formula():
    rows = judged(gathered()).films
    text = films_csv([*rows, replace(rows[0], name="=1+1", failed=("deed", "shares"))])
    found = list(csv.DictReader(text.splitlines()))
    assert [row["holds"] for row in found] == ["yes", "no"]
    assert found[1]["name"] == "'=1+1"
    assert found[1]["failed"] == "deed; shares"
    assert isinstance(rows[0], FilmRow)
