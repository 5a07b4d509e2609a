"""The shapes of what the API answers about titles, licences and money."""

from __future__ import annotations

from cinepeer.faces.http.answers import Answer, Growing


class Account(Answer):
    """This node's account; amounts in the ledger's smallest unit, as text."""

    address: str
    balance: str
    chain_id: int
    author: str


class Credited(Account):
    """As `Account`, with the transaction that brought the test credits."""

    tx: str
    block: int
    gas: int


class LicenceHeld(Answer):
    """A licence that was granted in `block`; `start` and `end` in seconds, `territory` null for the whole world."""

    licensee: str
    offer: str
    start: int
    end: int
    paid: str
    block: int
    live: bool
    exclusive: bool
    media: list[str]
    territory: list[str] | None


class Agent(Answer):
    """Who may offer licences in the controller's place, until when (seconds)."""

    agent: str
    until: int


class Evidence(Answer):
    """Evidence in a dispute: whose, and its digest."""

    by: str
    sha256: str


class DisputeOf(Answer):
    """
    A dispute about a title on a `ground`, to be answered by `due` (seconds); `outcome` is open, upheld, dismissed or
    lapsed.
    """

    case: int
    ground: str
    due: int
    claimant: str
    respondent: str | None
    outcome: str
    evidence: list[Evidence]


class Claim(Answer):
    """Another title of the same content or film record; `earlier`: it was registered no later."""

    title: str
    creator: str
    since: int
    earlier: bool


class Rights(Growing):
    """A film's rights as the ledger's log folds up to `block`; shares in basis points, `since` in seconds."""

    title: str
    block: int
    status: str
    since: int
    creator: str
    controller: str
    agents: list[Agent]
    disputes: list[DisputeOf]
    claims: list[Claim]
    shares: dict[str, int]
    paid_in: str
    paid_out: str
    claimable: dict[str, str]
    licences: list[LicenceHeld]
    offers: list[str]


class _Done(Answer):
    tx: str
    block: int
    gas: int


class Registered(Answer):
    """A title; without a transaction where it was registered before."""

    title: str
    record: str
    tx: str | None = None
    block: int | None = None
    gas: int | None = None


class Offered(Answer):
    """A signed licence offer."""

    offer: str
    digest: str
    price: str


class Bought(_Done):
    """A licence bought."""

    licensee: str
    digest: str


class Paid(_Done):
    """An amount that went into a film's purse."""

    title: str
    amount: str


class Withdrawn(_Done):
    """Royalties that were paid out."""

    title: str
    holder: str
    amount: str


class Anchored(_Done):
    """The Merkle root over everything held, as it stands on the ledger."""

    root: str
    size: int


# What stands on the ledger, all bytes as hex


class Placed(Answer):
    """One contract set: from which block on it is in force, and the contracts' addresses."""

    from_block: int
    contracts: dict[str, str]


class Chain(Placed):
    """A ledger, its newest block, the genesis's own contract set, and those that the founder named since."""

    chain_id: int
    block: int
    further: list[Placed]


class Block(Answer):
    """A header as RLP; `signature` is the sequencer's, null on a ledger that is not one of ours."""

    number: int
    header: str
    signature: str | None


class LogEntry(Answer):
    """What a contract logged."""

    address: str
    topics: list[str]
    data: str
    block: int
    index: int
    tx: str


class Code(Answer):
    """The code at an address."""

    address: str
    code: str


class ProofOfSlot(Answer):
    """The nodes from the account's storage root to one slot."""

    slot: str
    nodes: list[str]


class Proof(Answer):
    """The nodes from the state root of `block` to an account, and to slots of its storage."""

    address: str
    block: int
    nodes: list[str]
    slots: list[ProofOfSlot]


class ReportSigned(Answer):
    """Who signed a report's hash: an author, a device of theirs (hex), and the Ed25519 signature (hex)."""

    author: str
    device: str
    signature: str


# Offers


class OfferOf(Answer):
    """
    A licence offer with its terms and in words; times in seconds (null: open), `territory` null for the whole world.
    `standing` is `open`, `early`, `closed`, `sold out`, `over`, `void` (its seller may not sell) or `unknown`.
    """

    offer: str
    digest: str
    text: str
    seller: str
    own: bool
    price: str
    media: list[str]
    territory: list[str] | None
    opens: int
    closes: int | None
    start: int | None
    end: int | None
    term_s: int | None
    supply: int
    taken: int
    exclusive: bool
    terms_sha256: str | None
    standing: str


class OfferText(Answer):
    """An offer in words before it is signed; with its `opens` and `salt` the very same is signed."""

    text: str
    opens: int
    salt: str
