"""What no offer can say is one sentence before anything is signed; an offer of another ledger is none of ours."""

from __future__ import annotations

from typing import Any

import pytest

from cinepeer.app.network import Network
from cinepeer.app.terms import MAX_DAYS, MAX_PRICE, Terms
from cinepeer.app.titles import Titles, parse_owners
from cinepeer.errors import BadInput
from cinepeer.rights.deployment import predict

TITLE, SELLER, NOW_S = b"\x01" * 20, b"\x02" * 20, 1_800_000_000
NETWORK = Network({"deployer": "0x" + "01" * 20, "chain_id": 7171, "sequencer": "00" * 32}, ())


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"price": MAX_PRICE + 1}, "found 340,282,366,920,938,463,463,374,607,431,768,211,456 as the price"),
        ({"price": -1}, "found -1 as the price"),
        ({"supply": 0}, "found 0 as the supply, expected 1 to 4,294,967,295"),
        ({"supply": 1 << 32}, "as the supply"),
        ({"days": MAX_DAYS + 1}, "as the days"),
        ({"end": 1 << 40}, "as the end of the window"),
        ({"territory": ("XX",)}, "found the territory 'XX', expected a two-letter code of ISO 3166-1"),
        ({"territory": ("fr",)}, "found the territory 'fr'"),
        ({"medium": "wireless"}, "found the medium 'wireless'"),
        ({"start": 9, "end": 8}, "expected one that begins before it ends"),
        ({"end": NOW_S}, "as the end of the window, expected a time to come"),
        ({"closes": NOW_S - 1}, "as the last moment of the offer, expected a time to come"),
        ({"text": "a contract"}, "found the legal text 'a contract', expected its CID"),
    ],
)
def test_what_no_offer_can_say_is_told_in_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence) as refused:
        Terms(**{"price": 5, **changes}).offer(TITLE, SELLER, NOW_S, 1)
    assert "\n" not in str(refused.value)


def test_the_most_that_an_offer_can_say_is_signed_as_it_is() -> None:
    offer = Terms(MAX_PRICE, days=MAX_DAYS, supply=(1 << 32) - 1).offer(TITLE, SELLER, NOW_S, (1 << 256) - 1)
    assert len(offer.digest(predict(SELLER, 7171))) == 32
    assert (offer.price, offer.term) == (MAX_PRICE, MAX_DAYS * 86_400)


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"chain": 1, "contract": NETWORK.contracts.licences},
        {"chain": 7171, "contract": b"\x09" * 20},
        {"chain": 7171, "contract": NETWORK.contracts.titles},
    ],
)
def test_an_offer_of_another_chain_or_contract_is_told_with_both(elsewhere: dict[str, Any]) -> None:
    nothing: Any = None
    titles = Titles(nothing, NETWORK, nothing, nothing, nothing, b"\x03" * 32, nothing, nothing)
    found = (
        f"found an offer on chain {elsewhere['chain']} at 0x{elsewhere['contract'].hex()}, expected one of this network"
    )
    with pytest.raises(BadInput, match=found):
        titles.offered_in(elsewhere)
    assert titles.offered_in({"chain": 7171, "contract": NETWORK.contracts.licences}) == NETWORK.contracts


def test_shares_beyond_the_whole_and_an_owner_named_twice_are_told() -> None:
    one, other = "0x" + "11" * 20, "0x" + "22" * 20
    with pytest.raises(BadInput, match="found shares of 10,001 in all, expected at most 10,000"):
        parse_owners([(one, 10_000), (other, 1)])
    with pytest.raises(BadInput, match="found a co-owner twice"):
        parse_owners([(one, 5_000), (one.upper().replace("0X", "0x"), 1)])
