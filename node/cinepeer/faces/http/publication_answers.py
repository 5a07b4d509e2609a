"""The shapes of what the API answers about uploads and publications."""

from __future__ import annotations

from typing import Literal

from cinepeer.faces.http.answers import Answer, Growing


class UploadAnswer(Answer):
    """A file on its way here; `expires_ms` is when it is removed if nobody goes on with it."""

    id: str
    filename: str
    size_bytes: int
    received_bytes: int
    changed_ms: int
    expires_ms: int


class StageOf(Growing):
    """One stage of a publication with its newest measures."""

    stage: str
    done: bool
    seconds: float | None = None
    of: float | None = None
    bytes: int | None = None
    blocks: int | None = None
    signatures: int | None = None
    block: int | None = None
    took_ms: int | None = None


class Alike(Answer):
    """A film of another author that a new one is like: which part of its pictures and its sound.

    A stretch is its start there, its start here, and its length, in seconds. `titled`: it can get a share.
    """

    film: str
    name: str
    version: str
    titled: bool
    share: float
    stretches: list[list[float]]
    sound_share: float
    sound_stretches: list[list[float]]


class TitleMade(Growing):
    """The title that was registered, and the block that it stands in where it was registered now."""

    title: str
    record: str
    block: int | None = None


class OfferMade(Growing):
    """The offer that was signed."""

    offer: str
    price: str


class Published(Answer):
    """What a publication made."""

    film: str
    version: str
    root: str
    source: str
    duration_ms: int
    blocks: int
    size_bytes: int
    renditions: list[str]
    title: TitleMade | None = None
    offer: OfferMade | None = None


class StillOf(Answer):
    """A picture of the film, JPEG in base64, to choose the poster from."""

    seconds: float
    jpeg: str


class Estimate(Answer):
    """What a film is and what its publication takes: see `POST /api/publications/estimates`."""

    duration_s: float
    size_bytes: int
    has_audio: bool
    renditions: list[str]
    captions: list[str]
    chapters: str
    package_bytes: int
    room_bytes: int
    fits: bool
    ladder_s: float | None
    stills: list[StillOf]


class PublicationBegun(Answer):
    """The job that was taken."""

    id: str


class PublicationState(Answer):
    """A job as it stands: all its stages in `plan`, what was signed in `done`, also where a later stage failed.

    `ahead`: how many jobs come before it, the highest priority first. `near`: of one that asks, the films of others
    that it is like.
    """

    id: str
    name: str
    made_ms: int
    priority: int
    ahead: int
    upload: str | None
    state: Literal["waiting", "running", "asking", "done", "failed", "cancelled"]
    plan: list[str]
    stage: str
    stages: list[StageOf]
    near: list[Alike]
    problem: str | None
    done: Published | None
