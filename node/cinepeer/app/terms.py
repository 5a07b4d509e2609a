"""What a licence offer asks and gives, as a creator says it, before it becomes the offer that is signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from cinepeer.errors import BadInput, Refused
from cinepeer.records.cid import Cid
from cinepeer.rights.deeds import NATIVE, Offer
from cinepeer.rights.licences import FOREVER, medium_bit
from cinepeer.rights.territories import territory_map

DAY_S = 86_400
MAX_PRICE = (1 << 128) - 1
MAX_SUPPLY = (1 << 32) - 1
MAX_DAYS = FOREVER // DAY_S
"""What the ledger's numbers have room for."""


@dataclass(frozen=True, slots=True)
class Terms:
    """
    The terms of an offer: `price` in the ledger's smallest unit, `days` a licence lasts (0: as long as its `end` lets
    it), the window `start` to `end` in which the film may be shown and `closes`, until when the offer may be taken
    (seconds; 0: open), and the CID of a legal text (empty: none). `opens` and `salt` (hex) are those of a draft that
    was read before, so that what is signed is what was read; else a day ago, and chance.
    """

    price: int
    medium: str = "cinema"
    territory: tuple[str, ...] = ()
    days: int = 0
    supply: int = 1_000
    exclusive: bool = False
    start: int = 0
    end: int = 0
    closes: int = 0
    text: str = ""
    opens: int = 0
    salt: str = ""

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        """From plain values, as the API and a kept note have them."""
        return cls(**{**found, "territory": tuple(found.get("territory", ()))})

    def check(self) -> None:
        """Raises `BadInput` for what no offer can say."""
        for name, value, least, most in (
            ("price", self.price, 0, MAX_PRICE),
            ("supply", self.supply, 1, MAX_SUPPLY),
            ("days", self.days, 0, MAX_DAYS),
            ("start of the window", self.start, 0, FOREVER),
            ("end of the window", self.end, 0, FOREVER),
            ("last moment of the offer", self.closes, 0, FOREVER),
        ):
            if not least <= value <= most:
                raise BadInput(f"found {value:,} as the {name}, expected {least} to {most:,}: nothing was signed")
        medium_bit(self.medium)
        territory_map(self.territory or None)
        self._text()
        if self.end and self.end <= self.start:
            raise BadInput(f"found a window from {self.start} to {self.end}, expected one that begins before it ends")

    def offer(self, title: bytes, seller: bytes, now_s: int, salt: int) -> Offer:
        """The offer of a title (20 bytes) by `seller` (20 bytes); raises `BadInput`."""
        self.check()
        for name, time in (("end of the window", self.end), ("last moment of the offer", self.closes)):
            if time and time <= now_s:
                raise BadInput(f"found {time} as the {name}, expected a time to come")
        return Offer(
            title=title,
            seller=seller,
            token=NATIVE,
            price=self.price,
            opens=self.opens or now_s - DAY_S,
            closes=self.closes or FOREVER,
            start=self.start,
            end=self.end,
            term=self.days * DAY_S,
            supply=self.supply,
            media=medium_bit(self.medium),
            remixShares=0,
            exclusive=self.exclusive,
            revocable=False,
            territory=territory_map(self.territory or None),
            terms=self._text(),
            salt=int(self.salt, 16) if self.salt else salt,
        )

    def _text(self) -> bytes:
        if not self.text:
            return bytes(32)
        try:
            return Cid.parse(self.text).digest
        except Refused as error:
            raise BadInput(f"found the legal text {self.text[:80]!r}, expected its CID") from error
