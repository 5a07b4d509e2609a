"""Deeds and offers: one digest, one kept form, one calldata; checked against eth-account where that can be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_account.messages import encode_typed_data
from eth_utils import keccak

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.rights import deeds
from cinepeer.rights.deeds import Deed, Offer
from cinepeer.rights.deployment import predict
from cinepeer.rights.signatures import address_of

KEY = b"\x21" * 32
CONTRACTS = predict(b"\x05" * 20, 1337)
DEED = Deed(
    creator=address_of(KEY), content=b"\x01" * 32, metadata=b"\x02" * 32, fingerprint=b"\x03" * 32, royalty=500,
    deadline=2**200, holders=(b"\x0a" * 20, b"\x0b" * 20), shares=(7000, 3000),
)  # fmt: skip
OFFER = Offer(
    title=b"\x07" * 20, seller=address_of(KEY), token=deeds.NATIVE, price=2**127, opens=1, closes=2**40 - 1, start=0,
    end=0, term=86_400, supply=2**32 - 1, media=2**31 | 1, remixShares=100, exclusive=True, revocable=False,
    territory=2**256 - 1, terms=b"\x09" * 32, salt=2**255,
)  # fmt: skip


def typed(name: str, contract: bytes, struct: Deed | Offer) -> bytes:
    """The digest that eth-account signs for the same struct."""
    kind = type(struct).__name__
    fields = [{"name": field, "type": sort} for field, sort in struct.KINDS.items()]
    domain = {"name": name, "version": "1", "chainId": CONTRACTS.chain_id, "verifyingContract": "0x" + contract.hex()}
    message = {field: list(value) if isinstance(value, tuple) else value for field, value in _fields(struct).items()}
    if isinstance(struct, Offer):
        message["title"] = int.from_bytes(struct.title, "big")
    signable = encode_typed_data(domain, {kind: fields}, message)
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


def _fields(struct: Deed | Offer) -> dict[str, object]:
    return {field: getattr(struct, field) for field in struct.KINDS}


def test_the_digest_of_a_deed_is_what_wallets_sign():
    assert DEED.digest(CONTRACTS) == typed("CinepeerTitles", CONTRACTS.titles, DEED)


def test_the_digest_of_an_offer_is_what_wallets_sign():
    assert OFFER.digest(CONTRACTS) == typed("CinepeerLicences", CONTRACTS.licences, OFFER)


def test_a_signature_recovers_to_its_signer_and_no_other_struct():
    assert deeds.recover(DEED.digest(CONTRACTS), deeds.sign_deed(KEY, DEED, CONTRACTS)) == DEED.creator
    assert deeds.recover(OFFER.digest(CONTRACTS), deeds.sign_offer(KEY, OFFER, CONTRACTS)) == OFFER.seller
    other = replace(DEED, royalty=501).digest(CONTRACTS)
    assert deeds.recover(other, deeds.sign_deed(KEY, DEED, CONTRACTS)) != DEED.creator


@pytest.mark.parametrize("struct", [DEED, OFFER])
def test_a_struct_is_kept_in_records_and_read_back(struct):
    kept = dagcbor.decode(dagcbor.encode(struct.to_map()))
    assert type(struct).from_map(kept) == struct


def test_wide_numbers_are_kept_as_32_bytes_and_narrow_ones_as_numbers():
    kept = OFFER.to_map()
    assert kept["price"] == (2**127).to_bytes(32, "big")
    assert kept["title"] == bytes(12) + b"\x07" * 20
    assert kept["closes"] == 2**40 - 1
    assert kept["exclusive"] is True


@pytest.mark.parametrize(
    "change",
    [
        {"price": 5}, {"price": b"\1"}, {"closes": 2**40}, {"closes": True}, {"exclusive": 1}, {"seller": b"\1" * 19},
        {"title": b"\1" * 32}, {"supply": -1}, {"remixShares": 2**16}, {"terms": b""}, {"terms": None},
    ],
)  # fmt: skip
def test_another_form_of_an_offer_is_refused(change):
    with pytest.raises(Refused) as refused:
        Offer.from_map(OFFER.to_map() | change)
    assert refused.value.reason in ("bad-deed", "bad-title")


@pytest.mark.parametrize("change", [{"holders": b""}, {"holders": [b"\1"]}, {"shares": [65536, 1]}, {"shares": 3}])
def test_another_form_of_a_deed_is_refused(change):
    with pytest.raises(Refused):
        Deed.from_map(DEED.to_map() | change)


def test_fields_that_are_missing_or_more_are_refused():
    fields = DEED.to_map()
    with pytest.raises(Refused):
        Deed.from_map(fields | {"more": 1})
    fields.pop("codec")
    with pytest.raises(Refused):
        Deed.from_map(fields)


def test_calldata_begins_with_the_selector_of_the_full_signature():
    kinds = "(address,bytes32,bytes32,bytes32,uint8,uint16,uint256,address[],uint16[])"
    assert deeds.register_call(DEED, b"s")[:4] == keccak(f"register({kinds},bytes)".encode())[:4]
    assert deeds.withdraw_call(b"\1" * 20, b"\2" * 20)[:4] == keccak(b"withdraw(uint256,address,address)")[:4]
    assert deeds.anchor_call(b"\1" * 32, 5) == keccak(b"anchor(bytes32,uint64)")[:4] + b"\1" * 32 + (5).to_bytes(32)


def test_a_title_is_a_number_of_160_bits():
    assert deeds.title_bytes(deeds.title_number(b"\xff" * 20)) == b"\xff" * 20
    for number in (-1, 2**160):
        with pytest.raises(Refused):
            deeds.title_bytes(number)
