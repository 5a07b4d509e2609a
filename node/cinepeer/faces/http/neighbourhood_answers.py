"""The shapes of what the API answers about the node's neighbourhood."""

from __future__ import annotations

from cinepeer.faces.http.answers import Answer


class Reach(Answer):
    """What neighbours found that dialled this node back; `reachable` and `seen_from` are null before anybody did."""

    reachable: bool | None
    seen_from: str | None
    judges: int
    reached_by: int
    outside: list[str]


class Ban(Answer):
    """A peer that is turned away until a time (Unix, ms); `times` counts its bans, this one included."""

    peer: str
    until_ms: int
    reason: str
    times: int


class Versions(Answer):
    """What neighbours say they run: `said` of them told it, `newer` a newer one than `own`, most of these `newest`."""

    own: str
    said: int
    newer: int
    newest: str | None


class Neighbourhood(Answer):
    """Whether others reach this node, how many peers it knows, whom it turns away, and what was refused, by reason."""

    reach: Reach
    known: int
    banned: list[Ban]
    refused: dict[str, int]
    versions: Versions
