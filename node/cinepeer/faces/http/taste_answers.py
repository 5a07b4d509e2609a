"""The shapes of what the API answers about lists: recommendations, wishes, models, receipts, imports."""

from __future__ import annotations

from pydantic import Field

from cinepeer.faces.http.answers import Answer


class ViewerNear(Answer):
    """Another author who liked both films: the records of the two ratings."""

    author: str
    of_yours: str
    of_this: str


class JoinedOf(Answer):
    """A word on whether two ids mean one film; `by`: `own`, `followed`, or `creator` of the film."""

    films: list[str]
    same: bool
    by: str
    author: str
    record: str


class SameOf(Answer):
    """The ids that mean one film in lists here, the name it has there, and the words that join them."""

    film: str
    ids: list[str]
    joined: list[JoinedOf]


class CauseOf(Answer):
    """One part of a score: what an own rating adds (`record` null: private), or what a dial or a wish takes off.

    `channel`: `liked`, `disliked` or `lately` (with a number) of the rated `film`; `less` like `film`; `popularity`,
    the dial against it; `diversity`, because `film` is listed before. `shared`: what both films have in common.
    `rated_as`: the other id of the film under which the rating was given.
    """

    channel: str
    film: str
    stars: int | None
    adds: int
    record: str | None
    liked_both: int
    viewers: list[ViewerNear]
    shared: list[str]
    rated_as: str | None = None


class KnownOf(Answer):
    """What rules and rights asked of a film; null where nobody said it. `block`: the ledger's, for the rights."""

    minutes: int | None
    year: int | None
    languages: list[str] | None
    genres: list[str] | None
    is_ready: bool
    is_licensed: bool | None
    is_disputed: bool
    block: int | None


class Recommended(Answer):
    """A ranked film with its evidence: what it adds sums to the score. `joined`: what makes other ids mean it, too."""

    film: str
    name: str | None
    score: int
    by: str
    likes: int
    evidence: list[CauseOf]
    joined: list[JoinedOf] = Field(default=[])
    facts: KnownOf


class WishesOf(Answer):
    """How the viewer wants lists made; kept in the home, never a record."""

    forgotten: list[str]
    less: list[str]
    hidden: list[str]
    off: list[str]
    rules: list[str]
    languages: list[str]
    territory: str
    diversity: int
    against_popularity: int
    model: str


class Recommendations(Answer):
    """The list, the model that it was ranked by, the wishes, and how many films each rule or right left out.

    `one` is the score that the strongest weight of a single rating gives. `source` is null where the ratings were
    counted here, else the label of the checkpoint that the model was fitted on.
    """

    author: str
    model: str
    fitted_on: int
    source: str | None = None
    one: int
    films: list[Recommended]
    wishes: WishesOf
    left_out: dict[str, int]
    private: int


class Change(Answer):
    """The smallest set of own ratings without which the film is not listed; `instead` comes then.

    `is_smallest`: every smaller set was tried; `tries`: how many lists were made.
    """

    films: list[str]
    instead: str | None
    is_smallest: bool
    tries: int


class OpenedFilm(Answer):
    """Why a film is in the list (`place` from 1), or why not (`reason`), and what would change it."""

    film: str
    place: int | None
    reason: str | None
    needed: int | None
    one: int
    found: Recommended | None
    change: Change | None


class ModelOf(Answer):
    """The fitted model: its id, that of its copy for light clients, and the root of the ratings it was fitted on."""

    model: str
    light: str | None
    size_bytes: int
    light_bytes: int
    films: int
    fitted_on: int
    root: str


class StatedReceipt(Answer):
    """A receipt without its model's bytes (base64), and the opening of its history where that is sealed."""

    head: str
    opening: str | None
    model: str


class OddityOf(Answer):
    """Something odd about a row: `duplicate`, `conflict`, `scale`, `time` or `row`."""

    line: int
    kind: str
    told: str


class UnmatchedOf(Answer):
    """A row whose film is not known, and why."""

    line: int
    title: str
    year: int | None
    reason: str


class FoundOf(Answer):
    """A row with the film that it is about."""

    film: str
    title: str
    year: int | None
    stars: int


class ImportReport(Answer):
    """What an export comes to; of the lists the first 200 are told, of everything the counts."""

    source: str
    rows: int
    ratings: int
    matched_by: dict[str, int]
    kept: bool
    private: int
    already_public: int
    counts: dict[str, int]
    oddities: list[OddityOf]
    unmatched_count: int
    unmatched: list[UnmatchedOf]
    found: list[FoundOf]


class PrivateRatings(Answer):
    """Ratings that only this home knows: [film, stars, time in ms or null, source]."""

    count: int
    ratings: list[tuple[str, int, int | None, str]]


class Forgotten(Answer):
    """How many private ratings went."""

    forgotten: int


class PublishedRatings(Answer):
    """The records that were signed, and how many ratings are in them."""

    records: list[str]
    ratings: int


class ShareOf(Answer):
    """A group's share of the places in lists, of what the authors liked, and of all films."""

    listed: float
    rated: float
    catalogue: float


class GroupHits(Answer):
    """How often a hidden film that they liked was listed for a group of authors."""

    authors: int
    hit: float
    interval: tuple[float, float]


class FairnessAt(Answer):
    """What lists come to at one setting of the dial against popularity."""

    against_popularity: int
    hit: float
    hit_interval: tuple[float, float]
    likes_listed: float
    likes_rated: float
    coverage: float
    gini: float
    less_liked_half: ShareOf
    small_creators: ShareOf | None
    languages: dict[str, ShareOf]
    decades: dict[str, ShareOf]
    by_activity: dict[str, GroupHits]
    by_taste: dict[str, GroupHits]


class Fairness(Answer):
    """Whom the lists of a sample of authors favour."""

    authors: int
    sampled: int
    films: int
    limit: int
    settings: list[FairnessAt]
