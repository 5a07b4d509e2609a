"""The verdict on a signature is that of a slow reference, for points of every sort."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from cinepeer.errors import Refused
from cinepeer.records import keys
from vectors import edwards as curve
from vectors.ed25519_cases import loose_forms

TORSION = curve.torsion()
POINTS = st.builds(
    lambda scalar, small: curve.add(curve.times(scalar, curve.BASE), TORSION[small]),
    st.sampled_from([0, 1, 2, 0xF11A]),
    st.integers(0, 7),
)
ENCODED = st.one_of(
    POINTS.map(curve.encode),
    st.sampled_from(loose_forms()),
    st.integers(curve.P, 2**255 - 1).map(lambda number: number.to_bytes(32, "little")),
    st.binary(min_size=32, max_size=32),
)


def verdict(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        keys.verify(public, message, signature)
    except Refused as error:
        assert error.reason == "bad-signature"
        return False
    return True


@settings(max_examples=150)
@given(
    key=st.sampled_from([0, 1, 0xF11A]),
    small_key=st.sampled_from([0, 0, 1, 2, 4]),
    nonce=st.sampled_from([0, 5, 77]),
    small_nonce=st.sampled_from([0, 0, 1, 2, 4]),
    beyond=st.sampled_from([0, 0, 0, 1, 7, 8]),
    message=st.integers(0, 40),
)
def test_crafted_signatures_have_the_verdict_of_the_reference(
    key: int, small_key: int, nonce: int, small_nonce: int, beyond: int, message: int
) -> None:
    a = curve.add(curve.times(key, curve.BASE), TORSION[small_key])
    r = curve.add(curve.times(nonce, curve.BASE), TORSION[small_nonce])
    public, first, text = curve.encode(a), curve.encode(r), str(message).encode()
    s = (nonce + curve.challenge(first, public, text) * key) % curve.L + beyond * curve.L
    signature = first + s.to_bytes(32, "little")
    assert verdict(public, text, signature) == curve.is_valid(public, text, signature)


@settings(max_examples=150)
@given(public=ENCODED, first=ENCODED, s=st.integers(0, 2**256 - 1) | st.integers(0, 9), message=st.binary(max_size=4))
def test_strange_keys_and_points_have_the_verdict_of_the_reference(
    public: bytes, first: bytes, s: int, message: bytes
) -> None:
    signature = first + s.to_bytes(32, "little")
    assert verdict(public, message, signature) == curve.is_valid(public, message, signature)


@settings(max_examples=200)
@given(data=ENCODED)
def test_a_loose_point_is_one_of_small_order_or_beyond_p(data: bytes) -> None:
    y = int.from_bytes(data, "little") & (1 << 255) - 1
    point = curve.decode_loosely(data)
    is_loose = y >= curve.P or (point is not None and curve.is_small(point))
    assert keys.is_strict_point(data) == (not is_loose)


@settings(max_examples=50)
@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=100), bit=st.integers(0, 511))
def test_an_honest_signature_holds_and_no_bit_of_it_can_change(seed: bytes, message: bytes, bit: int) -> None:
    public, signature = keys.public_key(seed), bytearray(keys.sign(seed, message))
    assert verdict(public, message, bytes(signature))
    signature[bit // 8] ^= 1 << bit % 8
    assert not verdict(public, message, bytes(signature))
