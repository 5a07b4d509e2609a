"""A CID under the identity hash holds its block; in any other form it is refused."""

from __future__ import annotations

import base64

import pytest

from cinepeer.content.identity import EMPTY, is_identity, read_identity
from cinepeer.errors import Refused
from cinepeer.records.cid import RAW, Cid


def identity(block: bytes, size: int | None = None) -> str:
    data = b"\x01\x55\x00" + bytes((len(block) if size is None else size,)) + block
    return "b" + base64.b32encode(data).decode().lower().rstrip("=")


@pytest.mark.parametrize("block", [b"", b"a", b"film" * 20])
def test_the_block_is_what_the_id_holds(block: bytes) -> None:
    assert is_identity(identity(block))
    assert read_identity(identity(block)) == block


def test_the_probe_is_the_empty_block() -> None:
    assert identity(b"") == EMPTY
    assert not is_identity(str(Cid.of(b"", RAW)))


@pytest.mark.parametrize(
    "text", [identity(b"abc", 2), identity(b"abc", 4), "bafkqa", EMPTY.upper(), "bafkqa!", "bafkqab"]
)
def test_any_other_form_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read_identity(text)
    assert refused.value.reason == "bad-cid"
