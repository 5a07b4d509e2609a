"""Resumable uploads: tus 1.0.0 (https://tus.io/protocols/resumable-upload) with creation, checksum, termination and
expiration. What an answer acknowledges is on the disk."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable
from email.utils import formatdate
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from cinepeer.adapters.system.uploads import KEPT_MS, Upload
from cinepeer.errors import Absent, BadInput
from cinepeer.faces.http import publication_answers as answers
from cinepeer.faces.http.parts import Parts
from cinepeer.faces.http.problems import problem

VERSION = "1.0.0"
BODY_TYPE = "application/offset+octet-stream"
PIECE_BYTES = 1 << 20
MAX_SIZE_BYTES = 1 << 40
MAX_NAME = 255
_CHECKSUMS = {"sha256": hashlib.sha256, "sha1": hashlib.sha1}
_TUS = {"Tus-Resumable": VERSION}
_BYTES = {
    "requestBody": {
        "required": True,
        "content": {BODY_TYPE: {"schema": {"type": "string", "contentMediaType": BODY_TYPE}}},
    }
}


def uploads(parts: Parts) -> APIRouter:
    """Routes below `/api/uploads`."""
    router = APIRouter(tags=["uploads"])

    @router.options("/api/uploads", status_code=204, response_class=Response)
    async def describe_uploads() -> Response:
        """What this server speaks."""
        told = {
            "Tus-Version": VERSION,
            "Tus-Extension": "creation,checksum,termination,expiration",
            "Tus-Checksum-Algorithm": ",".join(_CHECKSUMS),
            "Tus-Max-Size": str(MAX_SIZE_BYTES),
        }
        return Response(status_code=204, headers=_TUS | told)

    @router.get("/api/uploads", response_model=list[answers.UploadAnswer])
    async def list_uploads() -> list[dict[str, Any]]:
        """The files that were sent here and not published yet, newest first."""
        return [_shown(upload) for upload in parts.uploads.all()]

    @router.post("/api/uploads", status_code=201, response_class=Response, dependencies=[Depends(_speaks_tus)])
    async def make_upload(
        upload_length: Annotated[str, Header()] = "", upload_metadata: Annotated[str, Header()] = ""
    ) -> Response:
        """Begins an upload of a stated size; refused at once where the disk cap or the disk would not hold it."""
        size = _number(upload_length, "Upload-Length")
        refusal = await _no_room(parts, size)
        if refusal is not None:
            return problem(413, refusal, _TUS)
        upload = await asyncio.to_thread(parts.uploads.make, _filename(upload_metadata), size)
        return Response(status_code=201, headers=_headers(upload) | {"Location": f"/api/uploads/{upload.id}"})

    @router.head("/api/uploads/{upload}", response_class=Response, dependencies=[Depends(_speaks_tus)])
    async def get_upload(upload: str) -> Response:
        """How far an upload has come."""
        found = _found(parts, upload)
        return Response(headers=_headers(found) | {"Upload-Length": str(found.size_bytes), "Cache-Control": "no-store"})

    _continuing(router, parts)
    return router


def _continuing(router: APIRouter, parts: Parts) -> None:
    """The routes that change an upload once begun."""

    @router.patch(
        "/api/uploads/{upload}",
        status_code=204,
        response_class=Response,
        openapi_extra=_BYTES,
        dependencies=[Depends(_speaks_tus)],
    )
    async def continue_upload(
        request: Request,
        upload: str,
        content_type: Annotated[str, Header()] = "",
        upload_offset: Annotated[str, Header()] = "",
        upload_checksum: Annotated[str | None, Header()] = None,
    ) -> Response:
        """Appends bytes at the offset that was reached; those that came are kept when the line breaks."""
        found = _found(parts, upload)
        offset = _number(upload_offset, "Upload-Offset")
        if content_type != BODY_TYPE:
            return problem(415, f"found the content type {content_type[:60]!r}, expected {BODY_TYPE}", _TUS)
        if parts.uploads.is_receiving(upload):
            return problem(423, "found this upload arriving from somewhere else, expected one sender", _TUS)
        if offset != found.received_bytes:
            told = _TUS | {"Upload-Offset": str(found.received_bytes)}
            return problem(409, f"found the offset {offset}, expected {found.received_bytes}", told)
        checksum = None if upload_checksum is None else _checksum(upload_checksum)
        return await _receive(request, parts, found, checksum)

    @router.delete(
        "/api/uploads/{upload}", status_code=204, response_class=Response, dependencies=[Depends(_speaks_tus)]
    )
    async def remove_upload(upload: str) -> Response:
        """Removes an upload with its bytes."""
        _found(parts, upload)
        await asyncio.to_thread(parts.uploads.remove, upload)
        return Response(status_code=204, headers=_TUS)


class _Checksum:
    """What the bytes of one request must hash to."""

    def __init__(self, name: str, digest: bytes) -> None:
        self.running = _CHECKSUMS[name]()
        self._digest = digest

    @property
    def holds(self) -> bool:
        return self.running.digest() == self._digest


async def _receive(request: Request, parts: Parts, upload: Upload, checksum: _Checksum | None) -> Response:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > upload.size_bytes - upload.received_bytes:
        return problem(413, f"found {length} bytes more, expected at most {upload.size_bytes:,} in all", _TUS)
    with parts.uploads.receiving(upload) as receiving:
        try:
            async for piece in _pieces(request):
                if checksum is not None:
                    checksum.running.update(piece)
                await _apart(receiving.write, piece, checksum is None)
        except (ClientDisconnect, asyncio.CancelledError):
            if checksum is None:
                receiving.keep()
            raise
        if checksum is not None and not checksum.holds:
            return problem(460, "found bytes that do not match their checksum, expected those that were sent", _TUS)
        await _apart(receiving.keep)
    return Response(status_code=204, headers=_headers(receiving.upload))


async def _apart(work: Callable[..., None], *arguments: Any) -> None:
    """Runs `work` in a thread and waits for its end even when this task is cancelled: it uses an open file."""
    running = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces worth a turn of a thread; what came before the line broke is given first."""
    held = bytearray()
    try:
        async for chunk in request.stream():
            held += chunk
            if len(held) >= PIECE_BYTES:
                yield bytes(held)
                held.clear()
    except ClientDisconnect:
        if held:
            yield bytes(held)
        raise
    if held:
        yield bytes(held)


async def _no_room(parts: Parts, size_bytes: int) -> str | None:
    """The sentence that refuses a file before its first byte, or None."""
    if size_bytes > MAX_SIZE_BYTES:
        return f"found a file of {size_bytes:,} bytes, expected at most {MAX_SIZE_BYTES:,}"
    cap = parts.hosting.cap_bytes
    room = max(0, cap - await parts.ipfs.stored_bytes())
    if size_bytes > room:
        return (
            f"found a file of {size_bytes:,} bytes and {room:,} left under the disk cap of {cap:,}, expected room: "
            "raise the cap on the node's page, or let another film go"
        )
    return None


async def _speaks_tus(tus_resumable: Annotated[str | None, Header()] = None) -> None:
    if tus_resumable != VERSION:
        told = f"found `Tus-Resumable: {str(tus_resumable)[:20]}`, expected {VERSION}"
        raise HTTPException(412, told, {"Tus-Version": VERSION})


def _found(parts: Parts, upload_id: str) -> Upload:
    upload = parts.uploads.get(upload_id)
    if upload is None:
        raise Absent(f"found no upload {upload_id[:40]!r}, expected one begun in the last days: begin it again")
    return upload


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise BadInput(f"found {text[:40]!r} as {name}, expected a number of bytes")
    return int(text)


def _filename(metadata: str) -> str:
    """The file's own name, without folders; raises `BadInput`."""
    for pair in metadata.split(","):
        key, _, value = pair.strip().partition(" ")
        if key == "filename":
            with contextlib.suppress(binascii.Error, UnicodeDecodeError):
                name = base64.b64decode(value, validate=True).decode()
                name = name.replace("\\", "/").rpartition("/")[2]
                if name and len(name) <= MAX_NAME and name.isprintable():
                    return name
            raise BadInput(f"found a file name that is none, expected at most {MAX_NAME} signs as base64")
    raise BadInput("found no file name, expected `Upload-Metadata: filename BASE64`")


def _checksum(text: str) -> _Checksum:
    name, _, value = text.partition(" ")
    with contextlib.suppress(binascii.Error):
        digest = base64.b64decode(value, validate=True)
        if name in _CHECKSUMS and len(digest) == _CHECKSUMS[name]().digest_size:
            return _Checksum(name, digest)
    raise BadInput(f"found the checksum {text[:60]!r}, expected one of {', '.join(_CHECKSUMS)} and base64")


def _headers(upload: Upload) -> dict[str, str]:
    expires = formatdate((upload.changed_ms + KEPT_MS) // 1000, usegmt=True)
    return _TUS | {"Upload-Offset": str(upload.received_bytes), "Upload-Expires": expires}


def _shown(upload: Upload) -> dict[str, Any]:
    return {
        "id": upload.id,
        "filename": upload.filename,
        "size_bytes": upload.size_bytes,
        "received_bytes": upload.received_bytes,
        "changed_ms": upload.changed_ms,
        "expires_ms": upload.changed_ms + KEPT_MS,
    }
