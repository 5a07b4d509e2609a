"""What films warn of: said, said to be nothing, or not said at all."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from cinepeer.content.warnings import WARNINGS, warnings_of
from cinepeer.faces.http.shapes import PublishRequest, Warned


@pytest.mark.parametrize(
    ("said", "read"),
    [(["fear", "what a later version knows"], ["fear", "what a later version knows"]), ([], []), (None, None)]
    + [(odd, None) for odd in ("fear", 5, ["fear", 5], {"fear": True})],
)
def test_warnings_are_read_as_they_were_signed_and_odd_ones_say_nothing(said: Any, read: list[str] | None) -> None:
    assert warnings_of({} if said is None else {"warnings": said}) == read


@pytest.mark.parametrize("said", [["violence", "flashing"], [], None])
def test_what_a_creator_says_stands_in_the_film_record(said: list[Any] | None) -> None:
    fields = PublishRequest(path="/f.mp4", name="First Light", warnings=said).facts().fields()
    assert warnings_of(fields) == said
    assert ("warnings" in fields) == (said is not None)


def test_a_word_that_nobody_knows_is_a_slip() -> None:
    assert get_args(Warned) == WARNINGS
    with pytest.raises(ValueError, match="warnings"):
        PublishRequest(path="/f.mp4", name="First Light", warnings=["scary"])  # type: ignore[list-item]
