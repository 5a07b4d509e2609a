"""What a film shows that not everybody should see, as its record says it."""

from __future__ import annotations

from collections.abc import Mapping

from cinepeer.records.dagcbor import Value

WARNINGS = (
    "violence",
    "fear",
    "sex",
    "nudity",
    "language",
    "drugs",
    "suicide",
    "discrimination",
    "flashing",
)


def warnings_of(fields: Mapping[str, Value]) -> list[str] | None:
    """What a film record's body warns of, perhaps nothing; None where it says nothing of it. Odd values say nothing."""
    said = fields.get("warnings")
    if not isinstance(said, list):
        return None
    words = [one for one in said if isinstance(one, str)]
    return words if len(words) == len(said) else None
