"""What people send is taken in its own types alone, and nothing is guessed from another."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, Field, ValidationError

from cinepeer.faces.http import shapes
from cinepeer.faces.http.shapes import Shape


class Asked(Shape):
    """One field of each sort."""

    alone: bool = False
    cap: int | None = None
    share: float = 0
    credits: list[shapes.Pair[str, int | None]] = Field(default=[])


@pytest.mark.parametrize(
    "given",
    [
        {"alone": 0},
        {"alone": "yes"},
        {"cap": False},
        {"cap": "7"},
        {"share": True},
        {"credits": [["a", True]]},
        {"al": 1},
    ],
)
def test_a_value_of_another_type_is_a_slip(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Asked.model_validate(given)


def test_what_json_has_for_a_type_is_taken() -> None:
    asked = Asked.model_validate({"alone": True, "cap": 7, "share": 1, "credits": [["a", None], ["b", 2]]})
    assert (asked.alone, asked.cap, asked.share, asked.credits) == (True, 7, 1.0, [("a", None), ("b", 2)])


def test_every_body_that_the_api_takes_is_such_a_shape() -> None:
    found = {one for one in vars(shapes).values() if isinstance(one, type) and issubclass(one, BaseModel)}
    assert found - {BaseModel} == {one for one in found if issubclass(one, Shape)} != set()
