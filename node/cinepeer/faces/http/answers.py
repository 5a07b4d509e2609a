"""The shapes of what the API answers: the OpenAPI document is made from them, and so is the page's typed client."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """A closed object: a field that the view shows and the document does not name fails the request's own tests."""

    model_config = ConfigDict(extra="forbid")


class Growing(BaseModel):
    """An object that names its lasting fields; the parts of a running node may tell more."""

    model_config = ConfigDict(extra="allow")


class Problem(Answer):
    """An RFC 9457 problem document: one sentence, what was found and what was expected."""

    type: str
    status: int
    detail: str


# Films


class Rendition(Answer):
    """One quality of a version; `bandwidth` in bits per second."""

    name: str
    width: int
    height: int
    bandwidth: int


class ProviderOf(Answer):
    """A node that says it holds a version: where to dial it, and its public gateway where it has one."""

    author: str
    addrs: list[str]
    gateway: str | None


class Version(Answer):
    """One cut of a film; `root` is the CID of its folder, `held` whether this node holds it whole.

    `sort`: film, cut, dub or trailer. `licensed`: its files are sealed, and play with a key that custodians release to
    licensees.
    """

    id: str
    label: str
    sort: str
    root: str
    duration_ms: int
    size_bytes: int
    blocks: int
    renditions: list[Rendition]
    held: bool
    licensed: bool
    providers: list[ProviderOf]


class Credit(Answer):
    """A name and what it did."""

    name: str
    role: str


class Translation(Answer):
    """What a film is called and about in another language, a BCP 47 tag."""

    language: str
    name: str
    synopsis: str


class Facts(Answer):
    """What the film's record says of it."""

    year: int | None = None
    external: list[str] = []
    credits: list[Credit] = []
    genres: list[str] = []
    synopsis: str = ""
    languages: list[str] = []
    warnings: list[str] | None = None
    translations: list[Translation] = []


class Score(Answer):
    """A computed number and what it opens to: all counted stars, ascending.

    `source` is null where they are counted here, else the label of the checkpoint that they are from.
    """

    median: int | None
    count: int
    stars: list[int]
    weights: str
    source: str | None = None


class Scores(Answer):
    """A film's scores."""

    viewers: Score


class Film(Answer):
    """A film with a record here; `yours` is what this node's author gave, `time` in ms, `premiere` in seconds."""

    id: str
    name: str
    author: str
    time: int
    facts: Facts
    versions: list[Version]
    playable: bool
    premiere: int | None
    unlisted: bool
    titles: list[str]
    yours: int | None
    scores: Scores


class GivenStars(Answer):
    """One author's standing word on a film, and the record that says it."""

    record: str
    author: str
    name: str | None
    stars: int
    time_ms: int
    counted: bool


# The node


class LedgerLabel(Answer):
    """Which ledger the node reads, said honestly."""

    label: str
    chain_id: int


class Peer(Growing):
    """A neighbour and what was exchanged with it; what follows `rtt_ms` is missing before the first exchange.

    `block_bytes_in` and `block_bytes_out` count film blocks since the network began; `/api/status` leaves them out.
    """

    peer_id: str
    addrs: list[str]
    direction: str
    since_ms: int
    rtt_ms: float | None
    received: int | None = None
    sent: int | None = None
    refused: dict[str, int] = {}
    waiting: dict[str, int] = {}
    rounds: int | None = None
    received_bytes: int | None = None
    sent_bytes: int | None = None
    last_sync_ms: int | None = None
    lag: int | None = None
    block_bytes_in: int | None = None
    block_bytes_out: int | None = None
    standing: str | None = None


class Holding(Growing):
    """What a node holds of its scope (words as in the setting); whoever holds the same has the same fingerprint."""

    scope: str
    records: int
    fingerprint: str


class Strangers(Answer):
    """What authors take of the disk whom nothing here vouches for, as last looked at; `evicted` bodies went by now.

    While `is_full` no more records of theirs are stored: their headers alone fill `cap_bytes`.
    """

    authors: int
    size_bytes: int
    cap_bytes: int
    evicted: int
    is_full: bool


class Ahead(Answer):
    """The checkpoint that a node shows until it has replayed it; `held` of its `records` are here already.

    When it ended, `is_shown` is false, and `label` says how; `contradicts` names records that contradict it.
    """

    record: str
    author: str
    moment_ms: int
    records: int
    ratings: int
    label: str
    is_shown: bool
    held: int
    contradicts: list[str]


class Status(Growing):
    """The node at a glance: addresses without path, and counts; `p2p_ws` are for browsers and js-libp2p.

    `page_build` is the CID of the page's files as this node serves them, null without a built page.
    """

    version: str
    page_build: str | None = None
    author: str
    page: str
    api: str
    ipfs_rpc: str
    gateway: str
    ledger_rpc: str
    p2p: list[str]
    p2p_ws: list[str] = []
    peer_id: str
    network: str
    home: str
    ledger: LedgerLabel
    records: int
    holding: Holding | None = None
    strangers: Strangers | None = None
    films: int
    checkpoint: Ahead | None = None
    stored_bytes: int
    disk_cap: int
    peers: list[Peer]


class Hosted(Growing):
    """What the node holds, what it left out and why; `disk_cap` in bytes, `gateway` where others read over HTTP."""

    held: list[str]
    declined: dict[str, str]
    stored_bytes: int
    disk_cap: int
    gateway: str | None = None
    denied: list[str]


class Pursued(Hosted):
    """As `Hosted`, with the number of versions that were taken now."""

    taken: int


class PublicStatus(Answer):
    """What a stranger is told of a node."""

    version: str
    author: str
    peer_id: str
    p2p: list[str]
    p2p_ws: list[str] = []
    network: str
    ledger: LedgerLabel
    records: int
    films: int


class HostingChanged(Hosted):
    """As `Hosted`; `consequence` says what follows when more is held than the cap allows."""

    consequence: str | None


class Connected(Answer):
    """The peer that was reached."""

    peer_id: str


class SyncDone(Growing):
    """What one reconciliation moved."""

    peer_id: str


class Denied(Answer):
    """How many blocks are denied by the entry."""

    blocks: int


class Allowed(Answer):
    """What is still denied."""

    denied: list[str]


# Records and ratings


class RefusedRecord(Answer):
    """A record that does not hold, and why."""

    record: str
    reason: str


class WaitingRecord(Answer):
    """A record that waits: for `author`, `device`, `prev`, `body`, `time` or `room`."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    record: str
    what: str = Field(alias="for")


class Imported(Answer):
    """What became of records that were sent."""

    added: int
    refused: list[RefusedRecord]
    waiting: list[WaitingRecord]


class Rated(Answer):
    """The record that was signed."""

    record: str
    seq: int
    ratings: int
