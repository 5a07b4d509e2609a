"""The shapes of what the API answers about checkpoints."""

from __future__ import annotations

from cinepeer.faces.http.answers import Answer


class Checkpoint(Answer):
    """What a record states of a checkpoint; `label` says who computed it and whether that was replayed here.

    `contradicts` names records of the same device that state another one for the same scope and moment.
    """

    record: str
    author: str
    device: str
    scope: str
    moment_ms: int
    records: int
    ratings: int
    root: str
    label: str
    contradicts: list[str]


class Counted(Answer):
    """A checkpoint, and for each film how often it was given 1, 2 … 10 stars."""

    checkpoint: Checkpoint
    films: dict[str, list[int]]


class Replayed(Answer):
    """How a replay ended; while records or bodies are missing here, how many, and the label is as it was."""

    label: str
    missing_records: int
    missing_bodies: int
