"""A deed as a file: whole, signed by its owners alone, for this network, in time; anything else in one sentence."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from cinepeer.app.deed_file import DeedFile, parse_deed_file
from cinepeer.errors import BadInput
from cinepeer.rights.deeds import Deed, sign_deed
from cinepeer.rights.deployment import predict
from cinepeer.rights.signatures import address_of

ANNA, BELA, CARL = b"\x0a" * 32, b"\x0b" * 32, b"\x0c" * 32
CONTRACTS = predict(b"\x01" * 20, 7171)
DEED = Deed(
    creator=address_of(ANNA),
    content=b"\x01" * 32,
    metadata=b"\x02" * 32,
    fingerprint=b"\x03" * 32,
    royalty=500,
    deadline=2_000_000_000,
    holders=(address_of(ANNA), address_of(BELA)),
    shares=(7_000, 3_000),
)
FILE = DeedFile(DEED, CONTRACTS, "bafyfilm", "Tin", {}).signed(address_of(ANNA), sign_deed(ANNA, DEED, CONTRACTS))


def changed(**fields: Any) -> dict[str, Any]:
    """The file with other fields; those of the deed by `deed_NAME`."""
    found = copy.deepcopy(FILE.to_json())
    for name, value in fields.items():
        (found["deed"] if name.startswith("deed_") else found)[name.removeprefix("deed_")] = value
    return found


def test_a_file_is_read_back_as_it_was_written_and_says_who_is_missing() -> None:
    read = parse_deed_file(FILE.to_json(), [CONTRACTS])
    assert read == FILE
    assert read.missing() == [address_of(BELA)]
    assert read.missing(without={address_of(BELA)}) == []
    whole = read.signed(address_of(BELA), sign_deed(BELA, DEED, CONTRACTS))
    assert parse_deed_file(whole.to_json(), [CONTRACTS]).missing() == []


def test_a_deed_is_carried_up_to_and_with_its_last_second() -> None:
    FILE.check_time(2_000_000_000)
    with pytest.raises(BadInput, match="a deed that expired at 2000000000"):
        FILE.check_time(2_000_000_001)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (None, "found no deed file"),
        ([], "found no deed file"),
        (changed(format="cinepeer/deed/2"), "found no deed file"),
        (changed(more=1), "found no deed file"),
        (changed(chain=1), "found a deed for chain 1 at 0x"),
        (changed(contract="0x" + "00" * 20), "found a deed for chain 7171 at 0x0000"),
        (changed(deed={}), "found another form of deed"),
        (changed(deed_creator="0x12"), "expected 20 bytes in hex"),
        (changed(deed_content="0x" + "zz" * 32), "expected 32 bytes in hex"),
        (changed(deed_shares=[7_000, 2_999]), "found shares of 9,999 in all, expected 10,000"),
        (changed(deed_shares=[10_000]), "holders and shares that do not pair"),
        (changed(deed_holders=["0x" + "11" * 20] * 2), "holders and shares that do not pair"),
        (changed(deed_holders=7), "found no list of holders"),
        (changed(deed_shares=[True, 9_999]), "out of range"),
        (changed(deed_shares=7), "do not pair"),
        (changed(deed_royalty=-1), "out of range"),
        (changed(deed_royalty=1 << 20), "Deed"),
        (changed(deed_deadline="soon"), "out of range"),
        (changed(signatures={"0x" + "11" * 20: "0x" + "00" * 65}), "expected only those of the deed's owners"),
        (changed(signatures={"0x" + address_of(BELA).hex(): "0x00"}), "expected 65 bytes"),
        (changed(signatures={"0x" + address_of(BELA).hex(): "0x" + "00" * 65}), "expected its own"),
        (
            changed(signatures={"0x" + address_of(BELA).hex(): "0x" + sign_deed(CARL, DEED, CONTRACTS).hex()}),
            f"found a signature by 0x{address_of(CARL).hex()} under 0x{address_of(BELA).hex()}",
        ),
        (changed(deed_royalty=501), f"under 0x{address_of(ANNA).hex()}, expected its own"),
    ],
)
def test_what_is_no_deed_of_ours_is_told_in_one_sentence(found: Any, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence) as refused:
        parse_deed_file(found, [CONTRACTS])
    assert "\n" not in str(refused.value)
