"""The API of provenance: what the content credentials of a film's version say, and whether that is so."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from cinepeer.app.provenance import Credentials
from cinepeer.errors import Absent
from cinepeer.faces.http import views
from cinepeer.faces.http.answers import Answer
from cinepeer.faces.http.parts import Parts


class FindingOf(Answer):
    """One sentence of the credentials: `holds` is null where it cannot be told here."""

    said: str
    holds: bool | None
    found: str


class ProvenanceOf(Answer):
    """What a version's sidecar says: `rendition` is the one whose parts in a row are the film that it signs."""

    version: str
    root: str
    author: str
    device: str
    source: str
    rendition: str
    files: int
    holds: bool
    findings: list[FindingOf]


def provenance(parts: Parts) -> APIRouter:
    """The route below `/api/films/{film}`."""
    router = APIRouter(tags=["films"])

    @router.get("/api/films/{film}/credentials", response_model=ProvenanceOf)
    async def get_credentials(film: str, version: str | None = None) -> dict[str, Any]:
        """The credentials of a film's newest version, or of the one that is named."""
        versions = views.film_of(parts, film).versions
        found = [one for one in versions if version is None or str(one.id) == version]
        if not found:
            raise Absent("found no such version of this film, expected one that this node has a record of")
        read = await Credentials(parts.ipfs, parts.store.feeds).check(found[0])
        return {
            "version": str(found[0].id),
            "root": str(found[0].root),
            "author": str(read.statement.author),
            "device": read.device.hex(),
            "source": read.statement.source.hex(),
            "rendition": read.statement.rendition,
            "files": len(read.statement.files),
            "holds": read.holds,
            "findings": [asdict(finding) for finding in read.findings],
        }

    return router
