"""What an account does on the ledger, step by step: first in one sentence with its price, and only then signed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cinepeer.app.catalogue import Film
from cinepeer.app.deed_file import DeedFile, parse_deed_file
from cinepeer.app.library import Library
from cinepeer.app.parts import Underway
from cinepeer.app.standing import GROUNDS
from cinepeer.app.titles import Titles, parse_owners
from cinepeer.errors import BadInput, Refused
from cinepeer.records.cid import Cid
from cinepeer.rights import abi, deeds
from cinepeer.rights.act_words import act_sentence
from cinepeer.rights.deeds import WHOLE, Deed, Offer, title_number
from cinepeer.rights.deployment import ContractSet, salted_address
from cinepeer.rights.keccak import keccak
from cinepeer.rights.sentence import offer_sentence
from cinepeer.rights.shipped import SHIPPED
from cinepeer.rights.state import State, Title

PROPOSED_DAYS = 30
"""How long a proposed deed may be signed and carried."""

LAST_TIME = (1 << 40) - 1
LAST_DATE = 1 << 37  # seconds; later ones are said as no end

_BOND = deeds.call("BOND", [], [])
_OFFER = Offer.kind()


@dataclass(frozen=True, slots=True)
class Act:
    """
    One transaction before it is signed: what it does in words, to whom it goes (empty: to nobody, a record alone), and
    the units that go with it.
    """

    sentence: str
    to: bytes
    data: bytes
    value: int = 0


class Acts:
    """Prepares and carries out the acts of this home's account."""

    def __init__(self, titles: Titles, library: Library, clock_ms: Callable[[], int]) -> None:
        self._titles = titles
        self._library = library
        self._clock_ms = clock_ms
        self._kinds: dict[str, Callable[[Mapping[str, Any]], Awaitable[Act]]] = {
            "pay": self._pay,
            "buy": self._buy,
            "withdraw": self._withdraw,
            "give": self._give,
            "agent": self._agent,
            "close": self._close,
            "notice": self._notice,
            "answer": self._answer,
            "register": self._register,
        }

    async def show(self, kind: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """What would be signed, in one sentence, and what it costs beside `value`; nothing is sent."""
        act = await self._kinds[kind](wanted)
        cost = 0
        if act.to:
            cost = await self._titles.ledger.price(self._titles.address, act.to, act.data, act.value)
        return {"sentence": act.sentence, "value": str(act.value), "cost": str(cost)}

    async def carry_out(self, kind: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Signs and sends it; the sentence and the block in which it stands."""
        act = await self._kinds[kind](wanted)
        done: dict[str, Any] = {"sentence": act.sentence, "value": str(act.value)}
        if act.to:
            receipt = await self._titles.send(act.to, act.data, act.value)
            done |= {"tx": _hex(receipt.tx), "block": receipt.block, "gas": receipt.gas}
        if kind == "register":
            done |= await self._announced(self._file(wanted))
        return done

    async def fate(self, tx: bytes) -> dict[str, Any]:
        """What became of a transaction: executed, failed, waiting or unknown, its block, and whether for good."""
        fate = await self._titles.ledger.fate(tx)
        return {"tx": _hex(tx), "state": fate.state, "block": fate.block, "final": fate.is_final}

    async def underway(self) -> list[dict[str, Any]]:
        """What this account signed and has no told end, of an earlier run too; what has ended is told once."""
        return [_told(one) for one in await self._titles.ledger.underway()]

    async def drop(self, tx: bytes) -> dict[str, Any]:
        """Replaces a stuck transaction by one that does nothing; `replaced`, or what it came to after all."""
        return _told(await self._titles.drop(tx))

    async def again(self, tx: bytes) -> dict[str, Any]:
        """Offers a stuck transaction once more, for a higher fee where there are fees; what it has come to so far."""
        return _told(await self._titles.again(tx))

    # -- deeds that several sign -------------------------------------------------------------------

    def propose(self, film_id: str, owners: list[tuple[str, int]]) -> dict[str, Any]:
        """A deed file of an own film, signed by this account; its co-owners sign it on their own machines."""
        film = self._titles.own_film(film_id)
        deed = self._titles.deed(film, parse_owners(owners), PROPOSED_DAYS)
        file = DeedFile(deed, self._titles.contracts, film.id, film.name, {})
        return file.signed(self._titles.address, self._titles.sign(deed)).to_json()

    def read(self, found: Any, language: str = "en") -> dict[str, Any]:
        """What a deed file says, in one sentence, who has not signed it yet, and until when (seconds) it holds."""
        file = parse_deed_file(found, self._titles.sets.sets)
        return {
            "sentence": _deed_sentence(file, language),
            "name": file.name,
            "film": file.film,
            "shares": {_hex(who): shares for who, shares in zip(file.deed.holders, file.deed.shares, strict=True)},
            "missing": [_hex(who) for who in file.missing()],
            "deadline": file.deed.deadline,
        }

    def agree(self, found: Any) -> dict[str, Any]:
        """A deed file with this account's signature added; raises `BadInput` for a deed that gives it nothing."""
        file = parse_deed_file(found, self._titles.sets.sets)
        file.check_time(self._clock_ms() // 1000)
        own = self._titles.address
        if own not in (file.deed.creator, *file.deed.holders):
            raise BadInput(f"found a deed without {_hex(own)}, expected this account among its owners")
        return file.signed(own, self._titles.sign(file.deed, file.contracts)).to_json()

    async def announce(self, found: Any) -> dict[str, Any]:
        """Announces an own deed that all signed, for a node that carries deeds; nothing is sent to the ledger."""
        file = parse_deed_file(found, self._titles.sets.sets)
        file.check_time(self._clock_ms() // 1000)
        state, _ = await self._titles.state()
        missing = file.missing(without=state.titles)
        film = self._own_film(file)
        if film is None:
            raise BadInput(f"found a deed of 0x{file.deed.creator.hex()}, expected one of this account for an own film")
        if missing:
            raise BadInput(f"found no signature of {_hex(missing[0])}, expected every owner's")
        return await self._record(film, predict_title(file.deed, file.contracts), file)

    async def _record(self, film: Film, title: bytes, file: DeedFile) -> dict[str, Any]:
        """The record that says under which title a film stands: the one there is, or a new one."""
        for record, fields in film.titles:
            if fields["title"] == title:
                return {"title": _hex(title), "record": str(record.id)}
        record = await self._titles.announce(film, title, file.deed, file.signatures[file.deed.creator], file.contracts)
        return {"title": _hex(title), "record": str(record.id)}

    async def _register(self, wanted: Mapping[str, Any]) -> Act:
        file = self._file(wanted)
        file.check_time(self._clock_ms() // 1000)
        state, block = await self._titles.state()
        missing = file.missing(without=state.titles)
        if missing:
            raise BadInput(f"found no signature of {_hex(missing[0])}, expected every owner's: nothing was sent")
        if await self._titles.standing(file.deed) is not None:
            if self._own_film(file) is None:
                raise BadInput(f"found this deed's film registered already up to block {block}, expected a new one")
            return Act(act_sentence("announce", _language(wanted)), b"", b"")
        own = file.deed.creator == self._titles.address
        said = _said(
            wanted,
            "register.own" if own else "register",
            creator=_hex(file.deed.creator),
            deed=_deed_sentence(file, _language(wanted)),
        )
        data = deeds.register_call(file.deed, file.signatures[file.deed.creator])
        return Act(said, file.contracts.titles, data)

    def _file(self, wanted: Mapping[str, Any]) -> DeedFile:
        return parse_deed_file(wanted.get("deed"), self._titles.sets.sets)

    async def _announced(self, file: DeedFile) -> dict[str, Any]:
        """The title, and where its film is this author's, the record that says so."""
        title = await self._titles.standing(file.deed)
        assert title is not None, "a registration that held has its entry"
        film = self._own_film(file)
        if film is None:
            return {"title": _hex(title.id)}
        return await self._record(film, title.id, file)

    def _own_film(self, file: DeedFile) -> Film | None:
        """The film of a deed that this account signed as its creator, where it is this author's."""
        film = self._library.catalogue.films.get(file.film)
        own = file.deed.creator == self._titles.address
        return film if film is not None and own and film.record.digest == file.deed.metadata else None

    # -- one account's acts ------------------------------------------------------------------------

    async def _pay(self, wanted: Mapping[str, Any]) -> Act:
        film, title, contracts = self._film(wanted)
        amount, memo = int(wanted["amount"]), str(wanted.get("memo") or "")
        data = deeds.pay_call(title, memo.encode()[:32].ljust(32, b"\0"))
        said = _said(wanted, "pay.memo", memo=memo) if memo else ""
        sentence = _said(wanted, "pay", amount=amount, film=film, title=_hex(title), memo=said)
        return Act(sentence, contracts.titles, data, amount)

    async def _buy(self, wanted: Mapping[str, Any]) -> Act:
        offer, signature, contracts = await self._titles.held_offer(wanted["offer"])
        data = deeds.buy_call(offer, signature, self._titles.address)
        sentence = _said(wanted, "buy", price=offer.price, offer=offer_sentence(offer, _language(wanted)))
        return Act(sentence, contracts.licences, data, offer.price)

    async def _withdraw(self, wanted: Mapping[str, Any]) -> Act:
        film, title, contracts = self._film(wanted)
        holder = wanted["holder"]
        due = await self._titles.due(title, holder)
        sentence = _said(wanted, "withdraw", due=due, film=film, holder=_hex(holder))
        return Act(sentence, contracts.titles, deeds.withdraw_call(title, holder))

    async def _give(self, wanted: Mapping[str, Any]) -> Act:
        film, title, contracts = self._film(wanted)
        found, _ = await self._standing(title)
        to, shares, own = wanted["to"], int(wanted["shares"]), self._titles.address
        held = found.shares.get(own, 0)
        if not 0 < shares <= held:
            raise BadInput(f"found {shares:,} shares to give, expected 1 to the {held:,} that this account holds")
        values = [own, to, title_number(title), shares, b""]
        data = deeds.call("safeTransferFrom", ["address", "address", "uint256", "uint256", "bytes"], values)
        sentence = _said(wanted, "give", given=shares / 100, film=film, to=_hex(to), left=(held - shares) / 100)
        return Act(sentence, contracts.titles, data)

    async def _agent(self, wanted: Mapping[str, Any]) -> Act:
        film, title, contracts = self._film(wanted)
        found, _ = await self._standing(title)
        self._verify_control(found, film)
        who, until, now = wanted["to"], int(wanted["until"]), self._clock_ms() // 1000
        if until and not now < until <= LAST_TIME:
            raise BadInput(f"found an end at {until}, expected a time to come, or 0 to dismiss the agent")
        data = deeds.call("delegate", ["uint256", "address", "uint40"], [title_number(title), who, until])
        name = ("agent" if until < LAST_DATE else "agent.forever") if until else "agent.none"
        end = datetime.fromtimestamp(min(until, LAST_DATE), UTC).strftime("%Y-%m-%d %H:%M UTC")
        sentence = _said(wanted, name, to=_hex(who), film=film, end=end)
        return Act(sentence, contracts.titles, data)

    async def _close(self, wanted: Mapping[str, Any]) -> Act:
        offer, _, contracts = await self._titles.held_offer(wanted["offer"])
        if offer.seller != self._titles.address:
            raise BadInput(f"found an offer of {_hex(offer.seller)}, expected one of this account")
        data = deeds.call("close", [_OFFER], [offer.values()])
        sentence = _said(wanted, "close", offer=wanted["offer"])
        return Act(sentence, contracts.licences, data)

    async def _notice(self, wanted: Mapping[str, Any]) -> Act:
        film, title, contracts = self._film(wanted)
        ground = str(wanted["ground"])
        if ground not in GROUNDS:
            raise BadInput(f"found the ground {ground!r}, expected one of {', '.join(GROUNDS)}")
        number, evidence = GROUNDS.index(ground), self._evidence(wanted)
        data = deeds.call("notice", ["uint256", "uint8", "bytes32"], [title_number(title), number, evidence])
        asked = deeds.call("bondFor", ["uint256"], [title_number(title)])
        bond = int.from_bytes(await self._titles.ledger.call(contracts.disputes, asked))
        sentence = _said(wanted, "notice", film=film, ground=_said(wanted, f"ground.{ground}"), bond=bond)
        return Act(sentence, contracts.disputes, data, bond)

    async def _answer(self, wanted: Mapping[str, Any]) -> Act:
        case = int(wanted["case"])
        contracts = await self._case(case, wanted)
        data = deeds.call("answer", ["uint256", "bytes32"], [case, self._evidence(wanted)])
        bond = int.from_bytes(await self._titles.ledger.call(contracts.disputes, _BOND))
        sentence = _said(wanted, "answer", case=case, bond=bond)
        return Act(sentence, contracts.disputes, data, bond)

    # -- what is asked about -----------------------------------------------------------------------

    def _film(self, wanted: Mapping[str, Any]) -> tuple[str, bytes, ContractSet]:
        film = self._titles.film(str(wanted["film"]))
        return film.name, self._titles.title_of(film), self._titles.home(film)

    async def _case(self, case: int, wanted: Mapping[str, Any]) -> ContractSet:
        """The contract set in which a case was opened; with a `film` it is about that one's title."""
        state, block = await self._titles.state()
        found = [one for one in state.disputes.values() if one.case == case]
        if wanted.get("film"):
            title = self._film(wanted)[1]
            found = [one for one in found if one.title == title]
        if not found:
            raise BadInput(f"found no case {case} up to block {block}, expected one that was opened")
        if len(found) > 1:
            raise BadInput(f"found case {case} in {len(found)} contract sets, expected the film that it is about too")
        contracts = self._titles.sets.at(found[0].contract)
        assert contracts is not None, "a case comes from the log of one of the sets"
        return contracts

    async def _standing(self, title: bytes) -> tuple[Title, State]:
        state, block = await self._titles.state()
        if title not in state.titles:
            raise BadInput(f"found no title {_hex(title)} on the ledger up to block {block}, expected it registered")
        return state.titles[title], state

    def _verify_control(self, title: Title, film: str) -> None:
        if title.controller != self._titles.address:
            raise BadInput(f"found {_hex(title.controller)} in control of {film!r}, expected this account")

    def _evidence(self, wanted: Mapping[str, Any]) -> bytes:
        try:
            return Cid.parse(str(wanted["evidence"])).digest
        except Refused as error:
            raise BadInput(f"found the evidence {str(wanted['evidence'])[:80]!r}, expected its CID") from error


def predict_title(deed: Deed, contracts: ContractSet) -> bytes:
    """The title (20 bytes) that a deed will have: it follows from creator and content."""
    salt = keccak(abi.encode(["address", "bytes32"], [deed.creator, deed.content]))
    return salted_address(contracts.titles, salt, SHIPPED.purse)


def _deed_sentence(file: DeedFile, language: str = "en") -> str:
    """Who would hold which shares of which film."""
    pairs = zip(file.deed.holders, file.deed.shares, strict=True)
    parts = ", ".join(f"{_hex(who)} {shares * 100 / WHOLE:g} %" for who, shares in pairs)
    return act_sentence("deed", language, film=file.name, creator=_hex(file.deed.creator), parts=parts)


def _language(wanted: Mapping[str, Any]) -> str:
    return str(wanted.get("language") or "en")


def _said(wanted: Mapping[str, Any], name: str, **values: object) -> str:
    return act_sentence(name, _language(wanted), **values)


def _told(one: Underway) -> dict[str, Any]:
    return {"tx": _hex(one.tx), "nonce": one.nonce, "state": one.state, "block": one.block}


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
