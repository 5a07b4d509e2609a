"""Checks of a title that a complete record makes hard to fail: each fails when contract and replay differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cinepeer.rights import bundle as bundles
from cinepeer.rights.audit import Expectations, verify
from cinepeer.rights.audit_ledger import LedgerAudit, audit_block, audit_log
from cinepeer.rights.audit_title import audit_title
from cinepeer.rights.container import scan
from cinepeer.rights.deeds import NATIVE
from cinepeer.rights.inspection import Inspection
from cinepeer.rights.shipped import SHIPPED
from cinepeer.rights.signatures import address_of
from cinepeer.rights.slots import anchor_slot, purse_slot, title_slot, until_slot
from unit.rights.scene import CINEMA, CREATOR, RELAYER, failed, sound_bundle, story

TITLE = "TitleRegistry"


def audited(change: Callable[[LedgerAudit], None]) -> list[str]:
    """The lines that fail when the ledger's findings are changed before the title is checked."""
    data = memoryview(sound_bundle())
    container = scan(data)
    get = bundles.sound_blocks(container, data)
    assert container.root is not None
    evidence = bundles.read_evidence(container.root, get)
    inspection = Inspection()
    ledger = audit_block(inspection, evidence, get, SHIPPED, None)
    audit_log(inspection, evidence, ledger)
    assert all(line.ok for line in inspection.lines)
    change(ledger)
    inspection.lines.clear()
    audit_title(inspection, evidence, ledger, SHIPPED)
    return [line.check for line in inspection.lines if not line.ok]


def shifted(name: str, slot: int, by: int = 1) -> Callable[[LedgerAudit], None]:
    def change(ledger: LedgerAudit) -> None:
        ledger.slots[name, slot] += by

    return change


def test_nothing_fails_when_nothing_is_changed():
    assert audited(lambda ledger: None) == []


@pytest.mark.parametrize("bit", [0, 160, 200, 216, 224])
def test_another_controller_time_royalty_status_or_tenure_is_found(bit):
    assert audited(shifted(TITLE, title_slot(story().title), 1 << bit)) == ["control and status"]


def test_other_metadata_than_the_contracts_are_found():
    assert audited(shifted(TITLE, title_slot(story().title) + 2)) == ["control and status"]


@pytest.mark.parametrize("by", [1, 1 << 128])
def test_another_purse_than_the_contracts_is_found(by):
    assert audited(shifted(TITLE, purse_slot(story().title, NATIVE), by)) == ["payments and withdrawals"]


@pytest.mark.parametrize("by", [1, 1 << 64])
def test_other_anchors_than_the_contracts_are_found(by):
    account = address_of(RELAYER)
    assert audited(shifted("Anchors", anchor_slot(account), by)) == [f"anchors of 0x{account.hex()}"]


def test_another_end_of_a_licence_than_the_contracts_is_found():
    offer = story().offer.digest(story().chain.contracts)
    assert audited(shifted("Licences", until_slot(offer, address_of(CINEMA)))) == ["licence 1"]


def test_shares_that_do_not_sum_to_the_whole_are_found():
    def change(ledger: LedgerAudit) -> None:
        assert ledger.title is not None
        ledger.title.shares[address_of(CREATOR)] -= 1

    assert audited(change) == ["shares"]


def test_licences_that_exclude_each_other_are_found():
    def change(ledger: LedgerAudit) -> None:
        assert ledger.state is not None
        (licence,) = ledger.state.licences
        offer = replace(ledger.state.offers[licence.offer], exclusive=True, salt=1)
        ledger.state.offers[b"another"] = offer
        ledger.state.licences.append(replace(licence, offer=b"another"))

    assert "exclusivity" in audited(change)


def test_a_licence_without_a_sale_is_found():
    def change(ledger: LedgerAudit) -> None:
        assert ledger.state is not None
        (licence,) = ledger.state.licences
        ledger.state.licences.append(replace(licence, start=licence.start + 1))

    assert "licences are complete" in audited(change)


def test_a_title_of_another_purse_is_found():
    shipped = replace(SHIPPED, purse=bytes(32))
    assert failed(verify(sound_bundle(), Expectations(shipped))) == ["title's id"]
