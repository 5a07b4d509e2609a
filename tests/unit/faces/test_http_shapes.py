"""What people send is taken in its own types alone, and nothing is guessed from another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import Field, ValidationError

from cinepeer.faces.http import shapes
from cinepeer.faces.http.api import document
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
    operations = [operation for path in document()["paths"].values() for operation in path.values()]
    media = [one for operation in operations for one in operation.get("requestBody", {}).get("content", {}).values()]
    bodies = {one["schema"]["$ref"].rpartition("/")[2] for one in media if "$ref" in one["schema"]}
    assert len(bodies) > 20
    assert bodies <= {one.__name__ for one in _below(Shape)}


def _below(shape: type) -> Iterator[type]:
    for one in shape.__subclasses__():
        yield one
        yield from _below(one)
