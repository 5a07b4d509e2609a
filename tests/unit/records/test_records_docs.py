"""docs/records.md names what the code has: every kind with its fields, every reason, every vector, every limit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cinepeer.records
from cinepeer.records import bodies, forms, record, roots
from vectors.make import FILES

PAGE = (Path(__file__).parents[3] / "docs" / "records.md").read_text("utf-8")
SOURCES = sorted(Path(cinepeer.records.__path__[0]).glob("*.py"))
ROWS = dict(re.findall(r"^\| `([a-z]+)` \| (.+) \|$", PAGE.split("### Kinds")[1].split("###")[0], re.MULTILINE))


@pytest.mark.parametrize("kind", bodies.KINDS)
def test_every_kind_has_its_row_with_all_fields(kind: str) -> None:
    form = bodies.KINDS[kind]
    for name in (*form.needed, *form.optional):
        assert f"`{name}`" in ROWS[kind]


def test_no_row_is_of_an_unknown_kind() -> None:
    assert set(ROWS) == set(bodies.KINDS)


def test_every_reason_of_a_refusal_is_named() -> None:
    text = "".join(path.read_text("utf-8") for path in SOURCES)
    reasons = set(re.findall(r"Refused\(\s*\"([a-z-]+)\"", text)) | {"not-included", "not-consistent"}
    assert len(reasons) >= 15
    assert {reason for reason in reasons if f"`{reason}`" not in PAGE} == set()


@pytest.mark.parametrize("name", FILES)
def test_every_file_of_vectors_is_named(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize(
    "limit",
    [
        record.MAX_RECORD_BYTES,
        bodies.MAX_BODY_BYTES,
        bodies.MAX_RATINGS,
        forms.MAX_NAME_BYTES,
        forms.MAX_TEXT_BYTES,
        roots.MAX_ROOT_RECORDS,
        roots.MAX_ROOTS,
    ],
)
def test_every_limit_stands_there(limit: int) -> None:
    assert f"{limit:,}" in PAGE
