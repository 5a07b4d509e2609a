"""The films that the held records speak of: names, versions, providers, titles and offers, as a fold."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from cinepeer.app.collected import Collected
from cinepeer.app.follows import TOLD_KINDS, Follows
from cinepeer.app.joining import Joining
from cinepeer.app.reported import Reported
from cinepeer.app.said import Said
from cinepeer.content.sort import place_of, sort_of
from cinepeer.records.cid import Cid
from cinepeer.records.record import Record

MAX_GATEWAYS = 32  # that a page may ask; its policy names each
# An origin as browsers write it: nothing else of a stranger's words gets into a header or a page.
_ORIGIN = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?(?=/|$)")


@dataclass(frozen=True, slots=True)
class Version:
    """One cut of a film as bytes; `root` is its UnixFS directory."""

    id: Cid
    author: Cid
    root: Cid
    fields: dict[str, Any]
    time: int = 0

    @property
    def place(self) -> tuple[int, int, Cid]:
        """Where it stands among its film's; the greatest plays first."""
        return place_of(sort_of(self.fields), self.time, self.id)


@dataclass(slots=True)
class Film:
    """A film record with what its author added to it; versions in their order to play: whole ones, the newest first."""

    id: str
    record: Cid
    author: Cid
    time: int
    fields: dict[str, Any]
    versions: list[Version] = field(default_factory=list)
    titles: list[tuple[Record, dict[str, Any]]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The film's own name."""
        return str(self.fields["name"])


@dataclass(frozen=True, slots=True)
class Provider:
    """A device's newest word on which versions it holds and where it listens: an author may have several nodes."""

    author: Cid
    device: bytes
    time: int
    record: Cid
    versions: frozenset[Cid]
    addrs: tuple[str, ...]
    gateway: str | None
    custody: bool = False


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A version that its author took back, itself or with its film; `film` is the id of the film's record."""

    version: Version
    film: Cid
    name: str


@dataclass(slots=True)
class Catalogue:
    """Films by id, providers, offers, names of authors, what was written. Any order of the records gives the same."""

    films: dict[str, Film] = field(default_factory=dict)
    providers: dict[tuple[Cid, bytes], Provider] = field(default_factory=dict)
    offers: list[tuple[Record, dict[str, Any]]] = field(default_factory=list)
    names: dict[Cid, str] = field(default_factory=dict)
    said: Said = field(default_factory=Said)
    follows: Follows = field(default_factory=Follows)
    collected: Collected = field(default_factory=Collected)
    reported: Reported = field(default_factory=Reported)
    joining: Joining = field(default_factory=Joining)
    identities: int = field(default=0, compare=False)  # counts what may change which ids mean one film
    _profiles: dict[Cid, tuple[int, Cid]] = field(default_factory=dict)
    _early: dict[str, list[tuple[Record, dict[str, Any]]]] = field(default_factory=dict)
    _taken_back: dict[Cid, tuple[Record, dict[str, Any]]] = field(default_factory=dict)  # films and versions

    def apply(self, record: Record, body: dict[str, Any]) -> None:
        """Folds one counted record in; kinds that are not about films change nothing."""
        if record.kind == "follow" or record.kind in TOLD_KINDS:
            self.follows.apply(record, body)
        if record.kind in ("film", "follow", "same"):
            self.identities += 1
        match record.kind:
            case "film":
                film = Film(str(record.id), record.id, record.author, record.time, body)
                self.films[film.id] = film
                for part, fields in self._early.pop(film.id, []):
                    self._add_part(part, fields)
            case "version" | "title":
                self._add_part(record, body)
            case "offer":
                self.offers.append((record, body))
            case "host":
                self._add_provider(record, body)
            case "review" | "comment":
                self.said.apply(record, body)
            case "collection":
                self.collected.apply(record, body)
            case "same":
                self.joining.apply(record, body)
            case "report" | "ruling" | "appeal":
                self.reported.apply(record, body)
            case "profile":
                self._add_name(record, body)

    def take_back(self, record: Record, body: dict[str, Any]) -> None:
        """Notes a film or version that its author took back: whoever holds its bytes has to know."""
        if record.kind in ("film", "version"):
            self._taken_back[record.id] = (record, body)

    def withdrawn(self) -> list[Withdrawn]:
        """The versions that were taken back, by id; bytes that are published anew by their author are none of them."""
        versions = [part for part in self._taken_back.values() if part[0].kind == "version"]
        for film, parts in self._early.items():
            gone = self._taken_back.get(parts[0][1]["film"])
            if gone is not None and str(gone[0].id) == film:
                versions += [part for part in parts if part[0].kind == "version" and part[0].author == gone[0].author]
        live = {(version.author, version.root) for version in self.versions()}
        found = [
            Withdrawn(
                Version(record.id, record.author, body["root"], body, record.time), body["film"], self._name_of(body)
            )
            for record, body in versions
            if (record.author, body["root"]) not in live
        ]
        return sorted(found, key=lambda one: one.version.id)

    def _name_of(self, version: dict[str, Any]) -> str:
        """What the film of a version is called, or was."""
        known = self.films.get(str(version["film"]))
        back = self._taken_back.get(version["film"])
        return known.name if known is not None else "" if back is None else str(back[1].get("name", ""))

    def _add_part(self, record: Record, body: dict[str, Any]) -> None:
        film = self.films.get(str(body["film"]))
        if film is None:
            self._early.setdefault(str(body["film"]), []).append((record, body))
        elif film.author != record.author:
            return  # only the film's own author adds versions and titles to it
        elif record.kind == "title":
            film.titles.append((record, body))
            film.titles.sort(key=lambda title: (title[0].time, title[0].id))
        else:
            film.versions.append(Version(record.id, record.author, body["root"], body, record.time))
            film.versions.sort(key=lambda version: version.place, reverse=True)

    def _add_provider(self, record: Record, body: dict[str, Any]) -> None:
        key = (record.author, record.device)
        known = self.providers.get(key)
        if known is None or (known.time, known.record) < (record.time, record.id):
            self.providers[key] = Provider(
                *key,
                record.time,
                record.id,
                frozenset(body["versions"]),
                tuple(body["addrs"]),
                body["gateway"],
                body["custody"],
            )

    def _add_name(self, record: Record, body: dict[str, Any]) -> None:
        """What an author is called: the newest profile of it holds."""
        said = (record.time, record.id)
        if said > self._profiles.get(record.author, (-1, Cid())):
            self._profiles[record.author] = said
            self.names[record.author] = str(body["name"])

    def profile_of(self, author: Cid) -> Cid | None:
        """The record that says what an author is called."""
        known = self._profiles.get(author)
        return None if known is None else known[1]

    def version(self, version_id: Cid) -> Version | None:
        """A version by the id of its record."""
        return next((found for film in self.films.values() for found in film.versions if found.id == version_id), None)

    def versions(self) -> list[Version]:
        """All versions of all films, by film id."""
        return [version for film in sorted(self.films) for version in self.films[film].versions]

    def hosts_of(self, root: Cid) -> list[str]:
        """Where the hosts of the version with this root are dialled; none where no version here has it."""
        versions = [version for film in self.films.values() for version in film.versions if version.root == root]
        return [addr for version in versions for found in self.providers_of(version) for addr in found.addrs]

    def gateways_of(self, root: Cid) -> dict[str, str]:
        """Of the hosts of the version with this root: peer id → where it is read over HTTP, for those that say so."""
        versions = [version for film in self.films.values() for version in film.versions if version.root == root]
        return {
            addr.rpartition("/p2p/")[2]: found.gateway
            for version in versions
            for found in self.providers_of(version)
            for addr in found.addrs
            if found.gateway is not None
        }

    def providers_by_version(self) -> dict[Cid, list[Provider]]:
        """Who says to hold each version, in a fixed order: for when many versions are asked for."""
        found: dict[Cid, list[Provider]] = {}
        for _, provider in sorted(self.providers.items()):
            for version in provider.versions:
                found.setdefault(version, []).append(provider)
        return found

    def providers_of(self, version: Version) -> list[Provider]:
        """Who says to hold a version, in a fixed order."""
        found = (provider for provider in self.providers.values() if version.id in provider.versions)
        return sorted(found, key=lambda provider: (provider.author, provider.device))

    def gateways(self, but: bytes) -> list[str]:
        """Origins of the public gateways that hosts name, of those with most versions first, without one device's."""
        held: Counter[str] = Counter()
        for provider in self.providers.values():
            origin = _ORIGIN.match(provider.gateway or "")
            if origin is not None and provider.device != but:
                held[origin[0].lower()] += len(provider.versions)
        return [origin for origin, _ in sorted(held.items(), key=lambda one: (-one[1], one[0]))[:MAX_GATEWAYS]]

    def offers_of(self, title: bytes) -> list[tuple[Record, dict[str, Any]]]:
        """The signed offers for a title on the ledger, oldest first."""
        found = (offer for offer in self.offers if offer[1]["terms"].get("title") == title.rjust(32, b"\0"))
        return sorted(found, key=lambda offer: (offer[0].time, offer[0].id))
