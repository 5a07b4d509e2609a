"""How a viewer wants their list made: dials, rules, switches, and what is to be forgotten. Never a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from cinepeer.errors import BadInput
from cinepeer.recommend.ranking import MAX_DIAL
from cinepeer.recommend.rules import Rule, parse_rule
from cinepeer.recommend.served import NEXT, TASTE
from cinepeer.records.film_id import is_film_id

SIGNALS = ("liked", "disliked", "lately", "less", "popularity", "readiness", "disputes")
"""What may speak in a list; each can be switched off."""

MODELS: Mapping[str, Mapping[str, int]] = {
    "taste": TASTE,
    "next": NEXT,
    "liked": {"liked": 100},
    "popularity": {},
}
"""Which channels of the served model speak, per cent."""

MAX_FILMS = 10_000
MAX_RULES = 20


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a viewer asked of their list.

    `forgotten`: films whose own stars say nothing here. `less`: films like which fewer are wanted. `hidden`: films
    never to be listed. `off`: of `SIGNALS`. `rules`: words for `parse_rule`. `languages`: codes that the viewer reads.
    `territory`: where they say that they are (ISO 3166-1 alpha-2, or empty). `diversity`: 0 to 100.
    `against_popularity`: 0 to 1,000. `model`: of `MODELS`.
    """

    forgotten: frozenset[str] = frozenset()
    less: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    off: frozenset[str] = frozenset()
    rules: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    territory: str = ""
    diversity: int = 0
    against_popularity: int = 0
    model: str = "taste"

    @property
    def dials(self) -> dict[str, int]:
        """Per cent of each kind of channel that speaks."""
        return {kind: dial for kind, dial in MODELS[self.model].items() if kind not in self.off}

    def parsed_rules(self) -> tuple[Rule, ...]:
        """The rules as they are applied; raises `BadInput`."""
        return tuple(parse_rule(text, self.languages) for text in self.rules)


def wishes_map(wishes: Wishes) -> dict[str, Any]:
    """As a map of plain values: lists ascend, rules keep their order."""
    found: dict[str, Any] = {}
    for field in fields(wishes):
        value = getattr(wishes, field.name)
        found[field.name] = (
            sorted(value) if isinstance(value, frozenset) else list(value) if isinstance(value, tuple) else value
        )
    return found


def parse_wishes(told: Mapping[str, Any], before: Wishes | None = None) -> Wishes:
    """`before` (else none at all) with what `told` names of it; raises `BadInput` for what is no wish."""
    known = {field.name for field in fields(Wishes)}
    changed: dict[str, Any] = {}
    for name, value in told.items():
        if name not in known:
            raise BadInput(f"found the wish {str(name)[:40]!r}, expected one of {', '.join(sorted(known))}")
        changed[name] = _parsed(name, value)
    wishes = replace(before or Wishes(), **changed)
    wishes.parsed_rules()
    return wishes


def _parsed(name: str, value: object) -> Any:
    if name in ("forgotten", "less", "hidden"):
        films = _texts(name, value, MAX_FILMS)
        for film in films:
            if not is_film_id(film):
                raise BadInput(f"found {film[:80]!r} among the films of {name}, expected ids of films")
        return frozenset(films)
    if name == "off":
        signals = _texts(name, value, len(SIGNALS))
        for signal in signals:
            if signal not in SIGNALS:
                raise BadInput(f"found the signal {signal[:40]!r}, expected one of {', '.join(SIGNALS)}")
        return frozenset(signals)
    if name in ("rules", "languages"):
        return tuple(_texts(name, value, MAX_RULES))
    if name == "territory":
        return _territory(value)
    if name == "model":
        if value not in MODELS:
            raise BadInput(f"found the model {str(value)[:40]!r}, expected one of {', '.join(MODELS)}")
        return value
    most = 100 if name == "diversity" else MAX_DIAL
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise BadInput(f"found {str(value)[:40]} for {name}, expected a whole number from 0 to {most:,}")
    return value


def _texts(name: str, value: object, most: int) -> list[str]:
    if not isinstance(value, list | tuple | frozenset | set) or not all(isinstance(text, str) for text in value):
        raise BadInput(f"found {type(value).__name__} for {name}, expected a list of words")
    if len(value) > most:
        raise BadInput(f"found {len(value):,} entries for {name}, expected at most {most:,}")
    return list(value)


def _territory(value: object) -> str:
    if value == "":
        return ""
    if not isinstance(value, str) or len(value) != 2 or not (value.isascii() and value.isalpha()):
        raise BadInput(f"found the territory {str(value)[:40]!r}, expected two letters such as FR")
    return value.upper()
