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
    """A licence that stands; `start` and `end` in seconds."""

    licensee: str
    offer: str
    start: int
    end: int


class Rights(Growing):
    """A film's rights as the ledger's log folds up to `block`; shares in basis points."""

    title: str
    block: int
    status: str
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


class Chain(Answer):
    """A ledger, its newest block, and the contracts' addresses."""

    chain_id: int
    block: int
    from_block: int
    contracts: dict[str, str]


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
