"""A film's names in other languages: read where they fit, left out where they do not, and never a reason to refuse."""

from __future__ import annotations

from typing import Any

import pytest

from cinepeer.app.publish import FilmFacts
from cinepeer.errors import BadInput
from cinepeer.records.bodies import new_body, parse_body
from cinepeer.records.translations import MAX_TRANSLATIONS, Translation, translations
from cinepeer.search.entry import entry

ZH = {"language": "zh-Hans", "name": "第一缕光", "synopsis": "一根木条数着画格。"}
FACTS: dict[str, Any] = {
    "name": "First Light",
    "year": 2026,
    "external": [],
    "credits": [],
    "genres": [],
    "languages": [],
}


def test_translations_are_read_from_a_film_record_and_found_by_a_search() -> None:
    body = parse_body("film", new_body("film", bytes(16), **FACTS, synopsis="", translations=[ZH]))
    assert translations(body) == [Translation(**ZH)]
    found = entry("film", body)
    assert "第一缕光" in found.keywords
    assert "一根木条数着画格。" in found.prose


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        "zh",
        {},
        [7],
        [{}],
        [ZH | {"language": "z"}],
        [ZH | {"language": "zh_Hans"}],
        [ZH | {"language": 7}],
        [ZH | {"name": ""}],
        [ZH | {"name": "x" * 1_025}],
        [ZH | {"synopsis": "x" * 16_385}],
        [{"language": "zh", "name": "光"}],
    ],
)
def test_what_has_another_form_is_left_out(value: Any) -> None:
    assert translations({"translations": value}) == []


def test_the_first_of_each_language_counts_and_more_than_there_is_room_for_are_left_out() -> None:
    twice = [ZH, ZH | {"language": "ZH-hans", "name": "另一个"}]
    assert [one.name for one in translations({"translations": twice})] == ["第一缕光"]
    many = [ZH | {"language": f"a{chr(97 + n // 26)}{chr(97 + n % 26)}"} for n in range(MAX_TRANSLATIONS + 5)]
    assert len(translations({"translations": many})) == MAX_TRANSLATIONS


def test_a_creator_is_told_of_a_translation_that_nobody_could_read() -> None:
    good = ("zh-Hans", "第一缕光", "")
    facts = FilmFacts("First Light", translations=(good,))
    facts.check()
    assert facts.fields()["translations"] == [{"language": "zh-Hans", "name": "第一缕光", "synopsis": ""}]
    assert "translations" not in FilmFacts("First Light").fields()
    for bad in [(good, good), (("中文", "光", ""),), (("zh", "", ""),)]:
        with pytest.raises(BadInput, match="translations"):
            FilmFacts("First Light", translations=bad).check()
