"""What the ledger says of one title, for people: holders, agents, licences, offers, disputes, competing claims."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cinepeer.records.record import Record
from cinepeer.rights.deeds import NATIVE, Offer, recover
from cinepeer.rights.deployment import ContractSet
from cinepeer.rights.licences import FOREVER, medium_names
from cinepeer.rights.royalties import statements
from cinepeer.rights.state import NOBODY, Purse, State, Status, Title
from cinepeer.rights.territories import territory_codes

GROUNDS = ("other", "owner", "shares", "licence", "content")
"""What a notice says is wrong, by its number on the ledger."""

OUTCOMES = {0: "open", 3: "upheld", 4: "dismissed", 5: "lapsed"}

Signed = tuple[Record, dict[str, Any]]


def title_told(state: State, found: Title, block: int, now_s: int) -> dict[str, Any]:
    """A title as it stands at `block`, `now_s` in seconds."""
    purse = found.purses.get(NATIVE, Purse())
    earned = statements(found)
    return {
        "title": _hex(found.id),
        "block": block,
        "status": found.status.name.lower(),
        "since": found.since,
        "creator": _hex(found.deed.creator),
        "controller": _hex(found.controller),
        "shares": {_hex(holder): shares for holder, shares in sorted(found.shares.items()) if shares},
        "agents": [
            {"agent": _hex(who), "until": until} for who, until in sorted(found.delegates.items()) if until >= now_s
        ],
        "paid_in": str(purse.paid_in),
        "paid_out": str(purse.paid_out),
        "claimable": {_hex(one.holder): str(one.claimable) for one in earned},
        "licences": licences_told(state, found.id, now_s),
        "disputes": disputes_told(state, found.id),
        "claims": claims_told(state, found.id),
    }


def licences_told(state: State, title: bytes, now_s: int) -> list[dict[str, Any]]:
    """The licences of a title that were not taken back, with the entry that granted each."""
    return [
        {
            "licensee": _hex(one.licensee),
            "offer": _hex(one.offer),
            "start": one.start,
            "end": one.end,
            "paid": str(one.paid),
            "block": one.entry.block,
            "live": one.start <= now_s <= one.end,
            "exclusive": state.offers[one.offer].exclusive,
            "media": medium_names(state.offers[one.offer].media),
            "territory": territory_codes(state.offers[one.offer].territory),
        }
        for one in state.licences
        if one.title == title and not one.revoked
    ]


def offer_told(
    signed: Signed,
    contracts: ContractSet,
    state: State | None,
    own: bytes,
    now_s: int,
    sentence: Callable[[Offer], str],
) -> dict[str, Any]:
    """
    A signed offer with its terms, its plain text, and where it stands: `open`, `closed` by its seller, `sold out`,
    `over`, `early`, or `void` where its seller may not sell; `unknown` where no ledger answers (`state` None). Raises
    `Refused` or `BadInput` for what is no offer of ours.
    """
    record, fields = signed
    offer = Offer.from_map(fields["terms"])
    digest = offer.digest(contracts)
    is_signed = recover(digest, bytes(fields["signature"])) == offer.seller
    return {
        "offer": str(record.id),
        "digest": _hex(digest),
        "text": sentence(offer),
        "seller": _hex(offer.seller),
        "own": offer.seller == own,
        "price": str(offer.price),
        "media": medium_names(offer.media),
        "territory": territory_codes(offer.territory),
        "opens": offer.opens,
        "closes": None if offer.closes == FOREVER else offer.closes,
        "start": offer.start or None,
        "end": offer.end or None,
        "term_s": offer.term or None,
        "supply": offer.supply,
        "taken": 0 if state is None else _taken(state, digest),
        "exclusive": offer.exclusive,
        "terms_sha256": None if offer.terms == bytes(32) else offer.terms.hex(),
        "standing": "unknown" if state is None else _standing(state, offer, digest, is_signed, now_s),
    }


def disputes_told(state: State, title: bytes) -> list[dict[str, Any]]:
    """Every dispute about a title, with its evidence by digest."""
    return [
        {
            "case": one.case,
            "claimant": _hex(one.claimant),
            "respondent": None if one.respondent == NOBODY else _hex(one.respondent),
            "ground": GROUNDS[one.ground] if one.ground < len(GROUNDS) else str(one.ground),
            "due": one.due,
            "outcome": OUTCOMES.get(one.outcome, str(one.outcome)),
            "evidence": [{"by": _hex(who), "sha256": digest.hex()} for who, digest in one.evidence],
        }
        for one in state.disputes.values()
        if one.title == title
    ]


def claims_told(state: State, title: bytes) -> list[dict[str, Any]]:
    """Other titles of the same content or film record, the oldest first."""
    mine = state.titles.get(title)
    if mine is None:
        return []
    return [
        {
            "title": _hex(one.id),
            "creator": _hex(one.deed.creator),
            "since": one.since,
            "earlier": one.since <= mine.since,
        }
        for one in state.titles.values()
        if one.id != title and (one.deed.content == mine.deed.content or one.deed.metadata == mine.deed.metadata)
    ]


def _taken(state: State, offer: bytes) -> int:
    return sum(one.offer == offer for one in state.licences)


def _standing(state: State, offer: Offer, digest: bytes, is_signed: bool, now_s: int) -> str:
    title = state.titles.get(offer.title)
    if title is None or not is_signed or not _may_sell(title, offer.seller, now_s):
        return "void"
    if digest in state.closed:
        return "closed"
    if now_s > offer.closes or (offer.end and now_s > offer.end):
        return "over"
    if _taken(state, digest) >= offer.supply:
        return "sold out"
    return "early" if now_s < offer.opens else "open"


def _may_sell(title: Title, seller: bytes, now_s: int) -> bool:
    is_open = title.status in (Status.CLEAR, Status.CONTESTED)
    return is_open and (title.controller == seller or title.delegates.get(seller, -1) >= now_s)


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
