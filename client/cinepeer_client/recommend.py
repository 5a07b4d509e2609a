"""What to watch next, ranked here in plain Python from a model whose bytes were checked and from own ratings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cinepeer.errors import CinepeerError, Refused
from cinepeer.recommend.served import MAX_SCALE, ServedModel, load
from cinepeer.recommend.shortlist import Listed, shortlist
from cinepeer.recommend.wishes import Wishes
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer_client.fetch import Nodes, Source
from cinepeer_client.films import find_film
from cinepeer_client.rate import Given
from cinepeer_client.state import State

MAX_TOLD_BYTES = 1 << 16
MAX_MODEL_BYTES = 96 << 20
# A dial of 100, the value of a like, the greatest step and the greatest weight.
ONE = 100 * 64 * MAX_SCALE * 127


@dataclass(frozen=True, slots=True)
class Offered:
    """A model as nodes tell of it: the id of the bytes to rank by, how many ratings it is said to rest on, by whom."""

    model: Cid
    fitted_on: int
    root: str
    by: tuple[str, ...]


def offers(nodes: Nodes) -> list[Offered]:
    """The models that the nodes compute, those that most nodes name first, then by ratings."""
    found: dict[tuple[Cid, int, str], list[str]] = {}
    for source, (model, fitted_on, root) in nodes.each(_ask):
        found.setdefault((model, fitted_on, root), []).append(source.url)
    named = [Offered(*key, tuple(urls)) for key, urls in found.items()]
    return sorted(named, key=lambda one: (-len(one.by), -one.fitted_on, str(one.model)))


def _ask(source: Source) -> tuple[Cid, int, str]:
    """What a node says of its model: the light copy's id where there is one."""
    try:
        told = json.loads(source.get("/api/models", MAX_TOLD_BYTES))
        fitted_on, root = told["fitted_on"], told["root"]
        model = told["light"] or told["model"]
        if type(fitted_on) is not int or not isinstance(root, str) or not isinstance(model, str):
            raise TypeError
        return Cid.parse(model), fitted_on, root
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Refused("bad-model", "found no description of a model, expected its id and what it rests on") from None


def fetch_model(nodes: Nodes, state: State, offered: Offered) -> ServedModel:
    """The model, from the state or from a node; raises `CheckFailed` where only other bytes came."""
    kept = state.model(offered.model)
    if kept is not None:
        return load(kept)

    def read(source: Source) -> tuple[bytes, ServedModel]:
        data = source.get(f"/api/models/{offered.model}", MAX_MODEL_BYTES, "application/octet-stream")
        if not offered.model.matches(data):
            raise Refused("bad-model", f"found other bytes for the model {offered.model}, expected those of its id")
        return data, load(data)

    _, (data, model) = nodes.first(read, f"the model {offered.model}")
    state.keep_model(offered.model, data)
    return model


def recommend(
    nodes: Nodes, state: State, own: Mapping[str, Given], wishes: Wishes, limit: int, now_ms: int
) -> dict[str, Any]:
    """The list with every part of each score; the model is checked, its making is not, and that is said."""
    offered = offers(nodes)
    model = fetch_model(nodes, state, offered[0])
    stars = {film: one.stars for film, one in own.items()}
    times = {film: one.time for film, one in own.items()}
    found = shortlist(model, stars, times, wishes, {}, limit=limit)
    return {
        "model": str(offered[0].model),
        "fitted_on": offered[0].fitted_on,
        "label": f"computed by {', '.join(offered[0].by)}, not replayed",
        "others": [{"model": str(one.model), "fitted_on": one.fitted_on, "by": list(one.by)} for one in offered[1:]],
        "rated": len(own),
        "one": ONE,
        "films": [_shown(nodes, one, own, now_ms) for one in found.films],
    }


def _shown(nodes: Nodes, one: Listed, own: Mapping[str, Given], now_ms: int) -> dict[str, Any]:
    evidence = [
        asdict(part)
        | {"stars": own[part.film].stars if part.film in own else None}
        | {"record": str(own[part.film].record) if part.film in own else None}
        for part in one.parts
    ]
    return {
        "film": one.film,
        "name": _name(nodes, one.film, now_ms),
        "score": one.score,
        "by": one.by,
        "likes": one.likes,
        "evidence": evidence,
    }


def _name(nodes: Nodes, film: str, now_ms: int) -> str | None:
    """A published film's name from its signed record; None for works that are known by an external id alone."""
    if ":" in film:
        return None
    try:
        cid = Cid.parse(film)
        return find_film(nodes, cid, now_ms).name if cid.codec == DAG_CBOR else None
    except (Refused, CinepeerError):
        return None


def told_words(found: Mapping[str, Any], why: bool) -> list[str]:
    """The list in words, with `why` every part of each score."""
    lines = [f"{found['label']}: model {found['model']}, fitted on {found['fitted_on']:,} ratings"]
    lines += [f"another model by {', '.join(one['by'])}: {one['model']}" for one in found["others"]]
    if not found["films"]:
        lines.append("nothing yet: the model knows of no film that you have not rated")
    for place, film in enumerate(found["films"], 1):
        points = 100 * film["score"] / found["one"]
        lines.append(f"{place:3}. {film['name'] or film['film']}  ({film['by']}, score {points:+.2f})")
        if why:
            lines += [
                f"       {100 * part['adds'] / found['one']:+.2f} {part['channel']} {part['film']}"
                + (f", which you gave {part['stars']} stars" if part["stars"] else "")
                for part in film["evidence"]
            ]
    return lines
