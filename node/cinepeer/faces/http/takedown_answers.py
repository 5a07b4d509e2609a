"""The shapes of what is answered about reports, rulings and appeals."""

from __future__ import annotations

from cinepeer.faces.http.answers import Answer


class About(Answer):
    """What a claim is about: `sort` is film, version, author, or a record's kind; `film` where it is one's."""

    on: str
    sort: str
    name: str | None
    film: str | None


class Signature(Answer):
    """Whose record something is, and when (ms) it was signed, as its device says."""

    record: str
    author: str
    name: str | None
    time_ms: int


class ReportOf(Signature):
    """One author's claim that something should not be held or shown."""

    about: About
    ground: str
    text: str
    language: str
    contact: str | None


class AppealOf(Signature):
    """What somebody says against a ruling; `is_concerned`: it is who made what the ruling is about."""

    text: str
    language: str
    is_concerned: bool


class RulingOf(Signature):
    """Whether a node's owner denies something, and why; `stands` until the same author rules anew."""

    about: About
    report: str | None
    denied: bool
    reason: str
    language: str
    stands: bool
    appeals: list[AppealOf]


class Reported(Answer):
    """What was reported of a film, its versions and its author, and how nodes ruled; each newest first."""

    reports: list[ReportOf]
    rulings: list[RulingOf]
