"""The API of reviews and comments, and of taking back what was signed."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field

from cinepeer.app.said import Saying
from cinepeer.errors import Absent, BadInput, Refused
from cinepeer.faces.http import review_answers, views
from cinepeer.faces.http.films import DAG_CBOR_TYPE, RECORDS
from cinepeer.faces.http.parts import Parts
from cinepeer.faces.http.shapes import Shape
from cinepeer.faces.http.signing import sign
from cinepeer.records import dagcbor
from cinepeer.records.bodies import KEY_KINDS, parse_film_id
from cinepeer.records.cid import Cid

MAX_COMMENTS = 100  # told of one review

Limit = Annotated[int, Query(ge=1, le=200)]


class ReviewRequest(Shape):
    """Words on a film; `spoiler`: they tell the plot. `language`: a BCP 47 tag, or empty."""

    film: str
    text: str = Field(min_length=1, max_length=16_384)
    language: str = Field(default="", max_length=35)
    spoiler: bool = False


class CommentRequest(Shape):
    """Words on a record."""

    on: str
    text: str = Field(min_length=1, max_length=4_096)
    language: str = Field(default="", max_length=35)


class RetractionRequest(Shape):
    """Records of this node's author that shall count no more."""

    records: list[str] = Field(min_length=1, max_length=256)
    reason: str = Field(default="", max_length=1_000)


def reading_reviews(parts: Parts) -> APIRouter:
    """What anybody may read of reviews."""
    router = APIRouter(tags=["opinions"])

    @router.get("/api/films/{film}/reviews", response_model=list[review_answers.Review])
    async def list_reviews(film: str, limit: Limit = 50, after: str | None = None) -> list[dict[str, Any]]:
        """The standing review of each author, newest first, with comments; from behind the record `after` on."""
        return [_review(parts, film, said) for said in _standing(parts, film, limit, after)]

    @router.get("/api/films/{film}/reviews/records", response_class=Response, responses=RECORDS)
    async def get_review_records(film: str, limit: Limit = 50, after: str | None = None) -> Response:
        """The records behind the same list: reviews, comments, the authors' stars, and the chains of keys of all."""
        wanted = set()
        stars = parts.library.counted.words_on(_film(film))
        for said in _standing(parts, film, limit, after):
            wanted.add(said.record)
            wanted.update(comment.record for comment in islice(_comments(parts, said), MAX_COMMENTS))
            if said.author in stars:
                wanted.add(stars[said.author].record)
            wanted.update(_profiles(parts, said))
        pairs = await views.with_chains(parts, wanted)
        return Response(dagcbor.encode([[record.block, body] for record, body in pairs]), media_type=DAG_CBOR_TYPE)

    return router


def reviews(parts: Parts) -> APIRouter:
    """Reading, and signing by the node's own device."""
    router = reading_reviews(parts)

    @router.post("/api/reviews", response_model=review_answers.Signed)
    async def review(wanted: ReviewRequest) -> dict[str, Any]:
        """Signs a review; of two by one author the newer one stands."""
        fields = {"text": wanted.text, "language": wanted.language, "spoiler": wanted.spoiler}
        return await sign(parts, "review", {"film": _film(wanted.film), **fields})

    @router.post("/api/comments", response_model=review_answers.Signed)
    async def comment(wanted: CommentRequest) -> dict[str, Any]:
        """Signs a comment on a record that is held here."""
        on = views.cid(wanted.on)
        if await parts.store.get(on) is None:
            raise Absent(f"found no record {wanted.on} here, expected one that this node holds")
        return await sign(parts, "comment", {"on": on, "text": wanted.text, "language": wanted.language})

    @router.post("/api/retractions", response_model=review_answers.Signed)
    async def retract(wanted: RetractionRequest) -> dict[str, Any]:
        """Takes back records of this node's author: they count no more, here and wherever the word arrives."""
        ids = [views.cid(text) for text in dict.fromkeys(wanted.records)]
        for found in ids:
            held = await parts.store.get(found)
            if held is None or held[0].author != parts.author.id:
                raise BadInput(f"found no record {found} of this node's author, expected one that it signed")
            if held[0].kind in KEY_KINDS:
                raise BadInput(f"found a record of kind {held[0].kind}, expected one that can be taken back")
        return await sign(parts, "retraction", {"records": ids, "reason": wanted.reason})

    return router


def _film(text: str) -> str:
    try:
        return parse_film_id(text)
    except Refused as error:
        raise Absent(str(error)) from error


def _standing(parts: Parts, film: str, limit: int, after: str | None) -> list[Saying]:
    """A page of a film's reviews; raises `BadInput` where `after` is none of them."""
    found = _allowed(parts, parts.library.catalogue.said.reviews_of(_film(film)))
    if after is None:
        return found[:limit]
    begins = next((place for place, said in enumerate(found, 1) if str(said.record) == after), None)
    if begins is None:
        raise BadInput(f"found no review {after[:80]!r} of this film, expected the last one of the page before")
    return found[begins : begins + limit]


def _comments(parts: Parts, said: Saying) -> list[Saying]:
    return _allowed(parts, parts.library.catalogue.said.comments_on(said.record))


def _allowed(parts: Parts, found: list[Saying]) -> list[Saying]:
    """Without the words, and those of authors, that the owner of this node denied."""
    denied = parts.denied.is_denied
    return [said for said in found if not (denied(said.record) or denied(said.author))]


def _profiles(parts: Parts, said: Saying) -> list[Cid]:
    """The records that say what the writers of a review and its comments are called."""
    authors = {said.author, *(comment.author for comment in islice(_comments(parts, said), MAX_COMMENTS))}
    found = (parts.library.catalogue.profile_of(author) for author in authors)
    return [record for record in found if record is not None]


def _review(parts: Parts, film: str, said: Saying) -> dict[str, Any]:
    given = parts.library.counted.given(said.author, _film(film))
    return {
        **_words(parts, said),
        "stars": given.stars if given else None,
        "spoiler": said.spoiler,
        "comments": [_words(parts, comment) for comment in islice(_comments(parts, said), MAX_COMMENTS)],
    }


def _words(parts: Parts, said: Saying) -> dict[str, Any]:
    return {
        "record": str(said.record),
        "author": str(said.author),
        "name": parts.library.catalogue.names.get(said.author),
        "text": said.text,
        "language": said.language,
        "time_ms": said.time,
    }
