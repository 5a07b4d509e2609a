"""The parts that an audit is made of: headers, accounts, code shapes, the container, and the file at hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cinepeer.errors import BadInput, Refused
from cinepeer.records.cid import RAW, Cid
from cinepeer.rights import deeds, rlp, signatures
from cinepeer.rights.audit import verify
from cinepeer.rights.code import CodeShape, verify_code
from cinepeer.rights.container import read_varint, scan
from cinepeer.rights.events import decode_all
from cinepeer.rights.gathering import film_logs
from cinepeer.rights.proofs import NO_ACCOUNT, parse_header, read_account, read_slot
from cinepeer.rights.sequencer import sign_header, verify_header
from cinepeer.rights.shipped import SHIPPED
from cinepeer.rights.slots import split_anchor, split_purse, split_title
from cinepeer.rights.trie import EMPTY_ROOT
from cinepeer_client.audit import Finding, audit_bytes, audit_file
from unit.rights import scene
from unit.rights.scene import EXPECTATIONS, SEED, new_story, sound_bundle, story

NETWORK = Cid.of(b"network", RAW)


def header(**changes: object) -> bytes:
    """A header of the Cancun fork, with fields replaced by their place."""
    fields = rlp.decode(story().chain.header().rlp)
    assert isinstance(fields, list)
    for place, value in changes.items():
        fields[int(place[1:])] = value  # type: ignore[call-overload]
    return rlp.encode(fields)  # type: ignore[arg-type]


def test_a_headers_fields_are_read_and_its_hash_follows():
    found = parse_header(header())
    said = story().chain.ask("eth_getBlockByNumber", "latest", False)
    assert "0x" + found.hash.hex() == said["hash"]
    assert "0x" + found.state_root.hex() == said["stateRoot"]
    assert (found.number, found.time) == (int(said["number"], 16), int(said["timestamp"], 16))


@pytest.mark.parametrize(
    "changes",
    [
        {"f0": b"\1" * 31}, {"f2": b"\1" * 32}, {"f6": b""}, {"f8": b"\0\1"}, {"f8": b"\1" * 33}, {"f11": b"\xff" * 9},
        {"f14": b"\1" * 9}, {"f3": []}, {"f16": b"\1"},
    ],
)  # fmt: skip
def test_a_malformed_header_is_refused(changes):
    with pytest.raises(Refused):
        parse_header(header(**changes))


@pytest.mark.parametrize("data", [b"", b"\xc0", b"\x80", rlp.encode([b""] * 14), rlp.encode([b""] * 22)])
def test_what_is_no_header_is_refused(data):
    with pytest.raises(Refused):
        parse_header(data)


def test_a_header_is_signed_for_one_network_by_one_key():
    from cinepeer.records import keys

    signed = sign_header(SEED, NETWORK, header())
    verify_header(signed, NETWORK, keys.public_key(SEED))
    for network, key in ((Cid.of(b"other", RAW), SEED), (NETWORK, b"\1" * 32)):
        with pytest.raises(Refused, match="signature"):
            verify_header(signed, network, keys.public_key(key))


def test_an_account_and_a_slot_that_do_not_exist_are_shown_empty():
    assert read_account(EMPTY_ROOT, b"\1" * 20, []) == NO_ACCOUNT
    assert read_slot(EMPTY_ROOT, 5, []) == 0


def test_an_account_of_another_form_is_refused():
    from trie import HexaryTrie

    from cinepeer.rights.keccak import keccak

    for value in (b"\x80", rlp.encode([b"", b"", b"\1" * 32]), rlp.encode([b"", b"", b"\1", b"\1" * 32])):
        trie = HexaryTrie({})
        trie[keccak(b"\1" * 20)] = value
        nodes = [rlp.encode(node) for node in trie.get_proof(keccak(b"\1" * 20))]
        with pytest.raises(Refused):
            read_account(trie.root_hash, b"\1" * 20, nodes)


def test_packed_words_come_apart():
    value = 5 << 224 | 3 << 216 | 500 << 200 | 1_700_000_000 << 160 | int.from_bytes(b"\7" * 20, "big")
    found = split_title(value)
    assert (found.controller, found.since, found.royalty, found.status, found.tenure) == (
        b"\7" * 20, 1_700_000_000, 500, 3, 5,
    )  # fmt: skip
    assert split_purse(9 << 128 | 4) == (4, 9)
    assert split_anchor(int.from_bytes(b"\1" * 24, "big") << 64 | 12) == (b"\1" * 24, 12)


def test_code_is_ours_only_with_the_right_words_in_its_holes():
    chain = story().chain
    code = bytes.fromhex(chain.ask("eth_getCode", "0x" + chain.contracts.licences.hex(), "latest")[2:])
    deployer = bytes.fromhex(chain.genesis["deployer"][2:])
    verify_code("Licences", code, SHIPPED, chain.contracts, deployer)
    start, role = SHIPPED.shapes["Licences"].holes[0]
    changed = code[:start] + bytes(32) + code[start + 32 :]
    with pytest.raises(Refused, match=role):
        verify_code("Licences", changed, SHIPPED, chain.contracts, deployer)
    for wrong in (code[:-1], code + b"\0", b"", code[:100] + b"\xff" + code[101:]):
        with pytest.raises(Refused, match="expected the shipped"):
            verify_code("Licences", wrong, SHIPPED, chain.contracts, deployer)
    with pytest.raises(Refused):
        verify_code("Licences", code, SHIPPED, replace(chain.contracts, chain_id=5), deployer)


def test_a_hole_beyond_the_code_blanks_nothing():
    known = replace(SHIPPED, shapes={"Licences": CodeShape(bytes(32), ((10**6, "titles"),))})
    with pytest.raises(Refused):
        verify_code("Licences", b"short", known, story().chain.contracts, b"\1" * 20)


@pytest.mark.parametrize("data", [b"", b"\x80", b"\x80\x00", b"\xff" * 9])
def test_lengths_of_another_form_are_refused(data):
    with pytest.raises(Refused, match="at byte 0"):
        read_varint(memoryview(data), 0, "a length")


@pytest.mark.parametrize(
    "header_hex",
    [
        "a0",  # no roots
        "a265726f6f7473806776657273696f6e01",  # none
        "a265726f6f747381006776657273696f6e01",  # no link
        "6161",
    ],
)
def test_another_car_header_is_a_fault_with_its_place(header_hex):
    data = bytes.fromhex(header_hex)
    found = scan(memoryview(bytes([len(data)]) + data))
    assert found.root is None
    assert "at byte 1" in found.faults[0]


def test_a_file_is_audited_where_it_lies(tmp_path):
    path = tmp_path / "film.audit.car"
    path.write_bytes(sound_bundle())
    report = audit_file(path)
    assert report.ok
    assert report == audit_bytes(sound_bundle())
    assert Finding(report).text().startswith("audit: every check held")
    assert Finding(report).json().startswith('{"basis":[')


def test_an_empty_file_is_a_bundle_that_does_not_hold(tmp_path):
    path = tmp_path / "empty.car"
    path.write_bytes(b"")
    report = audit_file(path)
    assert not report.ok
    assert "FAIL" in Finding(report).text()


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(BadInput, match="found no bundle"):
        audit_file(tmp_path / "nothing.car")
    with pytest.raises(BadInput):
        audit_file(tmp_path)


# -- the log of one film -----------------------------------------------------------------------------


def test_a_films_bundle_needs_of_a_large_log_its_own_entries_and_those_that_touch_it():
    """Another film of the same creator is left out, a later claim of this one stays; the audit's lines are the same."""
    fresh = new_story()
    chain, contracts = fresh.chain, fresh.chain.contracts
    other = replace(fresh.deed, content=b"\1" * 32, metadata=b"\2" * 32)
    claim = replace(fresh.deed, creator=signatures.address_of(scene.CINEMA))
    for key, deed in ((scene.CREATOR, other), (scene.CINEMA, claim)):
        chain.send(scene.RELAYER, contracts.titles, deeds.register_call(deed, deeds.sign_deed(key, deed, contracts)))
    entries = decode_all(chain.logs(), contracts)
    kept = film_logs(entries, fresh.title, [signatures.address_of(scene.RELAYER)])
    whole, part = (verify(fresh.bundle(logs=logs), EXPECTATIONS) for logs in (chain.logs(), kept))
    assert part.ok
    assert len(chain.logs()) - len(kept) == 3
    assert [line.check for line in part.lines] == [line.check for line in whole.lines]
    assert "1 later titles" in scene.sentence(part, "competing claims")
    assert [log for log in film_logs(entries, fresh.title, []) if log.address == contracts.anchors] == []
    assert film_logs(entries, bytes(20), []) == []
