"""Which known films of others a new one shows or sounds like, with the stretches: told before anything is signed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from cinepeer.app.catalogue import Film
from cinepeer.content.fingerprint import (
    MAX_WHOLE_BYTES,
    PICTURES,
    SOUND,
    WHOLE_FILE,
    Likeness,
    Shown,
    parse_sketch,
    parse_whole,
)
from cinepeer.content.sound import MAX_SOUND_BITS, SOUND_PACE
from cinepeer.content.unixfs import Cat, Directory, parse_node
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


def refined(hashes: Sequence[int], sounds: Sequence[int], whole: bytes) -> dict[str, Any]:
    """The same of one film by its whole fingerprint, from its version's folder; of what it does not show nothing.

    Raises `Refused` (`bad-fingerprint`).
    """
    pictures, sound = parse_whole(whole)
    seen = Shown(hashes).likeness(pictures)
    heard = Shown(sounds, SOUND_PACE, MAX_SOUND_BITS).likeness(sound)
    return {**({} if seen is None else _told(seen, "")), **({} if heard is None else _told(heard, "sound_"))}


async def read_whole(root: Cid, block: Callable[[Cid], Awaitable[bytes | None]]) -> bytes | None:
    """The file `fingerprint` of a version's folder, as far as `block` gives its blocks; None without one.

    Raises `Refused` for blocks that are no folder or file, and for a file that is too long.
    """
    folder = await block(root)
    if folder is None:
        return None
    node = parse_node(root, folder)
    if not isinstance(node, Directory) or WHOLE_FILE not in node.entries:
        return None
    file, data = Cat(node.entries[WHOLE_FILE].cid), b""
    while (needed := file.needed) is not None:
        found = await block(needed)
        if found is None:
            return None
        data += file.feed(found)
        if len(data) > MAX_WHOLE_BYTES:
            raise Refused("too-large", f"found more than {MAX_WHOLE_BYTES:,} bytes of a fingerprint, expected no more")
    return data


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
