"""Hashes, addresses and signatures against values that any Ethereum tool gives."""

from __future__ import annotations

import pytest

from cinepeer.errors import Refused
from cinepeer.rights import signatures
from cinepeer.rights.deployment import created_address, predict, salted_address
from cinepeer.rights.keccak import EMPTY_HASH, keccak

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def test_keccak_is_not_sha3():
    assert EMPTY_HASH.hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak(b"a", b"bc") == keccak(b"abc")


def test_created_addresses_follow_from_account_and_nonce():
    creator = bytes.fromhex("6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0")
    assert created_address(creator, 0).hex() == "cd234a471b72ba2f1ccf0a70fcaba648a5eecd8d"
    assert created_address(creator, 1).hex() == "343c43a37d37dff08ae8c4a11544c718abb4fcf8"


def test_salted_addresses_are_those_of_eip_1014():
    assert salted_address(bytes(20), bytes(32), keccak(b"\0")).hex() == "4d1a2e2bb4f88f0250f26ffff098b0b30b26bf38"
    deployer = bytes.fromhex("deadbeef00000000000000000000000000000000")
    assert salted_address(deployer, bytes(32), keccak(b"\0")).hex() == "b928f69bb1d91cd65274e3c79d8986362984fda3"


def test_a_contract_set_is_predicted_in_the_order_of_its_creation():
    deployer = bytes.fromhex("6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0")
    contracts = predict(deployer, 1337)
    assert contracts.titles == created_address(deployer, 0)
    assert contracts.disputes == created_address(deployer, 1)
    assert contracts.licences == created_address(deployer, 2)
    assert contracts.anchors == created_address(deployer, 3)
    assert contracts.name_of(contracts.disputes) == "Disputes"
    assert contracts.name_of(bytes(20)) is None


def test_a_signature_recovers_to_its_address():
    key, digest = b"\x11" * 32, keccak(b"a deed")
    signature = signatures.sign(key, digest)
    assert signatures.recover(digest, signature) == signatures.address_of(key)
    assert signatures.address_of(key).hex() == "19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"


def test_the_other_s_of_the_same_signature_is_refused():
    digest = keccak(b"a deed")
    signature = signatures.sign(b"\x11" * 32, digest)
    high = ORDER - int.from_bytes(signature[32:64], "big")
    twin = signature[:32] + high.to_bytes(32, "big") + bytes((55 - signature[64],))
    with pytest.raises(Refused, match="canonical"):
        signatures.recover(digest, twin)


@pytest.mark.parametrize(
    "change", [lambda s: s[:64], lambda s: s + b"\0", lambda s: s[:64] + b"\0", lambda s: bytes(65)]
)
def test_signatures_of_another_form_are_refused(change):
    digest = keccak(b"a deed")
    with pytest.raises(Refused) as refused:
        signatures.recover(digest, change(signatures.sign(b"\x11" * 32, digest)))
    assert refused.value.reason == "bad-signature"


def test_an_r_that_is_on_no_curve_point_is_refused():
    digest = keccak(b"a deed")
    for r in range(1, 40):
        try:
            signatures.recover(digest, r.to_bytes(32, "big") + (1).to_bytes(32, "big") + b"\x1b")
        except Refused as refused:
            assert refused.reason == "bad-signature"
            return
    raise AssertionError("some small r must be on no curve point")
