"""The frozen vectors: what they say holds here, and making them anew changes no byte of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cinepeer.errors import Refused
from cinepeer.records import dagcbor, keys, merkle
from cinepeer.records.bodies import parse_body
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.record import parse_record, verify_body, verify_record
from vectors.dagcbor_cases import in_words
from vectors.make import FILES, FOLDER, made
from vectors.people import fold


def vectors(name: str) -> Any:
    return json.loads((FOLDER / name).read_text("utf-8"))["vectors"]


def named(case: dict[str, Any]) -> str:
    return str(case.get("why") or case.get("name") or case.get("kind") or case.get("text"))[:60]


def cases(file: str, part: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", vectors(file)[part], ids=named)


@pytest.mark.parametrize("name", FILES)
def test_making_the_vectors_anew_changes_no_byte(name: str) -> None:
    assert made(name) == (FOLDER / name).read_text("utf-8"), "a changed vector is a broken format: see vectors/make.py"


@cases("dagcbor.json", "valid")
def test_a_value_has_one_encoding(case: dict[str, Any]) -> None:
    value = dagcbor.decode(bytes.fromhex(case["hex"]))
    # The order of keys is the encoding's, not the map's.
    assert sorted(json.dumps(in_words(value))) == sorted(json.dumps(case["value"]))
    assert dagcbor.encode(value).hex() == case["hex"]


@cases("dagcbor.json", "refused")
def test_another_encoding_is_refused(case: dict[str, Any]) -> None:
    part, _, times = case["hex"].partition("*")
    with pytest.raises(Refused) as caught:
        dagcbor.decode(bytes.fromhex(part) * int(times or 1))
    assert caught.value.reason == "not-canonical"


@cases("cids.json", "valid")
def test_a_block_has_one_id(case: dict[str, Any]) -> None:
    cid = Cid.of(bytes.fromhex(case["block"]), case["codec"])
    assert (cid.hex(), str(cid)) == (case["bytes"], case["text"])
    assert Cid.parse(case["text"]) == Cid.from_bytes(bytes.fromhex(case["bytes"])) == cid


@cases("cids.json", "refused")
def test_other_text_is_no_id(case: dict[str, Any]) -> None:
    with pytest.raises(Refused) as caught:
        Cid.parse(case["text"])
    assert caught.value.reason == "bad-cid"


@cases("ed25519.json", "verdicts")
def test_a_signature_has_one_verdict(case: dict[str, Any]) -> None:
    given = (bytes.fromhex(case[name]) for name in ("public", "message", "signature"))
    if case["valid"]:
        keys.verify(*given)
        return
    with pytest.raises(Refused) as caught:
        keys.verify(*given)
    assert caught.value.reason == "bad-signature"


@cases("ed25519.json", "seeds")
def test_a_seed_signs_as_rfc_8032_says(case: dict[str, Any]) -> None:
    seed, message = bytes.fromhex(case["seed"]), bytes.fromhex(case["message"])
    assert keys.public_key(seed).hex() == case["public"]
    assert keys.sign(seed, message).hex() == case["signature"]


@cases("bodies.json", "valid")
def test_a_body_of_a_kind_is_read(case: dict[str, Any]) -> None:
    block = bytes.fromhex(case["block"])
    assert dagcbor.encode(parse_body(case["kind"], block)) == block
    assert str(Cid.of(block, DAG_CBOR)) == case["cid"]


@cases("bodies.json", "refused")
def test_a_body_that_its_kind_does_not_take_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(Refused) as caught:
        parse_body(case["kind"], bytes.fromhex(case["block"]))
    assert caught.value.reason == "bad-body"


@pytest.mark.parametrize("case", vectors("records.json")["valid"], ids=lambda case: case["id"][-6:])
def test_a_record_is_read_and_holds(case: dict[str, Any]) -> None:
    record = parse_record(bytes.fromhex(case["block"]))
    verify_record(record)
    verify_body(record, bytes.fromhex(case["body"]))
    assert (str(record.id), str(record.author)) == (case["id"], case["author"])
    header = dict(case["header"]["map"])
    assert (record.kind, in_words(record.device)) == (header["kind"], header["device"])
    assert (in_words(record.seq), in_words(record.time)) == (header["seq"], header["time"])
    assert (in_words(record.header.author), in_words(record.header.prev)) == (header["author"], header["prev"])
    assert keys.sign(bytes.fromhex(case["seed"]), bytes.fromhex(case["signed"])) == record.signature


@cases("records.json", "refused")
def test_a_block_that_is_no_record_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(Refused) as caught:
        parse_record(bytes.fromhex(case["block"]))
    assert caught.value.reason in ("bad-record", "not-canonical")


@pytest.mark.parametrize("case", vectors("feeds.json"), ids=named)
def test_a_story_counts_as_it_says(case: dict[str, Any]) -> None:
    read = [(parse_record(bytes.fromhex(one["block"])), bytes.fromhex(one["body"])) for one in case["records"]]
    for record, body in read:
        verify_record(record)
        verify_body(record, body)
    feeds, left = fold(read)
    assert left == []
    assert [feeds.counts(record) for record, _ in read] == [one["counts"] for one in case["records"]]
    for device, heads in case["heads"].items():
        assert sorted(map(str, feeds.heads(bytes.fromhex(device)))) == heads
        proof = feeds.fork(bytes.fromhex(device))
        assert [str(record.id) for record in proof or ()] == case["forks"].get(device, [])


@pytest.mark.parametrize("case", vectors("merkle.json"), ids=["bytes", "ids"])
def test_trees_have_their_roots_and_proofs(case: dict[str, Any]) -> None:
    leaves, roots = (list(map(bytes.fromhex, case[name])) for name in ("leaves", "roots"))
    assert [merkle.root(leaves[:size]) for size in range(len(leaves) + 1)] == roots
    for one in case["inclusion"]:
        path = list(map(bytes.fromhex, one["path"]))
        merkle.verify_inclusion(leaves[one["index"]], one["index"], one["size"], path, roots[one["size"]])
    for one in case["consistency"]:
        path = list(map(bytes.fromhex, one["path"]))
        merkle.verify_consistency(one["old"], one["new"], roots[one["old"]], roots[one["new"]], path)
