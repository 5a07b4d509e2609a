"""Which known films of others a new one shows or sounds like, with the stretches: told before anything is signed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cinepeer.app.catalogue import Film
from cinepeer.content.fingerprint import PICTURES, SOUND, Likeness, Shown, parse_sketch
from cinepeer.content.sound import MAX_SOUND_BITS, SOUND_PACE
from cinepeer.errors import Refused
from cinepeer.records.cid import Cid

MAX_NEAR = 5
MAX_STRETCHES = 20


def near_films(films: Iterable[Film], but: Cid, hashes: Sequence[int], sounds: Sequence[int]) -> list[dict[str, Any]]:
    """The films by other authors than `but` that a film of these hashes is alike, the most alike first.

    `share` and `stretches` are of their pictures, `sound_share` and `sound_stretches` of their sound; a stretch is its
    start there, its start here and its length, in seconds.
    """
    shown, heard = Shown(hashes), Shown(sounds, SOUND_PACE, MAX_SOUND_BITS)
    found: list[tuple[float, dict[str, Any]]] = []
    for film in films:
        for version in film.versions if film.author != but else ():
            seen = _likeness(shown, version.fields, "fingerprint", PICTURES)
            sound = _likeness(heard, version.fields, "sound", SOUND)
            if seen is None and sound is None:
                continue
            alike = max(one.share for one in (seen, sound) if one is not None)
            told = {"film": film.id, "name": film.name, "version": str(version.id), "titled": bool(film.titles)}
            found.append((alike, {**told, **_told(seen, ""), **_told(sound, "sound_")}))
    return [told for _, told in sorted(found, key=lambda pair: -pair[0])[:MAX_NEAR]]


def _likeness(new: Shown, fields: Mapping[str, Any], name: str, form: int) -> Likeness | None:
    """How a version is found in the new film; None too where it has no sketch, or one in a form of later times."""
    said = fields.get(name)
    if type(said) is not bytes:
        return None
    try:
        return new.likeness(parse_sketch(said, form))
    except Refused:
        return None


def _told(alike: Likeness | None, prefix: str) -> dict[str, object]:
    stretches = () if alike is None else alike.stretches[:MAX_STRETCHES]
    share = 0.0 if alike is None else round(alike.share, 2)
    return {f"{prefix}share": share, f"{prefix}stretches": [list(stretch) for stretch in stretches]}
