"""Publishing: a film file becomes segments, blocks, and two signed records."""

from __future__ import annotations

import asyncio
import functools
import logging
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cinepeer.app.catalogue import Film, Version
from cinepeer.app.deny import DenyList
from cinepeer.app.host import Hosting
from cinepeer.app.identity import Author
from cinepeer.app.library import Library
from cinepeer.app.near import near_films, read_whole, refined
from cinepeer.app.parts import Media, Package, Probe
from cinepeer.app.sealing import Sealing
from cinepeer.content.cipher import Sealed
from cinepeer.content.fingerprint import SOUND, sketch
from cinepeer.content.packaging import Packaging
from cinepeer.content.sort import FILM, SORTS
from cinepeer.content.sound import SOUND_PACE
from cinepeer.content.unixfs import links
from cinepeer.errors import BadInput, CinepeerError, LimitReached, Refused
from cinepeer.ports import IpfsBackend
from cinepeer.records.bodies import new_body
from cinepeer.records.cid import RAW, Cid
from cinepeer.records.dagcbor import Value
from cinepeer.records.film_id import is_external_id
from cinepeer.records.record import Record
from cinepeer.records.translations import MAX_TRANSLATIONS, translations

log = logging.getLogger("cinepeer.publish")

PLAIN = Packaging()

# tell(stage, measure): what a person sees while it runs.
Tell = Callable[[str, dict[str, object]], None]
Far = Callable[[Cid, Sequence[str]], Awaitable[bytes | None]]
# ask(films of others that it is like): the record of the one that it is made from, or None.
Ask = Callable[[list[dict[str, Any]]], Awaitable[Cid | None]]


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """What the creator says of a film; `premiere` in seconds: before it the film is shown by licence or link alone.

    `translations` are triples of a language, the name and the synopsis in it. `warnings` may be of
    nothing; None: it says nothing of them.
    """

    name: str
    year: int | None = None
    external: tuple[str, ...] = ()
    genres: tuple[str, ...] = ()
    synopsis: str = ""
    languages: tuple[str, ...] = ()
    credits: tuple[tuple[str, str], ...] = ()
    translations: tuple[tuple[str, str, str], ...] = ()
    label: str = "original cut"
    sort: str = FILM
    premiere: int | None = None
    unlisted: bool = False
    warnings: tuple[str, ...] | None = None

    def check(self) -> None:
        """Raises `BadInput` for what no film record can hold."""
        if not self.name.strip():
            raise BadInput("found an empty name, expected the film's name")
        if self.sort not in SORTS:
            raise BadInput(f"found the sort {self.sort[:40]!r} of version, expected one of {', '.join(SORTS)}")
        for text in self.external:
            if not is_external_id(text):
                raise BadInput(f"found the external id {text[:80]!r}, expected one such as imdb:tt0111161")
        if len(translations(self.fields())) < len(self.translations):
            raise BadInput(
                f"found translations that do not fit, expected at most {MAX_TRANSLATIONS}, each with a name and a "
                "language of its own, such as zh-Hans"
            )
        try:
            new_body("film", bytes(16), **self.fields())
        except Refused as error:
            raise BadInput(f"{error}: say less of the film, or in shorter words") from error

    def fields(self) -> dict[str, Value]:
        """The fields of the film's record."""
        return {
            "name": self.name,
            "year": self.year,
            "external": list(self.external),
            "credits": [{"name": name, "role": role} for name, role in self.credits],
            "genres": list(self.genres),
            "synopsis": self.synopsis,
            "languages": list(self.languages),
            **self._translated(),
            **({} if self.premiere is None else {"premiere": self.premiere}),
            **({"unlisted": True} if self.unlisted else {}),
            **({} if self.warnings is None else {"warnings": list(self.warnings)}),
        }

    def _translated(self) -> dict[str, Value]:
        names = ("language", "name", "synopsis")
        said: list[Value] = [dict(zip(names, one, strict=True)) for one in self.translations]
        return {"translations": said} if said else {}


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing made."""

    film: Cid
    version: Cid
    root: Cid
    source: bytes
    duration_ms: int
    blocks: int
    size_bytes: int
    renditions: list[str] = field(default_factory=list)


class Publishing:
    """Takes a file through probe, ladder, import and records; nothing is signed before the bytes are on disk."""

    def __init__(
        self,
        author: Author,
        library: Library,
        ipfs: IpfsBackend,
        media: Media,
        hosting: Hosting,
        denied: DenyList,
        sealing: Sealing | None = None,
        learn: Callable[[Probe, float], None] = lambda _probe, _took_s: None,
        far: Far | None = None,
    ) -> None:
        """`sealing` encrypts licensed films, without it they are refused; `learn` hears how long packaging took.

        `far` gives a block from the hosts at addresses, or None.
        """
        self._author = author
        self._library = library
        self._ipfs = ipfs
        self._media = media
        self._hosting = hosting
        self._denied = denied
        self._sealing = sealing
        self._learn = learn
        self._far = far

    async def publish(
        self,
        path: Path,
        facts: FilmFacts,
        tell: Tell,
        *,
        again: bool = False,
        custodians: Sequence[Cid] | None = None,
        wished: Packaging = PLAIN,
        of: str | None = None,
        ask: Ask | None = None,
    ) -> Published:
        """Publishes `path`; raises `BadInput` or `LimitReached` with nothing changed when it cannot.

        `tell` hears of each stage when it begins, and of its measure. From "records" on it must not be cancelled.
        With `again`, a film that an earlier attempt has signed already is taken as done. With `custodians`, of whom
        there may be none beside the author, the film is licensed: sealed before its bytes are imported. `wished`: what
        is added to the film's package. `of`: a film of this author of which it is another version. `ask` hears which
        films of others it is like, before it is imported, and says from which one it is made, if from any.
        """
        facts.check()
        of_film = None if of is None else self._own(of)
        tell("probe", {})
        probe = await self._media.probe(path)
        tell("probe", {"seconds": probe.duration_ms / 1000, "bytes": probe.size_bytes})
        with tempfile.TemporaryDirectory(prefix="cinepeer-") as scratch:
            out = Path(scratch) / "version"
            tell("ladder", {})
            package = await self._media.package(
                path, out, probe, lambda done, whole: tell("ladder", {"seconds": done, "of": whole}), wished
            )
            self._learn(probe, package.took_s)
            tell("ladder", {"renditions": [rendition.name for rendition in package.renditions], **package.findings})
            if near := await self._near(package):
                tell("ladder", {"near": near})
            parent = await ask(near) if ask is not None else None
            await self._media.credit(out, package, probe, self._author.id)
            await self._check_room(package.size_bytes)
            sealed = None if custodians is None else await self._seal(out, custodians, tell)
            tell("import", {})
            root = await self._import(out)
        if (done := self._known(root, facts, of, again)) is not None:
            return done
        try:
            if self._denied.is_denied(root):
                raise BadInput(f"found a film whose files {root} are on this node's deny list, expected one not on it")
            blocks, size_bytes = await self._measure(root)
            tell("import", {"root": str(root), "blocks": blocks, "bytes": size_bytes})
            tell("records", {})
            published = await self._sign(facts, probe, package, root, blocks, size_bytes, sealed, of_film, parent)
        except BaseException:  # also when it is cancelled: what no record names is not kept
            await self._ipfs.unpin(root)
            raise
        signatures = 2 if of_film is None else 1
        tell("records", {"film": str(published.film), "version": str(published.version), "signatures": signatures})
        await self._hosting.tell()
        if sealed is not None and self._sealing is not None:
            self._sealing.announced()
        return published

    async def _seal(self, out: Path, custodians: Sequence[Cid], tell: Tell) -> Sealed:
        """Encrypts the packaged film; its key is kept before a record names it."""
        if self._sealing is None:
            raise BadInput("found a licensed film to publish and nothing to seal it with, expected a node's keystore")
        return await self._sealing.seal(out, self._author.id, custodians, tell)

    async def _import(self, out: Path) -> Cid:
        """Imports and pins the folder; when it is cancelled, the import's thread ends first and its pin goes."""
        importing = asyncio.create_task(self._ipfs.add_folder(out))
        try:
            return await asyncio.shield(importing)
        except asyncio.CancelledError:
            root = await importing
            if self._version_of(root) is None:
                await self._ipfs.unpin(root)
            raise

    async def _near(self, package: Package) -> list[dict[str, Any]]:
        """The films of others that a new one is like: by all sketches, then by the whole fingerprints of these."""
        films = list(self._library.catalogue.films.values())
        near = await asyncio.to_thread(near_films, films, self._author.id, package.hashes, package.sounds)
        for told in near:
            version = self._library.catalogue.version(Cid.parse(told["version"]))
            if version is None or "sealed" in version.fields:
                continue
            try:
                whole = await read_whole(version.root, functools.partial(self._block, version))
                if whole is not None:
                    told |= await asyncio.to_thread(refined, package.hashes, package.sounds, whole)
            except CinepeerError as error:  # then its sketch has to do
                log.info("publish.unrefined version=%s reason=%s", version.id, error)
        return near

    async def _block(self, version: Version, cid: Cid) -> bytes | None:
        """A block of somebody's version: from here, or from those who say that they hold it."""
        found = await self._ipfs.get_block(cid)
        if found is not None or self._far is None:
            return found
        providers = self._library.catalogue.providers_of(version)
        return await self._far(cid, [addr for one in providers for addr in one.addrs])

    def _own(self, film_id: str) -> Film:
        """A film of this author; raises `BadInput`."""
        film = self._library.catalogue.films.get(film_id)
        if film is None or film.author != self._author.id:
            raise BadInput(f"found no film {film_id[:80]!r} of this author, expected an own one to add a version to")
        return film

    def _version_of(self, root: Cid) -> tuple[Film, Version] | None:
        """This author's film whose version consists of these very bytes."""
        for film in self._library.catalogue.films.values():
            for version in film.versions if film.author == self._author.id else ():
                if version.root == root:
                    return film, version
        return None

    def _known(self, root: Cid, facts: FilmFacts, of: str | None, again: bool) -> Published | None:
        """What an earlier attempt signed; raises `BadInput` for bytes published before: one title stands for them."""
        found = self._version_of(root)
        if found is None:
            return None
        film, version = found
        is_same = film.name == facts.name if of is None else film.id == of
        if not (again and is_same):
            raise BadInput(f"found these bytes published already as {film.name!r} ({film.id}), expected a new film")
        fields = version.fields
        return Published(
            film.record,
            version.id,
            root,
            bytes(fields["source"]),
            int(fields["duration_ms"]),
            int(fields["blocks"]),
            int(fields["size_bytes"]),
            [str(rendition["name"]) for rendition in fields["renditions"]],
        )

    async def _check_room(self, size_bytes: int) -> None:
        """Raises `LimitReached` before anything is imported when the packaged film does not fit under the cap."""
        room = self._hosting.cap_bytes - await self._ipfs.stored_bytes()
        if size_bytes > room:
            raise LimitReached(
                f"found a packaged film of {size_bytes:,} bytes and {max(room, 0):,} left under the disk cap of "
                f"{self._hosting.cap_bytes:,}, expected it to fit: raise --disk-cap or let another film go"
            )

    async def _measure(self, root: Cid) -> tuple[int, int]:
        """(blocks, bytes of all blocks) under `root`, each counted once."""
        waiting, seen, size = [root], {root}, 0
        while waiting:
            cid = waiting.pop()
            block = await self._ipfs.get_block(cid)
            if block is None:
                raise Refused("missing-block", f"found no block {cid} after import, expected every block of {root}")
            size += len(block)
            for child in () if cid.codec == RAW else links(cid, block):
                if child not in seen:
                    seen.add(child)
                    waiting.append(child)
        return len(seen), size

    async def _sign(
        self,
        facts: FilmFacts,
        probe: Probe,
        package: Package,
        root: Cid,
        blocks: int,
        size_bytes: int,
        sealed: Sealed | None,
        of: Film | None,
        parent: Cid | None,
    ) -> Published:
        def film(_: Sequence[Record]) -> tuple[str, Mapping[str, Value]]:
            return "film", {**facts.fields(), **({} if parent is None else {"made_from": [parent]})}

        def version(before: Sequence[Record]) -> tuple[str, Mapping[str, Value]]:
            return "version", {
                "film": before[0].id if of is None else of.record,
                "label": facts.label,
                **({} if facts.sort == FILM else {"sort": facts.sort}),
                "root": root,
                "duration_ms": probe.duration_ms,
                "size_bytes": size_bytes,
                "blocks": blocks,
                "renditions": [
                    {
                        "name": rendition.name,
                        "width": rendition.width,
                        "height": rendition.height,
                        "bandwidth": rendition.bandwidth,
                    }
                    for rendition in package.renditions
                ],
                "source": probe.sha256,
                "fingerprint": sketch(package.hashes).encode(),
                **({"sound": sketch(package.sounds, SOUND, SOUND_PACE).encode()} if package.sounds else {}),
                **({} if sealed is None else {"sealed": sealed.to_map()}),
            }

        records = await self._author.sign_series([film, version] if of is None else [version])
        await self._library.refresh()
        names = [rendition.name for rendition in package.renditions]
        ids = (records[0].id if of is None else of.record, records[-1].id)
        return Published(*ids, root, probe.sha256, probe.duration_ms, blocks, size_bytes, names)
