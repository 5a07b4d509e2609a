"""Older ids are read and written at the edge alone."""

from __future__ import annotations

import pytest

from cinepeer.content.cidv0 import parse_any, text_of
from cinepeer.errors import Refused
from cinepeer.records.cid import DAG_PB, RAW, Cid

EMPTY_FOLDER = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"


def test_the_empty_folder_has_its_well_known_id() -> None:
    cid = Cid.of(b"\x0a\x02\x08\x01", DAG_PB)
    assert text_of(cid, 0) == EMPTY_FOLDER
    assert parse_any(EMPTY_FOLDER) == cid
    assert parse_any(str(cid)) == cid
    assert text_of(cid, 1) == str(cid)


def test_a_raw_block_has_no_older_form() -> None:
    assert text_of(Cid.of(b"", RAW), 0) == str(Cid.of(b"", RAW))


@pytest.mark.parametrize(
    "text", ["", "Qm", EMPTY_FOLDER[:-1], EMPTY_FOLDER + "n", EMPTY_FOLDER[:-1] + "0", "Qm" + "z" * 44]
)
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        parse_any(text)
