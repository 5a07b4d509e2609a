"""The ABI codec: the specification's own examples, and everything that is laid out otherwise."""

from __future__ import annotations

import pytest

from cinepeer.errors import Refused
from cinepeer.rights import abi


def test_selectors_and_topics_are_hashes_of_signatures():
    assert abi.selector("transfer(address,uint256)").hex() == "a9059cbb"
    assert abi.topic("Transfer(address,address,uint256)").hex().startswith("ddf252ad1be2c89b")


def test_the_specifications_example_of_static_words():
    assert abi.encode(["uint32", "bool"], [69, True]).hex() == f"{69:064x}{1:064x}"


def test_the_specifications_example_of_dynamic_arguments():
    data = abi.encode(
        ["uint256", "uint32[]", "bytes10", "bytes"], [0x123, [0x456, 0x789], b"1234567890", b"Hello, world!"]
    )
    words = [data[at : at + 32].hex() for at in range(0, len(data), 32)]
    assert words == [
        f"{0x123:064x}", f"{0x80:064x}", b"1234567890".hex().ljust(64, "0"), f"{0xE0:064x}",
        f"{2:064x}", f"{0x456:064x}", f"{0x789:064x}", f"{13:064x}", b"Hello, world!".hex().ljust(64, "0"),
    ]  # fmt: skip


def test_a_struct_with_arrays_goes_both_ways():
    kinds = [("address", "uint16[]"), "bytes"]
    values = [[b"\1" * 20, [7000, 3000]], b"signature"]
    assert abi.decode(kinds, abi.encode(kinds, values)) == values
    assert abi.written(tuple(kinds)) == "((address,uint16[]),bytes)"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("uint8", 256), ("uint8", -1), ("int8", 128), ("bool", 2), ("address", b"\1" * 19), ("bytes32", b"\1" * 31),
        ("bytes4", 4), ("uint256", b"\1"), ("uint16[]", [1, 65536]), ("bytes", 3), ("uint16[]", 3), (("bool",), b""),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_its_kind_is_refused(kind, value):
    with pytest.raises(Refused):
        abi.encode([kind], [value])


@pytest.mark.parametrize(
    ("kinds", "data"),
    [
        (["uint8"], f"{256:064x}"),  # beyond the type
        (["bool"], f"{2:064x}"),
        (["address"], "01" + "00" * 31),  # dirty padding
        (["bytes4"], "00" * 31 + "01"),
        (["uint256"], "00" * 31),  # short
        (["uint256"], "00" * 33),  # long
        (["bytes"], f"{64:064x}{0:064x}{0:064x}"),  # a gap before the tail
        (["bytes"], f"{32:064x}{1:064x}" + "aa" + "01" * 31),  # dirty padding of bytes
        (["uint16[]"], f"{32:064x}{2:064x}{1:064x}"),  # fewer words than said
        (["uint16[]"], f"{2**255:064x}"),  # an offset beyond the data
        ([("uint16[]",)], f"{32:064x}"),
    ],
)
def test_bytes_laid_out_otherwise_are_refused(kinds, data):
    with pytest.raises(Refused) as refused:
        abi.decode(kinds, bytes.fromhex(data))
    assert refused.value.reason == "bad-abi"


def test_a_negative_number_goes_both_ways():
    assert abi.decode(["int256"], abi.encode(["int256"], [-5])) == [-5]
