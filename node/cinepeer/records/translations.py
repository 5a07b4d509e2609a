"""What a film is called and about in other languages, as its record says; other programs may have written it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cinepeer.records.dagcbor import Value
from cinepeer.records.forms import MAX_NAME_BYTES, MAX_TEXT_BYTES

MAX_TRANSLATIONS = 32

_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")  # BCP 47, as far as its form goes


@dataclass(frozen=True, slots=True)
class Translation:
    """A film's name and synopsis in a language, a BCP 47 tag such as zh-Hans."""

    language: str
    name: str
    synopsis: str


def is_language(text: str) -> bool:
    """Whether this has the form of a BCP 47 tag. Never raises."""
    return _TAG.fullmatch(text) is not None


def translations(fields: Mapping[str, Value]) -> list[Translation]:
    """Those in a film record's `translations`, the first of each language; what has another form is left out."""
    found = fields.get("translations")
    read: dict[str, Translation] = {}
    for one in found[:MAX_TRANSLATIONS] if isinstance(found, list) else ():
        translation = _read(one) if isinstance(one, dict) else None
        if translation is not None:
            read.setdefault(translation.language.lower(), translation)
    return list(read.values())


def _read(one: Mapping[str, Value]) -> Translation | None:
    language, name, synopsis = one.get("language"), one.get("name"), one.get("synopsis")
    if not isinstance(language, str) or not isinstance(name, str) or not isinstance(synopsis, str):
        return None
    fits = 0 < len(name.encode()) <= MAX_NAME_BYTES and len(synopsis.encode()) <= MAX_TEXT_BYTES
    return Translation(language, name, synopsis) if fits and is_language(language) else None
