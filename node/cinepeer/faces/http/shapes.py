"""The shapes of what people send to the API, checked before anything happens."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, Strict, model_validator

from cinepeer.app.publication import Wish
from cinepeer.app.publish import FilmFacts
from cinepeer.content.packaging import Packaging, Words
from cinepeer.content.warnings import WARNINGS
from cinepeer.rights.further import MAX_SETS

Warned = Literal["violence", "fear", "sex", "nudity", "language", "drugs", "suicide", "discrimination", "flashing"]


First, Second = TypeVar("First"), TypeVar("Second")
# JSON has lists alone: the pair is made of one, and each part keeps its own type.
Pair = Annotated[tuple[First, Second], Strict(False)]


class Shape(BaseModel):
    """A closed object: a field that is not known is a slip, and so is a value of another type: 0 is not `false`."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Share(Shape):
    """One co-owner of a title: a ledger address and its shares (basis points)."""

    holder: str = Field(pattern=r"^0x[0-9a-fA-F]{40}$")
    shares: int = Field(ge=1, le=10_000)


class WordsRequest(Shape):
    """Captions as SRT or WebVTT, their language (ISO 639), and what they are called in a player."""

    language: str = Field(max_length=8)
    name: str = Field(default="", max_length=60)
    text: str = Field(max_length=1 << 20)


class PackageRequest(Shape):
    """`chapters`: lines of a time and a title, null for those of the file; `poster`: a moment in seconds.

    `loudness`: the LUFS that the sound is brought to, null leaves it; `priority`: the highest of those that wait is
    first.
    """

    captions: list[WordsRequest] = Field(default=[], max_length=16)
    chapters: str | None = Field(default=None, max_length=100_000)
    poster: float | None = Field(default=None, ge=0, lt=86_400)
    loudness: float | None = Field(default=None, ge=-40, le=-10)
    priority: int = Field(default=0, ge=-10, le=10)

    def packaging(self) -> Packaging:
        """As the core takes it."""
        words = tuple(Words(one.language, one.name, one.text) for one in self.captions)
        return Packaging(words, self.chapters, self.poster, self.loudness)


class Translated(Shape):
    """A film's name and synopsis in another language, a BCP 47 tag."""

    language: str = Field(min_length=2, max_length=40)
    name: str = Field(min_length=1, max_length=300)
    synopsis: str = Field(default="", max_length=5_000)


class PublishRequest(PackageRequest):
    """A film file on the node's own machine and what its creator says of it; `premiere` in seconds."""

    path: str
    name: str = Field(min_length=1, max_length=300)
    year: int | None = Field(default=None, ge=1870, le=2200)
    external: list[str] = []
    genres: list[str] = []
    synopsis: str = Field(default="", max_length=5_000)
    languages: list[str] = []
    credits: list[Pair[str, str]] = []
    translations: list[Translated] = Field(default=[], max_length=32)
    owners: list[Share] = []
    title: bool = True
    premiere: int | None = Field(default=None, ge=0, lt=1 << 40)
    unlisted: bool = False
    warnings: list[Warned] | None = Field(default=None, max_length=len(WARNINGS))
    of: str | None = Field(default=None, max_length=200)
    label: str = Field(default="original cut", min_length=1, max_length=100)
    sort: Literal["film", "cut", "dub", "trailer"] = "film"
    ask: bool = False
    parent: str | None = Field(default=None, max_length=200)
    parent_shares: int = Field(default=0, ge=0, lt=10_000)
    licensed: bool = False
    custodians: list[str] = Field(default=[], max_length=16)

    def facts(self) -> FilmFacts:
        """What the creator says of the film."""
        names = ("external", "genres", "languages", "credits")
        several = {name: tuple(getattr(self, name)) for name in names}
        release = {"premiere": self.premiere, "unlisted": self.unlisted}
        said = {"name": self.name, "year": self.year, "synopsis": self.synopsis, "label": self.label}
        said |= {"sort": self.sort, "warnings": None if self.warnings is None else tuple(self.warnings)}
        several["translations"] = tuple((one.language, one.name, one.synopsis) for one in self.translations)
        return FilmFacts(**said, **several, **release)

    def wish(self) -> Wish:
        """As the application takes it."""
        owners = tuple((share.holder, share.shares) for share in self.owners)
        sealing = {"licensed": self.licensed, "custodians": tuple(self.custodians)}
        # The film's own title stands for all its versions.
        rest = {"title": self.title and self.of is None, "packaging": self.packaging(), "of": self.of}
        rest |= {"ask": self.ask, "parent": self.parent, "parent_shares": self.parent_shares}
        return Wish(self.facts(), path=self.path, owners=owners, **rest, **sealing)


class DecisionRequest(Shape):
    """How a publication goes on that asks: as an own work, or as made from `parent`, which gets shares of its title."""

    parent: str | None = Field(default=None, max_length=200)
    parent_shares: int = Field(default=0, ge=0, lt=10_000)


class RatingRequest(Shape):
    """Stars for films; null withdraws."""

    ratings: list[Pair[str, int | None]] = Field(min_length=1, max_length=256)


class WishesRequest(Shape):
    """How lists are to be made; what is not named stays as it is."""

    forgotten: list[str] | None = None
    less: list[str] | None = None
    hidden: list[str] | None = None
    off: list[str] | None = None
    rules: list[str] | None = None
    languages: list[str] | None = None
    territory: str | None = None
    diversity: int | None = None
    against_popularity: int | None = None
    model: str | None = None


class ReceiptRequest(Shape):
    """The receipt of a list of so many films by the kept wishes and these; `sealed`: the history as a commitment."""

    limit: int = Field(default=20, ge=1, le=200)
    sealed: bool = False
    wishes: WishesRequest = WishesRequest()


class TitleRequest(Shape):
    """A title to be registered for a published film."""

    film: str
    owners: list[Share] = []


class OfferTerms(Shape):
    """
    What a licence offer says; `price` in the ledger's smallest unit, `days` 0 for no end; the window `start` to `end`
    and `closes`, the offer's own end, in seconds (0: open); `text` the CID of a legal text. `opens` and `salt` are
    those of a draft that was read, so that the very same is signed.
    """

    price: str = Field(pattern=r"^\d{1,38}$")
    medium: str = "cinema"
    territory: list[str] = []
    days: int = Field(default=0, ge=0, le=36_500)
    supply: int = Field(default=1_000, ge=1, le=2**32 - 1)
    exclusive: bool = False
    start: int = Field(default=0, ge=0, lt=1 << 40)
    end: int = Field(default=0, ge=0, lt=1 << 40)
    closes: int = Field(default=0, ge=0, lt=1 << 40)
    text: str = Field(default="", max_length=120)
    opens: int = Field(default=0, ge=0, lt=1 << 40)
    salt: str = Field(default="", pattern=r"^(0x[0-9a-f]{64})?$")

    def terms(self) -> dict[str, Any]:
        """As the application takes them."""
        return {name: getattr(self, name) for name in OfferTerms.model_fields} | {"price": int(self.price)}


class OfferRequest(OfferTerms):
    """A licence offer for a film's title."""

    film: str


class LicenceRequest(Shape):
    """A licence to be bought: the id of the offer's record."""

    offer: str


class PaymentRequest(Shape):
    """An amount for a film's purse, in the ledger's smallest unit."""

    film: str
    amount: str = Field(pattern=r"^[1-9]\d{0,37}$")
    memo: str = Field(default="", max_length=32)


class WithdrawalRequest(Shape):
    """A holder's royalties of one film; anybody may have them paid out to the holder."""

    film: str
    holder: str = Field(pattern=r"^0x[0-9a-fA-F]{40}$")


class AuditRequest(Shape):
    """
    What to prove: a film (with the authors whose ratings of it are proved as well), its title alone, without the film's
    bytes, an author's titles and feeds, the
    network's titles, or those of this node's catalogue; at a block, or the newest. Of many titles those of one contract
    set by its number, where the network has several.
    """

    sort: Literal["film", "title", "author", "network", "catalogue"] = "film"
    film: str = ""
    author: str = ""
    raters: list[str] = []
    at: int | None = Field(default=None, ge=0, lt=1 << 53)
    set: int | None = Field(default=None, ge=1, le=MAX_SETS)

    @model_validator(mode="after")
    def _has_its_subject(self) -> Self:
        """A film or an author where the sort asks for one, and nowhere else."""
        for name, sorts in {"film": ("film", "title"), "author": ("author",)}.items():
            if bool(getattr(self, name)) != (self.sort in sorts):
                raise ValueError(f"{name} belongs to the sort {' or '.join(sorts)}, and to no other")
        if self.set is not None and self.sort in ("film", "title"):
            raise ValueError("a film is in one contract set alone: set belongs to the other sorts")
        return self


class ReportRequest(Shape):
    """The SHA-256 of an audit's report without its signature."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class AddressRequest(Shape):
    """A peer's multiaddr."""

    addr: str


class DenyRequest(Shape):
    """The CID of an author, a film's files or a block."""

    cid: str


class RevocationRequest(Shape):
    """A device of the author by the begin of its key in hex, and the last seq of it that shall count (-1: none)."""

    device: str = Field(min_length=8, max_length=64, pattern=r"^[0-9a-fA-F]+$")
    after: int | None = Field(default=None, ge=-1)
    reason: str = Field(default="", max_length=1_000)
    alone: bool = False


class AdmissionRequest(Shape):
    """Whether no other machine has signed with this author's keys, so that no neighbour need be asked."""

    alone: bool = False


class DelegationRequest(Shape):
    """A device to be admitted: its Ed25519 public key in hex, and a name that tells it from the others."""

    device: str = Field(pattern=r"^[0-9a-f]{64}$")
    name: str = Field(min_length=1, max_length=64)


class PublicationRequest(PublishRequest):
    """A film to be published: an upload that is whole, or a file on the node's own machine (one of the two)."""

    upload: str | None = None
    path: str | None = None  # type: ignore[assignment]
    offer: OfferTerms | None = None

    def wish(self) -> Wish:
        """As the application takes it."""
        offer = None if self.offer is None else self.offer.terms()
        return dataclasses.replace(super().wish(), upload=self.upload, offer=offer)


class HostingRequest(Shape):
    """The disk cap from now on."""

    disk_cap_bytes: int = Field(ge=0, le=2**53 - 1)


class PrivateRequest(Shape):
    """Which private ratings are to be signed as public records: those of `films`, or all."""

    films: list[str] | None = None


class SourceRequest(Shape):
    """A film to look into: an upload that is whole, or a file on the node's own machine (one of the two)."""

    upload: str | None = Field(default=None, max_length=64)
    path: str | None = None


class PlaceRequest(Shape):
    """A job's priority in the queue."""

    priority: int = Field(ge=-10, le=10)
