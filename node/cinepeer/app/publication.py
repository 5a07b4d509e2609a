"""One publication: what is wished, the stages it goes through, and what of it is kept on the disk."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from cinepeer.app.licensed import parse_custodians
from cinepeer.app.publish import PLAIN, FilmFacts
from cinepeer.app.terms import Terms
from cinepeer.app.titles import parse_owners
from cinepeer.content.packaging import Packaging
from cinepeer.errors import BadInput
from cinepeer.rights.deeds import WHOLE

log = logging.getLogger("cinepeer.publications")

State = Literal["waiting", "running", "asking", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be published: an upload or a file of this machine, what its creator says, owners and an offer."""

    facts: FilmFacts
    upload: str | None = None
    path: str | None = None
    title: bool = True
    owners: tuple[tuple[str, int], ...] = ()
    offer: dict[str, Any] | None = None
    licensed: bool = False
    custodians: tuple[str, ...] = ()
    packaging: Packaging = PLAIN
    of: str | None = None
    # Whether its creator is asked before a film is signed that is like another's; and which one it is made from.
    ask: bool = False
    parent: str | None = None
    parent_shares: int = 0

    def check(self) -> None:
        """Raises `BadInput` for what can be said before any work is done."""
        if (self.upload is None) == (self.path is None):
            raise BadInput("found neither or both of an upload and a path, expected one of them")
        self.facts.check()
        self.packaging.check()
        if self.of is not None and (self.title or self.offer is not None):
            raise BadInput(
                "found a title or an offer with another version of a film, expected those of the film to stand"
            )
        parse_owners(self.owners)
        if self.licensed and not self.title:
            raise BadInput("found a licensed film without a title, expected one: licences hang on it")
        if self.custodians and not self.licensed:
            raise BadInput("found custodians of an open film, expected a licensed one: its key is what they keep")
        parse_custodians(self.custodians)
        self._check_parent()
        if self.offer is not None:
            if not self.title:
                raise BadInput("found a licence offer without a title, expected the title to be registered with it")
            Terms.of(self.offer).check()

    def _check_parent(self) -> None:
        if self.parent is None:
            return
        if not self.title:
            raise BadInput(
                "found a film made from another without a title, expected one: that film's share hangs on it"
            )
        if not 0 < self.parent_shares < WHOLE:
            raise BadInput(f"found {self.parent_shares} shares for the film it is made from, expected 1 to {WHOLE - 1}")

    def plan(self) -> list[str]:
        """The names of the stages that it takes, in order."""
        last = ["title", "offer"] if self.offer is not None else ["title"]
        seal = ["seal"] if self.licensed else []
        return ["probe", "ladder", *seal, "import", "records", *(last if self.title else [])]

    @classmethod
    def parse(cls, note: dict[str, Any]) -> Wish:
        """A wish as `dataclasses.asdict` and JSON left it."""
        facts = {name: tuple(value) if isinstance(value, list) else value for name, value in note["facts"].items()}
        facts["credits"] = tuple((name, role) for name, role in facts["credits"])
        facts["translations"] = tuple(tuple(one) for one in facts.get("translations", ()))
        owners = tuple((holder, shares) for holder, shares in note["owners"])
        several = {"owners": owners, "custodians": tuple(note.get("custodians", ()))}
        packaging = Packaging.parse(note.get("packaging", {}))
        return cls(**{**note, "facts": FilmFacts(**facts), "packaging": packaging, **several})


@dataclass(slots=True)
class Stage:
    """One stage of a job and its newest measures."""

    name: str
    measure: dict[str, Any] = field(default_factory=dict)
    is_done: bool = False
    revision: int = 0


@dataclass(slots=True)
class Publication:
    """One job. `published` is what was signed, `done` all that was made; `problem` is the sentence of a failure.

    `priority`: of those that wait, the highest comes first. `again`: an earlier attempt may have signed something;
    `starts` counts those that the node did not outlive.
    """

    id: str
    wish: Wish
    made_ms: int
    priority: int = 0
    state: State = "waiting"
    starts: int = 0
    again: bool = False
    published: dict[str, Any] | None = None
    done: dict[str, Any] | None = None
    problem: str | None = None
    exit_code: int = 0
    stages: list[Stage] = field(default_factory=list)
    revision: int = 0
    is_signing: bool = False
    source: Path | None = None
    near: list[dict[str, Any]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to it by itself."""
        return self.state in ("done", "failed", "cancelled")

    def tell(self, name: str, measure: dict[str, object]) -> None:
        """Notes that a stage has begun, or its newest measures."""
        if not self.stages or self.stages[-1].name != name:
            for stage in self.stages:
                stage.is_done = True
            self.stages.append(Stage(name))
        self.revision += 1
        self.stages[-1].measure |= measure
        self.stages[-1].revision = self.revision
        self.is_signing = name not in ("probe", "ladder", "seal", "import")
        self.wake()

    def wake(self) -> None:
        """Lets everyone who watches look again."""
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    def note(self) -> dict[str, Any]:
        """What is kept on the disk."""
        kept = ("id", "made_ms", "priority", "state", "starts", "again", "published", "done", "problem", "exit_code")
        return {"wish": dataclasses.asdict(self.wish), **{name: getattr(self, name) for name in kept}}

    def shown(self) -> dict[str, Any]:
        """As plain values for a person."""
        stages = [{"stage": stage.name, **stage.measure, "done": stage.is_done} for stage in self.stages]
        return {
            "id": self.id,
            "name": self.wish.facts.name,
            "made_ms": self.made_ms,
            "priority": self.priority,
            "upload": self.wish.upload,
            "state": self.state,
            "plan": self.wish.plan(),
            "stage": self.stages[-1].name if self.stages else "",
            "stages": stages,
            "near": self.near if self.state == "asking" else [],
            "problem": self.problem,
            "done": self.done,
        }


def parse_note(note: dict[str, Any]) -> Publication | None:
    """A job as it was kept; None for a note of another form, which must not keep the node from starting."""
    try:
        kept = {name: value for name, value in note.items() if name != "wish"}
        return Publication(wish=Wish.parse(note["wish"]), **kept)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        log.warning("publications.unreadable id=%s reason=%r", str(note.get("id"))[:40], error)
        return None
