"""What an audit proves of one title: control, shares, deed, licences, money and anchors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from cinepeer.errors import Refused
from cinepeer.rights import abi
from cinepeer.rights import events as ev
from cinepeer.rights.audit_ledger import Genesis, LedgerAudit
from cinepeer.rights.bundle import Evidence
from cinepeer.rights.code import Shipped
from cinepeer.rights.deeds import WHOLE
from cinepeer.rights.deployment import salted_address
from cinepeer.rights.inspection import Inspection, address, moment, need
from cinepeer.rights.keccak import keccak
from cinepeer.rights.licences import medium_names, overlaps
from cinepeer.rights.royalties import statements
from cinepeer.rights.signatures import recover
from cinepeer.rights.slots import (
    anchor_slot,
    purse_slot,
    split_anchor,
    split_purse,
    split_title,
    title_slot,
    until_slot,
)
from cinepeer.rights.state import NOBODY, Licence, State, Title, grant_memo
from cinepeer.rights.territories import territory_codes


def audit_title(inspection: Inspection, evidence: Evidence | None, ledger: LedgerAudit, shipped: Shipped) -> None:
    """Makes every check of the bundle's title."""
    checks = _Checks(inspection, evidence, ledger, shipped)
    checks.title_checks()
    checks.deed_check()
    checks.money_checks()
    checks.anchor_checks()


def audit_listed(
    inspection: Inspection, evidence: Evidence, ledger: LedgerAudit, shipped: Shipped, is_signed: bool
) -> None:
    """Makes the checks of one title of a collection; without `is_signed` nothing that its owners signed is here."""
    checks = _Checks(inspection, evidence, ledger, shipped, is_signed)
    checks.title_checks()
    if is_signed:
        checks.deed_check()
    checks.money_checks()


def audit_anchors(inspection: Inspection, ledger: LedgerAudit, shipped: Shipped, accounts: Iterable[bytes]) -> None:
    """Checks the chain of anchors of each account (20 bytes)."""
    _Checks(inspection, None, ledger, shipped).anchor_checks(accounts)


@dataclass(slots=True)
class _Checks:
    inspection: Inspection
    bundle: Evidence | None
    ledger: LedgerAudit
    shipped: Shipped
    is_signed: bool = True

    @property
    def evidence(self) -> Evidence:
        return need(self.bundle, "reading the bundle's parts")

    @property
    def genesis(self) -> Genesis:
        return need(self.ledger.genesis, "the network's genesis")

    @property
    def state(self) -> State:
        return need(self.ledger.state, "the replay of the log")

    @property
    def title(self) -> Title:
        return need(self.ledger.title, "the proof of the title's record")

    def title_checks(self) -> None:
        check = self.inspection.check
        check(
            "title's id",
            "the address that follows from the creator and the content",
            "Keccak (EIP-1014) with the shipped purse's code",
            self._title_id,
        )
        check(
            "competing claims",
            "no earlier title of the same content or film record",
            "the log as it is here, which is proven complete for this title alone",
            self._claims,
        )
        check(
            "control and status",
            "controller, time, status and metadata of the replay equal the contract's words",
            "a storage proof under the signed state root",
            self._control,
        )
        check(
            "shares",
            f"shares that sum to {WHOLE}",
            "the replay of the title's complete record",
            self._shares,
        )

    def deed_check(self) -> None:
        self.inspection.check(
            "deed",
            "the deed that was registered, signed by its creator",
            "the creator's secp256k1 signature (EIP-712) over the deed for this chain and contract",
            self._deed,
        )

    def money_checks(self) -> None:
        check = self.inspection.check
        licences = [one for one in self.ledger.state.licences if one.title == self.bundle.title] if (
            self.ledger.state and self.bundle
        ) else []  # fmt: skip
        for number, licence in enumerate(licences if self.is_signed else (), 1):
            check(
                f"licence {number}",
                "a licence under an offer that its seller signed, held for as long as the contract says",
                "the seller's signature (EIP-712), and a storage proof of the licence's end",
                lambda licence=licence: self._licence(licence),  # type: ignore[misc]
            )
        check(
            "licences are complete",
            "one licence for each sale in the title's record, and one sale for each licence",
            "the title's complete record, in which the contract Licences enters every sale",
            self._sales,
        )
        check(
            "exclusivity",
            "no two licences meet in territory, medium and time where one is exclusive",
            "the replay of the log",
            self._exclusivity,
        )
        check(
            "payments and withdrawals",
            "what the record says was paid in and out equals the contract's purse",
            "the title's complete record and a storage proof of each purse",
            self._purse,
        )

    def anchor_checks(self, wanted: Iterable[bytes] | None = None) -> None:
        if wanted is None:
            wanted = {proof.account for proof in self.bundle.ratings} if self.bundle else set()
        for account in sorted(wanted):
            self.inspection.check(
                f"anchors of {address(account)}",
                "the chain of the account's anchors ends in the head that the contract keeps",
                "a storage proof under the signed state root",
                lambda account=account: self._anchors(account),  # type: ignore[misc]
            )

    # -- the title --------------------------------------------------------------------------------

    def _title_id(self) -> tuple[str, bool]:
        deed = self.title.deed
        salt = keccak(abi.encode(["address", "bytes32"], [deed.creator, deed.content]))
        wanted = salted_address(self.genesis.contracts.titles, salt, self.shipped.purse)
        if wanted != self.title.id:
            raise Refused("bad-title", f"found the title {address(self.title.id)}, expected {address(wanted)}")
        return f"{address(wanted)} of the creator {address(deed.creator)}", True

    def _claims(self) -> tuple[str, bool]:
        mine, others = self.title.deed, 0
        for title in self.state.titles.values():  # in the order of registration
            if title.id == self.title.id:
                continue
            if title.deed.content == mine.content or title.deed.metadata == mine.metadata:
                others += 1
                if title.since <= self.title.since:
                    who, when = address(title.deed.creator), moment(title.since)
                    raise Refused("claimed", f"found the earlier title {address(title.id)} of {who}, registered {when}")
        return f"{others} later titles claim the same film" if others else "no other title claims this film", True

    def _control(self) -> tuple[str, bool]:
        title = self.title
        proven = split_title(self.ledger.slot("TitleRegistry", title_slot(title.id)))
        metadata = self.ledger.slot("TitleRegistry", title_slot(title.id) + 2).to_bytes(32, "big")
        found = (title.controller, title.since, title.deed.royalty, int(title.status), title.tenure, title.metadata)
        expected = (proven.controller, proven.since, proven.royalty, proven.status, proven.tenure, metadata)
        if found != expected:
            raise Refused("bad-ledger", f"found {_words(found)} by replay, expected {_words(expected)} as proven")
        return (
            f"controlled by {address(title.controller)}, {title.status.name.lower()}, registered {moment(title.since)}",
            True,
        )

    def _shares(self) -> tuple[str, bool]:
        holders = {holder: shares for holder, shares in self.title.shares.items() if shares}
        if sum(holders.values()) != WHOLE:
            raise Refused("bad-ledger", f"found shares that sum to {sum(holders.values())}, expected {WHOLE}")
        return ", ".join(f"{address(holder)} holds {shares}" for holder, shares in sorted(holders.items())), True

    def _deed(self) -> tuple[str, bool]:
        deed, title = self.evidence.deed, self.title
        creator = recover(deed.digest(self.genesis.contracts), self.evidence.deed_signature)
        if creator != deed.creator:
            raise Refused(
                "bad-signature", f"found the signature of {address(creator)}, expected {address(deed.creator)}"
            )
        entry = title.deed
        said = (deed.creator, deed.content, deed.metadata, deed.fingerprint, deed.codec, deed.royalty)
        if said != (entry.creator, entry.content, entry.metadata, entry.fingerprint, entry.codec, entry.royalty):
            raise Refused("bad-deed", "found a signed deed that differs from what was registered, expected the same")
        first = [(one.to, amount) for one, amount in self._minted()]
        if len(deed.holders) != len(deed.shares) or first != list(zip(deed.holders, deed.shares, strict=True)):
            raise Refused("bad-deed", "found other first shares on the ledger than in the deed, expected the same")
        shares = ", ".join(f"{part} to {address(who)}" for who, part in first)
        return f"signed by {address(creator)}: {shares}", True

    def _minted(self) -> list[tuple[ev.Shares, int]]:
        minted = []
        for entry in need(self.ledger.entries, "the replay of the log"):
            event = entry.event
            if isinstance(event, ev.Shares) and event.origin == NOBODY:
                pairs = zip(event.titles, event.amounts, strict=True)
                minted += [(event, amount) for title, amount in pairs if title == self.title.id]
        return minted

    # -- licences and money -----------------------------------------------------------------------

    def _licence(self, licence: Licence) -> tuple[str, bool]:
        contracts = self.genesis.contracts
        offer = self.state.offers[licence.offer]
        if offer.digest(contracts) != licence.offer:
            raise Refused("bad-offer", f"found terms that are not those of the offer {licence.offer.hex()}")
        signed = [signature for one, signature in self.evidence.offers if one == offer]
        if not signed:
            raise Refused("bad-offer", f"found no signature of the offer {licence.offer.hex()}, expected the seller's")
        seller = recover(licence.offer, signed[0])
        if seller != offer.seller:
            raise Refused(
                "bad-signature", f"found the signature of {address(seller)}, expected {address(offer.seller)}"
            )
        proven = self.ledger.slot("Licences", until_slot(licence.offer, licence.licensee))
        held = self.state.held_until(licence.offer, licence.licensee)
        if proven != held:
            raise Refused("bad-ledger", f"found the licence to end {moment(held)}, expected {moment(proven)} as proven")
        places = territory_codes(offer.territory)
        return (
            f"{address(licence.licensee)} may show it in {', '.join(places) if places else 'the world'} "
            f"({', '.join(medium_names(offer.media))}) from {moment(licence.start)}, end: {moment(licence.end)}; paid "
            f"{licence.paid} in block {licence.entry.block}; {'taken back; ' if licence.revoked else ''}"
            f"offer {licence.offer.hex()} signed by {address(seller)}",
            True,
        )

    def _sales(self) -> tuple[str, bool]:
        seller = self.genesis.contracts.licences
        sold = Counter(
            (entry.log.tx, entry.event.memo, entry.event.amount)
            for entry in need(self.ledger.entries, "the replay of the log")
            if isinstance(entry.event, ev.Credited)
            and (entry.event.title, entry.event.payer) == (self.title.id, seller)
        )
        granted = Counter(
            (one.entry.log.tx, grant_memo(one.offer, one.licensee, one.start, one.end), one.paid)
            for one in self.state.licences
            if one.title == self.title.id
        )
        if sold != granted:
            lacking, more = (sold - granted).total(), (granted - sold).total()
            raise Refused("bad-ledger", f"found {lacking} sales without a licence and {more} licences without a sale")
        return f"{granted.total()} licences, as many as sales in the title's record", True

    def _exclusivity(self) -> tuple[str, bool]:
        mine = [pair for pair in overlaps(self.state) if pair[0].title == self.title.id]
        if mine:
            one, other = mine[0]
            raise Refused(
                "conflict", f"found that {address(one.licensee)} and {address(other.licensee)} hold what excludes both"
            )
        count = sum(one.title == self.title.id for one in self.state.licences)
        return f"{count} licences, none against another", True

    def _purse(self) -> tuple[str, bool]:
        title = self.title
        if not title.purses:
            self._verify_purse(NOBODY, (0, 0))
            return "nothing was paid", True
        parts = []
        for token, purse in sorted(title.purses.items()):
            self._verify_purse(token, (purse.paid_in, purse.paid_out))
            owed = [one for one in statements(title, token) if one.claimable]
            due = ", ".join(f"{one.claimable} to {address(one.holder)}" for one in owed) or "nothing"
            unit = "of the ledger's currency" if token == NOBODY else f"of {address(token)}"
            parts.append(f"{purse.paid_in} paid in and {purse.paid_out} paid out {unit}; due: {due}")
        return "; ".join(parts), True

    def _verify_purse(self, token: bytes, found: tuple[int, int]) -> None:
        proven = split_purse(self.ledger.slot("TitleRegistry", purse_slot(self.title.id, token)))
        if proven != found:
            raise Refused("bad-ledger", f"found {found} paid in and out by replay, expected {proven} as proven")

    def _anchors(self, account: bytes) -> tuple[str, bool]:
        chain = self.state.anchored(self.genesis.contracts.anchors, account)
        head, size = (chain[-1].head, chain[-1].size) if chain else (bytes(24), 0)
        proven = split_anchor(self.ledger.slot("Anchors", anchor_slot(account)))
        if proven != (head, size):
            raise Refused(
                "bad-ledger",
                f"found the anchors' head {head.hex()} over {size} by replay, expected {proven[0].hex()} over "
                f"{proven[1]} as proven",
            )
        return f"{len(chain)} anchors, the last over {size} records", True


def _words(values: tuple[bytes | int, ...]) -> str:
    return ", ".join(value.hex() if isinstance(value, bytes) else str(value) for value in values)
