"""The API of licensed films: keys for licensees, what lies in custody here, and who keeps the keys of own films."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import Field

from cinepeer.app.catalogue import Version
from cinepeer.app.licensed import standing
from cinepeer.errors import Absent, BadInput, Refused
from cinepeer.faces.http import views
from cinepeer.faces.http.answers import Answer
from cinepeer.faces.http.nesting import ShallowRoute
from cinepeer.faces.http.parts import Parts
from cinepeer.faces.http.shapes import Shape
from cinepeer.records.cid import Cid
from cinepeer.rights.release import encode_refusal, encode_release, parse_request_text

CBOR_TYPE = "application/vnd.ipld.dag-cbor"
_CBOR: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "DAG-CBOR: the wrapped key with what decided, or a refusal by name with its sentence.",
        "content": {CBOR_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}


class KeyWish(Shape):
    """Which version's key is wanted, to which X25519 key (hex), and where it is watched; the rest the licences say.

    `without`: custodians (authors) that gave another key before.
    """

    version: str = Field(max_length=120)
    agreement: str = Field(pattern=r"^[0-9a-f]{64}$")
    territory: str = Field(default="", max_length=2)
    medium: str = Field(default="", max_length=20)
    without: list[str] = Field(default=[], max_length=16)


class CustodianRequest(Shape):
    """Authors who are to keep the keys of an own licensed film."""

    film: str = Field(max_length=120)
    custodians: list[str] = Field(min_length=1, max_length=16)


class DecidingEntry(Answer):
    """The ledger's entry that decided: the place of its log in a block."""

    block: int
    log: int


class ReleasedKey(Answer):
    """A version's key, wrapped for who asked (hex), by which custodian, and what decided at which block."""

    version: str
    wrapped: str
    custodian: str
    block: int
    reason: str
    entry: DecidingEntry | None


class KeptKey(Answer):
    """A licensed version whose key lies here."""

    film: str
    name: str
    version: str
    own: bool


class Custodian(Answer):
    """One who is to keep a version's key: whether it said that it does, or else why not yet."""

    author: str
    given: bool
    problem: str | None


class OwnLicensed(Answer):
    """An own licensed version and its custodians."""

    film: str
    name: str
    version: str
    custodians: list[Custodian]


class Offering(Answer):
    """A device that says it keeps keys for creators."""

    author: str
    name: str | None
    gateway: str | None


class CustodyState(Answer):
    """Keys in custody here, own licensed films, who offers custody, and how often what was answered since the start."""

    is_custodian: bool
    is_encrypted: bool
    kept: list[KeptKey]
    own: list[OwnLicensed]
    offering: list[Offering]
    counts: dict[str, int]


def custody(parts: Parts) -> APIRouter:
    """Routes below `/api/custody`, and the key of a film for its licensee."""
    router = APIRouter(tags=["licensed films"], route_class=ShallowRoute)

    @router.post("/api/films/{film}/key", response_model=ReleasedKey)
    async def get_key(film: str, wanted: KeyWish) -> dict[str, Any]:
        """Asks the film's custodians for its key, in the name of this node's account."""
        version = _version(parts, film, wanted.version)
        territory = wanted.territory or parts.recommendations.taste.wishes.territory
        if not territory:
            raise BadInput("found no territory, expected where the film is watched, such as DE")
        agreement = bytes.fromhex(wanted.agreement)
        without = [views.cid(text) for text in wanted.without]
        found = await parts.licensed.acquire(version, agreement, territory, wanted.medium or None, without)
        release = found.release
        return {
            "version": str(version.id),
            "wrapped": release.wrapped.hex(),
            "custodian": str(found.custodian),
            "block": release.block,
            "reason": release.reason,
            "entry": None if release.entry is None else dict(zip(("block", "log"), release.entry, strict=True)),
        }

    @router.get("/api/custody", response_model=CustodyState)
    async def get_custody() -> dict[str, Any]:
        """What lies here in custody, and who keeps one's own films' keys."""
        return _state(parts)

    @router.post("/api/custody/custodians", response_model=CustodyState)
    async def add_custodians(wanted: CustodianRequest) -> dict[str, Any]:
        """Has more authors keep the keys of an own film; each is given the key when it is reached."""
        parts.licensed.appoint(views.film_of(parts, wanted.film), wanted.custodians)
        await parts.licensed.give()
        return _state(parts)

    return router


def releases(parts: Parts) -> APIRouter:
    """The route that both listeners have: what it takes is signed, and what it gives is wrapped."""
    router = APIRouter(tags=["licensed films"])

    @router.get("/api/custody/releases/{request}", response_class=Response, responses=_CBOR)
    async def get_release(request: str, asked: Request) -> Response:
        """The key for a licensee who signed `request` (DAG-CBOR in base64url), or why not."""
        try:
            found = parse_request_text(request)
            told = encode_release(await parts.licensed.custody.answer(found, _asker(asked)))
        except Refused as error:
            told = encode_refusal(error)
        return Response(told, media_type=CBOR_TYPE, headers={"cache-control": "no-store"})

    return router


def _asker(asked: Request) -> str:
    return f"http {asked.client.host if asked.client else ''}"


def _version(parts: Parts, film_id: str, version_id: str) -> Version:
    film = views.film_of(parts, film_id)
    try:
        wanted = Cid.parse(version_id)
    except Refused as error:
        raise BadInput(str(error)) from error
    for version in film.versions:
        if version.id == wanted:
            return version
    raise Absent(f"found no version {version_id} of {film.name!r}, expected one that this node knows")


def _state(parts: Parts) -> dict[str, Any]:
    licensed = parts.licensed
    names = parts.library.catalogue.names
    return {
        "is_custodian": licensed.custody.is_willing,
        "is_encrypted": licensed.custody.is_encrypted,
        "kept": [
            {"film": film.id, "name": film.name, "version": str(version.id), "own": film.author == parts.author.id}
            for film, version, _ in licensed.custody.held()
        ],
        "own": standing(licensed),
        "offering": [
            {"author": str(one.author), "name": names.get(one.author), "gateway": one.gateway}
            for one in licensed.offering()
        ],
        "counts": dict(sorted(licensed.custody.counts.items())),
    }
