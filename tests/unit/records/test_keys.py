"""Keys: the constants of the strict check follow from the curve, and good signatures are everybody's."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from nacl import bindings

from cinepeer.errors import Refused
from cinepeer.records import keys
from vectors import edwards as curve
from vectors.ed25519_cases import cases, loose_forms
from vectors.people import seed_of


def test_the_check_knows_the_curves_numbers() -> None:
    assert (keys.ORDER, keys.PRIME) == (curve.L, curve.P)
    assert curve.times(curve.L, curve.BASE) == curve.IDENTITY


def test_no_encoding_of_a_small_point_passes() -> None:
    forms = loose_forms()
    assert len(forms) == 14
    assert {curve.decode_loosely(form) for form in forms} == set(curve.torsion())
    assert not any(map(keys.is_strict_point, forms))


def test_no_y_beyond_p_passes() -> None:
    for number in range(curve.P, 1 << 255):
        for sign in (0, 1):
            assert not keys.is_strict_point((number | sign << 255).to_bytes(32, "little"))
    assert keys.is_strict_point((curve.P - 2).to_bytes(32, "little"))


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_point_has_32_bytes(size: int) -> None:
    assert not keys.is_strict_point(b"\x11" * size)


def test_signatures_are_those_of_openssl_and_libsodium() -> None:
    for number in range(5):
        seed, message = seed_of("key", number), b"x" * number
        other = Ed25519PrivateKey.from_private_bytes(seed)
        assert keys.public_key(seed) == other.public_key().public_bytes_raw()
        assert keys.sign(seed, message) == other.sign(message)
        keys.verify(keys.public_key(seed), message, other.sign(message))


def test_the_cases_hold_some_on_which_libraries_and_lenient_verdicts_differ() -> None:
    """Otherwise the vectors would show nothing: each of the other verdicts takes a signature that ours refuses."""
    lenient = openssl = 0
    for _, public, message, signature in cases():
        if len(signature) != 64 or len(public) != 32 or curve.is_valid(public, message, signature):
            continue
        lenient += curve.is_valid_with_cofactor(public, message, signature)
        openssl += openssl_takes(public, message, signature)
        with pytest.raises(Exception, match=r"forged|corrupt"):
            bindings.crypto_sign_open(signature + message, public)
    assert lenient >= 30
    assert openssl >= 5


def openssl_takes(public: bytes, message: bytes, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def test_a_sentence_says_what_is_wrong() -> None:
    public, message = keys.public_key(bytes(32)), b"film"
    good = keys.sign(bytes(32), message)
    for signature, words in (
        (bytes(64), "loose form"),
        (good[:32] + b"\xff" * 32, "scalar"),
        (good[:63] + bytes((good[63] ^ 1,)), "another key"),
    ):
        with pytest.raises(Refused, match=words):
            keys.verify(public, message, signature)
