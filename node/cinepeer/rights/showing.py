"""May this film be shown, all rules together: release, screener links, disputes, licences, at a block."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from cinepeer.errors import Refused
from cinepeer.records import dagcbor, keys
from cinepeer.records.cid import Cid
from cinepeer.records.dagcbor import Value
from cinepeer.rights.events import Entry
from cinepeer.rights.fields import Fields
from cinepeer.rights.inspection import moment
from cinepeer.rights.licences import Answer, can_show
from cinepeer.rights.state import Status, fold
from cinepeer.rights.territories import territory_bit

_DOMAIN = b"cinepeer/screener/1\0"


@dataclass(frozen=True, slots=True)
class Release:
    """When a film is first shown to everybody (seconds; None: since it was published), and whether lists name it."""

    premiere: int | None = None
    unlisted: bool = False


@dataclass(frozen=True, slots=True)
class FilmRights:
    """A film as its rights see it: its title (20 bytes, None without one), the ledger's entries, its release."""

    title: bytes | None
    entries: Sequence[Entry]
    release: Release = Release()


@dataclass(frozen=True, slots=True)
class Screener:
    """A link by which a film may be seen until a time (seconds), signed by a device of its author."""

    film: Cid
    until: int
    device: bytes
    signature: bytes


def release_of(fields: Mapping[str, Value]) -> Release:
    """What a film record's body says of its release (`premiere` in seconds, `unlisted`); odd values say nothing."""
    premiere, unlisted = fields.get("premiere"), fields.get("unlisted")
    return Release(premiere if type(premiere) is int and premiere >= 0 else None, unlisted is True)


def can_show_film(
    film: FilmRights,
    territory: str,
    medium: str,
    time: int,
    block: int | None = None,
    *,
    licensee: bytes | None = None,
    screener: Screener | None = None,
) -> Answer:
    """
    Whether a film may be shown at `time` (seconds), by the ledger as it stood at `block` (None: now), with the entry
    that decides; an empty `territory` was not told. A `screener` is one that `verify_screener` let pass. Raises
    `BadInput` for an unknown territory or medium.
    """
    state = fold(film.entries, up_to=block)
    title = None if film.title is None else state.titles.get(film.title)
    if title is None:
        if territory:
            territory_bit(territory)
        answer = Answer(True, "published openly, without a title on the ledger", None, "untitled")
    else:
        answer = can_show(state, title.id, territory, medium, time, licensee)
        if title.status in (Status.SUSPENDED, Status.VOID):
            return answer
    if screener is not None and screener.until >= time:
        said = f"by a screener link until {moment(screener.until)}"
        return Answer(True, said, None, "screener", {"until": screener.until})
    premiere = film.release.premiere
    is_early = premiere is not None and time < premiere
    is_licensed = title is not None and licensee is not None and answer.allowed
    if is_early and not is_licensed:
        said = f"the film has its premiere on {moment(premiere or 0)}"
        return Answer(False, said, None, "premiere", {"at": premiere or 0})
    return answer


def is_listed(release: Release, time: int) -> bool:
    """Whether lists and searches name the film at `time` (seconds): its own page opens all the same."""
    return not release.unlisted and (release.premiere is None or time >= release.premiere)


def sign_screener(seed: bytes, film: Cid, until: int) -> Screener:
    """A screener link of a film until a time (seconds), by a device's 32-byte Ed25519 `seed`."""
    return Screener(film, until, keys.public_key(seed), keys.sign(seed, _message(film, until)))


def screener_text(screener: Screener) -> str:
    """The link's text: DAG-CBOR in unpadded base64url."""
    fields: dict[str, Value] = {
        "film": screener.film,
        "until": screener.until,
        "device": screener.device,
        "signature": screener.signature,
    }
    return base64.urlsafe_b64encode(dagcbor.encode(fields)).rstrip(b"=").decode()


def parse_screener(text: str) -> Screener:
    """Reads a link's text; raises `Refused` (`bad-form`, `not-canonical`)."""
    try:
        block = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise Refused("bad-form", f"found the screener link {text[:40]!r}, expected base64url") from error
    fields = Fields.of(block, "a screener link")
    screener = Screener(
        fields.cid("film"), fields.number("until"), fields.data("device", 32), fields.data("signature", 64)
    )
    fields.verify_end()
    return screener


def verify_screener(screener: Screener, film: Cid, devices: Collection[bytes]) -> None:
    """Raises `Refused` unless a link is of this film, by one of its author's `devices` (public keys) that may sign."""
    if screener.film != film:
        raise Refused("wrong-film", f"found a screener link of {screener.film}, expected one of {film}")
    if screener.device not in devices:
        raise Refused("bad-signature", "found a screener link by another device, expected one of the film's author")
    keys.verify(screener.device, _message(screener.film, screener.until), screener.signature)


def _message(film: Cid, until: int) -> bytes:
    return _DOMAIN + bytes(film) + until.to_bytes(8, "big")
