"""Makes the frozen answers about what may be shown: `python -m vectors.showing_cases` in `tests`."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from cinepeer.rights.events import Entry, Granted, Log, Registered
from cinepeer.rights.licences import can_show, medium_bit
from cinepeer.rights.state import Licence, State, Status, Title
from cinepeer.rights.territories import WORLD, territory_map
from unit.rights.test_licence_questions import ANNA, BELA, OPEN, OWNER, TITLE

FILE = Path(__file__).parent / "showing.json"

STATES: dict[str, dict[str, Any]] = {
    "open": {},
    "suspended": {"status": 3},
    "void": {"status": 4},
    "contested": {"status": 2},
    "exclusive": {"offers": [["a", True, ["FR", "DE"], ["cinema", "festival"]]], "licences": [["a", "anna", 50, 150]]},
    "exclusive, the world": {"offers": [["a", True, None, ["streaming"]]], "licences": [["a", "anna", 0, 10**12]]},
    "exclusive, taken back": {
        "offers": [["a", True, ["FR"], ["cinema"]]],
        "licences": [["a", "anna", 50, 150, True]],
    },
    "two": {
        "offers": [["a", False, ["FR"], ["cinema"]], ["b", False, ["IT"], ["remix"]]],
        "licences": [["a", "anna", 50, 150], ["b", "bela", 0, 99]],
    },
}
"""By name: a title's status, offers [name, exclusive, territories or null, media], licences [offer, whose, start, end
(, revoked)]."""

PEOPLE = {"anna": ANNA, "bela": BELA, "owner": OWNER}
QUESTIONS = list(product(("FR", "IT", ""), ("cinema", "streaming", "remix"), (49, 50, 150, 151), (None, *PEOPLE)))


def state_of(said: dict[str, Any]) -> State:
    """The state that a case describes; each licence stands in the block 7, its place is its number."""
    deed = Registered(TITLE, OWNER, bytes(32), bytes(32), bytes(32), 0x70, 500, 10)
    title = Title(TITLE, deed, OWNER, bytes(32), status=Status(said.get("status", 1)))
    offers = {
        name.encode(): replace(
            OPEN,
            exclusive=exclusive,
            territory=WORLD if places is None else territory_map(places),
            media=sum(medium_bit(one) for one in media),
        )
        for name, exclusive, places, media in said.get("offers", [])
    }
    licences = []
    for at, (offer, whose, start, end, *revoked) in enumerate(said.get("licences", [])):
        event = Granted(TITLE, offer.encode(), PEOPLE[whose], start, end, 5)
        entry = Entry(event, Log(bytes(20), (), b"", 7, at))
        licences.append(Licence(TITLE, offer.encode(), PEOPLE[whose], start, end, 5, entry, revoked=bool(revoked)))
    return State(titles={TITLE: title}, offers=offers, licences=licences)


def answers(said: dict[str, Any]) -> list[list[Any]]:
    """To every question: whether it may be shown, the code, the facts, and the entry that decides."""
    found, state = [], state_of(said)
    for territory, medium, time, who in QUESTIONS:
        one = can_show(state, TITLE, territory, medium, time, None if who is None else PEOPLE[who])
        entry = None if one.entry is None else {"block": one.entry.block, "log": one.entry.log.index}
        found.append([one.allowed, one.code, dict(one.facts), entry])
    return found


def made() -> dict[str, Any]:
    """All cases."""
    return {
        "title": TITLE.hex(),
        "people": {name: who.hex() for name, who in PEOPLE.items()},
        "questions": [list(one) for one in QUESTIONS],
        "cases": [{"name": name, "state": said, "answers": answers(said)} for name, said in STATES.items()],
    }


def main() -> None:
    """Writes the file, one case a line."""
    found = made()
    rows = [f'"{name}": {json.dumps(found[name])}' for name in ("title", "people", "questions")]
    rows.append('"cases": [\n' + ",\n".join(json.dumps(case) for case in found["cases"]) + "]")
    about = "Whether a film may be shown: states of a title, questions, and the answer to each."
    FILE.write_text(f'{{"about": {json.dumps(about)}, "vectors": {{\n' + ",\n".join(rows) + "}}\n", "utf-8")


if __name__ == "__main__":
    main()
