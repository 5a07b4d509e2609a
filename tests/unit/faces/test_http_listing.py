"""Which films lists name, and to whom."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cinepeer.faces.http.views import may_list

PARTS: Any = SimpleNamespace(author=SimpleNamespace(id="me"), clock_ms=lambda: 1_000_000)


def film(author: str, **fields: Any) -> Any:
    return SimpleNamespace(author=author, fields=fields)


@pytest.mark.parametrize("fields", [{"unlisted": True}, {"premiere": 1_001}])
def test_what_is_not_out_is_named_to_its_own_creator_alone(fields: dict[str, Any]) -> None:
    assert may_list(PARTS, film("me", **fields))
    assert not may_list(PARTS, film("me", **fields), is_own=False)
    assert not may_list(PARTS, film("another", **fields))


def test_what_is_out_is_named_to_everybody() -> None:
    assert may_list(PARTS, film("another", premiere=1_000))
    assert may_list(PARTS, film("me", premiere=1_000), is_own=False)
    assert may_list(PARTS, film("another", unlisted="yes", premiere="soon")), "odd words say nothing"
