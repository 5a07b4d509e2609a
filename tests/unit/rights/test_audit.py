"""Every check of an audit holds on a sound bundle, and each fails when what it checks was tampered with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cinepeer.records import dagcbor
from cinepeer.records.cid import Cid
from cinepeer.rights import deeds, signatures
from cinepeer.rights.audit import Expectations, Report, verify
from cinepeer.rights.report import Line, report_html, report_json, report_text
from cinepeer.rights.sequencer import sign_header
from cinepeer.rights.shipped import SHIPPED
from unit.rights import scene
from unit.rights.scene import (
    CREATOR,
    EXPECTATIONS,
    RELAYER,
    SEED,
    audited,
    failed,
    new_story,
    sentence,
    sound_bundle,
    story,
)  # fmt: skip

# -- what holds ------------------------------------------------------------------------------------


def test_a_sound_bundle_holds_in_every_line():
    report = verify(sound_bundle(), EXPECTATIONS)
    assert failed_or_none(report) == []
    assert report.ok
    assert len(report.lines) == 29


def failed_or_none(report: Report) -> list[tuple[str, str]]:
    return [(line.check, line.found) for line in report.failures]


def test_the_report_says_who_holds_what_and_what_was_paid():
    report = verify(sound_bundle(), EXPECTATIONS)
    creator, partner = (signatures.address_of(key).hex() for key in (CREATOR, scene.PARTNER))
    assert f"0x{creator} holds 7000" in sentence(report, "shares")
    assert f"0x{partner} holds 3000" in sentence(report, "shares")
    assert f"paid {scene.PRICE} in block" in sentence(report, "licence 1")
    paid_in = scene.PRICE + scene.TIP
    out = paid_in * 3000 // 10_000
    assert f"{paid_in} paid in and {out} paid out" in sentence(report, "payments and withdrawals")
    assert f"{paid_in * 7000 // 10_000} to 0x{creator}" in sentence(report, "payments and withdrawals")
    assert "9 of 10" in sentence(report, "rating 1")


def test_the_basis_of_trust_is_printed():
    report = verify(sound_bundle(), EXPECTATIONS)
    assert any("signed by the one sequencer" in said for said in report.basis)
    assert any("1 witness signed" in said for said in report.basis)
    assert any("replayed the log against it, not the transactions" in said for said in report.basis)
    assert any("no witness" in said for said in audited(witnessed=False).basis)


def test_a_bundle_is_the_same_bytes_for_the_same_material():
    assert story().bundle() == sound_bundle()


def test_the_report_has_one_json_and_a_text_with_every_line():
    report = verify(sound_bundle(), EXPECTATIONS)
    assert report_json(report) == report_json(verify(sound_bundle(), EXPECTATIONS))
    text = report_text(report)
    assert text.startswith("audit: every check held")
    assert all(line.check in text and line.rests_on in text for line in report.lines)


def test_the_page_of_a_report_holds_every_line_and_no_text_of_strangers_as_markup():
    report = verify(sound_bundle(), EXPECTATIONS)
    page = report_html(report)
    assert page.count("<tr ") == len(report.lines)
    hostile = Report((Line("<script>", False, "<b>", "&", '"'),), {"film": "<i>"}, ("<u>",))
    assert not any(mark in report_html(hostile) for mark in ("<script>", "<b>", "<i>", "<u>"))
    assert "1 of 1 checks did not hold" in report_html(hostile)


def test_a_report_without_lines_does_not_hold():
    assert not Report(()).ok


def test_the_network_that_is_expected_is_taken_and_no_other():
    network = Cid.of(dagcbor.encode(story().chain.genesis), 0x71)
    assert verify(sound_bundle(), Expectations(SHIPPED, network)).ok
    other = verify(sound_bundle(), Expectations(SHIPPED, Cid.of(b"other", 0x71)))
    assert failed(other)[0] == "network"


# -- the ledger ------------------------------------------------------------------------------------


def test_another_genesis_is_another_network_whose_sequencer_did_not_sign():
    other = dict(story().chain.genesis, name="Other")
    assert "block" in failed(audited(genesis=dagcbor.encode(other)))


@pytest.mark.parametrize("genesis", [{}, {"name": 1}, {"name": "x", "chain_id": True, "time": 1}, [1]])
def test_a_genesis_that_is_none_is_named(genesis):
    report = audited(genesis=dagcbor.encode(genesis))
    assert failed(report)[0] == "network"


def test_a_header_that_another_key_signed_does_not_hold():
    network = Cid.of(dagcbor.encode(story().chain.genesis), 0x71)
    signed = sign_header(b"\x09" * 32, network, story().chain.header().rlp)
    assert failed(audited(header=signed))[0] == "block"


def test_a_signature_for_another_network_does_not_hold():
    signed = sign_header(SEED, Cid.of(b"other", 0x71), story().chain.header().rlp)
    assert failed(audited(header=signed))[0] == "block"


@pytest.mark.parametrize("change", [lambda rlp: rlp[:-1], lambda rlp: b"", lambda rlp: rlp[:40] + b"\1" + rlp[41:]])
def test_a_changed_header_does_not_hold(change):
    header = story().chain.header()
    assert failed(audited(header=replace(header, rlp=change(header.rlp))))[0] == "block"


def test_a_contract_with_other_code_is_named():
    code = dict(story().material().code)
    code["Licences"] = code["Licences"][:-1] + b"\0"
    assert "contract Licences" in failed(audited(code=code))


def test_a_contract_that_is_not_the_shipped_one_is_named_even_when_it_stands_there():
    shapes = dict(SHIPPED.shapes)
    shapes["Anchors"] = replace(shapes["Anchors"], digest=bytes(32))
    report = verify(sound_bundle(), Expectations(replace(SHIPPED, shapes=shapes)))
    assert "expected the shipped" in sentence(report, "contract Anchors")


def test_a_contract_made_with_another_bond_is_named():
    report = verify(sound_bundle(), Expectations(replace(SHIPPED, bond=1)))
    assert failed(report) == ["contract Disputes"]
    assert "as bond" in sentence(report, "contract Disputes")


def test_a_proof_that_is_missing_or_twice_is_named():
    accounts = story().material().accounts
    assert "contract TitleRegistry" in failed(audited(accounts=accounts[1:]))
    assert "contract Anchors" in failed(audited(accounts=[*accounts, accounts[3]]))


def test_a_slot_without_proof_is_not_taken_on_trust():
    accounts = list(story().material().accounts)
    accounts[0] = replace(accounts[0], slots=accounts[0].slots[:1])
    assert "title's record is complete" in failed(audited(accounts=accounts))


def test_the_proof_of_another_slot_does_not_serve():
    accounts = list(story().material().accounts)
    first, second, *rest = accounts[0].slots
    swapped = (replace(first, nodes=second.nodes), replace(second, nodes=first.nodes), *rest)
    accounts[0] = replace(accounts[0], slots=swapped)
    assert "contract TitleRegistry" in failed(audited(accounts=accounts))


@pytest.mark.parametrize("at", range(10))
def test_no_log_entry_can_be_dropped(at):
    logs = list(story().material().logs)
    del logs[at]
    assert failed(audited(logs=logs))


@pytest.mark.parametrize("at", range(10))
def test_no_log_entry_can_be_altered(at):
    logs = list(story().material().logs)
    data = bytearray(logs[at].data)
    data[-1] ^= 1
    logs[at] = replace(logs[at], data=bytes(data))
    assert failed(audited(logs=logs))


@pytest.mark.parametrize("at", range(9))
def test_no_log_entries_can_be_exchanged_or_repeated(at):
    logs = list(story().material().logs)
    logs[at], logs[at + 1] = logs[at + 1], logs[at]
    assert "log" in failed(audited(logs=logs))
    again = list(story().material().logs)
    again.insert(at, again[at])
    assert "log" in failed(audited(logs=again))


def test_a_licence_that_was_left_out_with_its_offer_shows_in_the_titles_record():
    logs = [log for log in story().material().logs if log.address != story().chain.contracts.licences]
    report = audited(logs=logs)
    assert failed(report) == ["licences are complete"]
    assert "1 sales without a licence" in sentence(report, "licences are complete")


def test_an_altered_amount_shows_in_the_head():
    logs = list(story().material().logs)
    tip = scene.TIP.to_bytes(32, "big")
    paid = next(at for at, log in enumerate(logs) if log.data[32:64] == tip)
    logs[paid] = replace(logs[paid], data=logs[paid].data.replace(tip, (scene.TIP + 1).to_bytes(32, "big")))
    report = audited(logs=logs)
    assert "incomplete or altered" in sentence(report, "title's record is complete")


def test_entries_after_the_block_are_refused():
    logs = list(story().material().logs)
    logs[-1] = replace(logs[-1], block=logs[-1].block + 1)
    assert "log" in failed(audited(logs=logs))


def test_another_time_of_registration_shows_in_the_head():
    logs = list(story().material().logs)
    data = logs[0].data
    logs[0] = replace(logs[0], data=data[:-32] + (scene.BORN + 1).to_bytes(32, "big"))
    assert "incomplete or altered" in sentence(audited(logs=logs), "title's record is complete")


def test_another_time_of_an_anchor_breaks_the_chain_of_anchors():
    logs = list(story().material().logs)
    data = logs[-1].data
    logs[-1] = replace(logs[-1], data=data[:32] + (scene.BORN + 1).to_bytes(32, "big") + data[64:])
    assert "does not follow" in sentence(audited(logs=logs), "log")


def test_a_log_of_nobodys_contract_is_refused():
    logs = list(story().material().logs)
    logs[0] = replace(logs[0], address=bytes(20))
    assert "no contract of ours" in sentence(audited(logs=logs), "log")


def test_a_title_that_was_never_registered_is_named():
    assert "title's record is complete" in failed(audited(title=b"\1" * 20))


# -- the deed, licences and money ------------------------------------------------------------------


def test_a_deed_signed_by_another_does_not_hold():
    signature = deeds.sign_deed(RELAYER, story().deed, story().chain.contracts)
    assert "deed" in failed(audited(deed_signature=signature))


def test_a_deed_for_another_chain_does_not_hold():
    contracts = replace(story().chain.contracts, chain_id=1)
    assert "deed" in failed(audited(deed_signature=deeds.sign_deed(CREATOR, story().deed, contracts)))


@pytest.mark.parametrize("change", [{"royalty": 501}, {"shares": (7001, 2999)}, {"fingerprint": bytes(32)}])
def test_another_deed_of_the_same_creator_does_not_hold(change):
    deed = replace(story().deed, **change)
    signature = deeds.sign_deed(CREATOR, deed, story().chain.contracts)
    assert "deed" in failed(audited(deed=deed, deed_signature=signature))


def test_a_licence_needs_its_offers_signature():
    assert failed(audited(offers=[])) == ["licence 1"]
    forged = deeds.sign_offer(RELAYER, story().offer, story().chain.contracts)
    assert failed(audited(offers=[(story().offer, forged)])) == ["licence 1"]


def test_other_terms_are_not_the_offers():
    cheap = replace(story().offer, price=1)
    signed = deeds.sign_offer(CREATOR, cheap, story().chain.contracts)
    assert failed(audited(offers=[(cheap, signed)])) == ["licence 1"]


def test_a_licence_that_the_contract_does_not_hold_is_named():
    accounts = list(story().material().accounts)
    accounts[2] = replace(accounts[2], slots=())
    assert failed(audited(accounts=accounts)) == ["licence 1"]


# -- later on the ledger ---------------------------------------------------------------------------


def test_an_earlier_title_on_the_same_film_is_shown():
    fresh = new_story()
    chain = fresh.chain
    thief = replace(fresh.deed, creator=signatures.address_of(scene.CINEMA))
    signed = deeds.sign_deed(scene.CINEMA, thief, chain.contracts)
    receipt = chain.send(RELAYER, chain.contracts.titles, deeds.register_call(thief, signed))
    later = verify(fresh.bundle(), EXPECTATIONS)
    assert later.ok
    assert "1 later titles" in sentence(later, "competing claims")
    taken = bytes.fromhex(receipt["logs"][0]["topics"][1][2:])[12:]
    fresh.title = taken
    report = verify(fresh.bundle(deed=thief, deed_signature=signed), EXPECTATIONS)
    assert "earlier title" in sentence(report, "competing claims")
    assert "author and account" in failed(report)
