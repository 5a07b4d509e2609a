"""The API of people: an author's public records, follows, lists, and the news from those who are followed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field

from cinepeer.app.collected import Collection
from cinepeer.app.follows import Follow, News
from cinepeer.app.parts import Pair
from cinepeer.errors import Absent, BadInput, Refused
from cinepeer.faces.http import people_answers, review_answers, views
from cinepeer.faces.http.films import DAG_CBOR_TYPE, RECORDS
from cinepeer.faces.http.nesting import ShallowRoute
from cinepeer.faces.http.parts import Parts
from cinepeer.faces.http.shapes import Shape
from cinepeer.faces.http.signing import sign
from cinepeer.records import dagcbor
from cinepeer.records.bodies import MAX_LISTED, parse_film_id
from cinepeer.records.cid import Cid

MAX_FILMS = 1_000  # told of one author
MAX_AHEAD = 10_000  # records of one author that can be paged through

Limit = Annotated[int, Query(ge=1, le=200)]


class FollowRequest(Shape):
    """An author's id or a list's; `follows` false ends it."""

    on: str = Field(max_length=100)
    follows: bool = True


FilmText = Annotated[str, Field(max_length=100)]


class CollectionRequest(Shape):
    """A list of films; `collection` is the one that changes, or null for a new one."""

    collection: str | None = Field(default=None, max_length=100)
    name: str = Field(min_length=1, max_length=300)
    about: str = Field(default="", max_length=4_096)
    language: str = Field(default="", max_length=35)
    films: list[FilmText] = Field(default=[], max_length=MAX_LISTED)


def reading_people(parts: Parts, is_own: bool = True) -> APIRouter:
    """What anybody may read of people; `is_own`: for this node's author, who sees own films before their premiere."""
    router = APIRouter(tags=["people"], route_class=ShallowRoute)

    @router.get("/api/authors/{author}", response_model=people_answers.AuthorOf)
    async def get_author(author: str) -> dict[str, Any]:
        """An author: its name, films, lists, and whom it follows."""
        found = _author(parts, author)
        told = parts.library.catalogue
        films = [
            film.id for film in told.films.values() if film.author == found and views.may_list(parts, film, is_own)
        ]
        profile = told.profile_of(found)
        return {
            "author": str(found),
            "name": told.names.get(found),
            "profile": None if profile is None else str(profile),
            "films": films[:MAX_FILMS],
            "collections": [_collection(parts, one) for one in told.collected.of(found)],
            "follows": [_followed(parts, one) for one in told.follows.of(found)],
            **_following(parts, found),
        }

    @router.get("/api/authors/{author}/records", response_class=Response, responses=RECORDS)
    async def get_author_records(
        author: str, limit: Limit = 100, offset: Annotated[int, Query(ge=0, le=MAX_AHEAD)] = 0
    ) -> Response:
        """A page of an author's records, newest first, with the chains of keys that a client checks them by."""
        newest = await _newest(parts, _author(parts, author), offset + limit)
        wanted = {record.id for record, _ in newest[offset:]}
        return _records(await views.with_chains(parts, wanted))

    @router.get("/api/collections/{collection}", response_model=people_answers.CollectionOf)
    async def get_collection(collection: str) -> dict[str, Any]:
        """A public list as it stands."""
        return _collection(parts, _collected(parts, collection))

    @router.get("/api/collections/{collection}/records", response_class=Response, responses=RECORDS)
    async def get_collection_records(collection: str) -> Response:
        """The records behind a list: the first, the one that holds, its author's name, and the chain of keys."""
        found = _collected(parts, collection)
        profile = parts.library.catalogue.profile_of(found.author)
        wanted = parts.library.catalogue.collected.records(found.id) | ({profile} if profile else set())
        return _records(await views.with_chains(parts, wanted))

    return router


def people(parts: Parts) -> APIRouter:
    """Reading, and signing by the node's own device."""
    router = reading_people(parts)

    @router.get("/api/follows", response_model=list[people_answers.Followed])
    async def list_follows() -> list[dict[str, Any]]:
        """What this node's author follows, the newest first."""
        return [_followed(parts, one) for one in parts.library.catalogue.follows.of(parts.author.id)]

    @router.post("/api/follows", response_model=review_answers.Signed)
    async def follow(wanted: FollowRequest) -> dict[str, Any]:
        """Follows an author or a list, or ends it, for everybody to see."""
        on = views.cid(wanted.on)
        if on == parts.author.id:
            raise BadInput("found this node's own author, expected another one")
        if wanted.follows and parts.library.catalogue.collected.get(on) is None:
            _author(parts, wanted.on)
        return await sign(parts, "follow", {"on": on, "follows": wanted.follows})

    @router.get("/api/news", response_model=list[people_answers.NewsOf])
    async def list_news(limit: Limit = 50) -> list[dict[str, Any]]:
        """What those did who are followed, newest first."""
        told = parts.library.catalogue
        followed = [one.on for one in told.follows.of(parts.author.id)]
        lists = frozenset(str(on) for on in followed if told.collected.get(on) is not None)
        # Some are told by another one: a film's first version comes with the film.
        found = told.follows.news((on for on in followed if str(on) not in lists), lists, 3 * limit)
        return [shown for one in found if (shown := _news(parts, one)) is not None][:limit]

    @router.post("/api/collections", response_model=review_answers.Signed)
    async def collect(wanted: CollectionRequest) -> dict[str, Any]:
        """Signs a list of films, for everybody to see; with `list` it changes one of this node's author."""
        named = None if wanted.collection is None else _collected(parts, wanted.collection)
        if named is not None and named.author != parts.author.id:
            raise BadInput(f"found the list {named.id} of another author, expected one of this node's own")
        films = [_film(text) for text in dict.fromkeys(wanted.films)]
        fields = {"name": wanted.name, "about": wanted.about, "language": wanted.language, "films": films}
        return await sign(parts, "collection", {"list": None if named is None else named.id, **fields})

    return router


def _author(parts: Parts, text: str) -> Cid:
    """The author of this id; raises `Absent` where no record of it is here."""
    found = views.cid(text)
    if parts.store.feeds.author(found) is None:
        raise Absent(f"found no author {text[:80]!r} here, expected the id of one whose records this node holds")
    return found


def _collected(parts: Parts, text: str) -> Collection:
    found = parts.library.catalogue.collected.get(views.cid(text))
    if found is None:
        raise Absent(f"found no list {text[:80]!r} here, expected the id of one that this node has a record of")
    return found


def _film(text: str) -> str:
    try:
        return parse_film_id(text)
    except Refused as error:
        raise BadInput(str(error)) from error


async def _newest(parts: Parts, author: Cid, count: int) -> list[Pair]:
    """The last records of an author over all its devices, newest first."""
    ids: list[Cid] = []
    for device in parts.store.feeds.devices(author):
        ids.extend((await parts.store.ids(device))[-count:])
    found = [pair for pair in await parts.store.records(ids) if pair[0].author == author]
    return sorted(found, key=lambda pair: (pair[0].time, pair[0].id), reverse=True)[:count]


def _records(pairs: list[Pair]) -> Response:
    return Response(dagcbor.encode([[record.block, body] for record, body in pairs]), media_type=DAG_CBOR_TYPE)


def _following(parts: Parts, on: Cid) -> dict[str, Any]:
    """How many follow an author or a list, and whether this node's author does."""
    followers = parts.library.catalogue.follows.followers(on)
    return {"followers": len(followers), "followed": any(one.author == parts.author.id for one in followers)}


def _collection(parts: Parts, found: Collection) -> dict[str, Any]:
    return {
        "id": str(found.id),
        "record": str(found.record),
        "author": str(found.author),
        "author_name": parts.library.catalogue.names.get(found.author),
        "name": found.name,
        "about": found.about,
        "language": found.language,
        "films": list(found.films),
        "time_ms": found.time,
        **_following(parts, found.id),
    }


def _followed(parts: Parts, found: Follow) -> dict[str, Any]:
    told = parts.library.catalogue
    named = told.collected.get(found.on)
    is_author = parts.store.feeds.author(found.on) is not None
    return {
        "on": str(found.on),
        "sort": "collection" if named is not None else "author" if is_author else None,
        "name": told.names.get(found.on) if named is None else named.name,
        "record": str(found.record),
        "time_ms": found.time,
    }


def _news(parts: Parts, one: News) -> dict[str, Any] | None:
    """One piece of news; None for what another one tells already, or what became nothing."""
    told = parts.library.catalogue
    film = told.films.get(one.of)
    name = None if film is None else film.name
    if film is not None and not views.may_list(parts, film):
        return None
    if one.kind == "version":
        cuts = [
            other for other in told.follows.told[one.author].values() if (other.kind, other.of) == (one.kind, one.of)
        ]
        is_first = one == min(cuts, key=lambda other: (other.time, other.record))
        if film is None or film.author != one.author or is_first:
            return None  # the film itself is told
    if one.kind == "collection":
        found = told.collected.get(Cid.parse(one.of))
        if found is None or found.record != one.record:
            return None  # a newer word on the list tells more
        name = found.name
    return {
        "record": str(one.record),
        "author": str(one.author),
        "author_name": told.names.get(one.author),
        "kind": one.kind,
        "of": one.of,
        "name": name,
        "time_ms": one.time,
    }
