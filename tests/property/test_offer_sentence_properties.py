"""Every offer is one text in each language, and that text is that offer again; a changed word is named."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinepeer.errors import BadInput
from cinepeer.rights.deeds import NATIVE, Offer
from cinepeer.rights.licences import FOREVER, MEDIA, REMIX, medium_bit
from cinepeer.rights.sentence import LANGUAGES, offer_sentence, parse_sentence
from cinepeer.rights.territories import CODES, WORLD, territory_map

ADDRESSES = st.binary(min_size=20, max_size=20)
TIMES = st.one_of(st.just(0), st.just(FOREVER), st.integers(0, (1 << 40) - 1), st.integers(0, 4_000_000_000))
MAPS = st.one_of(st.just(WORLD), st.lists(st.sampled_from(CODES), min_size=1, max_size=9).map(territory_map))
SEVERAL = st.lists(st.sampled_from([*MEDIA, "remix"]), min_size=1, max_size=11, unique=True)
OFFERS = st.builds(
    Offer,
    title=ADDRESSES,
    seller=ADDRESSES,
    token=st.one_of(st.just(NATIVE), ADDRESSES),
    price=st.integers(0, (1 << 128) - 1),
    opens=TIMES,
    closes=TIMES,
    start=TIMES,
    end=TIMES,
    term=st.one_of(st.integers(0, 5_000).map(lambda days: days * 86_400), st.integers(0, (1 << 40) - 1)),
    supply=st.integers(0, (1 << 32) - 1),
    media=SEVERAL.map(lambda names: sum(medium_bit(name) for name in names)),
    remixShares=st.integers(0, 10_000),
    exclusive=st.booleans(),
    revocable=st.booleans(),
    territory=MAPS,
    terms=st.one_of(st.just(bytes(32)), st.binary(min_size=32, max_size=32)),
    salt=st.integers(0, (1 << 256) - 1),
)
SAMPLE = Offer(
    title=b"\1" * 20, seller=b"\2" * 20, token=NATIVE, price=5000, opens=0, closes=FOREVER, start=0, end=0,
    term=30 * 86_400, supply=10, media=medium_bit("cinema"), remixShares=0, exclusive=True, revocable=False,
    territory=territory_map(["FR", "DE"]), terms=bytes(32), salt=7,
)  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@given(offer=OFFERS)
def test_an_offer_comes_back_from_its_sentence(language: str, offer: Offer):
    assert parse_sentence(offer_sentence(offer, language), language) == offer


@given(offer=OFFERS, data=st.data())
def test_another_offer_has_another_sentence(offer: Offer, data: st.DataObject):
    other = data.draw(OFFERS)
    same = [field.name for field in fields(Offer) if getattr(offer, field.name) != getattr(other, field.name)]
    assert (offer_sentence(offer) == offer_sentence(other)) == (not same)


@pytest.mark.parametrize("language", LANGUAGES)
@given(at=st.integers(0, 400), sign=st.sampled_from("aZ0 ,。x"))
def test_a_changed_sentence_is_refused_or_another_offer(language: str, at: int, sign: str):
    said = offer_sentence(SAMPLE, language)
    changed = said[: at % len(said)] + sign + said[at % len(said) + 1 :]
    if changed == said:
        return
    try:
        found = parse_sentence(changed, language)
    except BadInput as error:
        assert "found" in str(error) and "expected" in str(error)
    else:
        assert found != SAMPLE and offer_sentence(found, language) == changed


def test_the_sentences_as_people_read_them():
    said = offer_sentence(SAMPLE)
    assert said == (
        f"0x{'02' * 20} offers an exclusive and irrevocable licence of the film 0x{'01' * 20} for cinema in DE, FR. It "
        "costs 5,000 of the ledger's currency, may be taken from 1970-01-01T00:00:00Z on and at most 10 times. The "
        "licence begins when it is taken, lasts 30 days and ends on no fixed day. A remix gives the film 0 of its "
        f"10,000 shares. There is no legal text. The offer's number is 0x{7:064x}."
    )
    chinese = offer_sentence(SAMPLE, "zh")
    assert "独占、不可撤回许可，媒介：影院，地区：DE、FR" in chinese
    assert "期限为 30 天" in chinese


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("cinema", "kino", "'kino'"), ("DE, FR", "DE, XX", "'XX'"), ("exclusive", "inclusive", "inclusive"),
        ("5,000", "5000", "5000"), ("irrevocable", "recallable", "recallable"),
        ("30 days", "2,592,000 seconds", "days"),
        ("There is no legal text", "The legal text is long", "is"), ("1970-01-01", "1970-02-30", "1970-02-30"),
    ],
)  # fmt: skip
def test_an_unknown_word_is_refused_by_its_name(old: str, new: str, word: str):
    with pytest.raises(BadInput, match=word.strip("'")):
        parse_sentence(offer_sentence(SAMPLE).replace(old, new, 1))


def test_what_has_no_name_is_not_told_and_other_languages_are_refused():
    for offer in ({"media": 1 << 20}, {"territory": 1 << 255}):
        with pytest.raises(BadInput):
            offer_sentence(Offer(**{**{field.name: getattr(SAMPLE, field.name) for field in fields(Offer)}, **offer}))
    with pytest.raises(BadInput, match="language"):
        offer_sentence(SAMPLE, "fr")
    with pytest.raises(BadInput, match="the end"):
        parse_sentence(offer_sentence(SAMPLE) + " More.")
    assert medium_bit("remix") == REMIX
