"""How the API shows lists and what made them: plain JSON values, every id as text."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Mapping
from typing import Any

from cinepeer.app.recommend import Cause, Explained
from cinepeer.errors import BadInput, Refused
from cinepeer.faces.http import views
from cinepeer.faces.http.parts import Parts
from cinepeer.recommend.rules import Facts
from cinepeer.recommend.served import MAX_SCALE
from cinepeer.recommend.wishes import Wishes, wishes_map
from cinepeer.records.bodies import parse_film_id
from cinepeer.records.cid import Cid
from cinepeer.trust.same import Word

MAX_LIMIT = 200
BESIDE = frozenset(("rules", "off", "forgotten", "less", "hidden"))
# A dial of 100, the value of a like, the greatest step and the greatest weight.
ONE = 100 * 64 * MAX_SCALE * 127


def wishes_of(parts: Parts, told: Mapping[str, Any]) -> Wishes:
    """The kept wishes with what a question asks otherwise this once; raises `BadInput`.

    Rules, switches and films that are named come beside those kept; anything else takes their place.
    """
    kept = wishes_map(parts.recommendations.taste.wishes)
    named = {}
    for name, value in told.items():
        if value is not None:
            named[name] = list(dict.fromkeys([*kept[name], *value])) if name in BESIDE else value
    return parts.recommendations.wish(named)


def wishes(kept: Wishes) -> dict[str, Any]:
    """Wishes as plain values."""
    return wishes_map(kept)


def digest(text: str) -> bytes:
    """32 bytes from hex; raises `BadInput`."""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != 32:
        raise BadInput(f"found the root {text[:80]!r}, expected 64 hexadecimal digits")
    return found


def limited(limit: int) -> int:
    """A length that a list may have."""
    return max(1, min(limit, MAX_LIMIT))


def viewer_of(parts: Parts, told: str | None) -> Cid:
    """Whose list is asked for: this node's author's, another's by id, or with an empty text nobody's."""
    return parts.author.id if told is None else views.cid(told) if told else Cid()


async def recommendations(parts: Parts, viewer: Cid, wishes: Wishes, limit: int) -> dict[str, Any]:
    """The list with its evidence, and the model that it was ranked by; of another than the owner by public ratings."""
    made, is_own = parts.recommendations, viewer == parts.author.id
    explained, found = await made.best(viewer, wishes, limited(limit))
    return {
        "author": str(viewer) if viewer else "",
        "model": str(made.model_id),
        "fitted_on": made.fitted.ratings,
        "source": made.source,
        "one": ONE,
        "films": [_explained(one) for one in explained],
        "wishes": wishes_map(wishes),
        "left_out": dict(found.left_out),
        "private": len(made.taste.private) if is_own else 0,
    }


async def opened(parts: Parts, viewer: Cid, text: str, wishes: Wishes, limit: int) -> dict[str, Any]:
    """One film opened: why it is in the list, or why it is not."""
    try:
        film = parse_film_id(text)
    except Refused as error:
        raise BadInput(str(error)) from error
    found = await parts.recommendations.open(viewer, film, wishes, limited(limit))
    change = found.counterfactual
    return {
        "film": film,
        "place": found.place,
        "reason": found.reason,
        "needed": found.needed,
        "one": ONE,
        "found": None if found.explained is None else _explained(found.explained),
        "change": None if change is None else dataclasses.asdict(change),
    }


def model(parts: Parts) -> dict[str, Any]:
    """The fitted model and what it was fitted on."""
    made = parts.recommendations
    return {
        "model": str(made.model_id),
        "light": None if made.light_id is None else str(made.light_id),
        "size_bytes": len(made.fitted.data),
        "light_bytes": len(made.fitted.light),
        "films": len(made.model.films),
        "fitted_on": made.fitted.ratings,
        "root": made.fitted.root.hex(),
    }


async def receipt(parts: Parts, wishes: Wishes, limit: int, is_sealed: bool) -> dict[str, Any]:
    """A receipt of the list as it is now, without its model's bytes."""
    await parts.recommendations.fit(parts.author.id)
    made = await parts.receipts.state(parts.author.id, wishes, limited(limit), is_sealed=is_sealed)
    return {
        "head": base64.b64encode(made.head).decode(),
        "opening": None if made.opening is None else base64.b64encode(made.opening).decode(),
        "model": str(made.model),
    }


def _explained(found: Explained) -> dict[str, Any]:
    listed = found.listed
    return {
        "film": listed.film,
        "name": found.name,
        "score": listed.score,
        "by": listed.by,
        "likes": listed.likes,
        "evidence": [_cause(cause) for cause in found.causes],
        "joined": [joined(word) for word in found.joined],
        "facts": _facts(listed.facts),
    }


def joined(word: Word) -> dict[str, Any]:
    """A word on two films, and in what standing its author says it."""
    return {
        "films": list(word.pair),
        "same": word.is_same,
        "by": word.standing.name.lower(),
        "author": str(word.author),
        "record": str(word.record),
    }


def _facts(facts: Facts) -> dict[str, Any]:
    found = dataclasses.asdict(facts)
    del found["is_seen"]
    return found


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "channel": cause.part.channel,
        "film": cause.part.film,
        "stars": cause.stars,
        "adds": cause.part.adds,
        "record": None if cause.record is None else str(cause.record),
        "liked_both": cause.both,
        "viewers": [
            {"author": str(author), "of_yours": str(theirs), "of_this": str(that)}
            for author, theirs, that in cause.viewers
        ],
        "shared": list(cause.shared),
        "rated_as": cause.rated_as,
    }
