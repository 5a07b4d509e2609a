"""The shapes of acts on the ledger and of deeds that several sign, as people send them and as they are answered."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from cinepeer.app.standing import GROUNDS
from cinepeer.faces.http.answers import Answer
from cinepeer.faces.http.shapes import Shape, Share
from cinepeer.faces.http.views import cid

Address = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]
_NEEDED: dict[str, tuple[str, ...]] = {
    "pay": ("film", "amount"),
    "buy": ("offer",),
    "withdraw": ("film", "holder"),
    "give": ("film", "to", "shares"),
    "agent": ("film", "to", "until"),
    "close": ("offer",),
    "notice": ("film", "ground", "evidence"),
    "answer": ("case", "evidence"),
    "register": ("deed",),
}


class DeedFile(Answer, Shape):
    """A deed as it goes from owner to owner; bytes as hex."""

    format: str = Field(max_length=40)
    film: str = Field(max_length=200)
    name: str = Field(max_length=300)
    chain: int
    contract: str = Field(max_length=42)
    deed: dict[str, Any]
    signatures: dict[str, str] = Field(max_length=10_001)


class ActRequest(Shape):
    """
    One act of this node's account. Without `agreed` nothing is signed: the answer says in one sentence what would be,
    and what it costs. `until` in seconds, 0 to dismiss an agent; `amount` in the ledger's smallest unit.
    """

    act: Literal["pay", "buy", "withdraw", "give", "agent", "close", "notice", "answer", "register"]
    agreed: bool = False
    film: str | None = Field(default=None, max_length=200)
    offer: str | None = Field(default=None, max_length=200)
    to: Address | None = None
    holder: Address | None = None
    shares: int | None = Field(default=None, ge=1, le=10_000)
    until: int | None = Field(default=None, ge=0, lt=1 << 40)
    amount: str | None = Field(default=None, pattern=r"^[1-9][0-9]{0,37}$")
    memo: str = Field(default="", max_length=32)
    ground: str | None = Field(default=None, max_length=20, description=f"One of {', '.join(GROUNDS)}.")
    evidence: str | None = Field(default=None, max_length=200)
    case: int | None = Field(default=None, ge=0, lt=1 << 53)
    deed: DeedFile | None = None
    language: Literal["en", "zh"] = "en"

    @model_validator(mode="after")
    def check_needed(self) -> ActRequest:
        """Each act has what it needs, and nothing of another's."""
        given = {name for name in type(self).model_fields if getattr(self, name) is not None}
        given -= {"act", "agreed", "memo", "language"}
        if given != set(_NEEDED[self.act]):
            raise ValueError(f"expected {', '.join(_NEEDED[self.act])} with {self.act}, and nothing else")
        return self

    def wanted(self) -> dict[str, Any]:
        """As the application takes it: addresses as bytes, records by their ids."""
        found = {name: getattr(self, name) for name in _NEEDED[self.act]} | {
            "memo": self.memo,
            "language": self.language,
        }
        for name in ("to", "holder"):
            if name in found:
                found[name] = bytes.fromhex(found[name][2:])
        if "offer" in found:
            found["offer"] = cid(found["offer"])
        if self.deed is not None:
            found["deed"] = self.deed.model_dump()
        return found


class DeedRequest(Shape):
    """A deed to propose: an own film and who is to hold how much of it; the rest is this account's."""

    film: str = Field(max_length=200)
    owners: list[Share] = Field(default=[], max_length=200)


class ActTold(Answer):
    """An act in one sentence, the units that go with it, and about what it costs besides; once done, its block."""

    sentence: str
    value: str
    cost: str | None = None
    title: str | None = None
    record: str | None = None
    tx: str | None = None
    block: int | None = None
    gas: int | None = None


class DeedTold(Answer):
    """
    A deed file in one sentence; shares (basis points) by holder, whose signatures it still lacks, and until when
    (seconds) it may be carried.
    """

    sentence: str
    name: str
    film: str
    shares: dict[str, int]
    missing: list[str]
    deadline: int


class DeedAnnounced(Answer):
    """The title that a deed will have, and the record that announces it."""

    title: str
    record: str


class UnderwayTold(Answer):
    """A transaction without a told end: `waiting`, `unknown`, `executed`, `failed`, or `replaced` under its number."""

    tx: str
    nonce: int
    state: str
    block: int | None


class FateTold(Answer):
    """What became of a transaction: `executed`, `failed`, `waiting` or `unknown`; `final` when it stays so."""

    tx: str
    state: str
    block: int | None
    final: bool
